// SPDX-License-Identifier: Apache-2.0
// Takes nodes from the store and has them worked on: slots, leases, heartbeats, a clean end. What the work is, it does
// not know.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cascade/reconcilers.hpp"
#include "cascade/store.hpp"

namespace rivet::cascade {

/// A node in the hands of a worker, as its performer sees it. Any thread may ask.
class Task {
 public:
  explicit Task(NodeRecord node, std::stop_token drain) : node_(std::move(node)), drain_(std::move(drain)) {}

  const NodeRecord& node() const { return node_; }
  /// Requested when the work is to end now: nobody will take its result.
  std::stop_token stop() const { return stop_.get_token(); }
  /// Requested when the worker wants to end: what is begun may be brought to a point from which others go on.
  const std::stop_token& drain() const { return drain_; }
  /// Whether what is unfinished is to be left to others, rather than ended.
  bool leaves_behind() const { return !cancelled_; }
  bool is_cancelled() const { return cancelled_; }
  bool is_lost() const { return lost_; }

  void cancel() {
    cancelled_ = true;
    stop_.request_stop();
  }
  void lose() {
    lost_ = true;
    stop_.request_stop();
  }
  void leave() { stop_.request_stop(); }

 private:
  const NodeRecord node_;
  const std::stop_token drain_;
  std::stop_source stop_;
  std::atomic<bool> cancelled_ = false, lost_ = false;
};

/// What came of a task.
struct Performed {
  enum class Ending {
    ended,    ///< with an outcome
    again,    ///< it failed in a way that may pass
    released  ///< it was left to others, and does not count as an attempt
  } ending = Ending::ended;
  Outcome outcome = Outcome::success;
  std::string reason = {};
  std::chrono::milliseconds pause{0};  ///< before the next attempt
};

/// Does the work. Called from many threads at once.
class Performer {
 public:
  virtual ~Performer() = default;
  /// Works on a claimed node until it is done or its task is to stop.
  virtual Performed perform(const Task& task) = 0;
  /// Helps with a node that another worker has claimed, as long as there is something to share. False when there was
  /// nothing that this worker could do.
  virtual bool help(const Task& task) = 0;
};

/// What a worker tells of itself.
struct WorkerEvent {
  enum class Level { info, warning, error } level = Level::info;
  std::string_view name;             ///< `node_started`, ...
  const NodeRecord* node = nullptr;  ///< when it is about one
  std::string message = {};
};

struct WorkerOptions {
  std::string worker_id;  ///< the owner of its leases
  std::string host;
  std::int64_t pid = 0;
  int slots = 1;
  Scope scope = {};
  std::chrono::milliseconds lease{30'000};
  bool exit_when_idle = false;                                ///< end when no open run of its scope has work left
  bool supervise = true;                                      ///< run the reconcilers beside the work
  std::optional<std::chrono::milliseconds> drain_limit = {};  ///< how long work may go on after the request to end
};

/// One process's worker. Not thread safe, but for what it starts itself.
class Worker {
 public:
  /// Everything must outlive it. `told` may be called by any thread.
  Worker(Store& store, Hints& hints, Performer& performer, WorkerOptions options,
         std::function<void(const WorkerEvent&)> told);

  /// Works until `drain` is requested, or, when it is to, until there is nothing left; then ends what it has in hand.
  /// Errors that do not pass by themselves (no store, a damaged one) end it.
  Result<void> run(const std::stop_token& drain);

 private:
  struct Slot {
    Task task;
    bool helping = false;
    std::atomic<bool> done = false;
    std::jthread thread = {};

    Slot(NodeRecord node, std::stop_token drain, bool helps)
        : task(std::move(node), std::move(drain)), helping(helps) {}
  };

  Result<void> work(const std::stop_token& drain);
  Result<int> claim(const std::stop_token& drain);
  Result<void> help_others(const std::stop_token& drain);
  void start(NodeRecord node, const std::stop_token& drain, bool helping);
  void perform(Slot& slot);
  void help(Slot& slot);
  void conclude(const Task& task, Performed done);
  Result<bool> settle(const NodeRecord& node, const Performed& done);
  void reap();
  void finish_all();
  void beat_until(const std::stop_token& done);
  void beat();
  void want_beat();
  void close_runs();
  WorkerRecord record() const;
  void listen_until(const std::stop_token& done);
  void supervise_until(const std::stop_token& done);
  int free_slots();
  bool is_idle();
  void wake();
  void rest(std::chrono::milliseconds at_most);
  void tell(WorkerEvent::Level level, std::string_view name, const NodeRecord* node, std::string message = {}) const;

  Store& store_;
  Hints& hints_;
  Performer& performer_;
  const WorkerOptions options_;
  const std::function<void(const WorkerEvent&)> told_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool woken_ = false;
  std::list<Slot> slots_;                                                       // guarded by mutex_
  std::map<StoredNode, std::chrono::steady_clock::time_point> helped_in_vain_;  // when they may be tried again
  std::chrono::steady_clock::time_point last_beat_, last_seen_;
  std::mutex beat_mutex_;
  std::condition_variable_any beat_wanted_;
  bool hinted_ = false;  // guarded by beat_mutex_
  std::atomic<bool> ended_some_ = false;
};

}  // namespace rivet::cascade
