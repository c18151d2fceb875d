// SPDX-License-Identifier: Apache-2.0
// The cascade where many processes share it. Every call is one transaction: it has happened as a whole, or not at all,
// and what is done twice, late or by several at once changes nothing more.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "cascade/records.hpp"

namespace rivet::cascade {

/// Who claims nodes, for how long, and which not.
struct Claimer {
  std::string owner;
  Scope scope;
  std::chrono::microseconds lease{30'000'000};
  std::vector<StoredNode> except = {};
};

/// Which events a sweep takes.
struct SweepScope {
  Scope scope;
  std::chrono::microseconds stale{0};  ///< only those at least so old
  int limit = 256;
  bool count_others = false;  ///< also count what the scope leaves out
};

/// Events that nobody else dispatches for a while.
struct Sweep {
  std::vector<OutboxEvent> events;  ///< by number
  std::int64_t filtered = 0;        ///< pending and old enough, but of others; at most as many as the limit
};

/// What a hop did.
struct Advanced {
  std::int64_t marked = 0;        ///< edges that got their verdict
  std::int64_t decided = 0;       ///< groups
  std::vector<StoredNode> ended;  ///< nodes that are skipped now: their own events wait
};

/// What came of telling all who wait.
struct Told {
  Advanced hop;
  std::int64_t closed = 0;  ///< events
};

/// What a sweep in one transaction did.
struct Swept {
  std::int64_t scanned = 0;              ///< events
  std::int64_t filtered = 0;             ///< as in Sweep
  std::optional<Micros> oldest_at = {};  ///< when the first of them came about
  Told told;
};

/// What came of ending a node and telling of it at once.
struct Ended {
  bool accepted = false;  ///< as finish() says it
  Told told;
};

/// What is due, so that a supervisor that has nothing to do asks once.
struct Due {
  bool events = false, leases = false, attempts = false, cancels = false, runs = false;
};

/// What is held against what. Each has its reconciler or, for verdicts, is only reported.
enum class Check {
  edges,    ///< verdicts that are missing although the upstream has ended (R2; I5 when its event is closed)
  groups,   ///< counters and decisions against verdicts, nodes against decisions (R3; I3, I4)
  nodes,    ///< terminal nodes against the outbox (R4; I1)
  verdicts  ///< verdicts against outcomes (I2)
};

/// Which stretch of the nodes is looked at.
struct Stretch {
  StoredNode after = 0;
  int limit = 1'000;
  bool open_runs_only = true;
  std::chrono::microseconds settled{0};  ///< only what has not changed for so long
};

/// What a stretch holds.
struct Examined {
  std::vector<Finding> findings;
  std::int64_t scanned = 0;
  StoredNode last = 0;  ///< where to go on; 0: that was all
};

/// Durable nodes, edges, groups and outbox. Any thread may call it. Invariants after every call (I1 to I5) are those of
/// MemoryCascade. Errors: unavailable (locked or out of reach for long), config (a graph that cannot be, a run or node
/// that does not exist), data (a damaged store).
class Store {
 public:
  virtual ~Store() = default;

  // -- graphs

  /// Stores a graph, all of it or nothing: roots runnable, the others blocked. Under a key that is taken, the run that
  /// is there counts when its hash is the same; else kind config, code RIVET_RUN_KEY_TAKEN. Kind config: problems_of().
  virtual Result<Submitted> submit(const Submission& submission) = 0;
  /// Adds an upstream to a group that is pending. The edge is born with its verdict when `up` has ended; while it has
  /// not, its end waits for this (D6). Kind config: the group is decided, the edge exists or would close a circle, the
  /// nodes belong to different runs.
  virtual Result<void> add_edge(StoredNode up, StoredNode down) = 0;

  // -- work

  /// Takes up to `limit` runnable nodes of open runs, under the next epoch of each, those of lower number first. What
  /// others are claiming is passed over.
  virtual Result<std::vector<NodeClaim>> claim(const Claimer& claimer, int limit) = 0;
  /// Makes the leases of claims, each a node and its epoch, longer; as one statement.
  virtual Result<Heartbeat> heartbeat(const std::vector<std::pair<StoredNode, std::int64_t>>& held,
                                      std::chrono::microseconds lease) = 0;
  /// The one door to terminal (D1): ends an active node in that epoch and leaves its event. True too when it had ended
  /// so before (the first answer was lost); false when the node is somebody else's by now.
  virtual Result<bool> finish(StoredNode node, std::int64_t epoch, Outcome outcome, const std::string& reason) = 0;
  /// finish(), and tell() of this end, in one transaction, so that who waits may begin as soon as it has ended.
  /// Nothing, and nothing is done, when those who wait are more than `most` or somebody else is at one of them: whoever
  /// finishes is not to wait for others.
  virtual Result<std::optional<Ended>> finish_and_tell(StoredNode node, std::int64_t epoch, Outcome outcome,
                                                       const std::string& reason, std::size_t most) = 0;
  /// Gives an active node back, to be claimed again after the pause. When its attempts are used up it ends as failed,
  /// and as cancelled when it was asked to stop.
  /// With `as_if_never_claimed` the attempt does not count. False when it is somebody else's by now.
  virtual Result<bool> give_back(StoredNode node, std::int64_t epoch, std::chrono::microseconds pause,
                                 const std::string& reason, bool as_if_never_claimed) = 0;
  /// Remembers which run of an export a claimed node works with. False when the node is somebody else's by now.
  virtual Result<bool> attach(StoredNode node, std::int64_t epoch, const std::string& export_name,
                              const std::string& run_id) = 0;
  /// Runs that were attached to the node in its round, by export.
  virtual Result<std::vector<std::pair<std::string, std::string>>> attached(StoredNode node) = 0;
  /// Export nodes in the scope that another owner works on: there may be units to share.
  virtual Result<std::vector<NodeRecord>> shareable(const Claimer& claimer, int limit) = 0;

  // -- dispatch

  /// Takes pending events that nobody takes care of at the moment; the mark expires by itself (D4).
  virtual Result<Sweep> take_events(const SweepScope& which) = 0;
  /// The events of these nodes' current rounds, as far as they are pending.
  virtual Result<std::vector<OutboxEvent>> events_of(const std::vector<StoredNode>& nodes) = 0;
  /// Who waits for these nodes and has not heard of one of them, by number.
  virtual Result<std::vector<StoredNode>> unaware_of(const std::vector<StoredNode>& nodes) = 0;
  /// advance_group() of each, in their order, with their rows locked: verdicts of all upstreams that have ended, or
  /// only of `ups`, counters, decisions, and what follows from these for the nodes (D3, D5).
  virtual Result<Advanced> advance(const std::vector<StoredNode>& downs, const std::vector<StoredNode>& ups) = 0;
  /// advance() of all who wait for these nodes and have not heard of one of them, and close() of those of the nodes'
  /// events that nobody else is at, in one transaction. Nothing, and nothing is done, when those who wait are more than
  /// `most`.
  virtual Result<std::optional<Told>> tell(const std::vector<StoredNode>& ended, std::size_t most) = 0;
  /// The same for pending events that nobody takes care of at the moment, whose rows it holds meanwhile.
  virtual Result<std::optional<Swept>> sweep(const SweepScope& which, std::size_t most) = 0;
  /// Closes the events out of whose nodes no edge is without verdict, or whose node is in a later round. How many.
  virtual Result<std::int64_t> close(const std::vector<OutboxEvent>& events) = 0;
  /// Puts events aside that could not be dispatched, longer with each try and never for more than a minute.
  virtual Result<void> put_off(const std::vector<OutboxEvent>& events, const std::string& error) = 0;

  // -- what reconcilers look for; each finds at most `limit` and repairs them one by one

  virtual Result<Due> due(const Scope& scope, std::chrono::microseconds stale) = 0;
  /// Looks at nodes in the order of their numbers.
  virtual Result<Examined> examine(Check check, const Stretch& stretch) = 0;
  /// Decides a group again from its edges alone, under its lock. Whether anything changed.
  virtual Result<bool> recount(StoredNode group) = 0;
  /// Leaves the event that a terminal node lacks. Whether it did.
  virtual Result<bool> emit(StoredNode node) = 0;
  /// Active nodes whose lease has run out (D9): each gets the next epoch, and is runnable again after a pause, or
  /// expired. Those it was about, as they were.
  virtual Result<std::vector<NodeRecord>> expire_leases(int limit) = 0;
  /// The same for attempts that take too long.
  virtual Result<std::vector<NodeRecord>> expire_attempts(int limit) = 0;
  /// Groups that are decided and have left-overs to stop (D8).
  virtual Result<std::vector<StoredNode>> groups_to_cancel(int limit) = 0;
  /// Stops what the group has left over: idle nodes end as cancelled, active ones are asked to. The idle ones.
  virtual Result<std::vector<StoredNode>> drain(StoredNode group) = 0;
  /// Active nodes that were asked to stop longer ago than `grace` end as cancelled, under the next epoch.
  virtual Result<std::vector<StoredNode>> cancel_overdue(std::chrono::microseconds grace, int limit) = 0;
  /// Closes open runs all of whose nodes have ended. How many.
  virtual Result<std::vector<RunRecord>> close_runs(int limit) = 0;
  /// Remembers it.
  virtual Result<void> raise(const Alarm& alarm) = 0;

  // -- operators

  /// A new round for nodes that ended without success, of those named or of all, and for all that were skipped because
  /// of them; the run is open again. Those that were reset. Kind config: RIVET_NOTHING_TO_RETRY.
  virtual Result<std::vector<std::string>> retry(const std::string& run_id, const std::vector<std::string>& names) = 0;
  /// Ends what has not begun and asks what runs to stop; of the whole run or of one node. How many nodes it is about.
  virtual Result<std::int64_t> cancel(const std::string& run_id, const std::optional<std::string>& name) = 0;
  /// Whether its nodes are not to be claimed.
  virtual Result<void> pause(const std::string& run_id, bool paused) = 0;
  /// Forgets closed runs that were closed at least `age` ago, but not their data. How many.
  virtual Result<std::int64_t> forget_runs(std::chrono::microseconds age) = 0;

  // -- looking

  virtual Result<std::optional<RunRecord>> run(const std::string& run_id) = 0;
  /// The latest first; only open ones, or all.
  virtual Result<std::vector<RunTally>> runs(bool open_only, int limit) = 0;
  virtual Result<std::vector<NodeRecord>> nodes(const std::string& run_id) = 0;
  virtual Result<std::optional<NodeRecord>> node(StoredNode node_id) = 0;
  virtual Result<std::optional<GroupRecord>> group(StoredNode node_id) = 0;
  virtual Result<std::vector<EdgeRecord>> edges_into(StoredNode node_id) = 0;
  virtual Result<std::vector<AttemptRecord>> attempts(StoredNode node_id) = 0;
  /// Active nodes, those whose lease ends first before others.
  virtual Result<std::vector<NodeRecord>> active(int limit) = 0;
  virtual Result<std::vector<Alarm>> alarms(int limit) = 0;
  /// What happened at `since` or later, in its order in time.
  virtual Result<std::vector<Happening>> happenings(const std::optional<std::string>& run_id, Micros since,
                                                    int limit) = 0;
  /// Whether an open run of the scope has a node that has not ended, or an end waits to be told and nobody is at it.
  virtual Result<bool> has_work(const Scope& scope) = 0;
  virtual Result<Micros> now() = 0;

  // -- workers

  /// Remembers that a worker is there, now.
  virtual Result<void> see(const WorkerRecord& worker) = 0;
  virtual Result<void> forget(const std::string& worker_id) = 0;
  /// Those seen within `age`.
  virtual Result<std::vector<WorkerRecord>> workers(std::chrono::microseconds age) = 0;

  /// The token and the host of the first that used the place: `token` and `host`, when nobody was there before.
  virtual Result<std::pair<std::string, std::string>> probe(const std::string& place, const std::string& token,
                                                            const std::string& host) = 0;

  virtual std::string location() const = 0;
};

/// Tells waiting processes that something happened, and hears of it. A hint: what is not heard is found by looking.
class Hints {
 public:
  virtual ~Hints() = default;
  /// Waits until something may have happened or the time is up. True: something did. One thread at a time.
  virtual bool wait(std::chrono::milliseconds at_most) = 0;
  /// Whether hints arrive, so that it is enough to look now and then.
  virtual bool is_healthy() const = 0;
};

/// Where nobody tells: time alone.
class Unhinted final : public Hints {
 public:
  bool wait(std::chrono::milliseconds at_most) override {
    std::this_thread::sleep_for(at_most);
    return false;
  }
  bool is_healthy() const override { return false; }
};

}  // namespace rivet::cascade
