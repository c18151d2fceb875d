// SPDX-License-Identifier: Apache-2.0
// What a repair would do, and what it did.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/unit.hpp"

namespace rivet::model {

/// Units that are read again together, and what stands against them.
struct RepairAction {
  std::string export_name;  ///< of a partition, its own
  std::vector<UnitRef> units;
  int number = 0;  ///< under which people know them
  std::string start_key, end_key;
  std::string reason;
  std::int64_t rows = 0;  ///< that they have now, as recorded
};

/// Units that a report names and that cannot be repaired, and why.
struct RepairSkip {
  std::string identifier, reason;
};

/// Derived from a reconciliation.
struct RepairPlan {
  std::string export_name, reconcile_run_id, strategy;
  std::vector<RepairAction> actions;
  std::vector<RepairSkip> skipped;
};

/// How it went with one action.
struct RepairOutcome {
  RepairAction action;
  bool executed = false;
  std::int64_t rows_written = 0;
  std::string error;  ///< when it was not executed
};

/// A repair that was carried out.
struct RepairReport {
  RepairPlan plan;
  std::vector<std::string> repair_run_ids;  ///< one for each export or partition
  std::vector<RepairOutcome> results;
  std::vector<std::string> pruned;  ///< files that were moved out of the way
};

}  // namespace rivet::model
