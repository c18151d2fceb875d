// SPDX-License-Identifier: Apache-2.0
// What is kept of a cascade: plain values as they go into a store and come out of it. Times are microseconds since 1970
// on the store's clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cascade/graph.hpp"
#include "cascade/policy.hpp"

namespace rivet::cascade {

using Micros = std::int64_t;
using Tags = std::map<std::string, std::string>;
/// A node as the store numbers it, over all runs: ascending along the edges of a run.
using StoredNode = std::int64_t;

/// Whose rows somebody serves: those of a namespace, or of all when it is empty, that carry all these tags.
struct Scope {
  std::string name_space = {};
  Tags tags = {};

  bool is_everything() const { return name_space.empty() && tags.empty(); }
};

enum class RunState { open, done, failed, cancelled };
enum class Phase { blocked, runnable, active, terminal };
/// `cancelled`: the node that waited ended before its group was decided.
enum class GroupState { pending, satisfied, impossible, cancelled };

/// A graph as it is submitted: sealed, all at once.
struct Submission {
  struct Node {
    NodeSpec spec;
    std::string name_space;
    Tags tags;
  };

  std::string run_id;                  ///< not used before
  std::optional<std::string> run_key;  ///< of what is submitted at most once
  std::string name_space;
  Tags tags;
  std::string payload;       ///< what those who work on it need; the cascade does not look into it
  std::string payload_hash;  ///< the same for what counts as the same under one key
  int max_attempts = 5;      ///< of each node
  std::optional<std::chrono::microseconds> attempt_limit = {};  ///< wall clock time of one attempt
  std::vector<Node> nodes;
};

/// What became of a submission.
struct Submitted {
  std::string run_id;
  bool is_new = true;  ///< false: the run that this key stands for was there already
};

/// A run of a graph.
struct RunRecord {
  std::string run_id;
  std::optional<std::string> run_key;
  std::string name_space;
  Tags tags;
  std::string payload;
  RunState state = RunState::open;
  bool paused = false;
  std::optional<Micros> cancel_requested_at;
  Micros submitted_at = 0;
  std::optional<Micros> closed_at;
};

/// Runs, counted by the phases and outcomes of their nodes.
struct RunTally {
  RunRecord run;  ///< without its payload
  std::int64_t blocked = 0, runnable = 0, active = 0, succeeded = 0, negative = 0;
};

/// The group that a node waits for.
struct GroupRecord {
  PolicyKind kind = PolicyKind::all_of;
  std::int64_t k = 0;
  OnSatisfied on_satisfied = OnSatisfied::let_run;
  Counters counters;
  GroupState state = GroupState::pending;
  std::optional<Micros> decided_at;
  bool cancel_pending = false;
};

struct EdgeRecord {
  StoredNode up = 0;
  std::string up_name;
  std::optional<Verdict> verdict;
  std::int64_t up_round = 0;  ///< of the verdict
};

struct NodeRecord {
  StoredNode node_id = 0;
  std::string run_id, name;
  NodeKind kind = NodeKind::export_;
  std::string name_space;
  Tags tags;
  Phase phase = Phase::blocked;
  std::optional<Outcome> outcome;
  std::int64_t round = 0, epoch = 0;
  std::string owner;  ///< empty unless active
  std::optional<Micros> lease_until;
  std::int64_t attempts = 0, max_attempts = 0;  ///< in this round
  std::optional<Micros> attempt_until, not_before, cancel_requested_at;
  std::string reason;  ///< why it ended, or failed last
  Micros updated_at = 0;
};

/// One lease of a node.
struct AttemptRecord {
  StoredNode node_id = 0;
  std::int64_t epoch = 0, round = 0, attempt = 0;
  std::string owner;
  Micros started_at = 0;
  std::optional<Micros> ended_at;
  std::string outcome;  ///< empty while it runs; an outcome, `released`, `retry` or `lost`
  std::string error;
};

/// A node that this worker may work on until its lease runs out, and nobody else.
struct NodeClaim {
  NodeRecord node;  ///< as it was claimed: its epoch fences
};

/// What a heartbeat learned.
struct Heartbeat {
  std::vector<StoredNode> lost;    ///< no longer the worker's
  std::vector<StoredNode> cancel;  ///< to be stopped
};

/// Somebody who works on nodes.
struct WorkerRecord {
  std::string worker_id, host;
  std::int64_t pid = 0, slots = 1;
  Scope scope;
  Micros started_at = 0, seen_at = 0;
};

/// That a node ended, until all who wait for it know.
struct OutboxEvent {
  std::int64_t event_id = 0;
  StoredNode node_id = 0;
  std::int64_t round = 0;
  Outcome outcome = Outcome::success;
  Micros committed_at = 0;
};

/// A thing that should not have been, and was repaired or found.
struct Alarm {
  std::int64_t alarm_id = 0;  ///< given by the store
  std::string reconciler;
  std::string run_id;      ///< empty: of none
  StoredNode node_id = 0;  ///< 0: of none
  std::string message;
  Micros raised_at = 0;
};

/// A line of what happens: a node was begun, ended or an alarm was raised.
struct Happening {
  std::string kind;           ///< `started`, `ended`, `alarm`
  std::int64_t sequence = 0;  ///< within its kind
  Micros at = 0;
  std::string run_id, node;
  std::string detail;  ///< outcome, or the message of an alarm
  std::string owner;   ///< of what was started
};

/// What does not hold between nodes, edges, groups and outbox.
struct Finding {
  std::string invariant;  ///< I1 to I5
  std::string run_id, node;
  StoredNode node_id = 0;
  std::string message;
};

/// Whether who serves this scope serves rows of that namespace with these tags.
bool covers(const Scope& scope, const std::string& name_space, const Tags& tags);

/// Words as they stand in stores and reports.
std::string_view name_of(RunState state);
std::string_view name_of(Phase phase);
std::string_view name_of(GroupState state);
std::string_view name_of(NodeKind kind);

}  // namespace rivet::cascade
