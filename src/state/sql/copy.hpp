// SPDX-License-Identifier: Apache-2.0
// All rows of a store into another, whatever engines keep them.
#pragma once

#include "state/sql/connection.hpp"

namespace rivet::state::sql {

/// Copies every row, in one transaction of the target and one view of the source; returns how many. Both must be of
/// this program's version. Kind config when the target is not empty; then nothing is changed.
Result<std::int64_t> copy_store(Connection& from, Connection& to);

}  // namespace rivet::state::sql
