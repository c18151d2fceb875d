// SPDX-License-Identifier: Apache-2.0
// `rivet apply`: a sealed plan, or a configuration by waves.
#include "cli/apply_command.hpp"

#include <filesystem>
#include <fstream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/options.hpp"

namespace rivet::cli {
namespace {

/// A plan is JSON and begins with a brace; a configuration that is written as JSON has `source` at its top.
Result<bool> is_plan(const std::string& file) {
  std::error_code failed;
  if (!std::filesystem::is_regular_file(file, failed)) {
    return fail(ErrorKind::config, fmt::format("{}: there is no such file", file),
                "name a plan file of rivet plan -o, or a configuration");
  }
  const auto extension = std::filesystem::path(file).extension();
  if (extension == ".yaml" || extension == ".yml") return false;
  if (extension == ".json") return true;
  char first = 0;
  std::ifstream(file) >> first;
  return first == '{';
}

Result<void> apply(const ApplyArguments& args, Context& context) {
  if (args.split && args.pool == 0) {
    return fail(ErrorKind::config, "--split cuts large exports for the slots of a pool, and there is none",
                "add --pool N");
  }
  if (!args.run.summary_output.empty()) TRY(report::require_writable(args.run.summary_output));
  return TRY(is_plan(args.run.config)) ? apply_plan(args, context) : apply_config(args, context);
}

}  // namespace

void add_apply(CLI::App& app, Action& chosen) {
  auto args = std::make_shared<ApplyArguments>();
  auto& run = args->run;
  auto* command = app.add_subcommand("apply", "Carry out a sealed plan, or run a configuration by waves");
  command->add_option("file", run.config, "A plan of `rivet plan -o`, or a configuration file")->required();
  add_exports(*command, run.exports);
  add_params(*command, run.params);
  command->add_flag("--validate", run.validate, "Verify what was written, byte by byte");
  command->add_flag("--reconcile", run.reconcile, "Compare the rows of the result with the source; implies --validate");
  command->add_flag("--resume", run.resume,
                    "Go on with unfinished runs, also beside a process that works on them; of a plan: insist on one");
  command->add_flag("--force", run.force,
                    "Carry out an expired plan; with --resume: go on although a complete result stands");
  command->add_flag("--json", run.json, "Print the summary of all exports as JSON on stdout");
  command->add_option("--summary-output", run.summary_output, "Write the summary of all exports as JSON to this file");
  add_no_deps(*command, run.no_deps);
  auto* processes = command->add_flag("--parallel-export-processes", run.parallel_processes,
                                      "Each export of a wave in a process of its own");
  auto* pool = command->add_option("--pool", args->pool, "So many exports at a time, the longest first, without waves")
                   ->check(CLI::Range(1, 64));
  pool->excludes(processes);
  command->add_flag("--split", args->split, "With --pool: cut large exports, and read each with all slots of the pool");
  command->add_option("--max-parallel", run.max_parallel, "At most so many exports of a wave at a time")
      ->check(CLI::Range(1, 1024))
      ->excludes(pool);
  command->callback([args, &chosen] { chosen = [args](Context& context) { return apply(*args, context); }; });
}

}  // namespace rivet::cli
