// SPDX-License-Identifier: Apache-2.0
// A loop that claims, threads that perform, one that keeps the leases, one that listens, one that reconciles.
#include "cascade/worker.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/fault_point.hpp"

namespace rivet::cascade {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPoll = 250ms, kPollHinted = 1s, kHelpAgain = 5s, kSettleAgain = 500ms;
constexpr milliseconds kBeatAgain = 500ms;  // after a hint: it may be about a request to stop
constexpr int kShareable = 16, kRunsAtOnce = 64;

/// The worker's own reconciling is a safety net beside the work: one look a second.
Intervals calm() {
  auto intervals = Intervals::defaults();
  intervals.poll = intervals.poll_hinted = 1s;
  return intervals;
}

bool passes(const Error& error) { return error.kind == ErrorKind::unavailable || error.kind == ErrorKind::overloaded; }

}  // namespace

Worker::Worker(Store& store, Hints& hints, Performer& performer, WorkerOptions options,
               std::function<void(const WorkerEvent&)> told)
    : store_(store),
      hints_(hints),
      performer_(performer),
      options_(std::move(options)),
      told_(std::move(told)),
      last_beat_(steady_clock::now()) {}

void Worker::tell(WorkerEvent::Level level, std::string_view name, const NodeRecord* node, std::string message) const {
  if (told_) told_({.level = level, .name = name, .node = node, .message = std::move(message)});
}

WorkerRecord Worker::record() const {
  return {.worker_id = options_.worker_id,
          .host = options_.host,
          .pid = options_.pid,
          .slots = options_.slots,
          .scope = options_.scope};
}

Result<void> Worker::run(const std::stop_token& drain) {
  TRY(store_.see(record()));
  tell(WorkerEvent::Level::info, "worker_started", nullptr);
  Result<void> ended;
  {
    const std::stop_callback on_drain(drain, [this] { wake(); });
    const std::jthread beats([this](const std::stop_token& done) { beat_until(done); });
    const std::jthread hints([this](const std::stop_token& done) { listen_until(done); });
    const std::jthread reconcilers([this](const std::stop_token& done) {
      if (options_.supervise) supervise_until(done);
    });
    ended = work(drain);
    finish_all();
  }
  store_.close_runs(kRunsAtOnce).ignore("a reconciler closes what stays open");
  store_.forget(options_.worker_id).ignore("it is forgotten once it was not seen for long");
  tell(WorkerEvent::Level::info, "worker_ended", nullptr);
  return ended;
}

Result<void> Worker::work(const std::stop_token& drain) {
  while (!drain.stop_requested()) {
    reap();
    const auto claimed = claim(drain);
    if (!claimed && !passes(claimed.error())) return fail(claimed.error());
    if (!claimed) tell(WorkerEvent::Level::warning, "store_unavailable", nullptr, claimed.error().to_string());
    if (claimed && *claimed > 0) continue;
    if (claimed && free_slots() > 0) {
      if (const auto helped = help_others(drain); !helped) {
        tell(WorkerEvent::Level::warning, "store_unavailable", nullptr, helped.error().to_string());
      }
    }
    close_runs();
    if (options_.exit_when_idle && is_idle()) {
      const auto left = store_.has_work(options_.scope);
      if (left && !*left) return {};
    }
    rest(hints_.is_healthy() ? kPollHinted : kPoll);
  }
  tell(WorkerEvent::Level::info, "draining", nullptr);
  return {};
}

/// Whoever ends the last node of a run need not leave it to a reconciler to see that.
void Worker::close_runs() {
  if (!ended_some_.exchange(false)) return;
  if (!store_.close_runs(kRunsAtOnce)) ended_some_ = true;
}

Result<int> Worker::claim(const std::stop_token& drain) {
  const int room = free_slots();
  if (room == 0) return 0;
  const auto claims =
      TRY(store_.claim({.owner = options_.worker_id, .scope = options_.scope, .lease = options_.lease}, room));
  base::fault_point("node_claimed");
  for (const auto& claim : claims) {
    tell(WorkerEvent::Level::info, "node_started", &claim.node, fmt::format("attempt {}", claim.node.attempts));
    start(claim.node, drain, false);
  }
  return static_cast<int>(claims.size());
}

Result<void> Worker::help_others(const std::stop_token& drain) {
  Claimer claimer{.owner = options_.worker_id, .scope = options_.scope, .lease = options_.lease};
  const auto now = steady_clock::now();
  std::erase_if(helped_in_vain_, [&](const auto& one) { return one.second <= now; });
  for (const auto& [node, until] : helped_in_vain_) claimer.except.push_back(node);
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& slot : slots_) claimer.except.push_back(slot.task.node().node_id);
  }
  auto found = TRY(store_.shareable(claimer, kShareable));
  for (auto& node : found) {
    if (free_slots() == 0) return {};
    helped_in_vain_[node.node_id] = steady_clock::now() + kHelpAgain;
    tell(WorkerEvent::Level::info, "helping", &node);
    start(std::move(node), drain, true);
  }
  return {};
}

void Worker::start(NodeRecord node, const std::stop_token& drain, bool helping) {
  const std::scoped_lock lock(mutex_);
  auto& slot = slots_.emplace_back(std::move(node), drain, helping);
  slot.thread = std::jthread([this, &slot] { slot.helping ? help(slot) : perform(slot); });
}

void Worker::perform(Slot& slot) {
  conclude(slot.task, performer_.perform(slot.task));
  slot.done = true;
  wake();
}

void Worker::help(Slot& slot) {
  performer_.help(slot.task);
  slot.done = true;
  wake();
}

/// The store is asked again until the answer is known or the lease is over: then the node is somebody else's.
void Worker::conclude(const Task& task, Performed done) {
  const auto& node = task.node();
  if (task.is_cancelled())
    done = {.ending = Performed::Ending::ended, .outcome = Outcome::cancelled, .reason = "cancelled on request"};
  if (task.is_lost()) return tell(WorkerEvent::Level::warning, "node_lost", &node);
  base::fault_point("node_done");
  const auto deadline = steady_clock::now() + options_.lease;
  for (;;) {
    const auto settled = settle(node, done);
    if (settled && !*settled) return tell(WorkerEvent::Level::warning, "node_lost", &node);
    if (settled) break;
    if (!passes(settled.error()) || steady_clock::now() >= deadline) {
      return tell(WorkerEvent::Level::error, "node_not_settled", &node, settled.error().to_string());
    }
    std::this_thread::sleep_for(kSettleAgain);
  }
  base::fault_point("node_settled");
  const bool well = done.ending == Performed::Ending::released || done.outcome == Outcome::success;
  const auto how = done.ending == Performed::Ending::ended      ? name_of(done.outcome)
                   : done.ending == Performed::Ending::released ? "released"
                                                                : "to be tried again";
  tell(well ? WorkerEvent::Level::info : WorkerEvent::Level::warning, "node_ended", &node,
       done.reason.empty() ? std::string(how) : fmt::format("{}: {}", how, done.reason));
}

Result<bool> Worker::settle(const NodeRecord& node, const Performed& done) {
  if (done.ending != Performed::Ending::ended) {
    return store_.give_back(node.node_id, node.epoch, done.pause, done.reason,
                            done.ending == Performed::Ending::released);
  }
  if (!TRY(finish(store_, node.node_id, node.epoch, done.outcome, done.reason))) return false;
  ended_some_ = true;
  return true;
}

void Worker::reap() {
  std::list<Slot> done;  // their threads are waited for without the lock, which they may want
  const std::scoped_lock lock(mutex_);
  for (auto slot = slots_.begin(); slot != slots_.end();) {
    const auto next = std::next(slot);
    if (slot->done) done.splice(done.end(), slots_, slot);
    slot = next;
  }
}

int Worker::free_slots() {
  const std::scoped_lock lock(mutex_);
  return std::max(options_.slots - static_cast<int>(slots_.size()), 0);
}

bool Worker::is_idle() {
  const std::scoped_lock lock(mutex_);
  return slots_.empty();
}

void Worker::finish_all() {
  const auto began = steady_clock::now();
  for (;;) {
    reap();
    if (is_idle()) return;
    if (options_.drain_limit && steady_clock::now() - began >= *options_.drain_limit) {
      const std::scoped_lock lock(mutex_);
      for (auto& slot : slots_) slot.task.leave();
    }
    rest(100ms);
  }
}

void Worker::beat_until(const std::stop_token& done) {
  const auto interval = options_.lease / 3;
  while (!done.stop_requested()) {
    {
      std::unique_lock lock(beat_mutex_);
      beat_wanted_.wait_for(lock, done, interval, [this] { return hinted_; });
      hinted_ = false;
    }
    if (done.stop_requested()) return;
    beat();
    std::this_thread::sleep_for(std::min(kBeatAgain, interval));
  }
}

void Worker::want_beat() {
  const std::scoped_lock lock(beat_mutex_);
  hinted_ = true;
  beat_wanted_.notify_all();
}

void Worker::beat() {
  std::vector<std::pair<StoredNode, std::int64_t>> held;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& slot : slots_) {
      if (!slot.helping && !slot.done) held.emplace_back(slot.task.node().node_id, slot.task.node().epoch);
    }
  }
  const auto asked = steady_clock::now();
  if (asked - last_seen_ >= options_.lease / 3) {
    last_seen_ = asked;
    store_.see(record()).ignore("only for people");
  }
  const auto beat = held.empty() ? Result<Heartbeat>(Heartbeat{}) : store_.heartbeat(held, options_.lease);
  if (beat) last_beat_ = asked;
  const bool too_late = !beat && steady_clock::now() - last_beat_ >= options_.lease;
  const std::scoped_lock lock(mutex_);
  for (auto& slot : slots_) {
    if (slot.helping || slot.done) continue;
    const auto is = [&](const std::vector<StoredNode>& ids) {
      return std::find(ids.begin(), ids.end(), slot.task.node().node_id) != ids.end();
    };
    if (too_late || (beat && is(beat->lost))) slot.task.lose();
    if (beat && is(beat->cancel)) slot.task.cancel();
  }
}

void Worker::listen_until(const std::stop_token& done) {
  while (!done.stop_requested()) {
    if (!hints_.wait(kPoll)) continue;
    wake();
    want_beat();
  }
}

void Worker::supervise_until(const std::stop_token& done) {
  Unhinted clock;
  Supervisor supervisor(
      store_, clock, {}, {kReconcilers.begin(), kReconcilers.end()},
      [this](const TickReport& report) {
        if (report.alarms == 0 && report.errors == 0) return;
        tell(WorkerEvent::Level::warning, "reconciled", nullptr,
             fmt::format("{}: {} repaired, {} errors{}{}", name_of(report.reconciler), report.alarms, report.errors,
                         report.last_error.empty() ? "" : ": ", report.last_error));
      },
      calm());
  supervisor.run(done);
}

void Worker::wake() {
  const std::scoped_lock lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

void Worker::rest(milliseconds at_most) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, at_most, [this] { return woken_; });
  woken_ = false;
}

}  // namespace rivet::cascade
