// SPDX-License-Identifier: Apache-2.0
// Edges carry the truth, counters follow them, decisions are made once.
#include "cascade/memory_cascade.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace rivet::cascade {
namespace {

void count(Counters& counters, Verdict verdict) {
  ++(verdict == Verdict::success ? counters.success : counters.negative);
}

Counters recounted(const MemoryCascade::Group& group) {
  Counters out{.n = group.edges.size()};
  for (const auto& edge : group.edges) {
    if (edge.verdict) count(out, *edge.verdict);
  }
  return out;
}

MemoryCascade::Node fresh(const Graph::Node& node) {
  if (!node.group) return {};
  MemoryCascade::Group group{.counters = {.n = node.group->upstreams.size()}};
  for (const auto up : node.group->upstreams) group.edges.push_back({.up = up});
  return {.phase = Phase::blocked, .group = std::move(group)};
}

}  // namespace

MemoryCascade::MemoryCascade(Graph graph) : graph_(std::move(graph)) {
  for (NodeId id = 0; id < graph_.size(); ++id) nodes_.push_back(fresh(graph_[id]));
}

std::vector<NodeId> MemoryCascade::runnable() const {
  std::vector<NodeId> out;
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    if (nodes_[id].phase == Phase::runnable) out.push_back(id);
  }
  return out;
}

bool MemoryCascade::is_done() const {
  return std::all_of(nodes_.begin(), nodes_.end(), [](const Node& node) { return node.phase == Phase::terminal; });
}

std::optional<std::int64_t> MemoryCascade::start(NodeId id) {
  auto& node = nodes_[id];
  if (node.phase != Phase::runnable) return std::nullopt;
  node.phase = Phase::active;
  return ++node.epoch;
}

bool MemoryCascade::finish(NodeId id, std::int64_t epoch, Outcome outcome) {
  if (nodes_[id].phase != Phase::active || nodes_[id].epoch != epoch) return false;
  end(id, outcome);
  return true;
}

bool MemoryCascade::cancel(NodeId id) {
  auto& node = nodes_[id];
  if (node.phase == Phase::terminal) return false;
  node.cancel_requested = true;
  if (node.phase != Phase::active) end(id, Outcome::cancelled);
  return true;
}

void MemoryCascade::end(NodeId id, Outcome outcome) {
  auto& node = nodes_[id];
  node.phase = Phase::terminal;
  node.outcome = outcome;
  if (node.group && node.group->state == GroupState::pending) node.group->state = GroupState::cancelled;
  events_.push_back({.node = id, .round = node.round, .outcome = outcome});
}

/// REQUIRES: the edge leads to `down`.
bool MemoryCascade::resolve(NodeId down, Edge& edge) {
  const auto& up = nodes_[edge.up];
  if (edge.verdict || up.phase != Phase::terminal) return false;
  edge.verdict = verdict_of(*up.outcome);
  edge.up_round = up.round;
  count(nodes_[down].group->counters, *edge.verdict);
  return true;
}

bool MemoryCascade::advance_group(NodeId down, std::optional<std::span<const NodeId>> ups) {
  if (!nodes_[down].group) return false;
  bool changed = false;
  for (auto& edge : nodes_[down].group->edges) {
    if (ups && std::find(ups->begin(), ups->end(), edge.up) == ups->end()) continue;
    changed = resolve(down, edge) || changed;
  }
  const auto before = nodes_[down].group->state;
  if (before == GroupState::pending) decide(down);
  return changed || nodes_[down].group->state != before;
}

/// REQUIRES: its group is pending.
void MemoryCascade::decide(NodeId down) {
  auto& node = nodes_[down];
  auto& group = *node.group;
  const auto& policy = *graph_[down].group;
  const auto decision = cascade::decide(policy.needed(), group.counters);
  if (decision == Decision::pending) return;
  group.cancel_pending = policy.on_satisfied == OnSatisfied::cancel_remaining;
  group.state = decision == Decision::satisfied ? GroupState::satisfied : GroupState::impossible;
  if (decision == Decision::satisfied) {
    node.phase = Phase::runnable;
  } else {
    end(down, Outcome::skipped);
  }
}

bool MemoryCascade::close(const Event& event) {
  const auto found = std::find_if(events_.begin(), events_.end(),
                                  [&](const Event& one) { return one.node == event.node && one.round == event.round; });
  if (found == events_.end() || found->dispatched) return false;
  const auto is_open = [&](NodeId down) {
    const auto& edges = nodes_[down].group->edges;
    return std::any_of(edges.begin(), edges.end(),
                       [&](const Edge& edge) { return edge.up == event.node && !edge.verdict; });
  };
  const auto& downs = graph_[event.node].downstreams;
  if (nodes_[event.node].round == event.round && std::any_of(downs.begin(), downs.end(), is_open)) return false;
  found->dispatched = true;
  return true;
}

void MemoryCascade::dispatch(const Event& event) {
  const NodeId up = event.node;
  for (const auto down : graph_[up].downstreams) advance_group(down, std::span(&up, 1));
  close(event);
}

bool MemoryCascade::sweep() {
  bool changed = false;
  for (NodeId down = 0; down < nodes_.size(); ++down) changed = advance_group(down) || changed;
  for (std::size_t i = 0; i < events_.size(); ++i) changed = close(Event(events_[i])) || changed;
  return changed;
}

bool MemoryCascade::is_needed(NodeId up) const {
  const auto& downs = graph_[up].downstreams;
  return std::any_of(downs.begin(), downs.end(),
                     [&](NodeId down) { return nodes_[down].group->state == GroupState::pending; });
}

std::vector<NodeId> MemoryCascade::drain_cancels(NodeId down) {
  std::vector<NodeId> active;
  if (!nodes_[down].group || !nodes_[down].group->cancel_pending) return active;
  nodes_[down].group->cancel_pending = false;
  for (const auto& edge : nodes_[down].group->edges) {
    if (edge.verdict || nodes_[edge.up].phase == Phase::terminal || is_needed(edge.up)) continue;
    cancel(edge.up);
    if (nodes_[edge.up].phase == Phase::active) active.push_back(edge.up);
  }
  return active;
}

std::vector<NodeId> MemoryCascade::settle() {
  std::vector<NodeId> active;
  for (bool changed = true; changed;) {
    changed = sweep();
    for (NodeId down = 0; down < nodes_.size(); ++down) {
      if (!nodes_[down].group || !nodes_[down].group->cancel_pending) continue;
      const auto more = drain_cancels(down);
      active.insert(active.end(), more.begin(), more.end());
      changed = true;
    }
  }
  return active;
}

Result<NodeId> MemoryCascade::add_node(const NodeSpec& node) {
  const auto id = TRY(graph_.add_node(node));
  nodes_.push_back(fresh(graph_[id]));
  // Whoever has ended is told of at once: its event may be closed already.
  advance_group(id);
  return id;
}

Result<void> MemoryCascade::add_edge(NodeId up, NodeId down) {
  const auto& group = nodes_[down].group;
  if (group && group->state != GroupState::pending) {
    return fail(ErrorKind::config, fmt::format("'{}' cannot depend on '{}' as well: it is decided whether it runs",
                                               graph_[down].name, graph_[up].name));
  }
  TRY(graph_.add_edge(up, down));
  nodes_[down].group->edges.push_back({.up = up});
  ++nodes_[down].group->counters.n;
  if (nodes_[up].phase == Phase::terminal) advance_group(down, std::span(&up, 1));
  return {};
}

std::vector<NodeId> MemoryCascade::with_skipped(std::vector<NodeId> nodes) const {
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (const auto down : graph_[nodes[i]].downstreams) {
      const bool is_new = std::find(nodes.begin(), nodes.end(), down) == nodes.end();
      if (is_new && nodes_[down].outcome == Outcome::skipped) nodes.push_back(down);
    }
  }
  std::sort(nodes.begin(), nodes.end());
  return nodes;
}

void MemoryCascade::open_again(NodeId id) {
  auto& node = nodes_[id];
  ++node.round;
  ++node.epoch;
  node.outcome.reset();
  node.cancel_requested = false;
  node.phase = node.group ? Phase::blocked : Phase::runnable;
  if (!node.group) return;
  node.group->state = GroupState::pending;
  node.group->cancel_pending = false;
}

Result<std::vector<NodeId>> MemoryCascade::retry(const std::vector<NodeId>& nodes) {
  for (const auto id : nodes) {
    const auto& node = nodes_[id];
    if (node.phase == Phase::terminal && node.outcome != Outcome::success) continue;
    return fail(ErrorKind::config, fmt::format("'{}' {}: there is nothing to try again", graph_[id].name,
                                               node.phase == Phase::terminal ? "succeeded" : "has not ended"));
  }
  const auto again = with_skipped(nodes);
  for (const auto id : again) open_again(id);
  for (const auto id : again) {
    for (const auto down : graph_[id].downstreams) {
      auto& group = *nodes_[down].group;
      if (group.state != GroupState::pending) continue;
      for (auto& edge : group.edges) {
        if (edge.up == id) edge.verdict.reset();
      }
      group.counters = recounted(group);
    }
  }
  for (const auto id : again) advance_group(id);
  return again;
}

std::vector<std::string> MemoryCascade::broken_invariants() const {
  std::vector<std::string> out;
  const auto must = [&](bool holds, const char* invariant, NodeId id) {
    if (!holds) out.push_back(fmt::format("{} does not hold at '{}'", invariant, graph_[id].name));
  };
  const auto events_of = [&](NodeId id, int round) {
    return std::count_if(events_.begin(), events_.end(),
                         [&](const Event& event) { return event.node == id && event.round == round; });
  };
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    const auto& node = nodes_[id];
    const bool ended = node.phase == Phase::terminal;
    must(ended == node.outcome.has_value() && events_of(id, node.round) == (ended ? 1 : 0), "I1", id);
    for (int round = 0; round < node.round; ++round) must(events_of(id, round) == 1, "I1", id);
    if (!node.group) continue;
    const auto& group = *node.group;
    for (const auto& edge : group.edges) {
      const auto& up = nodes_[edge.up];
      const bool is_current = edge.verdict && edge.up_round == up.round;
      must(!is_current || (up.phase == Phase::terminal && edge.verdict == verdict_of(*up.outcome)), "I2", id);
      must(!edge.verdict || edge.up_round <= up.round, "I2", id);
    }
    must(group.counters == recounted(group), "I3", id);
    const auto decision = cascade::decide(graph_[id].group->needed(), group.counters);
    const bool is_blocked = node.phase == Phase::blocked;
    switch (group.state) {
      case GroupState::pending: must(is_blocked && decision == Decision::pending, "I4", id); break;
      case GroupState::satisfied: must(!is_blocked && decision == Decision::satisfied, "I4", id); break;
      case GroupState::impossible:
        must(node.outcome == Outcome::skipped && decision == Decision::impossible, "I4", id);
        break;
      case GroupState::cancelled: must(node.outcome == Outcome::cancelled, "I4", id); break;
    }
  }
  for (const auto& event : events_) {
    const bool is_closed = event.dispatched && nodes_[event.node].round == event.round;
    for (const auto down : graph_[event.node].downstreams) {
      const auto& edges = nodes_[down].group->edges;
      must(!is_closed || std::none_of(edges.begin(), edges.end(),
                                      [&](const Edge& edge) { return edge.up == event.node && !edge.verdict; }),
           "I5", event.node);
    }
  }
  return out;
}

}  // namespace rivet::cascade
