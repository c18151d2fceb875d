// SPDX-License-Identifier: Apache-2.0
// `rivet journal`: what was planned, what happened, what degraded and how it ended.
#include "cli/commands.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/configuration.hpp"
#include "cli/options.hpp"
#include "report/journal.hpp"

namespace rivet::cli {
namespace {

struct Arguments {
  std::string config, export_name, run_id;
  std::int64_t limit = 5;
  bool json = false;
};

using Journals = std::vector<model::journal::Journal>;

Result<Journals> read_journals(const Arguments& args, Context& context) {
  const auto store = TRY(open_history(args.config));
  Journals found;
  if (store)
    found = TRY(store->journals({.export_name = args.export_name, .run_id = args.run_id, .limit = args.limit}));
  if (found.empty()) TRY(note_unknown_export(store.get(), args.export_name, context));
  return found;
}

// A run that was asked for by its id is one document; a listing is always an array.
Result<void> print_json(const Arguments& args, const Journals& journals, Context& context) {
  if (!args.run_id.empty()) return context.print_json(report::journal_json(journals.front()));
  auto list = nlohmann::json::array();
  for (const auto& journal : journals) list.push_back(report::journal_json(journal));
  return context.print_json(list);
}

Result<void> journal(const Arguments& args, Context& context) {
  const auto journals = TRY(read_journals(args, context));
  if (!args.run_id.empty() && journals.empty()) {
    return fail(ErrorKind::config, fmt::format("there is no journal of run '{}'", args.run_id),
                "`rivet metrics` lists the runs");
  }
  if (args.json) return print_json(args, journals, context);
  return context.print(report::journals_text(journals, {.colour = report::detect_terminal(1).colour}));
}

}  // namespace

void add_journal(CLI::App& app, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = app.add_subcommand("journal", "Show what happened in past runs, newest first");
  add_state_config(*command, args->config);
  command->add_option("-e,--export", args->export_name, "Only this export");
  add_limit(*command, args->limit, "runs");
  command->add_option("--run-id", args->run_id, "Only this run");
  command->add_flag("--json", args->json, "Print JSON: the journal with --run-id, else an array of journals");
  command->callback([args, &chosen] { chosen = [args](Context& context) { return journal(*args, context); }; });
}

}  // namespace rivet::cli
