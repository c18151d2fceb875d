// SPDX-License-Identifier: Apache-2.0
// A graph on lines: each node in full under the upstream that is drawn first, from roots to leaves.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "report/cascade.hpp"

namespace rivet::report {
namespace {

using namespace cascade;

constexpr int kDepth = 40;  // what lies deeper goes on at the left

std::string painted(const NodeRecord& node, const Style& style) {
  const auto word = condition_of(node);
  if (node.phase == Phase::active) return style.strong(word);
  if (node.phase != Phase::terminal) return std::string(word);
  if (node.outcome == Outcome::success) return style.good(word);
  return node.outcome == Outcome::failed || node.outcome == Outcome::expired ? style.bad(word) : style.doubt(word);
}

class Drawing {
 public:
  Drawing(const CascadeRun& run, const Style& style) : run_(run), style_(style) {
    for (const auto& node : run.nodes) by_id_[node.node_id] = &node;
    for (const auto& [down, group] : run.groups) {
      for (const auto& edge : group.edges) downs_[edge.up].push_back(down);
    }
  }

  std::string text() {
    for (const auto& node : run_.nodes) {
      if (!run_.groups.contains(node.node_id)) begin(node.node_id);
    }
    return std::move(text_);
  }

 private:
  /// A root, and after it what lies too deep below it.
  void begin(StoredNode root) {
    std::vector<StoredNode> starts{root};
    for (std::size_t i = 0; i < starts.size(); ++i) {
      shown_.insert(starts[i]);
      text_ += line_of(starts[i]);
      draw_below(starts[i], "", 1, starts);
    }
  }

  void draw_below(StoredNode up, const std::string& indent, int depth, std::vector<StoredNode>& starts) {
    const auto found = downs_.find(up);
    if (found == downs_.end()) return;
    for (std::size_t i = 0; i < found->second.size(); ++i) {
      const bool last = i + 1 == found->second.size();
      draw(found->second[i], indent, last, depth, starts);
    }
  }

  void draw(StoredNode id, const std::string& indent, bool last, int depth, std::vector<StoredNode>& starts) {
    text_ += indent + (last ? "└─ " : "├─ ");
    const bool is_new = shown_.insert(id).second;
    if (!is_new || depth == kDepth) {
      if (is_new) starts.push_back(id);
      text_ += fmt::format("{} ({})\n", name(id), is_new ? "below" : "see above");
    } else {
      text_ += line_of(id);
      draw_below(id, indent + (last ? "   " : "│  "), depth + 1, starts);
    }
  }

  std::string name(StoredNode id) const {
    const auto node = by_id_.find(id);
    return node == by_id_.end() ? std::to_string(id) : fit(node->second->name, display_width(node->second->name));
  }

  std::string line_of(StoredNode id) const {
    const auto node = by_id_.find(id);
    if (node == by_id_.end()) return name(id) + "\n";
    auto text = fmt::format("{}  {}", name(id), painted(*node->second, style_));
    if (node->second->kind == NodeKind::gate) text += "  gate";
    text += waits_for(id);
    if (!node->second->owner.empty()) text += "  by " + node->second->owner;
    if (run_.unserved.contains(id)) text += "  " + style_.doubt("nobody serves it");
    return text + "\n";
  }

  /// What a list of upstreams does not say by itself: `  2 of a, b, c`.
  std::string waits_for(StoredNode id) const {
    const auto found = run_.groups.find(id);
    if (found == run_.groups.end() || found->second.edges.size() < 2) return "";
    std::vector<std::string> names;
    for (const auto& edge : found->second.edges) names.push_back(edge.up_name);
    const auto& group = found->second.group;
    const auto needed = group.kind == PolicyKind::all_of   ? std::string("all")
                        : group.kind == PolicyKind::any_of ? std::string("one")
                                                           : std::to_string(group.k);
    return fmt::format("  after {} of {}", needed, fmt::join(names, ", "));
  }

  const CascadeRun& run_;
  const Style& style_;
  std::map<StoredNode, const NodeRecord*> by_id_;
  std::map<StoredNode, std::vector<StoredNode>> downs_;
  std::set<StoredNode> shown_;
  std::string text_;
};

}  // namespace

std::string tree_text(const CascadeRun& run, const Style& style) {
  return run_heading(run) + Drawing(run, style).text();
}

}  // namespace rivet::report
