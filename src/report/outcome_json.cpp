// SPDX-License-Identifier: Apache-2.0
// Written and read side by side: a field that one of them forgets is found by the round trip of its test.
#include "report/outcome_json.hpp"

#include <utility>

#include "model/json_fields.hpp"
#include "report/json.hpp"

namespace rivet::report {
namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;
using model::FieldReader;

OrderedJson error_to_json(const Error& error) {
  return {{"kind", base::name_of(error.kind)},
          {"message", error.message},
          {"code", error.code},
          {"hint", error.hint},
          {"vendor_code", error.vendor_code},
          {"settle_time_ms", error.settle_time.count()},
          {"context", error.context}};
}

OrderedJson reconciliation_to_json(const model::journal::ReconciliationResult& result) {
  return {{"source_count", result.source_count}, {"exported_rows", result.exported_rows}, {"matched", result.matched}};
}

OrderedJson warnings_to_json(const std::vector<std::pair<std::string, std::string>>& warnings) {
  auto list = OrderedJson::array();
  for (const auto& [rule, message] : warnings) list.push_back({{"rule", rule}, {"message", message}});
  return list;
}

ApplyContext read_apply_context(FieldReader fields) {
  return {.plan_id = fields.text("plan_id"),
          .forced = fields.boolean("forced"),
          .force_bypassed = fields.texts("force_bypassed")};
}

ErrorKind kind_named(FieldReader& fields, const std::string& name) {
  for (int i = 0; i <= static_cast<int>(ErrorKind::internal); ++i) {
    if (base::name_of(static_cast<ErrorKind>(i)) == name) return static_cast<ErrorKind>(i);
  }
  fields.refuse("there is no error of kind " + name);
  return ErrorKind::internal;
}

Error read_error(FieldReader fields) {
  return {.kind = kind_named(fields, fields.text("kind")),
          .message = fields.text("message"),
          .code = fields.text("code"),
          .hint = fields.text("hint"),
          .vendor_code = fields.text("vendor_code"),
          .settle_time = std::chrono::milliseconds(fields.count("settle_time_ms")),
          .context = fields.texts("context")};
}

std::vector<std::pair<std::string, std::string>> read_warnings(FieldReader& fields, const char* key) {
  std::vector<std::pair<std::string, std::string>> out;
  const auto& list = fields.array(key);
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto warning = fields.element(list[i], key, i);
    out.emplace_back(warning.text("rule"), warning.text("message"));
  }
  return out;
}

/// What may be absent.
void read_rest(FieldReader& fields, RunOutcome& out) {
  if (fields.has("validated")) out.validated = fields.boolean("validated");
  if (fields.has("reconciliation")) {
    auto result = fields.object("reconciliation");
    out.reconciliation = {.source_count = result.count("source_count"),
                          .exported_rows = result.count("exported_rows"),
                          .matched = result.boolean("matched")};
  }
  if (fields.has("error")) out.error = read_error(fields.object("error"));
  if (fields.has("skip_reason")) out.skip_reason = fields.text("skip_reason");
  if (fields.has("apply_context")) out.apply_context = read_apply_context(fields.object("apply_context"));
  if (fields.has("prediction")) out.prediction = model::read_prediction(fields.object("prediction"));
}

}  // namespace

OrderedJson apply_context_json(const std::optional<ApplyContext>& context) {
  if (!context) return nullptr;
  return {{"plan_id", context->plan_id}, {"forced", context->forced}, {"force_bypassed", context->force_bypassed}};
}

OrderedJson outcome_to_json(const RunOutcome& outcome) {
  return {{"export_name", outcome.export_name},
          {"run_id", outcome.run_id},
          {"status", outcome.status},
          {"mode", outcome.mode},
          {"source_engine", outcome.source_engine},
          {"destination_kind", outcome.destination_kind},
          {"destination_uri", outcome.destination_uri},
          {"format", outcome.format},
          {"compression", outcome.compression},
          {"tuning_profile", outcome.tuning_profile},
          {"started_at", base::to_rfc3339(outcome.started_at)},
          {"finished_at", base::to_rfc3339(outcome.finished_at)},
          {"duration_ms", outcome.duration_ms},
          {"batch_size", outcome.batch_size},
          {"rows", outcome.rows},
          {"files", outcome.files},
          {"bytes_written", outcome.bytes_written},
          {"bytes_read", outcome.bytes_read},
          {"statements", outcome.statements},
          {"peak_rss_mb", outcome.peak_rss_mb},
          {"retries", outcome.retries},
          {"pg_temp_bytes_delta", or_null(outcome.pg_temp_bytes_delta)},
          {"longest_unit_ms", or_null(outcome.longest_unit_ms)},
          {"validated", or_null(outcome.validated)},
          {"manifest_ok", outcome.manifest_ok},
          {"reconciliation", outcome.reconciliation ? reconciliation_to_json(*outcome.reconciliation) : nullptr},
          {"schema_changed", outcome.schema_changed},
          {"schema_changes", outcome.schema_changes},
          {"plan_warnings", warnings_to_json(outcome.plan_warnings)},
          {"warnings", outcome.warnings},
          {"error", outcome.error ? error_to_json(*outcome.error) : nullptr},
          {"skip_reason", or_null(outcome.skip_reason)},
          {"resumable", outcome.resumable},
          {"resume_command", outcome.resume_command},
          {"took_over", outcome.took_over},
          {"digest", outcome.digest},
          {"generation", outcome.generation},
          {"apply_context", apply_context_json(outcome.apply_context)},
          {"prediction", outcome.prediction ? model::to_json(*outcome.prediction) : nullptr}};
}

Result<RunOutcome> outcome_from_json(const Json& json) {
  FieldReader fields(json, "outcome");
  RunOutcome out{.export_name = fields.text("export_name"),
                 .run_id = fields.text("run_id"),
                 .status = fields.text("status"),
                 .mode = fields.text("mode"),
                 .source_engine = fields.text("source_engine"),
                 .destination_kind = fields.text("destination_kind"),
                 .destination_uri = fields.text("destination_uri"),
                 .format = fields.text("format"),
                 .compression = fields.text("compression"),
                 .tuning_profile = fields.text("tuning_profile"),
                 .started_at = fields.time("started_at"),
                 .finished_at = fields.time("finished_at"),
                 .duration_ms = fields.count("duration_ms"),
                 .batch_size = fields.count("batch_size"),
                 .rows = fields.count("rows"),
                 .files = fields.count("files"),
                 .bytes_written = fields.count("bytes_written"),
                 .bytes_read = fields.count("bytes_read"),
                 .peak_rss_mb = fields.count("peak_rss_mb"),
                 .retries = fields.count("retries"),
                 .statements = fields.count("statements"),
                 .pg_temp_bytes_delta = fields.optional_count("pg_temp_bytes_delta"),
                 .longest_unit_ms = fields.optional_count("longest_unit_ms"),
                 .manifest_ok = fields.boolean("manifest_ok"),
                 .schema_changed = fields.boolean("schema_changed"),
                 .schema_changes = fields.texts("schema_changes"),
                 .plan_warnings = read_warnings(fields, "plan_warnings"),
                 .warnings = fields.texts("warnings"),
                 .resumable = fields.boolean("resumable"),
                 .resume_command = fields.text("resume_command"),
                 .took_over = fields.boolean("took_over"),
                 .digest = fields.text("digest"),
                 .generation = fields.count("generation")};
  read_rest(fields, out);
  TRY(fields.finish());
  return out;
}

}  // namespace rivet::report
