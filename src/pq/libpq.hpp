// SPDX-License-Identifier: Apache-2.0
// Connecting through libpq, and what it and the server say about a failure, in one place for everybody who talks to
// PostgreSQL.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <libpq-fe.h>

namespace rivet::pq {

/// Owns a result.
using PgResult = std::unique_ptr<PGresult, decltype(&PQclear)>;

/// Owns a connection.
using PgHandle = std::unique_ptr<PGconn, decltype(&PQfinish)>;

/// Keywords and values as libpq takes them: two arrays that end with null. `params` must outlive it.
class Keywords {
 public:
  explicit Keywords(const std::vector<std::pair<std::string, std::string>>& params);
  const char* const* names() const { return names_.data(); }
  const char* const* values() const { return values_.data(); }

 private:
  std::vector<const char*> names_, values_;
};

/// Notices of the server are not printed.
void drop_notices(PGconn* connection);

/// A connection with these keywords and values, which may have failed (PQstatus); notices are dropped. Null when there
/// is no memory.
PgHandle connect_with(const std::vector<std::pair<std::string, std::string>>& params);

/// Of rows with a `prefix` that with the longest one of the SQLSTATE. REQUIRES: the last one's is empty.
template <class Rows>
const auto& row_of_state(const Rows& rows, std::string_view sqlstate) {
  const auto* best = &rows.back();
  for (const auto& row : rows) {
    if (sqlstate.starts_with(row.prefix) && row.prefix.size() > best->prefix.size()) best = &row;
  }
  return *best;
}

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
