// SPDX-License-Identifier: Apache-2.0
// Who may run beside whom.
#include "run/work_pool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace rivet::run {
namespace {

using testing::ElementsAre;

WorkItem named(const std::string& name) {
  return {.run = [name](const OutcomeHandler& handle) {
    report::RunOutcome outcome{.export_name = name};
    handle(outcome);
    return std::vector{outcome};
  }};
}

std::vector<std::string> names(const std::vector<report::RunOutcome>& outcomes) {
  std::vector<std::string> out;
  for (const auto& outcome : outcomes) out.push_back(outcome.export_name);
  return out;
}

TEST(WorkPool, KeepsTheOrderOfOutcomes) {
  int handled = 0;
  const auto outcomes = work_off({named("a"), named("b"), named("c")}, 2, {}, [&](const auto&) { ++handled; });
  EXPECT_THAT(names(outcomes), ElementsAre("a", "b", "c"));
  EXPECT_EQ(handled, 3);
}

TEST(WorkPool, RunsHeavyItemsOneAtATimeAndOthersBesideThem) {
  std::atomic<int> heavy{0}, most_heavy{0}, running{0}, most{0};
  const auto item = [&](bool alone) {
    return WorkItem{.run =
                        [&, alone](const OutcomeHandler&) {
                          if (alone) most_heavy = std::max(most_heavy.load(), ++heavy);
                          most = std::max(most.load(), ++running);
                          std::this_thread::sleep_for(std::chrono::milliseconds(20));
                          --running;
                          if (alone) --heavy;
                          return std::vector<report::RunOutcome>{};
                        },
                    .alone = alone};
  };
  work_off({item(true), item(true), item(true), item(false), item(false)}, 3, {}, [](const auto&) {});
  EXPECT_EQ(most_heavy, 1);
  EXPECT_GE(most, 2);
}

TEST(WorkPool, BeginsNothingAfterAStop) {
  std::stop_source stop;
  const WorkItem stops{.run = [&](const OutcomeHandler&) {
    stop.request_stop();
    return std::vector{report::RunOutcome{.export_name = "first"}};
  }};
  EXPECT_THAT(names(work_off({stops, named("second")}, 1, stop.get_token(), [](const auto&) {})), ElementsAre("first"));
}

}  // namespace
}  // namespace rivet::run
