// SPDX-License-Identifier: Apache-2.0
// The store remembers the run; the next one goes on with it.
#include "cli/run_command_lost.hpp"

#include <csignal>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "cli/run_report.hpp"
#include "run/outcome.hpp"
#include "run/owner.hpp"

namespace rivet::cli {
namespace {

ErrorKind kind_of(int exit_code) {
  for (const auto kind : {ErrorKind::unavailable, ErrorKind::data, ErrorKind::drift}) {
    if (base::exit_code_of(kind) == exit_code) return kind;
  }
  return ErrorKind::permanent;
}

/// The unfinished run that the dead process held.
std::optional<state::RunView> run_of(state::StateStore& store, const std::string& export_name, pid_t process) {
  const auto runs = store.unfinished_runs(export_name);
  if (!runs || process == 0) return std::nullopt;
  for (const auto& run : *runs) {
    const bool was_its = run.owner.find(fmt::format("/{}/", process)) != std::string::npos;
    if (was_its && run::is_certainly_dead(run.owner)) return run;
  }
  return std::nullopt;
}

}  // namespace

Error error_of_lost(const ChildEnd& end, const std::string& last_words, bool stopped) {
  const int interrupted = base::exit_code_of(ErrorKind::cancelled);
  if (stopped && (end.signal == SIGTERM || end.signal == SIGINT || end.exit_code == interrupted)) {
    return {.kind = ErrorKind::cancelled, .message = "interrupted"};
  }
  const auto said = last_words.empty() ? "" : ": " + last_words;
  return {.kind = end.signal != 0 ? ErrorKind::permanent : kind_of(end.exit_code),
          .message = fmt::format("its process ended with {} and without a result{}", end.to_string(), said),
          .code = "RIVET_CHILD_LOST"};
}

report::RunOutcome outcome_of_lost(const RunJob& job, const config::Export& entry, Error error, pid_t process) {
  const auto now = job.context.clock.now();
  auto outcome = run::expected_outcome(job.config, entry, now);
  outcome.finished_at = now;
  if (error.kind == ErrorKind::cancelled) outcome.status = "interrupted";
  if (const auto run = run_of(job.store, entry.name, process)) {
    outcome.run_id = run->run_id;
    outcome.resumable = true;
    outcome.resume_command = rerun_command(job.args, entry, job.context.redactor);
    error.hint = "the next rivet run goes on with what it had done";
  }
  outcome.error = std::move(error);
  return outcome;
}

void record_lost(const RunJob& job, report::RunOutcome& outcome) {
  if (outcome.run_id.empty()) return;
  const auto recorded =
      job.store.apply(state::MetricsRecorded{.export_name = outcome.export_name,
                                             .run_id = outcome.run_id,
                                             .run_at = outcome.finished_at,
                                             .duration_ms = outcome.duration_ms,
                                             .status = outcome.status,
                                             .error_message = job.context.redactor.clean(outcome.error->to_string()),
                                             .tuning_profile = outcome.tuning_profile,
                                             .format = outcome.format,
                                             .mode = outcome.mode,
                                             .batch_size = outcome.batch_size,
                                             .error_class = std::string(base::exit_class_of(outcome.error->kind)),
                                             .source_type = outcome.source_engine,
                                             .destination_type = outcome.destination_kind,
                                             .rivet_version = RIVET_VERSION});
  if (!recorded) outcome.warnings.push_back("its metrics were not stored: " + recorded.error().to_string());
  complete_outcome(outcome, job.config.file.parent_path(), job.store, job.context);
}

}  // namespace rivet::cli
