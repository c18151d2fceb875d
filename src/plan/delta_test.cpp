// SPDX-License-Identifier: Apache-2.0
// Which rows the units of an incremental run take, what is remembered of them, and from where the next run goes on.
#include "plan/delta.hpp"

#include <gmock/gmock.h>

namespace rivet::plan {
namespace {

using model::Bound;
using model::KeyRange;
using model::NullKey;
using model::VersionRange;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

model::Inventory table(bool row_versions, bool with_key = true) {
  model::Inventory inventory{.row_versions = row_versions};
  inventory.columns = {
      {.name = "id", .native_type = "bigint", .type = {.kind = model::LogicalKind::int64}, .nullable = false},
      {.name = "at", .native_type = "timestamp", .type = {.kind = model::LogicalKind::timestamp}, .nullable = true},
      {.name = "made", .native_type = "timestamp", .type = {.kind = model::LogicalKind::timestamp}, .nullable = false}};
  if (with_key) inventory.keys = {{.columns = {"id"}, .primary = true}};
  return inventory;
}

config::Export following(const std::string& column) {
  config::Export entry{.name = "t", .mode = config::Mode::incremental};
  entry.keys.cursor_column = column;
  return entry;
}

model::Position position(const std::string& cursor, std::optional<std::int64_t> horizon) {
  model::Position out{.key = {{"at"}}, .cursor = {}, .horizon = horizon, .source_id = horizon ? "s" : ""};
  if (!cursor.empty()) out.cursor = {cursor};
  return out;
}

Strategy choose(const config::Export& entry, bool row_versions, std::optional<model::Position> since = {}) {
  auto strategy = choose_delta(entry, table(row_versions), {.row_versions = row_versions, .since = std::move(since)});
  EXPECT_TRUE(strategy.has_value()) << strategy.error().to_string();
  return std::move(*strategy);
}

Delta make(const Strategy& strategy, const KeyFacts& facts) {
  auto delta = make_delta(strategy, facts);
  EXPECT_TRUE(delta.has_value());
  EXPECT_TRUE(prove_delta(facts, *delta).has_value()) << prove_delta(facts, *delta).error().to_string();
  return std::move(*delta);
}

KeyFacts reaching(const std::string& last, std::optional<std::int64_t> settled) {
  KeyFacts facts{.extent = {.first = model::KeyValues{"a"}, .last = model::KeyValues{last}}};
  if (settled) facts.horizon = model::Horizon{.source_id = "s", .settled = *settled, .next = *settled + 5};
  return facts;
}

TEST(Delta, TheFirstRunTakesEveryRowThatIsSettled) {
  const auto delta = make(choose(following("at"), true), reaching("m", 100));
  ASSERT_EQ(delta.units.size(), 2U);
  EXPECT_THAT(delta.units[0].predicate.terms,
              ElementsAre(model::Term(KeyRange{.columns = {"at"}, .lower = {}, .upper = Bound{{"m"}, true}}),
                          model::Term(VersionRange{0, 100})));
  EXPECT_THAT(delta.units[1].predicate.terms,
              ElementsAre(model::Term(NullKey{{"at"}}), model::Term(VersionRange{0, 100})));
  EXPECT_EQ(delta.incremental.again_units, 0);
  EXPECT_EQ(delta.incremental.until,
            (model::Position{.key = {{"at"}}, .cursor = {"m"}, .horizon = 100, .source_id = "s"}));
}

TEST(Delta, ALaterRunLooksForLateVersionsEverywhereAndForNewOnesBehindTheCursor) {
  const auto delta = make(choose(following("at"), true, position("m", 100)), reaching("q", 140));
  ASSERT_EQ(delta.units.size(), 3U);
  EXPECT_EQ(delta.incremental.again_units, 2);
  EXPECT_THAT(delta.units[0].predicate.terms,
              ElementsAre(model::Term(KeyRange{.columns = {"at"}, .lower = {}, .upper = Bound{{"m"}, true}}),
                          model::Term(VersionRange{100, 140})));
  EXPECT_THAT(delta.units[1].predicate.terms,
              ElementsAre(model::Term(NullKey{{"at"}}), model::Term(VersionRange{100, 140})));
  EXPECT_THAT(
      delta.units[2].predicate.terms,
      ElementsAre(model::Term(KeyRange{.columns = {"at"}, .lower = Bound{{"m"}, false}, .upper = Bound{{"q"}, true}}),
                  model::Term(VersionRange{0, 140})));
}

TEST(Delta, WhereNothingHasEndedSinceNothingIsLookedAtAgain) {
  KeyFacts facts;
  facts.horizon = model::Horizon{.source_id = "s", .settled = 100, .next = 100};
  const auto delta = make(choose(following("at"), true, position("m", 100)), facts);
  ASSERT_EQ(delta.units.size(), 1U);
  EXPECT_EQ(delta.incremental.until.cursor, model::KeyValues{"m"});
  EXPECT_EQ(std::get<KeyRange>(delta.units[0].predicate.terms[0]).lower, (Bound{{"m"}, false}));
  EXPECT_EQ(std::get<KeyRange>(delta.units[0].predicate.terms[0]).upper, (Bound{{"m"}, true}));
}

TEST(Delta, WithoutVersionsAStretchIsReadAgain) {
  auto facts = reaching("q", {});
  facts.floor = model::KeyValues{"f"};
  const auto delta = make(choose(following("at"), false, position("m", {})), facts);
  ASSERT_EQ(delta.units.size(), 3U);
  EXPECT_THAT(
      delta.units[0].predicate.terms,
      ElementsAre(model::Term(KeyRange{.columns = {"at"}, .lower = Bound{{"f"}, false}, .upper = Bound{{"m"}, true}})));
  EXPECT_THAT(delta.units[1].predicate.terms, ElementsAre(model::Term(NullKey{{"at"}})));
}

TEST(Delta, OfALargeFirstRunOnlyTheNewestRowsAreRemembered) {
  auto strategy = choose(following("at"), false);
  auto facts = reaching("z", {});
  facts.new_rows = strategy.incremental->lookback * 10;
  facts.split_points = {{"b"}, {"c"}, {"d"}, {"e"}, {"f"}, {"g"}, {"h"}, {"i"}, {"j"}};
  const auto delta = make(strategy, facts);
  EXPECT_EQ(delta.units.size(), 11U);
  EXPECT_EQ(delta.incremental.remember_from, 9);
  EXPECT_EQ(delta.incremental.remember_after, model::KeyValues{"j"});
}

TEST(Delta, NoRowHasACursorAndNothingIsNew) {
  KeyFacts facts;
  facts.horizon = model::Horizon{.source_id = "s", .settled = 100, .next = 100};
  const auto delta = make(choose(following("at"), true, position("", 100)), facts);
  ASSERT_EQ(delta.units.size(), 1U);
  EXPECT_THAT(delta.units[0].predicate.terms, Contains(model::Term(NullKey{{"at"}})));
  EXPECT_THAT(delta.units[0].predicate.terms,
              Contains(model::Term(KeyRange{.columns = {"at"}, .lower = {}, .upper = {}})));
}

TEST(Delta, CoalescedCursorsAreOneValue) {
  auto entry = following("at");
  entry.keys.coalesce = true;
  entry.keys.cursor_fallback_column = "made";
  const auto strategy = choose(entry, true);
  EXPECT_FALSE(strategy.nullable) << "the fallback is never NULL";
  const auto delta = make(strategy, reaching("m", 100));
  EXPECT_TRUE(std::get<KeyRange>(delta.units[0].predicate.terms[0]).coalesced);
  EXPECT_THAT(strategy.incremental->identity, ElementsAre("id", "at", "made"));
}

TEST(Delta, SaysWhatItCannotPromise) {
  const auto rules = [](const Strategy& strategy) {
    std::vector<std::string> out;
    for (const auto& warning : strategy.warnings) out.push_back(warning.rule);
    return out;
  };
  EXPECT_THAT(rules(choose(following("at"), true)), ElementsAre("updates"));
  EXPECT_THAT(rules(choose(following("at"), false)), ElementsAre("late_rows"));
  const auto keyless = choose_delta(following("at"), table(true, false), {.row_versions = true});
  EXPECT_THAT(rules(*keyless), ElementsAre("no_key"));
  auto blind = following("at");
  blind.keys.cursor_lookback = 0;
  EXPECT_THAT(rules(choose(blind, true)), ElementsAre("no_lookback"));
}

TEST(Delta, AnotherCursorOrServerIsRefused) {
  const auto refused =
      choose_delta(following("made"), table(true), {.row_versions = true, .since = position("m", 100)});
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("followed at, not made"));
  const auto strategy = choose(following("at"), true, position("m", 100));
  EXPECT_TRUE(check_horizon(*strategy.incremental, {.source_id = "s", .settled = 100, .next = 100}).has_value());
  EXPECT_EQ(check_horizon(*strategy.incremental, {.source_id = "other", .settled = 200, .next = 200}).error().kind,
            ErrorKind::config);
  EXPECT_EQ(check_horizon(*strategy.incremental, {.source_id = "s", .settled = 90, .next = 99}).error().kind,
            ErrorKind::permanent);
  EXPECT_FALSE(check_horizon(*strategy.incremental, {.source_id = "s", .settled = 99, .next = 102}).has_value())
      << "what it has not seen end would be taken for new by the run after it";
}

TEST(ProveDelta, NoticesGapsAndPositionsThatPassRows) {
  const auto facts = reaching("q", 140);
  const auto good = make(choose(following("at"), true, position("m", 100)), facts);
  auto gap = good;
  std::get<KeyRange>(gap.units[2].predicate.terms[0]).lower = Bound{{"n"}, false};
  EXPECT_FALSE(prove_delta(facts, gap).has_value());
  auto open = good;
  std::get<KeyRange>(open.units[2].predicate.terms[0]).upper = {};
  EXPECT_FALSE(prove_delta(facts, open).has_value());
  auto far = good;
  far.incremental.until.cursor = {"z"};
  EXPECT_FALSE(prove_delta(facts, far).has_value());
  auto unsettled = good;
  unsettled.units[2].predicate.terms.pop_back();
  EXPECT_FALSE(prove_delta(facts, unsettled).has_value());
}

}  // namespace
}  // namespace rivet::plan
