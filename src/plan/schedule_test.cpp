// SPDX-License-Identifier: Apache-2.0
// Cost, memory and the user bound what runs at once.
#include "plan/schedule.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rivet::plan {
namespace {

using testing::ElementsAre;
using testing::Field;

TEST(Schedule, WavesAscendAndTheDearestBoundsThem) {
  const auto waves = make_waves({{.index = 0, .wave = 3, .cost = CostClass::high},
                                 {.index = 1, .wave = 1, .cost = CostClass::low},
                                 {.index = 2, .wave = 3, .cost = CostClass::low},
                                 {.index = 3, .wave = 1, .cost = CostClass::medium},
                                 {.index = 4, .wave = 1, .cost = CostClass::low},
                                 {.index = 5, .wave = 1, .cost = CostClass::low}},
                                0);
  ASSERT_EQ(waves.size(), 2U);
  EXPECT_THAT(waves[0].tasks, ElementsAre(Field(&Task::index, 1), Field(&Task::index, 3), Field(&Task::index, 4),
                                          Field(&Task::index, 5)));
  EXPECT_EQ(waves[0].at_once, 3);
  EXPECT_THAT(waves[1].tasks, ElementsAre(Field(&Task::index, 0), Field(&Task::index, 2)));
  EXPECT_EQ(waves[1].at_once, 2);
}

TEST(Schedule, MemoryAndTheUserBoundAWave) {
  std::vector<Task> tasks;
  for (std::size_t i = 0; i < 10; ++i) tasks.push_back({.index = i, .cost = CostClass::low, .peak_mb = 532});
  EXPECT_EQ(make_waves(tasks, 0).front().at_once, 4);
  EXPECT_EQ(make_waves(tasks, 2).front().at_once, 2);
  tasks[0].peak_mb = 1 << 20;
  EXPECT_EQ(make_waves(tasks, 0).front().at_once, 1) << "one export always runs";
}

TEST(Schedule, APoolBeginsWithTheLongest) {
  EXPECT_THAT(longest_first(
                  {{.index = 0, .expected_ms = 10}, {.index = 1, .expected_ms = 99}, {.index = 2, .expected_ms = 10}}),
              ElementsAre(Field(&Task::index, 1), Field(&Task::index, 0), Field(&Task::index, 2)));
}

TEST(Schedule, OnlyWhatWouldBeLeftOverIsSplit) {
  const std::vector<Task> tasks{{.index = 0, .expected_ms = 60'000}, {.index = 1, .expected_ms = 5'000}};
  EXPECT_TRUE(is_worth_splitting(tasks[0], tasks, 2));
  EXPECT_FALSE(is_worth_splitting(tasks[1], tasks, 2));
  EXPECT_FALSE(is_worth_splitting(tasks[0], tasks, 1));
}

}  // namespace
}  // namespace rivet::plan
