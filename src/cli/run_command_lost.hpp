// SPDX-License-Identifier: Apache-2.0
// The run of a child process that ended without telling how it went.
#pragma once

#include <sys/types.h>

#include <string>

#include "cli/child_process.hpp"
#include "cli/run_command_job.hpp"

namespace rivet::cli {

/// The error of such a run: its kind from the exit code, cancelled when it `stopped` on our request.
Error error_of_lost(const ChildEnd& end, const std::string& last_words, bool stopped);

/// Its outcome, as far as the state store knows what `process` (0: never started) was doing. Times are for the caller.
report::RunOutcome outcome_of_lost(const RunJob& job, const config::Export& entry, Error error, pid_t process);

/// Writes the metrics and summary files that the process did not get to.
void record_lost(const RunJob& job, report::RunOutcome& outcome);

}  // namespace rivet::cli
