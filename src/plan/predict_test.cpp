// SPDX-License-Identifier: Apache-2.0
// What a prediction rests on, and that it is never narrower than what it knows.
#include "plan/predict.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rivet::plan {
namespace {

using testing::HasSubstr;

model::Plan with_units(int count) {
  model::Plan plan;
  plan.relation.table = "t";
  plan.strategy = "range";
  plan.compression = "zstd";
  plan.units.resize(static_cast<std::size_t>(count));
  return plan;
}

PredictionFacts estimated(std::optional<std::int64_t> rows) {
  return {.rows = rows, .bytes_per_row = 80, .statements_to_plan = 10, .statements_per_unit = 5, .history = {}};
}

PastRun past(std::int64_t rows, std::int64_t ms) {
  return {.succeeded = true,
          .rows = rows,
          .bytes_written = rows * 7,
          .duration_ms = ms,
          .peak_rss_mb = 60,
          .mode = "full",
          .format = "parquet"};
}

TEST(Predict, IntervalsHoldTheirExpectation) {
  for (const std::optional<std::int64_t> rows : {std::optional<std::int64_t>(), {0}, {1}, {3'000'000}, {INT64_MAX}}) {
    const auto p = predict({}, with_units(3), estimated(rows));
    for (const auto* interval : {&p.rows, &p.bytes_written, &p.duration_ms, &p.statements, &p.peak_rss_mb}) {
      EXPECT_LE(0, interval->low);
      EXPECT_LE(interval->low, interval->expected);
      EXPECT_LE(interval->expected, interval->high);
    }
  }
}

TEST(Predict, StatementsFollowTheUnits) {
  EXPECT_EQ(predict({}, with_units(30), estimated(10)).statements.expected, 10 + 5 * 30);
}

TEST(Predict, EarlierRunsAreBetterWitnesses) {
  auto facts = estimated(1'000'000);
  facts.history = {past(1'000'000, 2'000), past(900'000, 2'000), past(1'000'000, 2'500)};
  const auto p = predict({}, with_units(1), facts);
  EXPECT_THAT(p.basis, HasSubstr("last 3 run"));
  EXPECT_EQ(p.rows.expected, 1'000'000);
  EXPECT_EQ(p.bytes_written.expected, 7'000'000);
  EXPECT_TRUE(p.duration_ms.contains(2'200)) << p.duration_ms.low << " " << p.duration_ms.high;
  EXPECT_TRUE(p.peak_rss_mb.contains(60));
}

TEST(Predict, RunsOfAnotherKindAreNoWitnesses) {
  auto facts = estimated(1'000'000);
  facts.history = {past(1'000'000, 2'000)};
  facts.history.front().format = "csv";
  EXPECT_THAT(predict({}, with_units(1), facts).basis, HasSubstr("estimate"));
  facts.history.front().format = "parquet";
  facts.history.front().succeeded = false;
  EXPECT_THAT(predict({}, with_units(1), facts).basis, HasSubstr("estimate"));
}

TEST(Predict, ATableThatGrewIsNotWhatItWas) {
  auto facts = estimated(5'000'000);
  facts.history = {past(1'000'000, 2'000)};
  EXPECT_EQ(predict({}, with_units(1), facts).rows.expected, 5'000'000);
}

TEST(Predict, ACountIsAlmostCertain) {
  auto facts = estimated(1'000'000);
  facts.counted = true;
  const auto rows = predict({}, with_units(1), facts).rows;
  EXPECT_GE(rows.low, 980'000);
  EXPECT_LE(rows.high, 1'020'000);
}

}  // namespace
}  // namespace rivet::plan
