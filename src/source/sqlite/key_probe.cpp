// SPDX-License-Identifier: Apache-2.0
// Looks at the ends of an index, or walks it once.
#include "source/sqlite/key_probe.hpp"

#include "source/sqlite/key_sampler.hpp"
#include "source/sqlite/key_value.hpp"
#include "source/sqlite/keys.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace rivet::source::sqlite {
namespace {

using Columns = std::vector<std::string>;

bool same_name(const std::string& a, const std::string& b) { return sqlite3_stricmp(a.c_str(), b.c_str()) == 0; }

Result<Columns> require_key(const Shape& shape, const model::KeyColumns& key) {
  if (key.empty()) return fail(ErrorKind::internal, "a key without columns");
  TRY(require_cuttable(shape));
  return key_expressions(shape, key);
}

/// `columns` of the current row.
Result<model::KeyValues> read_key(const Connection& connection, sqlite3_stmt* row, std::size_t columns) {
  model::KeyValues key;
  for (std::size_t i = 0; i < columns; ++i) key.push_back(TRY(key_text(connection, row, static_cast<int>(i))));
  return key;
}

Result<std::optional<model::KeyValues>> find_end(Connection& connection, const Shape& shape,
                                                 const model::Relation& relation, const model::KeyColumns& key,
                                                 bool descending) {
  const auto statement = TRY(prepare_bound(connection, TRY(end_statement(shape, relation, key, descending))));
  if (!TRY(connection.step(statement.get()))) return std::optional<model::KeyValues>();
  const auto columns = static_cast<std::size_t>(sqlite3_column_count(statement.get()));
  return std::optional(TRY(read_key(connection, statement.get(), columns)));
}

bool may_be_null(const Shape& shape, const std::string& name) {
  return std::any_of(shape.columns.begin(), shape.columns.end(),
                     [&](const auto& column) { return column.nullable && same_name(column.name, name); });
}

/// Only asks about the columns that may hold NULL; about a coalesced key only when all may.
Result<bool> has_null(Connection& connection, const Shape& shape, const model::Relation& relation,
                      const model::KeyColumns& key) {
  auto nullable = key.columns;
  std::erase_if(nullable, [&](const auto& name) { return !may_be_null(shape, name); });
  if (nullable.empty() || (key.coalesced && nullable.size() < key.columns.size())) return false;
  const auto values = TRY(key_expressions(shape, {nullable, key.coalesced}));
  auto sql = TRY(from_rows(shape, relation, {fmt::format("({} IS NULL)", fmt::join(values, " IS NULL OR "))}));
  sql.text = fmt::format("SELECT 1 {} LIMIT 1", sql.text);
  const auto statement = TRY(prepare_bound(connection, sql));
  return connection.step(statement.get());
}

bool is_rowid_alone(const Shape& shape, const model::KeyColumns& key) {
  return key.columns.size() == 1 && is_rowid(shape, key.columns.front());
}

/// Whether no two rows have equal keys, as an index on just its columns sees to.
Result<bool> is_unique(Connection& connection, const Shape& shape, const model::KeyColumns& key) {
  if (is_rowid_alone(shape, key)) return true;
  if (key.coalesced) return false;
  const auto keys = TRY(read_keys(connection, shape));
  return std::any_of(keys.begin(), keys.end(), [&](const model::Key& other) {
    return std::is_permutation(other.columns.begin(), other.columns.end(), key.columns.begin(), key.columns.end(),
                               same_name);
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

Result<std::vector<model::KeyValues>> walk(Connection& connection, const Shape& shape, const model::Relation& relation,
                                           const model::KeyColumns& key, int parts) {
  const bool unique = TRY(is_unique(connection, shape, key));
  const auto statement = TRY(prepare_bound(connection, TRY(walk_statement(shape, relation, key, unique))));
  const auto count = sqlite3_column_count(statement.get()) - 1;
  KeySampler sampler(parts);
  while (TRY(connection.step(statement.get()))) {
    if (!sampler.advance(sqlite3_column_int64(statement.get(), count))) continue;
    sampler.remember(TRY(read_key(connection, statement.get(), static_cast<std::size_t>(count))));
  }
  return sampler.points();
}

std::string all_present(const Columns& values) {
  return fmt::format("{} IS NOT NULL", fmt::join(values, " IS NOT NULL AND "));
}

}  // namespace

Result<BoundSql> end_statement(const Shape& shape, const model::Relation& relation, const model::KeyColumns& key,
                               bool descending) {
  const auto values = TRY(require_key(shape, key));
  const std::string_view direction = descending ? " DESC" : "";
  auto sql = TRY(from_rows(shape, relation, {all_present(values)}));
  sql.text = fmt::format("SELECT {} {} ORDER BY {}{} LIMIT 1", fmt::join(values, ", "), sql.text,
                         fmt::join(values, fmt::format("{}, ", direction)), direction);
  return sql;
}

Result<BoundSql> walk_statement(const Shape& shape, const model::Relation& relation, const model::KeyColumns& key,
                                bool unique) {
  const auto values = TRY(require_key(shape, key));
  const auto list = fmt::format("{}", fmt::join(values, ", "));
  auto sql = TRY(from_rows(shape, relation, {all_present(values)}));
  sql.text = fmt::format("SELECT {}, {} {} {}ORDER BY {}", list, unique ? "1" : "count(*)", sql.text,
                         unique ? "" : fmt::format("GROUP BY {} ", list), list);
  return sql;
}

Result<model::KeyExtent> key_extent(Connection& connection, const model::Relation& relation,
                                    const model::KeyColumns& key) {
  connection.watch(nullptr);
  const auto transaction = TRY(ReadTransaction::begin(connection));
  const auto shape = TRY(read_shape(connection, relation));
  model::KeyExtent extent;
  extent.first = TRY(find_end(connection, shape, relation, key, false));
  extent.last = TRY(find_end(connection, shape, relation, key, true));
  extent.has_null = TRY(has_null(connection, shape, relation, key));
  return extent;
}

Result<std::vector<model::KeyValues>> split_points(Connection& connection, const model::Relation& relation,
                                                   const model::KeyColumns& key, int parts) {
  connection.watch(nullptr);
  const auto transaction = TRY(ReadTransaction::begin(connection));
  const auto shape = TRY(read_shape(connection, relation));
  TRY(require_key(shape, key));
  if (parts < 2) return std::vector<model::KeyValues>();
  if (is_rowid_alone(shape, key) && relation.within.is_whole()) {
    if (auto points = TRY(cut_dense_rowids(connection, relation, shape, parts))) return std::move(*points);
  }
  return walk(connection, shape, relation, key, parts);
}

Result<std::int64_t> row_count(Connection& connection, const model::Relation& relation) {
  connection.watch(nullptr);
  const auto transaction = TRY(ReadTransaction::begin(connection));
  const auto shape = TRY(read_shape(connection, relation));
  auto sql = TRY(from_rows(shape, relation, {}));
  sql.text.insert(0, "SELECT count(*) ");
  const auto statement = TRY(prepare_bound(connection, sql));
  TRY(connection.step(statement.get()));
  return sqlite3_column_int64(statement.get(), 0);
}

}  // namespace rivet::source::sqlite
