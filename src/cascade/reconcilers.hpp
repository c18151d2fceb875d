// SPDX-License-Identifier: Apache-2.0
// What keeps a cascade going whatever died: each reconciler looks for one kind of thing that is due or should not be,
// and repairs it. Any number of processes may run them at once.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "cascade/dispatch.hpp"
#include "cascade/store.hpp"

namespace rivet::cascade {

/// In the order in which they are run when several are due.
enum class Reconciler {
  outbox,    ///< R1: events that were not dispatched
  edges,     ///< R2: verdicts that are missing although the upstream has ended; alarm
  groups,    ///< R3: counters and decisions against verdicts; alarm
  nodes,     ///< R4: terminal nodes without an event; alarm
  leases,    ///< R5: leases that ran out
  attempts,  ///< R6: attempts that take too long
  cancels,   ///< R7: left-overs of decided groups, requests to stop that were not heard
  runs       ///< R8: runs all of whose nodes have ended
};
inline constexpr std::array kReconcilers{Reconciler::outbox,  Reconciler::edges,  Reconciler::groups,
                                         Reconciler::nodes,   Reconciler::leases, Reconciler::attempts,
                                         Reconciler::cancels, Reconciler::runs};

/// `R1` to `R8`.
std::string_view name_of(Reconciler reconciler);
std::optional<Reconciler> reconciler_of(std::string_view name);

/// How reconcilers look.
struct ReconcileOptions {
  Scope scope = {};                           ///< of R1; the others serve everybody
  std::chrono::milliseconds stale{0};         ///< R1: age of an event before it counts as left behind
  int limit = 256;                            ///< R1: events in one tick
  std::chrono::milliseconds settled{10'000};  ///< R2: age of an end before it should be known to all
  std::chrono::milliseconds grace{30'000};    ///< R7: for those that are asked to stop
  std::chrono::milliseconds at_most{500};     ///< a tick ends after this
};

/// What one tick did.
struct TickReport {
  Reconciler reconciler = Reconciler::outbox;
  std::int64_t scanned = 0, advanced = 0, noop = 0, filtered = 0, errors = 0, alarms = 0;
  std::int64_t oldest_age_ms = 0;  ///< of what was found; R1 only
  std::chrono::microseconds elapsed{0};
  std::string last_error;
};

/// Repairs what a check has found, and leaves an alarm that says so. False when there was nothing to repair any more,
/// and for what is only reported.
Result<bool> repair(Store& store, Check check, const Finding& finding);

/// Runs reconcilers tick by tick. Not thread safe; each process has its own.
class Reconcilers {
 public:
  /// The store must outlive it.
  Reconcilers(Store& store, ReconcileOptions options) : store_(store), options_(std::move(options)) {}

  /// One bounded tick. Never fails: errors are counted and told.
  TickReport tick(Reconciler reconciler);
  /// What a single look finds to be due of R1 and R5 to R8; everything when it cannot be found out.
  Due due();

 private:
  void outbox(TickReport& report);
  void examine(Check check, TickReport& report);
  void leases(Result<std::vector<NodeRecord>> expired, TickReport& report);
  void cancels(TickReport& report);
  void runs(TickReport& report);
  void follow_all(const std::vector<StoredNode>& ended, TickReport& report);
  bool is_over(const TickReport& report) const;

  Store& store_;
  const ReconcileOptions options_;
  std::map<Check, StoredNode> reached_;  ///< how far each check has come in its round
  std::chrono::steady_clock::time_point began_;
};

/// How often each is run at most. Whether R1 and R5 to R8 have anything to do is asked once a second while hints
/// arrive, and four times while they do not.
struct Intervals {
  std::array<std::chrono::milliseconds, kReconcilers.size()> of;
  std::chrono::milliseconds poll{250};           ///< between looks without hints
  std::chrono::milliseconds poll_hinted{1'000};  ///< between looks while hints arrive

  static Intervals defaults();
};

/// Runs the chosen reconcilers at their intervals until it is to stop; finishes the tick in hand. One look a poll
/// tells which are due, so that a supervisor with nothing to do asks one question a second.
class Supervisor {
 public:
  /// `told` hears of each tick that found something or failed.
  Supervisor(Store& store, Hints& hints, ReconcileOptions options, std::vector<Reconciler> chosen,
             std::function<void(const TickReport&)> told, Intervals intervals = Intervals::defaults());

  void run(const std::stop_token& stop);
  /// Every chosen reconciler once, and again while R1 finds events.
  void run_once();

 private:
  struct Turn {
    Reconciler reconciler;
    std::chrono::steady_clock::time_point next;
  };

  bool run_due(const std::stop_token& stop);
  bool run_turn(Turn& turn);
  bool wants(Reconciler reconciler, const Due& due) const;
  std::chrono::milliseconds jittered(std::chrono::milliseconds interval);

  Reconcilers reconcilers_;
  Hints& hints_;
  std::vector<Turn> turns_;
  std::function<void(const TickReport&)> told_;
  const Intervals intervals_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace rivet::cascade
