// SPDX-License-Identifier: Apache-2.0
// Updates that only add records: journal, metrics, harm counters, aggregates.
#include <fmt/format.h>

#include "model/json_fields.hpp"
#include "state/sql/apply.hpp"
#include "state/sql/rows.hpp"
#include "state/sql/statements.hpp"

namespace rivet::state::sql {
namespace {

namespace journal = model::journal;

/// The chunk that an event is about, if it is about one.
std::optional<std::int64_t> chunk_of(const journal::Event& event) {
  if (const auto* started = std::get_if<journal::ChunkStarted>(&event)) return started->chunk_index;
  if (const auto* completed = std::get_if<journal::ChunkCompleted>(&event)) return completed->chunk_index;
  if (const auto* failed = std::get_if<journal::ChunkFailed>(&event)) return failed->chunk_index;
  return std::nullopt;
}

struct ChunkEvent {
  std::string name;
  base::Timestamp recorded_at;
};

ChunkEvent read_chunk_event(Execution& row) {
  ChunkEvent event;
  event.name = row.text();
  event.recorded_at = row.time();
  return event;
}

/// Pairs a completion with its latest start, as journal::LongestUnit does, before the completion is inserted.
Result<void> raise_longest_unit(Connection& db, const JournalAppended& update) {
  const auto* completed = std::get_if<journal::ChunkCompleted>(&update.entry.event);
  if (completed == nullptr) return {};
  const auto last =
      TRY(read_first(db.start(kSelectLastChunkEvent, update.run_id, completed->chunk_index), read_chunk_event));
  if (!last || last->name != "ChunkStarted") return {};
  const auto gap = update.entry.recorded_at - last->recorded_at;
  if (gap.count() < 0) return {};
  return db.run(kRaiseLongestUnit, update.run_id, gap.count());
}

std::optional<std::string> none_if_empty(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

}  // namespace

Result<void> apply(Connection& db, const JournalAppended& update) {
  TRY(db.lock_journal(update.run_id));
  TRY(raise_longest_unit(db, update));
  const auto json = journal::to_json(update.entry);
  return db.run(kInsertEvent, update.run_id, update.export_name, base::to_rfc3339_z(update.entry.recorded_at),
                journal::name_of(update.entry.event), chunk_of(update.entry.event), model::dump_json(json["event"]),
                none_if_empty(update.entry.entry_extra_json));
}

Result<void> apply(Connection& db, const MetricsRecorded& m) {
  TRY(db.run(kDeleteMetrics, m.run_id));
  return db.run(kInsertMetrics, m.export_name, m.run_id, m.run_at, m.duration_ms, m.total_rows, m.peak_rss_mb, m.status,
                m.error_message, none_if_empty(m.tuning_profile), none_if_empty(m.format), none_if_empty(m.mode),
                m.files_produced, m.bytes_written, m.bytes_read, m.retries, m.validated, m.reconciled, m.source_count,
                m.schema_changed, m.quality_passed, m.pg_temp_bytes_delta, m.batch_size, m.batch_size_memory_mb,
                m.longest_chunk_ms, m.skip_reason, m.schema_fingerprint, m.error_class, none_if_empty(m.source_type),
                none_if_empty(m.destination_type), none_if_empty(m.rivet_version));
}

Result<void> apply(Connection& db, const HarmRecorded& update) {
  for (const auto& [metric, delta] : update.deltas) {
    TRY(db.run(kInsertHarm, update.run_id, update.export_name, metric, delta, update.at));
  }
  return {};
}

Result<void> apply(Connection& db, const AggregateRecorded& a) {
  auto existing = db.start(kSelectAggregate, a.run_aggregate_id);
  if (TRY(existing.next())) {
    return fail(Error{.kind = ErrorKind::conflict,
                      .message = fmt::format("the aggregate id {} is taken", a.run_aggregate_id),
                      .code = std::string(kRunIdTaken)});
  }
  return db.run(kInsertAggregate, a.run_aggregate_id, a.started_at, a.finished_at, a.duration_ms, a.config_path,
                a.parallel_mode, a.total_exports, a.success_count, a.failed_count, a.skipped_count, a.total_rows,
                a.total_files, a.total_bytes, a.details_json);
}

}  // namespace rivet::state::sql
