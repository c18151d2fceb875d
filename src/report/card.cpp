// SPDX-License-Identifier: Apache-2.0
// Cards are lists of label and text, so that all of them align alike.
#include "report/card.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.hpp"
#include "report/labels.hpp"
#include "report/prediction.hpp"

namespace rivet::report {
namespace {

constexpr int kLabelColumns = 13;

std::string field(std::string_view label, std::string_view text) { return labelled(label, text, kLabelColumns); }

std::string symbol(const std::string& status, const Style& style) {
  if (status == "success") return style.good("✓");
  if (status == "failed") return style.bad("✗");
  return style.doubt(status == "skipped" ? "○" : "!");
}

std::string validation_text(const RunOutcome& outcome, const Style& style) {
  if (!outcome.validated) return "not requested";
  return *outcome.validated ? style.good("passed") : style.bad("failed");
}

std::string reconciliation_text(const RunOutcome& outcome, const Style& style) {
  if (!outcome.reconciliation) return "not requested";
  const auto& r = *outcome.reconciliation;
  const auto counts = fmt::format("source {}, exported {}", base::with_thousands(r.source_count),
                                  base::with_thousands(r.exported_rows));
  return r.matched ? style.good("matched") + " (" + counts + ")" : style.bad("mismatch") + " (" + counts + ")";
}

std::string without_columns(const std::string& digest) {
  std::size_t end = 0;  // v1:<rows>:<128 bits>, then one hash a column
  for (int colons = 0; end < digest.size(); ++end) {
    if (digest[end] == ':' && ++colons == 3) break;
  }
  return digest.substr(0, end);
}

// With `full`, the error's context and next step too: a lone export's are said by the command's own error line.
std::string error_field(const Error& error, bool full, const Style& style) {
  const auto code = error.code.empty() ? "" : "[" + error.code + "] ";
  return field("error", style.bad(code + (full ? error.to_string() : error.message)));
}

// What needs the reader's attention, one line each.
std::string attention(const RunOutcome& outcome, bool full_error, const Style& style) {
  std::string text;
  if (outcome.took_over) text += field("note", "continued the run of a process that had died");
  if (outcome.skip_reason) text += field("skipped", *outcome.skip_reason);
  for (const auto& change : outcome.schema_changes) text += field("schema", style.doubt(change));
  for (const auto& [rule, message] : outcome.plan_warnings) {
    text += field("warning", style.doubt(fmt::format("{} ({})", message, rule)));
  }
  for (const auto& warning : outcome.warnings) text += field("warning", style.doubt(warning));
  if (outcome.error) text += error_field(*outcome.error, full_error, style);
  if (outcome.status == "interrupted" && outcome.resumable) {
    text += field("note", "the next run continues where this one stopped");
  }
  if (!outcome.resume_command.empty()) text += field("resume", outcome.resume_command);
  return text;
}

std::string numbers(const RunOutcome& outcome) {
  std::string text;
  text += field("rows", base::with_thousands(outcome.rows));
  text += field("files", fmt::format("{}", outcome.files));
  text += field("bytes", fmt::format("{} written · {} read", base::human_bytes(outcome.bytes_written),
                                     base::human_bytes(outcome.bytes_read)));
  text += field("duration", base::human_duration(outcome.duration_ms));
  text += field("throughput", human_rate(outcome.rows, outcome.duration_ms));
  if (outcome.longest_unit_ms) text += field("max unit", base::human_duration(*outcome.longest_unit_ms));
  if (outcome.peak_rss_mb > 0) text += field("peak rss", fmt::format("{} MB", outcome.peak_rss_mb));
  if (outcome.retries > 0) text += field("retries", fmt::format("{}", outcome.retries));
  if (const auto held = prediction_text(outcome); !held.empty()) text += field("foreseen", held);
  return text;
}

std::string verdicts(const RunOutcome& outcome, const Style& style) {
  std::string text;
  if (outcome.status == "failed" || outcome.status == "interrupted") return text;
  text += field("validation", validation_text(outcome, style));
  text += field("reconcile", reconciliation_text(outcome, style));
  if (!outcome.validated && !outcome.reconciliation) {
    text += field("verify", style.doubt("not run") + " (add --validate)");
  }
  if (!outcome.digest.empty()) text += field("digest", without_columns(outcome.digest));
  return text;
}

std::string place_fields(const CardPlaces& places) {
  return field("config", places.config) + field("state", places.state);
}

std::string status_counts(const Totals& totals) {
  auto text = fmt::format("{} success · {} failed", totals.success, totals.failed - totals.interrupted);
  if (totals.skipped > 0) text += fmt::format(" · {} skipped", totals.skipped);
  if (totals.interrupted > 0) text += fmt::format(" · {} interrupted", totals.interrupted);
  return text;
}

std::string double_line() {
  std::string line;
  for (int i = 0; i < 56; ++i) line += "═";
  return line + "\n";
}

}  // namespace

std::string run_card(const RunOutcome& outcome, const CardPlaces& places, const Style& style) {
  auto text =
      fmt::format("\n{} {}: {}\n", symbol(outcome.status, style), style.strong(outcome.export_name), outcome.status);
  if (!outcome.run_id.empty()) text += field("run id", outcome.run_id);
  if (!outcome.mode.empty()) {
    text += field("mode", fmt::format("{}, {} to {} ({})", outcome.mode, outcome.source_engine, outcome.format,
                                      outcome.compression));
  }
  if (!outcome.run_id.empty()) text += numbers(outcome);
  if (!outcome.tuning_profile.empty()) {
    text += field("profile", fmt::format("{} (batch size {})", outcome.tuning_profile, outcome.batch_size));
  }
  if (!outcome.destination_uri.empty()) text += field("output", outcome.destination_uri);
  text += verdicts(outcome, style);
  text += attention(outcome, false, style);
  return text + place_fields(places);
}

std::string run_line(const RunOutcome& outcome, const Style& style) {
  if (is_gate(outcome)) {
    return fmt::format("{} {}  {} {}\n", symbol(outcome.status, style),
                       pad_right(outcome.export_name, std::max(16, display_width(outcome.export_name))),
                       pad_right(outcome.mode, 11), base::human_duration(outcome.duration_ms)) +
           attention(outcome, true, style);
  }
  auto text = fmt::format(
      "{} {}  {} {} {} {} {}  {}  {}\n", symbol(outcome.status, style),
      pad_right(outcome.export_name, std::max(16, display_width(outcome.export_name))), pad_right(outcome.mode, 11),
      pad_left(base::with_thousands(outcome.rows) + " rows", 18), pad_left(fmt::format("{} files", outcome.files), 10),
      pad_left(base::human_bytes(outcome.bytes_written), 11), pad_left(base::human_duration(outcome.duration_ms), 9),
      pad_left(outcome.peak_rss_mb > 0 ? fmt::format("RSS {} MB", outcome.peak_rss_mb) : "", 11), outcome.run_id);
  if (outcome.validated) text += field("validation", validation_text(outcome, style));
  if (outcome.reconciliation) text += field("reconcile", reconciliation_text(outcome, style));
  return text + attention(outcome, true, style);
}

std::string totals_card(const Aggregate& aggregate, const CardPlaces& places, const Style& style) {
  const auto totals = total(aggregate);
  auto text = "\n" + double_line();
  const auto gates = std::count_if(aggregate.runs.begin(), aggregate.runs.end(), is_gate);
  text += style.strong(fmt::format("  Run summary ({} exports{})", std::ssize(aggregate.runs) - gates,
                                   gates == 0 ? "" : fmt::format(", {} gates", gates))) +
          "\n" + double_line();
  text += field("id", aggregate.id);
  text += field("status", status_counts(totals));
  text += field("rows", base::with_thousands(totals.rows));
  text += field("files", fmt::format("{}", totals.files));
  text += field("bytes read", base::human_bytes(totals.bytes_read));
  text += field("bytes writ", base::human_bytes(totals.bytes_written));
  text += field("duration", base::human_duration(aggregate.duration_ms) + " (wall clock)");
  text += field("throughput", human_rate(totals.rows, aggregate.duration_ms));
  text += field("mode", aggregate.parallel_mode);
  if (!totals.verified) text += field("verify", style.doubt("not run") + " (add --validate)");
  return text + place_fields(places);
}

}  // namespace rivet::report
