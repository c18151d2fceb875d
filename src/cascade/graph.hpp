// SPDX-License-Identifier: Apache-2.0
// Who waits for whom: nodes, the groups of nodes that they wait for, and what makes a set of them a graph without
// cycles.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "cascade/policy.hpp"

namespace rivet::cascade {

/// Position of a node in its graph. A node that was there when the graph was made comes after all that it waits for.
using NodeId = std::size_t;

/// `export_` is work that yields data, a gate is a condition.
enum class NodeKind { export_, gate };

/// What a node waits for.
struct Dependencies {
  PolicyKind kind = PolicyKind::all_of;
  std::size_t k = 0;  ///< of a quorum
  std::vector<std::string> of;
  OnSatisfied on_satisfied = OnSatisfied::let_run;

  bool operator==(const Dependencies&) const = default;
};

/// A node as somebody describes it. Without dependencies it may begin at once.
struct NodeSpec {
  std::string name;
  NodeKind kind = NodeKind::export_;
  std::optional<Dependencies> depends_on = {};
};

/// What is wrong with a set of nodes.
struct Problem {
  std::size_t node = 0;  ///< at which of them, in the order in which they were given
  std::string message;   ///< names it

  bool operator==(const Problem&) const = default;
};

/// Everything that keeps the nodes from being a graph, in their order: names that are taken or unknown (with the likely
/// one), named twice or its own, no names, a quorum outside 1 to n, and each cycle once, spelled out.
std::vector<Problem> problems_of(const std::vector<NodeSpec>& nodes);

/// Nodes without a cycle, in an order in which they could run. A value; reading it from many threads is safe.
class Graph {
 public:
  /// The group of one node.
  struct Group {
    PolicyKind kind = PolicyKind::all_of;
    std::size_t k = 0;
    OnSatisfied on_satisfied = OnSatisfied::let_run;
    std::vector<NodeId> upstreams;  ///< ascending while nothing was added

    std::size_t needed() const { return cascade::needed(kind, k, upstreams.size()); }
  };
  struct Node {
    std::string name;
    NodeKind kind = NodeKind::export_;
    std::optional<Group> group = {};
    std::vector<NodeId> downstreams = {};  ///< likewise ascending
  };

  /// Ids are handed out in topological order, and in the given order as far as that leaves a choice. Error kind config
  /// with the messages of problems_of(), one a line.
  static Result<Graph> make(const std::vector<NodeSpec>& nodes);

  std::size_t size() const { return nodes_.size(); }
  const Node& operator[](NodeId id) const { return nodes_[id]; }
  std::optional<NodeId> find(std::string_view name) const;
  /// Nodes that wait for nobody.
  std::vector<NodeId> roots() const;
  /// Edges on the longest way from a root; 0 for a root.
  std::size_t depth(NodeId id) const;
  /// Whether `to` waits for `from`, over however many others, or is it.
  bool reaches(NodeId from, NodeId to) const;

  /// Adds a node behind all others. Error kind config: problems_of() of it.
  Result<NodeId> add_node(const NodeSpec& node);
  /// Adds a node to the group that `down` waits for. Error kind config: `down` waits for nobody, or for `up` already,
  /// or `up` waits for it.
  Result<void> add_edge(NodeId up, NodeId down);

 private:
  void append(const NodeSpec& node);

  std::vector<Node> nodes_;
  std::unordered_map<std::string, NodeId> ids_;
};

}  // namespace rivet::cascade
