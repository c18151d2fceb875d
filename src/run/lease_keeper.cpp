// SPDX-License-Identifier: Apache-2.0
// Renews a run's lease in the background and says when it is lost.
#include "run/lease_keeper.hpp"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace rivet::run {

LeaseKeeper::LeaseKeeper(state::StateStore& store, const base::Clock& clock, std::string run_id, std::string owner,
                         std::stop_source work)
    : store_(store),
      clock_(clock),
      run_id_(std::move(run_id)),
      owner_(std::move(owner)),
      work_(std::move(work)),
      thread_([this](const std::stop_token& done) { renew_until(done); }) {}

void LeaseKeeper::renew_until(const std::stop_token& done) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  while (!wake.wait_for(lock, done, kRenewEvery, [] { return false; }) && !done.stop_requested()) {
    const auto now = clock_.now();
    const auto renewed = store_.apply(
        state::LeaseRenewed{.run_id = run_id_, .owner = owner_, .at = now, .lease_until = now + kLeaseTime});
    if (!renewed && renewed.error().kind == ErrorKind::conflict) {
      work_.request_stop();
      return;
    }
  }
}

}  // namespace rivet::run
