// SPDX-License-Identifier: Apache-2.0
// Bounded ticks, one repair a transaction.
#include "cascade/reconcilers.hpp"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

namespace rivet::cascade {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kBreath{20};  // after a hint: more of the same come together
constexpr int kStretch = 2'000, kLeases = 500, kGroups = 256, kRuns = 256;

Check check_of(Reconciler reconciler) {
  switch (reconciler) {
    case Reconciler::edges: return Check::edges;
    case Reconciler::groups: return Check::groups;
    default: return Check::nodes;
  }
}

Reconciler reconciler_of(Check check) {
  switch (check) {
    case Check::edges: return Reconciler::edges;
    case Check::groups: return Reconciler::groups;
    default: return Reconciler::nodes;
  }
}

void count(const Error& error, TickReport& report) {
  ++report.errors;
  report.last_error = error.to_string();
}

Result<bool> mend(Store& store, Check check, StoredNode node) {
  if (check == Check::nodes) return store.emit(node);
  if (check == Check::groups) return store.recount(node);
  bool changed = false;
  if (check != Check::edges) return changed;
  const auto unaware = TRY(store.unaware_of({node}));
  for (const auto down : unaware) changed = TRY(store.advance({down}, {})).marked > 0 || changed;
  return changed;
}

}  // namespace

std::string_view name_of(Reconciler reconciler) {
  static constexpr std::array<std::string_view, 8> names{"R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8"};
  return names[static_cast<std::size_t>(reconciler)];
}

std::optional<Reconciler> reconciler_of(std::string_view name) {
  for (const auto one : kReconcilers) {
    if (name_of(one) == name) return one;
  }
  return std::nullopt;
}

/// A hit is what a healthy cascade never shows: it is repaired, and remembered as an alarm.
Result<bool> repair(Store& store, Check check, const Finding& finding) {
  if (!TRY(mend(store, check, finding.node_id))) return false;
  TRY(store.raise({.reconciler = std::string(name_of(reconciler_of(check))),
                   .run_id = finding.run_id,
                   .node_id = finding.node_id,
                   .message = fmt::format("repaired: '{}' {}", finding.node, finding.message)}));
  return true;
}

Intervals Intervals::defaults() { return {.of = {0ms, 60s, 60s, 10s, 1s, 5s, 1s, 5s}}; }

bool Reconcilers::is_over(const TickReport&) const { return steady_clock::now() - began_ >= options_.at_most; }

TickReport Reconcilers::tick(Reconciler reconciler) {
  TickReport report{.reconciler = reconciler};
  began_ = steady_clock::now();
  switch (reconciler) {
    case Reconciler::outbox: outbox(report); break;
    case Reconciler::leases: leases(store_.expire_leases(kLeases), report); break;
    case Reconciler::attempts: leases(store_.expire_attempts(kLeases), report); break;
    case Reconciler::cancels: cancels(report); break;
    case Reconciler::runs: runs(report); break;
    default: examine(check_of(reconciler), report); break;
  }
  report.elapsed = std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - began_);
  return report;
}

Due Reconcilers::due() {
  const auto found = store_.due(options_.scope, options_.stale);
  return found ? *found : Due{.events = true, .leases = true, .attempts = true, .cancels = true, .runs = true};
}

void Reconcilers::outbox(TickReport& report) {
  const auto now = store_.now();
  const auto done =
      sweep(store_, {.scope = options_.scope, .stale = options_.stale, .limit = options_.limit, .count_others = false});
  if (!done) return count(done.error(), report);
  if (now && done->oldest_at) report.oldest_age_ms = (*now - *done->oldest_at) / 1000;
  report.scanned = done->scanned;
  report.advanced = done->reconciled;
  report.noop = done->noop;
  report.errors = done->errors;
  report.last_error = done->last_error;
}

void Reconcilers::examine(Check check, TickReport& report) {
  auto& after = reached_[check];
  do {
    const auto found = store_.examine(check, {.after = after, .limit = kStretch, .settled = options_.settled});
    if (!found) return count(found.error(), report);
    report.scanned += found->scanned;
    after = found->last;
    for (const auto& finding : found->findings) {
      const auto repaired = repair(store_, check, finding);
      if (!repaired) {
        count(repaired.error(), report);
      } else {
        ++(*repaired ? report.advanced : report.noop);
        report.alarms += *repaired;
      }
    }
  } while (after != 0 && !is_over(report));
}

void Reconcilers::leases(Result<std::vector<NodeRecord>> expired, TickReport& report) {
  if (!expired) return count(expired.error(), report);
  report.scanned = report.advanced = std::ssize(*expired);
  std::vector<StoredNode> ids;
  for (const auto& node : *expired) ids.push_back(node.node_id);
  follow_all(ids, report);
}

void Reconcilers::cancels(TickReport& report) {
  const auto groups = store_.groups_to_cancel(kGroups);
  if (!groups) return count(groups.error(), report);
  report.scanned = std::ssize(*groups);
  for (const auto group : *groups) {
    const auto ended = store_.drain(group);
    if (!ended) {
      count(ended.error(), report);
      continue;
    }
    ++report.advanced;
    follow_all(*ended, report);
    if (is_over(report)) break;
  }
  const auto overdue = store_.cancel_overdue(options_.grace, kLeases);
  if (!overdue) return count(overdue.error(), report);
  report.advanced += std::ssize(*overdue);
  follow_all(*overdue, report);
}

void Reconcilers::runs(TickReport& report) {
  const auto closed = store_.close_runs(kRuns);
  if (!closed) return count(closed.error(), report);
  report.scanned = report.advanced = std::ssize(*closed);
}

/// What ended here is dispatched here, so that nobody waits for the next tick; an error leaves it to that.
void Reconcilers::follow_all(const std::vector<StoredNode>& ended, TickReport& report) {
  if (const auto done = follow(store_, ended); !done) count(done.error(), report);
}

Supervisor::Supervisor(Store& store, Hints& hints, ReconcileOptions options, std::vector<Reconciler> chosen,
                       std::function<void(const TickReport&)> told, Intervals intervals)
    : reconcilers_(store, std::move(options)), hints_(hints), told_(std::move(told)), intervals_(intervals) {
  const auto now = steady_clock::now();
  for (const auto one : chosen) turns_.push_back({.reconciler = one, .next = now});
}

std::chrono::milliseconds Supervisor::jittered(std::chrono::milliseconds interval) {
  std::uniform_real_distribution<double> spread(0.9, 1.1);
  return std::chrono::milliseconds(static_cast<std::int64_t>(static_cast<double>(interval.count()) * spread(random_)));
}

bool Supervisor::wants(Reconciler reconciler, const Due& due) const {
  switch (reconciler) {
    case Reconciler::outbox: return due.events;
    case Reconciler::leases: return due.leases;
    case Reconciler::attempts: return due.attempts;
    case Reconciler::cancels: return due.cancels;
    case Reconciler::runs: return due.runs;
    default: return true;
  }
}

bool Supervisor::run_turn(Turn& turn) {
  const auto report = reconcilers_.tick(turn.reconciler);
  if (told_ && (report.advanced > 0 || report.errors > 0 || report.alarms > 0)) told_(report);
  turn.next = steady_clock::now() + jittered(intervals_.of[static_cast<std::size_t>(turn.reconciler)]);
  // What was skipped by this tick waits too, and a full tick may have left some.
  return turn.reconciler == Reconciler::outbox && report.scanned > 0 && report.errors == 0;
}

bool Supervisor::run_due(const std::stop_token& stop) {
  const auto due = reconcilers_.due();
  bool more = false;
  for (auto& turn : turns_) {
    if (stop.stop_requested()) return false;
    if (turn.next <= steady_clock::now() && wants(turn.reconciler, due)) more = run_turn(turn) || more;
  }
  return more;
}

void Supervisor::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (run_due(stop)) continue;
    const bool hinted = hints_.wait(jittered(hints_.is_healthy() ? intervals_.poll_hinted : intervals_.poll));
    if (hinted) std::this_thread::sleep_for(kBreath);
  }
}

void Supervisor::run_once() {
  for (auto& turn : turns_) {
    while (run_turn(turn)) {
    }
  }
}

}  // namespace rivet::cascade
