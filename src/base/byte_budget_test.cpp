// SPDX-License-Identifier: Apache-2.0
// Who passes, who waits, and that every share comes back once.
#include "base/byte_budget.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

namespace rivet::base {
namespace {

const std::stop_token kNever;

/// Takes `bytes` in another thread and lets it have them only after `give_back`; false when they came before.
template <class GiveBack>
bool waits_for(ByteBudget& budget, std::int64_t bytes, GiveBack give_back) {
  std::atomic<bool> given{false}, in_order{false};
  std::jthread taker([&] {
    const auto lease = budget.take(bytes, kNever);
    in_order = given.load();
  });
  for (int i = 0; i < 1'000; ++i) std::this_thread::yield();
  given = true;
  give_back();
  taker.join();
  return in_order;
}

TEST(ByteBudget, GrantsAllOfItselfWithoutWaiting) {
  ByteBudget budget(100);
  EXPECT_EQ(budget.total(), 100);
  const auto a = budget.take(60, kNever);
  const auto b = budget.take(40, kNever);
  const auto nothing = budget.take(0, kNever);
}

TEST(ByteBudget, LetsARequestWaitUntilEnoughIsGivenBack) {
  ByteBudget budget(100);
  auto held = budget.take(60, kNever);
  EXPECT_TRUE(waits_for(budget, 41, [&] { held.release(); }));
}

TEST(ByteBudget, GrantsARequestAboveTheWholeAlone) {
  ByteBudget budget(100);
  auto giant = budget.take(1'000, kNever);
  EXPECT_TRUE(waits_for(budget, 1, [&] { giant.release(); }));
  auto small = budget.take(1, kNever);
  EXPECT_TRUE(waits_for(budget, 1'000, [&] { small.release(); }));
}

TEST(ByteBudget, StopEndsTheWaitAndTakesNothing) {
  ByteBudget budget(100);
  auto held = budget.take(100, kNever);
  std::stop_source stop;
  std::jthread waiter([&] { const auto lease = budget.take(50, stop.get_token()); });
  stop.request_stop();
  waiter.join();
  held.release();
  EXPECT_TRUE(waits_for(budget, 100, [held = budget.take(1, kNever)]() mutable { held.release(); }));
}

TEST(ByteBudget, LeasesGiveBackOnceHoweverTheyMove) {
  ByteBudget budget(100);
  auto first = budget.take(40, kNever);
  auto second = budget.take(40, kNever);
  auto moved = std::move(first);
  first.release();
  second = std::move(moved);  // gives back its own 40
  second.release();
  second.release();
  auto all = budget.take(100, kNever);
  EXPECT_TRUE(waits_for(budget, 1, [&] { all.release(); }));
}

TEST(ByteBudget, NobodyWaitsForAnotherWhoDoesNotMove) {
  ByteBudget budget(100);
  ByteBudget::Account stuck(budget), moving(budget);
  const auto all = ByteBudget::take(stuck, 100, kNever);
  auto first = ByteBudget::take(moving, 70, kNever);  // would never return if it waited for `stuck`
  std::stop_source stop;
  std::jthread second([&] { const auto lease = ByteBudget::take(moving, 1, stop.get_token()); });
  stop.request_stop();  // a second share is not for free: only the stop ends this wait
  second.join();
  first.release();
  const auto again = ByteBudget::take(moving, 500, kNever);
}

TEST(ByteBudget, NeverGivesOutMoreThanItHas) {
  ByteBudget budget(100);
  std::atomic<std::int64_t> used{0};
  std::atomic<bool> exceeded{false};
  std::vector<std::jthread> threads;
  for (int t = 1; t <= 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2'000; ++i) {
        const std::int64_t bytes = (i * 7 + t * 13) % 60 + 1;
        const auto lease = budget.take(bytes, kNever);
        if (used.fetch_add(bytes) + bytes > 100) exceeded = true;
        used.fetch_sub(bytes);
      }
    });
  }
  threads.clear();
  EXPECT_FALSE(exceeded);
}

}  // namespace
}  // namespace rivet::base
