// SPDX-License-Identifier: Apache-2.0
// The text forms of wall time and the way back.
#include "base/clock.hpp"

#include <gtest/gtest.h>

namespace rivet::base {
namespace {

using namespace std::chrono_literals;

Timestamp at(std::chrono::sys_days day, std::chrono::microseconds time = 0us) { return Timestamp(day) + time; }

constexpr auto kDay = std::chrono::sys_days(std::chrono::year(2026) / 4 / 18);
const Timestamp kSome = at(kDay, 12h + 20min + 15s + 123'456us);

TEST(Clock, WritesEveryForm) {
  EXPECT_EQ(to_rfc3339(kSome), "2026-04-18T12:20:15.123456+00:00");
  EXPECT_EQ(to_rfc3339_z(kSome), "2026-04-18T12:20:15.123456Z");
  EXPECT_EQ(to_run_stamp(kSome), "20260418T122015.123");
  EXPECT_EQ(to_date(kSome), "2026-04-18");
  EXPECT_EQ(to_display(kSome), "2026-04-18 12:20:15 UTC");
}

TEST(Clock, KeepsLeadingZerosAndCutsMilliseconds) {
  const auto early = at(std::chrono::sys_days(std::chrono::year(2026) / 1 / 2), 3h + 4min + 5s + 6'999us);
  EXPECT_EQ(to_rfc3339_z(early), "2026-01-02T03:04:05.006999Z");
  EXPECT_EQ(to_run_stamp(early), "20260102T030405.006");
}

TEST(Clock, WritesTimesBefore1970) { EXPECT_EQ(to_rfc3339_z(Timestamp(-1us)), "1969-12-31T23:59:59.999999Z"); }

TEST(ParseRfc3339, ReadsWhatItWrites) {
  for (const auto time :
       {kSome, Timestamp(-1us), Timestamp(0us), at(std::chrono::sys_days(std::chrono::year(2024) / 2 / 29))}) {
    EXPECT_EQ(parse_rfc3339(to_rfc3339(time)).value(), time);
    EXPECT_EQ(parse_rfc3339(to_rfc3339_z(time)).value(), time);
  }
}

TEST(ParseRfc3339, ReadsOffsetsAndAnyNumberOfDigits) {
  EXPECT_EQ(parse_rfc3339("2026-04-18T14:20:15.123456+02:00").value(), kSome);
  EXPECT_EQ(parse_rfc3339("2026-04-18 06:50:15.123456789-05:30").value(), kSome);
  EXPECT_EQ(parse_rfc3339("2026-04-18T12:20:15.1Z").value(), at(kDay, 12h + 20min + 15s + 100ms));
  EXPECT_EQ(parse_rfc3339("2026-04-18T12:20:15Z").value(), at(kDay, 12h + 20min + 15s));
}

TEST(ParseRfc3339, RefusesWhatIsNoTime) {
  for (const auto* text :
       {"", "yesterday", "2026-04-18", "2026-04-18T12:20:15", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z",
        "2026-04-18T24:00:00Z", "2026-04-18T12:60:00Z", "2026-04-18T12:20:15Q"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

TEST(ManualClock, StandsStillUntilMoved) {
  ManualClock clock(kSome);
  EXPECT_EQ(clock.now(), kSome);
  clock.advance(1s);
  EXPECT_EQ(clock.now(), kSome + 1s);
}

}  // namespace
}  // namespace rivet::base
