// SPDX-License-Identifier: Apache-2.0
// `rivet run`: executes exports one after another and reports on them.
#include "cli/commands.hpp"

#include <algorithm>
#include <chrono>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/configuration.hpp"
#include "cli/registry.hpp"
#include "cli/run_report.hpp"
#include "cli/verification.hpp"
#include "report/card.hpp"
#include "report/terminal_progress.hpp"
#include "run/run_export.hpp"

namespace rivet::cli {
namespace {

struct Arguments {
  std::string config, summary_output;
  std::vector<std::string> exports, params;
  bool validate = false, json = false, resume = false, force = false;
  bool reconcile = false, parallel_exports = false, parallel_processes = false;
};

/// What all exports of one command share.
struct Job {
  const Arguments& args;
  const config::Config& config;
  const source::Source& source;
  state::StateStore& store;
  report::ProgressListener& progress;
  Context& context;
};

tl::unexpected<Error> not_built(std::string_view flag) {
  return fail(Error{.kind = ErrorKind::config,
                    .message = fmt::format("{} is not available in this version", flag),
                    .hint = fmt::format("run without {}", flag)});
}

Result<void> refuse_unbuilt(const Arguments& args) {
  if (args.reconcile) return not_built("--reconcile");
  if (args.force) return not_built("--force");
  return {};
}

bool writes_to_stdout(const config::Export* entry) {
  return entry->destination.type == config::DestinationType::stdout_;
}

Result<void> require_clean_stdout(const Arguments& args, const std::vector<const config::Export*>& selected) {
  const auto streams = std::count_if(selected.begin(), selected.end(), writes_to_stdout);
  if (args.json && streams > 0) {
    return fail(Error{.kind = ErrorKind::config,
                      .message = "--json and an export with `destination: {type: stdout}` both want stdout",
                      .hint = "use --summary-output FILE for the JSON"});
  }
  if (streams > 1) {
    return fail(Error{.kind = ErrorKind::config,
                      .message = fmt::format("{} exports write to stdout; their bytes would run together", streams),
                      .hint = "choose one with -e"});
  }
  return {};
}

/// Running one after another gives the same result, only later: a warning, not a refusal.
std::string sequential_notice(const config::Config& config, const Arguments& args) {
  const bool wanted =
      config.parallel_exports || config.parallel_export_processes || args.parallel_exports || args.parallel_processes;
  if (!wanted) return "";
  return "warning: parallel exports are not available in this version; exports run one after another";
}

std::string quoted(const std::string& word) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./=,:@%+";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string out = "'";
  for (const char c : word) c == '\'' ? out += "'\\''" : out += c;
  return out + "'";
}

/// Values of parameters are cleaned before quotes could change how a secret in them looks.
std::string rerun_command(const Arguments& args, const config::Export& entry, const base::Redactor& redactor) {
  auto command = fmt::format("rivet run -c {} -e {}", quoted(args.config), quoted(entry.name));
  for (const auto& param : args.params) command += " -p " + quoted(redactor.clean(param));
  return command;
}

run::Environment environment_for(const Job& job) {
  const auto verify = [&job](const destination::Destination& destination, const std::string& export_name) {
    const auto entry = std::find_if(job.config.exports.begin(), job.config.exports.end(),
                                    [&](const config::Export& one) { return one.name == export_name; });
    return verify_output(destination, *entry, {.manifest_required = true});
  };
  return {.source = job.source,
          .store = job.store,
          .clock = job.context.clock,
          .progress = job.progress,
          .log = *job.context.logger,
          .redactor = job.context.redactor,
          .stop = job.context.stop,
          .open_destination = open_destination,
          .open_prefix = open_prefix,
          .make_format = make_format,
          .verify = verify};
}

std::vector<report::RunOutcome> run_all(const std::vector<const config::Export*>& selected, const Job& job) {
  const auto environment = environment_for(job);
  std::vector<report::RunOutcome> runs;
  for (const auto* entry : selected) {
    if (job.context.stop.stop_requested()) break;
    job.progress.started(entry->name, std::nullopt);  // connecting and describing may take long
    runs.push_back(run::run_export(environment, job.config, *entry,
                                   {.validate = job.args.validate,
                                    .resume = job.args.resume,
                                    .rerun_command = rerun_command(job.args, *entry, job.context.redactor)}));
    complete_outcome(runs.back(), job.config.file.parent_path(), job.store, job.context);
    if (selected.size() > 1) job.context.screen.print(report::run_line(runs.back(), job.context.screen.style()));
  }
  return runs;
}

std::unique_ptr<report::ProgressListener> make_progress(const std::vector<const config::Export*>& selected,
                                                        Context& context) {
  // Live lines would be drawn through data that goes to the same terminal.
  const bool data_on_terminal = std::any_of(selected.begin(), selected.end(), writes_to_stdout) && ::isatty(1) == 1;
  if (data_on_terminal) return std::make_unique<report::SilentProgress>();
  return std::make_unique<report::TerminalProgress>(context.screen);
}

Result<void> run(const Arguments& args, Context& context) {
  TRY(refuse_unbuilt(args));
  if (!args.summary_output.empty()) TRY(report::require_writable(args.summary_output));
  const auto config = TRY(load_configuration(args.config, args.params, context));
  const auto selected = TRY(select_exports(config, args.exports));
  TRY(require_clean_stdout(args, selected));
  context.screen.print(sequential_notice(config, args));
  const auto source = TRY(make_source(config.source, context.clock));
  const auto store = TRY(open_store(config.file.parent_path()));

  const auto started = std::chrono::steady_clock::now();
  report::Aggregate aggregate{.started_at = context.clock.now(), .config_path = args.config};
  aggregate.id = report::aggregate_id(aggregate.started_at, ::getpid());
  const auto progress = make_progress(selected, context);
  aggregate.runs = run_all(selected, {args, config, *source, *store, *progress, context});
  aggregate.finished_at = context.clock.now();
  aggregate.duration_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started).count();
  auto reported =
      report_runs(aggregate, {.selected = selected.size(), .json = args.json, .summary_output = args.summary_output},
                  *store, context);
  TRY(verdict(aggregate, selected.size()));  // a run's own failure says more than that of its report
  return reported;
}

}  // namespace

void add_run(CLI::App& app, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = app.add_subcommand("run", "Execute exports");
  command->add_option("-c,--config", args->config, "Configuration file")->required();
  command->add_option("-e,--export", args->exports, "Only this export (repeatable; default: all)")
      ->allow_extra_args(false);
  command->add_option("-p,--param", args->params, "KEY=VALUE for ${KEY} in the file (repeatable)")
      ->allow_extra_args(false);
  command->add_flag("--validate", args->validate, "Verify what was written, byte by byte");
  command->add_flag("--json", args->json, "Print the summary of all exports as JSON on stdout");
  command->add_option("--summary-output", args->summary_output,
                      "Write the summary of all exports as JSON to this file");
  command->add_flag("--resume", args->resume, "Insist on continuing an unfinished run");
  command->add_flag("--force", args->force, "Override a refusal to resume (not available in this version)");
  command->add_flag("--reconcile", args->reconcile, "Compare counts with the source (not available in this version)");
  auto* threads = command->add_flag("--parallel-exports", args->parallel_exports,
                                    "Run exports in threads (in this version: one after another)");
  command
      ->add_flag("--parallel-export-processes", args->parallel_processes,
                 "Run exports in processes (in this version: one after another)")
      ->excludes(threads);
  command->callback([args, &chosen] { chosen = [args](Context& context) { return run(*args, context); }; });
}

}  // namespace rivet::cli
