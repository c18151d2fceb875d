// SPDX-License-Identifier: Apache-2.0
// What each update does to the tables. All run inside a write transaction of the caller, check legality first
// (kind conflict, saying what stands in the way) and leave the rollback to it.
//
// Legality and change must see one state. A write transaction of SQLite has the whole store for itself. On PostgreSQL
// (READ COMMITTED: each statement sees what was committed before it began) an update first locks what it decides by:
//   - what runs of an export share (one unfinished run per place, numbers of generations, which units and parts are
//     live, position, remembered rows, progression): lock_export();
//   - a run's stage and holder: the run's row, FOR UPDATE by who changes them, FOR SHARE by who relies on them;
//   - a unit's status, owner and epoch: the unit's row FOR UPDATE, under the run's;
//   - the numbers of journal entries: lock_journal().
// Always in this order, so that updates do not wait for each other in a circle. So generations have no gap and no
// double, a unit is claimed by one in each epoch, and nothing is committed into a run that another has just ended. The
// unique keys of the tables stand behind that: two first starts of one run id meet there, and the later one is applied
// again, sees the other, and says so.
#pragma once

#include <optional>

#include "state/sql/connection.hpp"
#include "state/store.hpp"

namespace rivet::state::sql {

Result<void> apply(Connection& db, const RunStarted& update);
Result<void> apply(Connection& db, const RunTakenOver& update);
Result<void> apply(Connection& db, const LeaseRenewed& update);
Result<void> apply(Connection& db, const UnitsReleased& update);
Result<void> apply(Connection& db, const RunSealed& update);
Result<void> apply(Connection& db, const RunPublished& update);
Result<void> apply(Connection& db, const ProgressionVerified& update);
Result<void> apply(Connection& db, const RunReleased& update);
Result<void> apply(Connection& db, const RunEnded& update);
Result<void> apply(Connection& db, const ExportReset& update);
Result<void> apply(Connection& db, const ChunksReset& update);
Result<void> apply(Connection& db, const RunSwept& update);
Result<void> apply(Connection& db, const UnitCommitted& update);
Result<void> apply(Connection& db, const UnitFailed& update);
Result<void> apply(Connection& db, const UnitSplit& update);
Result<void> apply(Connection& db, const UnitReopened& update);
Result<void> apply(Connection& db, const JournalAppended& update);
Result<void> apply(Connection& db, const MetricsRecorded& update);
Result<void> apply(Connection& db, const HarmRecorded& update);
Result<void> apply(Connection& db, const AggregateRecorded& update);

/// StateStore::claim().
Result<std::optional<UnitClaim>> claim_unit(Connection& db, const std::string& run_id, const Owner& owner,
                                            base::Timestamp at, base::Timestamp lease_until);
/// Ends a running run: its claims are void and nothing remembers its rows.
Result<void> end_run(Connection& db, const RunView& run, std::string_view status, std::string_view error,
                     base::Timestamp at);
/// Stores how far a run that is being published has brought its export.
Result<void> store_progress(Connection& db, const RunView& run, base::Timestamp at);

/// StateStore::generation().
Result<std::int64_t> current_generation(Connection& db, const std::string& export_name, const std::string& prefix);

/// A lease as it is stored: microseconds since 1970.
std::int64_t micros_of(base::Timestamp at);

/// The run, or a conflict that says there is none; nobody else changes it or its units until the end of the
/// transaction.
Result<RunView> lock_run(Connection& db, const std::string& run_id);
/// The same for an update of one of its units: others may change others of its units meanwhile.
Result<RunView> share_run(Connection& db, const std::string& run_id);
/// The run of a query that was started, or a conflict that says there is none.
Result<RunView> existing_run(Execution rows, const std::string& run_id);
/// Locks the export of a run, if there is such a run. Goes before the lock of the run.
Result<void> lock_export_of(Connection& db, const std::string& run_id);
/// Whether units of the run replace others.
Result<bool> is_repair(Connection& db, const std::string& run_id);
/// `run X of export 'e' (stage running, held by o since t, lease until t)`, for messages.
std::string describe(const RunView& run);

}  // namespace rivet::state::sql
