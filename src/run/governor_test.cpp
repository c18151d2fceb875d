// SPDX-License-Identifier: Apache-2.0
// What makes the governor give way, come back and give up; and that nobody waits at its gate for ever.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>
#include <vector>

#include "run/governor_policy.hpp"
#include "run/slot_gate.hpp"

namespace rivet::run {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

const source::Pressure kCalm{.active = 5, .waiting = 0};
const source::Pressure kStrained{.active = 5, .waiting = 4};

TEST(GovernorPolicy, BeginsWithAllSlotsAndGivesOneAtATime) {
  GovernorPolicy policy(1, 4);
  EXPECT_EQ(policy.slots(), 4);
  const auto first = policy.observe(kStrained);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->from, 4);
  EXPECT_EQ(first->to, 3);
  EXPECT_THAT(first->reason, HasSubstr("4 of 5 statements of other sessions wait"));
  policy.observe(kStrained);
  EXPECT_EQ(policy.slots(), 2);
}

TEST(GovernorPolicy, StopsAtTheFloor) {
  GovernorPolicy policy(2, 3);
  for (int i = 0; i < 10; ++i) policy.observe(kStrained);
  EXPECT_EQ(policy.slots(), 2);
  EXPECT_FALSE(policy.observe(kStrained).has_value()) << "no change is no adjustment";
}

TEST(GovernorPolicy, ComesBackAfterTwoCalmSamplesEach) {
  GovernorPolicy policy(1, 3);
  policy.observe(kStrained);
  policy.observe(kStrained);
  EXPECT_FALSE(policy.observe(kCalm).has_value());
  EXPECT_EQ(policy.observe(kCalm)->to, 2);
  EXPECT_FALSE(policy.observe(kCalm).has_value());
  policy.observe(kStrained);
  EXPECT_FALSE(policy.observe(kCalm).has_value()) << "strain between them starts the count anew";
  EXPECT_EQ(policy.observe(kCalm)->to, 2);
  for (int i = 0; i < 10; ++i) policy.observe(kCalm);
  EXPECT_EQ(policy.slots(), 3);
}

// Case 41: what the export does by itself, alone at the server or beside others at ease, never counts against it.
TEST(GovernorPolicy, AnExportAloneKeepsAllItsSlots) {
  GovernorPolicy policy(1, 4);
  for (const auto& sample : {source::Pressure{}, source::Pressure{.active = 1, .waiting = 1},
                             source::Pressure{.active = 10, .waiting = 4}, source::Pressure{.requested_checkpoints = 7},
                             source::Pressure{.requested_checkpoints = 7}, source::Pressure{.standby_lag = 9'999ms}}) {
    EXPECT_FALSE(policy.observe(sample).has_value());
  }
  EXPECT_EQ(policy.slots(), 4);
}

TEST(GovernorPolicy, ForcedCheckpointsCountWhenTheyBecomeMore) {
  GovernorPolicy policy(1, 4);
  EXPECT_FALSE(policy.observe({.requested_checkpoints = 100}).has_value());
  EXPECT_THAT(policy.observe({.requested_checkpoints = 101})->reason, HasSubstr("checkpoints"));
  EXPECT_FALSE(policy.observe({.requested_checkpoints = 101}).has_value());
  policy.observe_nothing();
  EXPECT_FALSE(policy.observe({.requested_checkpoints = 150}).has_value()) << "nothing to compare with";
}

TEST(GovernorPolicy, AStandbyFarBehindCounts) {
  GovernorPolicy policy(1, 4);
  EXPECT_THAT(policy.observe({.standby_lag = 30s})->reason, HasSubstr("30000 ms behind"));
}

TEST(GovernorPolicy, ThreeUnreadableSamplesOpenAllAndEndIt) {
  GovernorPolicy policy(1, 4);
  policy.observe(kStrained);
  policy.observe(kStrained);
  EXPECT_FALSE(policy.observe_nothing().has_value());
  EXPECT_FALSE(policy.observe_nothing().has_value());
  EXPECT_FALSE(policy.is_off());
  const auto last = policy.observe_nothing();
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->to, 4);
  EXPECT_TRUE(policy.is_off());
  EXPECT_FALSE(policy.observe(kStrained).has_value());
  EXPECT_EQ(policy.slots(), 4);
}

TEST(GovernorPolicy, AReadableSampleForgivesTheUnreadable) {
  GovernorPolicy policy(1, 4);
  for (int i = 0; i < 10; ++i) {
    policy.observe_nothing();
    policy.observe_nothing();
    policy.observe(kCalm);
  }
  EXPECT_FALSE(policy.is_off());
}

TEST(SlotGate, LetsTheFirstPass) {
  SlotGate gate(2);
  EXPECT_TRUE(gate.pass(0, {}) && gate.pass(1, {}));
  EXPECT_FALSE(gate.lets_pass(2));
  gate.allow(3);
  EXPECT_TRUE(gate.lets_pass(2));
}

/// Slots 1 to 3 at a gate that lets only slot 0 pass; the number of them that passed once `release` has ended all.
template <class Release>
int passed_after(SlotGate& gate, std::stop_source& stop, Release release) {
  std::atomic<int> passed{0};
  {
    std::vector<std::jthread> slots;
    for (int i = 1; i < 4; ++i) {
      slots.emplace_back([&, i] { passed += gate.pass(i, stop.get_token()) ? 1 : 0; });
    }
    release();
  }
  return passed;
}

TEST(SlotGate, AFailureElsewhereEndsEveryWait) {
  SlotGate gate(1);
  std::stop_source stop;
  EXPECT_EQ(passed_after(gate, stop, [&] { stop.request_stop(); }), 0);
}

TEST(SlotGate, TheEndOfTheWorkEndsEveryWait) {
  SlotGate gate(1);
  std::stop_source stop;
  EXPECT_EQ(passed_after(gate, stop, [&] { gate.open(); }), 3);
  gate.allow(1);
  EXPECT_TRUE(gate.lets_pass(3)) << "open is open, whatever a late sample says";
}

}  // namespace
}  // namespace rivet::run
