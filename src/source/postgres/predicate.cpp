// SPDX-License-Identifier: Apache-2.0
// Values are quoted by libpq and cast to the column's own type: indexes and the column's collation apply.
#include "source/postgres/predicate.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rivet::source::postgres {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

std::vector<std::string> values_of(const Quoting& quoting, const std::vector<Field>& fields) {
  std::vector<std::string> out;
  for (const auto& field : fields) out.push_back(value_of(quoting, field));
  return out;
}

/// The columns of a key, or the one field that they make together.
Result<std::vector<Field>> key_of(const PredicateScope& scope, const std::vector<std::string>& columns,
                                  bool coalesced) {
  auto fields = TRY(pick_fields(scope.fields, columns));
  if (!coalesced || fields.size() < 2) return fields;
  const auto* field = find_field(scope.coalesced, coalesce_of(scope.quoting, columns));
  if (field == nullptr) return fail(ErrorKind::internal, "a coalesced key that was not described");
  return std::vector<Field>{*field};
}

std::string row_of(const std::vector<std::string>& expressions) {
  return expressions.size() == 1 ? expressions.front() : fmt::format("({})", fmt::join(expressions, ", "));
}

Error not_on_search_path(const Field& field) {
  return {
      .kind = ErrorKind::config,
      .message = fmt::format("the type {} of column \"{}\" is compared by operators of schema {}, which is not on the "
                             "search path, so that a key of several columns cannot be compared",
                             field.type.name, field.name, field.operator_schema),
      .hint = "add that schema to the search path of the source's user: ALTER ROLE ... SET search_path"};
}

Result<std::string> bound_condition(const Quoting& quoting, const std::vector<Field>& fields, std::string_view sign,
                                    const model::Bound& bound) {
  if (bound.values.size() != fields.size()) return fail(ErrorKind::internal, "a bound without one value per column");
  std::vector<std::string> literals;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    literals.push_back(TRY(typed_literal(quoting, fields[i], bound.values[i])));
  }
  return comparison(quoting, fields, bound.inclusive ? fmt::format("{}=", sign) : std::string(sign), literals);
}

/// A row comparison is decided by the first columns that differ, so it says nothing about NULLs behind them.
Result<std::string> range_condition(const PredicateScope& scope, const model::KeyRange& range) {
  const auto fields = TRY(key_of(scope, range.columns, range.coalesced));
  if (fields.empty()) return fail(ErrorKind::internal, "a range without columns");
  std::vector<std::string> parts;
  if (range.lower) parts.push_back(TRY(bound_condition(scope.quoting, fields, ">", *range.lower)));
  if (range.upper) parts.push_back(TRY(bound_condition(scope.quoting, fields, "<", *range.upper)));
  if (fields.size() > 1 || parts.empty()) parts.push_back(all_present(scope.quoting, fields));
  return fmt::format("{}", fmt::join(parts, " AND "));
}

Result<std::string> null_condition(const PredicateScope& scope, const model::NullKey& key) {
  const auto columns = values_of(scope.quoting, TRY(key_of(scope, key.columns, key.coalesced)));
  if (columns.empty()) return fail(ErrorKind::internal, "a NULL key without columns");
  return fmt::format("({} IS NULL)", fmt::join(columns, " IS NULL OR "));
}

Result<std::string> page_condition(const PredicateScope& scope, const model::PageRange& pages) {
  if (!scope.relation.is_table()) return fail(ErrorKind::config, "a query has no pages of its own to be read by");
  auto out = fmt::format("_rivet.ctid >= '({},0)'::tid", pages.first);
  if (pages.end) out += fmt::format(" AND _rivet.ctid < '({},0)'::tid", *pages.end);
  return out;
}

constexpr std::int64_t kNumbers = std::int64_t{1} << 32;  // before the bits of an id come again
constexpr std::int64_t kNear = kNumbers / 4;              // where age() cannot have wrapped

/// age() counts from a number of its own, later than the snapshot's: `offset` behind the snapshot's end.
std::string age_at(std::int64_t next, std::int64_t offset) {
  return fmt::format("(SELECT age('{}'::xid)::bigint + {})", next % kNumbers, offset);
}

/// For distances that age() spells as they are. Behind 2^31 it is negative, and greatest for the permanent ids.
std::string near_versions(std::int64_t next, std::int64_t least, std::optional<std::int64_t> most) {
  const auto above = fmt::format("age(_rivet.xmin) > {}", age_at(next, least));
  if (!most) return fmt::format("({} OR age(_rivet.xmin) < 0)", above);
  return fmt::format("{} AND age(_rivet.xmin) <= {}", above, age_at(next, *most));
}

std::string far_versions(std::int64_t next, std::int64_t least, std::optional<std::int64_t> most) {
  const auto distance = fmt::format("((age(_rivet.xmin)::bigint - {}) & {})", age_at(next, 0), kNumbers - 1);
  if (!most) return fmt::format("({} > {} OR _rivet.xmin = ANY ('{{0,1,2}}'::xid[]))", distance, least);
  return fmt::format("{} BETWEEN {} AND {} AND _rivet.xmin <> ALL ('{{0,1,2}}'::xid[])", distance, least + 1, *most);
}

/// By the distance of the row's number from the snapshot's end: more than `least`, and at most `most`.
Result<std::string> version_condition(const PredicateScope& scope, const model::VersionRange& range) {
  if (!scope.next_version) {
    return fail(
        ErrorKind::config,
        model::display_name(scope.relation) + " has no rows that could be told apart by the transaction that made them",
        "only tables and materialized views have such rows, stored as a heap");
  }
  const auto next = *scope.next_version;
  const auto least = std::max<std::int64_t>(next - range.below, -1);
  const auto most = range.from > 0 ? std::optional(next - range.from) : std::nullopt;
  if (!most && least < 0) return "true";
  if (most && *most <= least) return "false";
  const bool is_near = least < kNear && most.value_or(0) < kNear;
  return is_near ? near_versions(next, least, most) : far_versions(next, least, most);
}

/// A name for the row numbers that no column has.
std::string number_column(const std::vector<Field>& fields) {
  std::string name = "_rivet_chunk_rn";
  while (find_field(fields, name) != nullptr) name += "_";
  return name;
}

/// What comes behind the column in the order, so that equal values of it do not swap between two reads.
std::vector<std::string> tie_breakers(const PredicateScope& scope, const std::string& column) {
  const auto key = std::find_if(scope.keys.begin(), scope.keys.end(), [](const auto& k) { return !k.nullable; });
  if (key == scope.keys.end()) return {"hashtextextended((_rivet.*)::text, 0)"};
  std::vector<std::string> out;
  for (const auto& name : key->columns) {
    if (name != column) out.push_back(qualified(scope.quoting, name));
  }
  return out;
}

Result<std::string> numbered_relation(const PredicateScope& scope, const RowSource& rows,
                                      const model::RowNumbers& numbers) {
  TRY(pick_fields(scope.fields, {numbers.column}));
  std::vector<std::string> order{qualified(scope.quoting, numbers.column)};
  for (auto& more : tie_breakers(scope, numbers.column)) order.push_back(std::move(more));
  return fmt::format("(SELECT _rivet.*, row_number() OVER (ORDER BY {}) AS {} {}) AS _rivet", fmt::join(order, ", "),
                     scope.quoting.identifier(number_column(scope.fields)), from_rows(rows, {}));
}

Result<std::string> condition(const PredicateScope& scope, const model::Term& term) {
  return std::visit(Overloaded{
                        [&](const model::KeyRange& range) { return range_condition(scope, range); },
                        [&](const model::NullKey& key) { return null_condition(scope, key); },
                        [&](const model::VersionRange& versions) { return version_condition(scope, versions); },
                        [&](const model::PageRange& pages) { return page_condition(scope, pages); },
                        [&](const model::RowNumbers& numbers) -> Result<std::string> {
                          return fmt::format("{} BETWEEN {} AND {}",
                                             qualified(scope.quoting, number_column(scope.fields)), numbers.first,
                                             numbers.last);
                        },
                    },
                    term);
}

Result<std::vector<std::string>> conditions_of(const PredicateScope& scope, const model::Predicate& predicate) {
  std::vector<std::string> out;
  for (const auto& term : predicate.terms) out.push_back(TRY(condition(scope, term)));
  return out;
}

template <class Term>
std::vector<const Term*> terms_of(const model::Predicate& predicate) {
  std::vector<const Term*> out;
  for (const auto& term : predicate.terms) {
    if (const auto* found = std::get_if<Term>(&term)) out.push_back(found);
  }
  return out;
}

/// The row numbers among the terms, if any. Numbered rows are no longer those of the table.
Result<const model::RowNumbers*> find_numbers(const model::Predicate& predicate) {
  const auto numbers = terms_of<model::RowNumbers>(predicate);
  if (numbers.empty()) return nullptr;
  if (numbers.size() > 1 || !terms_of<model::PageRange>(predicate).empty() ||
      !terms_of<model::VersionRange>(predicate).empty()) {
    return fail(ErrorKind::internal, "row numbers can be combined with keys only");
  }
  return numbers.front();
}

}  // namespace

std::string qualified(const Quoting& quoting, std::string_view column) {
  return "_rivet." + quoting.identifier(column);
}

std::string value_of(const Quoting& quoting, const Field& field) {
  return field.expression.empty() ? qualified(quoting, field.name) : field.expression;
}

std::string coalesce_of(const Quoting& quoting, const std::vector<std::string>& columns) {
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(qualified(quoting, column));
  return fmt::format("COALESCE({})", fmt::join(names, ", "));
}

Result<std::string> typed_literal(const Quoting& quoting, const Field& field, std::string_view text) {
  const auto literal = quoting.literal(text);
  if (literal.empty()) {
    return fail(ErrorKind::data, fmt::format("a key value of column \"{}\" is not valid UTF-8", field.name));
  }
  return fmt::format("{}::{}", literal, field.literal_type);
}

Result<std::string> comparison(const Quoting& quoting, const std::vector<Field>& fields, std::string_view sign,
                               const std::vector<std::string>& right) {
  std::string operation(sign);
  for (const auto& field : fields) {
    if (field.operator_schema.empty()) continue;
    if (fields.size() > 1) return fail(not_on_search_path(field));
    operation = fmt::format("OPERATOR({}.{})", field.operator_schema, sign);
  }
  return fmt::format("{} {} {}", row_of(values_of(quoting, fields)), operation, row_of(right));
}

std::string all_present(const Quoting& quoting, const std::vector<Field>& fields) {
  return fmt::format("{} IS NOT NULL", fmt::join(values_of(quoting, fields), " IS NOT NULL AND "));
}

Result<RowSource> row_source(const PredicateScope& scope) {
  const auto& within = scope.relation.within;
  if (terms_of<model::KeyRange>(within).size() + terms_of<model::NullKey>(within).size() != within.terms.size()) {
    return fail(ErrorKind::internal, "a relation can be bounded by keys only");
  }
  return RowSource{.item = from_item(scope.quoting, scope.relation),
                   .condition = fmt::format("{}", fmt::join(TRY(conditions_of(scope, within)), " AND "))};
}

std::string from_rows(const RowSource& rows, std::vector<std::string> conditions) {
  if (!rows.condition.empty()) conditions.insert(conditions.begin(), rows.condition);
  if (conditions.empty()) return "FROM " + rows.item;
  return fmt::format("FROM {} WHERE {}", rows.item, fmt::join(conditions, " AND "));
}

Result<std::string> from_clause(const PredicateScope& scope, const model::Predicate& predicate) {
  auto rows = TRY(row_source(scope));
  if (const auto* numbers = TRY(find_numbers(predicate))) {
    rows = {.item = TRY(numbered_relation(scope, rows, *numbers)), .condition = ""};
  }
  return from_rows(rows, TRY(conditions_of(scope, predicate)));
}

}  // namespace rivet::source::postgres
