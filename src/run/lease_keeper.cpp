// SPDX-License-Identifier: Apache-2.0
// Renews a run's lease in the background and says when it is lost.
#include "run/lease_keeper.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace rivet::run {
namespace {

constexpr std::chrono::seconds kRenewEvery{5};

}  // namespace

LeaseKeeper::LeaseKeeper(state::StateStore& store, const base::Clock& clock, LeaseHolder holder, std::stop_source work)
    : store_(store),
      clock_(clock),
      holder_(std::move(holder)),
      work_(std::move(work)),
      thread_([this](const std::stop_token& done) { renew_until(done); }) {}

void LeaseKeeper::renew_until(const std::stop_token& done) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  const auto interval = std::min<std::chrono::milliseconds>(kRenewEvery, holder_.lease / 3);
  while (!wake.wait_for(lock, done, interval, [] { return false; }) && !done.stop_requested()) {
    const auto now = clock_.now();
    const auto renewed = store_.apply(state::LeaseRenewed{.run_id = holder_.run_id,
                                                          .owner = holder_.owner,
                                                          .at = now,
                                                          .lease_until = now + holder_.lease,
                                                          .joined = holder_.joined});
    if (!renewed && renewed.error().kind == ErrorKind::conflict) {
      work_.request_stop();
      return;
    }
  }
}

}  // namespace rivet::run
