// SPDX-License-Identifier: Apache-2.0
// Spells terms as SQL.
#include "source/sqlite/predicate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

namespace rivet::source::sqlite {
namespace {

using model::RowNumbers;

bool is_one_value(const model::KeyColumns& key) { return key.coalesced || key.columns.size() == 1; }

Result<void> require_fit(const model::KeyColumns& key, const std::optional<model::Bound>& bound) {
  if (!bound || bound->values.size() == (is_one_value(key) ? 1 : key.columns.size())) return {};
  return fail(ErrorKind::data,
              fmt::format("a bound of {} values for the key ({})", bound->values.size(), fmt::join(key.columns, ", ")));
}

/// `a`, or `(a, b)`.
std::string row_value(const std::vector<std::string>& parts) {
  return parts.size() == 1 ? parts.front() : fmt::format("({})", fmt::join(parts, ", "));
}

/// Collects the conditions of all terms.
class Conditions {
 public:
  explicit Conditions(const Shape& shape) : shape_(shape) {}

  Result<void> operator()(const model::KeyRange& range) {
    const model::KeyColumns key(range.columns, range.coalesced);
    const auto columns = TRY(key_expressions(shape_, key));
    TRY(require_fit(key, range.lower));
    TRY(require_fit(key, range.upper));
    if (range.lower) TRY(compare(columns, range.lower->inclusive ? ">=" : ">", *range.lower));
    if (range.upper) TRY(compare(columns, range.upper->inclusive ? "<=" : "<", *range.upper));
    // A comparison decides over NULL in the first column alone: later ones may not be looked at.
    const std::size_t decided = range.lower || range.upper ? 1 : 0;
    for (auto i = decided; i < columns.size(); ++i) add(columns[i] + " IS NOT NULL");
    return {};
  }

  Result<void> operator()(const model::NullKey& key) {
    const auto columns = TRY(key_expressions(shape_, {key.columns, key.coalesced}));
    add(fmt::format("({} IS NULL)", fmt::join(columns, " IS NULL OR ")));
    return {};
  }

  Result<void> operator()(const model::VersionRange&) {
    return fail(ErrorKind::config, "SQLite keeps no record of which transaction made a row");
  }

  Result<void> operator()(const model::PageRange&) {
    return fail(ErrorKind::config, "a SQLite table cannot be read by pages", "split it by a key or by its rowid");
  }

  Result<void> operator()(const RowNumbers& numbers) {
    if (numbers_) return fail(ErrorKind::data, "two conditions on the row number");
    numbers_ = numbers;
    return {};
  }

  const std::vector<std::string>& all() const { return conditions_; }
  std::vector<KeyValue> take_values() { return std::move(values_); }
  const std::optional<RowNumbers>& numbers() const { return numbers_; }

 private:
  void add(std::string condition) { conditions_.push_back(std::move(condition)); }

  Result<void> compare(const std::vector<std::string>& columns, std::string_view sign, const model::Bound& bound) {
    for (const auto& value : bound.values) values_.push_back(TRY(parse_key_value(value)));
    auto operands = columns;
    // A plus sign takes the affinity away and leaves the collation, at the price of indexes.
    for (auto& operand : operands) operand.insert(0, shape_.loose_affinity ? "+" : "");
    const std::vector<std::string> marks(columns.size(), "?");
    add(fmt::format("{} {} {}", row_value(operands), sign, row_value(marks)));
    return {};
  }

  const Shape& shape_;
  std::vector<std::string> conditions_;
  std::vector<KeyValue> values_;
  std::optional<RowNumbers> numbers_;
};

bool has_column(const Shape& shape, std::string_view name) {
  return std::any_of(shape.columns.begin(), shape.columns.end(), [&](const auto& column) {
    return sqlite3_stricmp(column.name.c_str(), std::string(name).c_str()) == 0;
  });
}

std::string qualified(std::string_view name) { return fmt::format("\"{}\".{}", kAlias, quote_identifier(name)); }

/// A name that no column has.
std::string number_column(const Shape& shape) {
  std::string name = "_rivet_chunk_rn";
  while (has_column(shape, name)) name += '_';
  return name;
}

/// By the key, then by what tells rows with equal keys apart, so that every statement numbers them alike.
std::string number_order(const Shape& shape, const std::string& key) {
  if (!shape.rowid.empty()) return fmt::format("{}, {}", key, qualified(shape.rowid));
  auto rest = shape.primary_key;
  if (rest.empty()) {
    for (const auto& column : shape.columns) rest.push_back(column.name);
  }
  std::string order = key;
  for (const auto& name : rest) order += fmt::format(", {} COLLATE BINARY", qualified(name));
  return order;
}

/// The rows with one more column, their number, and the rowid under its own name.
Result<std::string> numbered(const Shape& shape, const BoundSql& rows, const RowNumbers& numbers) {
  const auto key = TRY(key_column(shape, numbers.column));
  const auto rowid = shape.rowid.empty()
                         ? std::string()
                         : fmt::format("{} AS {}, ", qualified(shape.rowid), quote_identifier(shape.rowid));
  return fmt::format("(SELECT *, {}ROW_NUMBER() OVER (ORDER BY {}) AS {} {})", rowid, number_order(shape, key),
                     number_column(shape), rows.text);
}

std::string select_list(const Shape& shape, const model::Relation& relation, bool with_rowid) {
  if (!relation.is_table()) return "*";
  std::string list;
  for (const auto& column : shape.columns) list += (list.empty() ? "" : ", ") + qualified(column.name);
  return with_rowid ? list + ", " + qualified(shape.rowid) : list;
}

std::string where(const std::vector<std::string>& conditions) {
  return conditions.empty() ? std::string() : fmt::format(" WHERE {}", fmt::join(conditions, " AND "));
}

bool is_key_term(const model::Term& term) {
  return std::holds_alternative<model::KeyRange>(term) || std::holds_alternative<model::NullKey>(term);
}

/// The conditions of the relation's bounds.
Result<Conditions> bounds_of(const Shape& shape, const model::Relation& relation) {
  const auto& within = relation.within;
  if (!within.is_whole()) TRY(require_cuttable(shape));
  Conditions conditions(shape);
  if (!std::all_of(within.terms.begin(), within.terms.end(), is_key_term)) {
    return fail(ErrorKind::internal, "a relation can be bounded by keys only");
  }
  for (const auto& term : within.terms) TRY(std::visit(conditions, term));
  return conditions;
}

}  // namespace

Result<void> require_cuttable(const Shape& shape) {
  if (shape.turned_real.empty()) return {};
  return fail(ErrorKind::config,
              fmt::format("column '{0}' is a REAL in the first SELECT of a UNION: SQLite would turn "
                          "integers of the others into reals when the rows are read in units",
                          shape.turned_real),
              fmt::format("write +{0} AS {0} in the first SELECT, or read everything in one unit",
                          quote_identifier(shape.turned_real)));
}

Result<std::string> key_column(const Shape& shape, std::string_view name) {
  const std::string text(name);
  const bool is_rowid = !shape.rowid.empty() && sqlite3_stricmp(shape.rowid.c_str(), text.c_str()) == 0;
  if (is_rowid || has_column(shape, name)) return qualified(name);
  return fail(ErrorKind::permanent, fmt::format("no such column: {}", name));
}

Result<std::vector<std::string>> key_columns(const Shape& shape, const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (const auto& name : names) out.push_back(TRY(key_column(shape, name)));
  return out;
}

Result<std::vector<std::string>> key_expressions(const Shape& shape, const model::KeyColumns& key) {
  if (key.empty()) return fail(ErrorKind::data, "a key without columns");
  auto columns = TRY(key_columns(shape, key.columns));
  if (!key.coalesced || columns.size() == 1) return columns;
  return std::vector<std::string>{fmt::format("COALESCE({}) COLLATE BINARY", fmt::join(columns, ", "))};
}

Result<BoundSql> from_rows(const Shape& shape, const model::Relation& relation,
                           const std::vector<std::string>& conditions) {
  auto bounds = TRY(bounds_of(shape, relation));
  auto all = bounds.all();
  all.insert(all.end(), conditions.begin(), conditions.end());
  return BoundSql{fmt::format("FROM {} AS \"{}\"{}", shape.from, kAlias, where(all)), bounds.take_values()};
}

Result<BoundSql> select_rows(const Shape& shape, const model::Relation& relation, const model::Predicate& predicate,
                             bool with_rowid) {
  if (predicate.is_whole() && relation.within.is_whole() && !relation.is_table()) return BoundSql{relation.query};
  if (!predicate.is_whole()) TRY(require_cuttable(shape));
  Conditions conditions(shape);
  for (const auto& term : predicate.terms) TRY(std::visit(conditions, term));
  auto all = conditions.all();
  const auto& numbers = conditions.numbers();
  auto rows = TRY(from_rows(shape, relation, numbers ? std::vector<std::string>() : all));
  if (numbers) {
    all.push_back(fmt::format("{} BETWEEN {} AND {}", number_column(shape), numbers->first, numbers->last));
    rows.text = fmt::format("FROM {} AS \"{}\"{}", TRY(numbered(shape, rows, *numbers)), kAlias, where(all));
  }
  for (auto& value : conditions.take_values()) rows.values.push_back(std::move(value));
  rows.text = fmt::format("SELECT {} {}", select_list(shape, relation, with_rowid), rows.text);
  return rows;
}

Result<Statement> prepare_bound(Connection& connection, const BoundSql& sql) {
  auto statement = TRY(connection.prepare(sql.text));
  for (std::size_t i = 0; i < sql.values.size(); ++i) {
    TRY(bind_key_value(connection, statement.get(), static_cast<int>(i) + 1, sql.values[i]));
  }
  return statement;
}

}  // namespace rivet::source::sqlite
