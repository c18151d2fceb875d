// SPDX-License-Identifier: Apache-2.0
// Which rows earlier runs of an incremental export have exported, and which of this run later ones will want to know.
#pragma once

#include <map>
#include <optional>

#include "base/result.hpp"
#include "batch/known_rows.hpp"
#include "inspect/row_owners.hpp"
#include "model/plan.hpp"
#include "state/store.hpp"

namespace rivet::run {

/// What all units of an incremental run share. Immutable; any thread may read it.
class RecentRows {
 public:
  /// Loads what earlier runs remembered, when some unit reads what they may have read.
  static Result<RecentRows> load(state::StateStore& store, const model::Plan& plan);

  /// What the unit does with its rows.
  batch::RowMemory memory_of(const model::Unit& unit) const;
  /// What the store is told of them.
  std::optional<state::RecentKeys> to_store(const model::Unit& unit, const batch::RowMemory& memory) const;

 private:
  RecentRows(const model::Plan& plan, batch::RowIdentity identity, inspect::RowOwners owners);
  bool leaves_out_known(const model::Unit& unit) const;

  model::Incremental incremental_;
  std::map<int, model::UnitRef> replaced_;  // of a repair, by index
  batch::RowIdentity identity_;
  inspect::RowOwners owners_;
};

}  // namespace rivet::run
