// SPDX-License-Identifier: Apache-2.0
// Predicates as JSON, one object per term.
#include "model/predicate.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "model/json_fields.hpp"

namespace rivet::model {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::string_view kWhole = "whole";

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

ordered_json bound_to_json(const Bound& bound) { return {{"values", bound.values}, {"inclusive", bound.inclusive}}; }

ordered_json to_json(const Term& term) {
  return std::visit(
      Overloaded{
          [](const KeyRange& range) {
            ordered_json out{{"kind", "key_range"}, {"columns", range.columns}};
            if (range.lower) out["lower"] = bound_to_json(*range.lower);
            if (range.upper) out["upper"] = bound_to_json(*range.upper);
            if (range.coalesced) out["coalesced"] = true;
            return out;
          },
          [](const NullKey& key) {
            ordered_json out{{"kind", "null_key"}, {"columns", key.columns}};
            if (key.coalesced) out["coalesced"] = true;
            return out;
          },
          [](const VersionRange& versions) {
            return ordered_json{{"kind", "versions"}, {"from", versions.from}, {"below", versions.below}};
          },
          [](const PageRange& pages) {
            ordered_json out{{"kind", "pages"}, {"first", pages.first}};
            if (pages.end) out["end"] = *pages.end;
            return out;
          },
          [](const RowNumbers& numbers) {
            return ordered_json{
                {"kind", "row_numbers"}, {"column", numbers.column}, {"first", numbers.first}, {"last", numbers.last}};
          },
      },
      term);
}

std::vector<std::string> read_columns(FieldReader& fields) {
  auto columns = fields.texts("columns");
  if (columns.empty()) fields.refuse("'columns' is empty");
  return columns;
}

std::optional<Bound> read_bound(FieldReader& fields, const char* key, std::size_t columns) {
  if (!fields.has(key)) return std::nullopt;
  auto bound = fields.object(key);
  Bound out{.values = bound.texts("values"), .inclusive = bound.boolean("inclusive")};
  if (out.values.size() != columns) fields.refuse(fmt::format("'{}' has not one value per key column", key));
  return out;
}

Term read_term(FieldReader& fields) {
  const auto kind = fields.text("kind");
  if (kind == "key_range") {
    KeyRange range{.columns = read_columns(fields), .lower = {}, .upper = {}};
    range.coalesced = fields.has("coalesced") && fields.boolean("coalesced");
    const auto width = range.coalesced ? 1 : range.columns.size();
    range.lower = read_bound(fields, "lower", width);
    range.upper = read_bound(fields, "upper", width);
    return range;
  }
  if (kind == "null_key") {
    NullKey key{.columns = read_columns(fields)};
    key.coalesced = fields.has("coalesced") && fields.boolean("coalesced");
    return key;
  }
  if (kind == "versions") return VersionRange{.from = fields.count("from"), .below = fields.count("below")};
  if (kind == "pages") return PageRange{.first = fields.count("first"), .end = fields.optional_count("end")};
  if (kind == "row_numbers") {
    return RowNumbers{.column = fields.text("column"), .first = fields.count("first"), .last = fields.count("last")};
  }
  fields.refuse(fmt::format("a term of kind '{}' is not known to this version", kind));
  return NullKey{};
}

}  // namespace

std::optional<std::pair<Predicate, Predicate>> halves_of(const Predicate& predicate, std::int64_t least) {
  if (predicate.terms.size() != 1) return std::nullopt;
  const auto* range = std::get_if<KeyRange>(&predicate.terms.front());
  if (range == nullptr || range->columns.size() != 1 || !range->lower || !range->upper) return std::nullopt;
  const auto lower = base::to_integer(range->lower->values.front());
  const auto upper = base::to_integer(range->upper->values.front());
  std::int64_t width = 0;
  if (!lower || !upper || *lower >= *upper || __builtin_sub_overflow(*upper, *lower, &width) || width < least) {
    return std::nullopt;
  }
  const Bound middle{.values = {std::to_string(*lower + width / 2)}};
  auto first = *range, second = *range;
  first.upper = middle;
  second.lower = Bound{.values = middle.values, .inclusive = false};
  return std::pair(Predicate{.terms = {std::move(first)}}, Predicate{.terms = {std::move(second)}});
}

std::string to_text(const Predicate& predicate) {
  if (predicate.is_whole()) return std::string(kWhole);
  auto terms = ordered_json::array();
  for (const auto& term : predicate.terms) terms.push_back(to_json(term));
  return dump_json(terms);
}

Result<Predicate> predicate_from_text(std::string_view text) {
  Predicate predicate;
  if (text == kWhole) return predicate;
  const auto terms = TRY(parse_json(text));
  if (!terms.is_array() || terms.empty()) return fail(ErrorKind::data, "a predicate is a list of terms, or 'whole'");
  for (const auto& term : terms) {
    FieldReader fields(term, "predicate term");
    predicate.terms.push_back(read_term(fields));
    TRY(fields.finish());
  }
  return predicate;
}

}  // namespace rivet::model
