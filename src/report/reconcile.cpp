// SPDX-License-Identifier: Apache-2.0
// Units first, then the sums; rows under their unit.
#include "report/reconcile.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "report/json.hpp"

namespace rivet::report {
namespace {

using Json = nlohmann::ordered_json;
using model::UnitMatch;
using model::UnitReconciliation;

constexpr int kShownWidth = 60;

Json cells_json(const std::vector<model::NamedCell>& cells) {
  auto json = Json::object();
  for (const auto& cell : cells) json[cell.column] = or_null(cell.value);
  return json;
}

Json row_json(const model::RowDifference& row) {
  Json json{{"change", name_of(row.change)},
            {"cause", name_of(row.cause)},
            {"key", row.key.empty() ? Json(nullptr) : cells_json(row.key)}};
  if (!row.cells.empty()) {
    auto& columns = json["columns"] = Json::object();
    for (const auto& cell : row.cells) {
      columns[cell.column] = {{"landed", or_null(cell.landed)}, {"source", or_null(cell.source)}};
    }
  }
  if (!row.values.empty()) json["values"] = cells_json(row.values);
  if (!row.part.empty()) json["part"] = row.part;
  return json;
}

Json counts_json(const model::DifferenceCounts& counts) {
  return {{"missing", counts.missing},
          {"extra", counts.extra},
          {"changed", counts.changed},
          {"loss", counts.loss},
          {"drift", counts.drift},
          {"corruption", counts.corruption},
          {"undetermined", counts.undetermined},
          {"complete", counts.complete}};
}

Json digest_json(const std::optional<model::Digest>& digest) {
  return digest ? Json(model::to_string(*digest)) : Json(nullptr);
}

Json unit_json(const UnitReconciliation& unit, const model::Reconciliation& result) {
  Json json{{"kind", unit.kind},
            {"identifier", unit.identifier},
            {"source_count", or_null(unit.source_rows)},
            {"exported_count", or_null(unit.recorded_rows)},
            {"status", name_of(unit.match)}};
  if (!unit.note.empty()) json["note"] = unit.note;
  json["landed_count"] = or_null(unit.landed_rows);
  if (unit.export_name != result.export_name) json["export_name"] = unit.export_name;
  json["run_id"] = unit.unit.run_id;
  json["unit_index"] = unit.unit.index;
  json["start_key"] = or_null(unit.start_key);
  json["end_key"] = or_null(unit.end_key);
  auto& causes = json["causes"] = Json::array();
  for (const auto cause : unit.causes) causes.push_back(name_of(cause));
  if (!unit.damaged.empty()) json["damaged_parts"] = unit.damaged;
  if (result.depth == model::ReconcileDepth::count) return json;
  json["columns"] = unit.columns;
  json["digests"] = {{"source", digest_json(unit.source)},
                     {"recorded", digest_json(unit.recorded)},
                     {"landed", digest_json(unit.landed)}};
  json["differences"] = counts_json(unit.counts);
  auto& rows = json["rows"] = Json::array();
  for (const auto& row : unit.rows) rows.push_back(row_json(row));
  return json;
}

Json summary_json(const model::Reconciliation& result) {
  Json json{{"total_partitions", result.units.size()},
            {"matches", result.count(UnitMatch::match)},
            {"mismatches", result.count(UnitMatch::mismatch)},
            {"unknown", result.count(UnitMatch::unknown)},
            {"total_source_rows", result.source_rows()},
            {"total_exported_rows", result.recorded_rows()},
            {"drifted", result.drifted()}};
  if (result.depth == model::ReconcileDepth::content) json["differences"] = counts_json(result.differences());
  return json;
}

std::string shown(const model::CellText& value) { return value ? fit(*value, kShownWidth) : std::string("NULL"); }

std::string named(const std::vector<model::NamedCell>& cells) {
  std::vector<std::string> out;
  for (const auto& cell : cells) out.push_back(fmt::format("{}={}", cell.column, shown(cell.value)));
  return fmt::format("{}", fmt::join(out, ", "));
}

std::string row_line(const model::RowDifference& row, const Style& style) {
  auto text = fmt::format("        {:8} {} ({})", name_of(row.change), named(row.key.empty() ? row.values : row.key),
                          name_of(row.cause));
  if (row.cause == model::Cause::loss || row.cause == model::Cause::corruption) text = style.bad(text);
  for (const auto& cell : row.cells) {
    text += fmt::format("\n                   {}: landed {}, source {}", cell.column, shown(cell.landed),
                        shown(cell.source));
  }
  return text + "\n";
}

std::string number_or_na(const std::optional<std::int64_t>& number) {
  return number ? std::to_string(*number) : std::string("n/a");
}

std::string unit_lines(const UnitReconciliation& unit, const model::Reconciliation& result, const Style& style) {
  std::vector<std::string_view> causes;
  for (const auto cause : unit.causes) causes.push_back(name_of(cause));
  const auto name = unit.export_name == result.export_name ? unit.identifier
                                                           : fmt::format("{} {}", unit.export_name, unit.identifier);
  auto text = fmt::format("    {}: {} source={}, exported={}, landed={}{}{}\n", name,
                          unit.match == UnitMatch::unknown ? style.doubt("unknown") : style.bad("mismatch"),
                          number_or_na(unit.source_rows), number_or_na(unit.recorded_rows),
                          number_or_na(unit.landed_rows), unit.note.empty() ? "" : fmt::format(" ({})", unit.note),
                          causes.empty() ? "" : fmt::format(" [{}]", fmt::join(causes, ", ")));
  for (const auto& part : unit.damaged) text += fmt::format("        {}\n", style.bad(part));
  for (const auto& row : unit.rows) text += row_line(row, style);
  return text;
}

std::string evidence_of(const model::Reconciliation& result) {
  if (result.depth == model::ReconcileDepth::count) {
    return "source COUNT(*) of each unit against the rows recorded and the rows in its parts\n"
           "              which rows differ, and changed values: --depth content";
  }
  std::string text = "every value of the source against the recorded digest and the landed bytes";
  if (!result.evidence) {
    text += "\n              the source does not tell when a row was made: a missing row may be lost or new";
  }
  return text;
}

std::string differences_line(const model::DifferenceCounts& counts) {
  return fmt::format(
      "  Rows apart: {}{} missing, {} extra, {} changed ({} lost, {} corrupt, {} drifted, {} undetermined)\n",
      counts.complete ? "" : "at least ", counts.missing, counts.extra, counts.changed, counts.loss, counts.corruption,
      counts.drift, counts.undetermined);
}

std::string status_of(const model::Reconciliation& result, const std::string& repair, const Style& style) {
  const auto mismatches = result.count(UnitMatch::mismatch), unknown = result.count(UnitMatch::unknown);
  if (mismatches + unknown == 0) {
    return fmt::format("  Status    : {}{}\n", style.good("all partitions match"),
                       result.verified ? ", verified up to what is committed" : "");
  }
  auto text = fmt::format("  Status    : {} of {} partitions {}\n", mismatches + unknown, result.units.size(),
                          mismatches > 0 ? style.bad("are repair candidates") : style.doubt("could not be compared"));
  for (const auto& unit : result.units) {
    if (unit.match != UnitMatch::match) text += unit_lines(unit, result, style);
  }
  if (mismatches > 0) text += fmt::format("\n  Repair with: {}\n", repair);
  return text;
}

}  // namespace

Json reconciliation_json(const model::Reconciliation& result) {
  auto partitions = Json::array();
  for (const auto& unit : result.units) partitions.push_back(unit_json(unit, result));
  return {{"rivet_version", RIVET_VERSION},
          {"export_name", result.export_name},
          {"run_id", result.run_id},
          {"strategy", result.mode},
          {"partitions", std::move(partitions)},
          {"summary", summary_json(result)},
          {"depth", name_of(result.depth)},
          {"cut", result.strategy},
          {"prefix", result.prefix},
          {"generation", result.generation},
          {"started_at", base::to_rfc3339(result.started_at)},
          {"finished_at", base::to_rfc3339(result.finished_at)},
          {"row_age_known", result.evidence},
          {"max_differences", result.listed_limit},
          {"verified", result.verified},
          {"warnings", result.warnings}};
}

std::string reconciliation_text(const model::Reconciliation& result, const std::string& repair, const Style& style) {
  auto text = fmt::format("\n  Export    : {}\n  Run       : {}\n  Strategy  : {}\n", result.export_name, result.run_id,
                          result.mode);
  text +=
      fmt::format("  Partitions: {} ({} match, {} mismatch, {} unknown)\n", result.units.size(),
                  result.count(UnitMatch::match), result.count(UnitMatch::mismatch), result.count(UnitMatch::unknown));
  text += fmt::format("  Rows      : source {} / exported {}\n", result.source_rows(), result.recorded_rows());
  text += fmt::format("  Evidence  : {}\n", evidence_of(result));
  const auto counts = result.differences();
  if (counts.missing + counts.extra + counts.changed > 0) text += differences_line(counts);
  text += status_of(result, repair, style);
  for (const auto& warning : result.warnings) text += "  " + style.doubt("warning: " + warning) + "\n";
  return text + "\n";
}

}  // namespace rivet::report
