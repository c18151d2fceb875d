// SPDX-License-Identifier: Apache-2.0
// BEGIN, SET TRANSACTION SNAPSHOT and savepoints (https://www.postgresql.org/docs/15/functions-admin.html,
// "Snapshot Synchronization Functions").
#include "source/postgres/transaction.hpp"

#include <utility>

#include <fmt/format.h>

#include "source/postgres/result_cells.hpp"
#include "source/snapshot_gone.hpp"

namespace rivet::source::postgres {
namespace {

constexpr int kHasTransactionTimeout = 170000;

constexpr const char* kBegin = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
constexpr const char* kSavepoint = "SAVEPOINT rivet";
constexpr const char* kRelease = "RELEASE SAVEPOINT rivet";
constexpr const char* kRollBackToSavepoint = "ROLLBACK TO SAVEPOINT rivet; RELEASE SAVEPOINT rivet";

// The first statement of the transaction fixes its snapshot; a standby has one too.
constexpr const char* kNow = R"(to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))";

// Tables of the user that this transaction has locked, where the catalogue as of the snapshot has another file than
// the catalogue of now (which is what the functions read), or knows no such table: it was dropped and made again. A new
// partition of a known table is no reason, nor is a new index: none of the snapshot's rows are in it.
constexpr const char* kRewrittenQuery = R"(
SELECT l.relation::regclass
  FROM pg_locks l
  LEFT JOIN pg_class c ON c.oid = l.relation
 WHERE l.locktype = 'relation' AND l.pid = pg_backend_pid() AND l.relation >= 16384
   AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
   AND pg_relation_filenode(l.relation) IS NOT NULL
   AND CASE WHEN c.oid IS NOT NULL
            THEN c.relkind IN ('r', 'm') AND c.relfilenode <> pg_relation_filenode(l.relation)
            ELSE NOT EXISTS (SELECT FROM pg_class r WHERE r.oid = coalesce(pg_partition_root(l.relation), l.relation))
                 AND pg_get_indexdef(l.relation) IS NULL AND l.relation::regclass::text NOT LIKE 'pg_toast.%' END
 LIMIT 1)";

/// Timeouts are in seconds, 0 is none.
std::string pinned_settings(const SessionOptions& options, int server_version) {
  return fmt::format(
      "SET LOCAL statement_timeout = '{}s'; SET LOCAL lock_timeout = '{}s';"
      "SET LOCAL idle_in_transaction_session_timeout = 0;{}"
      "SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'iso_8601'; SET LOCAL TimeZone = 'UTC';"
      "SET LOCAL lc_monetary = 'C'; SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'",
      options.statement_timeout.count(), options.lock_timeout.count(),
      server_version >= kHasTransactionTimeout ? "SET LOCAL transaction_timeout = 0;" : "");
}

/// A shared snapshot goes from session to session as `id@instant`, so that all record the same instant.
std::pair<std::string, std::string> split_name(const std::string& name) {
  const auto at = name.find('@');
  if (at == std::string::npos) return {name, ""};
  return {name.substr(0, at), name.substr(at + 1)};
}

/// No such file, no such snapshot (since version 16), or its transaction has ended.
bool says_gone(const Error& error) {
  return error.vendor_code == "22023" || error.vendor_code == "42704" || error.vendor_code == "55000";
}

}  // namespace

Transaction::Transaction(std::unique_ptr<Connection> connection, SessionOptions options)
    : connection_(std::move(connection)), options_(std::move(options)) {}

Result<void> Transaction::run(const std::string& sql) {
  TRY(connection_->execute(sql, limit()));
  return {};
}

Result<void> Transaction::begin() {
  abandon();
  open_ = true;
  if (shared_) return run(fmt::format("{}; {}", kSavepoint, pinned_settings(options_, connection_->server_version())));
  if (!options_.snapshot.empty()) return adopt_snapshot();
  return run(fmt::format("{}; {}", kBegin, pinned_settings(options_, connection_->server_version())));
}

Result<void> Transaction::adopt_snapshot() {
  TRY(run(kBegin));
  const auto id = connection_->quoted_literal(split_name(options_.snapshot).first);
  auto adopted = run("SET TRANSACTION SNAPSHOT " + id);
  if (!adopted && says_gone(adopted.error())) {
    auto error = std::move(adopted).error();
    error.kind = ErrorKind::unavailable;
    error.message = "the shared snapshot is gone: the connection that held it has ended (" + error.message + ")";
    error.code = kSnapshotGone;
    error.hint = "start this export anew; the connections of a source must all reach the same server";
    return fail(std::move(error));
  }
  TRY(std::move(adopted));
  return run(pinned_settings(options_, connection_->server_version()));
}

Result<ReadInstant> Transaction::ask_instant() {
  const auto row = TRY(connection_->execute(fmt::format("SELECT pg_current_snapshot()::text, {}", kNow), limit()));
  return ReadInstant{.at = TRY(base::parse_rfc3339(cell(row, 0, 1))), .snapshot = cell(row, 0, 0)};
}

Result<ReadInstant> Transaction::instant() {
  if (shared_) return *shared_;
  auto instant = TRY(ask_instant());
  const auto shared_at = split_name(options_.snapshot).second;
  if (!shared_at.empty()) instant.at = TRY(base::parse_rfc3339(shared_at));
  return instant;
}

Result<void> Transaction::end() {
  TRY(run(shared_ ? kRelease : "COMMIT"));
  open_ = false;
  return {};
}

Result<void> Transaction::end_and_reset() {
  TRY(run(shared_ ? kRollBackToSavepoint : "COMMIT"));
  open_ = false;
  return {};
}

void Transaction::abandon() {
  if (!open_) return;
  connection_->settle().ignore("a lost connection shows in the next statement");
  run(shared_ ? kRollBackToSavepoint : "ROLLBACK").ignore("a lost connection shows in the next statement");
  open_ = false;
}

Result<void> Transaction::verify_tables() {
  const auto found = TRY(connection_->execute(kRewrittenQuery, limit()));
  if (PQntuples(found.get()) == 0) return {};
  const bool is_shared = shared_ || !options_.snapshot.empty();
  return fail(Error{.kind = is_shared ? ErrorKind::unavailable : ErrorKind::overloaded,
                    .message = fmt::format("table {} was truncated, rewritten or made anew after the snapshot was "
                                           "taken, which does not show its rows",
                                           cell(found, 0, 0)),
                    .code = is_shared ? kSnapshotGone : "",
                    .hint = "start this export anew"});
}

Result<std::string> Transaction::share() {
  if (shared_) return fail(ErrorKind::internal, "this session already shares its snapshot");
  TRY(begin());
  auto instant = TRY(this->instant());
  const auto exported = TRY(connection_->execute("SELECT pg_export_snapshot()", limit()));
  const auto name = fmt::format("{}@{}", cell(exported, 0, 0), base::to_rfc3339_z(instant.at));
  shared_ = std::move(instant);
  open_ = false;
  return name;
}

}  // namespace rivet::source::postgres
