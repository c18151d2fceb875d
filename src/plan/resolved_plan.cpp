// SPDX-License-Identifier: Apache-2.0
// Field names are those that users' scripts read; fields of ours come after them.
#include "plan/resolved_plan.hpp"

#include <nlohmann/json.hpp>

#include "model/json_fields.hpp"

namespace rivet::plan {
namespace {

using model::or_null;
using nlohmann::ordered_json;

/// As users' scripts know it: one object named after the mode.
ordered_json strategy_json(const config::Export& entry, const model::Plan& plan) {
  const auto& keys = entry.keys;
  switch (entry.mode) {
    case config::Mode::chunked:
      return {{"Chunked",
               {{"column", plan.key.empty() ? ordered_json(nullptr) : ordered_json(plan.key.front())},
                {"chunk_size", or_null(keys.chunk_size)},
                {"chunk_count", or_null(keys.chunk_count)},
                {"parallel", keys.parallel},
                {"dense", keys.chunk_dense},
                {"by_days", or_null(keys.chunk_by_days)},
                {"checkpoint", keys.chunk_checkpoint},
                {"max_attempts", or_null(keys.chunk_max_attempts)}}}};
    case config::Mode::incremental:
      return {{"Incremental",
               {{"cursor_column", keys.cursor_column},
                {"cursor_fallback_column", or_null(keys.cursor_fallback_column)},
                {"cursor_mode", keys.coalesce ? "coalesce" : "single_column"}}}};
    case config::Mode::time_window:
      return {{"TimeWindow", {{"column", keys.time_column}, {"days_window", or_null(keys.days_window)}}}};
    default: return {{"Snapshot", {{"parallel", keys.parallel}}}};
  }
}

ordered_json destination_json(const config::Destination& destination) {
  return {{"type", config::name_of(destination.type)},
          {"bucket", or_null(destination.bucket)},
          {"prefix", or_null(destination.prefix)},
          {"path", or_null(destination.path)},
          {"region", or_null(destination.region)},
          {"endpoint", or_null(destination.endpoint)},
          {"credentials_file", or_null(destination.credentials_file)},
          {"access_key_env", or_null(destination.access_key_env)},
          {"secret_key_env", or_null(destination.secret_key_env)},
          {"session_token_env", or_null(destination.session_token_env)},
          {"aws_profile", or_null(destination.aws_profile)},
          {"account_name", or_null(destination.account_name)},
          {"account_key_env", or_null(destination.account_key_env)},
          {"sas_token_env", or_null(destination.sas_token_env)},
          {"allow_anonymous", destination.allow_anonymous}};
}

ordered_json tuning_json(const config::Tuning& tuning) {
  return {{"batch_size", tuning.batch_size},
          {"batch_size_memory_mb", or_null(tuning.batch_size_memory_mb)},
          {"throttle_ms", tuning.throttle_ms},
          {"statement_timeout_s", tuning.statement_timeout_s},
          {"max_retries", tuning.max_retries},
          {"retry_backoff_ms", tuning.retry_backoff_ms},
          {"lock_timeout_s", tuning.lock_timeout_s},
          {"memory_threshold_mb", tuning.memory_threshold_mb},
          {"max_batch_memory_mb", or_null(tuning.max_batch_memory_mb)},
          {"adaptive", tuning.adaptive},
          {"min_parallel", tuning.min_parallel},
          {"max_value_mb", tuning.max_value_mb},
          {"configured_profile", tuning.profile}};
}

ordered_json overrides_json(const config::Export& entry) {
  auto out = ordered_json::object();
  for (const auto& [name, type] : entry.columns) {
    ordered_json one{{"kind", model::to_string(type)}};
    if (type.kind == model::LogicalKind::decimal) {
      one = {{"kind", "decimal"}, {"precision", type.precision}, {"scale", type.scale}};
    }
    out[name] = std::move(one);
  }
  return out;
}

}  // namespace

ordered_json resolved_plan(const config::Export& entry, const model::Plan& plan, const ordered_json& source) {
  const auto& relation = entry.relation;
  return {
      {"export_name", entry.name},
      {"source_table", relation.is_table() ? ordered_json(model::display_name(relation)) : ordered_json(nullptr)},
      {"base_query", relation.is_table() ? "SELECT * FROM " + model::display_name(relation) : relation.query},
      {"is_split_unit", false},
      {"strategy", strategy_json(entry, plan)},
      {"format", config::name_of(entry.format)},
      {"compression", config::name_of(entry.compression)},
      {"compression_level", or_null(entry.compression_level)},
      {"max_file_size_bytes", or_null(entry.max_file_size)},
      {"skip_empty", entry.skip_empty},
      {"meta_columns", {{"exported_at", entry.meta_columns.exported_at}, {"row_hash", entry.meta_columns.row_hash}}},
      {"destination", destination_json(entry.destination)},
      {"tuning", tuning_json(entry.tuning)},
      {"tuning_profile_label", entry.tuning.profile},
      {"verify", entry.verify == config::Verify::content ? "content" : "size"},
      {"source", source},
      {"column_overrides", overrides_json(entry)},
      {"shape_drift_warn_factor", entry.shape_drift_warn_factor},
      {"destination_uri", plan.destination_uri},
      {"consistency", plan.consistency},
      {"tiling", plan.tiling}};
}

}  // namespace rivet::plan
