// SPDX-License-Identifier: Apache-2.0
// The cascade in memory: what follows when a node ends. The rules are those of the stores; here each call is a
// transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cascade/records.hpp"

namespace rivet::cascade {

/// That a node ended in a round; open until all who wait for it know.
struct Event {
  NodeId node = 0;
  int round = 0;
  Outcome outcome = Outcome::success;
  bool dispatched = false;

  bool operator==(const Event&) const = default;
};

/// Nodes, edges, counters and events, and every change of them. What is done twice, late or in another order changes
/// nothing that was not changed already. Not thread safe.
///
/// Each public call leaves the invariants (broken_invariants()):
///   I1 a node is terminal in a round exactly when there is one event of it and the round;
///   I2 an edge has a verdict only when its upstream has ended, and then that of its outcome;
///   I3 counters are the verdicts, counted;
///   I4 a decided group was decided by its counters, and its node was let go or skipped with the decision;
///   I5 no edge out of a node whose event is dispatched is without verdict.
class MemoryCascade {
 public:
  struct Edge {
    NodeId up = 0;
    std::optional<Verdict> verdict = {};
    int up_round = 0;  ///< of the verdict
  };
  struct Group {
    Counters counters = {};
    GroupState state = GroupState::pending;
    bool cancel_pending = false;  ///< decided, and those who are left over were not yet stopped
    std::vector<Edge> edges = {};
  };
  struct Node {
    Phase phase = Phase::runnable;
    std::optional<Outcome> outcome = {};
    int round = 0;
    std::int64_t epoch = 0;  ///< rises with every start
    bool cancel_requested = false;
    std::optional<Group> group = {};
  };

  /// Roots are runnable, the others blocked.
  explicit MemoryCascade(Graph graph);

  const Graph& graph() const { return graph_; }
  const Node& operator[](NodeId id) const { return nodes_[id]; }
  const std::vector<Event>& events() const { return events_; }
  /// In order of their ids.
  std::vector<NodeId> runnable() const;
  bool is_done() const;

  // -- who works

  /// Takes a runnable node. Its new epoch; nothing when it is not runnable.
  std::optional<std::int64_t> start(NodeId id);
  /// The one door to terminal (D1): ends an active node in that epoch and leaves an event. False, and nothing changed,
  /// for a node that is not active or has another owner by now.
  bool finish(NodeId id, std::int64_t epoch, Outcome outcome);
  /// Ends a node that nobody has started, as cancelled; asks for the end of an active one. False when it has ended.
  bool cancel(NodeId id);

  // -- what follows

  /// Lets the group of `down` know of its upstreams that have ended, of all or only of `ups`, and decides it when it is
  /// pending (D3, D5). Level-triggered: nothing depends on what led here. Whether anything changed.
  bool advance_group(NodeId down, std::optional<std::span<const NodeId>> ups = std::nullopt);
  /// Marks the event as dispatched when no edge out of its node is without verdict, or the node is in a later round
  /// (D4).
  bool close(const Event& event);
  /// advance_group() of all who wait for the event's node, and close(). Repeating it is harmless.
  void dispatch(const Event& event);
  /// Every group as if all its events had come, and every event that can be closed: what a lost dispatch left open.
  /// Whether anything changed.
  bool sweep();
  /// Stops what a decided group that cancels has left over (D8): its upstreams without verdict that have not ended and
  /// that no other pending group waits for. Those that are active are returned; theirs is the end.
  std::vector<NodeId> drain_cancels(NodeId down);
  /// Dispatches, sweeps and drains until there is nothing left to do. The active nodes that are to stop.
  std::vector<NodeId> settle();

  // -- later changes

  /// Adds a node. Error kind config: Graph::add_node(). Those that it waits for may have ended.
  Result<NodeId> add_node(const NodeSpec& node);
  /// Adds an upstream to a group that is pending; the edge is born with a verdict when `up` has ended (D6). Error kind
  /// config: Graph::add_edge(), or the group is decided.
  Result<void> add_edge(NodeId up, NodeId down);
  /// A new round for nodes that ended without success and for all that were skipped because of them. Verdicts between
  /// these, and into groups that are still pending, are forgotten; other groups that were decided stay so. Error kind
  /// config for a node that has not ended or succeeded; then nothing is changed.
  Result<std::vector<NodeId>> retry(const std::vector<NodeId>& nodes);

  /// What does not hold, one line each; empty when all is well.
  std::vector<std::string> broken_invariants() const;

 private:
  void end(NodeId id, Outcome outcome);
  bool resolve(NodeId down, Edge& edge);
  void decide(NodeId down);
  bool is_needed(NodeId up) const;
  void open_again(NodeId id);
  std::vector<NodeId> with_skipped(std::vector<NodeId> nodes) const;

  Graph graph_;
  std::vector<Node> nodes_;
  std::vector<Event> events_;
};

}  // namespace rivet::cascade
