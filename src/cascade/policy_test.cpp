// SPDX-License-Identifier: Apache-2.0
// The table of decisions, one row after the other.
#include "cascade/policy.hpp"

#include <gtest/gtest.h>

namespace rivet::cascade {
namespace {

Decision of(PolicyKind kind, std::size_t k, Counters counters) { return decide(needed(kind, k, counters.n), counters); }

TEST(Policy, AllOfNeedsEveryOne) {
  EXPECT_EQ(of(PolicyKind::all_of, 0, {3, 2, 0}), Decision::pending);
  EXPECT_EQ(of(PolicyKind::all_of, 0, {3, 3, 0}), Decision::satisfied);
  EXPECT_EQ(of(PolicyKind::all_of, 0, {3, 0, 1}), Decision::impossible);
  EXPECT_EQ(of(PolicyKind::all_of, 0, {1, 0, 0}), Decision::pending);
}

TEST(Policy, AnyOfNeedsOne) {
  EXPECT_EQ(of(PolicyKind::any_of, 0, {3, 0, 2}), Decision::pending);
  EXPECT_EQ(of(PolicyKind::any_of, 0, {3, 1, 2}), Decision::satisfied);
  EXPECT_EQ(of(PolicyKind::any_of, 0, {3, 0, 3}), Decision::impossible);
}

TEST(Policy, AQuorumNeedsSoManyAndGivesUpWhenTooFewAreLeft) {
  EXPECT_EQ(of(PolicyKind::quorum, 3, {5, 2, 2}), Decision::pending);
  EXPECT_EQ(of(PolicyKind::quorum, 3, {5, 3, 0}), Decision::satisfied);
  EXPECT_EQ(of(PolicyKind::quorum, 3, {5, 2, 3}), Decision::impossible);
  EXPECT_EQ(of(PolicyKind::quorum, 3, {5, 0, 3}), Decision::impossible);
}

TEST(Policy, DecisionsNeverChangeAsCountersGrow) {
  for (std::size_t n = 1; n <= 6; ++n) {
    for (std::size_t k = 1; k <= n; ++k) {
      for (std::size_t s = 0; s <= n; ++s) {
        for (std::size_t f = 0; s + f <= n; ++f) {
          const auto now = decide(k, {n, s, f});
          EXPECT_TRUE(s + f < n || now != Decision::pending) << "everything is known";
          if (now == Decision::pending || s + f == n) continue;
          EXPECT_EQ(decide(k, {n, s + 1, f}), now);
          EXPECT_EQ(decide(k, {n, s, f + 1}), now);
        }
      }
    }
  }
}

TEST(Policy, OnlySuccessHelps) {
  EXPECT_EQ(verdict_of(Outcome::success), Verdict::success);
  for (const auto outcome : {Outcome::failed, Outcome::expired, Outcome::cancelled, Outcome::skipped}) {
    EXPECT_EQ(verdict_of(outcome), Verdict::negative) << name_of(outcome);
  }
}

}  // namespace
}  // namespace rivet::cascade
