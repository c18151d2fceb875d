// SPDX-License-Identifier: Apache-2.0
// What the server's planner makes of a SELECT.
#pragma once

#include <chrono>
#include <string>

#include "base/result.hpp"
#include "source/postgres/connection.hpp"
#include "source/source.hpp"

namespace rivet::source::postgres {

/// The server's plan of `select`, which is not run. Whether an index could be used is found by a second look with
/// sequential scans made unattractive: a setting of the current transaction, which must be reset at its end.
Result<model::ScanPlan> explain_select(Connection& connection, const std::string& select, std::chrono::seconds limit);

}  // namespace rivet::source::postgres
