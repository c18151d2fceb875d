// SPDX-License-Identifier: Apache-2.0
// pg_stat_activity, pg_stat_replication and the checkpoint counter
// (https://www.postgresql.org/docs/current/monitoring-stats.html).
#include "source/postgres/pressure.hpp"

#include <fmt/format.h>

#include "source/postgres/result_cells.hpp"

namespace rivet::source::postgres {
namespace {

constexpr int kHasCheckpointerView = 170000;

// Sessions under our own application name are ours: the slots, and those of other processes of this program. Reading
// writes to the log only where hint bits are logged: then neither lag nor checkpoints would be beyond our reach.
constexpr const char* kQuery = R"(
WITH others AS (
  SELECT state, wait_event_type FROM pg_stat_activity
   WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
     AND application_name <> current_setting('application_name')),
reading AS (
  SELECT current_setting('data_checksums') = 'on' OR current_setting('wal_log_hints') = 'on' AS writes_log)
SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'),
       (SELECT count(*) FROM others WHERE state = 'active'),
       (SELECT count(*) FROM others WHERE state = 'active'
           AND wait_event_type IN ('Lock', 'LWLock', 'BufferPin', 'IO')),
       (SELECT CASE WHEN NOT writes_log THEN (SELECT {} FROM {}) END FROM reading),
       (SELECT CASE WHEN NOT writes_log THEN
                 (SELECT (extract(epoch FROM max(replay_lag)) * 1000)::bigint FROM pg_stat_replication) END
          FROM reading))";

std::optional<std::int64_t> optional_number(const PgResult& result, int column) {
  if (PQgetisnull(result.get(), 0, column) != 0) return std::nullopt;
  return number(result, 0, column);
}

}  // namespace

Result<Pressure> sample_pressure(Connection& connection, std::chrono::seconds limit) {
  const bool split_view = connection.server_version() >= kHasCheckpointerView;
  const auto row = TRY(connection.execute(fmt::format(kQuery, split_view ? "num_requested" : "checkpoints_req",
                                                      split_view ? "pg_stat_checkpointer" : "pg_stat_bgwriter"),
                                          limit));
  if (!is_true(row, 0, 0)) {
    return fail(ErrorKind::auth, "this role may not see what other sessions wait for",
                "GRANT pg_read_all_stats to it, or leave adaptive out");
  }
  Pressure pressure{
      .active = number(row, 0, 1), .waiting = number(row, 0, 2), .requested_checkpoints = optional_number(row, 3)};
  if (const auto lag = optional_number(row, 4)) pressure.standby_lag = std::chrono::milliseconds(*lag);
  return pressure;
}

Result<std::optional<std::int64_t>> read_connections_left(Connection& connection, std::chrono::seconds limit) {
  constexpr const char* kQuery = R"(
SELECT least(
  (SELECT setting::bigint FROM pg_settings WHERE name = 'max_connections')
    - (SELECT setting::bigint FROM pg_settings WHERE name = 'superuser_reserved_connections')
    - (SELECT coalesce(sum(numbackends), 0) FROM pg_stat_database),
  (SELECT CASE WHEN datconnlimit < 0 THEN NULL ELSE datconnlimit - pg_stat_get_db_numbackends(oid) END
     FROM pg_database WHERE datname = current_database()),
  (SELECT CASE WHEN rolconnlimit < 0 THEN NULL
               ELSE rolconnlimit - (SELECT count(*) FROM pg_stat_activity WHERE usename = current_user) END
     FROM pg_roles WHERE rolname = current_user)))";
  const auto row = TRY(connection.execute(kQuery, limit));
  return std::optional(std::max<std::int64_t>(number(row, 0, 0), 0));
}

}  // namespace rivet::source::postgres
