// SPDX-License-Identifier: Apache-2.0
// The server's failures in the program's error vocabulary, and what helps against them.
#pragma once

#include <string>

#include <libpq-fe.h>

#include "base/error.hpp"

namespace rivet::state::postgres {

/// What to do about a failed transaction before it is done again.
enum class Remedy {
  none,       ///< the same would happen again
  repeat,     ///< another transaction came between: do it again
  reconnect,  ///< the connection is lost: make a new one
};

/// By the SQLSTATE that the error carries.
Remedy remedy_of(const base::Error& error);

/// The error of a result, by its SQLSTATE; `location` names the store.
base::Error error_of(const PGresult* result, const std::string& location);
/// A connection that broke; it carries the SQLSTATE 08006, and so asks for a new one.
base::Error lost_connection(const std::string& what, const std::string& location);
/// Why connecting failed: auth, config or unavailable.
base::Error connect_error(const PGconn* connection, const std::string& location);

}  // namespace rivet::state::postgres
