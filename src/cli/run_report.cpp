// SPDX-License-Identifier: Apache-2.0
// Reporting never hides the result of a run: what cannot be reported is said and passed over.
#include "cli/run_report.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "report/advice.hpp"
#include "report/card.hpp"
#include "report/summary.hpp"

namespace rivet::cli {
namespace {

constexpr std::int64_t kHistory = 20;

Error error_of(const report::RunOutcome& run) {
  if (run.error) return *run.error;
  const auto kind = run.status == "interrupted" ? ErrorKind::cancelled : ErrorKind::internal;
  return {.kind = kind, .message = run.status};
}

bool is_bad(const report::RunOutcome& run) { return run.status == "failed" || run.status == "interrupted"; }

Error named(const report::RunOutcome& run) {
  auto error = error_of(run);
  error.context.push_back(fmt::format("{} '{}'", report::is_gate(run) ? "gate" : "export", run.export_name));
  return error;
}

// Kind and code of the most stop-worthy failure, and all the names.
Error combined(const std::vector<const report::RunOutcome*>& bad, std::size_t total, std::string_view what) {
  auto worst = error_of(*bad.front());
  std::vector<std::string> names;
  for (const auto* run : bad) {
    names.push_back(run->export_name);
    const auto error = error_of(*run);
    if (error.kind != worst.kind && base::worse_of(worst.kind, error.kind) == error.kind) worst = error;
  }
  return {.kind = worst.kind,
          .message = fmt::format("{} of {} {} did not succeed: {}", bad.size(), total, what, fmt::join(names, ", ")),
          .code = worst.code,
          .vendor_code = worst.vendor_code};
}

}  // namespace

void complete_outcome(report::RunOutcome& outcome, const std::filesystem::path& config_folder, state::StateStore& store,
                      Context& context) {
  if (outcome.run_id.empty()) return;
  const auto history = store.metrics({.export_name = outcome.export_name, .limit = kHistory});
  if (history) {
    for (auto& line : report::advice(outcome, *history)) outcome.warnings.push_back(std::move(line));
  }
  const auto written = report::write_summary(config_folder, outcome, context.redactor);
  if (!written) outcome.warnings.push_back("summary files were not written: " + written.error().to_string());
}

Result<void> report_runs(const report::Aggregate& aggregate, const RunReportOptions& options, state::StateStore& store,
                         Context& context) {
  const report::CardPlaces places{.config = aggregate.config_path, .state = store.location()};
  const auto style = context.screen.style();
  const auto stored = store.apply(report::to_record(aggregate));
  if (!stored) context.screen.print("warning: the totals were not stored: " + stored.error().to_string());
  context.screen.print(options.selected == 1 && !aggregate.runs.empty()
                           ? report::run_card(aggregate.runs.front(), places, style)
                           : report::totals_card(aggregate, places, style));
  const auto document = report::redacted(report::to_json(aggregate), context.redactor);
  if (!options.summary_output.empty()) TRY(report::write_file(options.summary_output, report::dump(document)));
  return options.json ? context.print_json(document) : Result<void>{};
}

Result<void> verdict(const report::Aggregate& aggregate, std::size_t selected) {
  std::vector<const report::RunOutcome*> bad;
  for (const auto& run : aggregate.runs) {
    if (is_bad(run)) bad.push_back(&run);
  }
  if (aggregate.runs.size() < selected) {
    return fail(ErrorKind::cancelled, fmt::format("interrupted: {} of {} exports were not started",
                                                  selected - aggregate.runs.size(), selected));
  }
  if (bad.empty()) return {};
  const bool has_gates = std::any_of(aggregate.runs.begin(), aggregate.runs.end(), report::is_gate);
  const auto what = has_gates ? "exports and gates" : "exports";
  return fail(selected == 1 ? named(*bad.front()) : combined(bad, selected, what));
}

}  // namespace rivet::cli
