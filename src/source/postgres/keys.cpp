// SPDX-License-Identifier: Apache-2.0
// One catalogue query over the indexes that can serve ORDER BY and ranges.
#include "source/postgres/keys.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "source/postgres/result_cells.hpp"

namespace rivet::source::postgres {
namespace {

using std::chrono::seconds;

/// An index that holds every row.
struct Index {
  std::string id;
  bool primary = false, unique = false;
  std::size_t width = 0;             ///< key columns, INCLUDE not counted
  std::vector<std::string> columns;  ///< the leading ones for which its order is that of ORDER BY
};

// One row per index and key column. Left out are indexes without every row (partial, invalid, of an inheritance
// parent). `ordered` says that the index sorts the column as ORDER BY does: a plain column with its own collation and
// the default operator class, in one direction for all columns, with NULLs at the usual end (indoption 0 is ASC NULLS
// LAST, 3 is DESC NULLS FIRST).
constexpr const char* kIndexColumnsQuery = R"(
SELECT i.indexrelid, i.indisprimary, i.indisunique, i.indnkeyatts, a.attname,
       coalesce(o.opcdefault AND k.collation_id = a.attcollation
                AND k.direction = i.indoption[0] AND k.direction IN (0, 3), false) AS ordered
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indrelid
  JOIN pg_class n ON n.oid = i.indexrelid
  JOIN pg_am m ON m.oid = n.relam AND m.amname = 'btree'
 CROSS JOIN LATERAL unnest(i.indkey, i.indclass, i.indcollation, i.indoption)
            WITH ORDINALITY AS k(number, opclass, collation_id, direction, ordinal)
  LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number AND k.number > 0
  LEFT JOIN pg_opclass o ON o.oid = k.opclass
 WHERE i.indrelid = $1::regclass AND i.indisvalid AND i.indisready AND i.indpred IS NULL
   AND k.ordinal <= i.indnkeyatts
   AND (c.relkind IN ('p', 'm') OR c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhparent = c.oid))
 ORDER BY n.relname, i.indexrelid, k.ordinal)";

Result<std::vector<Index>> read_indexes(Connection& connection, const model::Relation& relation, seconds limit) {
  std::vector<Index> indexes;
  if (!relation.is_table()) return indexes;
  const auto rows = TRY(connection.execute(kIndexColumnsQuery, {table_name(connection.quoting(), relation)}, limit));
  bool ordered = true;
  for (int i = 0; i < PQntuples(rows.get()); ++i) {
    if (indexes.empty() || indexes.back().id != cell(rows, i, 0)) {
      indexes.push_back({.id = cell(rows, i, 0),
                         .primary = is_true(rows, i, 1),
                         .unique = is_true(rows, i, 2),
                         .width = static_cast<std::size_t>(number(rows, i, 3)),
                         .columns = {}});
      ordered = true;
    }
    ordered = ordered && is_true(rows, i, 5);
    if (ordered) indexes.back().columns.push_back(cell(rows, i, 4));
  }
  return indexes;
}

// The first key of an index as the server spells it, of columns of one type: others would show as casts.
constexpr const char* kCoalescedIndexQuery = R"(
SELECT EXISTS (
  SELECT FROM pg_index i
    JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_class n ON n.oid = i.indexrelid
    JOIN pg_am m ON m.oid = n.relam AND m.amname = 'btree'
    JOIN pg_opclass o ON o.oid = i.indclass[0] AND o.opcdefault
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attname = $2 AND a.attcollation = i.indcollation[0]
   WHERE i.indrelid = $1::regclass AND i.indisvalid AND i.indisready AND i.indpred IS NULL
     AND i.indkey[0] = 0 AND i.indoption[0] IN (0, 3)
     AND (c.relkind IN ('p', 'm') OR c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhparent = c.oid))
     AND pg_get_indexdef(i.indexrelid, 1, false) = 'COALESCE(' || {} || ')'))";

Result<bool> has_coalesced_index(Connection& connection, const model::Relation& relation,
                                 const std::vector<std::string>& columns, seconds limit) {
  if (!relation.is_table()) return false;
  const auto quoting = connection.quoting();
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(fmt::format("quote_ident({})", quoting.literal(column)));
  const auto sql = fmt::format(kCoalescedIndexQuery, fmt::join(names, " || ', ' || "));
  return is_true(TRY(connection.execute(sql, {table_name(quoting, relation), columns.front()}, limit)), 0, 0);
}

bool can_be_null(const std::vector<std::string>& columns, const std::vector<Field>& fields) {
  return std::any_of(columns.begin(), columns.end(), [&](const auto& name) {
    const auto* field = find_field(fields, name);
    return field == nullptr || !field->not_null;
  });
}

/// Ranges of several columns need every comparison on the search path (see comparison()).
bool can_be_compared(const std::vector<std::string>& columns, const std::vector<Field>& fields) {
  return columns.size() == 1 || std::all_of(columns.begin(), columns.end(), [&](const auto& name) {
           const auto* field = find_field(fields, name);
           return field != nullptr && field->operator_schema.empty();
         });
}

void add_once(const std::string& name, std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

bool more_useful(const model::Key& a, const model::Key& b) {
  if (a.primary != b.primary) return a.primary;
  if (a.nullable != b.nullable) return b.nullable;
  return a.columns.size() < b.columns.size();
}

}  // namespace

Result<IndexFacts> read_index_facts(Connection& connection, const model::Relation& relation,
                                    const std::vector<Field>& fields, seconds limit) {
  IndexFacts facts;
  auto& keys = facts.keys;
  for (auto& index : TRY(read_indexes(connection, relation, limit))) {
    if (!index.columns.empty()) add_once(index.columns.front(), facts.leading);
    if (!index.unique || index.columns.size() != index.width || !can_be_compared(index.columns, fields)) continue;
    const bool nullable = can_be_null(index.columns, fields);
    keys.push_back({.columns = std::move(index.columns), .primary = index.primary, .nullable = nullable});
  }
  std::stable_sort(keys.begin(), keys.end(), more_useful);
  return facts;
}

Result<std::vector<model::Key>> read_keys(Connection& connection, const model::Relation& relation,
                                          const std::vector<Field>& fields, seconds limit) {
  return std::move(TRY(read_index_facts(connection, relation, fields, limit)).keys);
}

Result<bool> has_ordered_index(Connection& connection, const model::Relation& relation, const model::KeyColumns& key,
                               seconds limit) {
  if (key.coalesced && key.columns.size() > 1) return has_coalesced_index(connection, relation, key.columns, limit);
  const auto indexes = TRY(read_indexes(connection, relation, limit));
  return std::any_of(indexes.begin(), indexes.end(), [&](const Index& index) {
    return index.columns.size() >= key.columns.size() &&
           std::equal(key.columns.begin(), key.columns.end(), index.columns.begin());
  });
}

}  // namespace rivet::source::postgres
