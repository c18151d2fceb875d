// SPDX-License-Identifier: Apache-2.0
// Which of the server's refusals are an override's, and which column they are told of.
#include "source/postgres/cast_failures.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rivet::source::postgres {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// Columns a, b, ... with these casts.
CopyPlan plan_of(const std::vector<std::pair<model::LogicalKind, std::string>>& casts) {
  CopyPlan plan;
  for (const auto& [kind, cast] : casts) {
    model::Column column;
    column.name = std::string(1, static_cast<char>('a' + plan.request.columns.size()));
    column.type.kind = kind;
    plan.request.columns.push_back(column);
    plan.description.transports.push_back({.type = column.type, .cast = cast});
  }
  return plan;
}

Error refusal(std::string state, std::string message) {
  return {.kind = ErrorKind::permanent, .message = std::move(message), .vendor_code = std::move(state)};
}

using Kind = model::LogicalKind;

TEST(CastFailures, NameTheColumnOfTheTypeThatTheServerNames) {
  auto error = refusal("22P02", "invalid input syntax for type uuid: \"x\"");
  name_column_of_cast(error, plan_of({{Kind::int32, "int4"}, {Kind::uuid, "uuid"}, {Kind::uuid, ""}}));
  EXPECT_EQ(error.code, "RIVET_VALUE_UNREPRESENTABLE");
  EXPECT_THAT(error.message, AllOf(HasSubstr("column \"b\" as uuid"), HasSubstr("\"x\""), Not(HasSubstr("\"a\""))));
  EXPECT_THAT(error.hint, HasSubstr("{ b: text }"));
}

TEST(CastFailures, NameAllColumnsTheyMayComeFrom) {
  auto error = refusal("22008", "date/time field value out of range: \"2024-02-30\"");
  name_column_of_cast(error, plan_of({{Kind::date, "date"}, {Kind::timestamp, "timestamp"}, {Kind::uuid, "uuid"}}));
  EXPECT_THAT(error.message, AllOf(HasSubstr("\"a\""), HasSubstr(" or column \"b\""), Not(HasSubstr("\"c\""))));
}

TEST(CastFailures, LeaveErrorsOfTheQueryItselfAlone) {
  const auto plan = plan_of({{Kind::uuid, "uuid"}, {Kind::date, "date"}, {Kind::text, "text"}, {Kind::int32, ""}});
  for (auto error :
       {refusal("22012", "division by zero"), refusal("22P02", "invalid input syntax for type integer: \"x\""),
        refusal("57014", "canceling statement"), refusal("", "lost")}) {
    const auto said = error.message;
    name_column_of_cast(error, plan);
    EXPECT_EQ(error.code, "") << said;
    EXPECT_EQ(error.message, said);
  }
}

TEST(CastFailures, ShortenWhatTheServerSaysBetweenCharacters) {
  std::string value;
  while (value.size() < 1'000) value += "\u00e9";
  auto error = refusal("22P02", "invalid input syntax for type uuid: \"" + value + "\"");
  name_column_of_cast(error, plan_of({{Kind::uuid, "uuid"}}));
  EXPECT_LT(error.message.size(), 300U);
  EXPECT_TRUE(error.message.ends_with("\u00e9..."));
}

}  // namespace
}  // namespace rivet::source::postgres
