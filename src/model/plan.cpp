// SPDX-License-Identifier: Apache-2.0
// The plan as JSON.
#include "model/plan.hpp"

#include "model/column_json.hpp"
#include "model/json_fields.hpp"

namespace rivet::model {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

ordered_json unit_to_json(const Unit& unit) {
  ordered_json out{{"index", unit.index},
                   {"predicate", to_text(unit.predicate)},
                   {"start_key", unit.start_key},
                   {"end_key", unit.end_key},
                   {"reason", unit.reason}};
  if (!unit.replaces) return out;
  out["number"] = unit.replaces->number;
  for (const auto& [run_id, index] : unit.replaces->units) {
    out["replaces"].push_back({{"run_id", run_id}, {"index", index}});
  }
  return out;
}

ordered_json warnings_to_json(const std::vector<PlanWarning>& warnings) {
  auto array = ordered_json::array();
  for (const auto& warning : warnings) array.push_back({{"rule", warning.rule}, {"message", warning.message}});
  return array;
}

ordered_json to_json(const KeyColumns& key) { return {{"columns", key.columns}, {"coalesced", key.coalesced}}; }

ordered_json to_json(const Incremental& incremental) {
  ordered_json out{{"cursor", to_json(incremental.cursor)}};
  if (incremental.since) out["since"] = to_json_text(*incremental.since);
  out["until"] = to_json_text(incremental.until);
  out["versions"] = incremental.versions;
  out["again_units"] = incremental.again_units;
  out["identity"] = incremental.identity;
  out["by_key"] = incremental.by_key;
  out["lookback"] = incremental.lookback;
  out["remember_from"] = incremental.remember_from;
  if (incremental.remember_after) out["remember_after"] = *incremental.remember_after;
  return out;
}

std::optional<Replacement> read_replacement(FieldReader& unit) {
  if (!unit.has("replaces")) return std::nullopt;
  Replacement out{.units = {}, .number = unit.small_count("number")};
  const auto& replaced = unit.array("replaces");
  for (std::size_t i = 0; i < replaced.size(); ++i) {
    auto one = unit.element(replaced[i], "replaces", i);
    out.units.push_back({.run_id = one.text("run_id"), .index = one.small_count("index")});
  }
  return out;
}

void read_units(FieldReader& fields, Plan& plan) {
  const auto& units = fields.array("units");
  for (std::size_t i = 0; i < units.size(); ++i) {
    auto unit = fields.element(units[i], "units", i);
    auto predicate = predicate_from_text(unit.text("predicate"));
    if (!predicate) {
      unit.refuse(predicate.error().message);
      return;
    }
    plan.units.push_back({.index = unit.small_count("index"),
                          .predicate = std::move(*predicate),
                          .start_key = unit.text("start_key"),
                          .end_key = unit.text("end_key"),
                          .reason = unit.text("reason"),
                          .replaces = read_replacement(unit)});
  }
}

Position read_position(FieldReader& fields, const char* name) {
  auto position = position_from_json_text(fields.text(name));
  if (position) return std::move(*position);
  fields.refuse(position.error().message);
  return {};
}

Incremental read_incremental(FieldReader& fields) {
  auto cursor = fields.object("cursor");
  Incremental out{.cursor = {cursor.texts("columns"), cursor.boolean("coalesced")}, .since = {}, .until = {}};
  if (fields.has("since")) out.since = read_position(fields, "since");
  out.until = read_position(fields, "until");
  out.versions = fields.boolean("versions");
  out.again_units = fields.small_count("again_units");
  out.identity = fields.texts("identity");
  out.by_key = fields.boolean("by_key");
  out.lookback = fields.count("lookback");
  out.remember_from = fields.small_count("remember_from");
  if (fields.has("remember_after")) out.remember_after = fields.texts("remember_after");
  return out;
}

void read_warnings(FieldReader& fields, Plan& plan) {
  const auto& warnings = fields.array("warnings");
  for (std::size_t i = 0; i < warnings.size(); ++i) {
    auto warning = fields.element(warnings[i], "warnings", i);
    plan.warnings.push_back({warning.text("rule"), warning.text("message")});
  }
}

/// From one key up to another; empty when they are not there. Quotes within strings are escaped, so only keys are
/// found.
std::string_view between(std::string_view text, std::string_view from, std::string_view to) {
  const auto begin = text.find(from);
  const auto end = begin == std::string_view::npos ? begin : text.find(to, begin);
  return end == std::string_view::npos ? std::string_view() : text.substr(begin, end - begin);
}

}  // namespace

bool shares_instant(const Plan& plan) { return plan.consistency == "snapshot" && plan.units.size() > 1; }

bool is_repair(const Plan& plan) { return !plan.units.empty() && plan.units.front().replaces.has_value(); }

bool looks_again(const Incremental& incremental, const Unit& unit) { return unit.index < incremental.again_units; }

bool is_of_null_keys(const Unit& unit) {
  return !unit.predicate.terms.empty() && std::holds_alternative<NullKey>(unit.predicate.terms.front());
}

bool remembers_rows(const Incremental& incremental, const Unit& unit) {
  const bool asked = looks_again(incremental, unit) || is_of_null_keys(unit) || unit.index >= incremental.remember_from;
  return asked && incremental.lookback > 0;
}

std::string to_json_text(const Plan& plan) {
  ordered_json out;
  out["export_name"] = plan.export_name;
  out["family"] = plan.family;
  out["relation"] = {{"schema", plan.relation.schema}, {"table", plan.relation.table}, {"query", plan.relation.query}};
  if (!plan.relation.within.is_whole()) out["relation"]["within"] = to_text(plan.relation.within);
  out["source_engine"] = plan.source_engine;
  out["source_id"] = plan.source_id;
  out["mode"] = plan.mode;
  out["strategy"] = plan.strategy;
  out["key"] = plan.key;
  out["reason"] = plan.reason;
  out["consistency"] = plan.consistency;
  out["destination_kind"] = plan.destination_kind;
  out["destination_uri"] = plan.destination_uri;
  out["prefix"] = plan.prefix;
  out["format"] = plan.format;
  out["compression"] = plan.compression;
  out["source_columns"] = to_json(plan.source_columns);
  out["columns"] = to_json(plan.columns);
  out["row_hash_covered"] = plan.row_hash_covered;
  if (plan.max_file_size) out["max_file_size"] = *plan.max_file_size;
  if (plan.row_estimate) out["row_estimate"] = *plan.row_estimate;
  out["catalogue_fingerprint"] = plan.catalogue_fingerprint;
  out["units"] = ordered_json::array();
  for (const auto& unit : plan.units) out["units"].push_back(unit_to_json(unit));
  out["tiling"] = plan.tiling;
  if (plan.incremental) out["incremental"] = to_json(*plan.incremental);
  out["snapshot"] = plan.snapshot;
  out["warnings"] = warnings_to_json(plan.warnings);
  if (plan.prediction) out["prediction"] = to_json(*plan.prediction);
  out["fingerprint"] = plan.fingerprint;
  return dump_json(out);
}

Result<Plan> plan_from_json_text(std::string_view text) {
  const auto value = TRY(parse_json(text));
  FieldReader fields(value, "plan");
  Plan plan;
  plan.export_name = fields.text("export_name");
  plan.family = fields.text("family");
  auto relation = fields.object("relation");
  plan.relation = {.schema = relation.text("schema"), .table = relation.text("table"), .query = relation.text("query")};
  if (relation.has("within")) plan.relation.within = TRY(predicate_from_text(relation.text("within")));
  plan.source_engine = fields.text("source_engine");
  plan.source_id = fields.text_or_empty("source_id");
  plan.mode = fields.text("mode");
  plan.strategy = fields.text("strategy");
  plan.key = fields.texts("key");
  plan.reason = fields.text("reason");
  plan.consistency = fields.text("consistency");
  plan.destination_kind = fields.text("destination_kind");
  plan.destination_uri = fields.text("destination_uri");
  plan.prefix = fields.text("prefix");
  plan.format = fields.text("format");
  plan.compression = fields.text("compression");
  plan.source_columns = TRY(columns_from_json(fields.array("source_columns")));
  plan.columns = TRY(columns_from_json(fields.array("columns")));
  plan.row_hash_covered = fields.texts("row_hash_covered");
  plan.max_file_size = fields.optional_count("max_file_size");
  plan.row_estimate = fields.optional_count("row_estimate");
  plan.catalogue_fingerprint = fields.text("catalogue_fingerprint");
  read_units(fields, plan);
  plan.tiling = fields.text("tiling");
  if (fields.has("incremental")) {
    auto incremental = fields.object("incremental");
    plan.incremental = read_incremental(incremental);
  }
  plan.snapshot = fields.text("snapshot");
  read_warnings(fields, plan);
  if (fields.has("prediction")) plan.prediction = read_prediction(fields.object("prediction"));
  plan.fingerprint = fields.text("fingerprint");
  TRY(fields.finish());
  return plan;
}

std::string shape_text(std::string_view plan_text) {
  const auto columns = between(plan_text, "\"source_columns\":", "\"row_hash_covered\":");
  if (columns.empty()) return std::string(plan_text);
  return std::string(columns) + std::string(between(plan_text, "\"identity\":", "\"by_key\":"));
}

Result<PlanShape> plan_shape_from_json_text(std::string_view text) {
  const auto value = TRY(parse_json(text));
  FieldReader fields(value, "plan");
  PlanShape shape{.source_columns = TRY(columns_from_json(fields.array("source_columns"))),
                  .columns = TRY(columns_from_json(fields.array("columns"))),
                  .identity = {}};
  if (fields.has("incremental")) shape.identity = fields.object("incremental").texts("identity");
  TRY(fields.finish());
  return shape;
}

}  // namespace rivet::model
