// SPDX-License-Identifier: Apache-2.0
// That rows may come twice is said when it is so, and only then.
#include "inspect/remembered.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rivet::inspect {
namespace {

using testing::HasSubstr;

model::Incremental by_reading_again() {
  return {.cursor = {{"at"}}, .since = {}, .until = {}, .identity = {"id", "at"}, .lookback = 100};
}

Remembered remembered(std::set<std::string> strangers) {
  return {.groups = {{.run_id = "new", .after = {}, .digests = ""}, {.run_id = "old", .after = {}, .digests = ""}},
          .strangers = std::move(strangers)};
}

TEST(Strangers, AreWarnedOf) {
  const auto warning = warn_of_strangers(remembered({"new", "old"}), by_reading_again());
  ASSERT_TRUE(warning.has_value());
  EXPECT_EQ(warning->rule, "identity_changed");
  EXPECT_THAT(warning->message, HasSubstr("told apart by id, at"));
}

TEST(Strangers, BeforeARunThatReadEverythingAnewDoNotMatter) {
  EXPECT_FALSE(warn_of_strangers(remembered({"old"}), by_reading_again()).has_value());
}

TEST(Strangers, MatterOnlyToThoseThatLookAgain) {
  auto incremental = by_reading_again();
  incremental.lookback = 0;
  EXPECT_FALSE(warn_of_strangers(remembered({"new"}), incremental).has_value());
  incremental = by_reading_again();
  incremental.versions = true;
  EXPECT_FALSE(warn_of_strangers(remembered({"new"}), incremental).has_value()) << "without a key nothing is left out";
  incremental.by_key = true;
  EXPECT_TRUE(warn_of_strangers(remembered({"new"}), incremental).has_value());
}

TEST(Strangers, AreNoneWhenNothingIsRemembered) { EXPECT_FALSE(warn_of_strangers({}, by_reading_again()).has_value()); }

}  // namespace
}  // namespace rivet::inspect
