// SPDX-License-Identifier: Apache-2.0
// pg_current_snapshot() (https://www.postgresql.org/docs/15/functions-info.html, "Transaction ID and Snapshot
// Information Functions").
#include "source/postgres/horizon.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "source/postgres/result_cells.hpp"

namespace rivet::source::postgres {
namespace {

constexpr std::string_view kSourceId =
    "(SELECT c.system_identifier FROM pg_control_system() AS c) || '/' || "
    "(SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())";

// The snapshot's xmin is the oldest transaction that was running in any database of the cluster; only top level ids
// count, because those of subtransactions are younger. Times as in the other messages.
constexpr std::string_view kHorizonQuery = R"(
WITH now AS MATERIALIZED (
  SELECT pg_snapshot_xmin(s) AS settled, pg_snapshot_xmax(s) AS next FROM pg_current_snapshot() AS s)
SELECT {}, settled, next,
       CASE WHEN settled <> next THEN coalesce(
         (SELECT format('pid %s (user %s, application %s, in its transaction since %s)', a.pid, a.usename,
                        coalesce(nullif(a.application_name, ''), '-'),
                        to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
            FROM pg_stat_activity AS a WHERE a.backend_xid = settled::xid LIMIT 1),
         (SELECT format('prepared transaction %L (user %s, database %s, since %s)', p.gid, p.owner, p.database,
                        to_char(p.prepared AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
            FROM pg_prepared_xacts AS p WHERE p.transaction = settled::xid LIMIT 1)) END
  FROM now)";

std::optional<std::int64_t> version_number(std::string_view text) {
  const auto number = base::to_integer(text);
  return number && *number > 0 ? number : std::nullopt;
}

}  // namespace

Result<model::Horizon> read_horizon(Connection& connection, std::chrono::seconds limit) {
  const auto row = TRY(connection.execute(fmt::format(kHorizonQuery, kSourceId), limit));
  return model::Horizon{.source_id = cell(row, 0, 0),
                        .settled = number(row, 0, 1),
                        .next = number(row, 0, 2),
                        .held_by = cell(row, 0, 3)};
}

Result<std::string> read_source_id(Connection& connection, std::chrono::seconds limit) {
  return cell(TRY(connection.execute(fmt::format("SELECT {}", kSourceId), limit)), 0, 0);
}

std::optional<std::int64_t> first_running(std::string_view snapshot) {
  const auto end = snapshot.find(':');
  return end == std::string_view::npos ? std::nullopt : version_number(snapshot.substr(0, end));
}

Result<std::int64_t> next_version(std::string_view snapshot) {
  const auto begin = snapshot.find(':') + 1;
  const auto end = snapshot.find(':', begin);
  const auto known =
      begin == 0 || end == std::string_view::npos ? std::nullopt : version_number(snapshot.substr(begin, end - begin));
  if (known) return *known;
  return fail(ErrorKind::internal, "this is no snapshot");
}

}  // namespace rivet::source::postgres
