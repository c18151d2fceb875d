// SPDX-License-Identifier: Apache-2.0
// Exports of a configuration, planned: what `plan` seals and what `apply` orders by.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "config/config.hpp"
#include "inspect/preflight.hpp"
#include "model/journal.hpp"
#include "plan/prioritize.hpp"

namespace rivet::cli {

/// One export with its units, or each of its partitions with theirs.
struct PlannedEntry {
  const config::Export* entry = nullptr;
  std::vector<model::Plan> plans;      ///< none: no row has a partition to be in
  model::Preflight preflight;          ///< of a typical partition
  std::vector<plan::PastRun> history;  ///< of the same
};

/// What is asked of planning.
struct PlanningJob {
  const config::Config& config;
  const inspect::Access& access;
  inspect::Purpose purpose;
  base::Timestamp now;
};

/// What was learnt of an export, as far as the way to its plan went.
struct LookedAt {
  std::optional<inspect::Resolved> resolved;            ///< from where the relation is described on
  std::optional<model::journal::SchemaChanged> change;  ///< since the last published run
};

/// The steps of a run up to its first row, of an export or one partition, in the order of a run; then the prediction.
/// What was learnt before a step refused stays in `out`. Errors: those of the run.
Result<void> look_at(const config::Export& entry, const PlanningJob& job, LookedAt& out);

/// Plans an export as a run would. Of the partitions all are planned for Purpose::plan, else one in the middle. Errors:
/// those that a run ends with before its first row.
Result<PlannedEntry> plan_entry(const config::Export& entry, const PlanningJob& job);

/// Where the exports stand among each other.
plan::Campaign campaign_of(const std::vector<PlannedEntry>& planned);

}  // namespace rivet::cli
