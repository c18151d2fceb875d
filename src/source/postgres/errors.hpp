// SPDX-License-Identifier: Apache-2.0
// The server's and libpq's failures as ours, classified by SQLSTATE in one place.
#pragma once

#include <string_view>

#include <libpq-fe.h>

#include "base/error.hpp"

namespace rivet::source::postgres {

/// The kind for a SQLSTATE (https://www.postgresql.org/docs/15/errcodes-appendix.html).
base::ErrorKind kind_of_sqlstate(std::string_view sqlstate);

/// The error a result carries; a result without SQLSTATE means that the connection broke: unavailable.
base::Error error_of(const PGresult* result);

/// What libpq says about a connection that broke: unavailable.
base::Error lost_connection(const PGconn* connection);

/// Why connecting failed: auth, config (no such database) or unavailable, judged by libpq's text because it gives
/// no SQLSTATE for connection failures.
base::Error connect_error(PGconn* connection);

}  // namespace rivet::source::postgres
