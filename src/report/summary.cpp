// SPDX-License-Identifier: Apache-2.0
// Field names are those that users' scripts read; fields of ours come after them.
#include "report/summary.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "report/file.hpp"
#include "report/json.hpp"
#include "report/outcome_json.hpp"
#include "report/prediction.hpp"

namespace rivet::report {
namespace {

using Json = nlohmann::ordered_json;

Json validation_json(const RunOutcome& outcome) {
  if (!outcome.validated) return nullptr;
  return {{"passed", *outcome.validated}, {"manifest", outcome.manifest_ok}};
}

Json reconciliation_json(const RunOutcome& outcome) {
  if (!outcome.reconciliation) return nullptr;
  const auto& r = *outcome.reconciliation;
  return {{"source_count", r.source_count}, {"exported_rows", r.exported_rows}, {"matched", r.matched}};
}

Json plan_warnings_json(const RunOutcome& outcome) {
  auto list = Json::array();
  for (const auto& [rule, message] : outcome.plan_warnings) list.push_back({{"rule", rule}, {"message", message}});
  return list;
}

// Code spans end at a back quote, list items at a line end.
std::string inline_text(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::string item(std::string_view label, std::string_view text) {
  return fmt::format("- {}: {}\n", label, inline_text(std::string(text)));
}

std::string validation_word(const RunOutcome& outcome) {
  if (!outcome.validated) return "not requested";
  return *outcome.validated ? "passed" : "FAILED";
}

std::string reconciliation_word(const RunOutcome& outcome) {
  if (!outcome.reconciliation) return "not requested";
  const auto& r = *outcome.reconciliation;
  return fmt::format("{} (source {}, exported {})", r.matched ? "matched" : "MISMATCH", r.source_count,
                     r.exported_rows);
}

std::string header(const RunOutcome& outcome) {
  std::string text = fmt::format("# Rivet run: `{}`\n\n", outcome.run_id);
  text += item("**Export**", fmt::format("`{}`", outcome.export_name));
  text += item("**Status**", base::upper(outcome.status));
  text += item("**Started**", base::to_rfc3339(outcome.started_at));
  text += item("**Finished**", base::to_rfc3339(outcome.finished_at));
  text += item("**Duration**", fmt::format("{} ms ({:.2f} s)", outcome.duration_ms, outcome.duration_ms / 1000.0));
  return text;
}

std::string plan_section(const RunOutcome& outcome) {
  std::string text = "\n## Plan\n\n";
  text += item("Source", outcome.source_engine);
  text += item("Mode", outcome.mode);
  text += item("Destination", outcome.destination_uri.empty()
                                  ? outcome.destination_kind
                                  : fmt::format("{} ({})", outcome.destination_kind, outcome.destination_uri));
  text += item("Format", outcome.format);
  text += item("Compression", outcome.compression);
  text += item("Tuning", fmt::format("profile={}, batch_size={}", outcome.tuning_profile, outcome.batch_size));
  for (const auto& [rule, message] : outcome.plan_warnings) text += item("Warning", message + " (" + rule + ")");
  return text;
}

std::string throughput_section(const RunOutcome& outcome) {
  std::string text = "\n## Throughput\n\n";
  text += item("Rows", fmt::format("{}", outcome.rows));
  text += item("Files", fmt::format("{}", outcome.files));
  text += item("Bytes", fmt::format("{}", outcome.bytes_written));
  text += item("Bytes read", fmt::format("{}", outcome.bytes_read));
  if (outcome.peak_rss_mb > 0) text += item("Peak RSS", fmt::format("{} MB", outcome.peak_rss_mb));
  if (outcome.retries > 0) text += item("Retries", fmt::format("{}", outcome.retries));
  return text;
}

std::string verdicts_section(const RunOutcome& outcome) {
  std::string text = "\n## Verdicts\n\n";
  text += item("Validation", validation_word(outcome));
  text += item("Reconciliation", reconciliation_word(outcome));
  text += item("Schema", outcome.schema_changed ? fmt::format("changed: {}", fmt::join(outcome.schema_changes, "; "))
                                                : std::string("unchanged"));
  if (!outcome.digest.empty()) text += item("Digest", fmt::format("`{}`", outcome.digest));
  for (const auto& warning : outcome.warnings) text += item("Warning", warning);
  return text;
}

std::string failure_section(const RunOutcome& outcome) {
  if (!outcome.error && !outcome.skip_reason) return "";
  std::string text = outcome.error ? "\n## Error\n\n" : "\n## Skipped\n\n";
  if (outcome.error) text += item("Message", outcome.error->to_string());
  if (outcome.error && !outcome.error->code.empty()) text += item("Code", outcome.error->code);
  if (outcome.skip_reason) text += item("Reason", *outcome.skip_reason);
  if (!outcome.resume_command.empty()) text += item("Resume", fmt::format("`{}`", outcome.resume_command));
  return text;
}

}  // namespace

Json summary_json(const RunOutcome& outcome) {
  return {
      {"run_id", outcome.run_id},
      {"export_name", outcome.export_name},
      {"status", outcome.status},
      {"started_at", base::to_rfc3339(outcome.started_at)},
      {"finished_at", base::to_rfc3339(outcome.finished_at)},
      {"duration_ms", outcome.duration_ms},
      {"source_engine", or_null(outcome.source_engine)},
      {"destination_kind", outcome.destination_kind},
      {"format", outcome.format},
      {"compression", outcome.compression},
      {"tuning_profile", outcome.tuning_profile},
      {"batch_size", outcome.batch_size},
      {"total_rows", outcome.rows},
      {"files_produced", outcome.files},
      {"bytes_written", outcome.bytes_written},
      {"peak_rss_mb", outcome.peak_rss_mb},
      {"retries", outcome.retries},
      {"pg_temp_bytes_delta", or_null(outcome.pg_temp_bytes_delta)},
      {"validation", validation_json(outcome)},
      {"reconciliation", reconciliation_json(outcome)},
      {"schema_changed", outcome.schema_changed},
      {"schema_changes", outcome.schema_changes},
      {"plan_warnings", plan_warnings_json(outcome)},
      {"error_message", outcome.error ? Json(outcome.error->to_string()) : Json(nullptr)},
      {"resumable", outcome.resumable},
      {"resume_command", or_null(outcome.resume_command)},
      {"apply_context", apply_context_json(outcome.apply_context)},
      {"mode", outcome.mode},
      {"destination_uri", or_null(outcome.destination_uri)},
      {"bytes_read", outcome.bytes_read},
      {"statements", outcome.statements},
      {"longest_unit_ms", or_null(outcome.longest_unit_ms)},
      {"error_code", outcome.error ? or_null(outcome.error->code) : Json(nullptr)},
      {"skip_reason", or_null(outcome.skip_reason)},
      {"warnings", outcome.warnings},
      {"took_over", outcome.took_over},
      {"digest", or_null(outcome.digest)},
      {"generation", outcome.generation},
      {"prediction", prediction_json(outcome)},
  };
}

std::string summary_markdown(const RunOutcome& outcome) {
  return header(outcome) + plan_section(outcome) + throughput_section(outcome) + prediction_section(outcome) +
         verdicts_section(outcome) + failure_section(outcome) + "\n";
}

std::filesystem::path summary_folder(const std::filesystem::path& config_folder, const std::string& run_id) {
  auto name = run_id;
  std::replace(name.begin(), name.end(), '/', '_');
  return config_folder / ".rivet" / "runs" / name;
}

Result<void> write_summary(const std::filesystem::path& config_folder, const RunOutcome& outcome,
                           const base::Redactor& redactor) {
  const auto folder = summary_folder(config_folder, outcome.run_id);
  TRY(write_file(folder / "summary.json", dump(redacted(summary_json(outcome), redactor))));
  return write_file(folder / "summary.md", redactor.clean(summary_markdown(outcome)));
}

}  // namespace rivet::report
