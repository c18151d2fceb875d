// SPDX-License-Identifier: Apache-2.0
// Copies table after table, those that others refer to first.
#include "state/sql/copy.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "state/sql/transact.hpp"

namespace rivet::state::sql {
namespace {

/// A table, and the column that numbers its rows in the order in which they came, if there is one.
struct Table {
  std::string name;
  std::string numbered_by;
};

const std::array<Table, 26>& tables() {
  static const std::array<Table, 26> all{
      {{"run", "rowid"},       {"unit", "rowid"},          {"unit_replaced", ""},    {"part", "id"},
       {"generation", ""},     {"recent_key", ""},         {"unit_hashes", ""},      {"journal_event", ""},
       {"export_state", ""},   {"export_position", ""},    {"export_metrics", "id"}, {"export_schema", ""},
       {"export_shape", ""},   {"export_progression", ""}, {"export_harm", "id"},    {"run_aggregate", ""},
       {"cascade_run", ""},    {"node", "node_id"},        {"dep_group", ""},        {"dep_edge", ""},
       {"outbox", "event_id"}, {"node_attempt", ""},       {"node_run", ""},         {"worker", ""},
       {"alarm", "alarm_id"},  {"place_probe", ""}}};
  return all;
}

Result<void> require_empty(Connection& db, const Table& table) {
  const auto text = fmt::format("SELECT 1 FROM {} LIMIT 1", table.name);
  auto rows = db.start(Query{.name = "require_empty", .text = text});
  if (!TRY(rows.next())) return {};
  return fail(ErrorKind::config,
              fmt::format("the state store {} is not empty: it has rows in '{}'", db.location(), table.name),
              "copy into a new one");
}

/// The columns of the table; a number that SQLite gives rows without a column for it comes first.
Result<std::vector<Column>> columns_to_copy(Connection& db, const Table& table) {
  auto columns = TRY(db.columns_of(table.name));
  std::erase_if(columns, [](const Column& column) { return column.name == "rowid"; });
  if (table.numbered_by == "rowid") columns.insert(columns.begin(), Column{.name = "rowid"});
  return columns;
}

std::string text_of_insert(const Table& table, const std::vector<std::string>& names) {
  return fmt::format("INSERT INTO {} ({}) VALUES ({})", table.name, fmt::join(names, ", "),
                     fmt::join(std::vector<std::string>(names.size(), "?"), ", "));
}

Result<std::int64_t> copy_table(Connection& from, Connection& to, const Table& table) {
  const auto columns = TRY(columns_to_copy(to, table));
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(column.name);
  const auto select = fmt::format("SELECT {} FROM {}{}", fmt::join(names, ", "), table.name,
                                  table.numbered_by.empty() ? "" : " ORDER BY " + table.numbered_by);
  const auto insert = text_of_insert(table, names);
  auto rows = from.start(Query{.name = "copy_from", .text = select});
  std::int64_t copied = 0;
  for (; TRY(rows.next()); ++copied) {
    std::vector<std::string> blobs(columns.size());
    std::vector<Value> values;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i].is_blob) blobs[i] = rows.blob();
      values.push_back(columns[i].is_blob ? Value(Blob{blobs[i]}) : to_value(rows.optional_text()));
    }
    auto inserted = to.start_with(Query{.name = "copy_to", .text = insert}, std::move(values));
    TRY(inserted.run());
  }
  if (!table.numbered_by.empty()) TRY(to.number_from(table.name, table.numbered_by));
  return copied;
}

Result<std::int64_t> copy_all(Connection& from, Connection& to) {
  std::int64_t copied = 0;
  for (const auto& table : tables()) TRY(require_empty(to, table));
  for (const auto& table : tables()) copied += TRY(copy_table(from, to, table));
  return copied;
}

}  // namespace

Result<std::int64_t> copy_store(Connection& from, Connection& to) {
  return write_transaction(to, [&] { return read_transaction(from, [&] { return copy_all(from, to); }); });
}

}  // namespace rivet::state::sql
