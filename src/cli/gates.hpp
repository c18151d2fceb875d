// SPDX-License-Identifier: Apache-2.0
// Gates of a configuration, looked at.
#pragma once

#include <stop_token>

#include "cli/run_command_job.hpp"

namespace rivet::cli {

/// What is told of a gate before it was looked at: failed, until it is found open.
report::RunOutcome expected_outcome(const RunJob& job, const config::Gate& gate);

/// Looks at it. Success when its condition holds; failed with kind data and code RIVET_GATE_CLOSED when it does not,
/// and with the error's own kind when that could not be found out. Never fails otherwise. Any thread.
report::RunOutcome look_at_gate(const RunJob& job, const config::Gate& gate, const std::stop_token& stop);

}  // namespace rivet::cli
