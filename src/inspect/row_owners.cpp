// SPDX-License-Identifier: Apache-2.0
// Numbers the stored groups, the oldest run's first.
#include "inspect/row_owners.hpp"

#include <utility>
#include <vector>

#include "inspect/remembered.hpp"

namespace rivet::inspect {

Result<RowOwners> RowOwners::load(state::StateStore& store, const std::string& export_name,
                                  const batch::RowIdentity& identity) {
  auto remembered = TRY(load_remembered(store, export_name, identity));
  RowOwners owners;
  std::vector<batch::KnownRows::Remembered> known;
  auto number = static_cast<int>(remembered.groups.size());
  for (const auto& group : remembered.groups) {
    --number;
    if (remembered.strangers.contains(group.run_id)) continue;
    known.push_back({.rows = group.digests, .owner = number});
    const auto rows = static_cast<std::int64_t>(group.digests.size() / sizeof(batch::RowId));
    owners.owners_[{group.run_id, group.unit_index}] = {.number = number, .rows = rows};
  }
  owners.rows_ = TRY(batch::KnownRows::from(known));
  owners.strangers_ = std::move(remembered.strangers);
  return owners;
}

std::optional<int> RowOwners::of(const model::UnitRef& unit) const {
  const auto found = owners_.find({unit.run_id, unit.index});
  return found == owners_.end() ? std::nullopt : std::optional(found->second.number);
}

std::int64_t RowOwners::rows_of(const model::UnitRef& unit) const {
  const auto found = owners_.find({unit.run_id, unit.index});
  return found == owners_.end() ? 0 : found->second.rows;
}

}  // namespace rivet::inspect
