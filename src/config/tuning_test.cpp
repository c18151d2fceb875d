// SPDX-License-Identifier: Apache-2.0
// Profiles and the two levels of the tuning block.
#include "config/tuning.hpp"

#include "config/test_support.hpp"

#include <gmock/gmock.h>

namespace rivet::config {
namespace {

using ::testing::HasSubstr;

/// The tuning of the only export of a file with the given blocks.
Result<Tuning> tuning_of(std::string_view of_source, std::string_view of_export, std::string_view environment = "") {
  const test::Files files;
  test::Surroundings around;
  std::string text = "source:\n  type: sqlite\n  path: shop.db\n" + std::string(environment);
  if (!of_source.empty()) text += "  tuning: {" + std::string(of_source) + "}\n";
  text += "exports:\n  - name: a\n    table: a\n    format: csv\n    destination: {type: local, path: out}\n";
  if (!of_export.empty()) text += "    tuning: {" + std::string(of_export) + "}\n";
  auto config = TRY(test::load_text(files, text, around));
  return config.exports.at(0).tuning;
}

TEST(Tuning, FollowsTheProfileTable) {
  const auto fast = tuning_of("profile: fast", "");
  ASSERT_TRUE(fast.has_value());
  EXPECT_EQ(fast->batch_size, 50'000);
  EXPECT_EQ(fast->batch_size_memory_mb, 64);
  EXPECT_EQ(fast->statement_timeout_s, 0);
  EXPECT_EQ(fast->max_retries, 1);
  const auto safe = tuning_of("profile: safe", "");
  ASSERT_TRUE(safe.has_value());
  EXPECT_EQ(safe->batch_size, 2'000);
  EXPECT_EQ(safe->batch_size_memory_mb, std::nullopt);
  EXPECT_EQ(safe->throttle_ms, 500);
  EXPECT_EQ(safe->retry_backoff_ms, 5'000);
  EXPECT_EQ(safe->lock_timeout_s, 10);
  EXPECT_EQ(safe->memory_threshold_mb, 2'048);
  EXPECT_EQ(safe->max_value_mb, 256);
}

TEST(Tuning, ChoosesTheProfileByEnvironment) {
  EXPECT_EQ(tuning_of("", "")->profile, "balanced");
  EXPECT_EQ(tuning_of("", "", "  environment: production\n")->profile, "balanced");
  EXPECT_EQ(tuning_of("", "", "  environment: replica\n")->profile, "balanced");
  EXPECT_EQ(tuning_of("", "", "  environment: local\n")->profile, "fast");
  EXPECT_EQ(tuning_of("profile: safe", "", "  environment: local\n")->profile, "safe");
}

TEST(Tuning, TellsAThrottleOfTheFileFromThatOfTheProfile) {
  EXPECT_EQ(tuning_of("", "")->throttle_ms, 50);
  EXPECT_FALSE(tuning_of("", "")->throttle_given);
  EXPECT_FALSE(tuning_of("profile: safe", "")->throttle_given);
  EXPECT_TRUE(tuning_of("throttle_ms: 50", "")->throttle_given);
  EXPECT_TRUE(tuning_of("", "throttle_ms: 0")->throttle_given);
}

TEST(Tuning, BoundsTheRateOfTheSource) {
  EXPECT_EQ(tuning_of("", "")->max_mb_per_s, std::nullopt);
  EXPECT_EQ(tuning_of("max_mb_per_s: 20", "max_mb_per_s: 2.5")->max_mb_per_s, 2.5);
  EXPECT_FALSE(tuning_of("max_mb_per_s: 0", "").has_value());
  EXPECT_FALSE(tuning_of("max_mb_per_s: fast", "").has_value());
}

TEST(Tuning, LaysTheExportOverTheSourceKeyByKey) {
  const auto tuning = tuning_of("profile: safe, max_retries: 7, throttle_ms: 9", "profile: fast, throttle_ms: 3");
  ASSERT_TRUE(tuning.has_value());
  EXPECT_EQ(tuning->profile, "fast");
  EXPECT_EQ(tuning->max_retries, 7);
  EXPECT_EQ(tuning->throttle_ms, 3);
  EXPECT_EQ(tuning->lock_timeout_s, 0);
}

TEST(Tuning, ExplicitRowsDropTheMemoryBoundOfTheProfile) {
  const auto tuning = tuning_of("batch_size: 123", "");
  ASSERT_TRUE(tuning.has_value());
  EXPECT_EQ(tuning->batch_size, 123);
  EXPECT_EQ(tuning->batch_size_memory_mb, std::nullopt);
}

TEST(Tuning, RefusesRowsAndMemoryTogether) {
  const auto together = tuning_of("batch_size: 1, batch_size_memory_mb: 1", "");
  ASSERT_FALSE(together.has_value());
  EXPECT_THAT(together.error().message, HasSubstr("rivet.yaml:4: 'batch_size' and 'batch_size_memory_mb' exclude"));
  EXPECT_EQ(std::count(together.error().message.begin(), together.error().message.end(), '\n'), 0);
}

TEST(Tuning, RefusesRowsAndMemoryThatOnlyMeetInTheMerge) {
  const auto merged = tuning_of("batch_size: 1", "batch_size_memory_mb: 1");
  ASSERT_FALSE(merged.has_value());
  EXPECT_THAT(merged.error().message, HasSubstr("rivet.yaml:10: "));
  EXPECT_THAT(merged.error().message, HasSubstr("together set both"));
}

TEST(Tuning, TakesEveryKey) {
  const auto tuning = tuning_of("",
                                "profile: balanced, batch_size_memory_mb: 5, throttle_ms: 1, statement_timeout_s: 2, "
                                "max_retries: 0, retry_backoff_ms: 4, lock_timeout_s: 5, memory_threshold_mb: 6, "
                                "max_value_mb: 7, adaptive: true, min_parallel: 2, max_batch_memory_mb: 8, "
                                "on_batch_memory_exceeded: auto_shrink");
  ASSERT_TRUE(tuning.has_value()) << tuning.error().message;
  EXPECT_EQ(tuning->batch_size_memory_mb, 5);
  EXPECT_EQ(tuning->statement_timeout_s, 2);
  EXPECT_EQ(tuning->max_retries, 0);
  EXPECT_EQ(tuning->max_value_mb, 7);
  EXPECT_TRUE(tuning->adaptive);
  EXPECT_EQ(tuning->min_parallel, 2);
  EXPECT_EQ(tuning->max_batch_memory_mb, 8);
  EXPECT_EQ(tuning->on_batch_memory_exceeded, Tuning::OnBatchMemory::auto_shrink);
}

}  // namespace
}  // namespace rivet::config
