// SPDX-License-Identifier: Apache-2.0
// Slack gets a few lines for people, the webhook everything for programs.
#include "notify/documents.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "report/json.hpp"

namespace rivet::notify {
namespace {

using config::Occasion;
using Json = nlohmann::ordered_json;
using report::or_null;

constexpr int kDocumentVersion = 1;
constexpr std::size_t kLines = 10;       // of a list in a message for people
constexpr std::size_t kLineBytes = 500;  // of one of them

std::string_view colour_of(Occasion occasion) {
  switch (occasion) {
    case Occasion::failure: return "danger";
    case Occasion::success: return "good";
    default: return "warning";
  }
}

std::string_view headline_of(const Event& event) {
  switch (event.occasions.front()) {
    case Occasion::failure: return event.status == "interrupted" ? "was interrupted" : "failed";
    case Occasion::schema_change: return "succeeded, the schema changed";
    case Occasion::degraded: return "succeeded, with warnings";
    case Occasion::success: return event.status == "skipped" ? "was skipped" : "succeeded";
  }
  return "";
}

/// Slack reads these three as markup.
std::string for_slack(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string cut(std::string text) {
  if (text.size() <= kLineBytes) return text;
  auto end = kLineBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

std::string lines_of(std::string_view label, const std::vector<std::string>& lines) {
  std::string out;
  for (std::size_t i = 0; i < std::min(lines.size(), kLines); ++i) out += fmt::format("\n{}: {}", label, cut(lines[i]));
  if (lines.size() > kLines) out += fmt::format("\nand {} more", lines.size() - kLines);
  return out;
}

std::string error_line(const Event& event) {
  const auto& run = event.telling_run();
  if (!run.error) return "";
  const auto code = run.error->code.empty() ? "" : fmt::format("[{}] ", run.error->code);
  auto out = fmt::format("\nerror: {}{}", code, cut(run.error->to_string()));
  if (run.resumable && !run.resume_command.empty()) out += fmt::format("\nresume: {}", cut(run.resume_command));
  return out;
}

std::string text_of(const Event& event) {
  const auto sums = sum(event);
  auto out =
      fmt::format("{} rows, {} files, {} in {}", base::with_thousands(sums.rows), base::with_thousands(sums.files),
                  base::human_bytes(sums.bytes_written), base::human_duration(sums.duration_ms));
  if (event.runs.size() > 1) out += fmt::format(", {} partitions", event.runs.size());
  out += error_line(event);
  out += lines_of("schema", schema_changes_of(event));
  return out + lines_of("warning", event.degraded);
}

std::string title_of(const Event& event) {
  const auto& run_id = event.telling_run().run_id;
  return fmt::format("rivet: {} {} ({})", event.export_name, headline_of(event),
                     run_id.empty() ? "no run was begun" : "run " + run_id);
}

std::string footer_of(const Place& place) {
  return fmt::format("rivet {} on {}, {}", RIVET_VERSION, place.host, place.config_path);
}

Json error_document(const std::optional<Error>& error) {
  if (!error) return nullptr;
  return {{"code", or_null(error->code)},
          {"kind", base::name_of(error->kind)},
          {"exit_class", base::exit_class_of(error->kind)},
          {"message", error->to_string()},
          {"hint", or_null(error->hint)}};
}

Json run_document(const report::RunOutcome& run) {
  return {{"name", run.export_name},
          {"run_id", or_null(run.run_id)},
          {"status", run.status},
          {"rows", run.rows},
          {"files", run.files},
          {"bytes", run.bytes_written},
          {"error", run.error ? Json(run.error->to_string()) : Json(nullptr)}};
}

/// Absent for an export without partitions.
Json partitions_document(const Event& event) {
  const bool is_whole = event.runs.size() == 1 && event.runs.front().export_name == event.export_name;
  if (is_whole) return nullptr;
  auto out = Json::array();
  for (const auto& run : event.runs) out.push_back(run_document(run));
  return out;
}

Json names_of(const std::vector<Occasion>& occasions) {
  auto out = Json::array();
  for (const auto occasion : occasions) out.push_back(config::name_of(occasion));
  return out;
}

}  // namespace

Json slack_document(const Event& event, const Place& place) {
  const auto attachment = Json{{"color", colour_of(event.occasions.front())},
                               {"fallback", for_slack(title_of(event))},
                               {"title", for_slack(title_of(event))},
                               {"text", for_slack(text_of(event))},
                               {"footer", for_slack(footer_of(place))}};
  return {{"attachments", Json::array({attachment})}};
}

Json webhook_document(const Event& event, const Place& place) {
  const auto sums = sum(event);
  const auto& run = event.telling_run();
  return {{"version", kDocumentVersion},
          {"event", config::name_of(event.occasions.front())},
          {"occasions", names_of(event.occasions)},
          {"export", event.export_name},
          {"run_id", or_null(run.run_id)},
          {"status", event.status},
          {"mode", run.mode},
          {"rows", sums.rows},
          {"files", sums.files},
          {"bytes", sums.bytes_written},
          {"bytes_read", sums.bytes_read},
          {"duration_ms", sums.duration_ms},
          {"started_at", base::to_rfc3339(sums.started_at)},
          {"finished_at", base::to_rfc3339(sums.finished_at)},
          {"destination", or_null(run.destination_uri)},
          {"error", error_document(run.error)},
          {"skip_reason", or_null(run.skip_reason)},
          {"resume_command", or_null(run.resume_command)},
          {"schema_changes", schema_changes_of(event)},
          {"degraded", event.degraded},
          {"warnings", warnings_of(event)},
          {"partitions", partitions_document(event)},
          {"host", place.host},
          {"config_path", place.config_path},
          {"rivet_version", RIVET_VERSION}};
}

}  // namespace rivet::notify
