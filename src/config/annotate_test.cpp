// SPDX-License-Identifier: Apache-2.0
// Everything but the hints keeps every byte.
#include "config/annotate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rivet::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string annotated(std::string_view text, int wave = 2) {
  return annotate(text, {{.export_name = "a", .wave = wave, .parallel_safe = true}}).text;
}

TEST(Annotate, AddsLinesBehindTheName) {
  EXPECT_EQ(annotated("# head\nexports:\n\n  - name: a   # the name\n\n    table: t\n"),
            "# head\nexports:\n\n  - name: a   # the name\n    wave: 2\n    parallel_safe: true\n\n    table: t\n");
}

TEST(Annotate, KeepsTheNamesColumnWhereverItStands) {
  EXPECT_EQ(annotated("exports:\n- table: t\n  name: 'a'\n  mode: full"),
            "exports:\n- table: t\n  name: 'a'\n  wave: 2\n  parallel_safe: true\n  mode: full");
  EXPECT_EQ(annotated("exports:\n  -   \"name\": a\n      table: t\n"),
            "exports:\n  -   \"name\": a\n      wave: 2\n      parallel_safe: true\n      table: t\n");
}

TEST(Annotate, KeepsEndsOfLines) {
  EXPECT_EQ(annotated("exports:\r\n  - name: a\r\n    table: t\r\n"),
            "exports:\r\n  - name: a\r\n    wave: 2\r\n    parallel_safe: true\r\n    table: t\r\n");
  EXPECT_EQ(annotated("exports:\n  - table: t\n    name: a"),
            "exports:\n  - table: t\n    name: a\n    wave: 2\n    parallel_safe: true");
}

TEST(Annotate, WritesIntoFlowMaps) {
  EXPECT_EQ(annotated("exports: [{name: a, table: t}]\n"),
            "exports: [{parallel_safe: true, wave: 2, name: a, table: t}]\n");
}

TEST(Annotate, ReplacesOnlyTheValue) {
  EXPECT_EQ(annotated("exports:\n  - name: a\n    wave:  7   # by hand\n    parallel_safe: false # no\n"),
            "exports:\n  - name: a\n    wave:  2   # by hand\n    parallel_safe: true # no\n");
}

TEST(Annotate, LeavesOtherExportsAlone) {
  const std::string text = "exports:\n  - name: b\n    table: a\n  - name: a\n    table: t\n";
  EXPECT_EQ(annotated(text),
            "exports:\n  - name: b\n    table: a\n  - name: a\n    wave: 2\n    parallel_safe: true\n    table: t\n");
}

TEST(Annotate, RefusesWhereALineWouldChangeAValue) {
  for (const std::string text : {"exports:\n  - name: >-\n      a\n    table: t\n", "exports:\n  - &x {}\n"}) {
    const auto result = annotate(text, {{.export_name = "a", .wave = 1, .parallel_safe = {}}});
    EXPECT_EQ(result.text, text);
    EXPECT_THAT(result.refused, ElementsAre("a")) << text;
    EXPECT_THAT(result.changed, IsEmpty());
  }
}

TEST(Annotate, ChangesNothingTwice) {
  const auto once = annotated("exports:\n  - name: a\n    table: t\n");
  EXPECT_EQ(annotated(once), once);
}

}  // namespace
}  // namespace rivet::config
