// SPDX-License-Identifier: Apache-2.0
// What there is to tell about one entry of `exports:` after a command, however many runs it took.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "report/outcome.hpp"

namespace rivet::notify {

/// An entry of `exports:` with its runs: one, or one for each partition.
struct Event {
  std::string export_name;
  std::vector<config::Occasion> occasions;  ///< what it gives reason for, gravest first; never empty
  std::string status;                       ///< failed, interrupted, success or skipped: the gravest of the runs
  std::vector<std::string> degraded;        ///< why a run that succeeded needs a look, one line each
  std::vector<report::RunOutcome> runs;     ///< at least one

  /// The run that the event is about: the one of the gravest error, else the first.
  const report::RunOutcome& telling_run() const { return runs[telling]; }
  std::size_t telling = 0;
};

/// Puts the runs of one entry together. REQUIRES: at least one run.
///
/// A failed or interrupted run is a failure. One that succeeded, or was skipped, is a success; and degraded when it
/// took over the run of a dead process, needed retries, or ends with a warning (a quality rule, much slower than the
/// run before, values that outgrew the former ones, temporary files at the server, ...). A warning that only repeats a
/// change of the schema does not count, because that is an occasion of its own.
Event make_event(std::string export_name, std::vector<report::RunOutcome> runs);

/// Sums over the runs.
struct Sums {
  std::int64_t rows = 0, files = 0, bytes_written = 0, bytes_read = 0;
  std::int64_t duration_ms = 0;  ///< of several runs: from the start of the first to the end of the last
  base::Timestamp started_at = {}, finished_at = {};
};
Sums sum(const Event& event);

/// Changes of the schema over all runs, each once.
std::vector<std::string> schema_changes_of(const Event& event);
/// Warnings over all runs, each once; those of the plan included.
std::vector<std::string> warnings_of(const Event& event);

}  // namespace rivet::notify
