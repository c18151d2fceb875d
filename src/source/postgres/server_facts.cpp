// SPDX-License-Identifier: Apache-2.0
// A pooler answers the connection itself, so that the process id that came with it is not that of the server's process.
#include "source/postgres/server_facts.hpp"

#include "base/clock.hpp"
#include "source/postgres/result_cells.hpp"

namespace rivet::source::postgres {
namespace {

// A standby that has replayed all it received is not behind, however long ago the last commit was.
constexpr const char* kQuery = R"(
SELECT current_setting('server_version'), current_user, pg_backend_pid(),
       (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, pg_is_in_recovery(),
       CASE WHEN NOT pg_is_in_recovery() THEN NULL
            WHEN pg_last_wal_receive_lsn() IS NOT DISTINCT FROM pg_last_wal_replay_lsn() THEN 0
            ELSE (extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::bigint END)";

}  // namespace

Result<ServerFacts> read_server_facts(Connection& connection, std::chrono::seconds limit) {
  const base::SystemClock here;
  const auto asked = here.now();
  const auto row = TRY(connection.execute(kQuery, limit));
  const auto half_way = (here.now() - asked) / 2;
  const base::Timestamp there{std::chrono::microseconds(number(row, 0, 3))};
  ServerFacts facts{.product = "PostgreSQL " + cell(row, 0, 0),
                    .user = cell(row, 0, 1),
                    .encryption = connection.encryption(),
                    .backend = cell(row, 0, 2),
                    .pooled = connection.announced_process() != number(row, 0, 2),
                    .standby = is_true(row, 0, 4),
                    .clock_ahead = there - (asked + half_way),
                    .clock_error = half_way};
  if (PQgetisnull(row.get(), 0, 5) == 0) facts.standby_lag = std::chrono::milliseconds(number(row, 0, 5));
  return facts;
}

}  // namespace rivet::source::postgres
