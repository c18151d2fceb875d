// SPDX-License-Identifier: Apache-2.0
// What earlier runs of an incremental export remember of their rows, and whether this one can recognise rows by it.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "batch/row_identity.hpp"
#include "model/plan.hpp"
#include "state/store.hpp"

namespace rivet::inspect {

/// Whether rows that are known are left out. Without versions all rows of a stretch come again, and each known one
/// hides one of its kind. With them only changed rows come, and of rows that may look alike nobody can tell which they
/// are: all of them count as new.
bool leaves_out_known(const model::Incremental& incremental);

/// Digests of rows, by run.
struct Remembered {
  std::vector<state::RecentGroup> groups;  ///< the newest first
  std::set<std::string> strangers;         ///< runs that told their rows apart by other columns, or other types of them
};

/// Loads what earlier runs of the export remember, for one that tells rows apart by `identity`.
Result<Remembered> load_remembered(state::StateStore& store, const std::string& export_name,
                                   const batch::RowIdentity& identity);

/// Says that rows may come twice, when the newest run that remembers any is a stranger.
std::optional<model::PlanWarning> warn_of_strangers(const Remembered& remembered,
                                                    const model::Incremental& incremental);

}  // namespace rivet::inspect
