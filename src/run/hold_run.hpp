// SPDX-License-Identifier: Apache-2.0
// How a process comes to hold a run: it joins a living one, takes over a dead one, or starts its own.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "config/config.hpp"
#include "inspect/resolve.hpp"
#include "run/environment.hpp"
#include "state/store.hpp"

namespace rivet::run {

/// What is wanted of a run, beside its plan.
struct RunWanted {
  const OpenedDestination& opened;
  base::Timestamp started_at;                             ///< a run that is started here is named after it
  bool has_units = false;                                 ///< the plan was cut earlier; otherwise that is done here
  bool resume = false, force = false, join_only = false;  ///< as in RunOptions
};

/// What binds this process to one run of an export. Used by one thread; what it is made of must outlive it.
class RunHold {
 public:
  /// Of no run yet.
  RunHold(const Environment& environment, const config::Export& entry);

  /// Comes to a run of the resolved plan: with `resume` beside a living process that works on one, else by taking over
  /// a dead one, else by starting it, after the plan was cut into units. `resolved` becomes what the run was begun
  /// with. What was reached stays when a later step fails. Errors: conflict when a living process holds a run of the
  /// export; config when `resume` finds nothing to go on with, or, without `force`, a complete result
  /// (RIVET_RESULT_STANDS); conflict when there is nothing to join and nothing else is wanted.
  Result<void> acquire(const RunWanted& wanted, inspect::Resolved& resolved);

  /// Waits until the joined run is published by its own process, or at `prefix` by us. True when that process died
  /// before it sealed the run: its heir is us, and units are left. Kind conflict when the run ended without a result.
  Result<bool> follow(const std::string& prefix);

  /// The run is not ours any more: it has ended, or another process has it.
  void let_go() { held_ = false; }

  const std::string& owner() const { return owner_; }    ///< under which this process holds units and runs
  const std::string& run_id() const { return run_id_; }  ///< empty: of no run yet
  const std::string& nonce() const { return nonce_; }
  bool held() const { return held_; }            ///< the store knows the run, and we hold it
  bool joined() const { return joined_; }        ///< another process holds it, and we help
  bool took_over() const { return took_over_; }  ///< a dead process began it

  /// Rows of the units that this process has completed; 0 when the store does not tell.
  std::int64_t rows_of_ours() const;

 private:
  Result<void> join_living(inspect::Resolved& resolved);
  Result<bool> take_over_dead(inspect::Resolved& resolved);
  Result<void> require_no_result(const RunWanted& wanted, const model::Plan& plan) const;
  Result<void> cut(const RunWanted& wanted, inspect::Resolved& resolved) const;
  Result<void> start(base::Timestamp at, const model::Plan& plan);
  Result<void> adopt(const state::RunView& run, inspect::Resolved& resolved);
  Result<bool> inherit(const state::RunView& run);

  const Environment& env_;
  const config::Export& entry_;
  const std::string owner_;
  std::string run_id_, nonce_;
  bool held_ = false, joined_ = false, took_over_ = false;
};

}  // namespace rivet::run
