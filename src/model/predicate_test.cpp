// SPDX-License-Identifier: Apache-2.0
// Predicates survive the way into the state store and back; other text is refused.
#include "model/predicate.hpp"

#include <gtest/gtest.h>

#include <random>

namespace rivet::model {
namespace {

const KeyRange kRange{.columns = {"a", "b\"."},
                      .lower = Bound{.values = {"1", "it's, \n\xC3\xA9"}, .inclusive = false},
                      .upper = Bound{.values = {"2", ""}, .inclusive = true}};

TEST(Predicate, WholeIsOneWord) {
  EXPECT_EQ(to_text({}), "whole");
  EXPECT_TRUE(predicate_from_text("whole").value().is_whole());
}

TEST(Predicate, EveryTermReadsBackAsItself) {
  const Predicate all{
      .terms = {kRange, KeyRange{.columns = {"x"}, .lower = {}, .upper = {}}, NullKey{{"a", "b"}},
                KeyRange{.columns = {"a", "b"}, .lower = Bound{{"1"}, true}, .upper = {}, .coalesced = true},
                NullKey{.columns = {"a", "b"}, .coalesced = true}, VersionRange{.from = 3, .below = 1LL << 40},
                PageRange{.first = 0, .end = 12}, PageRange{.first = 12, .end = {}},
                RowNumbers{.column = "id", .first = 1, .last = 100}}};
  EXPECT_EQ(predicate_from_text(to_text(all)).value(), all);
}

TEST(Predicate, RefusesWhatIsNotOne) {
  for (const auto* text :
       {"", "[]", "{}", "[1]", "Whole", R"([{"kind":"key_range"}])", R"([{"kind":"null_key","columns":[]}])",
        R"([{"kind":"null_key","columns":[1]}])", R"([{"kind":"pages","first":-1}])", R"([{"kind":"tomorrow"}])",
        R"([{"kind":"key_range","columns":["a"],"lower":{"values":["1","2"],"inclusive":true}}])"}) {
    const auto read = predicate_from_text(text);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_EQ(read.error().kind, ErrorKind::data) << text;
  }
}

Predicate between(std::string lower, std::string upper, bool from_lower = true) {
  return {.terms = {KeyRange{
              .columns = {"id"}, .lower = Bound{{std::move(lower)}, from_lower}, .upper = Bound{{std::move(upper)}}}}};
}

TEST(Predicate, IsCutInTheMiddle) {
  const auto halves = halves_of(between("1", "100"), 10);
  ASSERT_TRUE(halves.has_value());
  EXPECT_EQ(halves->first, between("1", "50"));
  EXPECT_EQ(halves->second, between("50", "100", false));
  const auto again = halves_of(halves->second, 10);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->first, between("50", "75", false));
  EXPECT_EQ(again->second, between("75", "100", false));
  EXPECT_EQ(halves_of(between("-9", "-1"), 2)->first, between("-9", "-5"));
}

TEST(Predicate, IsLeftWholeWhenItIsNoWideRangeOfIntegers) {
  EXPECT_FALSE(halves_of(between("1", "100"), 100));
  EXPECT_FALSE(halves_of(between("7", "7"), 0));
  EXPECT_FALSE(halves_of(between("a", "b"), 0));
  EXPECT_FALSE(halves_of(between("2024-01-01", "2024-02-01"), 0));
  EXPECT_FALSE(halves_of(between("-9223372036854775808", "9223372036854775807"), 0));
  EXPECT_FALSE(halves_of({}, 0));
  EXPECT_FALSE(halves_of({.terms = {kRange}}, 0));
  EXPECT_FALSE(halves_of({.terms = {KeyRange{.columns = {"id"}, .lower = {}, .upper = Bound{{"9"}}}}}, 0));
}

TEST(Predicate, SurvivesDamage) {
  const auto text = to_text({.terms = {kRange, PageRange{.first = 1, .end = 2}}});
  std::mt19937 random(7);
  for (int round = 0; round < 2'000; ++round) {
    auto damaged = text;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    const auto read = predicate_from_text(damaged);
    if (!read.has_value()) continue;
    EXPECT_EQ(predicate_from_text(to_text(*read)).value(), *read);
  }
}

}  // namespace
}  // namespace rivet::model
