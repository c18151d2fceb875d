// SPDX-License-Identifier: Apache-2.0
// Numbers from the configuration, from the store and from the run itself.
#include "run/outcome.hpp"

#include <chrono>

namespace rivet::run {

std::string first_run_id(const std::string& export_name, base::Timestamp at) {
  return export_name + "_" + base::to_run_stamp(at);
}

report::RunOutcome expected_outcome(const config::Config& config, const config::Export& entry, base::Timestamp now) {
  report::RunOutcome outcome;
  outcome.export_name = entry.name;
  outcome.mode = config::name_of(entry.mode);
  outcome.source_engine = config::name_of(config.source.type);
  outcome.destination_kind = config::name_of(entry.destination.type);
  outcome.format = config::name_of(entry.format);
  outcome.compression = entry.format == config::FileFormat::csv ? "none" : config::name_of(entry.compression);
  outcome.tuning_profile = entry.tuning.profile;
  outcome.batch_size = entry.tuning.batch_size;
  outcome.started_at = now;
  outcome.status = "failed";
  return outcome;
}

void add_what_is_stored(state::StateStore& store, const std::string& run_id, bool sealed, report::RunOutcome& outcome) {
  if (sealed) {
    model::Digest digest;
    if (const auto parts = store.files({.run_id = run_id, .limit = 0}); parts) {
      for (const auto& file : *parts) {
        ++outcome.files;
        outcome.bytes_written += file.part.size_bytes;
        digest += file.part.digest;
      }
      outcome.digest = model::to_string(digest);
    }
  }
  if (const auto run = store.run(run_id); run && *run && (*run)->longest_unit) {
    outcome.longest_unit_ms = std::chrono::duration_cast<std::chrono::milliseconds>(*(*run)->longest_unit).count();
  }
}

void record_metrics(const Environment& environment, const config::Export& entry, const model::Plan* plan,
                    const report::RunOutcome& outcome, bool sealed) {
  const auto run_id = outcome.run_id.empty() ? first_run_id(entry.name, outcome.started_at) : outcome.run_id;
  std::optional<std::string> message, error_class, fingerprint;
  if (outcome.error) {
    message = outcome.error->to_string();
    error_class = std::string(base::exit_class_of(outcome.error->kind));
  }
  std::optional<bool> reconciled;
  std::optional<std::int64_t> source_count;
  if (const auto& result = outcome.reconciliation) {
    reconciled = result->matched;
    source_count = result->source_count;
  }
  if (plan != nullptr) fingerprint = model::schema_fingerprint(plan->columns);
  const auto written =
      environment.store.apply(state::MetricsRecorded{.export_name = entry.name,
                                                     .run_id = run_id,
                                                     .run_at = outcome.finished_at,
                                                     .duration_ms = outcome.duration_ms,
                                                     .total_rows = outcome.rows,
                                                     .peak_rss_mb = outcome.peak_rss_mb,
                                                     .status = outcome.status,
                                                     .error_message = message,
                                                     .tuning_profile = outcome.tuning_profile,
                                                     .format = outcome.format,
                                                     .mode = outcome.mode,
                                                     .files_produced = outcome.files,
                                                     .bytes_written = outcome.bytes_written,
                                                     .bytes_read = outcome.bytes_read,
                                                     .retries = outcome.retries,
                                                     .validated = outcome.validated,
                                                     .reconciled = reconciled,
                                                     .source_count = source_count,
                                                     .schema_changed = outcome.schema_changed,
                                                     .quality_passed = sealed ? std::optional(true) : std::nullopt,
                                                     .pg_temp_bytes_delta = outcome.pg_temp_bytes_delta,
                                                     .batch_size = outcome.batch_size,
                                                     .batch_size_memory_mb = entry.tuning.batch_size_memory_mb,
                                                     .longest_chunk_ms = outcome.longest_unit_ms,
                                                     .skip_reason = outcome.skip_reason,
                                                     .schema_fingerprint = fingerprint,
                                                     .error_class = error_class,
                                                     .source_type = outcome.source_engine,
                                                     .destination_type = outcome.destination_kind,
                                                     .rivet_version = RIVET_VERSION});
  if (!written) environment.log.warn("metrics of {}: {}", run_id, written.error().to_string());
}

}  // namespace rivet::run
