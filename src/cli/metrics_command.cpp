// SPDX-License-Identifier: Apache-2.0
// `rivet metrics`: one row per past run.
#include "cli/commands.hpp"

#include <CLI/CLI.hpp>

#include "cli/configuration.hpp"
#include "cli/options.hpp"
#include "report/history.hpp"

namespace rivet::cli {
namespace {

struct Arguments {
  std::string config, export_name;
  std::int64_t limit = 20;
  bool json = false;
};

Result<void> metrics(const Arguments& args, Context& context) {
  const auto store = TRY(open_history(args.config));
  std::vector<state::MetricsRecorded> rows;
  if (store) rows = TRY(store->metrics({.export_name = args.export_name, .limit = args.limit}));
  if (rows.empty()) TRY(note_unknown_export(store.get(), args.export_name, context));
  return args.json ? context.print_json(report::metrics_json(rows)) : context.print(report::metrics_text(rows));
}

}  // namespace

void add_metrics(CLI::App& app, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = app.add_subcommand("metrics", "List past runs with their numbers, newest first");
  add_state_config(*command, args->config);
  command->add_option("-e,--export", args->export_name, "Only this export");
  add_limit(*command, args->limit, "runs");
  command->add_flag("--json", args->json, "Print a JSON array");
  command->callback([args, &chosen] { chosen = [args](Context& context) { return metrics(*args, context); }; });
}

}  // namespace rivet::cli
