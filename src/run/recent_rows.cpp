// SPDX-License-Identifier: Apache-2.0
// A run leaves out what any earlier run knows. A repair takes what the unit that it replaces knows, and leaves the rows
// of all others where they are.
#include "run/recent_rows.hpp"

#include <utility>

#include "inspect/remembered.hpp"

namespace rivet::run {

RecentRows::RecentRows(const model::Plan& plan, batch::RowIdentity identity, inspect::RowOwners owners)
    : incremental_(*plan.incremental), identity_(std::move(identity)), owners_(std::move(owners)) {
  for (const auto& unit : plan.units) {
    if (unit.replaces) replaced_.emplace(unit.index, unit.replaces->units.front());
  }
}

Result<RecentRows> RecentRows::load(state::StateStore& store, const model::Plan& plan) {
  const auto& incremental = *plan.incremental;
  auto identity = TRY(batch::RowIdentity::make(plan.source_columns, incremental.identity));
  inspect::RowOwners owners;
  if ((incremental.again_units > 0 || model::is_repair(plan)) && inspect::leaves_out_known(incremental)) {
    owners = TRY(
        inspect::RowOwners::load(store, plan.export_name, identity).context("reading which rows were exported before"));
  }
  return RecentRows(plan, std::move(identity), std::move(owners));
}

bool RecentRows::leaves_out_known(const model::Unit& unit) const {
  return inspect::leaves_out_known(incremental_) && (!replaced_.empty() || model::looks_again(incremental_, unit));
}

batch::RowMemory RecentRows::memory_of(const model::Unit& unit) const {
  batch::RowMemory::Options options{
      .identity = identity_, .unique = incremental_.by_key, .remember = model::remembers_rows(incremental_, unit)};
  if (leaves_out_known(unit)) options.known = &owners_.rows();
  if (const auto replaced = replaced_.find(unit.index); replaced != replaced_.end()) {
    options.owner = owners_.of(replaced->second);
    options.takes_new = !model::looks_again(incremental_, unit);  // else several units would take the same rows
  }
  return batch::RowMemory(options);
}

std::optional<state::RecentKeys> RecentRows::to_store(const model::Unit& unit, const batch::RowMemory& memory) const {
  if (memory.remembered().empty()) return std::nullopt;
  state::RecentKeys recent{.after = {}, .of_null = model::is_of_null_keys(unit), .digests = memory.remembered()};
  if (incremental_.remember_after) recent.after = model::to_json_text(*incremental_.remember_after);
  return recent;
}

}  // namespace rivet::run
