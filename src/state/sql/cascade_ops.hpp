// SPDX-License-Identifier: Apache-2.0
// What each call of the cascade's store does to the tables; cascade/store.hpp says what they mean. All but the readers
// run inside a write transaction of the caller.
//
// Locks, on PostgreSQL, are taken along the edges: a group's row, then its node's; an upstream's node, then a group it
// gets an edge into; several groups by number. A graph has no cycles, so nobody waits in a circle but for rare meetings
// of several groups at once, which the server ends (40P01) and the transaction's repetition answers.
#pragma once

#include <string>
#include <vector>

#include "cascade/store.hpp"
#include "state/sql/connection.hpp"

namespace rivet::state::sql {

/// A node ended, or several: leaves their events, ends their attempts, tells who waits for hints. The one door (D1):
/// whoever makes nodes terminal calls this in the same transaction.
Result<void> announce(Connection& db, const std::vector<cascade::StoredNode>& ended, std::string_view outcome,
                      const std::string& reason);

Result<cascade::Submitted> submit(Connection& db, const cascade::Submission& submission);
Result<void> add_edge(Connection& db, cascade::StoredNode up, cascade::StoredNode down);

Result<std::vector<cascade::NodeClaim>> claim_nodes(Connection& db, const cascade::Claimer& claimer, int limit);
Result<cascade::Heartbeat> heartbeat(Connection& db,
                                     const std::vector<std::pair<cascade::StoredNode, std::int64_t>>& held,
                                     std::chrono::microseconds lease);
Result<bool> finish_node(Connection& db, cascade::StoredNode node, std::int64_t epoch, cascade::Outcome outcome,
                         const std::string& reason);
Result<bool> give_back(Connection& db, cascade::StoredNode node, std::int64_t epoch, std::chrono::microseconds pause,
                       const std::string& reason, bool as_if_never_claimed);
/// Fences nodes whose lease or time has run out. Those that ended.
Result<std::vector<cascade::NodeRecord>> expire(Connection& db, const Query& which, int limit,
                                                const std::string& reason);
Result<std::vector<cascade::StoredNode>> cancel_overdue(Connection& db, std::chrono::microseconds grace, int limit);

Result<std::optional<cascade::Swept>> sweep(Connection& db, const cascade::SweepScope& which, std::size_t most);
Result<std::optional<cascade::Ended>> finish_and_tell(Connection& db, cascade::StoredNode node, std::int64_t epoch,
                                                      cascade::Outcome outcome, const std::string& reason,
                                                      std::size_t most);
Result<cascade::Sweep> take_events(Connection& db, const cascade::SweepScope& which);
Result<cascade::Advanced> advance(Connection& db, const std::vector<cascade::StoredNode>& downs,
                                  const std::vector<cascade::StoredNode>& ups);
Result<std::optional<cascade::Told>> tell(Connection& db, const std::vector<cascade::StoredNode>& ended,
                                          std::size_t most);
Result<std::int64_t> close_events(Connection& db, const std::vector<cascade::OutboxEvent>& events);
Result<bool> recount(Connection& db, cascade::StoredNode group);
Result<std::vector<cascade::StoredNode>> drain(Connection& db, cascade::StoredNode group);
/// Ends those of the nodes that are idle as cancelled, and asks the active ones to stop.
Result<std::vector<cascade::StoredNode>> stop_nodes(Connection& db, const std::vector<cascade::StoredNode>& nodes,
                                                    const std::string& reason);

Result<cascade::Examined> examine(Connection& db, cascade::Check check, const cascade::Stretch& stretch);

Result<std::vector<std::string>> retry(Connection& db, const std::string& run_id,
                                       const std::vector<std::string>& names);
Result<std::int64_t> cancel(Connection& db, const std::string& run_id, const std::optional<std::string>& name);
Result<void> pause(Connection& db, const std::string& run_id, bool paused);
Result<std::int64_t> forget_runs(Connection& db, std::chrono::microseconds age);
Result<std::vector<cascade::RunRecord>> close_runs(Connection& db, int limit);

/// Kind config: there is no such run.
tl::unexpected<Error> no_such_run(const std::string& run_id);

}  // namespace rivet::state::sql
