// SPDX-License-Identifier: Apache-2.0
// The proof looks at the units alone, not at how they were made.
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.hpp"

#include "plan/units.hpp"

namespace rivet::plan {
namespace {

using Shape = Strategy::Shape;
using model::KeyRange;
using model::Unit;

tl::unexpected<Error> broken(const Unit& unit, std::string_view what) {
  return fail(ErrorKind::internal, fmt::format("the units do not tile the relation: unit {} {}", unit.index, what));
}

/// The only term of a unit, when it is of this kind.
template <class Term>
const Term* term_of(const Unit& unit) {
  return unit.predicate.terms.size() == 1 ? std::get_if<Term>(&unit.predicate.terms.front()) : nullptr;
}

std::optional<std::int64_t> number(const std::optional<model::Bound>& bound) {
  if (!bound || bound->values.size() != 1) return std::nullopt;
  return base::to_integer(bound->values.front());
}

/// The ranges, without the unit for rows that have no key, which must be the last one and there when it is needed.
Result<std::vector<const KeyRange*>> ranges_of(const Strategy& strategy, const KeyFacts& facts,
                                               const std::vector<Unit>& units) {
  std::vector<const KeyRange*> ranges;
  bool null_seen = false;
  for (const auto& unit : units) {
    const auto* range = term_of<KeyRange>(unit);
    const auto* null_key = term_of<model::NullKey>(unit);
    if (null_seen) return broken(unit, "follows the one for rows without a key");
    if (range == nullptr && null_key == nullptr) return broken(unit, "is neither a range nor the rows without a key");
    if ((range != nullptr ? range->columns : null_key->columns) != strategy.key) return broken(unit, "has another key");
    if (range != nullptr) ranges.push_back(range);
    null_seen = null_key != nullptr;
  }
  if (facts.extent.has_null && !null_seen)
    return broken(units.back(), "is the last, and none has the rows without a key");
  return ranges;
}

std::string null_clause(const KeyFacts& facts) { return facts.extent.has_null ? ", then the rows without a key" : ""; }

Result<std::string> prove_windows(const Strategy& strategy, const KeyFacts& facts, const std::vector<Unit>& units) {
  const auto ranges = TRY(ranges_of(strategy, facts, units));
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const auto lower = number(ranges[i]->lower), upper = number(ranges[i]->upper);
    const bool last = i + 1 == ranges.size();
    if (!lower || !upper || !ranges[i]->lower->inclusive || ranges[i]->upper->inclusive != last ||
        (last ? *upper < *lower : *upper <= *lower)) {
      return broken(units[i], "is no window of integers");
    }
    if (i > 0 && *lower != *number(ranges[i - 1]->upper))
      return broken(units[i], "does not begin where its neighbour ends");
  }
  if (ranges.empty() || ranges.front()->lower->values != *facts.extent.first ||
      ranges.back()->upper->values != *facts.extent.last) {
    return broken(units.front(), "and the last do not reach the ends of the key");
  }
  return fmt::format("{} windows of {} from {} to {}, each beginning where its neighbour ends{}", ranges.size(),
                     strategy.key.front(), ranges.front()->lower->values.front(), ranges.back()->upper->values.front(),
                     null_clause(facts));
}

/// Ranges whose ends are the server's: neighbours share the boundary, which belongs to one of them.
Result<std::string> prove_ranges(const Strategy& strategy, const KeyFacts& facts, const std::vector<Unit>& units,
                                 bool open_ends) {
  const auto ranges = TRY(ranges_of(strategy, facts, units));
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const bool made_up = !open_ends && ranges[i]->lower && ranges[i]->upper;  // by us, so the order is ours to check
    if (made_up && ranges[i]->lower->values >= ranges[i]->upper->values)
      return broken(units[i], "ends before it begins");
    if (i == 0) continue;
    const auto& before = ranges[i - 1]->upper;
    const auto& after = ranges[i]->lower;
    if (!before || !after || before->values != after->values || before->inclusive == after->inclusive) {
      return broken(units[i], "does not begin where its neighbour ends");
    }
  }
  if (ranges.empty() || (open_ends && (ranges.front()->lower || ranges.back()->upper))) {
    return broken(units.front(), "or the last has no open end");
  }
  return fmt::format("{} ranges of {}, {}; neighbours share a boundary that belongs to one of them{}", ranges.size(),
                     fmt::join(strategy.key, ", "),
                     open_ends ? "open at both ends" : "from the first day to after the last", null_clause(facts));
}

Result<std::string> prove_window(const Strategy& strategy, const std::vector<Unit>& units) {
  auto reached = model::Bound{strategy.from, true};
  for (const auto& unit : units) {
    const auto* range = term_of<KeyRange>(unit);
    if (range == nullptr || range->columns != strategy.key) return broken(unit, "is no range of the time column");
    if (range->lower != reached || !range->upper) return broken(unit, "does not begin where its neighbour ends");
    reached = {range->upper->values, false};
  }
  return fmt::format(
      "{} ranges of {} from {} to {}, closed at both ends; neighbours share a boundary that belongs to one",
      units.size(), strategy.key.front(), strategy.from.front(), reached.values.front());
}

Result<std::string> prove_pages(const std::vector<Unit>& units) {
  std::optional<std::int64_t> expected = 0;
  for (const auto& unit : units) {
    const auto* pages = term_of<model::PageRange>(unit);
    if (pages == nullptr || !expected || pages->first != *expected) return broken(unit, "leaves a gap of pages");
    expected = pages->end;
  }
  if (expected) return broken(units.back(), "does not reach the last page");
  return fmt::format("{} page ranges from 0 to the end of the table, under one snapshot, in which a row has one page",
                     units.size());
}

Result<std::string> prove_numbers(const KeyFacts& facts, const std::vector<Unit>& units) {
  std::int64_t next = 1;
  for (const auto& unit : units) {
    const auto* numbers = term_of<model::RowNumbers>(unit);
    if (numbers == nullptr || numbers->first != next || numbers->last < numbers->first)
      return broken(unit, "leaves a gap");
    next = numbers->last + 1;
  }
  if (next != facts.rows + 1) return broken(units.back(), "does not reach the last row");
  return fmt::format("positions 1 to {} without a gap; a position is only as stable as the order of the rows",
                     facts.rows);
}

}  // namespace

Result<std::string> prove_tiling(const Strategy& strategy, const KeyFacts& facts, const std::vector<Unit>& units) {
  if (units.empty()) return fail(ErrorKind::internal, "a plan without units");
  if (units.size() == 1 && units.front().predicate.is_whole()) return "one unit holds every row";
  switch (strategy.shape) {
    case Shape::integer_windows: return prove_windows(strategy, facts, units);
    case Shape::key_ranges: return prove_ranges(strategy, facts, units, true);
    case Shape::days: return prove_ranges(strategy, facts, units, false);
    case Shape::pages: return prove_pages(units);
    case Shape::row_numbers: return prove_numbers(facts, units);
    case Shape::window: return prove_window(strategy, units);
    case Shape::whole:
    case Shape::delta: break;
  }
  return fail(ErrorKind::internal, "several units for the whole relation");
}

}  // namespace rivet::plan
