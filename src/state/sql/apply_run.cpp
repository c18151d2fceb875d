// SPDX-License-Identifier: Apache-2.0
// Updates that move a run from stage to stage.
#include <set>

#include <fmt/format.h>

#include "model/column_json.hpp"
#include "state/sql/apply.hpp"
#include "state/sql/rows.hpp"
#include "state/sql/statements.hpp"

namespace rivet::state::sql {
namespace {

bool is_unfinished(const RunView& run) { return run.stage == RunStage::running || run.stage == RunStage::sealed; }

tl::unexpected<Error> conflict(std::string message, std::string hint = {}) {
  return fail(ErrorKind::conflict, std::move(message), std::move(hint));
}

Result<void> require_holder(const RunView& run, const Owner& owner) {
  if (run.owner == owner) return {};
  return conflict(fmt::format("{} is not held by {}", describe(run), owner));
}

Result<void> require_running(const RunView& run) {
  if (run.stage == RunStage::running) return {};
  return conflict(fmt::format("{} is not running", describe(run)));
}

Result<void> check_plan(const RunStarted& update) {
  std::set<int> indices;
  for (const auto& unit : update.units) {
    if (unit.index < 0 || !indices.insert(unit.index).second) {
      return fail(ErrorKind::internal,
                  fmt::format("run {} plans unit {} twice or below zero", update.run_id, unit.index));
    }
  }
  if (update.run_id.empty() || update.export_name.empty() || update.owner.empty() || update.max_attempts < 1) {
    return fail(ErrorKind::internal, "a run needs an id, an export, an owner and at least one attempt");
  }
  return {};
}

Result<void> check_start(Connection& db, const RunStarted& update) {
  const auto other = TRY(read_first(db.start(kSelectUnfinishedAt, update.export_name, update.prefix), read_run));
  if (other) {
    return conflict(fmt::format("{} is not finished", describe(*other)),
                    "wait until it ends; with --resume join it, or take it over when its process is dead");
  }
  const auto same = TRY(read_first(db.start(kSelectRun, update.run_id), read_run));
  if (!same) return {};
  return fail(Error{.kind = ErrorKind::conflict,
                    .message = fmt::format("the run id is taken: {}", describe(*same)),
                    .code = std::string(kRunIdTaken)});
}

/// The generation after the export's latest one at the prefix.
Result<std::int64_t> next_generation(Connection& db, const RunView& run) {
  return TRY(current_generation(db, run.export_name, run.prefix)) + 1;
}

Result<void> require_complete(Connection& db, const RunView& run) {
  auto rows = db.start(kCountIncomplete, run.run_id);
  if (!TRY(rows.next())) return fail(ErrorKind::internal, "no count of units");
  const auto incomplete = rows.integer(), first = rows.integer();
  if (incomplete == 0) return {};
  return conflict(
      fmt::format("{} has {} units that are not completed, the first is unit {}", describe(run), incomplete, first));
}

Result<void> insert_replaced(Connection& db, const std::string& run_id, int unit, const model::UnitRef& replaced) {
  if (!TRY(read_first(db.start(kSelectUnit, replaced.run_id, replaced.index), read_unit))) {
    return conflict(fmt::format("there is no unit {} of run {} to replace", replaced.index, replaced.run_id));
  }
  return db.run(kInsertReplaced, run_id, unit, replaced.run_id, replaced.index);
}

/// What a run replaces must be part of the export's current generation.
Result<void> require_replaceable(Connection& db, const std::string& run_id, const std::string& export_name,
                                 const std::string& prefix) {
  const auto gone = TRY(read_first(db.start(kSelectNotLive, run_id, export_name, prefix), read_unit_ref));
  if (!gone) return {};
  return conflict(fmt::format("unit {} of run {} is not part of the current output of export '{}' any more",
                              gone->index, gone->run_id, export_name),
                  "another run has replaced it: reconcile again");
}

/// The rows of a repair are remembered where, and only where, those of the units that it replaces were.
Result<void> take_memory_over(Connection& db, const std::string& run_id) {
  TRY(db.run(kDropUnasked, run_id));
  TRY(db.run(kInheritRecent, run_id));
  return db.run(kDropReplacedRecent, run_id);
}

/// Takes what the run replaces out of the generations from this one on.
Result<void> supersede(Connection& db, const RunView& run, const RunSealed& update, std::int64_t generation) {
  if (TRY(is_repair(db, run.run_id))) {
    TRY(require_replaceable(db, run.run_id, run.export_name, run.prefix));
    if (!update.append) return fail(ErrorKind::internal, "a repair cannot replace the whole output");
    TRY(db.run(kSupersedeReplacedUnits, run.run_id, generation));
    return db.run(kSupersedeReplacedParts, run.run_id, generation);
  }
  if (update.append) return {};
  TRY(db.run(kSupersedeUnits, run.export_name, run.prefix, generation));
  return db.run(kSupersedeParts, run.export_name, run.prefix, generation);
}

Result<void> store_seal(Connection& db, const RunView& run, const RunSealed& update, std::int64_t generation) {
  std::optional<std::string> cursor, position;
  if (update.position) {
    cursor = model::display_cursor(update.position->cursor);
    position = model::to_json_text(*update.position);
  }
  return db.run(kSealRun, run.run_id, update.at, generation, update.append, cursor, position, update.recent_limit);
}

}  // namespace

Result<bool> is_repair(Connection& db, const std::string& run_id) {
  return TRY(read_first(db.start(kCountReplaced, run_id), read_number)).value_or(0) > 0;
}

Result<std::int64_t> current_generation(Connection& db, const std::string& export_name, const std::string& prefix) {
  return TRY(read_first(db.start(kSelectGeneration, export_name, prefix), read_number)).value_or(0);
}

std::int64_t micros_of(base::Timestamp at) { return at.time_since_epoch().count(); }

std::string describe(const RunView& run) {
  return fmt::format("run {} of export '{}' (stage {}, status {}, started {}, held by {} with a lease until {})",
                     run.run_id, run.export_name, name_of(run.stage), run.status, base::to_display(run.started_at),
                     run.owner, base::to_display(run.lease_until));
}

Result<RunView> existing_run(Execution rows, const std::string& run_id) {
  auto run = TRY(read_first(std::move(rows), read_run));
  if (!run) return conflict(fmt::format("there is no run {}", run_id));
  return std::move(*run);
}

Result<RunView> lock_run(Connection& db, const std::string& run_id) {
  return existing_run(db.start(kLockRun, run_id), run_id);
}

Result<RunView> share_run(Connection& db, const std::string& run_id) {
  return existing_run(db.start(kShareRun, run_id), run_id);
}

Result<void> lock_export_of(Connection& db, const std::string& run_id) {
  const auto export_name = TRY(read_first(db.start(kSelectExportOfRun, run_id), read_text));
  if (!export_name) return {};
  return db.lock_export(*export_name);
}

Result<void> apply(Connection& db, const RunStarted& update) {
  TRY(check_plan(update));
  TRY(db.lock_export(update.export_name));
  TRY(check_start(db, update));
  TRY(db.run(kInsertRun, update.run_id, update.export_name, update.prefix, update.plan_hash, update.plan_json,
             update.mode, update.nonce, update.format, update.compression, update.owner, micros_of(update.lease_until),
             update.at, update.max_attempts));
  for (const auto& unit : update.units) {
    TRY(db.run(kInsertUnit, update.run_id, unit.index, model::to_text(unit.predicate), unit.start_key, unit.end_key,
               unit.reason, update.at, unit.replaces ? unit.replaces->number : unit.index));
    if (!unit.replaces) continue;
    for (const auto& replaced : unit.replaces->units) TRY(insert_replaced(db, update.run_id, unit.index, replaced));
  }
  return require_replaceable(db, update.run_id, update.export_name, update.prefix);
}

Result<void> apply(Connection& db, const RunTakenOver& update) {
  const auto run = TRY(lock_run(db, update.run_id));
  if (!is_unfinished(run)) return conflict(fmt::format("{} is finished", describe(run)));
  TRY(require_holder(run, update.previous_owner));
  if (run.owner == update.owner && run.lease_until >= update.at) {
    return conflict(fmt::format("{} is held by this process already", describe(run)));
  }
  TRY(db.run(kReleaseUnitsOf, run.run_id, update.previous_owner, update.at, micros_of(update.at)));
  return db.run(kUpdateHolder, run.run_id, update.owner, micros_of(update.lease_until));
}

Result<void> apply(Connection& db, const LeaseRenewed& update) {
  const auto run = TRY(update.joined ? share_run(db, update.run_id) : lock_run(db, update.run_id));
  if (!update.joined) TRY(require_holder(run, update.owner));
  if (!is_unfinished(run)) return conflict(fmt::format("{} is finished", describe(run)));
  TRY(db.run(kRenewUnits, run.run_id, update.owner, micros_of(update.lease_until)));
  if (update.joined) return {};
  return db.run(kUpdateLease, run.run_id, micros_of(update.lease_until));
}

Result<void> apply(Connection& db, const UnitsReleased& update) {
  const auto run = TRY(lock_run(db, update.run_id));
  TRY(require_running(run));
  if (run.owner == update.owner) return conflict(fmt::format("{} is held by the worker to release", describe(run)));
  return db.run(kReleaseUnitsOf, run.run_id, update.owner, update.at, micros_of(update.at));
}

Result<void> apply(Connection& db, const RunSealed& update) {
  TRY(lock_export_of(db, update.run_id));
  const auto run = TRY(lock_run(db, update.run_id));
  TRY(require_running(run));
  TRY(require_holder(run, update.owner));
  if (update.recent_limit < 0) return fail(ErrorKind::internal, "a limit of remembered rows is below zero");
  TRY(require_complete(db, run));
  const auto generation = TRY(next_generation(db, run));
  TRY(db.run(kInsertGeneration, run.export_name, run.prefix, generation, run.run_id, update.at));
  TRY(supersede(db, run, update, generation));
  TRY(db.run(kAddParts, run.run_id, generation));
  return store_seal(db, run, update, generation);
}

Result<void> apply(Connection& db, const RunPublished& update) {
  TRY(lock_export_of(db, update.run_id));
  const auto run = TRY(lock_run(db, update.run_id));
  if (run.stage == RunStage::published) return {};
  if (run.stage != RunStage::sealed) return conflict(fmt::format("{} is not sealed", describe(run)));
  TRY(db.run(kPublishRun, run.run_id, update.at));
  TRY(db.run(kDeleteHashes, run.run_id));
  if (TRY(is_repair(db, run.run_id))) return take_memory_over(db, run.run_id);
  TRY(db.run(kUpsertSchema, run.export_name, model::columns_to_json_text(update.columns), update.at));
  for (const auto& [column, bytes] : update.shapes) {
    TRY(db.run(kUpsertShape, run.export_name, column, bytes, update.at));
  }
  return store_progress(db, run, update.at);
}

Result<void> end_run(Connection& db, const RunView& run, std::string_view status, std::string_view error,
                     base::Timestamp at) {
  TRY(db.run(kReleaseUnits, run.run_id, at));
  TRY(db.run(kDeleteRecentOfRun, run.run_id));
  TRY(db.run(kDeleteHashes, run.run_id));
  return db.run(kEndRun, run.run_id, status, error, at);
}

Result<void> apply(Connection& db, const RunReleased& update) {
  const auto run = TRY(lock_run(db, update.run_id));
  TRY(require_running(run));
  TRY(require_holder(run, update.owner));
  TRY(db.run(kReleaseUnitsOf, run.run_id, update.owner, update.at, micros_of(update.at)));
  return db.run(kUpdateLease, run.run_id, micros_of(update.at));
}

Result<void> apply(Connection& db, const RunEnded& update) {
  if (update.status != "failed" && update.status != "interrupted" && update.status != "skipped") {
    return fail(ErrorKind::internal, fmt::format("a run cannot end with status '{}'", update.status));
  }
  const auto run = TRY(lock_run(db, update.run_id));
  TRY(require_running(run));
  TRY(require_holder(run, update.owner));
  return end_run(db, run, update.status, update.error, update.at);
}

Result<void> apply(Connection& db, const RunSwept& update) {
  const auto run = TRY(lock_run(db, update.run_id));
  if (run.stage != RunStage::ended) return conflict(fmt::format("{} has not ended", describe(run)));
  return db.run(kSweptRun, update.run_id);
}

}  // namespace rivet::state::sql
