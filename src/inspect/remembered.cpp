// SPDX-License-Identifier: Apache-2.0
// A digest says nothing about rows that are told apart in another way: taken for one of them it would hide a new row.
#include "inspect/remembered.hpp"

#include <map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "inspect/plan_shapes.hpp"

namespace rivet::inspect {
namespace {

Result<bool> is_stranger(const model::PlanShape& shape, const batch::RowIdentity& identity) {
  return !TRY(batch::RowIdentity::make(shape.source_columns, shape.identity)).agrees_with(identity);
}

}  // namespace

bool leaves_out_known(const model::Incremental& incremental) { return incremental.by_key || !incremental.versions; }

Result<Remembered> load_remembered(state::StateStore& store, const std::string& export_name,
                                   const batch::RowIdentity& identity) {
  Remembered remembered{.groups = TRY(store.recent_keys(export_name)), .strangers = {}};
  PlanShapes shapes(store);
  std::map<const model::PlanShape*, bool> judged;
  std::set<std::string> seen;
  for (const auto& group : remembered.groups) {
    if (!seen.insert(group.run_id).second) continue;
    const auto* shape = TRY(shapes.of(group.run_id));
    if (!judged.contains(shape)) judged[shape] = TRY(is_stranger(*shape, identity));
    if (judged[shape]) remembered.strangers.insert(group.run_id);
  }
  return remembered;
}

std::optional<model::PlanWarning> warn_of_strangers(const Remembered& remembered,
                                                    const model::Incremental& incremental) {
  const auto& groups = remembered.groups;
  if (groups.empty() || incremental.lookback == 0 || !leaves_out_known(incremental)) return std::nullopt;
  if (!remembered.strangers.contains(groups.front().run_id)) return std::nullopt;
  return model::PlanWarning{
      "identity_changed",
      fmt::format("rows are now told apart by {}, and by other columns or types in earlier runs: rows of those that "
                  "this run reads again cannot be recognised and are exported again, once",
                  fmt::join(incremental.identity, ", "))};
}

}  // namespace rivet::inspect
