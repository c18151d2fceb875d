// SPDX-License-Identifier: Apache-2.0
// `rivet pause` and `rivet resume`: whether nodes of a run are begun.
#include "cli/commands.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/cascade_access.hpp"
#include "cli/options.hpp"

namespace rivet::cli {
namespace {

struct Arguments {
  std::string config, run_id;
};

Result<void> set_paused(const Arguments& args, bool paused, Context& context) {
  const auto store = TRY(open_known_cascade(args.config));
  TRY(find_run(*store, args.run_id));
  TRY(store->pause(args.run_id, paused));
  if (!paused) return context.print(fmt::format("Run {} goes on.\n", args.run_id));
  return context.print(
      fmt::format("Run {} is paused: what runs goes on, nothing more is begun until `rivet resume {}`.\n", args.run_id,
                  args.run_id));
}

void add(CLI::App& app, Action& chosen, const char* name, const char* what, bool paused) {
  auto args = std::make_shared<Arguments>();
  auto* command = app.add_subcommand(name, what);
  add_run_id(*command, args->run_id);
  add_state_place(*command, args->config);
  command->callback([args, paused, &chosen] {
    chosen = [args, paused](Context& context) { return set_paused(*args, paused, context); };
  });
}

}  // namespace

void add_pause(CLI::App& app, Action& chosen) {
  add(app, chosen, "pause", "Begin no more nodes of a run; those that run go on", true);
}

void add_resume(CLI::App& app, Action& chosen) {
  add(app, chosen, "resume", "Begin nodes of a paused run again", false);
}

}  // namespace rivet::cli
