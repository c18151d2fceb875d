// SPDX-License-Identifier: Apache-2.0
// Order, backpressure, and both ways of ending.
#include "base/bounded_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

namespace rivet::base {
namespace {

const std::stop_token kNever;

TEST(BoundedQueue, HandsItemsOverInOrder) {
  BoundedQueue<int> queue(3);
  std::jthread producer([&] {
    for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(queue.push(i, kNever));
    queue.close();
  });
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(queue.pop(kNever), i);
  EXPECT_EQ(queue.pop(kNever), std::nullopt);
}

TEST(BoundedQueue, NeverHoldsMoreThanItsDepth) {
  BoundedQueue<int> queue(2);
  std::atomic<int> inside{0};
  std::atomic<bool> exceeded{false};
  std::jthread producer([&] {
    for (int i = 0; i < 2'000; ++i) {
      queue.push(i, kNever);
      if (inside.fetch_add(1) > 2) exceeded = true;  // one may be taken but not yet counted
    }
    queue.close();
  });
  while (queue.pop(kNever)) inside.fetch_sub(1);
  EXPECT_FALSE(exceeded);
}

TEST(BoundedQueue, ClosingLeavesWhatIsInside) {
  BoundedQueue<int> queue(2);
  ASSERT_TRUE(queue.push(1, kNever));
  queue.close();
  EXPECT_FALSE(queue.push(2, kNever));
  EXPECT_EQ(queue.pop(kNever), 1);
  EXPECT_EQ(queue.pop(kNever), std::nullopt);
}

TEST(BoundedQueue, ClosingWakesAWriter) {
  BoundedQueue<int> queue(1);
  ASSERT_TRUE(queue.push(1, kNever));
  std::atomic<bool> taken{true};
  std::jthread writer([&] { taken = queue.push(2, kNever); });
  queue.close();
  writer.join();
  EXPECT_FALSE(taken);
}

TEST(BoundedQueue, ClosingWakesAReader) {
  BoundedQueue<int> queue(1);
  std::atomic<bool> got{true};
  std::jthread reader([&] { got = queue.pop(kNever).has_value(); });
  queue.close();
  reader.join();
  EXPECT_FALSE(got);
}

TEST(BoundedQueue, StopWakesReaderAndWriter) {
  BoundedQueue<int> empty(1), full(1);
  ASSERT_TRUE(full.push(1, kNever));
  std::stop_source stop;
  std::atomic<bool> got{true}, taken{true};
  std::jthread reader([&] { got = empty.pop(stop.get_token()).has_value(); });
  std::jthread writer([&] { taken = full.push(2, stop.get_token()); });
  stop.request_stop();
  reader.join();
  writer.join();
  EXPECT_FALSE(got);
  EXPECT_FALSE(taken);
}

TEST(BoundedQueue, CarriesWhatCanOnlyBeMoved) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  ASSERT_TRUE(queue.push(std::make_unique<int>(7), kNever));
  EXPECT_EQ(**queue.pop(kNever), 7);
}

}  // namespace
}  // namespace rivet::base
