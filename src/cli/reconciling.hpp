// SPDX-License-Identifier: Apache-2.0
// From a configured export to its comparison with the source: shared by `reconcile`, `repair --auto` and
// `run --reconcile`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cli/run_command_job.hpp"
#include "model/journal.hpp"
#include "model/reconciliation.hpp"

namespace rivet::cli {

/// An export that was run before, opened for a command that looks at its results.
struct OpenedExport {
  std::string config_file;
  config::Config config;
  const config::Export* entry = nullptr;  ///< in `config`
  std::unique_ptr<source::Source> source;
  std::unique_ptr<state::StateStore> store;
};

/// Loads the configuration and opens what belongs to the export of that name; the source is not connected to yet. Kind
/// config, naming the next step, also when nothing was ever run with the configuration.
Result<OpenedExport> open_export(const std::string& config_file, const std::vector<std::string>& params,
                                 const std::string& name, Context& context);

/// How to compare.
struct ReconcileOptions {
  model::ReconcileDepth depth = model::ReconcileDepth::count;
  std::int64_t max_differences = 100;
};

/// Compares the export, or all of its partitions that were exported, after a run that died before it had published its
/// result was published. Errors: those of verify::reconcile().
Result<model::Reconciliation> reconcile_export(const OpenedExport& opened, const ReconcileOptions& options,
                                               Context& context);

/// The rows of the export's current output against the server's counts, unit by unit: for a run that has just published
/// it. Matched when every unit that could be compared matches.
Result<model::journal::ReconciliationResult> count_against_source(const RunJob& job, const config::Export& entry);

/// Publishes what runs of the export had decided before they died.
Result<void> finish_publishing(const OpenedExport& opened, const config::Export& entry, Context& context);

/// The entry, or its partitions that were exported. Kind config when none was.
Result<std::vector<config::Export>> exported_entries(const config::Export& entry, state::StateStore& store);

}  // namespace rivet::cli
