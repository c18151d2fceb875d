// SPDX-License-Identifier: Apache-2.0
// One catalogue query over pg_class; statistics instead of scans, and nothing that a privilege could be missing for.
#include "source/postgres/catalogue.hpp"

#include <algorithm>
#include <array>

#include "source/postgres/result_cells.hpp"

namespace rivet::source::postgres {
namespace {

using model::RelationKind;
using std::chrono::seconds;

// `rows` scales what the last ANALYZE counted to the present size. A table that was never analyzed has relpages 0 (and
// reltuples -1 since version 14). A parent of plain inheritance knows its own rows only, so it counts as unknown.
// Sizes are NULL for a relation that was dropped meanwhile.
constexpr const char* kRelationsQuery = R"(
WITH RECURSIVE stored AS (
  SELECT c.oid, pg_total_relation_size(c.oid) AS bytes,
         CASE WHEN c.relkind = 'r' AND c.relhassubclass THEN NULL
              WHEN pg_relation_size(c.oid) = 0 THEN 0
              WHEN c.reltuples >= 0 AND c.relpages > 0
              THEN c.reltuples::numeric / c.relpages * (pg_relation_size(c.oid) / current_setting('block_size')::int)
         END AS rows
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'm') AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'),
tree (root, oid) AS (
  SELECT c.oid, c.oid FROM pg_class c WHERE c.relkind = 'p'
  UNION ALL SELECT t.root, i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.oid),
parted AS (
  SELECT t.root AS oid, coalesce(sum(s.bytes), 0) AS bytes,
         CASE WHEN bool_or(s.rows IS NULL) THEN NULL ELSE coalesce(sum(s.rows), 0) END AS rows
    FROM tree t JOIN pg_class c ON c.oid = t.oid AND c.relkind <> 'p'
    LEFT JOIN stored s ON s.oid = t.oid GROUP BY t.root)
SELECT n.nspname, c.relname, c.relkind, NOT pg_table_is_visible(c.oid),
       round(coalesce(s.rows, p.rows, CASE WHEN c.relkind = 'p' AND p.oid IS NULL THEN 0 END))::bigint,
       coalesce(s.bytes, p.bytes, CASE WHEN c.relkind = 'p' THEN 0 END)::bigint,
       CASE WHEN c.relispartition
            THEN 'a partition of ' || (SELECT i.inhparent::regclass::text FROM pg_inherits i WHERE i.inhrelid = c.oid)
            WHEN e.extname IS NOT NULL THEN 'a part of the extension ' || e.extname END,
       CASE WHEN NOT has_schema_privilege(n.oid, 'USAGE')
            THEN format('no USAGE privilege on its schema: GRANT USAGE ON SCHEMA %I TO %I; GRANT SELECT ON %s TO %I',
                        n.nspname, current_user, c.oid::regclass, current_user)
            WHEN NOT has_table_privilege(c.oid, 'SELECT')
            THEN format('no SELECT privilege: GRANT SELECT ON %s TO %I', c.oid::regclass, current_user)
            WHEN c.relkind = 'm' AND NOT c.relispopulated
            THEN format('it was never filled: REFRESH MATERIALIZED VIEW %s', c.oid::regclass) END,
       CASE WHEN row_security_active(c.oid) THEN 'row-level security decides which of its rows this user sees' END,
       CASE WHEN c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid)
            THEN 'other tables inherit from it: its rows include theirs' END
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN stored s ON s.oid = c.oid
  LEFT JOIN parted p ON p.oid = c.oid
  LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e'
  LEFT JOIN pg_extension e ON e.oid = d.refobjid
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
   AND ($1 = '' OR n.nspname = $1)
 ORDER BY n.nspname, c.relname)";

RelationKind kind_of(char relkind) {
  switch (relkind) {
    case 'p': return RelationKind::partitioned_table;
    case 'v': return RelationKind::view;
    case 'm': return RelationKind::materialized_view;
    case 'f': return RelationKind::foreign_table;
    default: return RelationKind::table;
  }
}

std::optional<std::int64_t> optional_number(const PgResult& rows, int row, int column) {
  if (PQgetisnull(rows.get(), row, column) != 0) return std::nullopt;
  return number(rows, row, column);
}

model::CatalogueEntry entry_of(const PgResult& rows, int row) {
  model::CatalogueEntry entry{.schema = cell(rows, row, 0),
                              .name = cell(rows, row, 1),
                              .kind = kind_of(cell(rows, row, 2)[0]),
                              .row_estimate = optional_number(rows, row, 4),
                              .total_bytes = optional_number(rows, row, 5),
                              .needs_schema = is_true(rows, row, 3),
                              .left_out = cell(rows, row, 6),
                              .unreadable = cell(rows, row, 7)};
  for (const int note : {8, 9}) {
    if (PQgetisnull(rows.get(), row, note) == 0) entry.notes.push_back(cell(rows, row, note));
  }
  return entry;
}

}  // namespace

Result<std::vector<model::CatalogueEntry>> list_relations(Connection& connection, const std::string& schema,
                                                          seconds limit) {
  const auto rows = TRY(connection.execute(kRelationsQuery, {schema}, limit));
  std::vector<model::CatalogueEntry> entries;
  for (int i = 0; i < PQntuples(rows.get()); ++i) entries.push_back(entry_of(rows, i));
  return entries;
}

RelationFault relation_fault(const Error& error) {
  // What a name no longer means, foreign data wrappers, things not in a usable state, unlogged tables on a standby.
  static constexpr std::array<std::string_view, 5> kBroken{"42", "3F", "HV", "55000", "0A"};
  const std::string_view state = error.vendor_code;
  if (state == "42501") return RelationFault::forbidden;
  if (state.empty()) return error.kind == ErrorKind::permanent ? RelationFault::broken : RelationFault::none;
  const bool broken =
      std::any_of(kBroken.begin(), kBroken.end(), [&](const auto prefix) { return state.starts_with(prefix); });
  return broken ? RelationFault::broken : RelationFault::none;
}

}  // namespace rivet::source::postgres
