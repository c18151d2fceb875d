// SPDX-License-Identifier: Apache-2.0
// Progression never moves backwards, whatever the order of updates.
#include "state/progression.hpp"

#include <gtest/gtest.h>

namespace rivet::state {
namespace {

TEST(CursorBefore, NumbersCompareByValueAtAnyLength) {
  EXPECT_TRUE(cursor_before("9", "10"));
  EXPECT_FALSE(cursor_before("10", "9"));
  EXPECT_TRUE(cursor_before("18446744073709551615", "18446744073709551616"));
  EXPECT_TRUE(cursor_before("0.09", "0.1"));
  EXPECT_TRUE(cursor_before("-10", "-9"));
  EXPECT_TRUE(cursor_before("-1", "0"));
  EXPECT_FALSE(cursor_before("007", "7.0"));
  EXPECT_FALSE(cursor_before("7.0", "007"));
  EXPECT_FALSE(cursor_before("-0", "0"));
}

TEST(CursorBefore, AnythingElseComparesByItsBytes) {
  EXPECT_TRUE(cursor_before("2026-01-02T05:33:19", "2026-01-03T00:00:00"));
  EXPECT_FALSE(cursor_before("2026-01-03", "2026-01-02"));
  EXPECT_TRUE(cursor_before("10", "9a"));
  EXPECT_TRUE(cursor_before("", "0"));
  EXPECT_FALSE(cursor_before("", ""));
  EXPECT_TRUE(cursor_before("a", "\xff"));
}

TEST(CursorBefore, CompositeKeysCompareValueByValue) {
  EXPECT_TRUE(cursor_before(R"(["9","z"])", R"(["10","a"])"));
  EXPECT_FALSE(cursor_before(R"(["10","a"])", R"(["9","z"])"));
  EXPECT_TRUE(cursor_before(R"(["10","a"])", R"(["10","b"])"));
  EXPECT_FALSE(cursor_before(R"(["10","a"])", R"(["10","a"])"));
  EXPECT_TRUE(cursor_before(R"(["10"])", R"(["10","a"])"));
  EXPECT_FALSE(cursor_before(R"(["9)", R"(["10)"));
}

}  // namespace
}  // namespace rivet::state
