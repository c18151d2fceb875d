// SPDX-License-Identifier: Apache-2.0
// What a finished run's own numbers say that a person should hear.
#pragma once

#include <string>
#include <vector>

#include "report/outcome.hpp"
#include "state/updates.hpp"

namespace rivet::report {

/// Warnings for the run's card:
/// - at least 1.5 times slower than the export's previous success, said only when both had at least
///   10,000 rows and 5 s, row counts within a factor of two and the same mode;
/// - more than 100 MB of temporary files on the PostgreSQL server.
/// `history` is the export's metrics, newest first; the run itself may be among them.
std::vector<std::string> advice(const RunOutcome& outcome, const std::vector<state::MetricsRecorded>& history);

}  // namespace rivet::report
