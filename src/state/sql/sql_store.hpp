// SPDX-License-Identifier: Apache-2.0
// The state store over a connection, the same for every engine.
#pragma once

#include <memory>
#include <string>

#include "state/sql/connection.hpp"
#include "state/store.hpp"

namespace rivet::state::sql {

/// The store in the tables that the connection leads to, which must be of this program's version. Every update is one
/// transaction, durable when apply() returns. Any thread may call the store: one works with the connection at a time,
/// which is enough, as a process changes its state a few times for each unit.
/// `location` says where its state lies, when that is not where the connection leads to.
std::unique_ptr<StateStore> make_store(std::unique_ptr<Connection> connection, std::string location = {});

}  // namespace rivet::state::sql
