// SPDX-License-Identifier: Apache-2.0
// Field names are those that users' scripts read; fields of ours come after them.
#include "report/aggregate.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "report/json.hpp"

namespace rivet::report {
namespace {

nlohmann::ordered_json details(const RunOutcome& run) {
  return {
      {"export_name", run.export_name},
      {"status", run.status},
      {"run_id", or_null(run.run_id)},
      {"rows", run.rows},
      {"files", run.files},
      {"bytes", run.bytes_written},
      {"bytes_read", run.bytes_read},
      {"duration_ms", run.duration_ms},
      {"mode", run.mode},
      {"error_message", run.error ? nlohmann::ordered_json(run.error->to_string()) : nullptr},
      {"error_code", run.error ? or_null(run.error->code) : nullptr},
      {"exit_class", run.error ? nlohmann::ordered_json(base::exit_class_of(run.error->kind)) : nullptr},
      {"skip_reason", or_null(run.skip_reason)},
      {"destination_uri", or_null(run.destination_uri)},
      {"peak_rss_mb", run.peak_rss_mb},
      {"retries", run.retries},
      {"longest_unit_ms", or_null(run.longest_unit_ms)},
      {"validated", or_null(run.validated)},
      {"schema_changed", run.schema_changed},
      {"warnings", run.warnings},
      {"resumable", run.resumable},
      {"resume_command", or_null(run.resume_command)},
      {"took_over", run.took_over},
      {"digest", or_null(run.digest)},
      {"generation", run.generation},
  };
}

nlohmann::ordered_json all_details(const Aggregate& aggregate) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& run : aggregate.runs) list.push_back(details(run));
  return list;
}

}  // namespace

std::string aggregate_id(base::Timestamp started_at, std::int64_t process) {
  auto stamp = base::to_run_stamp(started_at);
  std::erase(stamp, '.');
  return fmt::format("agg_{}_{}", stamp, process);
}

Totals total(const Aggregate& aggregate) {
  Totals totals;
  for (const auto& run : aggregate.runs) {
    totals.success += run.status == "success" ? 1 : 0;
    totals.skipped += run.status == "skipped" ? 1 : 0;
    totals.interrupted += run.status == "interrupted" ? 1 : 0;
    totals.failed += run.status == "failed" || run.status == "interrupted" ? 1 : 0;
    totals.rows += run.rows;
    totals.files += run.files;
    totals.bytes_written += run.bytes_written;
    totals.bytes_read += run.bytes_read;
    totals.verified = totals.verified || run.validated || run.reconciliation;
  }
  return totals;
}

nlohmann::ordered_json to_json(const Aggregate& aggregate) {
  const auto totals = total(aggregate);
  return {
      {"run_aggregate_id", aggregate.id},
      {"started_at", base::to_rfc3339(aggregate.started_at)},
      {"finished_at", base::to_rfc3339(aggregate.finished_at)},
      {"duration_ms", aggregate.duration_ms},
      {"config_path", aggregate.config_path},
      {"parallel_mode", aggregate.parallel_mode},
      {"total_exports", aggregate.runs.size()},
      {"success_count", totals.success},
      {"failed_count", totals.failed},
      {"skipped_count", totals.skipped},
      {"total_rows", totals.rows},
      {"total_files", totals.files},
      {"total_bytes", totals.bytes_written},
      {"total_bytes_read", totals.bytes_read},
      {"per_export", all_details(aggregate)},
      {"interrupted_count", totals.interrupted},
  };
}

state::AggregateRecorded to_record(const Aggregate& aggregate) {
  const auto totals = total(aggregate);
  return {.run_aggregate_id = aggregate.id,
          .started_at = aggregate.started_at,
          .finished_at = aggregate.finished_at,
          .duration_ms = aggregate.duration_ms,
          .config_path = aggregate.config_path,
          .parallel_mode = aggregate.parallel_mode,
          .total_exports = static_cast<std::int64_t>(aggregate.runs.size()),
          .success_count = totals.success,
          .failed_count = totals.failed,
          .skipped_count = totals.skipped,
          .total_rows = totals.rows,
          .total_files = totals.files,
          .total_bytes = totals.bytes_written,
          .details_json = dump_line(all_details(aggregate))};
}

}  // namespace rivet::report
