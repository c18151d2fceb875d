// SPDX-License-Identifier: Apache-2.0
// Windows and ranges. Arithmetic is 128 bits wide: keys reach to both ends of 64.
#include "plan/units.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.hpp"
#include "model/ranges.hpp"
#include "plan/delta.hpp"
#include "plan/keys.hpp"

namespace rivet::plan {
namespace {

using Shape = Strategy::Shape;
using model::Bound;
using model::KeyRange;
using model::KeyValues;
using model::Unit;
using Wide = __int128;

// Below this many windows a sparse key costs little.
constexpr std::int64_t kSparseWindows = 64, kSparseFactor = 4;
// Smaller pieces of a table cost more in statements than they win.
constexpr std::int64_t kMinPagesPerUnit = 64;

std::string display(const KeyValues& values) { return fmt::format("{}", fmt::join(values, ", ")); }

/// Appends units and numbers them.
class UnitList {
 public:
  void add(model::Term term, std::string start, std::string end, std::string reason) {
    units_.push_back({.index = static_cast<int>(units_.size()),
                      .predicate = {{std::move(term)}},
                      .start_key = std::move(start),
                      .end_key = std::move(end),
                      .reason = std::move(reason)});
  }
  void add_ranges(std::vector<KeyRange> ranges, const std::string& reason) {
    for (auto& range : ranges) {
      auto start = range.lower ? display(range.lower->values) : "";
      auto end = range.upper ? display(range.upper->values) : "";
      add(std::move(range), std::move(start), std::move(end), reason);
    }
  }
  void add_whole(std::string reason) {
    units_.push_back({.index = static_cast<int>(units_.size()), .predicate = {}, .reason = std::move(reason)});
  }
  void add_null_key(const Strategy& strategy, const KeyFacts& facts) {
    if (!facts.extent.has_null) return;
    add(model::NullKey{strategy.key}, "", "", fmt::format("rows without {}", fmt::join(strategy.key, ", ")));
  }
  std::vector<Unit> take() { return std::move(units_); }

 private:
  std::vector<Unit> units_;
};

Result<void> check_count(Wide units) {
  if (units <= kMaxUnits) return {};
  return fail(ErrorKind::config, fmt::format("more than {} chunks", kMaxUnits),
              "raise chunk_size, or use chunk_by_key");
}

Result<std::int64_t> integer_of(const Strategy& strategy, const KeyValues& values) {
  const auto& text = values.front();
  if (const auto value = base::to_integer(text)) return *value;
  return fail(ErrorKind::permanent,
              fmt::format("the key {} reaches to {}, which is no 64-bit integer", strategy.key.front(), text),
              "use chunk_by_key, which takes any type");
}

Result<void> check_sparse(const Strategy& strategy, Wide windows) {
  if (windows < kSparseWindows || strategy.densest == 0) return {};
  if (windows < static_cast<Wide>(kSparseFactor) * strategy.densest) return {};
  return fail(ErrorKind::config,
              fmt::format("{} has so many holes that {:.0f} chunks would be needed instead of {}", strategy.key.front(),
                          static_cast<double>(windows), strategy.densest),
              "use chunk_by_key, which cuts by rows; or set chunk_count, or chunk_dense: true");
}

Result<std::vector<Unit>> integer_windows(const Strategy& strategy, const KeyFacts& facts) {
  UnitList units;
  if (!facts.extent.first) {
    units.add_whole("no row had a key when this was planned");
    return units.take();
  }
  const Wide least = TRY(integer_of(strategy, *facts.extent.first));
  const Wide greatest = TRY(integer_of(strategy, *facts.extent.last));
  const Wide span = greatest - least + 1;
  const Wide step = strategy.step > 0 ? strategy.step : (span + strategy.units - 1) / strategy.units;
  const Wide windows = (span + step - 1) / step;
  TRY(check_sparse(strategy, windows));
  TRY(check_count(windows));
  for (Wide from = least; from <= greatest; from += step) {
    const auto first = std::to_string(static_cast<std::int64_t>(from));
    const bool is_last = from + step > greatest;
    const auto last = std::to_string(static_cast<std::int64_t>(is_last ? greatest : from + step - 1));
    // Half open between windows: a loosely typed column may hold 2.5, which must meet the reader, not a gap.
    auto upper = is_last ? Bound{{last}, true} : Bound{{std::to_string(static_cast<std::int64_t>(from + step))}, false};
    units.add(KeyRange{.columns = strategy.key, .lower = Bound{{first}, true}, .upper = std::move(upper)}, first, last,
              strategy.reason);
  }
  units.add_null_key(strategy, facts);
  return units.take();
}

Result<std::vector<Unit>> key_ranges(const Strategy& strategy, const KeyFacts& facts) {
  UnitList units;
  TRY(check_count(static_cast<Wide>(facts.split_points.size()) + 1));
  if (facts.split_points.empty() && !facts.extent.has_null) {
    units.add_whole(strategy.reason);
    return units.take();
  }
  units.add_ranges(model::ranges_between({strategy.key}, {}, facts.split_points, {}), strategy.reason);
  units.add_null_key(strategy, facts);
  return units.take();
}

/// Like key_ranges, but within closed ends, and without the rows that have no time.
Result<std::vector<Unit>> window(const Strategy& strategy, const KeyFacts& facts) {
  UnitList units;
  // Without a row the range is empty: [from, from).
  const auto upper = facts.extent.last ? Bound{*facts.extent.last, true} : Bound{strategy.from, false};
  units.add_ranges(model::ranges_between({strategy.key}, Bound{strategy.from, true}, facts.split_points, upper),
                   strategy.reason);
  return units.take();
}

Result<std::vector<Unit>> days(const Strategy& strategy, const KeyFacts& facts) {
  UnitList units;
  if (!facts.extent.first) {
    units.add_whole("no row had a key when this was planned");
    return units.take();
  }
  const auto first = TRY(day_of(strategy.key.front(), *facts.extent.first));
  const auto last = TRY(day_of(strategy.key.front(), *facts.extent.last));
  const auto step = std::chrono::days(strategy.step);
  TRY(check_count((last - first).count() / strategy.step + 1));
  for (auto from = first; from <= last; from += step) {
    const auto start = text_of(from);
    std::optional<Bound> upper;
    if (from + step <= kLastDay) upper = Bound{{text_of(from + step)}, false};
    const auto end = upper ? upper->values.front() : "";
    units.add(KeyRange{.columns = strategy.key, .lower = Bound{{start}, true}, .upper = std::move(upper)}, start, end,
              strategy.reason);
  }
  units.add_null_key(strategy, facts);
  return units.take();
}

Result<std::vector<Unit>> row_numbers(const Strategy& strategy, const KeyFacts& facts) {
  UnitList units;
  const auto windows = (facts.rows + strategy.step - 1) / strategy.step;
  TRY(check_count(windows));
  for (std::int64_t first = 1; first <= facts.rows; first += strategy.step) {
    const auto last = std::min(first + strategy.step - 1, facts.rows);
    units.add(model::RowNumbers{.column = strategy.key.front(), .first = first, .last = last}, std::to_string(first),
              std::to_string(last), strategy.reason);
  }
  if (facts.rows == 0) units.add_whole("there was no row when this was planned");
  return units.take();
}

Result<std::vector<Unit>> pages(const Strategy& strategy, const KeyFacts& facts) {
  UnitList units;
  const auto wanted = std::clamp<std::int64_t>(facts.pages / kMinPagesPerUnit, 1, strategy.units);
  const auto step = std::max<std::int64_t>((facts.pages + wanted - 1) / wanted, 1);
  for (std::int64_t i = 0; i < wanted; ++i) {
    const bool last = i + 1 == wanted;
    const std::optional<std::int64_t> end = last ? std::nullopt : std::optional((i + 1) * step);
    units.add(model::PageRange{.first = i * step, .end = end}, std::to_string(i * step),
              end ? std::to_string(*end) : "", strategy.reason);
  }
  return units.take();
}

}  // namespace

Result<std::vector<Unit>> make_units(const Strategy& strategy, const KeyFacts& facts) {
  switch (strategy.shape) {
    case Shape::integer_windows: return integer_windows(strategy, facts);
    case Shape::key_ranges: return key_ranges(strategy, facts);
    case Shape::days: return days(strategy, facts);
    case Shape::row_numbers: return row_numbers(strategy, facts);
    case Shape::pages: return pages(strategy, facts);
    case Shape::window: return window(strategy, facts);
    case Shape::delta: return TRY(make_delta(strategy, facts)).units;
    case Shape::whole: break;
  }
  UnitList units;
  units.add_whole(strategy.reason);
  return units.take();
}

}  // namespace rivet::plan
