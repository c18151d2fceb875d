// SPDX-License-Identifier: Apache-2.0
// Brings a schema of a database to the tables of this program.
#pragma once

#include "state/postgres/connection.hpp"

namespace rivet::state::postgres {

/// The version of the tables that are there, 0 when there are none. Kind data when they are none of ours, or newer
/// than this program. REQUIRES: a transaction.
Result<int> find_version(Connection& db);

/// Creates the schema when it is missing, and creates or migrates its tables, in one write transaction; does nothing
/// when they are current. Returns the version that was there before. Several processes may do so at once. Kinds: auth
/// when the user may not, data for tables of another program or of a newer version; then nothing was changed.
Result<int> migrate(Connection& db);

}  // namespace rivet::state::postgres
