// SPDX-License-Identifier: Apache-2.0
// The shapes are read here; whether they make a graph, the cascade knows.
#include "config/order.hpp"

#include "base/text.hpp"
#include "config/relation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace rivet::config {
namespace {

using cascade::Dependencies;
using cascade::PolicyKind;

constexpr Words<cascade::OnSatisfied, 2> kOnSatisfied{
    {{"cancel_remaining", cascade::OnSatisfied::cancel_remaining}, {"let_run", cascade::OnSatisfied::let_run}}};
constexpr std::array<std::string_view, 2> kPolicies{"any_of", "quorum"};
constexpr std::array<std::string_view, 3> kConditions{"sql", "command", "manifest"};

std::optional<Dependencies> read_policy(Section& section) {
  Dependencies out;
  const bool has_any = section.has("any_of"), has_quorum = section.has("quorum");
  const auto any_of = section.texts("any_of");
  const auto quorum = section.integer("quorum", {1, 1'000'000});
  const auto of = section.texts("of");
  out.on_satisfied = section.choice("on_satisfied", kOnSatisfied).value_or(cascade::OnSatisfied::cancel_remaining);
  section.require_one_of(kPolicies, "'any_of', or 'quorum' with 'of'; all of several are a plain list");
  if (has_any && has_quorum) section.refuse("quorum", "'any_of' and 'quorum' exclude each other");
  if (has_quorum && !section.has("of"))
    section.refuse("quorum", "'quorum' needs 'of', the names of which so many must succeed");
  if (!has_quorum && section.has("of")) section.refuse("of", "'of' belongs to 'quorum'");
  section.finish();
  out.kind = has_any ? PolicyKind::any_of : PolicyKind::quorum;
  out.k = static_cast<std::size_t>(quorum.value_or(0));
  out.of = has_any ? any_of.value_or(std::vector<std::string>{}) : of.value_or(std::vector<std::string>{});
  const bool is_usable = has_any != has_quorum && !out.of.empty() && (has_any || quorum);
  return is_usable ? std::optional(std::move(out)) : std::nullopt;
}

std::string title_of(const Node& node, const Problems& problems) {
  for (const auto& entry : node.entries) {
    if (entry.key == "name" && !entry.value.text.empty()) {
      return fmt::format("gate '{}'", problems.shown(entry.value.text));
    }
  }
  return "a gate";
}

Gate read_gate(Section section, const Placement& whole) {
  Gate gate{.line = section.line()};
  section.require("name");
  gate.name = section.text("name").value_or("");
  const auto wanted = "exactly one of 'sql', 'command' and 'manifest'";
  if (section.require_one_of(kConditions, wanted).size() > 1) section.refuse_missing(wanted);
  gate.sql = without_end(section.text("sql").value_or(""));
  gate.command = section.arguments("command").value_or(std::vector<std::string>{});
  gate.manifest = section.text("manifest").value_or("");
  if (section.has("sql") && gate.sql.empty()) section.refuse("sql", "'sql' has no statement in it");
  if (!gate.command.empty() && gate.command.front().empty())
    section.refuse("command", "'command' begins with an empty word");
  gate.depends_on = read_depends_on(section);
  gate.placement = merge(whole, read_placement(section));
  section.finish();
  return gate;
}

/// The entries of a list at the top level.
const std::vector<Node>& entries_of(const Node& tree, std::string_view key) {
  static const std::vector<Node> kNone;
  const auto found =
      std::find_if(tree.entries.begin(), tree.entries.end(), [&](const auto& entry) { return entry.key == key; });
  return found == tree.entries.end() ? kNone : found->value.items;
}

int line_of(const Node& node, std::string_view key) {
  const auto found =
      std::find_if(node.entries.begin(), node.entries.end(), [&](const auto& entry) { return entry.key == key; });
  return found == node.entries.end() ? node.line : found->line;
}

std::string unknown_export(const Config& config, const std::string& name) {
  std::vector<std::string_view> names;
  for (const auto& entry : config.exports) names.push_back(entry.name);
  const auto guess = base::did_you_mean(name, names);
  return fmt::format("there is no export '{}'{}", name, guess ? fmt::format("; did you mean '{}'?", *guess) : "");
}

bool are_told_apart(const std::vector<cascade::NodeSpec>& nodes) {
  std::set<std::string_view> names;
  return std::all_of(nodes.begin(), nodes.end(),
                     [&](const auto& node) { return !node.name.empty() && names.insert(node.name).second; });
}

void check_manifest_gate(const Config& config, const Gate& gate, int line, Problems& problems) {
  const auto found = std::find_if(config.exports.begin(), config.exports.end(),
                                  [&](const Export& entry) { return entry.name == gate.manifest; });
  const auto refuse = [&](const std::string& why) { problems.add(line, fmt::format("'manifest': {}", why)); };
  if (found == config.exports.end()) return refuse(unknown_export(config, problems.shown(gate.manifest)));
  if (found->destination.type == DestinationType::stdout_) {
    return refuse(fmt::format("export '{}' writes to stdout and has none", gate.manifest));
  }
  if (!found->keys.partition_by.empty()) {
    refuse(fmt::format("export '{}' has one in each partition, and a gate looks at one", gate.manifest));
  }
}

}  // namespace

std::optional<Dependencies> read_depends_on(Section& section) {
  auto given = section.texts_or_block("depends_on");
  if (!given) return std::nullopt;
  if (auto* const block = std::get_if<Section>(&*given)) return read_policy(*block);
  return Dependencies{.of = std::get<std::vector<std::string>>(std::move(*given))};
}

Placement read_placement(Section& section) {
  Placement out{.name_space = section.text("namespace").value_or("")};
  for (auto& [name, value, line] : section.named_texts("tags", "text").value_or(std::vector<NamedText>{})) {
    if (name.empty()) section.problems().add(line, "'tags': a tag needs a name");
    out.tags.emplace(std::move(name), std::move(value));
  }
  return out;
}

Placement merge(const Placement& whole, Placement own) {
  if (own.name_space.empty()) own.name_space = whole.name_space;
  own.tags.insert(whole.tags.begin(), whole.tags.end());
  return own;
}

std::vector<Gate> read_gates(Section& root, const Placement& whole) {
  std::vector<Gate> out;
  const auto* list = root.find("gates");
  if (list == nullptr) return out;
  if (list->kind != Node::Kind::list || list->items.empty()) {
    root.refuse("gates", "'gates' must be a list of gates, each beginning with '-'");
    return out;
  }
  for (const auto& item : list->items) {
    out.push_back(read_gate(root.entry("gates", item, title_of(item, root.problems())), whole));
  }
  return out;
}

void check_order(const Config& config, const Node& tree, Problems& problems) {
  std::vector<int> lines;
  for (const auto& item : entries_of(tree, "exports")) lines.push_back(line_of(item, "depends_on"));
  const auto& gates = entries_of(tree, "gates");
  for (const auto& item : gates) lines.push_back(line_of(item, "depends_on"));
  const auto nodes = nodes_of(config);
  if (!are_told_apart(nodes)) return;  // which is said already, and whom a name means is open
  for (const auto& problem : cascade::problems_of(nodes))
    problems.add(lines.at(problem.node), on_one_line(problem.message));
  for (std::size_t i = 0; i < config.gates.size(); ++i) {
    if (!config.gates[i].manifest.empty()) {
      check_manifest_gate(config, config.gates[i], line_of(gates.at(i), "manifest"), problems);
    }
  }
}

std::vector<cascade::NodeSpec> nodes_of(const Config& config) {
  std::vector<cascade::NodeSpec> out;
  for (const auto& entry : config.exports) {
    out.push_back({.name = entry.name, .kind = cascade::NodeKind::export_, .depends_on = entry.depends_on});
  }
  for (const auto& gate : config.gates) {
    out.push_back({.name = gate.name, .kind = cascade::NodeKind::gate, .depends_on = gate.depends_on});
  }
  return out;
}

}  // namespace rivet::config
