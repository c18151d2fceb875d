// SPDX-License-Identifier: Apache-2.0
// `rivet reconcile`: compares what was exported with the source it came from.
#include "cli/commands.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/options.hpp"
#include "cli/printed_report.hpp"
#include "cli/reconciling.hpp"
#include "report/reconcile.hpp"

namespace rivet::cli {
namespace {

struct Arguments {
  std::string config, export_name, format = "pretty", output, depth = "count";
  std::vector<std::string> params;
  std::int64_t max_differences = 100;
  bool ignore_drift = false;
};

std::string repair_command(const Arguments& args) {
  auto command = fmt::format("rivet repair -c {} -e {}", shell_quoted(args.config), shell_quoted(args.export_name));
  if (args.output.empty() || args.format != "json") return command + " --auto";
  return command + " --report " + shell_quoted(args.output);
}

/// What could not be compared is no mismatch, but must not look like a match.
void warn_of_unknown(const model::Reconciliation& result, Context& context) {
  const auto unknown = result.count(model::UnitMatch::unknown);
  if (unknown == 0) return;
  context.screen.print(fmt::format("warning: {} of {} partitions of export '{}' could not be compared", unknown,
                                   result.units.size(), result.export_name));
}

Result<void> verdict_of(const model::Reconciliation& result, const Arguments& args, Context& context) {
  const auto mismatches = result.count(model::UnitMatch::mismatch);
  const auto drifted = result.drifted();
  if (mismatches == 0) return {};
  if (args.ignore_drift && drifted == mismatches) {
    context.screen.print(fmt::format("warning: {} of {} partitions differ because the source has changed since",
                                     mismatches, result.units.size()));
    return {};
  }
  return fail(Error{.kind = ErrorKind::data,
                    .message = fmt::format("{} of {} partitions of export '{}' do not match its source", mismatches,
                                           result.units.size(), result.export_name),
                    .code = "RIVET_RECONCILE_MISMATCH",
                    .hint = repair_command(args)});
}

Result<void> reconcile(const Arguments& args, Context& context) {
  if (!args.output.empty()) TRY(report::require_writable(args.output));
  const auto opened = TRY(open_export(args.config, args.params, args.export_name, context));
  const auto result = TRY(reconcile_export(
      opened, {.depth = *model::parse_reconcile_depth(args.depth), .max_differences = args.max_differences}, context));
  warn_of_unknown(result, context);
  auto printed = print_report({.json = [&] { return report::reconciliation_json(result); },
                               .text =
                                   [&](const report::Style& style) {
                                     return report::reconciliation_text(result, repair_command(args), style);
                                   }},
                              args.format, args.output, context);
  TRY(verdict_of(result, args, context));
  return printed;
}

}  // namespace

void add_reconcile(CLI::App& app, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = app.add_subcommand("reconcile", "Compare what was exported with the source");
  add_config(*command, args->config);
  command->add_option("-e,--export", args->export_name, "Export to compare, by name")->required();
  add_params(*command, args->params);
  command->add_option("--depth", args->depth, "count: rows of each unit; content: every value, and which rows differ")
      ->check(CLI::IsMember({"count", "content"}))
      ->capture_default_str();
  command->add_option("--max-differences", args->max_differences, "List at most so many rows that differ")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_flag("--ignore-drift", args->ignore_drift,
                    "Succeed when all that differs was changed in the source since it was exported");
  add_report_options(*command, args->format, args->output);
  command->callback([args, &chosen] { chosen = [args](Context& context) { return reconcile(*args, context); }; });
}

}  // namespace rivet::cli
