// SPDX-License-Identifier: Apache-2.0
// What libpq and the server say about a failure, told apart in one place for everybody who talks to PostgreSQL.
#pragma once

#include <memory>
#include <string>

#include <libpq-fe.h>

namespace rivet::pq {

/// Owns a result.
using PgResult = std::unique_ptr<PGresult, decltype(&PQclear)>;

/// Why a connection did not come about.
enum class ConnectFailure { login, database, tls, option, unreachable };

/// Judged by libpq's text, because it gives no SQLSTATE for connection failures.
ConnectFailure connect_failure(const std::string& text);

/// libpq's text about a connection that failed or broke; a line that it repeats for each way it tried stands once.
std::string connect_text(const PGconn* connection);

/// The text without white space at its end.
std::string trimmed(std::string text);

/// A field of an error (PG_DIAG_...), empty when it is not there.
std::string field(const PGresult* result, int code);

/// Primary message, detail and position of an error.
std::string message_of(const PGresult* result);

}  // namespace rivet::pq
