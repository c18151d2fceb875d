// SPDX-License-Identifier: Apache-2.0
// The services of the command, handed to the executor.
#include "cli/run_command_job.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/reconciling.hpp"
#include "cli/registry.hpp"
#include "cli/run_report.hpp"
#include "cli/verification.hpp"
#include "run/run_export.hpp"

namespace rivet::cli {
namespace {

/// RIVET_GOVERNOR_INTERVAL_MS.
std::chrono::milliseconds governor_interval(const Context& context) {
  constexpr std::chrono::milliseconds kDefault{1'500};
  const char* const value = std::getenv("RIVET_GOVERNOR_INTERVAL_MS");
  if (value == nullptr) return kDefault;
  const auto number = base::to_integer(value).value_or(0);
  if (number > 0) return std::chrono::milliseconds(number);
  context.logger->warn("RIVET_GOVERNOR_INTERVAL_MS={} is not a number of milliseconds; using {}", value,
                       kDefault.count());
  return kDefault;
}

run::RunOptions options_for(const RunJob& job, std::string rerun) {
  return {.validate = job.args.validate || job.args.reconcile,
          .reconcile = job.args.reconcile,
          .resume = job.args.resume,
          .force = job.args.force,
          .rerun_command = std::move(rerun),
          .assignment = job.assignment,
          .join_only = job.join_only};
}

run::OutcomeListener completed(const RunJob& job, const run::OutcomeHandler& handle) {
  return [&job, &handle](report::RunOutcome& outcome) {
    if (job.join_only) return;
    outcome.apply_context = job.apply_context;
    // A worker's machine need not have the folder of the configuration that was submitted elsewhere.
    const auto folder = job.config.file.parent_path();
    std::error_code failed;
    if (job.assignment == nullptr || std::filesystem::is_directory(folder, failed)) {
      complete_outcome(outcome, folder, job.store, job.context);
    }
    handle(outcome);
  };
}

}  // namespace

run::Environment environment_for(const RunJob& job, std::atomic<std::int64_t>& statements,
                                 const std::stop_token& stop) {
  const auto verify = [](const destination::Destination& destination, const config::Export& entry) {
    return verify_output(destination, entry, {.manifest_required = true});
  };
  return {.source = job.source,
          .store = job.store,
          .clock = job.context.clock,
          .progress = job.progress,
          .log = *job.context.logger,
          .redactor = job.context.redactor,
          .stop = stop,
          .budget = job.budget,
          .statements = &statements,
          .lease = job.lease,
          .drain = job.drain,
          .governor_interval = governor_interval(job.context),
          .open_destination = open_destination,
          .open_prefix = open_prefix,
          .make_format = make_format,
          .verify = verify,
          .reconcile = [&job](const config::Export& entry) { return count_against_source(job, entry); }};
}

bool writes_to_stdout(const config::Export* entry) {
  return entry->destination.type == config::DestinationType::stdout_;
}

std::string shell_quoted(const std::string& word) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./=,:@%+";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string out = "'";
  for (const char c : word) c == '\'' ? out += "'\\''" : out += c;
  return out + "'";
}

Result<void> require_one_stream(const Selection& selected) {
  const auto streams = std::count_if(selected.begin(), selected.end(), writes_to_stdout);
  if (streams < 2) return {};
  return fail(ErrorKind::config, fmt::format("{} exports write to stdout; their bytes would run together", streams),
              "choose one with -e");
}

std::string rerun_command(const RunArguments& args, const config::Export& entry, const base::Redactor& redactor) {
  auto command = fmt::format("rivet run -c {} -e {}", shell_quoted(args.config), shell_quoted(entry.name));
  for (const auto& param : args.params) command += " -p " + shell_quoted(redactor.clean(param));
  return command;
}

std::vector<report::RunOutcome> run_one(const RunJob& job, const config::Export& entry,
                                        const run::OutcomeHandler& handle, const std::stop_token& stop) {
  std::atomic<std::int64_t> statements{0};
  return run::run_export(environment_for(job, statements, stop), job.config, entry,
                         options_for(job, rerun_command(job.args, entry, job.context.redactor)),
                         completed(job, handle));
}

std::vector<report::RunOutcome> run_planned(const RunJob& job, const std::vector<run::PlannedExport>& planned,
                                            const std::string& rerun, const run::OutcomeHandler& handle,
                                            const std::stop_token& stop) {
  std::atomic<std::int64_t> statements{0};
  return run::run_planned(environment_for(job, statements, stop), job.config, planned, options_for(job, rerun),
                          completed(job, handle));
}

}  // namespace rivet::cli
