// SPDX-License-Identifier: Apache-2.0
// ORDER BY ... LIMIT 1 in both directions: an index answers it, and types without min() have it too.
#include "source/postgres/key_probe.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "source/postgres/result_cells.hpp"

namespace rivet::source::postgres {
namespace {

using std::chrono::seconds;

constexpr const char* kPagesQuery = R"(
SELECT c.relkind, EXISTS (SELECT FROM pg_inherits h WHERE h.inhparent = c.oid), coalesce(m.amname, ''),
       coalesce(pg_relation_size(c.oid, 'main'), 0) / current_setting('block_size')::bigint
  FROM pg_class c LEFT JOIN pg_am m ON m.oid = c.relam
 WHERE c.oid = $1::regclass)";

// The relation and all that is read with it: partitions and inheritance children, which may be foreign tables.
constexpr const char* kVersionsQuery = R"(
WITH RECURSIVE tree AS (
  SELECT $1::regclass::oid AS oid
  UNION SELECT h.inhrelid FROM tree t JOIN pg_inherits h ON h.inhparent = t.oid)
SELECT bool_and(c.relkind = 'p' OR c.relkind IN ('r', 'm') AND coalesce(m.amname = 'heap', false))
         AND has_column_privilege($1::regclass, 'xmin', 'SELECT')
  FROM tree t JOIN pg_class c ON c.oid = t.oid LEFT JOIN pg_am m ON m.oid = c.relam)";

Result<std::optional<model::KeyValues>> end_key(Connection& connection, const RowSource& rows,
                                                const std::vector<Field>& columns, std::string_view direction,
                                                seconds limit) {
  const auto quoting = connection.quoting();
  std::vector<std::string> list, order;
  for (const auto& column : columns) {
    list.push_back(value_of(quoting, column) + "::text");
    order.push_back(fmt::format("{} {}", value_of(quoting, column), direction));
  }
  const auto sql = fmt::format("SELECT {} {} ORDER BY {} LIMIT 1", fmt::join(list, ", "),
                               from_rows(rows, {all_present(quoting, columns)}), fmt::join(order, ", "));
  const auto found = TRY(connection.execute(sql, limit));
  if (PQntuples(found.get()) == 0) return std::nullopt;
  model::KeyValues values;
  for (int i = 0; i < PQnfields(found.get()); ++i) values.push_back(cell(found, 0, i));
  return values;
}

/// One EXISTS per column, so that each can use an index of its own.
Result<bool> any_null(Connection& connection, const RowSource& rows, const std::vector<Field>& columns, seconds limit) {
  const auto quoting = connection.quoting();
  std::vector<std::string> probes;
  for (const auto& column : columns) {
    if (column.not_null) continue;
    probes.push_back(fmt::format("EXISTS (SELECT {})", from_rows(rows, {value_of(quoting, column) + " IS NULL"})));
  }
  if (probes.empty()) return false;
  const auto found = TRY(connection.execute(fmt::format("SELECT {}", fmt::join(probes, " OR ")), limit));
  return is_true(found, 0, 0);
}

/// What the relation is, when it has no pages of its own that a read by pages would cover; else empty.
std::string_view without_pages(char relkind, bool has_children, std::string_view access_method) {
  switch (relkind) {
    case 'v': return "a view";
    case 'p': return "a partitioned table";
    case 'f': return "a foreign table";
    default: break;
  }
  if (has_children) return "a table with inheritance children";
  return access_method == "heap" ? "" : "a table that is not stored as a heap";
}

Error no_pages(std::string_view what) {
  return {.kind = ErrorKind::config,
          .message = fmt::format("{} cannot be cut by pages", what),
          .hint = "name a column to cut by: chunk_column, or chunk_by_key"};
}

}  // namespace

Result<std::optional<model::KeyValues>> probe_last_key(Connection& connection, const RowSource& rows,
                                                       const std::vector<Field>& columns, seconds limit) {
  return end_key(connection, rows, columns, "DESC", limit);
}

Result<model::KeyExtent> probe_extent(Connection& connection, const RowSource& rows, const std::vector<Field>& columns,
                                      seconds limit) {
  return model::KeyExtent{.first = TRY(end_key(connection, rows, columns, "ASC", limit)),
                          .last = TRY(probe_last_key(connection, rows, columns, limit)),
                          .has_null = TRY(any_null(connection, rows, columns, limit))};
}

Result<std::int64_t> probe_pages(Connection& connection, const model::Relation& relation, seconds limit) {
  if (!relation.is_table()) return fail(no_pages("a query"));
  const auto row = TRY(connection.execute(kPagesQuery, {table_name(connection.quoting(), relation)}, limit));
  const auto what = without_pages(cell(row, 0, 0)[0], is_true(row, 0, 1), cell(row, 0, 2));
  if (!what.empty()) return fail(no_pages(what));
  return number(row, 0, 3);
}

Result<std::int64_t> probe_number(Connection& connection, const std::string& select, seconds limit) {
  return number(TRY(connection.execute(select, limit)), 0, 0);
}

Result<std::int64_t> probe_rows(Connection& connection, const RowSource& rows, seconds limit) {
  return probe_number(connection, "SELECT count(*) " + from_rows(rows, {}), limit);
}

Result<bool> has_row_versions(Connection& connection, const model::Relation& relation, seconds limit) {
  if (!relation.is_table()) return false;
  const auto row = TRY(connection.execute(kVersionsQuery, {table_name(connection.quoting(), relation)}, limit));
  return is_true(row, 0, 0);
}

Result<std::optional<std::int64_t>> estimate_rows(Connection& connection, const std::string& select, seconds limit) {
  const auto explained = TRY(connection.execute("EXPLAIN (FORMAT JSON) " + select, limit));
  const auto plan = nlohmann::json::parse(cell(explained, 0, 0), nullptr, false);
  if (!plan.is_array() || plan.empty() || !plan[0].contains("Plan")) return std::nullopt;
  return static_cast<std::int64_t>(plan[0]["Plan"].value("Plan Rows", 0.0));
}

}  // namespace rivet::source::postgres
