// SPDX-License-Identifier: Apache-2.0
// A block of labels for each export, and tables of its columns.
#include "report/check.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "model/prediction.hpp"
#include "report/arrow_names.hpp"
#include "report/json.hpp"
#include "report/labels.hpp"
#include "report/prediction.hpp"
#include "report/table.hpp"

namespace rivet::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kLabelColumns = 14;

/// Without what names and values may bring along to move a cursor with.
std::string tame(std::string_view text) { return fit(text, display_width(text)); }

std::string field(std::string_view label, std::string_view text) { return labelled(label, text, kLabelColumns); }

std::string access_text(const model::Preflight& p) {
  if (p.scan_type.empty()) return "unknown";
  return p.uses_index ? "index scan (an index serves the reads)" : "full table scan (no index on the read path)";
}

std::string partitions_text(const CheckedExport& checked) {
  if (!checked.partitions) return "";
  const auto& group = *checked.partitions;
  if (group.count == 0) return field("Partitions", fmt::format("none: no row has a {}", group.column));
  return field("Partitions", fmt::format("{} by {}: {} .. {}; below is {}", base::with_thousands(group.count),
                                         group.column, group.first, group.last, group.typical));
}

std::string size_text(const model::Preflight& p) {
  std::string text;
  if (p.row_estimate)
    text += field("Row estimate", fmt::format("{}  ({})", base::about(*p.row_estimate), p.row_source));
  if (p.avg_row_bytes) text += field("Row width", fmt::format("~{} bytes", *p.avg_row_bytes));
  if (p.cursor_min) text += field("Cursor range", tame(*p.cursor_min + " .. " + p.cursor_max.value_or("")));
  if (!p.cursor_column.empty()) text += field("Cursor col", tame(p.cursor_column));
  return text;
}

std::string advice_text(const model::Preflight& p, const Style& style) {
  auto text = field("Recommended", "tuning.profile: " + p.recommended_profile);
  text += p.recommended_parallel > 1
              ? field("Recommended", fmt::format("parallel: {} ({})", p.recommended_parallel, p.parallel_reason))
              : field("Parallelism", fmt::format("1 ({})", p.parallel_reason));
  for (const auto& [severity, message] : p.warnings) {
    text += field("Warning", style.doubt(tame(fmt::format("[{}] {}", model::name_of(severity), message))));
  }
  if (!p.suggestion.empty()) text += field("Suggestion", tame(p.suggestion));
  return text;
}

std::string preflight_text(const model::Preflight& p, const CheckedExport& checked, const Style& style) {
  auto text = field("Strategy", tame(p.strategy)) + field("Mode", tame(p.mode));
  if (!checked.window.empty()) text += field("Window", tame(checked.window));
  text += size_text(p);
  text += field("Units", tame(fmt::format("{} ({})", base::with_thousands(p.units), checked.plan->reason)));
  text += field("Access", access_text(p));
  text += field("Verdict", verdict_text(p.verdict, style));
  return text + advice_text(p, style);
}

std::string prediction_lines(const model::Plan& plan) {
  if (!plan.prediction) return "";
  const auto& p = *plan.prediction;
  return field("Predicted", fmt::format("rows {}, bytes {}", interval_text("rows", p.rows),
                                        interval_text("bytes_written", p.bytes_written))) +
         field("Predicted",
               fmt::format("duration {}, statements {}, peak memory {}", interval_text("duration_ms", p.duration_ms),
                           interval_text("statements", p.statements), interval_text("peak_rss_mb", p.peak_rss_mb)));
}

std::string types_text(const CheckedExport& checked) {
  using Align = TextTable::Align;
  std::vector<TextTable::Column> headings{{"Column", Align::left, 6},
                                          {"Source type", Align::left, 11},
                                          {"Rivet type", Align::left, 10},
                                          {"Arrow type", Align::left, 10},
                                          {"Fidelity", Align::left, 14}};
  if (checked.target) {
    headings.push_back({"Target type", Align::left, 11});
    headings.push_back({"Status", Align::left, 6});
  }
  TextTable table(std::move(headings));
  for (std::size_t i = 0; i < checked.plan->columns.size(); ++i) {
    const auto& column = checked.plan->columns[i];
    std::vector<std::string> cells{column.name, column.native_type, rivet_type_name(column.type),
                                   arrow_name(column.type), std::string(model::name_of(column.fidelity))};
    std::vector<std::string> below;
    if (!column.warning.empty()) below.push_back("  warning: " + tame(column.warning));
    if (checked.target) {
      const auto& target = checked.target_columns[i];
      cells.push_back(target.target_type.empty() ? "-" : target.target_type);
      cells.emplace_back(model::name_of(target.status));
      if (target.autoload_type != target.target_type) below.push_back("  loads as " + target.autoload_type);
      if (!target.note.empty() && target.note != column.warning) below.push_back("  note: " + tame(target.note));
    }
    table.add(std::move(cells), std::move(below));
  }
  return table.text();
}

std::string indented(const std::string& text, std::string_view by) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto end = std::min(text.find('\n', at), text.size());
    out += fmt::format("{}{}\n", by, std::string_view(text).substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::string target_text(const CheckedExport& checked) {
  if (!checked.target) return "";
  const auto sql = model::recovery_sql(*checked.target, checked.export_name, checked.target_columns);
  if (sql.empty()) return "";
  return fmt::format("\n  {}: a plain load does not give every column its type; load into a staging table, then:\n",
                     model::name_of(*checked.target)) +
         indented(sql, "    ");
}

std::string type_report(const CheckedExport& checked, const Style& style) {
  auto text = fmt::format("\nTypes: {}{}\n", checked.export_name,
                          checked.target ? fmt::format("  [target: {}]", model::name_of(*checked.target)) : "");
  text += indented(types_text(checked), "  ") + target_text(checked);
  for (const auto& [column, message] : checked.violations) {
    text += "  " + style.bad(tame(fmt::format("refused by --strict: {}: {}", column, message))) + "\n";
  }
  return text;
}

Json column_json(const model::Column& column) {
  Json json{{"column", column.name},
            {"source_type", column.native_type},
            {"rivet_type", rivet_type_name(column.type)},
            {"arrow_type", arrow_name(column.type)},
            {"fidelity", model::name_of(column.fidelity)}};
  if (!column.warning.empty()) json["warning"] = column.warning;
  if (column.added) json["added"] = true;
  return json;
}

Json target_json(const CheckedExport& checked) {
  auto columns = Json::array();
  for (const auto& c : checked.target_columns) {
    columns.push_back({{"column_name", c.column_name},
                       {"target_type", or_null(c.target_type)},
                       {"autoload_type", c.autoload_type},
                       {"status", model::name_of(c.status)},
                       {"note", or_null(c.note)},
                       {"cast_sql", or_null(c.cast_sql)}});
  }
  return {{"name", model::name_of(*checked.target)},
          {"columns", std::move(columns)},
          {"recovery_sql", or_null(model::recovery_sql(*checked.target, checked.export_name, checked.target_columns))}};
}

Json violations_json(const CheckedExport& checked) {
  auto out = Json::array();
  for (const auto& [column, message] : checked.violations) out.push_back({{"column", column}, {"message", message}});
  return out;
}

}  // namespace

std::string rivet_type_name(const model::LogicalType& type) {
  using Kind = model::LogicalKind;
  const auto nano = type.unit == model::TimeUnit::nano ? "_ns" : "";
  switch (type.kind) {
    case Kind::boolean: return "bool";
    case Kind::int16: return "int2";
    case Kind::int32: return "int4";
    case Kind::int64: return "int8";
    case Kind::float32: return "float4";
    case Kind::float64: return "float8";
    case Kind::timestamp: return fmt::format("timestamp{}", nano);
    case Kind::timestamp_tz: return fmt::format("timestamp_tz{}", nano);
    case Kind::list: return fmt::format("list<{}>", rivet_type_name(*type.element));
    default: return model::to_string(type);
  }
}

std::string check_text(const CheckedExport& checked, const CheckView& view) {
  auto text = "\nExport: " + view.style.strong(checked.export_name) + "\n" + partitions_text(checked);
  if (checked.preflight) text += preflight_text(*checked.preflight, checked, view.style);
  if (checked.plan) text += prediction_lines(*checked.plan);
  for (const auto& change : checked.schema_changes) {
    text += field("Schema", view.style.doubt(tame(change + " since the last run")));
  }
  if (checked.error) text += field("Refused", view.style.bad(checked.error->to_string()));
  if (view.types && checked.plan) text += type_report(checked, view.style);
  return text;
}

Json check_json(const CheckedExport& checked) {
  auto columns = Json::array();
  if (checked.plan) {
    for (const auto& column : checked.plan->columns) columns.push_back(column_json(column));
  }
  Json json{{"export", checked.export_name}, {"columns", std::move(columns)}, {"violations", violations_json(checked)}};
  if (checked.preflight) json["diagnostic"] = model::to_json(*checked.preflight);
  if (checked.plan && checked.plan->prediction) json["prediction"] = model::to_json(*checked.plan->prediction);
  if (const auto& group = checked.partitions) {
    json["partitions"] = {{"column", group->column},
                          {"count", group->count},
                          {"first", or_null(group->first)},
                          {"last", or_null(group->last)},
                          {"shown", or_null(group->typical)}};
  }
  if (!checked.window.empty()) json["window"] = checked.window;
  if (!checked.schema_changes.empty()) json["schema_changes"] = checked.schema_changes;
  if (checked.target && checked.plan) json["target"] = target_json(checked);
  if (checked.error) json["error"] = error_json(*checked.error);
  return json;
}

}  // namespace rivet::report
