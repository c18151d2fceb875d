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

std::vector<std::string> qualified_all(const Quoting& quoting, const std::vector<Field>& fields) {
  std::vector<std::string> out;
  for (const auto& field : fields) out.push_back(qualified(quoting, field.name));
  return out;
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
  const auto fields = TRY(pick_fields(scope.fields, range.columns));
  if (fields.empty()) return fail(ErrorKind::internal, "a range without columns");
  std::vector<std::string> parts;
  if (range.lower) parts.push_back(TRY(bound_condition(scope.quoting, fields, ">", *range.lower)));
  if (range.upper) parts.push_back(TRY(bound_condition(scope.quoting, fields, "<", *range.upper)));
  if (fields.size() > 1 || parts.empty()) parts.push_back(all_present(scope.quoting, fields));
  return fmt::format("{}", fmt::join(parts, " AND "));
}

Result<std::string> null_condition(const PredicateScope& scope, const model::NullKey& key) {
  const auto columns = qualified_all(scope.quoting, TRY(pick_fields(scope.fields, key.columns)));
  if (columns.empty()) return fail(ErrorKind::internal, "a NULL key without columns");
  return fmt::format("({} IS NULL)", fmt::join(columns, " IS NULL OR "));
}

Result<std::string> page_condition(const PredicateScope& scope, const model::PageRange& pages) {
  if (!scope.relation.is_table()) return fail(ErrorKind::config, "a query has no pages of its own to be read by");
  auto out = fmt::format("_rivet.ctid >= '({},0)'::tid", pages.first);
  if (pages.end) out += fmt::format(" AND _rivet.ctid < '({},0)'::tid", *pages.end);
  return out;
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

Result<std::string> numbered_relation(const PredicateScope& scope, const model::RowNumbers& numbers) {
  TRY(pick_fields(scope.fields, {numbers.column}));
  std::vector<std::string> order{qualified(scope.quoting, numbers.column)};
  for (auto& more : tie_breakers(scope, numbers.column)) order.push_back(std::move(more));
  return fmt::format("(SELECT _rivet.*, row_number() OVER (ORDER BY {}) AS {} FROM {}) AS _rivet",
                     fmt::join(order, ", "), scope.quoting.identifier(number_column(scope.fields)),
                     from_item(scope.quoting, scope.relation));
}

Result<std::string> condition(const PredicateScope& scope, const model::Term& term) {
  return std::visit(Overloaded{
                        [&](const model::KeyRange& range) { return range_condition(scope, range); },
                        [&](const model::NullKey& key) { return null_condition(scope, key); },
                        [&](const model::VersionRange&) -> Result<std::string> {
                          return fail(ErrorKind::internal, "row versions are not available");
                        },
                        [&](const model::PageRange& pages) { return page_condition(scope, pages); },
                        [&](const model::RowNumbers& numbers) -> Result<std::string> {
                          return fmt::format("{} BETWEEN {} AND {}",
                                             qualified(scope.quoting, number_column(scope.fields)), numbers.first,
                                             numbers.last);
                        },
                    },
                    term);
}

template <class Term>
std::vector<const Term*> terms_of(const model::Predicate& predicate) {
  std::vector<const Term*> out;
  for (const auto& term : predicate.terms) {
    if (const auto* found = std::get_if<Term>(&term)) out.push_back(found);
  }
  return out;
}

}  // namespace

std::string qualified(const Quoting& quoting, std::string_view column) {
  return "_rivet." + quoting.identifier(column);
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
  return fmt::format("{} {} {}", row_of(qualified_all(quoting, fields)), operation, row_of(right));
}

std::string all_present(const Quoting& quoting, const std::vector<Field>& fields) {
  return fmt::format("{} IS NOT NULL", fmt::join(qualified_all(quoting, fields), " IS NOT NULL AND "));
}

Result<std::string> from_clause(const PredicateScope& scope, const model::Predicate& predicate) {
  auto from = from_item(scope.quoting, scope.relation);
  const auto numbers = terms_of<model::RowNumbers>(predicate);
  if (numbers.size() > 1 || (!numbers.empty() && !terms_of<model::PageRange>(predicate).empty())) {
    return fail(ErrorKind::internal, "row numbers can be combined neither with pages nor with each other");
  }
  if (!numbers.empty()) from = TRY(numbered_relation(scope, *numbers.front()));
  std::vector<std::string> conditions;
  for (const auto& term : predicate.terms) conditions.push_back(TRY(condition(scope, term)));
  if (conditions.empty()) return "FROM " + from;
  return fmt::format("FROM {} WHERE {}", from, fmt::join(conditions, " AND "));
}

}  // namespace rivet::source::postgres
