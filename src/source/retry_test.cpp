// SPDX-License-Identifier: Apache-2.0
// Which errors are tried again within a run, and how long that waits.
#include "source/retry.hpp"

#include <gtest/gtest.h>

namespace rivet::source {
namespace {

using base::Error;
using base::ErrorKind;
using std::chrono::milliseconds;

TEST(Retry, AnswersByTheKindOfTheError) {
  EXPECT_TRUE(may_retry(Error{.kind = ErrorKind::unavailable}));
  EXPECT_TRUE(may_retry(Error{.kind = ErrorKind::overloaded}));
  EXPECT_FALSE(may_retry(Error{.kind = ErrorKind::permanent}));
  EXPECT_FALSE(may_retry(Error{.kind = ErrorKind::cancelled}));
}

TEST(Retry, LeavesASharedInstantThatIsGoneToAnotherRun) {
  const Error gone{.kind = ErrorKind::unavailable, .code = "RIVET_SNAPSHOT_GONE"};
  EXPECT_FALSE(may_retry(gone));
  EXPECT_EQ(base::exit_code_of(gone.kind), 2);
}

TEST(Retry, DoublesThePauseUpToItsCap) {
  const Error error{.settle_time = milliseconds(5'000)};
  EXPECT_EQ(backoff(error, milliseconds(100), 1), milliseconds(5'100));
  EXPECT_EQ(backoff(error, milliseconds(100), 3), milliseconds(5'400));
  EXPECT_EQ(backoff(error, milliseconds(100), 2'000'000'000), milliseconds(65'000));
}

}  // namespace
}  // namespace rivet::source
