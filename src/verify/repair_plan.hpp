// SPDX-License-Identifier: Apache-2.0
// From what a reconciliation found to the units that are read again. Pure, but for the state it is given.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/plan.hpp"
#include "model/reconciliation.hpp"
#include "model/repair.hpp"
#include "verify/current_output.hpp"
#include "verify/row_shares.hpp"

namespace rivet::verify {

/// A unit that a report complains about.
struct FlaggedUnit {
  std::string export_name;  ///< empty: that of the report
  std::string run_id;       ///< empty: reports of other tools do not say
  int index = -1;           ///< below 0: likewise
  std::string identifier, reason;
};

/// What a report complains about.
struct Complaints {
  std::string export_name, run_id, strategy;
  std::vector<FlaggedUnit> units;
};

/// Mismatches, and units that could not be compared.
Complaints complaints_of(const model::Reconciliation& result);
/// The same from the JSON of a report. Kind config for text that is none.
Result<Complaints> complaints_from_json_text(std::string_view text);

/// What repairs the complaints about the export of `output`; those that do not concern its current units are skipped
/// with the reason.
model::RepairPlan make_repair_plan(const Complaints& complaints, const std::string& export_name,
                                   const CurrentOutput& output, const RowShares& shares);

/// Whether plan_of_repair() needs a horizon: a row that changes without getting a new cursor stays with the unit that
/// read it first, and later runs leave it out.
bool needs_horizon(const CurrentOutput& output);

/// The plan of the run that carries the actions out. Of an incremental output it reads the units as the source has them
/// below `settled`, and what it reads is remembered in the place of what they had read: later runs go on from there.
/// REQUIRES: actions of make_repair_plan() for the same output, and `settled` when it needs_horizon().
model::Plan plan_of_repair(const std::vector<model::RepairAction>& actions, const CurrentOutput& output,
                           std::optional<std::int64_t> settled);

}  // namespace rivet::verify
