// SPDX-License-Identifier: Apache-2.0
// Keeps a run's lease alive while the process works on it, and stops the work when the lease is lost.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <thread>

#include "base/clock.hpp"
#include "state/store.hpp"

namespace rivet::run {

/// Whose leases to keep: the run's and those of the owner's units in it, or only the latter when it joined the run.
struct LeaseHolder {
  std::string run_id;
  state::Owner owner;
  std::chrono::milliseconds lease{30'000};  ///< how long it is valid after each renewal
  bool joined = false;
};

/// Renews from its own thread until destroyed. When the store says that the lease is lost (somebody else holds the
/// run, or the run is over), `work` is asked to stop. Store and clock must outlive it.
class LeaseKeeper {
 public:
  LeaseKeeper(state::StateStore& store, const base::Clock& clock, LeaseHolder holder, std::stop_source work);

 private:
  void renew_until(const std::stop_token& done);

  state::StateStore& store_;
  const base::Clock& clock_;
  const LeaseHolder holder_;
  std::stop_source work_;
  std::jthread thread_;
};

}  // namespace rivet::run
