// SPDX-License-Identifier: Apache-2.0
// `rivet retry`: another round for what did not succeed.
#include "cli/commands.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/cascade_access.hpp"
#include "cli/options.hpp"

namespace rivet::cli {
namespace {

struct Arguments {
  std::string config, run_id;
  std::vector<std::string> nodes;
  bool failed = false;
};

Result<void> retry(const Arguments& args, Context& context) {
  const auto store = TRY(open_known_cascade(args.config));
  TRY(find_run(*store, args.run_id));
  const auto nodes = TRY(store->nodes(args.run_id));
  for (const auto& name : args.nodes) TRY(find_node(nodes, args.run_id, name));
  const auto again = TRY(store->retry(args.run_id, args.nodes));
  return context.print(fmt::format("Run {} is open; again: {}\n", args.run_id, fmt::join(again, ", ")));
}

}  // namespace

void add_retry(CLI::App& app, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command =
      app.add_subcommand("retry", "Run nodes again that did not succeed, and what was skipped because of them");
  add_run_id(*command, args->run_id);
  add_state_place(*command, args->config);
  auto* which = command->add_option_group("which", "Which nodes");
  which->add_flag("--failed", args->failed, "All that failed, expired or were cancelled");
  which->add_option("--node", args->nodes, "This node (repeatable)");
  which->require_option(1);
  command->callback([args, &chosen] { chosen = [args](Context& context) { return retry(*args, context); }; });
}

}  // namespace rivet::cli
