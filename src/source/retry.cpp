// SPDX-License-Identifier: Apache-2.0
// Which errors are worth another attempt, and how long to wait for it.
#include "source/retry.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "source/snapshot_gone.hpp"

namespace rivet::source {

bool may_retry(const base::Error& error) {
  if (error.code == kSnapshotGone) return false;
  return base::retry_answer_of(error.kind) != base::RetryAnswer::never;
}

std::chrono::milliseconds backoff(const base::Error& error, std::chrono::milliseconds base, int attempts_made) {
  constexpr std::chrono::milliseconds kCap{60'000};
  auto delay = std::min(base, kCap);
  for (int i = 1; i < attempts_made && delay < kCap; ++i) delay = std::min(2 * delay, kCap);
  return delay + error.settle_time;
}

bool sleep_for(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace rivet::source
