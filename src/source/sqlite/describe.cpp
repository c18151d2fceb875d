// SPDX-License-Identifier: Apache-2.0
// Reads SQLite's catalogue, probes values, and settles the type of every column.
#include "source/sqlite/describe.hpp"

#include "base/hash.hpp"
#include "base/text.hpp"
#include "source/sqlite/affinity.hpp"
#include "source/sqlite/keys.hpp"
#include "source/sqlite/predicate.hpp"
#include "source/sqlite/probe.hpp"
#include "source/sqlite/types.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <set>
#include <utility>

namespace rivet::source::sqlite {
namespace {

using model::Fidelity;
using model::Relation;

constexpr std::string_view kSchema = "main";

/// The first column of all rows.
Result<std::vector<std::string>> query_texts(Connection& connection, std::string_view sql) {
  const auto statement = TRY(connection.prepare(sql));
  std::vector<std::string> out;
  while (TRY(connection.step(statement.get()))) out.push_back(text_at(statement.get(), 0));
  return out;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates) {
  const std::vector<std::string_view> views(candidates.begin(), candidates.end());
  const auto close = base::did_you_mean(word, views);
  return close ? fmt::format("did you mean '{}'?", *close) : std::string();
}

constexpr std::string_view kAllTables = "SELECT name FROM main.sqlite_schema WHERE type IN ('table', 'view')";
constexpr std::string_view kAllColumns =
    "SELECT DISTINCT c.name FROM main.sqlite_schema AS t, pragma_table_xinfo(t.name) AS c WHERE t.type IN ('table', "
    "'view')";

/// A closer name for an error that ends in `marker` and a name; the error as it is when there is none.
Error with_suggestion(Connection& connection, Error error, std::string_view marker, std::string_view candidates_sql) {
  const auto at = error.message.find(marker);
  if (at == std::string::npos) return error;
  auto word = std::string_view(error.message).substr(at + marker.size());
  if (const auto dot = word.rfind('.'); dot != std::string_view::npos) word.remove_prefix(dot + 1);
  if (const auto candidates = query_texts(connection, candidates_sql)) error.hint = suggestion(word, *candidates);
  return error;
}

Error explain_sql_error(Connection& connection, Error error) {
  error = with_suggestion(connection, std::move(error), "no such table: ", kAllTables);
  return with_suggestion(connection, std::move(error), "no such column: ", kAllColumns);
}

tl::unexpected<Error> refuse_query(std::string message, std::string hint) {
  return fail(ErrorKind::permanent, std::move(message), std::move(hint));
}

/// Name as the catalogue spells it and kind of a table or view; nothing when there is none.
Result<std::optional<std::pair<std::string, std::string>>> find_table(Connection& connection, std::string_view name) {
  const auto statement = TRY(connection.prepare(
      "SELECT name, type FROM main.sqlite_schema WHERE type IN ('table', 'view') AND name = ?1 COLLATE NOCASE"));
  bind_text(statement.get(), 1, name);
  std::optional<std::pair<std::string, std::string>> found;
  if (TRY(connection.step(statement.get()))) found.emplace(text_at(statement.get(), 0), text_at(statement.get(), 1));
  return found;
}

Result<void> read_table_columns(Connection& connection, std::string_view table, Shape& shape) {
  // Hidden 1 are the arguments of virtual tables; generated columns (2, 3) are columns like others.
  const auto statement = TRY(connection.prepare(
      "SELECT name, type, \"notnull\", pk FROM pragma_table_xinfo(?1, 'main') WHERE hidden <> 1 ORDER BY cid"));
  bind_text(statement.get(), 1, table);
  std::vector<std::pair<int, std::string>> key;
  while (TRY(connection.step(statement.get()))) {
    auto* row = statement.get();
    shape.columns.push_back({text_at(row, 0), text_at(row, 1), sqlite3_column_int(row, 2) == 0});
    if (const int position = sqlite3_column_int(row, 3); position > 0) key.emplace_back(position, text_at(row, 0));
  }
  std::sort(key.begin(), key.end());
  for (auto& [position, name] : key) shape.primary_key.push_back(std::move(name));
  return {};
}

/// A name of the rowid that no column hides; empty for tables WITHOUT ROWID.
std::string find_rowid(Connection& connection, const Shape& shape) {
  for (const char* name : {"rowid", "_rowid_", "oid"}) {
    const bool hidden = std::any_of(shape.columns.begin(), shape.columns.end(), [&](const auto& column) {
      return sqlite3_stricmp(column.name.c_str(), name) == 0;
    });
    if (!hidden && connection.prepare(fmt::format("SELECT {} FROM {}", name, shape.from))) return name;
  }
  return {};
}

/// INTEGER PRIMARY KEY is the rowid itself and never NULL. It is the one primary key that needs no index.
Result<bool> key_is_rowid(Connection& connection, std::string_view table, const Shape& shape) {
  if (shape.primary_key.size() != 1 || shape.rowid.empty()) return false;
  const auto statement = TRY(connection.prepare("SELECT 1 FROM pragma_index_list(?1, 'main') WHERE origin = 'pk'"));
  bind_text(statement.get(), 1, table);
  return !TRY(connection.step(statement.get()));
}

/// Only asked of views and queries: the values of a table are what a SELECT of it gives.
Result<void> read_affinities(Connection& connection, Shape& shape) {
  shape.loose_affinity = TRY(has_loose_affinity(connection, shape.from));
  if (!shape.loose_affinity || !shape.table.empty()) return {};
  const auto index = TRY(find_real_affinity(connection, shape.from, shape.columns.size()));
  if (index) shape.turned_real = shape.columns[*index].name;
  return {};
}

Result<Shape> read_table_shape(Connection& connection, const Relation& relation) {
  if (!relation.schema.empty() && sqlite3_stricmp(relation.schema.c_str(), kSchema.data()) != 0) {
    return fail(ErrorKind::config, fmt::format("there is no schema '{}' in a SQLite file", relation.schema),
                fmt::format("write table: {} or main.{}", relation.table, relation.table));
  }
  const auto found = TRY(find_table(connection, relation.table));
  if (!found) {
    const auto candidates = TRY(query_texts(connection, kAllTables));
    return fail(ErrorKind::permanent, fmt::format("no such table: {}", model::display_name(relation)),
                suggestion(relation.table, candidates));
  }
  const auto& [name, kind] = *found;
  Shape shape{.from = quote_identifier(kSchema) + "." + quote_identifier(name)};
  TRY(read_table_columns(connection, name, shape));
  if (shape.columns.empty()) return fail(ErrorKind::permanent, fmt::format("{} has no columns", name));
  if (kind == "table") shape.table = name;
  TRY(read_affinities(connection, shape));
  if (kind != "table") return shape;
  shape.rowid = find_rowid(connection, shape);
  shape.key_is_rowid = TRY(key_is_rowid(connection, name, shape));
  if (shape.key_is_rowid) {
    for (auto& column : shape.columns) {
      if (column.name == shape.primary_key.front()) column.nullable = false;
    }
  }
  return shape;
}

/// Whether nothing but blanks, comments and semicolons is left.
bool is_blank_sql(Connection& connection, const char* rest) {
  while (*rest != '\0') {
    sqlite3_stmt* statement = nullptr;
    const char* next = rest;
    const int code = sqlite3_prepare_v2(connection.handle(), rest, -1, &statement, &next);
    sqlite3_finalize(statement);
    if (code != SQLITE_OK || statement != nullptr) return false;
    if (next == rest) return true;
    rest = next;
  }
  return true;
}

Result<Statement> prepare_query(Connection& connection, const std::string& query) {
  if (query.find('\0') != std::string::npos) return refuse_query("the query holds a NUL character", "remove it");
  sqlite3_stmt* raw = nullptr;
  const char* rest = nullptr;
  const int code = sqlite3_prepare_v2(connection.handle(), query.c_str(), -1, &raw, &rest);
  if (code != SQLITE_OK) return fail(explain_sql_error(connection, connection.failure(code)));
  Statement statement(raw);
  if (raw == nullptr) return refuse_query("the query is empty", "write one SELECT statement");
  if (!is_blank_sql(connection, rest)) {
    return refuse_query("the query holds more than one statement", "keep one SELECT statement");
  }
  if (sqlite3_stmt_readonly(raw) == 0) {
    return refuse_query("the query would change the database", "an export reads: write one SELECT statement");
  }
  if (sqlite3_column_count(raw) == 0) {
    return refuse_query("the query returns no columns", "write one SELECT statement");
  }
  if (sqlite3_bind_parameter_count(raw) > 0) {
    return refuse_query("the query has bind parameters, which would all be NULL", "write the values into it");
  }
  return statement;
}

/// The statement as a derived table. The line break ends a comment that the query may end in.
std::string in_parentheses(sqlite3_stmt* statement) {
  std::string_view text = sqlite3_sql(statement);
  if (text.ends_with(';')) text.remove_suffix(1);
  return fmt::format("({}\n)", text);
}

Result<Shape> read_query_shape(Connection& connection, const std::string& query) {
  const auto statement = TRY(prepare_query(connection, query));
  Shape shape{.from = in_parentheses(statement.get())};
  std::set<std::string> names;
  for (int i = 0; i < sqlite3_column_count(statement.get()); ++i) {
    const char* name = sqlite3_column_name(statement.get(), i);
    const char* declared = sqlite3_column_decltype(statement.get(), i);
    if (name == nullptr) return fail(ErrorKind::overloaded, "out of memory while reading column names");
    if (!names.insert(name).second) {
      return refuse_query(fmt::format("the query has two columns named '{}'", name),
                          "give one of them another name with AS");
    }
    shape.columns.push_back({name, declared == nullptr ? "" : declared, true});
  }
  read_affinities(connection, shape).ignore("what cannot be a derived table fails where it becomes one");
  return shape;
}

/// Whether all bounds are ranges of the rowid.
bool is_bounded_by_rowid(const Relation& relation, const Shape& shape) {
  const auto& terms = relation.within.terms;
  return std::all_of(terms.begin(), terms.end(), [&](const model::Term& term) {
    const auto* range = std::get_if<model::KeyRange>(&term);
    return range != nullptr && range->columns.size() == 1 && is_rowid(shape, range->columns.front());
  });
}

/// From the first to the last rowid within the bounds, which two looks into the tree find.
Result<std::optional<std::int64_t>> estimate_within(Connection& connection, const Relation& relation,
                                                    const Shape& shape) {
  if (!is_bounded_by_rowid(relation, shape)) return std::optional<std::int64_t>();
  const auto rows = TRY(from_rows(shape, relation, {}));
  const auto end = [&](std::string_view which) -> Result<std::optional<std::int64_t>> {
    const BoundSql sql{fmt::format("SELECT {}({}) {}", which, shape.rowid, rows.text), rows.values};
    const auto statement = TRY(prepare_bound(connection, sql));
    const bool found = TRY(connection.step(statement.get())) && sqlite3_column_type(statement.get(), 0) != SQLITE_NULL;
    return found ? std::optional(sqlite3_column_int64(statement.get(), 0)) : std::nullopt;
  };
  const auto first = TRY(end("min")), last = TRY(end("max"));
  if (!first || !last) return std::optional<std::int64_t>(0);
  const auto span = static_cast<__int128>(*last) - *first + 1;
  const auto most = TRY(analyzed_rows(connection, relation)).value_or(std::numeric_limits<std::int64_t>::max());
  return std::optional(static_cast<std::int64_t>(std::min<__int128>(span, most)));
}

/// Statistics, else the highest rowid, which one look into the tree finds.
Result<std::optional<std::int64_t>> estimate_rows(Connection& connection, const Relation& relation,
                                                  const Shape& shape) {
  if (!relation.is_table()) return std::optional<std::int64_t>();
  if (!relation.within.is_whole()) return estimate_within(connection, relation, shape);
  if (const auto rows = TRY(analyzed_rows(connection, relation))) return rows;
  if (shape.rowid.empty()) return std::optional<std::int64_t>();
  const auto highest = TRY(connection.query_integer(fmt::format("SELECT max({}) FROM {}", shape.rowid, shape.from)));
  if (!highest) return std::optional<std::int64_t>(0);
  return *highest > 0 ? std::optional(*highest) : std::nullopt;
}

/// The column settled by an override. The values must convert exactly, which the read sees to.
Result<void> apply_override(const ShapeColumn& from, const model::LogicalType& wanted, model::Column& column) {
  if (cell_functions(wanted).append == nullptr) {
    return fail(ErrorKind::config, fmt::format("column '{}' cannot be read as {}", from.name, model::to_string(wanted)),
                "SQLite has no lists: use json or text");
  }
  column.type = wanted;
  const bool text_from_other = wanted.kind == model::LogicalKind::text && affinity_of(from.declared) != Affinity::text;
  const bool as_words = text_from_other || wanted.kind == model::LogicalKind::json;
  column.fidelity = as_words ? Fidelity::logical_string : Fidelity::exact;
  return {};
}

struct PendingProbe {
  int index;  // of the column
  ColumnProbe probe;
};

/// Reads rows until all probes are settled. Columns of a table are selected alone, a query runs as it is.
Result<void> run_probes(Connection& connection, const Relation& relation, const Shape& shape,
                        std::vector<PendingProbe>& probes) {
  if (probes.empty()) return {};
  std::vector<int> indexes;
  for (const auto& pending : probes) indexes.push_back(pending.index);
  const bool narrow = relation.is_table();
  const auto statement = TRY(connection.prepare(narrow ? select_columns(shape, indexes, "") : relation.query));
  const auto is_settled = [](const PendingProbe& pending) { return pending.probe.is_settled(); };
  while (!std::all_of(probes.begin(), probes.end(), is_settled)) {
    if (!TRY(connection.step(statement.get()))) break;
    for (std::size_t i = 0; i < probes.size(); ++i) {
      probes[i].probe.see(statement.get(), narrow ? static_cast<int>(i) : probes[i].index);
    }
  }
  return {};
}

Result<model::Columns> settle_types(Connection& connection, const Relation& relation, const Shape& shape,
                                    const model::TypeOverrides& overrides) {
  model::Columns columns;
  std::vector<PendingProbe> probes;
  for (const auto& from : shape.columns) {
    model::Column column{.name = from.name, .native_type = native_type_of(from), .nullable = from.nullable};
    const auto declared = declared_type(from.declared);
    if (const auto wanted = overrides.find(from.name); wanted != overrides.end()) {
      TRY(apply_override(from, wanted->second, column));
    } else if (declared.rule == Declared::Rule::settled) {
      column.type = declared.type;
    } else {
      probes.push_back({static_cast<int>(columns.size()), ColumnProbe(declared, connection.is_utf16())});
    }
    columns.push_back(std::move(column));
  }
  TRY(run_probes(connection, relation, shape, probes));
  for (const auto& pending : probes) pending.probe.conclude(columns[static_cast<std::size_t>(pending.index)]);
  return columns;
}

std::vector<std::string> unknown_overrides(const Relation& relation, const Shape& shape,
                                           const model::TypeOverrides& overrides) {
  std::vector<std::string> names, warnings;
  for (const auto& column : shape.columns) names.push_back(column.name);
  for (const auto& [name, type] : overrides) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    auto warning =
        fmt::format("columns: '{}' is not a column of {} and has no effect", name, model::display_name(relation));
    if (const auto closer = suggestion(name, names); !closer.empty()) warning += "; " + closer;
    warnings.push_back(std::move(warning));
  }
  return warnings;
}

std::string fingerprint_of(const Shape& shape) {
  base::FieldHasher hasher;
  for (const auto& column : shape.columns) {
    hasher.add(column.name).add(native_type_of(column)).add(column.nullable ? "null" : "not null");
  }
  return "xxh3:" + hasher.hex();
}

}  // namespace

Result<std::optional<std::int64_t>> analyzed_rows(Connection& connection, const Relation& relation) {
  const auto statement = connection.prepare("SELECT stat FROM main.sqlite_stat1 WHERE tbl = ?1 COLLATE NOCASE");
  if (!statement) return std::optional<std::int64_t>();  // never analysed: the table does not exist
  bind_text(statement->get(), 1, relation.table);
  std::optional<std::int64_t> rows;
  while (TRY(connection.step(statement->get()))) {
    const auto stat = text_at(statement->get(), 0);
    std::int64_t number = 0;
    const auto parsed = std::from_chars(stat.data(), stat.data() + stat.size(), number);
    if (parsed.ec == std::errc()) rows = std::max(rows.value_or(0), number);
  }
  return rows;
}

bool is_rowid(const Shape& shape, const std::string& name) {
  const auto is = [&](const std::string& other) { return sqlite3_stricmp(name.c_str(), other.c_str()) == 0; };
  return !shape.rowid.empty() && (is(shape.rowid) || (shape.key_is_rowid && is(shape.primary_key.front())));
}

std::string native_type_of(const ShapeColumn& column) {
  return column.declared.empty() ? std::string(kUntyped) : column.declared;
}

std::string select_columns(const Shape& shape, const std::vector<int>& indexes, const std::string& extra) {
  std::string list;
  for (const int index : indexes) {
    if (!list.empty()) list += ", ";
    list += quote_identifier(shape.columns[static_cast<std::size_t>(index)].name);
  }
  if (!extra.empty()) list += ", " + extra;
  return fmt::format("SELECT {} FROM {}", list, shape.from);
}

Result<Shape> read_shape(Connection& connection, const Relation& relation) {
  return relation.is_table() ? read_table_shape(connection, relation) : read_query_shape(connection, relation.query);
}

Result<model::Inventory> describe_relation(Connection& connection, const Relation& relation,
                                           const model::TypeOverrides& overrides) {
  connection.watch(nullptr);
  const auto transaction = TRY(ReadTransaction::begin(connection));
  const auto shape = TRY(read_shape(connection, relation));
  model::Inventory inventory;
  inventory.row_estimate = TRY(estimate_rows(connection, relation, shape));
  inventory.columns = TRY(settle_types(connection, relation, shape, overrides));
  inventory.fingerprint = fingerprint_of(shape);
  inventory.warnings = unknown_overrides(relation, shape, overrides);
  for (const auto& column : inventory.columns) {
    if (!column.warning.empty())
      inventory.warnings.push_back(fmt::format("column {}: {}", column.name, column.warning));
  }
  inventory.keys = TRY(read_keys(connection, shape));
  inventory.indexed = TRY(read_indexed(connection, shape));
  inventory.row_id = TRY(read_row_id(connection, shape));
  return inventory;
}

}  // namespace rivet::source::sqlite
