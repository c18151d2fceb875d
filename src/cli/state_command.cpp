// SPDX-License-Identifier: Apache-2.0
// `rivet state`: what the local store remembers.
#include "cli/commands.hpp"

#include <CLI/CLI.hpp>

#include "cli/configuration.hpp"
#include "report/history.hpp"

namespace rivet::cli {
namespace {

constexpr int kMaxRows = 1'000'000;

struct Arguments {
  std::string config, export_name;
  std::int64_t limit = 50;
  bool json = false;
};

Result<void> show(const Arguments& args, Context& context) {
  const auto store = TRY(open_history(args.config));
  std::vector<state::ExportView> rows;
  if (store) rows = TRY(store->exports());
  return args.json ? context.print_json(report::exports_json(rows)) : context.print(report::exports_text(rows));
}

Result<void> files(const Arguments& args, Context& context) {
  const auto store = TRY(open_history(args.config));
  std::vector<state::FileView> rows;
  if (store) rows = TRY(store->files({.export_name = args.export_name, .limit = args.limit}));
  return args.json ? context.print_json(report::files_json(rows)) : context.print(report::files_text(rows));
}

void add_show(CLI::App& state, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = state.add_subcommand("show", "Each export's cursor and last run");
  command->add_option("-c,--config", args->config, "Configuration file; its folder holds the state")->required();
  command->add_flag("--json", args->json, "Print a JSON array");
  command->callback([args, &chosen] { chosen = [args](Context& context) { return show(*args, context); }; });
}

void add_files(CLI::App& state, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = state.add_subcommand("files", "The files that runs have written, newest first");
  command->add_option("-c,--config", args->config, "Configuration file; its folder holds the state")->required();
  command->add_option("-e,--export", args->export_name, "Only this export");
  command->add_option("-l,--limit", args->limit, "At most so many files")
      ->check(CLI::Range(1, kMaxRows))
      ->capture_default_str();
  command->add_flag("--json", args->json, "Print a JSON array");
  command->callback([args, &chosen] { chosen = [args](Context& context) { return files(*args, context); }; });
}

}  // namespace

void add_state(CLI::App& app, Action& chosen) {
  auto* state = app.add_subcommand("state", "Look at the local state store");
  state->require_subcommand(1);
  add_show(*state, chosen);
  add_files(*state, chosen);
  add_unavailable(*state, "chunks", "The chunks of an export's last run", chosen);
  add_unavailable(*state, "progression", "Committed and verified boundaries", chosen);
  add_unavailable(*state, "reset", "Forget an export's cursor", chosen);
  add_unavailable(*state, "reset-chunks", "Forget an unfinished run", chosen);
  add_unavailable(*state, "loads", "Loads into warehouses", chosen);
}

}  // namespace rivet::cli
