// SPDX-License-Identifier: Apache-2.0
// Points and waves, signal by signal.
#include "plan/prioritize.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rivet::plan {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::Not;

config::Export full(std::string name = "t") {
  config::Export entry;
  entry.name = std::move(name);
  return entry;
}

model::Preflight looked(std::optional<std::int64_t> rows, model::Verdict verdict = model::Verdict::acceptable) {
  model::Preflight preflight;
  preflight.row_estimate = rows;
  preflight.verdict = verdict;
  preflight.units = 1;
  return preflight;
}

Recommendation score(const config::Export& entry, model::Preflight preflight, std::vector<PastRun> history = {}) {
  return prioritize({{entry, std::move(preflight), std::move(history)}}).ordered.front();
}

auto has(const std::string& kind) { return Contains(Field(&PriorityReason::kind, kind)); }

TEST(Prioritize, SmallFullTablesGoEarly) {
  const auto one = score(full(), looked(500));
  EXPECT_EQ(one.score, 50 + 12 + 5);
  EXPECT_EQ(one.wave, 2);
  EXPECT_EQ(one.cost, CostClass::low);
  EXPECT_THAT(one.reasons, has("small_table"));
}

TEST(Prioritize, LargeChunkedTablesGoLate) {
  auto entry = full();
  entry.mode = config::Mode::chunked;
  auto preflight = looked(20'000'000);
  preflight.units = 200;
  const auto one = score(entry, preflight);
  EXPECT_EQ(one.score, 50 - 15 - 10);
  EXPECT_EQ(one.wave, 4);
  EXPECT_EQ(one.cost, CostClass::very_high);
}

TEST(Prioritize, SparseChunksGoLater) {
  auto entry = full();
  entry.mode = config::Mode::chunked;
  auto preflight = looked(1'000'000);
  const auto dense = score(entry, preflight);
  preflight.sparse = true;
  const auto sparse = score(entry, preflight);
  EXPECT_EQ(sparse.score, dense.score - 18);
  EXPECT_THAT(sparse.reasons, has("sparse_range_risk"));
}

TEST(Prioritize, AStrongCursorIsWorthMoreThanAWeakOne) {
  auto entry = full();
  entry.mode = config::Mode::incremental;
  auto indexed = looked(1'000'000, model::Verdict::efficient);
  indexed.uses_index = true;
  EXPECT_EQ(score(entry, indexed).score, 50 + 18 + 8);
  EXPECT_EQ(score(entry, indexed).wave, 1);
  EXPECT_EQ(score(entry, looked(1'000'000)).score, 50 - 8);
  entry.keys.coalesce = true;
  EXPECT_THAT(score(entry, indexed).reasons, has("weak_cursor"));
}

TEST(Prioritize, VerdictsAndUnknownSizesCount) {
  EXPECT_EQ(score(full(), looked(std::nullopt)).score, 50 - 3 + 5);
  EXPECT_EQ(score(full(), looked(500'000, model::Verdict::unsafe)).score, 50 + 5 - 25);
  EXPECT_EQ(score(full(), looked(500'000, model::Verdict::unsafe)).risk_class, "high");
  EXPECT_EQ(score(full(), looked(500'000, model::Verdict::degraded)).score, 50 + 5 - 12 - 4);
}

TEST(Prioritize, ARunThatSucceededIsSeenAsOne) {
  const PastRun good{.succeeded = true, .rows = 1, .duration_ms = 400'000}, bad{.succeeded = false};
  EXPECT_THAT(score(full(), looked(500'000), {good}).reasons, Not(has("recent_failure_history")));
  EXPECT_EQ(score(full(), looked(500'000), {good}).score, 55 - 4) << "slow";
  EXPECT_EQ(score(full(), looked(500'000), {bad, good}).score, 55 - 8 - 4);
  auto retried = good;
  retried.retries = 2;
  retried.duration_ms = 1;
  EXPECT_THAT(score(full(), looked(500'000), {retried, retried, retried}).reasons, has("high_retry_rate_history"));
}

TEST(Prioritize, HeavyExportsOfOneSourceGroupAreKeptApart) {
  auto a = full("a"), b = full("b"), c = full("c");
  a.source_group = b.source_group = "replica";
  const auto campaign = prioritize({{a, looked(20'000'000), {}}, {b, looked(20'000'000), {}}, {c, looked(5), {}}});
  ASSERT_EQ(campaign.source_group_warnings.size(), 1U);
  EXPECT_THAT(campaign.source_group_warnings.front().exports, ElementsAre("a", "b"));
  EXPECT_EQ(campaign.ordered.front().export_name, "c");
  EXPECT_TRUE(campaign.ordered.back().isolate_on_source);
  EXPECT_FALSE(campaign.ordered.front().isolate_on_source);
}

TEST(Prioritize, TwoLightExportsOfAGroupAreFine) {
  auto a = full("a"), b = full("b");
  a.source_group = b.source_group = "replica";
  EXPECT_THAT(prioritize({{a, looked(5), {}}, {b, looked(5), {}}}).source_group_warnings, IsEmpty());
}

}  // namespace
}  // namespace rivet::plan
