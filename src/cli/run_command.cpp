// SPDX-License-Identifier: Apache-2.0
// `rivet run`: the command line, how exports share the machine, and for whom it reports.
#include "cli/commands.hpp"

#include <algorithm>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/child_process.hpp"
#include "cli/configuration.hpp"
#include "cli/options.hpp"
#include "cli/registry.hpp"
#include "cli/reported_run.hpp"
#include "cli/run_command_processes.hpp"
#include "cli/run_command_threads.hpp"
#include "cli/run_report.hpp"
#include "report/progress_events.hpp"

namespace rivet::cli {
namespace {

Result<void> require_clean_stdout(const RunArguments& args, const Selection& selected) {
  const auto streams = std::count_if(selected.begin(), selected.end(), writes_to_stdout);
  if (args.json && streams > 0) {
    return fail(ErrorKind::config, "--json and an export with `destination: {type: stdout}` both want stdout",
                "use --summary-output FILE for the JSON");
  }
  return require_one_stream(selected);
}

/// How the exports of one command share this machine.
struct Sharing {
  enum class Mode { sequential, threads, processes } mode = Mode::sequential;
  int at_once = 1;
};

std::string_view name_of(Sharing::Mode mode) {
  switch (mode) {
    case Sharing::Mode::threads: return "threads";
    case Sharing::Mode::processes: return "processes";
    default: return "sequential";
  }
}

/// A flag decides over the keys of the file. One export is run as if nothing had been said.
Sharing::Mode sharing_mode(const config::Config& config, const RunArguments& args) {
  const bool flagged = args.parallel_exports || args.parallel_processes;
  if (flagged ? args.parallel_exports : config.parallel_exports) return Sharing::Mode::threads;
  if (flagged ? args.parallel_processes : config.parallel_export_processes) return Sharing::Mode::processes;
  return Sharing::Mode::sequential;
}

/// As many as there are processors, because an export keeps one busy; at least two, because it also waits for its
/// server; and not more than eight, for the server's sake.
int default_exports_at_once() { return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 2, 8); }

Result<Sharing> choose_sharing(const config::Config& config, const RunArguments& args, std::size_t selected) {
  const auto mode = sharing_mode(config, args);
  if (mode == Sharing::Mode::sequential && args.max_parallel > 0) {
    return fail(ErrorKind::config, "--max-parallel bounds exports that run at the same time, and none do",
                "add --parallel-exports or --parallel-export-processes");
  }
  if (mode == Sharing::Mode::sequential || selected < 2) return Sharing{};
  return Sharing{.mode = mode, .at_once = args.max_parallel > 0 ? args.max_parallel : default_exports_at_once()};
}

/// The command as its user sees it: live lines, a card for each export, totals, documents.
Result<void> run_for_people(const RunArguments& args, const config::Config& config, const Selection& selected,
                            Context& context) {
  auto order = TRY(order_of(config, selected, args));
  const auto sharing = TRY(choose_sharing(config, args, order.steps.size()));
  const auto source = TRY(make_source(config.source, context.clock));
  const auto store = TRY(open_store(config.file.parent_path()));
  base::ByteBudget budget(shared_byte_budget(selected, sharing.at_once));
  const auto run_them = sharing.mode == Sharing::Mode::processes ? run_in_processes : run_in_threads;
  return run_and_report({.args = args,
                         .config = config,
                         .store = *store,
                         .context = context,
                         .exports = order.steps.size(),
                         .data_on_stdout = std::any_of(selected.begin(), selected.end(), writes_to_stdout),
                         .parallel_mode = std::string(name_of(sharing.mode))},
                        [&](report::ProgressListener& progress, const run::OutcomeHandler& show) {
                          const RunJob job{args, config, *source, *store, progress, context, budget};
                          return run_them(order.steps, order.agenda, job, sharing.at_once, show);
                        });
}

/// The command for the process that started this one: events instead of all that; the starter reports.
Result<void> run_for_parent(const RunArguments& args, const config::Config& config, const Selection& selected,
                            int events, Context& context) {
  auto order = TRY(order_of(config, selected, args));
  const auto source = TRY(make_source(config.source, context.clock));
  const auto store = TRY(open_store(config.file.parent_path()));
  base::ByteBudget budget(shared_byte_budget(selected, 1));
  const auto write = [events](std::string_view line) {
    report::write_descriptor(events, line).ignore("without a listener the run still counts");
  };
  report::EventProgress progress(write, context.redactor);
  report::Aggregate aggregate;
  const RunJob job{args, config, *source, *store, progress, context, budget};
  aggregate.runs = run_in_threads(order.steps, order.agenda, job, 1,
                                  [&](const auto& outcome) { progress.send(report::Finished{outcome}); });
  context.told = true;
  return verdict(aggregate, order.steps.size());
}

Result<void> require_free_for_events(const RunArguments& args, const Selection& selected, int events) {
  const bool taken = args.json || std::any_of(selected.begin(), selected.end(), writes_to_stdout);
  if (events != STDOUT_FILENO || !taken) return {};
  return fail(ErrorKind::config,
              fmt::format("{}=1 wants stdout for events, and so does something else", kEventsVariable),
              "name another descriptor, or leave out --json and exports to stdout");
}

Result<void> run(const RunArguments& args, Context& context) {
  if (!args.summary_output.empty()) TRY(report::require_writable(args.summary_output));
  const auto events = TRY(events_descriptor());
  base::Redactor nothing_secret;
  report::Screen silence({}, nothing_secret, [](std::string_view) {});
  Context quiet{.redactor = context.redactor,
                .clock = context.clock,
                .screen = silence,  // the starter has warned about the configuration already
                .logger = context.logger,
                .stop = context.stop};
  const auto config = TRY(load_configuration(args.config, args.params, events ? quiet : context));
  const auto selected = TRY(select_exports(config, args.exports));
  TRY(require_clean_stdout(args, selected));
  if (!events) return run_for_people(args, config, selected, context);
  TRY(require_free_for_events(args, selected, *events));
  return run_for_parent(args, config, selected, *events, context);
}

}  // namespace

void add_run(CLI::App& app, Action& chosen) {
  auto args = std::make_shared<RunArguments>();
  auto* command = app.add_subcommand("run", "Execute exports");
  add_config(*command, args->config);
  add_exports(*command, args->exports);
  add_params(*command, args->params);
  command->add_flag("--validate", args->validate, "Verify what was written, byte by byte");
  command->add_flag("--json", args->json, "Print the summary of all exports as JSON on stdout");
  command->add_option("--summary-output", args->summary_output,
                      "Write the summary of all exports as JSON to this file");
  command->add_flag("--resume", args->resume, "Insist on continuing an unfinished run");
  command->add_flag("--force", args->force, "With --resume: go on although a complete result stands, or begin anew");
  command->add_flag("--reconcile", args->reconcile,
                    "Compare the rows of the result with the source; implies --validate");
  add_no_deps(*command, args->no_deps);
  auto* threads = command->add_flag("--parallel-exports", args->parallel_exports,
                                    "Run exports at the same time, in threads of this process");
  command
      ->add_flag("--parallel-export-processes", args->parallel_processes,
                 "Run exports at the same time, each in a process of its own")
      ->excludes(threads);
  command
      ->add_option("--max-parallel", args->max_parallel,
                   "Exports at a time with one of the two (default: one per processor, at least 2, at most 8)")
      ->check(CLI::Range(1, 1024));
  command->callback([args, &chosen] { chosen = [args](Context& context) { return run(*args, context); }; });
}

}  // namespace rivet::cli
