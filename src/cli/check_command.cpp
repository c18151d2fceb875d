// SPDX-License-Identifier: Apache-2.0
// `rivet check`: everything that a run does before its first row, by the same functions, without leaving a trace.
#include "cli/commands.hpp"

#include <algorithm>
#include <iterator>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/configuration.hpp"
#include "cli/options.hpp"
#include "cli/planning.hpp"
#include "cli/registry.hpp"
#include "cli/run_command_job.hpp"
#include "inspect/partitions.hpp"
#include "inspect/preflight.hpp"
#include "model/journal.hpp"
#include "plan/make_plan.hpp"
#include "report/check.hpp"

namespace rivet::cli {
namespace {

struct Arguments {
  std::string config, target;
  std::vector<std::string> exports, params;
  bool type_report = false, strict = false, json = false;

  bool wants_types() const { return type_report || strict || json || !target.empty(); }
};

/// What all exports of one command share.
struct Checking {
  const Arguments& args;
  const PlanningJob planning;
};

/// The parts of a run's window that its units read, for people.
std::string window_of(const config::Export& entry, const model::Plan& plan) {
  if (entry.mode != config::Mode::time_window || plan.units.empty()) return "";
  const auto& first = plan.units.front().start_key;
  const auto& last = plan.units.back().end_key;
  return fmt::format("{} .. {} ({})", first.empty() ? "the first" : first, last.empty() ? "the last" : last,
                     plan.reason);
}

/// Everything that a run would learn before its first row, and how well the source can serve it.
Result<void> look_at_one(const config::Export& entry, const Checking& job, report::CheckedExport& out) {
  LookedAt looked;
  auto done = look_at(entry, job.planning, looked);
  if (looked.change) out.schema_changes = model::journal::to_lines(*looked.change);
  if (done) {
    auto preflight = inspect::preflight(entry, *looked.resolved, job.planning.now);
    if (preflight) {
      out.preflight = std::move(*preflight);
      out.window = window_of(entry, looked.resolved->plan);
    } else {
      done = fail(std::move(preflight).error());
    }
  }
  if (looked.resolved) out.plan = std::move(looked.resolved->plan);  // worth showing even when the rest is refused
  return done;
}

/// The partition in the middle stands for all; the error of any other would only be seen by running it.
Result<void> look_at_partitions(const config::Export& entry, const Checking& job, report::CheckedExport& out) {
  TRY(plan::check_supported(entry));
  const auto partitions = TRY(inspect::expand_partitions(job.planning.access, entry));
  report::PartitionGroup group{.column = entry.keys.partition_by,
                               .count = static_cast<std::int64_t>(partitions.size())};
  if (partitions.empty()) {
    out.partitions = std::move(group);
    return {};
  }
  const auto& typical = partitions[partitions.size() / 2];
  group.first = partitions.front().partition;
  group.last = partitions.back().partition;
  group.typical = typical.partition;
  out.partitions = std::move(group);
  return look_at_one(typical, job, out);
}

std::vector<report::Violation> violations_of(const report::CheckedExport& checked) {
  std::vector<report::Violation> out;
  if (!checked.plan) return out;
  for (const auto& column : checked.plan->columns) {
    if (column.fidelity != model::Fidelity::lossy && column.fidelity != model::Fidelity::unsupported) continue;
    out.push_back({column.name, fmt::format("{} is {}: {}", column.native_type, name_of(column.fidelity),
                                            column.warning.empty() ? "values may change" : column.warning)});
  }
  for (const auto& column : checked.target_columns) {
    if (column.status != model::TargetStatus::fail) continue;
    out.push_back({column.column_name, fmt::format("{} cannot hold it: {}", name_of(*checked.target), column.note)});
  }
  return out;
}

report::CheckedExport check_export(const config::Export& entry, const Checking& job) {
  report::CheckedExport out{.export_name = entry.name};
  auto done = entry.keys.partition_by.empty() ? look_at_one(entry, job, out) : look_at_partitions(entry, job, out);
  if (!done) out.error = std::move(done).error();
  out.target = model::parse_target(job.args.target.empty() ? entry.target : job.args.target);
  if (out.target && out.plan) out.target_columns = model::target_columns(*out.target, out.plan->columns);
  if (job.args.strict) out.violations = violations_of(out);
  return out;
}

Error refused_by_strict(const report::CheckedExport& checked) {
  std::vector<std::string> columns;
  for (const auto& violation : checked.violations) {
    if (columns.empty() || columns.back() != violation.column) columns.push_back(violation.column);
  }
  return {.kind = ErrorKind::config,
          .message = fmt::format("--strict refuses column(s) {}", fmt::join(columns, ", ")),
          .hint = "give them another type under `columns:`, or leave --strict out"};
}

std::optional<Error> failure_of(const report::CheckedExport& checked) {
  if (checked.error) return checked.error;
  if (!checked.violations.empty()) return refused_by_strict(checked);
  return std::nullopt;
}

/// One export's failure as it is; of several, the worst decides the code and each is named.
Result<void> verdict_of(const std::vector<report::CheckedExport>& all) {
  std::vector<std::string> lines;
  std::optional<Error> worst;
  for (const auto& one : all) {
    auto failure = failure_of(one);
    if (!failure) continue;
    failure->context.push_back(fmt::format("export '{}'", one.export_name));
    lines.push_back(failure->to_string());
    if (!worst || base::worse_of(worst->kind, failure->kind) != worst->kind) worst = std::move(failure);
  }
  if (!worst || lines.size() == 1) return worst ? Result<void>(fail(std::move(*worst))) : Result<void>{};
  return fail(Error{
      .kind = worst->kind,
      .message = fmt::format("{} of {} exports cannot run:\n{}", lines.size(), all.size(), fmt::join(lines, "\n")),
      .code = worst->code});
}

std::string legend(const Arguments& args) {
  auto text =
      std::string("\nVerdicts: EFFICIENT > ACCEPTABLE > DEGRADED > UNSAFE: advice, no run is refused by them.\n");
  return text + fmt::format("Looks good. Next: rivet run -c {} --validate   # export, then verify what was written\n",
                            shell_quoted(args.config));
}

bool shows_types(const Arguments& args, const report::CheckedExport& checked) {
  return args.wants_types() || checked.target.has_value();
}

Result<void> print(const Arguments& args, const report::CheckedExport& checked, const Context& context) {
  if (args.json) {
    const auto document = report::redacted(report::check_json(checked), context.redactor);
    return report::write_descriptor(1, report::dump_line(document) + "\n");
  }
  const report::Style style{.colour = report::detect_terminal(1).colour};
  return context.print(report::check_text(checked, {.types = shows_types(args, checked), .style = style}));
}

Result<void> check(const Arguments& args, Context& context) {
  const auto config = TRY(load_configuration(args.config, args.params, context));
  const auto selected = TRY(select_exports(config, args.exports));
  TRY(require_one_stream(selected));
  const auto source = TRY(make_source(config.source, context.clock));
  const auto store = TRY(open_store_copy(config.file.parent_path()));
  const inspect::Access access{*source, *store, context.stop};
  const Checking job{args, {config, access, inspect::Purpose::look, context.clock.now()}};
  std::vector<report::CheckedExport> all;
  for (const auto* entry : selected) {
    if (context.stop.stop_requested()) return fail(ErrorKind::cancelled, "interrupted");
    all.push_back(check_export(*entry, job));
    TRY(print(args, all.back(), context));
  }
  TRY(verdict_of(all));
  return args.json ? Result<void>{} : context.print(legend(args));
}

}  // namespace

void add_check(CLI::App& app, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = app.add_subcommand("check", "Look at source, types and plan before a run; changes nothing");
  add_config(*command, args->config);
  add_exports(*command, args->exports);
  add_params(*command, args->params);
  command->add_flag("--type-report", args->type_report, "Show every column: type at the source, in the file, fidelity");
  command->add_flag("--strict", args->strict, "Fail on columns that lose something, or that the target cannot hold");
  command->add_flag("--json", args->json, "Print one JSON object per export, one a line");
  command
      ->add_option("--target", args->target,
                   "Warehouse to hold the types against (default: `target` of the export, if any)")
      ->check(CLI::IsMember({"bigquery", "bq", "duckdb", "duck", "snowflake", "sf", "clickhouse", "ch"}));
  command->callback([args, &chosen] { chosen = [args](Context& context) { return check(*args, context); }; });
}

}  // namespace rivet::cli
