// SPDX-License-Identifier: Apache-2.0
// What each update does to the tables. All run inside a write transaction of the caller, check legality first
// (kind conflict, saying what stands in the way) and leave the rollback to it.
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
Result<void> apply(Connection& db, const RunEnded& update);
Result<void> apply(Connection& db, const ExportReset& update);
Result<void> apply(Connection& db, const ChunksReset& update);
Result<void> apply(Connection& db, const RunSwept& update);
Result<void> apply(Connection& db, const UnitCommitted& update);
Result<void> apply(Connection& db, const UnitFailed& update);
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

/// The run, or a conflict that says there is none.
Result<RunView> existing_run(Connection& db, const std::string& run_id);
/// `run X of export 'e' (stage running, held by o since t, lease until t)`, for messages.
std::string describe(const RunView& run);

}  // namespace rivet::state::sql
