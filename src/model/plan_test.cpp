// SPDX-License-Identifier: Apache-2.0
// Plans are read back from the state store by other processes, of other days.
#include "model/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace rivet::model {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Plan rich_plan() {
  const KeyColumns cursor{{"at", "id"}, true};
  const Position since{.key = cursor, .cursor = {"2024-01-01"}, .horizon = 700, .source_id = "s-1"};
  auto until = since;
  until.cursor = {"2024-02-01"};
  until.horizon = std::nullopt;
  return {.export_name = "t__2024",
          .family = "t",
          .relation = {.schema = "public", .table = "t", .query = {}},
          .source_engine = "postgres",
          .source_id = "71/5",
          .mode = "incremental",
          .strategy = "incremental",
          .key = {"at", "id"},
          .reason = "because",
          .consistency = "unit",
          .destination_kind = "local",
          .destination_uri = "file:///out",
          .prefix = "/out",
          .format = "parquet",
          .compression = "zstd",
          .source_columns = {{.name = "id", .native_type = "bigint", .type = {.kind = LogicalKind::int64}}},
          .columns = {{.name = "id", .native_type = "bigint", .type = {.kind = LogicalKind::int64}}},
          .row_hash_covered = {"id"},
          .max_file_size = 1'000'000,
          .row_estimate = 12,
          .catalogue_fingerprint = "xxh3:1",
          .units = {{.index = 0,
                     .predicate = {{KeyRange{.columns = cursor.columns,
                                             .lower = Bound{since.cursor, false},
                                             .upper = Bound{until.cursor, true},
                                             .coalesced = true},
                                    VersionRange{.from = 5, .below = 9}}},
                     .start_key = "2024-01-01",
                     .end_key = "2024-02-01",
                     .reason = "new"}},
          .tiling = "one",
          .incremental = Incremental{.cursor = cursor,
                                     .since = since,
                                     .until = until,
                                     .versions = true,
                                     .again_units = 1,
                                     .identity = {"id", "at"},
                                     .by_key = true,
                                     .lookback = 9,
                                     .remember_from = 1,
                                     .remember_after = KeyValues{"2024-01-15"}},
          .snapshot = "00000003-1",
          .warnings = {{"rule", "words"}},
          .fingerprint = "f"};
}

TEST(Plan, KeepsItsPrediction) {
  auto plan = rich_plan();
  plan.prediction = Prediction{{1, 2, 3}, {4, 5, 6}, {7, 8, 9}, {10, 11, 12}, {13, 14, 15}, "guesses"};
  const auto back = plan_from_json_text(to_json_text(plan));
  ASSERT_TRUE(back.has_value()) << back.error().to_string();
  EXPECT_EQ(back->prediction, plan.prediction);
}

TEST(Plan, IsReadBackAsItWas) {
  const auto text = to_json_text(rich_plan());
  const auto read = plan_from_json_text(text);
  ASSERT_TRUE(read.has_value()) << read.error().to_string();
  EXPECT_EQ(to_json_text(*read), text);
  EXPECT_EQ(read->family, "t");
  EXPECT_EQ(read->units.front().predicate, rich_plan().units.front().predicate);
  EXPECT_EQ(read->incremental->since, rich_plan().incremental->since);
}

TEST(Plan, NonsenseIsRefused) {
  for (const auto* text : {"", "[]", "{}", "null", R"({"export_name":1})"}) {
    const auto read = plan_from_json_text(text);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_EQ(read.error().kind, ErrorKind::data) << text;
  }
}

TEST(Plan, SurvivesDamage) {
  const auto text = to_json_text(rich_plan());
  std::mt19937 random(4);
  for (int i = 0; i < 5'000; ++i) {
    auto damaged = text;
    for (int k = 0; k < 3; ++k) damaged[random() % damaged.size()] = static_cast<char>(random());
    const auto read = plan_from_json_text(damaged);
    if (!read.has_value()) continue;
    const auto again = plan_from_json_text(to_json_text(*read));
    ASSERT_TRUE(again.has_value()) << damaged;
    EXPECT_EQ(to_json_text(*again), to_json_text(*read));
  }
}

Plan sample() {
  Plan plan{.export_name = "t", .fingerprint = "f"};
  plan.relation.query = R"(SELECT "source_columns":[], "row_hash_covered": FROM "identity":x "by_key":)";
  plan.source_columns = {{.name = R"("row_hash_covered":)", .native_type = "text", .type = {.kind = LogicalKind::text}},
                         {.name = "at", .native_type = "bigint", .type = {.kind = LogicalKind::int64}}};
  plan.columns = plan.source_columns;
  plan.columns.push_back({.name = "_rivet_row_hash", .type = {.kind = LogicalKind::int64}, .added = true});
  plan.incremental = Incremental{.cursor = {{"at"}}, .since = {}, .until = {{{"at"}}, {"9"}}, .identity = {"at"}};
  return plan;
}

TEST(PlanShape, IsReadFromTheText) {
  const auto shape = plan_shape_from_json_text(to_json_text(sample()));
  ASSERT_TRUE(shape.has_value()) << shape.error().to_string();
  EXPECT_EQ(shape->source_columns, sample().source_columns);
  EXPECT_EQ(shape->columns, sample().columns);
  EXPECT_THAT(shape->identity, ElementsAre("at"));
  auto whole = sample();
  whole.incremental.reset();
  EXPECT_THAT(plan_shape_from_json_text(to_json_text(whole))->identity, IsEmpty());
}

TEST(PlanShape, NeedsNothingElse) {
  EXPECT_TRUE(plan_shape_from_json_text(R"({"source_columns":[],"columns":[]})").has_value());
  for (const auto* text : {"", "{}", "[]", R"({"source_columns":[],"columns":[{}]})",
                           R"({"source_columns":[],"columns":[],"incremental":{"identity":1}})"}) {
    EXPECT_EQ(plan_shape_from_json_text(text).error().kind, ErrorKind::data) << text;
  }
}

TEST(ShapeText, IsTheSameForRunsThatReadOtherRows) {
  auto next = sample();
  next.incremental->until.cursor = {"10"};
  next.units = {{.index = 0, .predicate = {}, .start_key = "9", .end_key = "10", .reason = "new"}};
  next.relation.query = "another";
  EXPECT_EQ(shape_text(to_json_text(next)), shape_text(to_json_text(sample())));
}

TEST(ShapeText, DiffersWithEachColumn) {
  const auto text = shape_text(to_json_text(sample()));
  auto nullable = sample(), added = sample(), identity = sample(), none = sample();
  nullable.columns[1].nullable = false;
  added.columns.pop_back();
  identity.incremental->identity.push_back("more");
  none.incremental.reset();
  for (const auto& other : {nullable, added, identity, none}) EXPECT_NE(shape_text(to_json_text(other)), text);
}

TEST(ShapeText, OfAnythingElseIsTheTextItself) {
  EXPECT_EQ(shape_text(R"({"columns":[]})"), R"({"columns":[]})");
  EXPECT_EQ(shape_text(""), "");
}

}  // namespace
}  // namespace rivet::model
