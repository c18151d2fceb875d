// SPDX-License-Identifier: Apache-2.0
// Field names are those that users' scripts read; fields of ours come after them.
#include "report/history.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "report/json.hpp"
#include "report/table.hpp"

namespace rivet::report {
namespace {

using Align = TextTable::Align;
using Json = nlohmann::ordered_json;

std::vector<std::string> below_metric(const state::MetricsRecorded& row) {
  std::vector<std::string> notes;
  if (row.validated) notes.emplace_back(*row.validated ? "validated=pass" : "validated=FAIL");
  if (row.schema_changed) notes.emplace_back(*row.schema_changed ? "schema=CHANGED" : "schema=ok");
  if (row.quality_passed) notes.emplace_back(*row.quality_passed ? "quality=pass" : "quality=FAIL");
  if (row.retries > 0) notes.push_back(fmt::format("retries={}", row.retries));
  std::vector<std::string> lines;
  if (!notes.empty()) lines.push_back(fmt::format("  {}", fmt::join(notes, "  ")));
  if (row.error_message) lines.push_back("  error: " + *row.error_message);
  if (row.skip_reason) lines.push_back("  skipped: " + *row.skip_reason);
  return lines;
}

Json metric_json(const state::MetricsRecorded& row) {
  return {
      {"export_name", row.export_name},
      {"run_id", row.run_id},
      {"run_at", base::to_rfc3339(row.run_at)},
      {"duration_ms", row.duration_ms},
      {"total_rows", row.total_rows},
      {"peak_rss_mb", or_null(row.peak_rss_mb)},
      {"status", row.status},
      {"error_message", or_null(row.error_message)},
      {"tuning_profile", or_null(row.tuning_profile)},
      {"format", or_null(row.format)},
      {"mode", or_null(row.mode)},
      {"files_produced", row.files_produced},
      {"bytes_written", row.bytes_written},
      {"retries", row.retries},
      {"validated", or_null(row.validated)},
      {"schema_changed", or_null(row.schema_changed)},
      {"bytes_read", row.bytes_read},
      {"quality_passed", or_null(row.quality_passed)},
      {"longest_chunk_ms", or_null(row.longest_chunk_ms)},
      {"pg_temp_bytes_delta", or_null(row.pg_temp_bytes_delta)},
      {"error_class", or_null(row.error_class)},
      {"skip_reason", or_null(row.skip_reason)},
      {"source_type", or_null(row.source_type)},
      {"destination_type", or_null(row.destination_type)},
  };
}

std::string strategy_text(const std::optional<state::Boundary>& boundary) {
  return boundary ? boundary->strategy : "-";
}

std::string boundary_text(const std::optional<state::Boundary>& boundary) {
  if (boundary && boundary->cursor) return *boundary->cursor;
  return boundary && boundary->chunk_index ? fmt::format("chunk #{}", *boundary->chunk_index) : "-";
}

std::string time_text(const std::optional<state::Boundary>& boundary) {
  return boundary && boundary->at ? base::to_display(*boundary->at) : "-";
}

void add_boundary(Json& row, const std::string& prefix, const std::optional<state::Boundary>& boundary) {
  row[prefix + "_strategy"] = boundary ? Json(boundary->strategy) : Json(nullptr);
  row[prefix + "_cursor"] = boundary ? or_null(boundary->cursor) : Json(nullptr);
  row[prefix + "_chunk_index"] = boundary ? or_null(boundary->chunk_index) : Json(nullptr);
  row[prefix + "_run_id"] = boundary ? Json(boundary->run_id) : Json(nullptr);
  row[prefix + "_at"] = boundary && boundary->at ? Json(base::to_rfc3339(*boundary->at)) : Json(nullptr);
}

}  // namespace

std::string metrics_text(const std::vector<state::MetricsRecorded>& metrics) {
  if (metrics.empty()) return "No runs recorded yet.\n";
  TextTable table({{"EXPORT", Align::left, 20},
                   {"STATUS", Align::left, 10},
                   {"ROWS", Align::right, 10},
                   {"DURATION", Align::right, 10},
                   {"RSS", Align::right, 8},
                   {"FILES", Align::right, 6},
                   {"BYTES", Align::right, 10},
                   {"RUN ID", Align::left, 30}});
  for (const auto& row : metrics) {
    table.add({row.export_name, row.status, fmt::format("{}", row.total_rows), base::human_duration(row.duration_ms),
               row.peak_rss_mb ? fmt::format("{}MB", *row.peak_rss_mb) : "-", fmt::format("{}", row.files_produced),
               row.bytes_written > 0 ? base::human_bytes(row.bytes_written) : "-", row.run_id},
              below_metric(row));
  }
  return table.text();
}

Json metrics_json(const std::vector<state::MetricsRecorded>& metrics) {
  auto list = Json::array();
  for (const auto& row : metrics) list.push_back(metric_json(row));
  return list;
}

std::string files_text(const std::vector<state::FileView>& files) {
  if (files.empty()) return "No files recorded yet.\n";
  TextTable table({{"RUN ID", Align::left, 40},
                   {"FILE", Align::left, 38},
                   {"ROWS", Align::right, 10},
                   {"BYTES", Align::right, 10},
                   {"STATUS", Align::left, 10},
                   {"CREATED", Align::left, 32}});
  for (const auto& file : files) {
    table.add({file.part.run_id, file.part.path, fmt::format("{}", file.part.rows),
               base::human_bytes(file.part.size_bytes), file.status, base::to_rfc3339(file.part.created_at)});
  }
  return table.text();
}

Json files_json(const std::vector<state::FileView>& files) {
  auto list = Json::array();
  for (const auto& file : files) {
    list.push_back({
        {"run_id", file.part.run_id},
        {"export_name", file.export_name},
        {"file_name", file.part.path},
        {"row_count", file.part.rows},
        {"bytes", file.part.size_bytes},
        {"format", file.format},
        {"compression", or_null(file.compression)},
        {"created_at", base::to_rfc3339(file.part.created_at)},
        {"status", file.status},
        {"unit_index", file.part.unit_index},
        {"content_fingerprint", or_null(file.part.content_fingerprint)},
    });
  }
  return list;
}

std::string exports_text(const std::vector<state::ExportView>& exports) {
  if (exports.empty()) return "No export state recorded yet.\n";
  TextTable table({{"EXPORT", Align::left, 20}, {"LAST CURSOR", Align::left, 30}, {"LAST RUN", Align::left, 23}});
  for (const auto& row : exports) {
    table.add({row.export_name, row.last_cursor_value.value_or("-"),
               row.last_run_at ? base::to_display(*row.last_run_at) : "-"});
  }
  return table.text();
}

Json exports_json(const std::vector<state::ExportView>& exports) {
  auto list = Json::array();
  for (const auto& row : exports) {
    list.push_back({
        {"export_name", row.export_name},
        {"last_cursor_value", or_null(row.last_cursor_value)},
        {"last_run_at", row.last_run_at ? Json(base::to_rfc3339(*row.last_run_at)) : Json(nullptr)},
    });
  }
  return list;
}

std::string progression_text(const std::vector<state::ProgressionView>& exports) {
  if (exports.empty()) return "No progression recorded yet.\n";
  TextTable table({{"EXPORT", Align::left, 30},
                   {"COMM MODE", Align::left, 12},
                   {"COMMITTED", Align::left, 30},
                   {"COMMITTED AT", Align::left, 25},
                   {"VERI MODE", Align::left, 12},
                   {"VERIFIED", Align::left, 30}});
  for (const auto& row : exports) {
    table.add({row.export_name, strategy_text(row.committed), boundary_text(row.committed), time_text(row.committed),
               strategy_text(row.verified), boundary_text(row.verified)});
  }
  return table.text();
}

Json progression_json(const std::vector<state::ProgressionView>& exports) {
  auto list = Json::array();
  for (const auto& row : exports) {
    Json json{{"export_name", row.export_name}};
    add_boundary(json, "last_committed", row.committed);
    add_boundary(json, "last_verified", row.verified);
    list.push_back(std::move(json));
  }
  return list;
}

}  // namespace rivet::report
