// SPDX-License-Identifier: Apache-2.0
// pg_stats (https://www.postgresql.org/docs/15/view-pg-stats.html) behind checks of its age.
#include "source/postgres/histogram.hpp"

#include "source/postgres/result_cells.hpp"

namespace rivet::source::postgres {
namespace {

using std::chrono::seconds;

// Fresh means: no more than a quarter was modified since (which a standby does not count), and for a table with pages
// of its own these have not grown by more than a quarter; for a partitioned table, whose statistics nobody but the
// user refreshes, its row count still agrees with the sum of its partitions'. Values over 1 kB are not in the
// statistics at all.
constexpr const char* kHistogramQuery = R"(
WITH relation AS (
  SELECT c.oid, c.relname, c.relkind, n.nspname, c.reltuples, c.relpages,
         CASE WHEN c.relkind = 'p'
              THEN (SELECT sum(greatest(l.reltuples, 0)) FROM pg_partition_tree(c.oid) t JOIN pg_class l ON l.oid = t.relid
                     WHERE t.isleaf)
              ELSE c.reltuples END AS rows_now,
         coalesce(pg_relation_size(c.oid, 'main'), 0) / current_setting('block_size')::bigint AS pages_now
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.oid = $1::regclass
     AND (c.relkind IN ('p', 'm') OR c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhparent = c.oid)))
SELECT u.bound
  FROM relation r
  JOIN pg_stats s ON s.schemaname = r.nspname AND s.tablename = r.relname AND s.attname = $2
                 AND s.inherited = (r.relkind = 'p')
 CROSS JOIN LATERAL unnest(s.histogram_bounds::text::text[]) WITH ORDINALITY AS u(bound, ordinal)
 WHERE r.reltuples > 0
   AND r.rows_now BETWEEN r.reltuples * 0.75 AND r.reltuples * 1.25
   AND (r.relkind = 'p' OR r.pages_now <= r.relpages * 1.25)
   AND pg_stat_get_mod_since_analyze(r.oid) <= r.reltuples * 0.25
   AND s.avg_width < 512
   AND array_length(s.histogram_bounds::text::text[], 1) >= 2 * $3::int
   AND coalesce((SELECT sum(f) FROM unnest(s.most_common_freqs) f), 0) <= 0.1
   AND coalesce((SELECT max(f) FROM unnest(s.most_common_freqs) f), 0) <= 0.5 / $3::int
 ORDER BY u.ordinal)";

}  // namespace

Result<std::vector<std::string>> read_histogram(Connection& connection, const model::Relation& relation,
                                                const Field& column, int parts, seconds limit) {
  std::vector<std::string> bounds;
  if (!relation.is_table()) return bounds;
  const auto table = table_name(connection.quoting(), relation);
  const auto rows = TRY(connection.execute(kHistogramQuery, {table, column.name, std::to_string(parts)}, limit));
  for (int i = 0; i < PQntuples(rows.get()); ++i) bounds.push_back(cell(rows, i, 0));
  return bounds;
}

}  // namespace rivet::source::postgres
