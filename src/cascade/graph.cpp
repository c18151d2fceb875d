// SPDX-License-Identifier: Apache-2.0
// Kahn's algorithm for the order, a walk along what is left of it for the cycles.
#include "cascade/graph.hpp"

#include <algorithm>
#include <functional>
#include <queue>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.hpp"

namespace rivet::cascade {
namespace {

using Index = std::unordered_map<std::string, std::size_t>;

/// The first of each name counts.
Index index_of(const std::vector<NodeSpec>& nodes) {
  Index out;
  for (std::size_t i = 0; i < nodes.size(); ++i) out.emplace(nodes[i].name, i);
  return out;
}

std::string unknown(const NodeSpec& node, const std::string& name, const std::vector<std::string_view>& names) {
  const auto guess = base::did_you_mean(name, names);
  return fmt::format("'{}' depends on '{}', and there is no such export or gate{}", node.name, name,
                     guess ? fmt::format("; did you mean '{}'?", *guess) : "");
}

/// Looks at one node at a time.
class SingleChecks {
 public:
  SingleChecks(const std::vector<NodeSpec>& nodes, const Index& index) : nodes_(nodes), index_(index) {
    for (const auto& node : nodes) names_.push_back(node.name);
  }

  std::vector<Problem> run() && {
    for (std::size_t i = 0; i < nodes_.size(); ++i) check(i);
    return std::move(problems_);
  }

 private:
  void check(std::size_t at) {
    const auto& node = nodes_[at];
    if (index_.at(node.name) != at) add(at, fmt::format("the name '{}' is taken", node.name));
    if (!node.depends_on) return;
    const auto& wanted = *node.depends_on;
    const auto n = wanted.of.size();
    if (n == 0) return add(at, fmt::format("'{}' depends on an empty list", node.name));
    if (wanted.kind == PolicyKind::quorum && (wanted.k < 1 || wanted.k > n)) {
      add(at,
          fmt::format("'{}' asks for a quorum of {} of {}: it must be between 1 and {}", node.name, wanted.k, n, n));
    }
    std::set<std::string_view> seen;
    for (const auto& name : wanted.of) check_name(at, name, !seen.insert(name).second);
  }

  void check_name(std::size_t at, const std::string& name, bool is_repeated) {
    const auto& node = nodes_[at];
    if (is_repeated) return add(at, fmt::format("'{}' depends on '{}' twice", node.name, name));
    if (name == node.name) return add(at, fmt::format("'{}' depends on itself", name));
    if (!index_.contains(name)) add(at, unknown(node, name, names_));
  }

  void add(std::size_t at, std::string message) { problems_.push_back({at, std::move(message)}); }

  const std::vector<NodeSpec>& nodes_;
  const Index& index_;
  std::vector<std::string_view> names_;
  std::vector<Problem> problems_;
};

/// Edges between known, different nodes, each once.
struct Edges {
  std::vector<std::vector<std::size_t>> up, down;

  Edges(const std::vector<NodeSpec>& nodes, const Index& index) : up(nodes.size()), down(nodes.size()) {
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (!nodes[i].depends_on || index.at(nodes[i].name) != i) continue;
      for (const auto& name : nodes[i].depends_on->of) {
        const auto found = index.find(name);
        if (found == index.end() || found->second == i ||
            std::find(up[i].begin(), up[i].end(), found->second) != up[i].end())
          continue;
        up[i].push_back(found->second);
        down[found->second].push_back(i);
      }
    }
  }
};

/// As many nodes as can be put behind all that they wait for, the first given first.
std::vector<std::size_t> order_of(const Edges& edges) {
  std::vector<std::size_t> open(edges.up.size()), out;
  std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
  for (std::size_t i = 0; i < open.size(); ++i) {
    open[i] = edges.up[i].size();
    if (open[i] == 0) ready.push(i);
  }
  while (!ready.empty()) {
    const auto at = ready.top();
    ready.pop();
    out.push_back(at);
    for (const auto below : edges.down[at]) {
      if (--open[below] == 0) ready.push(below);
    }
  }
  return out;
}

/// Nodes that wait for themselves over others, shown as a -> b -> c -> a: a waits for b.
class Cycles {
 public:
  Cycles(const std::vector<NodeSpec>& nodes, const Edges& edges) : nodes_(nodes), edges_(edges), seen_(nodes.size()) {}

  std::vector<Problem> find() && {
    for (const auto at : order_of(edges_)) seen_[at] = Seen::done;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (seen_[i] == Seen::no) walk(i);
    }
    return std::move(problems_);
  }

 private:
  enum class Seen { no, on_the_way, done };
  struct Step {
    std::size_t node, next = 0;
  };

  void enter(std::size_t at) {
    seen_[at] = Seen::on_the_way;
    way_.push_back({at});
  }

  void walk(std::size_t start) {
    enter(start);
    while (!way_.empty()) {
      auto& [node, next] = way_.back();
      const auto& ups = edges_.up[node];
      if (next == ups.size()) {
        seen_[node] = Seen::done;
        way_.pop_back();
        continue;
      }
      const auto up = ups[next++];
      if (seen_[up] == Seen::on_the_way) show_from(up);
      if (seen_[up] == Seen::no) enter(up);
    }
  }

  void show_from(std::size_t first) {
    const auto begin = std::find_if(way_.begin(), way_.end(), [&](const Step& step) { return step.node == first; });
    std::vector<std::string_view> names;
    for (auto step = begin; step != way_.end(); ++step) names.push_back(nodes_[step->node].name);
    names.push_back(nodes_[first].name);
    problems_.push_back({first, fmt::format("dependency cycle: {}", fmt::join(names, " -> "))});
  }

  const std::vector<NodeSpec>& nodes_;
  const Edges& edges_;
  std::vector<Seen> seen_;
  std::vector<Step> way_;
  std::vector<Problem> problems_;
};

tl::unexpected<Error> refused(const std::vector<Problem>& problems) {
  std::vector<std::string_view> messages;
  for (const auto& problem : problems) messages.push_back(problem.message);
  return fail(ErrorKind::config, fmt::format("{}", fmt::join(messages, "\n")));
}

}  // namespace

std::vector<Problem> problems_of(const std::vector<NodeSpec>& nodes) {
  const auto index = index_of(nodes);
  auto out = SingleChecks(nodes, index).run();
  const Edges edges(nodes, index);
  auto cycles = Cycles(nodes, edges).find();
  out.insert(out.end(), std::make_move_iterator(cycles.begin()), std::make_move_iterator(cycles.end()));
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.node < b.node; });
  return out;
}

Result<Graph> Graph::make(const std::vector<NodeSpec>& nodes) {
  if (const auto problems = problems_of(nodes); !problems.empty()) return refused(problems);
  Graph out;
  for (const auto at : order_of(Edges(nodes, index_of(nodes)))) out.append(nodes[at]);
  return out;
}

/// REQUIRES: all that it waits for is there.
void Graph::append(const NodeSpec& spec) {
  const auto id = nodes_.size();
  Node node{.name = spec.name, .kind = spec.kind};
  if (spec.depends_on) {
    const auto& wanted = *spec.depends_on;
    auto& group = node.group.emplace(Group{wanted.kind, wanted.k, wanted.on_satisfied, {}});
    for (const auto& name : wanted.of) group.upstreams.push_back(ids_.at(name));
    std::sort(group.upstreams.begin(), group.upstreams.end());
    for (const auto up : group.upstreams) nodes_[up].downstreams.push_back(id);
  }
  ids_.emplace(spec.name, id);
  nodes_.push_back(std::move(node));
}

std::optional<NodeId> Graph::find(std::string_view name) const {
  const auto found = ids_.find(std::string(name));
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<NodeId> Graph::roots() const {
  std::vector<NodeId> out;
  for (NodeId id = 0; id < nodes_.size(); ++id) {
    if (!nodes_[id].group) out.push_back(id);
  }
  return out;
}

std::size_t Graph::depth(NodeId id) const {
  std::unordered_map<NodeId, std::size_t> known;
  std::vector<NodeId> todo{id};
  while (!todo.empty()) {
    const auto at = todo.back();
    std::size_t deepest = 0;
    bool is_known = true;
    for (const auto up : nodes_[at].group ? nodes_[at].group->upstreams : std::vector<NodeId>()) {
      const auto found = known.find(up);
      if (found == known.end()) todo.push_back(up);
      is_known = is_known && found != known.end();
      if (found != known.end()) deepest = std::max(deepest, found->second + 1);
    }
    if (!is_known) continue;
    known[at] = deepest;
    todo.pop_back();
  }
  return known[id];
}

bool Graph::reaches(NodeId from, NodeId to) const {
  std::vector<bool> seen(nodes_.size());
  std::vector<NodeId> todo{from};
  while (!todo.empty()) {
    const auto at = todo.back();
    todo.pop_back();
    if (at == to) return true;
    if (seen[at]) continue;
    seen[at] = true;
    todo.insert(todo.end(), nodes_[at].downstreams.begin(), nodes_[at].downstreams.end());
  }
  return false;
}

Result<NodeId> Graph::add_node(const NodeSpec& node) {
  std::vector<NodeSpec> all;
  for (const auto& one : nodes_) all.push_back({.name = one.name, .kind = one.kind});
  all.push_back(node);
  if (const auto problems = problems_of(all); !problems.empty()) return refused(problems);
  append(node);
  return nodes_.size() - 1;
}

Result<void> Graph::add_edge(NodeId up, NodeId down) {
  auto& node = nodes_[down];
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorKind::config,
                fmt::format("'{}' cannot depend on '{}' as well: {}", node.name, nodes_[up].name, why));
  };
  if (!node.group) return refuse("it depends on nothing and may have begun");
  auto& upstreams = node.group->upstreams;
  if (std::find(upstreams.begin(), upstreams.end(), up) != upstreams.end()) return refuse("it does already");
  if (reaches(down, up)) return refuse("that closes a cycle");
  upstreams.push_back(up);
  nodes_[up].downstreams.push_back(down);
  return {};
}

}  // namespace rivet::cascade
