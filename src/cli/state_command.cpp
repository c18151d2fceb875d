// SPDX-License-Identifier: Apache-2.0
// `rivet state`: what the store remembers.
#include "cli/commands.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/configuration.hpp"
#include "cli/options.hpp"
#include "report/chunks.hpp"
#include "report/history.hpp"

namespace rivet::cli {
namespace {

struct Arguments {
  std::string config, export_name, table;
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
  if (rows.empty()) TRY(note_unknown_export(store.get(), args.export_name, context));
  return args.json ? context.print_json(report::files_json(rows)) : context.print(report::files_text(rows));
}

/// The latest run of the export with its units; nothing when it never ran.
Result<std::optional<report::RunChunks>> latest_chunks(const Arguments& args, Context& context) {
  const auto store = TRY(open_history(args.config));
  std::vector<state::RunView> runs;
  if (store) runs = TRY(store->runs({.export_name = args.export_name, .limit = 1}));
  if (runs.empty()) {
    TRY(note_unknown_export(store.get(), args.export_name, context));
    return std::nullopt;
  }
  const auto& run = runs.front();
  return report::RunChunks{.run = run,
                           .units = TRY(store->units(run.run_id)),
                           .files = TRY(store->files({.run_id = run.run_id, .limit = 0}))};
}

Result<void> chunks(const Arguments& args, Context& context) {
  const auto found = TRY(latest_chunks(args, context));
  if (args.json) return context.print_json(found ? report::chunks_json(*found) : nlohmann::ordered_json(nullptr));
  return context.print(found ? report::chunks_text(*found)
                             : fmt::format("No run of export '{}' recorded yet.\n", args.export_name));
}

Result<void> progression(const Arguments& args, Context& context) {
  const auto store = TRY(open_history(args.config));
  std::vector<state::ProgressionView> rows;
  if (store) rows = TRY(store->progression({.export_name = args.export_name, .limit = 0}));
  if (rows.empty()) TRY(note_unknown_export(store.get(), args.export_name, context));
  return args.json ? context.print_json(report::progression_json(rows)) : context.print(report::progression_text(rows));
}

/// Loading is for other programs. Scripts that list what was loaded are told so and go on.
Result<void> loads(const Arguments& args, Context& context) {
  TRY(state_folder(args.config));
  if (args.json) return context.print_json(nlohmann::ordered_json::array());
  return context.print(
      "No loads: this program writes files and loads none. What there is to load is listed in the manifest at each "
      "destination, manifest.<export>.json.\n");
}

void add_show(CLI::App& state, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = state.add_subcommand("show", "Each export's cursor and last run");
  add_state_config(*command, args->config);
  command->add_flag("--json", args->json, "Print a JSON array");
  command->callback([args, &chosen] { chosen = [args](Context& context) { return show(*args, context); }; });
}

void add_files(CLI::App& state, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = state.add_subcommand("files", "The files that runs have written, newest first");
  add_state_config(*command, args->config);
  command->add_option("-e,--export", args->export_name, "Only this export");
  add_limit(*command, args->limit, "files");
  command->add_flag("--json", args->json, "Print a JSON array");
  command->callback([args, &chosen] { chosen = [args](Context& context) { return files(*args, context); }; });
}

void add_chunks(CLI::App& state, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = state.add_subcommand("chunks", "The chunks of an export's latest run");
  add_state_config(*command, args->config);
  command->add_option("-e,--export", args->export_name, "The export")->required();
  command->add_flag("--json", args->json, "Print a JSON object; null when the export never ran");
  command->callback([args, &chosen] { chosen = [args](Context& context) { return chunks(*args, context); }; });
}

void add_progression(CLI::App& state, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = state.add_subcommand("progression", "How far exports are committed and verified");
  add_state_config(*command, args->config);
  command->add_option("-e,--export", args->export_name, "Only this export");
  command->add_flag("--json", args->json, "Print a JSON array");
  command->callback([args, &chosen] { chosen = [args](Context& context) { return progression(*args, context); }; });
}

void add_loads(CLI::App& state, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = state.add_subcommand("loads", "Loads into warehouses: always none, as this program loads nothing");
  add_state_config(*command, args->config);
  command->add_option("-t,--table", args->table, "Only those into this table");
  add_limit(*command, args->limit, "loads");
  command->add_flag("--json", args->json, "Print a JSON array");
  command->callback([args, &chosen] { chosen = [args](Context& context) { return loads(*args, context); }; });
}

}  // namespace

void add_state(CLI::App& app, Action& chosen) {
  auto* state = app.add_subcommand("state", "Look at the state store, make it forget, move it");
  state->require_subcommand(1);
  add_show(*state, chosen);
  add_files(*state, chosen);
  add_chunks(*state, chosen);
  add_progression(*state, chosen);
  add_state_resets(*state, chosen);
  add_state_stores(*state, chosen);
  add_loads(*state, chosen);
}

}  // namespace rivet::cli
