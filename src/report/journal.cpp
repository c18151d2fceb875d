// SPDX-License-Identifier: Apache-2.0
// Every line is the answer to one of the journal's questions; lines without an answer are left out.
#include "report/journal.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace rivet::report {
namespace {

namespace journal = model::journal;

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

std::string heading(const journal::Journal& run, const Style& style) {
  const auto* const outcome = journal::outcome(run);
  if (outcome == nullptr) return fmt::format("{} {}  running", style.doubt("…"), run.export_name);
  const auto symbol = outcome->status == "success"  ? style.good("✓")
                      : outcome->status == "failed" ? style.bad("✗")
                                                    : style.doubt("○");
  return fmt::format("{} {}  {}  {}", symbol, run.export_name, outcome->status,
                     base::human_duration(outcome->duration_ms));
}

std::string planned_line(const journal::Journal& run) {
  const auto* const plan = journal::planned(run);
  if (plan == nullptr) return "";
  return fmt::format("  planned: {}, {} ({}) to {}, {} unit{}, profile {}\n", plan->strategy, plan->format,
                     plan->compression, plan->destination_type, plan->units, plan->units == 1 ? "" : "s",
                     plan->tuning_profile);
}

std::string files_line(const journal::Journal& run) {
  const auto files = journal::files(run);
  if (files.empty()) return "";
  std::int64_t rows = 0, bytes = 0;
  for (const auto* file : files) {
    rows += file->rows;
    bytes += file->bytes;
  }
  return fmt::format("  files: {} ({} rows, {})\n", files.size(), base::with_thousands(rows), base::human_bytes(bytes));
}

std::string retry_lines(const journal::Journal& run) {
  std::string text;
  for (const auto* retry : journal::retries(run)) {
    text += fmt::format("  retry: attempt {} after {}: {}\n", retry->attempt, base::human_duration(retry->backoff_ms),
                        retry->reason);
  }
  return text;
}

std::string degraded_text(const journal::Entry& entry) {
  return std::visit(
      Overloaded{[](const journal::QualityIssue& e) { return fmt::format("quality {}: {}", e.severity, e.message); },
                 [](const journal::SchemaChanged& e) { return "schema changed: " + journal::to_text(e); },
                 [](const journal::PlanWarning& e) { return fmt::format("plan: {} ({})", e.message, e.rule); },
                 [](const journal::Warning& e) { return fmt::format("{}: {}", e.context, e.message); },
                 [](const journal::ParallelismAdjusted& e) {
                   return fmt::format("parallelism {} to {}: {}", e.from, e.to, e.reason);
                 },
                 [](const auto&) { return std::string(); }},
      entry.event);
}

std::string degraded_lines(const journal::Journal& run, const Style& style) {
  std::string text;
  for (const auto* entry : journal::degraded(run)) {
    const auto line = degraded_text(*entry);
    if (!line.empty()) text += "  " + style.doubt("warning: " + line) + "\n";
  }
  return text;
}

std::string verdict_lines(const journal::Journal& run, const Style& style) {
  std::string text;
  for (const auto& entry : run.entries) {
    if (const auto* v = std::get_if<journal::ValidationResult>(&entry.event)) {
      text += fmt::format("  validation: {}\n", v->passed ? style.good("passed") : style.bad("failed"));
    }
    if (const auto* r = std::get_if<journal::ReconciliationResult>(&entry.event)) {
      text +=
          fmt::format("  reconciliation: {} (source {}, exported {})\n",
                      r->matched ? style.good("matched") : style.bad("mismatch"), r->source_count, r->exported_rows);
    }
  }
  return text;
}

std::string journal_text(const journal::Journal& run, const Style& style) {
  auto text = fmt::format("\n{}\n  run_id: {}\n", heading(run, style), run.run_id);
  text += planned_line(run) + files_line(run) + retry_lines(run);
  if (const auto longest = journal::longest_unit(run)) {
    text += fmt::format("  longest unit: {}\n", base::human_duration(longest->count() / 1000));
  }
  text += degraded_lines(run, style) + verdict_lines(run, style);
  const auto* const outcome = journal::outcome(run);
  if (outcome != nullptr && outcome->error_message)
    text += "  " + style.bad("error: " + *outcome->error_message) + "\n";
  return text;
}

}  // namespace

std::string journals_text(const std::vector<journal::Journal>& journals, const Style& style) {
  if (journals.empty()) return "No journal recorded yet.\n";
  std::string text;
  for (const auto& run : journals) text += journal_text(run, style);
  return text + "\n";
}

nlohmann::json journal_json(const journal::Journal& run) {
  auto json = journal::to_json(run);
  const auto longest = journal::longest_unit(run);
  json["longest_unit_ms"] = longest ? nlohmann::json(longest->count() / 1000) : nlohmann::json(nullptr);
  return json;
}

}  // namespace rivet::report
