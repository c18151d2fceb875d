// SPDX-License-Identifier: Apache-2.0
// SQLSTATE to kind, remedy and the next step (https://www.postgresql.org/docs/15/errcodes-appendix.html).
#include "state/postgres/errors.hpp"

#include <array>
#include <string_view>

#include <fmt/format.h>

#include "pq/libpq.hpp"

namespace rivet::state::postgres {
namespace {

using base::Error;
using base::ErrorKind;

struct Meaning {
  std::string_view prefix;  // pq::row_of_state()
  ErrorKind kind;
  Remedy remedy = Remedy::none;
  std::string_view hint = {};
};

constexpr std::string_view kLost = "08006";
constexpr std::string_view kServerGone =
    "run again once the server takes connections; its log says why it ended this one";
constexpr std::string_view kTryAgain = "try again when the other commands have ended";
constexpr std::string_view kGrant =
    "its user must own the schema and its tables, or may create the schema (GRANT CREATE ON DATABASE)";
constexpr std::string_view kNoTables = "`rivet state check` says what is there, `rivet state migrate` makes the tables";

constexpr std::array<Meaning, 24> kMeanings{{
    {"08", ErrorKind::unavailable, Remedy::reconnect, kServerGone},
    {"57P", ErrorKind::unavailable, Remedy::reconnect, kServerGone},
    {"25P03", ErrorKind::unavailable, Remedy::reconnect, kServerGone},  // idle in transaction for too long
    {"53300", ErrorKind::unavailable, Remedy::reconnect, "raise max_connections, or put a pooler before it"},
    {"40001", ErrorKind::unavailable, Remedy::repeat, kTryAgain},
    {"40P01", ErrorKind::unavailable, Remedy::repeat, kTryAgain},
    {"40", ErrorKind::unavailable, Remedy::none, kTryAgain},
    {"23505", ErrorKind::conflict, Remedy::repeat},  // the check of the next round sees who was faster
    {"23", ErrorKind::conflict},
    {"55P03", ErrorKind::unavailable, Remedy::none, kTryAgain},  // lock_timeout
    {"57014", ErrorKind::unavailable, Remedy::none, kTryAgain},  // statement_timeout
    {"28", ErrorKind::auth, Remedy::none, "check user and password in RIVET_STATE_URL"},
    {"42501", ErrorKind::auth, Remedy::none, kGrant},
    {"3D", ErrorKind::config, Remedy::none, "check the database name in RIVET_STATE_URL"},
    {"3F", ErrorKind::data, Remedy::none, kNoTables},
    {"42P01", ErrorKind::data, Remedy::none, kNoTables},
    {"42703", ErrorKind::data, Remedy::none, kNoTables},
    {"42P07", ErrorKind::data, Remedy::none,
     "the schema holds tables of another program: choose another with ?schema="},
    {"25006", ErrorKind::permanent, Remedy::none,
     "it is a standby, or set to read-only: name the primary, or add target_session_attrs=read-write"},
    {"22021", ErrorKind::data, Remedy::none, "a text is not UTF-8: PostgreSQL cannot keep it"},
    {"22P05", ErrorKind::data, Remedy::none, "the database has another encoding than UTF8, which cannot hold a text"},
    {"53100", ErrorKind::permanent, Remedy::none, "free some space on the server"},
    {"53", ErrorKind::unavailable, Remedy::none, "the server is short of resources: its log says of which"},
    {"", ErrorKind::permanent},
}};

const Meaning& meaning_of(std::string_view sqlstate) { return pq::row_of_state(kMeanings, sqlstate); }

std::string told(const std::string& location, std::string_view what) {
  return fmt::format("the state store {}: {}", location, what);
}

}  // namespace

Remedy remedy_of(const Error& error) {
  return error.vendor_code.size() == 5 ? meaning_of(error.vendor_code).remedy : Remedy::none;
}

Error error_of(const PGresult* result, const std::string& location) {
  const auto sqlstate = pq::field(result, PG_DIAG_SQLSTATE);
  if (sqlstate.empty()) return lost_connection(PQresultErrorMessage(result), location);
  const auto& meaning = meaning_of(sqlstate);
  auto hint = std::string(meaning.hint);
  if (hint.empty()) hint = pq::field(result, PG_DIAG_MESSAGE_HINT);
  return {.kind = meaning.kind,
          .message = told(location, pq::message_of(result)),
          .hint = std::move(hint),
          .vendor_code = sqlstate};
}

Error lost_connection(const std::string& what, const std::string& location) {
  const auto text = pq::trimmed(what);
  return {.kind = ErrorKind::unavailable,
          .message = told(location, text.empty() ? "the connection to the server was lost" : text),
          .hint = std::string(kServerGone),
          .vendor_code = std::string(kLost)};
}

Error connect_error(const PGconn* connection, const std::string& location) {
  const auto text = pq::connect_text(connection);
  const auto error = [&](ErrorKind kind, std::string_view hint) {
    return Error{.kind = kind, .message = told(location, text), .hint = std::string(hint)};
  };
  switch (pq::connect_failure(text)) {
    case pq::ConnectFailure::login: return error(ErrorKind::auth, "check user and password in RIVET_STATE_URL");
    case pq::ConnectFailure::database: return error(ErrorKind::config, "check the database name in RIVET_STATE_URL");
    case pq::ConnectFailure::tls: return error(ErrorKind::config, "check sslmode and sslrootcert in RIVET_STATE_URL");
    case pq::ConnectFailure::option: return error(ErrorKind::config, "check the parameters in RIVET_STATE_URL");
    case pq::ConnectFailure::unreachable: break;
  }
  auto lost = lost_connection(text, location);
  lost.hint = "check host and port in RIVET_STATE_URL, and that the server is running";
  return lost;
}

}  // namespace rivet::state::postgres
