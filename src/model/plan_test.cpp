// SPDX-License-Identifier: Apache-2.0
// The shape of a plan is read from its text, and texts of other shapes never pass for the same.
#include "model/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rivet::model {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

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
