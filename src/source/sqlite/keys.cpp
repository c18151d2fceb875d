// SPDX-License-Identifier: Apache-2.0
// Indexes and their columns from SQLite's catalogue functions.
#include "source/sqlite/keys.hpp"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

namespace rivet::source::sqlite {
namespace {

struct Index {
  std::string name;
  bool primary = false;
};

Result<std::vector<Index>> unique_indexes(Connection& connection, const std::string& table) {
  const auto statement =
      TRY(connection.prepare("SELECT name, origin = 'pk' FROM pragma_index_list(?1, 'main') WHERE \"unique\" AND NOT "
                             "partial ORDER BY seq DESC"));
  bind_text(statement.get(), 1, table);
  std::vector<Index> out;
  while (TRY(connection.step(statement.get()))) {
    out.push_back({text_at(statement.get(), 0), sqlite3_column_int(statement.get(), 1) != 0});
  }
  return out;
}

/// The collation of comparisons with the column; empty when the catalogue does not know the column.
std::string collation_of(const Connection& connection, const std::string& table, const std::string& column) {
  const char* collation = nullptr;
  sqlite3_table_column_metadata(connection.handle(), "main", table.c_str(), column.c_str(), nullptr, &collation,
                                nullptr, nullptr, nullptr);
  return collation == nullptr ? "" : collation;
}

bool is_nullable(const Shape& shape, const std::string& name) {
  const auto column = std::find_if(shape.columns.begin(), shape.columns.end(),
                                   [&](const auto& candidate) { return candidate.name == name; });
  return column == shape.columns.end() || column->nullable;
}

/// The key of an index; nothing when it has an expression or another collation than a column of it.
Result<std::optional<model::Key>> read_index(Connection& connection, const Shape& shape, const Index& index) {
  const auto statement = TRY(
      connection.prepare("SELECT cid, name, coll FROM pragma_index_xinfo(?1, 'main') WHERE \"key\" ORDER BY seqno"));
  bind_text(statement.get(), 1, index.name);
  model::Key key{.primary = index.primary};
  while (TRY(connection.step(statement.get()))) {
    auto name = text_at(statement.get(), 1);
    const auto own = collation_of(connection, shape.table, name);
    if (sqlite3_column_int(statement.get(), 0) < 0 || sqlite3_stricmp(own.c_str(), text_at(statement.get(), 2).c_str()))
      return std::optional<model::Key>();
    key.nullable = key.nullable || is_nullable(shape, name);
    key.columns.push_back(std::move(name));
  }
  return key.columns.empty() ? std::optional<model::Key>() : std::optional(std::move(key));
}

}  // namespace

Result<std::vector<model::Key>> read_keys(Connection& connection, const Shape& shape) {
  std::vector<model::Key> keys;
  if (shape.table.empty()) return keys;
  if (shape.key_is_rowid) keys.push_back({.columns = shape.primary_key, .primary = true});
  for (const auto& index : TRY(unique_indexes(connection, shape.table))) {
    if (auto key = TRY(read_index(connection, shape, index))) keys.push_back(std::move(*key));
  }
  const auto rank = [](const model::Key& key) { return std::tuple(!key.primary, key.nullable, key.columns.size()); };
  std::stable_sort(keys.begin(), keys.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  return keys;
}

Result<std::vector<std::string>> read_indexed(Connection& connection, const Shape& shape) {
  std::vector<std::string> names;
  if (shape.table.empty()) return names;
  if (shape.key_is_rowid) names.push_back(shape.primary_key.front());
  const auto statement = TRY(connection.prepare(
      "SELECT DISTINCT c.name, c.coll FROM pragma_index_list(?1, 'main') AS i, pragma_index_xinfo(i.name, 'main') AS c "
      "WHERE NOT i.partial AND c.seqno = 0 AND c.cid >= 0"));
  bind_text(statement.get(), 1, shape.table);
  while (TRY(connection.step(statement.get()))) {
    auto name = text_at(statement.get(), 0);
    const auto own = collation_of(connection, shape.table, name);
    if (sqlite3_stricmp(own.c_str(), text_at(statement.get(), 1).c_str()) == 0) names.push_back(std::move(name));
  }
  return names;
}

Result<std::string> read_row_id(Connection& connection, const Shape& shape) {
  if (shape.table.empty() || shape.rowid.empty()) return std::string();
  // What a virtual table gives out as rowid is its own affair.
  const auto statement =
      TRY(connection.prepare("SELECT 1 FROM pragma_table_list(?1) WHERE schema = 'main' AND type = 'virtual'"));
  bind_text(statement.get(), 1, shape.table);
  return TRY(connection.step(statement.get())) ? std::string() : shape.rowid;
}

}  // namespace rivet::source::sqlite
