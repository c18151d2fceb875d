// SPDX-License-Identifier: Apache-2.0
// Events to lines and back.
#include "report/progress_events.hpp"

#include <utility>

#include "model/json_fields.hpp"
#include "report/json.hpp"
#include "report/outcome_json.hpp"

namespace rivet::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::milliseconds kSpacing{100};

Json to_json(const Started& event) { return {{"event", "Started"}, {"export_name", event.export_name}}; }

Json to_json(const ProgressInit& event) {
  return {
      {"event", "ProgressInit"}, {"export_name", event.export_name}, {"estimated_rows", or_null(event.estimated_rows)}};
}

Json to_json(const Progress& event) {
  return {{"event", "Progress"},
          {"export_name", event.export_name},
          {"rows", event.rows},
          {"bytes_read", event.bytes_read}};
}

Json to_json(const Note& event) {
  return {{"event", "Note"}, {"export_name", event.export_name}, {"message", event.message}};
}

Json to_json(const Finished& event) {
  return {
      {"event", "Finished"}, {"export_name", event.outcome.export_name}, {"outcome", outcome_to_json(event.outcome)}};
}

Result<ProgressEvent> event_from(model::FieldReader& fields, const nlohmann::json& json) {
  const auto name = fields.text("event");
  const auto export_name = fields.text("export_name");
  if (name == "Started") return Started{export_name};
  if (name == "ProgressInit") return ProgressInit{export_name, fields.optional_count("estimated_rows")};
  if (name == "Progress") return Progress{export_name, fields.count("rows"), fields.count("bytes_read")};
  if (name == "Note") return Note{export_name, fields.text("message")};
  if (name == "Finished" && fields.has("outcome")) return Finished{TRY(outcome_from_json(json["outcome"]))};
  return fail(ErrorKind::data, "there is no such event");
}

}  // namespace

std::string to_line(const ProgressEvent& event, const base::Redactor& redactor) {
  return dump_line(redacted(std::visit([](const auto& one) { return to_json(one); }, event), redactor));
}

Result<ProgressEvent> progress_event_of(std::string_view line) {
  const auto json = TRY(model::parse_json(line));
  model::FieldReader fields(json, "event");
  auto event = TRY(event_from(fields, json));
  TRY(fields.finish());
  return event;
}

EventProgress::EventProgress(Sink sink, const base::Redactor& redactor) : sink_(std::move(sink)), redactor_(redactor) {}

void EventProgress::send(const ProgressEvent& event) {
  const auto line = to_line(event, redactor_) + "\n";
  const std::scoped_lock lock(mutex_);
  sink_(line);
}

void EventProgress::started(const std::string& export_name, std::optional<std::int64_t> estimated_rows) {
  const bool is_new = [&] {
    const std::scoped_lock lock(mutex_);
    return told_.try_emplace(export_name).second;
  }();
  if (is_new) send(Started{export_name});
  if (!is_new) send(ProgressInit{export_name, estimated_rows});
}

void EventProgress::advanced(const std::string& export_name, std::int64_t rows_total, std::int64_t bytes_read_total) {
  if (is_due(export_name)) send(Progress{export_name, rows_total, bytes_read_total});
}

void EventProgress::note(const std::string& export_name, const std::string& message) {
  send(Note{export_name, message});
}

void EventProgress::finished(const RunOutcome&) {}

bool EventProgress::is_due(const std::string& export_name) {
  const auto now = std::chrono::steady_clock::now();
  const std::scoped_lock lock(mutex_);
  auto& last = told_[export_name];
  if (now - last < kSpacing) return false;
  last = now;
  return true;
}

}  // namespace rivet::report
