// SPDX-License-Identifier: Apache-2.0
// The end of a snapshot in the server's text form.
#include "source/postgres/horizon.hpp"

#include <gtest/gtest.h>

namespace rivet::source::postgres {
namespace {

TEST(NextVersion, IsTheSecondNumberOfASnapshot) {
  EXPECT_EQ(*next_version("10:20:10,14,15"), 20);
  EXPECT_EQ(*next_version("21474836480:21474836490:"), 21474836490);
}

TEST(FirstRunning, IsTheBeginningOfTheText) {
  EXPECT_EQ(first_running("10:20:10,14,15"), 10);
  EXPECT_EQ(first_running("21474836480:21474836490:"), 21474836480);
  for (const auto* text : {"", "10", ":10:", "x:10:", "-3:10:", "schema_version=4"}) {
    EXPECT_FALSE(first_running(text)) << text;
  }
}

TEST(NextVersion, IsInNoOtherText) {
  for (const auto* text : {"", ":", "10:", "10:20", "10::", "10:x:", "10:-3:", "10:2x:"}) {
    EXPECT_FALSE(next_version(text)) << text;
  }
}

}  // namespace
}  // namespace rivet::source::postgres
