// SPDX-License-Identifier: Apache-2.0
// What publishing tells about an export: position, last run, remembered rows, progression.
#include <fmt/format.h>

#include "state/progression.hpp"
#include "state/sql/apply.hpp"
#include "state/sql/rows.hpp"
#include "state/sql/statements.hpp"

namespace rivet::state::sql {
namespace {

std::optional<std::string> cursor_of(const RunView& run) {
  if (!run.position || run.position->cursor.empty()) return std::nullopt;
  return model::display_cursor(run.position->cursor);
}

struct Remembered {
  std::string run_id;
  std::int64_t keys = 0;
};

Remembered read_remembered(Execution& row) {
  Remembered run;
  run.run_id = row.text();
  run.keys = row.integer();
  return run;
}

/// Forgets the rows of old runs. A run that exported none is of no use once another is newer.
Result<void> forget_old_rows(Connection& db, const RunView& run) {
  std::int64_t newer = 0;
  for (const auto& remembered : TRY(read_all(db.start(kCountRecent, run.export_name), read_remembered))) {
    const bool newest = newer == 0 && (remembered.keys > 0 || remembered.run_id == run.run_id);
    const bool wanted = remembered.keys > 0 && newer < run.recent_limit;
    if (!newest && !wanted) TRY(db.run(kForgetOldRecent, remembered.run_id));
    newer += remembered.keys;
  }
  return {};
}

Result<void> store_position(Connection& db, const RunView& run, base::Timestamp at) {
  TRY(db.run(kUpsertPosition, run.export_name, model::to_json_text(*run.position), at));
  TRY(db.run(kUpdateLastCursor, run.export_name, cursor_of(run)));
  return forget_old_rows(db, run);
}

/// A run that replaced everything: what was followed before is no longer what the output holds.
Result<void> forget_position(Connection& db, const RunView& run) {
  TRY(db.run(kDeletePosition, run.export_name));
  TRY(db.run(kDeleteRecentOfExport, run.export_name));
  return db.run(kUpdateLastCursor, run.export_name, std::optional<std::string>());
}

/// How far the run got, in the terms of the progression table: its cursor, else its last unit.
Result<Boundary> boundary_of(Connection& db, const RunView& run, base::Timestamp at) {
  Boundary boundary{.strategy = run.mode, .cursor = cursor_of(run), .chunk_index = {}, .run_id = run.run_id, .at = at};
  if (boundary.cursor) return boundary;
  auto rows = db.start(kLastUnit, run.run_id);
  if (TRY(rows.next())) boundary.chunk_index = rows.optional_integer();
  return boundary;
}

/// Moves the committed boundary. An older cursor never replaces a newer one; another mode starts a new row. A unit's
/// number counts within its run, so that of a newer run replaces it, and what was verified stays below.
Result<void> store_progression(Connection& db, const RunView& run, base::Timestamp at) {
  const auto boundary = TRY(boundary_of(db, run, at));
  const auto row = TRY(read_first(db.start(kSelectProgression, run.export_name, 1), read_progression));
  const auto before = row ? row->committed : std::nullopt;
  const bool same_mode = before && before->strategy == run.mode;
  if (same_mode && before->cursor && (!boundary.cursor || cursor_before(*boundary.cursor, *before->cursor))) return {};
  if (!same_mode) TRY(db.run(kDeleteProgression, run.export_name));
  TRY(db.run(same_mode ? kUpdateCommitted : kInsertCommitted, run.export_name, run.mode, boundary.cursor,
             boundary.chunk_index, run.run_id, at));
  return db.run(kForgetVerifiedAbove, run.export_name, boundary.chunk_index);
}

}  // namespace

Result<void> store_progress(Connection& db, const RunView& run, base::Timestamp at) {
  TRY(db.run(kUpsertLastRun, run.export_name, at));
  const auto later = TRY(read_first(db.start(kSelectLaterPosition, run.export_name, run.run_id), read_text));
  if (run.position && later) return {};
  if (run.position) {
    TRY(store_position(db, run, at));
  } else {
    TRY(forget_position(db, run));
  }
  return store_progression(db, run, at);
}

Result<void> apply(Connection& db, const ProgressionVerified& update) {
  TRY(db.lock_export(update.export_name));
  const auto generation = TRY(current_generation(db, update.export_name, update.prefix));
  if (generation != update.generation) {
    return fail(ErrorKind::conflict,
                fmt::format("export '{}' has reached generation {} since generation {} was verified",
                            update.export_name, generation, update.generation),
                "reconcile again");
  }
  return db.run(kVerifyCommitted, update.export_name, update.at);
}

}  // namespace rivet::state::sql
