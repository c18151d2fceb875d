// SPDX-License-Identifier: Apache-2.0
// Field names are those of the views chunk_run and chunk_task; fields of ours come after them.
#include "report/chunks.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "report/json.hpp"
#include "report/table.hpp"

namespace rivet::report {
namespace {

using Align = TextTable::Align;
using Json = nlohmann::ordered_json;
using Paths = std::map<int, std::vector<std::string>>;

/// The paths of each unit, sorted: their names rise in the order in which they were written.
Paths paths_of(const RunChunks& chunks) {
  Paths paths;
  for (const auto& file : chunks.files) paths[file.part.unit_index].push_back(file.part.path);
  for (auto& [unit, list] : paths) std::sort(list.begin(), list.end());
  return paths;
}

std::string status_of(const state::RunView& run) {
  if (run.stage == state::RunStage::running) return "in_progress";
  const bool without_result = run.stage == state::RunStage::ended && run.status != "skipped";
  return without_result ? run.status : "completed";
}

bool is_completed(const state::UnitView& unit) { return unit.status == model::UnitStatus::completed; }

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

std::string files_cell(const std::vector<std::string>& paths) {
  if (paths.empty()) return "-";
  return paths.size() == 1 ? paths.front() : fmt::format("{} (+{} more)", paths.front(), paths.size() - 1);
}

std::vector<std::string> below_unit(const state::UnitView& unit) {
  if (unit.last_error.empty()) return {};
  return {"  error: " + unit.last_error};
}

std::string heading(const RunChunks& chunks) {
  const auto completed = std::count_if(chunks.units.begin(), chunks.units.end(), is_completed);
  auto text = fmt::format("run {} of export '{}' ({}): {}, {} of {} chunks completed, started {}\n", chunks.run.run_id,
                          chunks.run.export_name, chunks.run.mode, status_of(chunks.run), completed,
                          chunks.units.size(), base::to_display(chunks.run.started_at));
  if (!chunks.run.error.empty()) text += "  error: " + chunks.run.error + "\n";
  return text;
}

/// When something of the run last changed, as the view chunk_run has it.
base::Timestamp updated_at(const RunChunks& chunks) {
  auto latest = chunks.run.started_at;
  for (const auto& at : {chunks.run.sealed_at, chunks.run.finished_at}) latest = std::max(latest, at.value_or(latest));
  for (const auto& unit : chunks.units) latest = std::max(latest, unit.updated_at);
  return latest;
}

Json unit_json(const state::UnitView& unit, const std::vector<std::string>& paths) {
  return {
      {"chunk_index", unit.unit.index},
      {"start_key", unit.unit.start_key},
      {"end_key", unit.unit.end_key},
      {"status", model::name_of(unit.status)},
      {"attempts", unit.attempts},
      {"last_error", or_null(unit.last_error)},
      {"rows_written", is_completed(unit) ? Json(unit.rows) : Json(nullptr)},
      {"file_name", paths.empty() ? Json(nullptr) : Json(paths.front())},
      {"updated_at", base::to_rfc3339(unit.updated_at)},
      {"files", paths},
      {"reason", unit.unit.reason},
  };
}

}  // namespace

std::string chunks_text(const RunChunks& chunks) {
  TextTable table({{"CHUNK", Align::right, 5},
                   {"START", Align::left, 12},
                   {"END", Align::left, 12},
                   {"STATUS", Align::left, 10},
                   {"ATTEMPTS", Align::right, 8},
                   {"ROWS", Align::right, 10},
                   {"FILE", Align::left, 30}});
  auto paths = paths_of(chunks);
  for (const auto& unit : chunks.units) {
    table.add({fmt::format("{}", unit.unit.index), or_dash(unit.unit.start_key), or_dash(unit.unit.end_key),
               std::string(model::name_of(unit.status)), fmt::format("{}", unit.attempts),
               is_completed(unit) ? fmt::format("{}", unit.rows) : "-", files_cell(paths[unit.unit.index])},
              below_unit(unit));
  }
  return heading(chunks) + (chunks.units.empty() ? std::string() : table.text());
}

Json chunks_json(const RunChunks& chunks) {
  Json json{
      {"export", chunks.run.export_name},
      {"run_id", chunks.run.run_id},
      {"export_name", chunks.run.export_name},
      {"plan_hash", chunks.run.plan_hash},
      {"status", status_of(chunks.run)},
      {"max_chunk_attempts", chunks.run.max_attempts},
      {"updated_at", base::to_rfc3339(updated_at(chunks))},
      {"created_at", base::to_rfc3339(chunks.run.started_at)},
      {"finished_at", chunks.run.finished_at ? Json(base::to_rfc3339(*chunks.run.finished_at)) : Json(nullptr)},
      {"mode", chunks.run.mode},
      {"error", or_null(chunks.run.error)},
      {"tasks", Json::array()},
  };
  auto paths = paths_of(chunks);
  for (const auto& unit : chunks.units) json["tasks"].push_back(unit_json(unit, paths[unit.unit.index]));
  return json;
}

}  // namespace rivet::report
