// SPDX-License-Identifier: Apache-2.0
// Positions survive their text, and damage is told.
#include "model/position.hpp"

#include <gmock/gmock.h>

namespace rivet::model {
namespace {

Position round_trip(const Position& position) {
  auto read = position_from_json_text(to_json_text(position));
  EXPECT_TRUE(read.has_value()) << read.error().to_string();
  return read.value_or(Position());
}

TEST(Position, SurvivesItsText) {
  for (const auto& position :
       {Position{}, Position{.key = {{"id"}}, .cursor = {"42"}, .horizon = {}, .source_id = "pg/7/1"},
        Position{.key = {{"a", "b"}, true},
        .cursor = {"2026-01-02 05:33:19.5+00", "a\"b\\\n\u00e9"},
        .horizon = 9'000'000'000'000,
        .source_id = ""},
        Position{.cursor = {""}, .horizon = 0, .source_id = "x"}}) {
    EXPECT_EQ(round_trip(position), position);
  }
  EXPECT_EQ(to_json_text({.key = {{"id"}}, .cursor = {"42"}, .horizon = 731, .source_id = "s"}),
            R"({"columns":["id"],"coalesced":false,"cursor":["42"],"horizon":731,"source_id":"s"})");
}

TEST(Position, AnythingElseIsADataError) {
  for (const auto* text :
       {"", "{", "[]", "{}", R"({"cursor":"42","source_id":"s"})", R"({"cursor":[42],"source_id":"s"})",
        R"({"cursor":[null],"source_id":"s"})", R"({"cursor":[]})", R"({"cursor":[],"source_id":1})",
        R"({"cursor":[],"horizon":-1,"source_id":"s"})", R"({"cursor":[],"horizon":"1","source_id":"s"})",
        R"({"cursor":[],"horizon":1.5,"source_id":"s"})"}) {
    const auto read = position_from_json_text(text);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_EQ(read.error().kind, ErrorKind::data) << text;
  }
}

TEST(DisplayCursor, IsTheValueOrAnArrayOfThem) {
  EXPECT_EQ(display_cursor({}), "");
  EXPECT_EQ(display_cursor({"2026-01-02"}), "2026-01-02");
  EXPECT_EQ(display_cursor({"'2026-01-02'"}), "2026-01-02");
  EXPECT_EQ(display_cursor({"a", "7"}), R"(["a","7"])");
}

}  // namespace
}  // namespace rivet::model
