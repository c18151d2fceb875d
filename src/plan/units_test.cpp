// SPDX-License-Identifier: Apache-2.0
// Every key is in exactly one unit, whatever the numbers; what is impossible is refused.
#include "plan/units.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace rivet::plan {
namespace {

using model::KeyRange;
using testing::ElementsAre;
using testing::HasSubstr;
using Shape = Strategy::Shape;

constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
constexpr auto kMax = std::numeric_limits<std::int64_t>::max();

KeyFacts between(std::int64_t first, std::int64_t last, bool has_null = false) {
  return {.extent = {.first = model::KeyValues{std::to_string(first)},
                     .last = model::KeyValues{std::to_string(last)},
                     .has_null = has_null},
          .split_points = {}};
}

KeyFacts days_between(const std::string& first, const std::string& last) {
  return {.extent = {.first = model::KeyValues{first}, .last = model::KeyValues{last}}, .split_points = {}};
}

Strategy windows(std::int64_t step, std::int64_t units = 1) {
  return {.shape = Shape::integer_windows, .key = {"id"}, .step = step, .units = units};
}

std::vector<std::string> ranges(const std::vector<model::Unit>& units) {
  std::vector<std::string> out;
  for (const auto& unit : units) out.push_back(unit.start_key + ".." + unit.end_key);
  return out;
}

bool holds(const model::Unit& unit, std::int64_t key) {
  const auto* range = std::get_if<KeyRange>(&unit.predicate.terms.front());
  if (range == nullptr || key < std::stoll(range->lower->values[0])) return false;
  const auto upper = std::stoll(range->upper->values[0]);
  return range->upper->inclusive ? key <= upper : key < upper;
}

TEST(IntegerWindows, AreThoseThatUsersKnow) {
  const auto units = make_units(windows(10), between(1, 25)).value();
  EXPECT_THAT(ranges(units), ElementsAre("1..10", "11..20", "21..25"));
  EXPECT_EQ(units[2].index, 2);
}

TEST(IntegerWindows, ReachBothEndsOfSixtyFourBits) {
  const auto units = make_units(windows(0, 3), between(kMin, kMax)).value();
  EXPECT_EQ(units.size(), 3u);
  EXPECT_EQ(units.back().end_key, std::to_string(kMax));
  EXPECT_TRUE(prove_tiling(windows(0, 3), between(kMin, kMax), units).has_value());
  EXPECT_THAT(ranges(make_units(windows(10), between(kMax - 3, kMax)).value()),
              ElementsAre(std::to_string(kMax - 3) + ".." + std::to_string(kMax)));
}

TEST(IntegerWindows, HoldEveryKeyOnce) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 500; ++round) {
    auto a = static_cast<std::int64_t>(random()) >> (random() % 64),
         b = static_cast<std::int64_t>(random()) >> (random() % 64);
    if (a > b) std::swap(a, b);
    const auto strategy = windows(0, 1 + static_cast<std::int64_t>(random() % 40));
    const auto facts = between(a, b, round % 2 == 0);
    const auto units = make_units(strategy, facts).value();
    ASSERT_TRUE(prove_tiling(strategy, facts, units).has_value())
        << prove_tiling(strategy, facts, units).error().message;
    std::uniform_int_distribution<std::int64_t> inside(a, b);
    for (const auto key : {a, b, inside(random), inside(random)}) {
      EXPECT_EQ(std::count_if(units.begin(), units.end(), [&](const auto& unit) { return holds(unit, key); }), 1);
    }
  }
}

TEST(IntegerWindows, AddAUnitForRowsWithoutAKey) {
  const auto units = make_units(windows(10), between(1, 5, true)).value();
  EXPECT_EQ(units.size(), 2u);
  EXPECT_TRUE(std::holds_alternative<model::NullKey>(units.back().predicate.terms.front()));
}

TEST(IntegerWindows, AnEmptyTableIsOneUnitForAllRows) {
  const auto units = make_units(windows(10), {.extent = {}, .split_points = {}}).value();
  ASSERT_EQ(units.size(), 1u);
  EXPECT_TRUE(units[0].predicate.is_whole());
}

TEST(IntegerWindows, RefuseWhatIsNoInteger) {
  EXPECT_THAT(make_units(windows(10), days_between("1.5", "2.5")).error().message, HasSubstr("no 64-bit integer"));
}

TEST(IntegerWindows, RefuseAKeyFullOfHoles) {
  auto strategy = windows(10);
  strategy.densest = 10;
  EXPECT_TRUE(make_units(strategy, between(1, 390)).has_value());
  EXPECT_TRUE(make_units(strategy, between(1, 630)).has_value());  // 63 windows: few enough
  const auto refused = make_units(strategy, between(1, 640));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::config);
  EXPECT_THAT(refused.error().hint, HasSubstr("chunk_by_key"));
}

TEST(IntegerWindows, RefuseMoreThanFiftyMillion) {
  EXPECT_THAT(make_units(windows(1), between(kMin, kMax)).error().message, HasSubstr("more than 50000000 chunks"));
}

TEST(KeyRanges, AreOpenAtBothEndsAndShareTheirBoundaries) {
  const Strategy strategy{.shape = Shape::key_ranges, .key = {"a", "b"}};
  const KeyFacts facts{.extent = {.first = {}, .last = {}, .has_null = true}, .split_points = {{"1", "x"}, {"2", "y"}}};
  const auto units = make_units(strategy, facts).value();
  EXPECT_THAT(ranges(units), ElementsAre("..1, x", "1, x..2, y", "2, y..", ".."));
  EXPECT_FALSE(std::get<KeyRange>(units[1].predicate.terms[0]).lower->inclusive);
  EXPECT_TRUE(std::get<KeyRange>(units[1].predicate.terms[0]).upper->inclusive);
  EXPECT_TRUE(prove_tiling(strategy, facts, units).has_value());
}

TEST(Days, AreHalfOpenWindowsFromTheFirstMidnight) {
  const Strategy strategy{.shape = Shape::days, .key = {"at"}, .step = 30};
  const auto facts = days_between("2024-01-31 23:59:59.999+00", "2024-03-31 00:00:00+00");
  const auto units = make_units(strategy, facts).value();
  EXPECT_THAT(ranges(units), ElementsAre("2024-01-31..2024-03-01", "2024-03-01..2024-03-31", "2024-03-31..2024-04-30"));
  EXPECT_FALSE(std::get<KeyRange>(units[0].predicate.terms[0]).upper->inclusive);
  EXPECT_TRUE(prove_tiling(strategy, facts, units).has_value());
}

TEST(Days, TheLastDayThatCanBeSpelledIsOpen) {
  const Strategy strategy{.shape = Shape::days, .key = {"at"}, .step = 3};
  const auto units = make_units(strategy, days_between("'9999-12-30'", "'9999-12-31'")).value();
  EXPECT_THAT(ranges(units), ElementsAre("9999-12-30.."));
}

TEST(Days, RefuseWhatIsNoDay) {
  const Strategy strategy{.shape = Shape::days, .key = {"at"}, .step = 1};
  for (const auto* day :
       {"infinity", "-infinity", "0044-03-15 BC", "10000-01-01", "2024-13-01", "2024-1-1", "", "1700000000"}) {
    EXPECT_FALSE(make_units(strategy, days_between(day, day)).has_value()) << day;
  }
}

TEST(Pages, AreFewForASmallTableAndOpenAtTheEnd) {
  const Strategy strategy{.shape = Shape::pages, .units = 8};
  for (const std::int64_t pages : {0, 1, 1'023, 2'048, 60'000}) {
    const KeyFacts facts{.extent = {}, .split_points = {}, .pages = pages};
    const auto units = make_units(strategy, facts).value();
    EXPECT_LE(units.size(), 8u);
    EXPECT_TRUE(prove_tiling(strategy, facts, units).has_value()) << pages;
  }
  EXPECT_EQ(make_units(strategy, {.extent = {}, .split_points = {}, .pages = 127}).value().size(), 1u);
}

TEST(RowNumbers, CountFromOneToTheLast) {
  const Strategy strategy{.shape = Shape::row_numbers, .key = {"id"}, .step = 4};
  const KeyFacts facts{.extent = {}, .split_points = {}, .rows = 9};
  const auto units = make_units(strategy, facts).value();
  EXPECT_THAT(ranges(units), ElementsAre("1..4", "5..8", "9..9"));
  EXPECT_TRUE(prove_tiling(strategy, facts, units).has_value());
}

TEST(Tiling, NoticesGapsAndOverlaps) {
  const auto strategy = windows(10);
  const auto facts = between(1, 30, true);
  const auto good = make_units(strategy, facts).value();
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto missing = good;
    missing.erase(missing.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(prove_tiling(strategy, facts, missing).has_value()) << i;
    auto doubled = good;
    doubled.insert(doubled.begin() + static_cast<std::ptrdiff_t>(i), good[i]);
    EXPECT_FALSE(prove_tiling(strategy, facts, doubled).has_value()) << i;
  }
}

}  // namespace
}  // namespace rivet::plan
