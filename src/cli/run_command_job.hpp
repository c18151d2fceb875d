// SPDX-License-Identifier: Apache-2.0
// What `rivet run` was asked for, and one of its exports from start to report, wherever it runs.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "base/byte_budget.hpp"
#include "cli/context.hpp"
#include "run/work_pool.hpp"
#include "config/config.hpp"
#include "report/outcome.hpp"
#include "report/progress.hpp"
#include "run/run_export.hpp"
#include "source/source.hpp"
#include "state/store.hpp"

namespace rivet::cli {

/// The command line of `rivet run`.
struct RunArguments {
  std::string config, summary_output;
  std::vector<std::string> exports, params;
  bool validate = false, json = false, resume = false, force = false;
  bool reconcile = false, parallel_exports = false, parallel_processes = false;
  bool no_deps = false;
  int max_parallel = 0;  ///< exports at a time; 0: not given
};

/// Exports in the order of the file.
using Selection = std::vector<const config::Export*>;

/// What all exports of one command share.
struct RunJob {
  const RunArguments& args;
  const config::Config& config;
  const source::Source& source;
  state::StateStore& store;
  report::ProgressListener& progress;
  Context& context;
  base::ByteBudget& budget;
  std::optional<report::ApplyContext> apply_context = {};  ///< of a sealed plan
  run::Assignment* assignment = nullptr;                   ///< of a worker
  bool join_only = false;                                  ///< as in run::RunOptions; nothing is reported
  std::chrono::milliseconds lease{30'000};
  std::stop_token drain = {};
};

/// Everything a run of the job is given; it ends when `stop` is requested. The job and the counter must outlive it.
run::Environment environment_for(const RunJob& job, std::atomic<std::int64_t>& statements, const std::stop_token& stop);

/// Whether the export's rows go to stdout.
bool writes_to_stdout(const config::Export* entry);

/// The word as a shell reads it back.
std::string shell_quoted(const std::string& word);

/// Kind config when the rows of several exports would run together on stdout.
Result<void> require_one_stream(const Selection& selected);

/// What to type to run the export again. Values of parameters are cleaned before quotes could change how a secret in
/// them looks.
std::string rerun_command(const RunArguments& args, const config::Export& entry, const base::Redactor& redactor);

/// Runs one export, or its partitions, in this process and completes the outcomes. Any number of threads may do so for
/// different exports; each calls `handle` itself.
std::vector<report::RunOutcome> run_one(const RunJob& job, const config::Export& entry,
                                        const run::OutcomeHandler& handle, const std::stop_token& stop);

/// The same for plans that were made earlier, of one export or of its partitions. `rerun` is what to type to do it
/// again.
std::vector<report::RunOutcome> run_planned(const RunJob& job, const std::vector<run::PlannedExport>& planned,
                                            const std::string& rerun, const run::OutcomeHandler& handle,
                                            const std::stop_token& stop);

}  // namespace rivet::cli
