// SPDX-License-Identifier: Apache-2.0
// Brings a database file to the schema of this program.
#pragma once

#include "state/sqlite/connection.hpp"

namespace rivet::state::sqlite {

/// The version of a file's tables, 0 for an empty file. Kind data for a file of another program or a newer version.
Result<int> find_version(Connection& db);

/// Creates or migrates the tables in one write transaction; does nothing when they are current. Several processes
/// may do so at once. Kind data for a file of another program, a newer schema, or a damaged file: then nothing
/// was changed. Kind unavailable when it stays locked.
Result<void> migrate(Connection& db);

}  // namespace rivet::state::sqlite
