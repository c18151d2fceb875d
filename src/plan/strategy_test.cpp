// SPDX-License-Identifier: Apache-2.0
// Which way of cutting is chosen, in the order that users of chunked exports know, and what is refused.
#include "plan/strategy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rivet::plan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = model::LogicalKind;
using Shape = Strategy::Shape;

constexpr Circumstances kEverything{.shared_snapshot = true, .pages = true};

model::Column column(std::string name, Kind kind, bool nullable = false) {
  return {.name = std::move(name), .native_type = "native", .type = {.kind = kind}, .nullable = nullable};
}

model::Inventory orders() {
  return {.columns = {column("id", Kind::int64), column("code", Kind::text), column("at", Kind::timestamp_tz, true)},
          .keys = {{.columns = {"id"}, .primary = true}},
          .row_id = "",
          .row_estimate = 1'000'000,
          .total_bytes = 200'000'000,
          .fingerprint = "",
          .warnings = {}};
}

config::Export chunked() {
  config::Export entry;
  entry.relation.table = "orders";
  entry.mode = config::Mode::chunked;
  return entry;
}

Strategy must(const config::Export& entry, const model::Inventory& inventory = orders(),
              const Circumstances& told = kEverything) {
  auto strategy = choose_strategy(entry, inventory, told);
  EXPECT_TRUE(strategy.has_value()) << strategy.error().message;
  return strategy.value_or(Strategy{});
}

TEST(ChooseStrategy, FullIsOneUnit) {
  config::Export entry;
  EXPECT_EQ(must(entry).shape, Shape::whole);
}

TEST(ChooseStrategy, FullInParallelIsCutByPagesUnderOneSnapshot) {
  config::Export entry;
  entry.relation.table = "orders";
  entry.keys.parallel = 2;
  const auto strategy = must(entry);
  EXPECT_EQ(strategy.shape, Shape::pages);
  EXPECT_TRUE(strategy.shared_snapshot);
  EXPECT_EQ(must(entry, orders(), {.shared_snapshot = true}).shape, Shape::key_ranges);
}

TEST(ChooseStrategy, FullStaysOneInstantWhenSessionsCannotShareOne) {
  config::Export entry;
  entry.relation.table = "orders";
  entry.keys.parallel = 2;
  const auto alone = must(entry, orders(), {});
  EXPECT_EQ(alone.shape, Shape::whole);
  EXPECT_THAT(alone.warnings.at(0).message, HasSubstr("consistency: unit"));
  entry.keys.consistency = config::Consistency::unit;
  EXPECT_EQ(must(entry, orders(), {}).shape, Shape::key_ranges);
  entry.keys.consistency = config::Consistency::snapshot;
  EXPECT_EQ(choose_strategy(entry, orders(), {}).error().kind, ErrorKind::config);
}

TEST(ChooseStrategy, AnIntegerColumnGivesTheWindowsOfItsValues) {
  auto entry = chunked();
  entry.keys.chunk_column = "id";
  entry.keys.chunk_size = 5'000;
  const auto strategy = must(entry);
  EXPECT_EQ(strategy.shape, Shape::integer_windows);
  EXPECT_EQ(strategy.step, 5'000);
  EXPECT_EQ(strategy.densest, 200);
  EXPECT_FALSE(strategy.shared_snapshot);
}

TEST(ChooseStrategy, AnyOtherColumnIsCutWhereTheServerSays) {
  auto entry = chunked();
  entry.keys.chunk_column = "code";
  const auto strategy = must(entry);
  EXPECT_EQ(strategy.shape, Shape::key_ranges);
  EXPECT_EQ(strategy.units, 10);
}

TEST(ChooseStrategy, ChunkSizeInMegabytesUsesTheWidthOfTheRows) {
  auto entry = chunked();
  entry.keys.chunk_column = "id";
  entry.keys.chunk_size_memory_mb = 10;
  EXPECT_EQ(must(entry).step, 10 * 1024 * 1024 / 200);
  entry.keys.chunk_size_memory_mb = 1'000'000;
  EXPECT_EQ(must(entry).step, 5'000'000);
}

TEST(ChooseStrategy, ACountDecidesTheWidthLater) {
  auto entry = chunked();
  entry.keys.chunk_column = "id";
  entry.keys.chunk_count = 7;
  const auto strategy = must(entry);
  EXPECT_EQ(strategy.step, 0);
  EXPECT_EQ(strategy.units, 7);
}

TEST(ChooseStrategy, WithNothingGivenTheIntegerPrimaryKeyIsTakenAndSaid) {
  const auto strategy = must(chunked());
  EXPECT_EQ(strategy.shape, Shape::integer_windows);
  EXPECT_EQ(strategy.warnings.at(0).rule, "key_chosen");
}

TEST(ChooseStrategy, ThenAnyKeyPreferringOneWithoutNulls) {
  auto inventory = orders();
  inventory.keys = {{.columns = {"at"}, .primary = false, .nullable = true}, {.columns = {"code", "id"}}};
  const auto strategy = must(chunked(), inventory);
  EXPECT_EQ(strategy.shape, Shape::key_ranges);
  EXPECT_THAT(strategy.key, ElementsAre("code", "id"));
}

TEST(ChooseStrategy, ThenTheRowIdThenPagesThenNothing) {
  auto inventory = orders();
  inventory.keys.clear();
  EXPECT_EQ(must(chunked(), inventory).shape, Shape::pages);
  inventory.row_id = "rowid";
  EXPECT_THAT(must(chunked(), inventory).key, ElementsAre("rowid"));
  inventory.row_id.clear();
  const auto refused = choose_strategy(chunked(), inventory, {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().hint, HasSubstr("chunk_by_key"));
}

TEST(ChooseStrategy, ASmallTableIsNotCut) {
  auto inventory = orders();
  inventory.row_estimate = 100'000;
  EXPECT_EQ(must(chunked(), inventory).shape, Shape::whole);
  auto entry = chunked();
  entry.keys.chunk_checkpoint = true;
  EXPECT_EQ(must(entry, inventory).shape, Shape::integer_windows);
}

TEST(ChooseStrategy, DaysNeedADate) {
  auto entry = chunked();
  entry.keys.chunk_by_days = 7;
  entry.keys.chunk_column = "at";
  EXPECT_EQ(must(entry).shape, Shape::days);
  entry.keys.chunk_column = "code";
  EXPECT_THAT(choose_strategy(entry, orders(), kEverything).error().message, HasSubstr("not a date"));
}

TEST(ChooseStrategy, AColumnThatIsNotThereIsNamed) {
  auto entry = chunked();
  entry.keys.chunk_by_key = {"id", "nope"};
  const auto error = choose_strategy(entry, orders(), kEverything).error();
  EXPECT_EQ(error.kind, ErrorKind::config);
  EXPECT_THAT(error.message, HasSubstr("'nope'"));
  EXPECT_THAT(error.hint, HasSubstr("id, code, at"));
}

TEST(ChooseStrategy, ConsistencyCanBeAskedFor) {
  auto entry = chunked();
  entry.keys.chunk_column = "id";
  entry.keys.consistency = config::Consistency::snapshot;
  EXPECT_TRUE(must(entry).shared_snapshot);
  EXPECT_EQ(choose_strategy(entry, orders(), {}).error().kind, ErrorKind::config);
}

}  // namespace
}  // namespace rivet::plan
