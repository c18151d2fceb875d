// SPDX-License-Identifier: Apache-2.0
// Forgetting on request: an export's position, or runs that nobody will finish.
#include <algorithm>

#include <fmt/format.h>

#include "state/sql/apply.hpp"
#include "state/sql/rows.hpp"
#include "state/sql/statements.hpp"

namespace rivet::state::sql {
namespace {

constexpr std::string_view kForgotten = "its process died; the run was reset";

tl::unexpected<Error> conflict(std::string message) {
  return fail(Error{.kind = ErrorKind::conflict,
                    .message = std::move(message),
                    .code = "RIVET_RUN_IN_PROGRESS",
                    .hint = "wait for it to end, or stop it; if its machine is gone, wait for its lease to run out"});
}

/// Nobody who may be alive works on the run.
template <class Reset>
Result<void> require_dead(Connection& db, const RunView& run, const Reset& reset) {
  const auto lives = [&](const Owner& owner, base::Timestamp lease_until) {
    return lease_until > reset.at && std::find(reset.dead.begin(), reset.dead.end(), owner) == reset.dead.end();
  };
  if (lives(run.owner, run.lease_until)) return conflict(fmt::format("{} is in progress", describe(run)));
  for (const auto& unit : TRY(read_all(db.start(kSelectUnits, run.run_id), read_unit))) {
    if (unit.status != model::UnitStatus::running || !lives(unit.owner, unit.lease_until)) continue;
    return conflict(fmt::format("unit {} of {} is in progress with {}", unit.unit.index, describe(run), unit.owner));
  }
  return {};
}

Result<void> require_known(Connection& db, const std::string& export_name) {
  const auto known = TRY(read_all(db.start(kSelectKnownExports), read_text));
  if (std::find(known.begin(), known.end(), export_name) != known.end()) return {};
  return fail(unknown_export(db.location(), export_name, known));
}

}  // namespace

Result<void> apply(Connection& db, const ExportReset& update) {
  TRY(db.lock_export(update.export_name));
  TRY(require_known(db, update.export_name));
  for (const auto& run : TRY(read_all(db.start(kLockUnfinished, update.export_name), read_run))) {
    TRY(require_dead(db, run, update));
    if (run.stage == RunStage::running) TRY(end_run(db, run, "interrupted", kForgotten, update.at));
  }
  TRY(db.run(kForgetSealedPositions, update.export_name));
  TRY(db.run(kDeletePosition, update.export_name));
  TRY(db.run(kDeleteRecentOfExport, update.export_name));
  TRY(db.run(kDeleteProgression, update.export_name));
  return db.run(kDeleteExportState, update.export_name);
}

Result<void> apply(Connection& db, const ChunksReset& update) {
  for (const auto& run_id : update.run_ids) {
    const auto run = TRY(lock_run(db, run_id));
    if (run.stage != RunStage::running) return fail(ErrorKind::conflict, describe(run) + " is not running");
    TRY(require_dead(db, run, update));
    TRY(end_run(db, run, "interrupted", kForgotten, update.at));
  }
  return {};
}

}  // namespace rivet::state::sql
