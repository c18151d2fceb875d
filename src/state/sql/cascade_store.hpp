// SPDX-License-Identifier: Apache-2.0
// The cascade's store over a connection, the same for every engine.
#pragma once

#include <memory>

#include "cascade/store.hpp"
#include "state/sql/connection.hpp"

namespace rivet::state::sql {

/// The cascade in the tables that the connection leads to, which must be of this program's version.
std::unique_ptr<cascade::Store> make_cascade(std::unique_ptr<Connection> connection);

}  // namespace rivet::state::sql
