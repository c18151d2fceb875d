// SPDX-License-Identifier: Apache-2.0
// Values of the model from rows of the store.
#include "state/sql/rows.hpp"

#include <algorithm>
#include <array>

#include "base/hash.hpp"

namespace rivet::state::sql {
namespace {

constexpr std::array kStages{RunStage::running, RunStage::sealed, RunStage::published, RunStage::ended};
constexpr std::array kStatuses{model::UnitStatus::pending, model::UnitStatus::running, model::UnitStatus::completed,
                               model::UnitStatus::failed};

base::Timestamp from_micros(std::int64_t micros) { return base::Timestamp(std::chrono::microseconds(micros)); }

/// The digest in the next column; no text stands for none.
model::Digest read_digest(Execution& row) {
  const auto text = row.text();
  if (text.empty()) return {};
  auto digest = model::parse_digest(text);
  if (digest.has_value()) return std::move(digest).take();
  row.refuse("a digest is malformed");
  return {};
}

/// The hash of a part in the next column: what is read here is published in a manifest.
std::string read_fingerprint(Execution& row) {
  auto text = row.text();
  if (!base::is_xxh3_label(text)) row.refuse("the fingerprint of a part is malformed");
  return text;
}

std::optional<model::Position> read_position(Execution& row) {
  const auto text = row.optional_text();
  if (!text) return std::nullopt;
  auto position = model::position_from_json_text(*text);
  if (position.has_value()) return std::move(position).take();
  row.refuse("a position is malformed");
  return std::nullopt;
}

/// The boundary in the next five columns, strategy first; nothing when there is no strategy.
std::optional<Boundary> read_boundary(Execution& row) {
  const auto strategy = row.optional_text();
  Boundary boundary;
  boundary.strategy = strategy.value_or("");
  boundary.cursor = row.optional_text();
  boundary.chunk_index = row.optional_integer();
  boundary.run_id = row.text();
  boundary.at = row.optional_time();
  if (!strategy) return std::nullopt;
  return boundary;
}

model::Unit read_plan_of_unit(Execution& row) {
  model::Unit unit{.index = row.small_integer(), .predicate = {}};
  if (auto predicate = model::predicate_from_text(row.text())) {
    unit.predicate = std::move(*predicate);
  } else {
    row.refuse("a unit has a predicate that this version cannot read");
  }
  unit.start_key = row.text();
  unit.end_key = row.text();
  unit.reason = row.text();
  return unit;
}

model::Part read_part(Execution& row) {
  model::Part part;
  part.run_id = row.text();
  part.unit_index = row.small_integer();
  part.epoch = row.small_integer();
  part.path = row.text();
  part.rows = row.integer();
  part.size_bytes = row.integer();
  part.content_fingerprint = read_fingerprint(row);
  part.content_md5 = row.text();
  part.digest = read_digest(row);
  part.created_at = row.time();
  return part;
}

}  // namespace

RunView read_run(Execution& row) {
  RunView run;
  run.run_id = row.text();
  run.export_name = row.text();
  run.prefix = row.text();
  run.plan_hash = row.text();
  run.plan_json = row.text();
  run.mode = row.text();
  run.nonce = row.text();
  run.stage = read_word(row, kStages, "a run has an unknown stage");
  run.status = row.text();
  run.owner = row.text();
  run.started_at = row.time();
  run.lease_until = from_micros(row.integer());
  run.finished_at = row.optional_time();
  run.sealed_at = row.optional_time();
  run.generation = row.integer();
  run.error = row.text();
  run.max_attempts = row.integer();
  run.format = row.text();
  run.compression = row.text();
  run.append = row.boolean();
  if (const auto micros = row.optional_integer()) run.longest_unit = std::chrono::microseconds(*micros);
  run.position = read_position(row);
  run.recent_limit = row.integer();
  return run;
}

UnitView read_unit(Execution& row) {
  UnitView view;
  view.unit = read_plan_of_unit(row);
  view.status = read_word(row, kStatuses, "a unit has an unknown status");
  view.attempts = row.small_integer();
  view.epoch = row.small_integer();
  view.owner = row.text();
  view.rows = row.integer();
  view.last_error = row.text();
  view.snapshot = row.text();
  view.gates_json = row.text();
  view.read_at = row.optional_time();
  view.digest = read_digest(row);
  view.updated_at = row.time();
  view.lease_until = from_micros(row.integer());
  view.number = row.small_integer();
  return view;
}

LiveUnit read_live_unit(Execution& row) {
  LiveUnit live{.view = read_unit(row), .run_id = {}};
  live.run_id = row.text();
  return live;
}

model::UnitRef read_unit_ref(Execution& row) {
  model::UnitRef ref;
  ref.run_id = row.text();
  ref.index = row.small_integer();
  return ref;
}

RecentGroup read_recent_group(Execution& row) {
  RecentGroup group;
  group.run_id = row.text();
  group.unit_index = static_cast<int>(row.integer());
  group.after = row.optional_text();
  group.of_null = row.boolean();
  group.digests = row.blob();
  return group;
}

ProgressionView read_progression(Execution& row) {
  ProgressionView view;
  view.export_name = row.text();
  view.committed = read_boundary(row);
  view.verified = read_boundary(row);
  return view;
}

std::int64_t read_number(Execution& row) { return row.integer(); }

std::string read_text(Execution& row) { return row.text(); }

std::string read_blob(Execution& row) { return row.blob(); }

FileView read_file(Execution& row) {
  FileView file{.part = read_part(row)};
  file.export_name = row.text();
  file.format = row.text();
  file.compression = row.text();
  file.status = row.text();
  file.generation_superseded = row.optional_integer();
  return file;
}

MetricsRecorded read_metrics(Execution& row) {
  MetricsRecorded metrics;
  metrics.export_name = row.text();
  metrics.run_id = row.text();
  metrics.run_at = row.time();
  metrics.duration_ms = row.integer();
  metrics.total_rows = row.integer();
  metrics.peak_rss_mb = row.optional_integer();
  metrics.status = row.text();
  metrics.error_message = row.optional_text();
  metrics.tuning_profile = row.text();
  metrics.format = row.text();
  metrics.mode = row.text();
  metrics.files_produced = row.integer();
  metrics.bytes_written = row.integer();
  metrics.bytes_read = row.integer();
  metrics.retries = row.integer();
  metrics.validated = row.optional_boolean();
  metrics.reconciled = row.optional_boolean();
  metrics.source_count = row.optional_integer();
  metrics.schema_changed = row.optional_boolean();
  metrics.quality_passed = row.optional_boolean();
  metrics.pg_temp_bytes_delta = row.optional_integer();
  metrics.batch_size = row.optional_integer();
  metrics.batch_size_memory_mb = row.optional_integer();
  metrics.longest_chunk_ms = row.optional_integer();
  metrics.skip_reason = row.optional_text();
  metrics.schema_fingerprint = row.optional_text();
  metrics.error_class = row.optional_text();
  metrics.source_type = row.text();
  metrics.destination_type = row.text();
  metrics.rivet_version = row.text();
  return metrics;
}

}  // namespace rivet::state::sql
