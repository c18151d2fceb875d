// SPDX-License-Identifier: Apache-2.0
// Claiming, committing and failing units.
#include <fmt/format.h>

#include "state/sql/apply.hpp"
#include "state/sql/rows.hpp"
#include "state/sql/statements.hpp"

namespace rivet::state::sql {
namespace {

constexpr std::size_t kKeyDigestBytes = 16, kValueHashBytes = 8;

tl::unexpected<Error> conflict(std::string message) { return fail(ErrorKind::conflict, std::move(message)); }

struct Claimed {
  RunView run;
  UnitView unit;
};

/// The run and its unit, locked, if `owner` and `epoch` are its current claim and the run still wants it.
template <class Update>
Result<Claimed> require_claim(Connection& db, const Update& update) {
  auto of_run = db.start(kShareRun, update.run_id);
  auto of_unit = db.start(kLockUnit, update.run_id, update.unit_index);
  auto run = TRY(existing_run(std::move(of_run), update.run_id));
  if (run.stage != RunStage::running) return conflict(fmt::format("{} is not running", describe(run)));
  auto unit = TRY(read_first(std::move(of_unit), read_unit));
  if (!unit) return conflict(fmt::format("run {} has no unit {}", update.run_id, update.unit_index));
  const bool current =
      unit->status == model::UnitStatus::running && unit->epoch == update.epoch && unit->owner == update.owner;
  if (current) return Claimed{.run = std::move(run), .unit = std::move(*unit)};
  return conflict(fmt::format("the claim of unit {} of run {} (epoch {}) is not current: the unit is {} in epoch {}{}",
                              update.unit_index, update.run_id, update.epoch, name_of(unit->status), unit->epoch,
                              unit->owner.empty() ? std::string() : " with " + unit->owner));
}

tl::unexpected<Error> malformed(const UnitCommitted& update, std::string_view what) {
  return fail(ErrorKind::internal, fmt::format("unit {} of run {}: {}", update.unit_index, update.run_id, what));
}

/// Rows and digest of the unit must be the sum of its parts, which must be of this claim.
Result<void> check_evidence(const UnitCommitted& update) {
  model::Digest sum;
  std::int64_t rows = 0;
  for (const auto& part : update.parts) {
    if (part.run_id != update.run_id || part.unit_index != update.unit_index || part.epoch != update.epoch) {
      return malformed(update, fmt::format("part '{}' belongs to another claim", part.path));
    }
    if (part.rows < 0 || part.size_bytes < 0 || __builtin_add_overflow(rows, part.rows, &rows)) {
      return malformed(update, fmt::format("part '{}' has impossible counts", part.path));
    }
    if (!mergeable(sum, part.digest)) return malformed(update, "the digests of its parts differ in their columns");
    sum += part.digest;
  }
  if (rows != update.rows) return malformed(update, fmt::format("{} rows, its parts hold {}", update.rows, rows));
  if (std::cmp_not_equal(update.digest.rows, update.rows)) return malformed(update, "rows and digest differ");
  if (!same_value(sum, update.digest)) return malformed(update, "its digest is not the sum of its parts' digests");
  return {};
}

Result<void> check_memory(const UnitCommitted& update) {
  if (update.recent && update.recent->digests.size() % kKeyDigestBytes != 0) {
    return malformed(update, "a row digest is torn");
  }
  for (const auto& [column, hashes] : update.unique_hashes) {
    if (hashes.size() % kValueHashBytes != 0) return malformed(update, fmt::format("a hash of '{}' is torn", column));
  }
  return {};
}

Result<void> remember(Connection& db, const RunView& run, const UnitCommitted& update) {
  if (update.recent) {
    const auto& recent = *update.recent;
    TRY(db.run(kInsertRecent, run.run_id, update.unit_index, run.export_name, recent.after, recent.of_null,
               recent.digests.size() / kKeyDigestBytes, Blob{recent.digests}));
  }
  for (const auto& [column, hashes] : update.unique_hashes) {
    TRY(db.run(kInsertHashes, run.run_id, update.unit_index, column, Blob{hashes}));
  }
  return {};
}

Result<void> insert_part(Connection& db, const RunView& run, const model::Part& part) {
  const auto taken = TRY(read_first(db.start(kSelectPathOwner, run.prefix, part.path), read_text));
  if (taken) return conflict(fmt::format("path '{}' is a part of run {} already", part.path, *taken));
  return db.run(kInsertPart, part.run_id, part.unit_index, part.epoch, part.path, part.rows, part.size_bytes,
                part.content_fingerprint, part.content_md5, to_string(part.digest), part.created_at, run.export_name,
                run.prefix, run.format, run.compression);
}

}  // namespace

Result<void> apply(Connection& db, const UnitCommitted& update) {
  TRY(check_evidence(update));
  TRY(check_memory(update));
  if (update.recent) TRY(lock_export_of(db, update.run_id));
  const auto claimed = TRY(require_claim(db, update));
  const auto& run = claimed.run;
  for (const auto& part : update.parts) TRY(insert_part(db, run, part));
  TRY(remember(db, run, update));
  return db.run(kCommitUnit, update.run_id, update.unit_index, update.rows, to_string(update.digest), update.snapshot,
                update.read_at, update.gates_json, update.at);
}

Result<void> apply(Connection& db, const UnitFailed& update) {
  const auto claimed = TRY(require_claim(db, update));
  const bool again = !update.final && claimed.unit.attempts < claimed.run.max_attempts;
  const auto status = again ? model::UnitStatus::pending : model::UnitStatus::failed;
  return db.run(kFailUnit, update.run_id, update.unit_index, name_of(status), update.error, update.at);
}

Result<void> apply(Connection& db, const UnitSplit& update) {
  const auto run = TRY(lock_run(db, update.run_id));
  if (run.stage != RunStage::running) return conflict(fmt::format("{} is not running", describe(run)));
  const auto last = TRY(read_first(db.start(kLastUnit, update.run_id), read_number));
  if (TRY(is_repair(db, update.run_id)) || last.value_or(0) < 1) {
    return conflict(fmt::format("{} has no units to split", describe(run)));
  }
  const auto unit = TRY(read_first(db.start(kLockUnit, update.run_id, update.unit_index), read_unit));
  if (!unit || unit->status != model::UnitStatus::pending || unit->epoch > 0) return {};
  const auto halves = model::halves_of(unit->unit.predicate, update.least);
  if (!halves) return {};
  const auto& cut = std::get<model::KeyRange>(halves->first.terms.front()).upper->values.front();
  TRY(db.run(kNarrowUnit, update.run_id, update.unit_index, model::to_text(halves->first), cut, update.at));
  return db.run(kInsertUnit, update.run_id, *last + 1, model::to_text(halves->second), cut, unit->unit.end_key,
                fmt::format("second half of unit {}", update.unit_index), update.at, *last + 1);
}

Result<void> apply(Connection& db, const UnitReopened& update) {
  const auto run = TRY(lock_run(db, update.run_id));
  if (run.owner != update.owner) return conflict(fmt::format("{} is not held by {}", describe(run), update.owner));
  if (run.stage != RunStage::running) return conflict(fmt::format("{} is not running", describe(run)));
  const auto unit = TRY(read_first(db.start(kLockUnit, update.run_id, update.unit_index), read_unit));
  if (!unit || unit->status != model::UnitStatus::completed) {
    return conflict(fmt::format("run {} has no completed unit {}", update.run_id, update.unit_index));
  }
  TRY(db.run(kDeletePartsOfUnit, update.run_id, update.unit_index));
  TRY(db.run(kDeleteRecentOfUnit, update.run_id, update.unit_index));
  TRY(db.run(kDeleteHashesOfUnit, update.run_id, update.unit_index));
  return db.run(kReopenUnit, update.run_id, update.unit_index, update.reason, update.at);
}

Result<std::optional<UnitClaim>> claim_unit(Connection& db, const std::string& run_id, const Owner& owner,
                                            base::Timestamp at, base::Timestamp lease_until) {
  auto of_run = db.start(kShareRun, run_id);
  auto pending = db.start(kSelectPendingUnit, run_id);
  const auto run = TRY(existing_run(std::move(of_run), run_id));
  if (run.stage == RunStage::ended) return conflict(fmt::format("{} has ended", describe(run)));
  if (run.stage != RunStage::running) return std::optional<UnitClaim>();
  auto unit = TRY(read_first(std::move(pending), read_unit));
  if (!unit) unit = TRY(read_first(db.start(kSelectExpiredUnit, run_id, micros_of(at)), read_unit));
  if (!unit) return std::optional<UnitClaim>();
  UnitClaim claim{.unit = std::move(unit->unit), .epoch = unit->epoch + 1, .attempt = unit->attempts + 1};
  TRY(db.run(kClaimUnit, run_id, claim.unit.index, owner, claim.epoch, claim.attempt, at, micros_of(lease_until)));
  return std::optional<UnitClaim>(std::move(claim));
}

}  // namespace rivet::state::sql
