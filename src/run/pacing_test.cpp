// SPDX-License-Identifier: Apache-2.0
// What a unit owes, and when nothing may be owed.
#include "run/pacing.hpp"

#include <gmock/gmock.h>

namespace rivet::run {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

const Pacing::Instant kStart = Pacing::Instant{} + 1h;

model::Plan plan_of(int units) {
  model::Plan plan{.consistency = "unit"};
  plan.units.resize(static_cast<std::size_t>(units));
  return plan;
}

config::Tuning throttled(std::int64_t ms) {
  return {.profile = "balanced", .batch_size = 10'000, .throttle_ms = ms, .throttle_given = true};
}

config::Tuning at_most(double mb_per_s) { return {.max_mb_per_s = mb_per_s}; }

TEST(Pacing, RowsOweTheThrottleOfTheirBatches) {
  Pacing pacing(throttled(50), plan_of(2));
  EXPECT_EQ(pacing.owed({.rows = 100'000}, kStart, kStart + 1s), 500ms);
  EXPECT_EQ(pacing.owed({.rows = 5'000}, kStart, kStart + 1s), 25ms);
  EXPECT_EQ(pacing.owed({.rows = 0}, kStart, kStart + 1s), 0ms);
}

TEST(Pacing, DefaultsOfAProfileOweNothing) {
  auto tuning = throttled(50);
  tuning.throttle_given = false;
  EXPECT_EQ(Pacing(tuning, plan_of(2)).owed({.rows = 1'000'000}, kStart, kStart + 1s), 0ms);
}

TEST(Pacing, TheSafeProfileMeansIt) {
  const config::Tuning safe{.profile = "safe", .batch_size = 2'000, .throttle_ms = 500};
  EXPECT_EQ(Pacing(safe, plan_of(2)).owed({.rows = 4'000}, kStart, kStart + 1s), 1s);
}

TEST(Pacing, BytesOweWhatTheirReadingFellShortOf) {
  Pacing pacing(at_most(1), plan_of(2));
  EXPECT_EQ(pacing.owed({.bytes = 10 << 20}, kStart, kStart + 4s), 6s);
  EXPECT_EQ(pacing.owed({.bytes = 1 << 20}, kStart + 10s, kStart + 12s), 0ms) << "slower than allowed by itself";
}

TEST(Pacing, SlotsShareTheBytesOfASecond) {
  Pacing pacing(at_most(1), plan_of(4));
  EXPECT_EQ(pacing.owed({.bytes = 2 << 20}, kStart, kStart + 1s), 1s);
  EXPECT_EQ(pacing.owed({.bytes = 2 << 20}, kStart, kStart + 1s), 3s);
}

TEST(Pacing, AQuietTimeIsNoCreditForAStorm) {
  Pacing pacing(at_most(1), plan_of(4));
  EXPECT_EQ(pacing.owed({.bytes = 1 << 20}, kStart, kStart + 1s), 0ms);
  EXPECT_EQ(pacing.owed({.bytes = 3 << 20}, kStart + 1h, kStart + 1h), 3s);
}

TEST(Pacing, BothTogetherOweTheLongerPause) {
  auto tuning = throttled(1'000);
  tuning.max_mb_per_s = 1;
  Pacing pacing(tuning, plan_of(2));
  EXPECT_EQ(pacing.owed({.rows = 20'000, .bytes = 1 << 20}, kStart, kStart + 1s), 2s);
  EXPECT_EQ(pacing.owed({.rows = 10, .bytes = 5 << 20}, kStart + 10s, kStart + 10s), 5s);
}

TEST(Pacing, NothingRestsWhileASnapshotIsOpen) {
  auto tuning = throttled(1'000);
  tuning.max_mb_per_s = 0.1;
  auto shared = plan_of(4);
  shared.snapshot = "00000003-1";
  auto one_instant = plan_of(4);
  one_instant.consistency = "snapshot";
  for (const auto& plan : {plan_of(1), shared, one_instant}) {
    EXPECT_EQ(Pacing(tuning, plan).owed({.rows = 1'000'000, .bytes = 1 << 30}, kStart, kStart + 1s), 0ms);
  }
}

TEST(Pacing, WarnsWhenWhatWasAskedForCannotBe) {
  auto tuning = throttled(50);
  tuning.max_mb_per_s = 5;
  auto single = plan_of(1);
  warn_about_pacing(tuning, single);
  ASSERT_EQ(single.warnings.size(), 1);
  EXPECT_THAT(single.warnings.front().message, HasSubstr("throttle_ms and max_mb_per_s"));
  EXPECT_THAT(single.warnings.front().message, HasSubstr("one unit"));
  auto shared = plan_of(3);
  shared.snapshot = "s";
  warn_about_pacing(throttled(50), shared);
  ASSERT_EQ(shared.warnings.size(), 1);
  EXPECT_THAT(shared.warnings.front().message, HasSubstr("share one snapshot"));
}

TEST(Pacing, IsSilentAboutDefaultsAndWhereItPaces) {
  auto single = plan_of(1);
  auto by_profile = throttled(50);
  by_profile.throttle_given = false;
  warn_about_pacing(by_profile, single);
  warn_about_pacing(throttled(0), single);
  auto many = plan_of(2);
  warn_about_pacing(throttled(50), many);
  EXPECT_TRUE(single.warnings.empty() && many.warnings.empty());
}

}  // namespace
}  // namespace rivet::run
