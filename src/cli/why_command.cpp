// SPDX-License-Identifier: Apache-2.0
// `rivet why`: what a node of a run waits for, and what to do about it.
#include "cli/commands.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>

#include "cli/cascade_access.hpp"
#include "cli/options.hpp"
#include "report/cascade_why.hpp"
#include "report/json.hpp"

namespace rivet::cli {
namespace {

struct Arguments {
  std::string config, run_id, node;
  bool json = false;
};

using Nodes = std::vector<cascade::NodeRecord>;

const cascade::NodeRecord* by_id(const Nodes& nodes, cascade::StoredNode id) {
  const auto found = std::find_if(nodes.begin(), nodes.end(), [&](const auto& node) { return node.node_id == id; });
  return found == nodes.end() ? nullptr : &*found;
}

Result<void> add_edges(cascade::Store& store, const Nodes& nodes, report::NodeStory& story) {
  story.group = TRY(store.group(story.node.node_id));
  if (story.group) {
    for (auto& edge : TRY(store.edges_into(story.node.node_id))) {
      const auto* node = by_id(nodes, edge.up);
      if (node != nullptr) story.upstreams.push_back({.edge = std::move(edge), .node = *node});
    }
  }
  if (story.node.phase != cascade::Phase::terminal) return {};
  for (const auto id : TRY(store.unaware_of({story.node.node_id}))) {
    if (const auto* node = by_id(nodes, id)) story.unaware.push_back(node->name);
  }
  return {};
}

Result<report::NodeStory> look(cascade::Store& store, const Arguments& args) {
  report::NodeStory story;
  story.run = TRY(find_run(store, args.run_id));
  const auto nodes = TRY(store.nodes(args.run_id));
  story.node = TRY(find_node(nodes, args.run_id, args.node));
  TRY(add_edges(store, nodes, story));
  story.attempts = TRY(store.attempts(story.node.node_id));
  for (auto& worker : TRY(store.workers(kSeenLately))) {
    if (cascade::covers(worker.scope, story.node.name_space, story.node.tags))
      story.serving.push_back(std::move(worker));
  }
  story.now = TRY(store.now());
  return story;
}

Result<void> why(const Arguments& args, Context& context) {
  const auto store = TRY(open_known_cascade(args.config));
  const auto story = TRY(look(*store, args));
  if (args.json) return context.print_json(report::why_json(story));
  return context.print(report::why_text(story, {.colour = report::detect_terminal(1).colour}));
}

}  // namespace

void add_why(CLI::App& app, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command =
      app.add_subcommand("why", "Say why a node of a run has not begun, or how it ended, and what to do next");
  add_run_id(*command, args->run_id);
  command->add_option("node", args->node, "The node")->required();
  add_state_place(*command, args->config);
  command->add_flag("--json", args->json, "Print a JSON object");
  command->callback([args, &chosen] { chosen = [args](Context& context) { return why(*args, context); }; });
}

}  // namespace rivet::cli
