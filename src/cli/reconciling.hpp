// SPDX-License-Identifier: Apache-2.0
// From a configured export to its comparison with the source: shared by `reconcile`, `repair --auto` and
// `run --reconcile`.
#pragma once

#include <cstdint>
#include <string>

#include "cli/run_command_job.hpp"
#include "model/journal.hpp"
#include "model/reconciliation.hpp"

namespace rivet::cli {

/// What to compare. Everything referred to must outlive the call.
struct ReconcileJob {
  std::string config_file;
  const config::Config& config;
  const config::Export& entry;
  model::ReconcileDepth depth = model::ReconcileDepth::count;
  std::int64_t max_differences = 100;
};

/// Compares the export, or all of its partitions that were exported, after a run that died before it had published its
/// result was published. Errors: those of verify::reconcile(); config when the configuration has no state yet.
Result<model::Reconciliation> reconcile_export(const ReconcileJob& job, Context& context);

/// The same with a source and a store that are open.
Result<model::Reconciliation> reconcile_export(const ReconcileJob& job, const source::Source& source,
                                               state::StateStore& store, Context& context);

/// The rows of the export's current output against the server's counts, unit by unit: for a run that has just published
/// it. Matched when every unit that could be compared matches.
Result<model::journal::ReconciliationResult> count_against_source(const RunJob& job, const config::Export& entry);

/// Publishes what runs of the export had decided before they died.
Result<void> finish_publishing(const ReconcileJob& job, const source::Source& source, state::StateStore& store,
                               const config::Export& entry, Context& context);

/// The entry, or its partitions that were exported. Kind config when none was.
Result<std::vector<config::Export>> exported_entries(const config::Export& entry, state::StateStore& store);

/// Kind config, naming the next step, when nothing was ever run with the configuration.
Result<void> require_state(const ReconcileJob& job);

}  // namespace rivet::cli
