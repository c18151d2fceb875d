// SPDX-License-Identifier: Apache-2.0
// `rivet status`: the runs there are, or one of them with its nodes.
#include "cli/commands.hpp"

#include <algorithm>
#include <filesystem>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/cascade_access.hpp"
#include "cli/options.hpp"
#include "cli/registry.hpp"
#include "report/cascade.hpp"

namespace rivet::cli {
namespace {

struct Arguments {
  std::string config, run_id;
  bool json = false, tree = false, all = false;
  std::int64_t limit = 20;
};

using Workers = std::vector<cascade::WorkerRecord>;
using Nodes = std::vector<cascade::NodeRecord>;

/// Nodes that could begin, and that nobody who was seen lately serves.
Nodes unserved(const cascade::RunRecord& run, const Nodes& nodes, const Workers& workers) {
  Nodes out;
  if (run.paused) return out;
  for (const auto& node : nodes) {
    const bool served = std::any_of(workers.begin(), workers.end(), [&](const auto& worker) {
      return cascade::covers(worker.scope, node.name_space, node.tags);
    });
    if (node.phase == cascade::Phase::runnable && !served) out.push_back(node);
  }
  return out;
}

Result<report::CascadeOverview> look_at_all(cascade::Store& store, const Arguments& args) {
  report::CascadeOverview view{.open_only = !args.all};
  view.runs = TRY(store.runs(!args.all, static_cast<int>(args.limit)));
  view.workers = TRY(store.workers(kSeenLately));
  view.now = TRY(store.now());
  for (const auto& one : view.runs) {
    if (one.run.state != cascade::RunState::open || one.runnable == 0) continue;
    for (const auto& node : unserved(one.run, TRY(store.nodes(one.run.run_id)), view.workers)) {
      view.unserved[one.run.run_id].push_back(node.name);
    }
  }
  return view;
}

Result<report::CascadeRun> look_at_run(cascade::Store& store, const Arguments& args) {
  report::CascadeRun view;
  view.run = TRY(find_run(store, args.run_id));
  view.nodes = TRY(store.nodes(args.run_id));
  for (const auto& node : unserved(view.run, view.nodes, TRY(store.workers(kSeenLately)))) {
    view.unserved.insert(node.node_id);
  }
  if (!args.tree) return view;
  for (const auto& node : view.nodes) {
    const auto group = TRY(store.group(node.node_id));
    if (!group) continue;
    auto edges = TRY(store.edges_into(node.node_id));
    view.groups.emplace(node.node_id, report::CascadeGroup{.group = *group, .edges = std::move(edges)});
  }
  return view;
}

Result<void> show_all(const Arguments& args, Context& context) {
  report::CascadeOverview view{.open_only = !args.all};
  const auto place = TRY(state_place_of(args.config));
  std::error_code failed;
  if (place.url || std::filesystem::exists(place.file, failed)) {
    const auto store = TRY(open_cascade(place));
    view = TRY(look_at_all(*store, args));
  }
  return args.json ? context.print_json(report::overview_json(view)) : context.print(report::overview_text(view));
}

Result<void> show_run(const Arguments& args, Context& context) {
  const auto store = TRY(open_known_cascade(args.config));
  const auto view = TRY(look_at_run(*store, args));
  if (args.json) return context.print_json(report::run_json(view));
  if (args.tree) return context.print(report::tree_text(view, {.colour = report::detect_terminal(1).colour}));
  return context.print(report::run_text(view));
}

}  // namespace

void add_status(CLI::App& app, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = app.add_subcommand("status", "Show submitted runs and the workers, or one run with its nodes");
  command->add_option("run", args->run_id, "Only this run, with its nodes");
  add_state_place(*command, args->config);
  command->add_flag("--all", args->all, "Also list runs that are closed");
  add_limit(*command, args->limit, "runs");
  command->add_flag("--tree", args->tree, "Draw the run's graph; in JSON, tell what its nodes depend on");
  command->add_flag("--json", args->json, "Print a JSON object");
  command->callback([args, &chosen] {
    chosen = [args](Context& context) {
      return args->run_id.empty() ? show_all(*args, context) : show_run(*args, context);
    };
  });
}

}  // namespace rivet::cli
