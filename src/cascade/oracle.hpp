// SPDX-License-Identifier: Apache-2.0
// For tests: random graphs, and what they must come to, found without counters, groups or events.
#pragma once

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "cascade/graph.hpp"
#include "cascade/policy.hpp"

namespace rivet::cascade::testing {

using Random = std::mt19937;

inline std::size_t below(Random& random, std::size_t bound) {
  return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
}
inline bool chance(Random& random, int percent) { return below(random, 100) < static_cast<std::size_t>(percent); }

/// A node `n<number>` that waits for at most five of the first `known`, with any policy.
inline NodeSpec random_node(Random& random, std::size_t number, std::size_t known, bool may_cancel) {
  NodeSpec node{.name = fmt::format("n{}", number), .kind = chance(random, 20) ? NodeKind::gate : NodeKind::export_};
  if (known == 0 || chance(random, 25)) return node;
  std::vector<std::string> of;
  for (std::size_t i = 0; i < known; ++i) of.push_back(fmt::format("n{}", i));
  std::shuffle(of.begin(), of.end(), random);
  of.resize(1 + below(random, std::min<std::size_t>(known, 5)));
  const auto kind = static_cast<PolicyKind>(below(random, 3));
  node.depends_on =
      Dependencies{kind, kind == PolicyKind::quorum ? 1 + below(random, of.size()) : 0, of,
                   may_cancel && chance(random, 60) ? OnSatisfied::cancel_remaining : OnSatisfied::let_run};
  return node;
}

/// Up to `most` nodes, at least two.
inline std::vector<NodeSpec> random_graph(Random& random, bool may_cancel, std::size_t most = 13) {
  std::vector<NodeSpec> nodes;
  const auto size = 2 + below(random, most - 1);
  for (std::size_t i = 0; i < size; ++i) nodes.push_back(random_node(random, i, i, may_cancel));
  return nodes;
}

using Outcomes = std::map<std::string, Outcome>;

/// What every node would come to if it ran, and so what the graph must come to.
inline Outcome random_outcome(Random& random) {
  const auto number = below(random, 100);
  if (number < 65) return Outcome::success;
  return number < 90 ? Outcome::failed : Outcome::expired;
}

/// Whether a node with these dependencies runs. Looks at outcomes, one after the other, and at nothing else.
inline bool runs(const Dependencies& wanted, const Outcomes& ended) {
  std::vector<std::string> good;
  for (const auto& name : wanted.of) {
    if (ended.at(name) == Outcome::success) good.push_back(name);
  }
  if (wanted.kind == PolicyKind::all_of) return good == wanted.of;
  if (wanted.kind == PolicyKind::any_of) return !good.empty();
  return good.size() >= wanted.k;
}

/// Whether a node that ended as cancelled may have been stopped because somebody who waits for it does not need it:
/// that group came out as it would have with its success.
inline bool may_be_left_over(const std::string& name, const std::vector<NodeSpec>& nodes, const Outcomes& ended) {
  return std::any_of(nodes.begin(), nodes.end(), [&](const NodeSpec& other) {
    if (!other.depends_on || other.depends_on->on_satisfied != OnSatisfied::cancel_remaining) return false;
    const auto& of = other.depends_on->of;
    if (std::find(of.begin(), of.end(), name) == of.end()) return false;
    auto otherwise = ended;
    otherwise[name] = Outcome::success;
    return runs(*other.depends_on, ended) == runs(*other.depends_on, otherwise);
  });
}

/// The outcomes of all nodes, some of them known beforehand.
inline Outcomes oracle(const std::vector<NodeSpec>& nodes, const Outcomes& own, Outcomes known = {}) {
  for (bool more = true; more;) {
    more = false;
    for (const auto& node : nodes) {
      if (known.contains(node.name)) continue;
      const auto is_known = [&](const std::string& name) { return known.contains(name); };
      if (node.depends_on && !std::all_of(node.depends_on->of.begin(), node.depends_on->of.end(), is_known)) continue;
      known[node.name] = !node.depends_on || runs(*node.depends_on, known) ? own.at(node.name) : Outcome::skipped;
      more = true;
    }
  }
  return known;
}

}  // namespace rivet::cascade::testing
