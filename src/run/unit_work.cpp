// SPDX-License-Identifier: Apache-2.0
// Puts a unit's read, gates, parts and commit together, and decides what a failure means.
#include "run/unit_work.hpp"

#include <algorithm>
#include <utility>

#include <arrow/record_batch.h>
#include <fmt/format.h>

#include "base/fault_point.hpp"
#include "run/part_names.hpp"
#include "run/quarantine.hpp"
#include "source/retry.hpp"

namespace rivet::run {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kMegabyte = 1LL << 20;
constexpr std::int64_t kBatchBytes = 1 * kMegabyte;

source::BatchLimits batch_limits(const config::Tuning& tuning) {
  source::BatchLimits limits{.rows = tuning.batch_size, .bytes = kBatchBytes};
  for (const auto& cap : {tuning.batch_size_memory_mb, tuning.max_batch_memory_mb}) {
    if (cap) limits.bytes = std::min(limits.bytes, *cap * kMegabyte);
  }
  if (tuning.max_value_mb > 0) limits.value_bytes = tuning.max_value_mb * kMegabyte;
  return limits;
}

/// A batch can only be larger than `max_batch_memory_mb` when one row is: it cannot be cut further.
Result<void> check_batch_memory(const HeldRun& run, const arrow::RecordBatch& rows) {
  const auto& tuning = run.entry.tuning;
  if (!tuning.max_batch_memory_mb) return {};
  const auto size = batch::byte_size(rows);
  if (size <= *tuning.max_batch_memory_mb * kMegabyte) return {};
  const auto message =
      fmt::format("a batch of {} rows takes {} bytes, more than max_batch_memory_mb", rows.num_rows(), size);
  if (tuning.on_batch_memory_exceeded == config::Tuning::OnBatchMemory::fail) {
    return fail(ErrorKind::permanent, message);
  }
  run.recorder.record(model::journal::Warning{.context = "batch memory", .message = message});
  return {};
}

source::SessionOptions session_options(const HeldRun& run) {
  auto options = inspect::probe_options(run.environment.access(), run.entry);
  options.snapshot = run.plan.snapshot;
  return options;
}

ExtractJob job_for(const HeldRun& run, const state::UnitClaim& claim, RunProgress::Attempt& progress) {
  const auto stem = unit_stem(run_stem(run.run_id, run.plan.export_name, run.nonce), claim.unit.index);
  return {.request = {.relation = run.plan.relation,
                      .columns = run.plan.source_columns,
                      .predicate = claim.unit.predicate,
                      .limits = batch_limits(run.entry.tuning)},
          .meta_columns = run.meta_columns,
          .destination = run.destination,
          .format = run.format,
          .parts = {.run_id = run.run_id,
                    .file_stem = claim_stem(stem, claim.epoch),
                    .unit_index = claim.unit.index,
                    .epoch = claim.epoch,
                    .columns = run.plan.columns,
                    .max_file_size = run.plan.max_file_size},
          .budget = run.environment.budget,
          .clock = run.environment.clock,
          .observe = [&run, &progress](const arrow::RecordBatch& rows, std::int64_t rows_total,
                                       std::int64_t bytes_read) -> Result<void> {
            progress.advanced(rows_total, bytes_read);
            return check_batch_memory(run, rows);
          }};
}

void tell(const HeldRun& run, const state::UnitClaim& claim, report::UnitNews::What what, std::int64_t rows = 0,
          std::string message = {}) {
  run.environment.progress.unit({.what = what,
                                 .export_name = run.plan.export_name,
                                 .run_id = run.run_id,
                                 .unit = claim.unit.index,
                                 .attempt = claim.attempt,
                                 .rows = rows,
                                 .message = std::move(message)});
}

Result<void> commit_unit(const HeldRun& run, const state::UnitClaim& claim, const Extracted& extracted,
                         const Gates& gates, const std::optional<batch::RowMemory>& memory) {
  const bool alone = run.plan.units.size() <= 1;
  TRY(run.environment.store.apply(
      state::UnitCommitted{.run_id = run.run_id,
                           .unit_index = claim.unit.index,
                           .epoch = claim.epoch,
                           .owner = run.owner,
                           .parts = extracted.parts,
                           .rows = extracted.rows,
                           .digest = extracted.digest,
                           .snapshot = extracted.instant.snapshot,
                           .read_at = extracted.instant.at,
                           .gates_json = to_json_text(gates.counts()),
                           .recent = memory ? run.recent->to_store(claim.unit, *memory) : std::nullopt,
                           .unique_hashes = alone ? std::map<std::string, std::string>() : gates.unique_hashes(),
                           .at = run.environment.clock.now()}));
  base::fault_point("unit_committed");
  std::int64_t part_index = 0;
  for (const auto& part : extracted.parts) {
    run.recorder.record(model::journal::FileWritten{
        .file_name = part.path, .rows = part.rows, .bytes = part.size_bytes, .part_index = part_index++});
  }
  std::optional<std::string> file;
  if (!extracted.parts.empty()) file = extracted.parts.front().path;
  run.recorder.record(model::journal::ChunkCompleted{
      .chunk_index = claim.unit.index, .rows = extracted.rows, .file_name = std::move(file)});
  tell(run, claim, report::UnitNews::What::committed, extracted.rows);
  return {};
}

}  // namespace

UnitInHand::UnitInHand(const HeldRun& run, state::UnitClaim claim, RunProgress& progress)
    : run_(run),
      claim_(std::move(claim)),
      gates_(run.entry.quality, run.plan.source_columns),
      memory_(run.recent == nullptr ? std::nullopt : std::optional(run.recent->memory_of(claim_.unit))),
      share_(progress) {}

Result<void> UnitInHand::read_from(SlotSession& session) {
  auto job = job_for(run_, claim_, share_);
  if (memory_) job.memory = &*memory_;
  unfinished_ = TRY(read_all(job, session, gates_));
  return {};
}

Result<UnitVolume> UnitInHand::finish() {
  const auto extracted = TRY(finish_parts(std::move(unfinished_), run_.environment.clock));
  TRY(commit_unit(run_, claim_, extracted, gates_, memory_));
  share_.keep();
  return UnitVolume{.rows = extracted.rows, .bytes = extracted.bytes_read};
}

Result<std::unique_ptr<UnitInHand>> UnitInHand::read(const HeldRun& run, const state::UnitClaim& claim,
                                                     std::unique_ptr<SlotSession>& session, RunProgress& progress,
                                                     const std::stop_token& stop) {
  run.recorder.record(model::journal::ChunkStarted{
      .chunk_index = claim.unit.index, .start_key = claim.unit.start_key, .end_key = claim.unit.end_key});
  tell(run, claim, report::UnitNews::What::started);
  if (claim.epoch > 1) {
    const auto stem = unit_stem(run_stem(run.run_id, run.plan.export_name, run.nonce), claim.unit.index);
    TRY(quarantine(run.destination, stem, {}, run.run_id));
  }
  if (session == nullptr) session = TRY(SlotSession::open(run.environment.source, session_options(run), stop));
  std::unique_ptr<UnitInHand> unit(new UnitInHand(run, claim, progress));
  TRY(unit->read_from(*session));
  return unit;
}

std::optional<milliseconds> plan_retry(const HeldRun& run, const state::UnitClaim& claim, const Error& error) {
  run.recorder.record(model::journal::ChunkFailed{
      .chunk_index = claim.unit.index, .error = error.to_string(), .attempt = claim.attempt});
  tell(run, claim, report::UnitNews::What::failed, 0, error.to_string());
  const bool out_of_attempts = claim.attempt >= max_attempts(run.entry);
  if (out_of_attempts || !source::may_retry(error) || !run.destination.capabilities().retry_safe) return std::nullopt;
  const auto pause = source::backoff(error, milliseconds(run.entry.tuning.retry_backoff_ms), claim.attempt);
  run.recorder.record(
      model::journal::RetryAttempted{.attempt = claim.attempt, .reason = error.message, .backoff_ms = pause.count()});
  run.environment.progress.note(run.plan.export_name, fmt::format("attempt {} failed: {}; trying again in {} ms",
                                                                  claim.attempt, error.message, pause.count()));
  return pause;
}

Result<void> record_failure_of_unit(const HeldRun& run, const state::UnitClaim& claim, const Error& error, bool final) {
  return run.environment.store.apply(state::UnitFailed{.run_id = run.run_id,
                                                       .unit_index = claim.unit.index,
                                                       .epoch = claim.epoch,
                                                       .owner = run.owner,
                                                       .error = error.to_string(),
                                                       .final = final && error.kind != ErrorKind::cancelled,
                                                       .at = run.environment.clock.now()});
}

}  // namespace rivet::run
