// SPDX-License-Identifier: Apache-2.0
// Looks at the ends of an index, or walks it once.
#include "source/sqlite/key_probe.hpp"

#include "source/sqlite/key_sampler.hpp"
#include "source/sqlite/key_value.hpp"
#include "source/sqlite/keys.hpp"
#include "source/sqlite/predicate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace rivet::source::sqlite {
namespace {

using Columns = std::vector<std::string>;

bool same_name(const std::string& a, const std::string& b) { return sqlite3_stricmp(a.c_str(), b.c_str()) == 0; }

std::string from_clause(const Shape& shape) { return fmt::format("FROM {} AS \"{}\"", shape.from, kAlias); }

Result<Columns> require_key(const Shape& shape, const Columns& names) {
  if (names.empty()) return fail(ErrorKind::internal, "a key without columns");
  TRY(require_cuttable(shape));
  return key_columns(shape, names);
}

/// `columns` of the current row.
Result<model::KeyValues> read_key(const Connection& connection, sqlite3_stmt* row, std::size_t columns) {
  model::KeyValues key;
  for (std::size_t i = 0; i < columns; ++i) key.push_back(TRY(key_text(connection, row, static_cast<int>(i))));
  return key;
}

Result<std::optional<model::KeyValues>> find_end(Connection& connection, const Shape& shape, const Columns& columns,
                                                 bool descending) {
  const auto statement = TRY(connection.prepare(TRY(end_statement(shape, columns, descending))));
  if (!TRY(connection.step(statement.get()))) return std::optional<model::KeyValues>();
  return std::optional(TRY(read_key(connection, statement.get(), columns.size())));
}

/// Only asks about the columns that may hold NULL.
Result<bool> has_null(Connection& connection, const Shape& shape, const Columns& columns) {
  Columns conditions;
  for (const auto& column : shape.columns) {
    const auto is_this = [&](const auto& name) { return same_name(name, column.name); };
    if (!column.nullable || std::none_of(columns.begin(), columns.end(), is_this)) continue;
    conditions.push_back(TRY(key_column(shape, column.name)) + " IS NULL");
  }
  if (conditions.empty()) return false;
  const auto sql = fmt::format("SELECT 1 {} WHERE {} LIMIT 1", from_clause(shape), fmt::join(conditions, " OR "));
  return TRY(connection.query_integer(sql)).has_value();
}

bool is_rowid(const Shape& shape, const Columns& columns) {
  if (columns.size() != 1 || shape.rowid.empty()) return false;
  return same_name(columns[0], shape.rowid) || (shape.key_is_rowid && same_name(columns[0], shape.primary_key.front()));
}

/// Whether no two rows have equal values in all of `columns`, as an index on just these sees to.
Result<bool> is_unique(Connection& connection, const Shape& shape, const Columns& columns) {
  if (is_rowid(shape, columns)) return true;
  const auto keys = TRY(read_keys(connection, shape));
  return std::any_of(keys.begin(), keys.end(), [&](const model::Key& key) {
    return std::is_permutation(key.columns.begin(), key.columns.end(), columns.begin(), columns.end(), same_name);
  });
}

/// Even cuts through the range of rowids, when statistics say that at most a fifth of it is holes.
Result<std::optional<std::vector<model::KeyValues>>> cut_dense_rowids(Connection& connection,
                                                                      const model::Relation& relation,
                                                                      const Shape& shape, int parts) {
  const auto rows = TRY(analyzed_rows(connection, relation));
  const auto end = [&](std::string_view which) {
    return connection.query_integer(fmt::format("SELECT {}({}) FROM {}", which, shape.rowid, shape.from));
  };
  const auto first = TRY(end("min")), last = TRY(end("max"));
  if (!rows || !first || !last) return std::optional<std::vector<model::KeyValues>>();
  const __int128 begin = *first;
  const auto span = *last - begin + 1;
  const bool dense = span * 4 <= static_cast<__int128>(*rows) * 5;
  if (!dense || span < parts) return std::optional<std::vector<model::KeyValues>>();
  std::vector<model::KeyValues> points;
  for (int i = 1; i < parts; ++i) {
    points.push_back({fmt::format("{}", static_cast<std::int64_t>(begin + span * i / parts - 1))});
  }
  return std::optional(std::move(points));
}

Result<std::vector<model::KeyValues>> walk(Connection& connection, const Shape& shape, const Columns& columns,
                                           int parts) {
  const auto statement =
      TRY(connection.prepare(TRY(walk_statement(shape, columns, TRY(is_unique(connection, shape, columns))))));
  const auto count = static_cast<int>(columns.size());
  KeySampler sampler(parts);
  while (TRY(connection.step(statement.get()))) {
    if (!sampler.advance(sqlite3_column_int64(statement.get(), count))) continue;
    sampler.remember(TRY(read_key(connection, statement.get(), columns.size())));
  }
  return sampler.points();
}

}  // namespace

Result<std::string> end_statement(const Shape& shape, const Columns& columns, bool descending) {
  const auto names = TRY(require_key(shape, columns));
  const std::string_view direction = descending ? " DESC" : "";
  return fmt::format("SELECT {0} {1} WHERE {2} IS NOT NULL ORDER BY {3}{4} LIMIT 1", fmt::join(names, ", "),
                     from_clause(shape), fmt::join(names, " IS NOT NULL AND "),
                     fmt::join(names, fmt::format("{}, ", direction)), direction);
}

Result<std::string> walk_statement(const Shape& shape, const Columns& columns, bool unique) {
  const auto names = TRY(require_key(shape, columns));
  const auto list = fmt::format("{}", fmt::join(names, ", "));
  return fmt::format("SELECT {}, {} {} WHERE {} IS NOT NULL {}ORDER BY {}", list, unique ? "1" : "count(*)",
                     from_clause(shape), fmt::join(names, " IS NOT NULL AND "),
                     unique ? "" : fmt::format("GROUP BY {} ", list), list);
}

Result<model::KeyExtent> key_extent(Connection& connection, const model::Relation& relation, const Columns& columns) {
  connection.watch(nullptr);
  const auto transaction = TRY(ReadTransaction::begin(connection));
  const auto shape = TRY(read_shape(connection, relation));
  model::KeyExtent extent;
  extent.first = TRY(find_end(connection, shape, columns, false));
  extent.last = TRY(find_end(connection, shape, columns, true));
  extent.has_null = TRY(has_null(connection, shape, columns));
  return extent;
}

Result<std::vector<model::KeyValues>> split_points(Connection& connection, const model::Relation& relation,
                                                   const Columns& columns, int parts) {
  connection.watch(nullptr);
  const auto transaction = TRY(ReadTransaction::begin(connection));
  const auto shape = TRY(read_shape(connection, relation));
  TRY(require_key(shape, columns));
  if (parts < 2) return std::vector<model::KeyValues>();
  if (is_rowid(shape, columns)) {
    if (auto points = TRY(cut_dense_rowids(connection, relation, shape, parts))) return std::move(*points);
  }
  return walk(connection, shape, columns, parts);
}

Result<std::int64_t> row_count(Connection& connection, const model::Relation& relation) {
  connection.watch(nullptr);
  const auto transaction = TRY(ReadTransaction::begin(connection));
  const auto shape = TRY(read_shape(connection, relation));
  return TRY(connection.query_integer("SELECT count(*) " + from_clause(shape))).value_or(0);
}

}  // namespace rivet::source::sqlite
