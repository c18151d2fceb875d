// SPDX-License-Identifier: Apache-2.0
// `rivet repair`: reads again what a reconciliation found to differ, and swaps it in.
#include "cli/commands.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/options.hpp"
#include "cli/printed_report.hpp"
#include "cli/reconciling.hpp"
#include "cli/registry.hpp"
#include "cli/run_command_threads.hpp"
#include "config/context.hpp"
#include "report/repair.hpp"
#include "report/terminal_progress.hpp"
#include "verify/prune.hpp"
#include "verify/repair_plan.hpp"

namespace rivet::cli {
namespace {

constexpr std::size_t kReportLimitBytes = 256ULL << 20;

struct Arguments {
  std::string config, export_name, report, format = "pretty", output, depth = "content";
  std::vector<std::string> params;
  bool automatic = false, execute = false, prune = false;
};

/// What one repair works with. Everything referred to outlives it.
struct Repair {
  const Arguments& args;
  const OpenedExport& opened;
  Context& context;
};

std::string execute_command(const Arguments& args) {
  auto command = fmt::format("rivet repair -c {} -e {}", shell_quoted(args.config), shell_quoted(args.export_name));
  command += args.automatic ? " --auto" : " --report " + shell_quoted(args.report);
  if (args.prune) command += " --prune";
  return command + " --execute";
}

Result<verify::Complaints> read_complaints(const Arguments& args) {
  const auto text = TRY(config::read_small_file(args.report, kReportLimitBytes));
  auto complaints = TRY(verify::complaints_from_json_text(text).context("reading " + args.report));
  if (complaints.export_name == args.export_name) return complaints;
  return fail(ErrorKind::config,
              fmt::format("{} is about export '{}', not '{}'", args.report, complaints.export_name, args.export_name),
              "reconcile the export that is to be repaired");
}

Result<verify::Complaints> find_complaints(const Repair& repair) {
  if (!repair.args.automatic) return read_complaints(repair.args);
  const ReconcileOptions options{.depth = *model::parse_reconcile_depth(repair.args.depth), .max_differences = 0};
  return verify::complaints_of(TRY(reconcile_export(repair.opened, options, repair.context)));
}

void add(const model::RepairPlan& more, model::RepairPlan& all) {
  all.actions.insert(all.actions.end(), more.actions.begin(), more.actions.end());
  all.skipped.insert(all.skipped.end(), more.skipped.begin(), more.skipped.end());
}

void tell_outcome(const model::RepairPlan& plan, const report::RunOutcome& outcome,
                  const std::vector<state::UnitView>& units, model::RepairReport& report) {
  if (!outcome.run_id.empty()) report.repair_run_ids.push_back(outcome.run_id);
  for (std::size_t i = 0; i < plan.actions.size(); ++i) {
    model::RepairOutcome one{.action = plan.actions[i], .executed = outcome.status == "success"};
    if (one.executed && i < units.size()) one.rows_written = units[i].rows;
    if (!one.executed) one.error = outcome.error ? outcome.error->to_string() : outcome.status;
    report.results.push_back(std::move(one));
  }
}

/// Up to which transactions a repair may read; nothing where rows do not tell theirs.
Result<std::optional<std::int64_t>> settled_now(const Repair& repair, const verify::CurrentOutput& output) {
  if (!verify::needs_horizon(output)) return std::optional<std::int64_t>();
  const auto session = TRY(repair.opened.source->open({}, repair.context.stop));
  return std::optional(TRY(session->horizon()).settled);
}

/// One run that reads all flagged units of an export and replaces them in one new generation, or none of them.
Result<void> carry_out(const Repair& repair, const config::Export& entry, const model::RepairPlan& plan,
                       const verify::CurrentOutput& output, model::RepairReport& report,
                       std::optional<Error>& failure) {
  auto run_plan = verify::plan_of_repair(plan.actions, output, TRY(settled_now(repair, output)));
  run_plan.relation = entry.relation;  // the recorded one may lack a secret
  report::TerminalProgress progress(repair.context.screen);
  base::ByteBudget budget(shared_byte_budget({repair.opened.entry}, 1));
  const RunArguments args{.config = repair.args.config};
  const auto& opened = repair.opened;
  const RunJob job{args, opened.config, *opened.source, *opened.store, progress, repair.context, budget};
  const auto outcomes = run_planned(
      job, {{.entry = entry, .plan = run_plan}}, execute_command(repair.args), [](const report::RunOutcome&) {},
      repair.context.stop);
  const auto& outcome = outcomes.front();
  tell_outcome(plan, outcome, TRY(repair.opened.store->units(outcome.run_id)), report);
  if (outcome.error) failure = outcome.error;
  return {};
}

Result<void> prune_output(const Repair& repair, const verify::CurrentOutput& output, const std::string& export_name,
                          model::RepairReport& report) {
  const auto& plan = *output.plans.at(output.run.run_id);
  const auto destination = TRY(open_prefix(plan.destination_kind, output.run.prefix));
  for (auto& name : TRY(verify::prune(*repair.opened.store, *destination, export_name))) {
    report.pruned.push_back(std::move(name));
  }
  return {};
}

Result<void> show_plan(const Arguments& args, const model::RepairPlan& plan, const Context& context) {
  return print_report(
      {.json = [&] { return report::repair_plan_json(plan); },
       .text =
           [&](const report::Style& style) { return report::repair_plan_text(plan, execute_command(args), style); }},
      args.format, args.output, context);
}

Result<void> show_report(const Arguments& args, const model::RepairReport& done, const Context& context) {
  return print_report({.json = [&] { return report::repair_report_json(done); },
                       .text = [&](const report::Style& style) { return report::repair_report_text(done, style); }},
                      args.format, args.output, context);
}

Result<void> repair_export(const Repair& repair) {
  const auto complaints = TRY(find_complaints(repair));
  model::RepairReport report{.plan = {.export_name = complaints.export_name,
                                      .reconcile_run_id = complaints.run_id,
                                      .strategy = complaints.strategy,
                                      .actions = {},
                                      .skipped = {}},
                             .repair_run_ids = {},
                             .results = {},
                             .pruned = {}};
  std::optional<Error> failure;
  for (const auto& entry : TRY(exported_entries(*repair.opened.entry, *repair.opened.store))) {
    const auto output = TRY(verify::load_current_output(*repair.opened.store, entry.name));
    const auto shares = TRY(verify::RowShares::load(*repair.opened.store, entry.name, output));
    const auto plan = verify::make_repair_plan(complaints, entry.name, output, shares);
    add(plan, report.plan);
    if (!repair.args.execute) continue;
    if (!plan.actions.empty()) TRY(carry_out(repair, entry, plan, output, report, failure));
    if (failure) break;
    if (repair.args.prune) TRY(prune_output(repair, output, entry.name, report));
  }
  if (!repair.args.execute) return show_plan(repair.args, report.plan, repair.context);
  auto shown = show_report(repair.args, report, repair.context);
  if (failure) return fail(std::move(*failure));
  return shown;
}

Result<void> repair(const Arguments& args, Context& context) {
  if (args.automatic != args.report.empty()) {
    return fail(ErrorKind::config, "repair needs to know what differs: either --report FILE or --auto",
                "rivet reconcile --format json -o FILE writes such a report; --auto compares by itself");
  }
  if (args.prune && !args.execute) {
    return fail(ErrorKind::config, "--prune moves files, and without --execute nothing is changed", "add --execute");
  }
  if (!args.output.empty()) TRY(report::require_writable(args.output));
  const auto opened = TRY(open_export(args.config, args.params, args.export_name, context));
  return repair_export({args, opened, context});
}

}  // namespace

void add_repair(CLI::App& app, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = app.add_subcommand("repair", "Export again what does not match");
  add_config(*command, args->config);
  command->add_option("-e,--export", args->export_name, "Export to repair, by name")->required();
  add_params(*command, args->params);
  auto* report = command->add_option("--report", args->report, "Report of `rivet reconcile --format json` to go by");
  command->add_flag("--auto", args->automatic, "Reconcile first, and go by what that finds")->excludes(report);
  command->add_option("--depth", args->depth, "With --auto: how deep to compare, count or content")
      ->check(CLI::IsMember({"count", "content"}))
      ->capture_default_str();
  command->add_flag("--execute", args->execute, "Carry the repair out; without it nothing is changed");
  command->add_flag("--prune", args->prune,
                    "Afterwards move files that count no more to _superseded/, for readers that list folders");
  add_report_options(*command, args->format, args->output);
  command->callback([args, &chosen] { chosen = [args](Context& context) { return repair(*args, context); }; });
}

}  // namespace rivet::cli
