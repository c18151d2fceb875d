// SPDX-License-Identifier: Apache-2.0
// SQLSTATE to error kind.
#include "source/postgres/errors.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "pq/libpq.hpp"

namespace rivet::source::postgres {
namespace {

using base::Error;
using base::ErrorKind;

struct StateRow {
  std::string_view prefix;  // the longest matching prefix decides
  ErrorKind kind;
  int settle_seconds = 0;      // a server that restarts or is full needs a while
  std::string_view hint = {};  // the next step, where the server names none
};

constexpr std::string_view kServerGone =
    "run again once the server takes connections; its log says why it ended this one";
constexpr std::string_view kLongStatement = "raise tuning.statement_timeout_s, or make the query cheaper";

constexpr std::array<StateRow, 20> kStates{{
    {"08", ErrorKind::unavailable, 0, kServerGone},    // connection exception
    {"57P", ErrorKind::unavailable, 15, kServerGone},  // shutdown, crash, cannot connect now
    {"53300", ErrorKind::unavailable, 15, "raise max_connections there, or run when fewer clients are connected"},
    {"53", ErrorKind::overloaded, 5, "the server is short of resources: its log says of which"},
    {"55P03", ErrorKind::overloaded, 0,
     "another session holds a lock on it (pg_locks shows which): run again, or raise tuning.lock_timeout_s"},
    {"40", ErrorKind::overloaded, 1, "run again"},  // serialization failure, deadlock; recovery conflict on a standby
    {"57014", ErrorKind::permanent, 0, kLongStatement},  // timeout or cancel: the same statement would take as long
    {"28", ErrorKind::auth, 0, "check user and password of the source"},
    {"42501", ErrorKind::auth, 0, "give the user of the source the right to read it (GRANT SELECT, GRANT USAGE)"},
    {"3D", ErrorKind::config, 0, "check the database name of the source"},
    {"25P03", ErrorKind::unavailable},  // idle in transaction timeout
    {"58", ErrorKind::permanent},       // system error on the server
    {"XX", ErrorKind::permanent},
    {"22", ErrorKind::permanent},  // data exception, for example in a cast
    {"42P01", ErrorKind::permanent, 0,
     "check name, schema (table: schema.name) and database; upper and lower case differ"},
    {"42703", ErrorKind::permanent, 0, "check the names of the columns; upper and lower case differ"},
    {"42601", ErrorKind::permanent, 0, "correct the query; psql shows the place"},
    {"3F", ErrorKind::permanent, 0, "check the name of the schema"},
    {"42", ErrorKind::permanent},
    {"", ErrorKind::permanent},
}};

const StateRow& row_of(std::string_view sqlstate) { return pq::row_of_state(kStates, sqlstate); }

Error lost(const std::string& what_libpq_says) {
  const auto text = pq::trimmed(what_libpq_says);
  return {.kind = ErrorKind::unavailable,
          .message = text.empty() ? "the connection to the server was lost" : text,
          .hint = std::string(kServerGone)};
}

std::string code_of(std::string_view sqlstate) { return sqlstate == "57014" ? "RIVET_SOURCE_STATEMENT_TIMEOUT" : ""; }

}  // namespace

ErrorKind kind_of_sqlstate(std::string_view sqlstate) { return row_of(sqlstate).kind; }

Error error_of(const PGresult* result) {
  const auto sqlstate = pq::field(result, PG_DIAG_SQLSTATE);
  if (sqlstate.empty()) return lost(PQresultErrorMessage(result));
  const auto& row = row_of(sqlstate);
  auto hint = pq::field(result, PG_DIAG_MESSAGE_HINT);
  if (hint.empty()) hint = row.hint;
  return Error{.kind = row.kind,
               .message = pq::message_of(result),
               .code = code_of(sqlstate),
               .hint = std::move(hint),
               .vendor_code = sqlstate,
               .settle_time = std::chrono::seconds(row.settle_seconds)};
}

Error lost_connection(const PGconn* connection) { return lost(PQerrorMessage(connection)); }

Error connect_error(PGconn* connection) {
  const auto text = pq::connect_text(connection);
  switch (pq::connect_failure(text)) {
    case pq::ConnectFailure::login:
      return {.kind = ErrorKind::auth, .message = text, .hint = "check user and password of the source"};
    case pq::ConnectFailure::database:
      return {.kind = ErrorKind::config, .message = text, .hint = "check the database name of the source"};
    case pq::ConnectFailure::tls:
      return {.kind = ErrorKind::config, .message = text, .hint = "check the tls block of the source (mode, ca_file)"};
    case pq::ConnectFailure::option: return {.kind = ErrorKind::config, .message = text};
    case pq::ConnectFailure::unreachable: break;
  }
  return {.kind = ErrorKind::unavailable,
          .message = text.empty() ? std::string("the server closed the connection") : text,
          .hint = "check host and port, and that the server is running"};
}

}  // namespace rivet::source::postgres
