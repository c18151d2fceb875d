// SPDX-License-Identifier: Apache-2.0
// Every change of state as a value. A store checks each against its current view and applies it in
// one transaction; nothing else writes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "model/column.hpp"
#include "model/journal.hpp"
#include "model/part.hpp"
#include "model/position.hpp"
#include "model/unit.hpp"

namespace rivet::state {

/// Who holds a run or a unit: `host/boot-id/pid/start-time/nonce`, so that a dead process on the same
/// machine is recognised at once and a recycled pid is not mistaken for it.
using Owner = std::string;

/// A run begins: its plan in rows. Illegal while an unfinished run of the export exists at the prefix. A run id
/// that exists is refused with the code RIVET_RUN_ID_TAKEN: take the next millisecond and apply again. Units that
/// replace others make it a repair; illegal unless those are part of the export's current generation at the prefix.
struct RunStarted {
  std::string run_id, export_name, prefix;
  std::string plan_hash;  ///< fingerprint that a later process must match to take over
  std::string plan_json;  ///< what the run needs to go on and to publish (columns, source, format, ...)
  std::string mode;
  std::string nonce;  ///< 8 hex digits in every part name of this run
  Owner owner;
  base::Timestamp at;
  base::Timestamp lease_until;
  int max_attempts = 3;
  std::vector<model::Unit> units;
  std::string format = {}, compression = {};  ///< of all parts of this run
};

/// A process takes a dead run over. Units that the previous owner claimed, and units whose lease has run out, go back
/// to pending; those of living joined workers stay with them. The caller states that `previous_owner` is dead, or that
/// its lease has run out: the store cannot know who lives. It compares and swaps, so of two processes that want the
/// same run one gets it. Illegal unless `previous_owner` is the holder and the run is running or sealed, and while the
/// lease is alive when `owner` is the holder already.
struct RunTakenOver {
  std::string run_id;
  Owner owner, previous_owner;
  base::Timestamp at, lease_until;
};

/// A process is alive: the leases of its units in the run, and of the run itself unless it only joined it. Illegal
/// when the run is neither running nor sealed, and, unless `joined`, when somebody else holds it.
struct LeaseRenewed {
  std::string run_id;
  Owner owner;
  base::Timestamp at, lease_until;
  bool joined = false;
};

/// A worker that had joined the run is dead, as the caller states: its units go back to pending. Illegal for the
/// holder, which is replaced by RunTakenOver, and unless the run is running.
struct UnitsReleased {
  std::string run_id;
  Owner owner;
  base::Timestamp at;
};

/// Which rows a unit of an incremental run exported, so that a later run that reads a stretch of the source again
/// leaves them out.
struct RecentKeys {
  std::optional<std::string> after;  ///< JSON text of key values: all its keys lie behind it; none: from the beginning
  bool of_null = false;              ///< rows whose cursor is NULL: remembered for good
  std::string digests;               ///< of (key, cursor), 16 bytes for each row
};

/// A unit is durable: all its parts, in one transaction. Illegal unless `owner` and `epoch` are the
/// current claim of a running unit. Parts must be of this run, unit and epoch, and rows and digest their sum.
struct UnitCommitted {
  std::string run_id;
  int unit_index = 0;
  int epoch = 0;
  Owner owner;
  std::vector<model::Part> parts;
  std::int64_t rows = 0;
  model::Digest digest;
  std::string snapshot;                                   ///< the engine's text of the instant it read from
  std::optional<base::Timestamp> read_at;                 ///< that instant on the source's clock
  std::string gates_json;                                 ///< mergeable partial results of quality rules
  std::optional<RecentKeys> recent = {};                  ///< counts once the run is published
  std::map<std::string, std::string> unique_hashes = {};  ///< 8 bytes for each value, by column that must be unique
  base::Timestamp at;
};

/// A unit failed; it goes back to pending while attempts remain and `final` is false. Illegal unless `owner` and
/// `epoch` are the current claim of a running unit.
struct UnitFailed {
  std::string run_id;
  int unit_index = 0;
  int epoch = 0;
  Owner owner;
  std::string error;
  bool final = false;
  base::Timestamp at;
};

/// A unit that nobody has claimed yet becomes two, by model::halves_of(): the given one keeps the first half, the other
/// gets the next number. Illegal unless the run is running, is no repair and has more than one unit. When the unit was
/// claimed meanwhile, or cannot be cut, nothing changes, and that is no error.
struct UnitSplit {
  std::string run_id;
  int unit_index = 0;
  std::int64_t least = 0;  ///< keys in a range, below which it stays as it is
  base::Timestamp at;
};

/// The parts of a completed unit are gone or are not what was committed: the unit is pending again, and forgets them.
/// Illegal for anybody but the holder, unless the run is running, and unless the unit is completed.
struct UnitReopened {
  std::string run_id;
  int unit_index = 0;
  Owner owner;
  std::string reason;
  base::Timestamp at;
};

/// What the result is, for good: all units are complete, a new generation lists their parts and (unless
/// `append`) supersedes the export's earlier ones at this prefix. A repair, always with `append`, supersedes those of
/// the units that it replaces. Illegal while a unit is incomplete, for anybody but the holder, and for a repair when
/// what it replaces is no longer part of the current generation.
struct RunSealed {
  std::string run_id;
  Owner owner;
  bool append = false;
  std::optional<model::Position> position = {};  ///< what publishing stores
  std::int64_t recent_limit = 0;                 ///< row digests that publishing leaves to the export; see RunPublished
  base::Timestamp at;
};

/// Manifest and marker of a sealed run stand; the schema baseline is stored with it, and position and progression
/// unless a run of the export that began later has stored its position already. Row digests of older runs are forgotten
/// once those of newer ones reach the run's `recent_limit`; never those of the newest run that has any, nor those of
/// rows without a cursor. A repair changes none of these, but that its row digests take the place of those of the units
/// that it replaces. Two commands may finish publishing the same run: the second changes nothing and succeeds. Illegal
/// for a run that is not sealed.
struct RunPublished {
  std::string run_id;
  model::Columns columns;                           ///< the new drift baseline
  std::map<std::string, std::int64_t> shapes = {};  ///< bytes of the longest value per text column
  base::Timestamp at;
};

/// What the export has committed was compared with its source, and all of it matches. Illegal once the export has
/// another generation at the prefix than the one that was compared.
struct ProgressionVerified {
  std::string export_name, prefix;
  std::int64_t generation = 0;
  base::Timestamp at;
};

/// The holder leaves a running run to others: its lease is over and its claimed units are pending again. Illegal for
/// anybody but the holder, and unless the run is running.
struct RunReleased {
  std::string run_id;
  Owner owner;
  base::Timestamp at;
};

/// A run ended without a result. Its generation was never made, its parts stay outside every generation. Illegal
/// for anybody but the holder, and once the run is sealed.
struct RunEnded {
  std::string run_id;
  Owner owner;
  std::string status;  ///< failed | interrupted | skipped
  std::string error;
  base::Timestamp at;
};

/// An export starts over: position, row digests, progression and last run are forgotten; schema baseline, shapes,
/// generations and records stay. Its dead running runs end as interrupted; a sealed one stays to be published, but
/// without its position. Illegal while an unfinished run of the export, or a unit of one, has an owner whose lease is
/// alive, unless the caller states in `dead` that it is not. Kind config for an export that the store does not know.
struct ExportReset {
  std::string export_name;
  std::vector<Owner> dead;
  base::Timestamp at;
};

/// Dead running runs end as interrupted, all or none, so that nothing goes on with them. Illegal for a run that is not
/// running, and while it or a unit of it has an owner whose lease is alive, unless the caller states in `dead` that it
/// is not.
struct ChunksReset {
  std::vector<std::string> run_ids;
  std::vector<Owner> dead;
  base::Timestamp at;
};

/// The files of a run that ended without a result are out of the readers' way. Illegal unless the run has ended.
struct RunSwept {
  std::string run_id;
};

/// One journal entry; the store numbers it, from 1 in each run. Always legal.
struct JournalAppended {
  std::string run_id, export_name;
  model::journal::Entry entry;
};

/// The one metric row of a run (export_metrics); a second one replaces the first. Unset fields are NULL.
struct MetricsRecorded {
  std::string export_name, run_id;
  base::Timestamp run_at;
  std::int64_t duration_ms = 0, total_rows = 0;
  std::optional<std::int64_t> peak_rss_mb;
  std::string status;
  std::optional<std::string> error_message;
  std::string tuning_profile, format, mode;
  std::int64_t files_produced = 0, bytes_written = 0, bytes_read = 0, retries = 0;
  std::optional<bool> validated, reconciled;
  std::optional<std::int64_t> source_count;  ///< as reconciling found it
  std::optional<bool> schema_changed, quality_passed;
  std::optional<std::int64_t> pg_temp_bytes_delta, batch_size, batch_size_memory_mb, longest_chunk_ms;
  std::optional<std::string> skip_reason, schema_fingerprint, error_class;
  std::string source_type, destination_type, rivet_version;
};

/// A source-side counter before and after (export_harm).
struct HarmRecorded {
  std::string run_id, export_name;
  std::vector<std::pair<std::string, std::int64_t>> deltas;
  base::Timestamp at;
};

/// One row per command (run_aggregate). An id that exists is refused with the code RIVET_RUN_ID_TAKEN.
struct AggregateRecorded {
  std::string run_aggregate_id;
  base::Timestamp started_at, finished_at;
  std::int64_t duration_ms = 0;
  std::string config_path, parallel_mode;
  std::int64_t total_exports = 0, success_count = 0, failed_count = 0, skipped_count = 0;
  std::int64_t total_rows = 0, total_files = 0, total_bytes = 0;
  std::string details_json;
};

using StateUpdate =
    std::variant<RunStarted, RunTakenOver, LeaseRenewed, UnitsReleased, UnitCommitted, UnitFailed, UnitSplit,
                 UnitReopened, RunSealed, RunPublished, ProgressionVerified, RunReleased, RunEnded, ExportReset,
                 ChunksReset, RunSwept, JournalAppended, MetricsRecorded, HarmRecorded, AggregateRecorded>;

}  // namespace rivet::state
