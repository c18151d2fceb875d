// SPDX-License-Identifier: Apache-2.0
// A position holds as long as the cursor's values keep their order.
#include "inspect/drift.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rivet::inspect {
namespace {

using Kind = model::LogicalKind;
using testing::HasSubstr;

model::Columns cursor(const std::string& native_type, Kind kind) {
  return {{.name = "at", .native_type = native_type, .type = {.kind = kind, .precision = 5}}};
}

model::Incremental following(const std::string& column, const model::KeyValues& reached) {
  model::Incremental incremental{.cursor = {{column}}, .since = {}, .until = {}};
  incremental.since = model::Position{.key = {{column}}, .cursor = reached};
  return incremental;
}

Result<void> check(const model::Columns& before, const model::Columns& now) {
  return check_cursor_types(before, now, following("at", {"9"}), "t");
}

TEST(CursorTypes, WiderOnesGoOn) {
  EXPECT_TRUE(check(cursor("integer", Kind::int32), cursor("bigint", Kind::int64)).has_value());
  EXPECT_TRUE(check(cursor("bigint", Kind::int64), cursor("numeric", Kind::decimal)).has_value());
  EXPECT_TRUE(check(cursor("real", Kind::float32), cursor("double precision", Kind::float64)).has_value());
  EXPECT_TRUE(check(cursor("varchar(3)", Kind::text), cursor("text", Kind::text)).has_value());
}

TEST(CursorTypes, OthersAreRefusedWithTheWayOut) {
  const auto refused = check(cursor("text", Kind::text), cursor("bigint", Kind::int64));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::drift);
  EXPECT_THAT(refused.error().message, HasSubstr("at changed from text to bigint"));
  EXPECT_THAT(refused.error().hint, HasSubstr("rivet state reset -e t"));
  EXPECT_FALSE(check(cursor("numeric", Kind::decimal), cursor("bigint", Kind::int64)).has_value());
  EXPECT_FALSE(check(cursor("timestamp", Kind::timestamp), cursor("timestamptz", Kind::timestamp_tz)).has_value());
  EXPECT_FALSE(check(cursor("color", Kind::enumeration), cursor("text", Kind::text)).has_value());
}

TEST(CursorTypes, AnotherOutputTypeOfTheSameColumnIsNone) {
  EXPECT_TRUE(check(cursor("bigint", Kind::int64), cursor("bigint", Kind::text)).has_value());
}

TEST(CursorTypes, MatterOnlyToAPosition) {
  const auto before = cursor("text", Kind::text), now = cursor("bigint", Kind::int64);
  EXPECT_TRUE(check_cursor_types(before, now, following("at", {}), "t").has_value()) << "nothing was reached";
  EXPECT_TRUE(check_cursor_types(before, now, following("id", {"9"}), "t").has_value()) << "not the cursor";
  auto first = following("at", {"9"});
  first.since.reset();
  EXPECT_TRUE(check_cursor_types(before, now, first, "t").has_value());
}

}  // namespace
}  // namespace rivet::inspect
