// SPDX-License-Identifier: Apache-2.0
// What SQLite's planner makes of a read.
#pragma once

#include "base/result.hpp"
#include "source/source.hpp"
#include "source/sqlite/connection.hpp"

namespace rivet::source::sqlite {

/// SQLite's plan of the read, which is not run. It has no costs: it uses an index where it can. Errors: those of
/// select_rows().
Result<model::ScanPlan> explain_read(Connection& connection, const ReadRequest& request);

}  // namespace rivet::source::sqlite
