// SPDX-License-Identifier: Apache-2.0
// SQLSTATE to error kind.
#include "source/postgres/errors.hpp"

#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>

namespace rivet::source::postgres {
namespace {

using base::Error;
using base::ErrorKind;

struct StateRow {
  std::string_view prefix;  // the longest matching prefix decides
  ErrorKind kind;
  int settle_seconds = 0;   // a server that restarts or is full needs a while
};

constexpr std::array<StateRow, 16> kStates{{
    {"08", ErrorKind::unavailable},    // connection exception
    {"57P", ErrorKind::unavailable, 15},   // shutdown, crash, cannot connect now
    {"53300", ErrorKind::unavailable, 15}, // too many connections
    {"53", ErrorKind::overloaded, 5},     // insufficient resources
    {"55P03", ErrorKind::overloaded},  // lock not available
    {"40", ErrorKind::overloaded, 1},     // serialization failure, deadlock; recovery conflict on a standby
    {"57014", ErrorKind::permanent},   // statement timeout or cancel: the same statement would take as long again
    {"28", ErrorKind::auth},
    {"42501", ErrorKind::auth},        // insufficient privilege
    {"3D", ErrorKind::config},         // no such database
    {"25P03", ErrorKind::unavailable}, // idle in transaction timeout
    {"58", ErrorKind::permanent},      // system error on the server
    {"XX", ErrorKind::permanent},
    {"22", ErrorKind::permanent},      // data exception, for example in a cast
    {"42", ErrorKind::permanent},
    {"", ErrorKind::permanent},
}};

const StateRow& row_of(std::string_view sqlstate) {
  const StateRow* best = &kStates.back();
  for (const auto& row : kStates) {
    if (sqlstate.starts_with(row.prefix) && row.prefix.size() > best->prefix.size()) best = &row;
  }
  return *best;
}

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? std::string() : std::string(text);
}

std::string trimmed(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  return text;
}

bool contains(std::string_view text, std::string_view what) { return text.find(what) != std::string_view::npos; }

std::string code_of(std::string_view sqlstate) {
  return sqlstate == "57014" ? "RIVET_SOURCE_STATEMENT_TIMEOUT" : "";
}

}  // namespace

ErrorKind kind_of_sqlstate(std::string_view sqlstate) { return row_of(sqlstate).kind; }

Error error_of(const PGresult* result) {
  const auto sqlstate = field(result, PG_DIAG_SQLSTATE);
  if (sqlstate.empty()) {
    const auto text = trimmed(PQresultErrorMessage(result));
    return Error{.kind = ErrorKind::unavailable,
                 .message = text.empty() ? "the connection to the server was lost" : text};
  }
  auto message = field(result, PG_DIAG_MESSAGE_PRIMARY);
  if (const auto detail = field(result, PG_DIAG_MESSAGE_DETAIL); !detail.empty()) message += " (" + detail + ")";
  if (const auto at = field(result, PG_DIAG_STATEMENT_POSITION); !at.empty()) message += " at character " + at;
  return Error{.kind = kind_of_sqlstate(sqlstate),
               .message = message,
               .code = code_of(sqlstate),
               .hint = field(result, PG_DIAG_MESSAGE_HINT),
               .vendor_code = sqlstate,
               .settle_time = std::chrono::seconds(row_of(sqlstate).settle_seconds)};
}

Error connect_error(PGconn* connection) {
  const auto text = trimmed(PQerrorMessage(connection));
  if (contains(text, "authentication failed") || contains(text, "no password supplied") ||
      contains(text, "no pg_hba.conf entry") || contains(text, "role \"") || contains(text, "SASL") ||
      contains(text, "permission denied for database")) {
    return {.kind = ErrorKind::auth, .message = text, .hint = "check user and password of the source"};
  }
  if (contains(text, "database \"") && contains(text, "does not exist")) {
    return {.kind = ErrorKind::config, .message = text, .hint = "check the database name of the source"};
  }
  if (contains(text, "certificate") || contains(text, "SSL") || contains(text, "sslmode")) {
    return {.kind = ErrorKind::config, .message = text, .hint = "check the tls block of the source (mode, ca_file)"};
  }
  if (contains(text, "invalid connection option") || contains(text, "invalid value for")) {
    return {.kind = ErrorKind::config, .message = text};
  }
  return {.kind = ErrorKind::unavailable,
          .message = text.empty() ? std::string("the server closed the connection") : text,
          .hint = "check host and port, and that the server is running"};
}

}  // namespace rivet::source::postgres
