// SPDX-License-Identifier: Apache-2.0
// Every statement of the cascade, in what SQLite and PostgreSQL share (see statements.hpp). A set of numbers is one
// parameter, a JSON object with the numbers as keys; so each statement is about any number of rows at once.
#pragma once

#include "state/sql/connection.hpp"

namespace rivet::state::sql::cascade_sql {

#define RIVET_IDS(parameter) "(SELECT value FROM json_each(" parameter "/*::bigint[]*/))"
/// Whether `row` is served by who asks for namespace ?1 (empty: all) and all tags in the object ?2.
#define RIVET_IN_SCOPE(row)                                                                                          \
  "(?1 = '' OR " row                                                                                                 \
  ".namespace = ?1) AND NOT EXISTS (SELECT 1 FROM json_each(?2) AS w WHERE NOT EXISTS (SELECT 1 FROM json_each(" row \
  ".tags/*::json*/) AS h WHERE h.key = w.key AND h.value = w.value))"
#define RIVET_NODE_COLUMNS(row)                                                                                     \
  row ".node_id, " row ".run_id, " row ".name, " row ".kind, " row ".namespace, " row ".tags, " row ".phase, " row  \
      ".outcome, " row ".round, " row ".epoch, " row ".owner, " row ".lease_until, " row ".attempts, " row          \
      ".max_attempts, " row ".attempt_until, " row ".not_before, " row ".cancel_requested_at, " row ".reason, " row \
      ".updated_at"
#define RIVET_CASCADE_RUN_COLUMNS \
  "run_id, run_key, namespace, tags, state, paused, cancel_requested_at, submitted_at, closed_at"
#define RIVET_EVENT_COLUMNS "event_id, node_id, round, outcome, committed_at"

inline constexpr Query kNow{"now", "SELECT now_us()"};

// Graphs.

inline constexpr Query kSelectRunOfKey{"select_run_of_key",
                                       "SELECT run_id, payload_hash FROM cascade_run WHERE run_key = ?"};
inline constexpr Query kInsertCascadeRun{
    "insert_cascade_run",
    "INSERT INTO cascade_run (run_id, run_key, namespace, tags, payload, payload_hash, state, submitted_at) VALUES "
    "(?, ?, ?, ?, ?, ?, 'open', now_us())",
    kOften};
/// Values: arrays of name, kind, namespace, tags, phase; keys: their order.
inline constexpr Query kInsertNodes{
    "insert_nodes",
    "INSERT INTO node (run_id, name, kind, namespace, tags, phase, max_attempts, attempt_limit_us, updated_at) SELECT "
    "CAST(?1 AS TEXT), value/*::json*/ ->> 0, value/*::json*/ ->> 1, value/*::json*/ ->> 2, value/*::json*/ ->> 3, "
    "value/*::json*/ ->> 4, CAST(?2 AS BIGINT), CAST(?3 AS BIGINT), now_us() FROM json_each(?4) ORDER BY CAST(key AS "
    "BIGINT)",
    kOften};
inline constexpr Query kSelectNodeNames{"select_node_names", "SELECT name, node_id FROM node WHERE run_id = ?", kOften};
/// Values: arrays of node, kind, k, n, on_satisfied.
inline constexpr Query kInsertGroups{
    "insert_groups",
    "INSERT INTO dep_group (node_id, kind, k, n, on_satisfied) SELECT CAST(value/*::json*/ ->> 0 AS BIGINT), "
    "value/*::json*/ ->> 1, CAST(value/*::json*/ ->> 2 AS BIGINT), CAST(value/*::json*/ ->> 3 AS BIGINT), "
    "value/*::json*/ ->> 4 FROM json_each(?)"};
/// Values: arrays of down, up.
inline constexpr Query kInsertEdges{
    "insert_edges",
    "INSERT INTO dep_edge (down_id, up_id) SELECT CAST(value/*::json*/ ->> 0 AS BIGINT), CAST(value/*::json*/ ->> 1 AS "
    "BIGINT) FROM json_each(?)"};
inline constexpr Query kShareNode{"share_node",
                                  "SELECT " RIVET_NODE_COLUMNS("node") " FROM node WHERE node_id = ? /*FOR SHARE*/"};
inline constexpr Query kGrowGroup{"grow_group",
                                  "UPDATE dep_group SET n = n + 1, k = CASE WHEN kind = 'all_of' THEN k + 1 ELSE k END "
                                  "WHERE node_id = ?"};
inline constexpr Query kInsertEdge{"insert_edge", "INSERT INTO dep_edge (down_id, up_id) VALUES (?, ?)"};
inline constexpr Query kSelectEdgesOfRun{
    "select_edges_of_run",
    "SELECT e.down_id, e.up_id FROM dep_edge e JOIN node d ON d.node_id = e.down_id WHERE d.run_id = ?"};

// Work.

/// ?3: nodes to pass over. The run is looked at node by node, so that nobody joins and sorts before taking the first.
inline constexpr Query kSelectRunnable{
    "select_runnable",
    "SELECT n.node_id FROM node n WHERE n.phase = 'runnable' AND coalesce(n.not_before, 0) <= now_us() "
    "AND " RIVET_IN_SCOPE("n") " AND n.node_id NOT IN " RIVET_IDS(
        "?3") " AND (SELECT r.state = 'open' AND r.paused = 0 FROM cascade_run r WHERE r.run_id = n.run_id) ORDER BY "
              "n.node_id LIMIT ?4 /*FOR UPDATE OF n SKIP LOCKED*/"};
inline constexpr Query kActivate{
    "activate",
    "UPDATE node SET phase = 'active', owner = ?2, epoch = epoch + 1, attempts = attempts + 1, lease_until = now_us() "
    "+ ?3, attempt_until = now_us() + attempt_limit_us, not_before = NULL, updated_at = now_us() WHERE node_id "
    "IN " RIVET_IDS("?1") " RETURNING " RIVET_NODE_COLUMNS("node")};
inline constexpr Query kInsertAttempts{
    "insert_attempts",
    "INSERT INTO node_attempt (node_id, epoch, round, attempt, owner, started_at) SELECT node_id, epoch, round, "
    "attempts, owner, now_us() FROM node WHERE node_id IN " RIVET_IDS("?1")};
/// Keys: nodes; values: epochs.
inline constexpr Query kHeartbeat{
    "heartbeat",
    "UPDATE node SET lease_until = now_us() + ?2 FROM json_each(?1) AS held WHERE node_id = CAST(held.key AS BIGINT) "
    "AND epoch = CAST(held.value AS BIGINT) AND phase = 'active' RETURNING node_id, cancel_requested_at"};
inline constexpr Query kFinish{
    "finish",
    "UPDATE node SET phase = 'terminal', outcome = ?3, reason = ?4, owner = NULL, lease_until = NULL, attempt_until = "
    "NULL, not_before = NULL, updated_at = now_us() WHERE node_id = ?1 AND epoch = ?2 AND phase = 'active' RETURNING "
    "node_id",
    kOften};
/// ?5: 1 when the attempt does not count.
inline constexpr Query kGiveBack{
    "give_back",
    "UPDATE node SET phase = 'runnable', owner = NULL, lease_until = NULL, attempt_until = NULL, not_before = now_us() "
    "+ ?3, reason = ?4, attempts = attempts - ?5, updated_at = now_us() WHERE node_id = ?1 AND epoch = ?2 AND phase = "
    "'active' AND cancel_requested_at IS NULL AND (attempts < max_attempts OR ?5 = 1) RETURNING node_id"};
/// Of the nodes' last epochs: outcome ?2, error ?3. A fenced attempt has the epoch before.
inline constexpr Query kEndAttempts{
    "end_attempts",
    "UPDATE node_attempt SET ended_at = now_us(), outcome = ?2, error = nullif(?3, '') WHERE ended_at IS NULL AND "
    "node_id IN " RIVET_IDS("?1")};
inline constexpr Query kAttach{
    "attach",
    "INSERT INTO node_run (node_id, round, export_name, run_id) SELECT node_id, round, ?3, ?4 FROM node WHERE node_id "
    "= ?1 AND epoch = ?2 AND phase = 'active' ON CONFLICT (node_id, round, export_name) DO UPDATE SET run_id = "
    "excluded.run_id RETURNING node_id"};
inline constexpr Query kSelectAttached{
    "select_attached",
    "SELECT a.export_name, a.run_id FROM node_run a JOIN node n ON n.node_id = a.node_id AND n.round = a.round WHERE "
    "a.node_id = ? ORDER BY a.export_name"};
/// Exports whose attached run has a unit that can be claimed. ?3: nodes to pass over; ?4: who asks.
inline constexpr Query kSelectShareable{
    "select_shareable",
    "SELECT " RIVET_NODE_COLUMNS("n") " FROM node n WHERE n.phase = 'active' AND n.kind = 'export' "
    "AND " RIVET_IN_SCOPE("n") " AND n.node_id NOT IN " RIVET_IDS(
        "?3") " AND n.owner <> ?4 AND n.cancel_requested_at IS NULL AND EXISTS (SELECT 1 FROM cascade_run r WHERE "
              "r.run_id = n.run_id AND r.paused = 0) AND EXISTS (SELECT 1 FROM node_run a JOIN run x ON x.run_id = "
              "a.run_id AND x.stage = 'running' JOIN unit u ON u.run_id = a.run_id AND u.status = 'pending' WHERE "
              "a.node_id = n.node_id AND a.round = n.round) ORDER BY n.node_id LIMIT ?5"};

// Ends, and what follows.

/// One door: the outbox row goes with the end (I1).
inline constexpr Query kInsertEvents{
    "insert_events",
    "INSERT INTO outbox (node_id, round, outcome, namespace, tags, committed_at) SELECT node_id, round, outcome, "
    "namespace, tags, now_us() FROM node WHERE phase = 'terminal' AND node_id IN " RIVET_IDS("?1") " ORDER BY node_id"};
/// ?3: stale in microseconds.
inline constexpr Query kSelectPending{"select_pending_events",
                                      "SELECT " RIVET_EVENT_COLUMNS
                                      " FROM outbox o WHERE o.dispatched_at IS NULL AND o.soft_until <= now_us() AND "
                                      "o.committed_at <= now_us() - ?3 AND " RIVET_IN_SCOPE(
                                          "o") " ORDER BY o.event_id LIMIT ?4 /*FOR UPDATE SKIP LOCKED*/"};
inline constexpr Query kCountOthers{
    "count_pending_events_of_others",
    "SELECT count(*) FROM (SELECT 1 FROM outbox o WHERE o.dispatched_at IS NULL AND o.committed_at <= now_us() - ?3 "
    "AND NOT (" RIVET_IN_SCOPE("o") ") LIMIT ?4) AS x"};
inline constexpr Query kTakeEvents{"take_events",
                                   "UPDATE outbox SET soft_until = now_us() + ?2, tries = tries + 1 WHERE event_id "
                                   "IN " RIVET_IDS("?1")};
inline constexpr Query kSelectEventsOf{"select_events_of", "SELECT " RIVET_EVENT_COLUMNS
                                                           " FROM outbox WHERE dispatched_at IS NULL AND node_id "
                                                           "IN " RIVET_IDS("?1") " ORDER BY event_id"};
inline constexpr Query kSelectUnaware{"select_unaware",
                                      "SELECT DISTINCT down_id FROM dep_edge WHERE verdict IS NULL AND up_id "
                                      "IN " RIVET_IDS("?1") " ORDER BY down_id"};
#define RIVET_GROUPS                                                                                                   \
  "SELECT node_id, kind, k, n, on_satisfied, n_success, n_negative, state FROM dep_group WHERE node_id IN " RIVET_IDS( \
      "?1") " ORDER BY node_id "
inline constexpr Query kLockGroups{"lock_groups", RIVET_GROUPS "/*FOR UPDATE*/"};
inline constexpr Query kLockFreeGroups{"lock_free_groups", RIVET_GROUPS "/*FOR UPDATE SKIP LOCKED*/"};
#define RIVET_MARK                                                                                            \
  "UPDATE dep_edge SET verdict = CASE WHEN u.outcome = 'success' THEN 's' ELSE 'n' END, up_round = u.round, " \
  "resolved_at = now_us() FROM node u WHERE u.node_id = dep_edge.up_id AND u.phase = 'terminal' AND "         \
  "dep_edge.verdict IS NULL AND dep_edge.down_id IN " RIVET_IDS("?1")
inline constexpr Query kMarkEdges{"mark_edges", RIVET_MARK " RETURNING down_id, verdict"};
inline constexpr Query kMarkEdgesOf{"mark_edges_of",
                                    RIVET_MARK " AND dep_edge.up_id IN " RIVET_IDS("?2") " RETURNING down_id, verdict"};
/// Keys: groups; values: arrays of how many more successes, how many more others, and the decision or null.
inline constexpr Query kAdvanceGroups{
    "advance_groups",
    "UPDATE dep_group SET n_success = n_success + CAST(more.value/*::json*/ ->> 0 AS BIGINT), n_negative = n_negative "
    "+ "
    "CAST(more.value/*::json*/ ->> 1 AS BIGINT), state = coalesce(more.value/*::json*/ ->> 2, state), decided_at = "
    "CASE "
    "WHEN more.value/*::json*/ ->> 2 IS NULL THEN decided_at ELSE now_us() END, cancel_pending = CASE WHEN "
    "more.value/*::json*/ ->> 2 IS NOT NULL AND on_satisfied = 'cancel_remaining' THEN 1 ELSE cancel_pending END FROM "
    "json_each(?) AS more WHERE node_id = CAST(more.key AS BIGINT)"};
inline constexpr Query kLetGo{
    "let_go",
    "UPDATE node SET phase = 'runnable', updated_at = now_us() WHERE phase = 'blocked' AND node_id IN " RIVET_IDS(
        "?1")};
/// Keys: nodes; values: reasons.
inline constexpr Query kSkip{
    "skip",
    "UPDATE node SET phase = 'terminal', outcome = 'skipped', reason = CAST(why.value AS TEXT), updated_at = now_us() "
    "FROM json_each(?) AS why WHERE phase = 'blocked' AND node_id = CAST(why.key AS BIGINT) RETURNING node_id"};
/// For each group how many upstreams count against it, and the first of them.
inline constexpr Query kSelectAgainst{
    "select_against",
    "SELECT x.down_id, x.number, u.name, u.outcome FROM (SELECT down_id, count(*) AS number, min(up_id) AS up_id FROM "
    "dep_edge WHERE verdict = 'n' AND down_id IN " RIVET_IDS(
        "?1") " GROUP BY down_id) AS x JOIN node u ON u.node_id = x.up_id"};
/// Without an edge that has no verdict, or of an earlier round. The edge is looked for event by event: PostgreSQL would
/// make a table of all such edges for EXISTS.
#define RIVET_CLOSE(events)                                                                                      \
  "UPDATE outbox SET dispatched_at = now_us(), last_error = NULL WHERE dispatched_at IS NULL AND event_id "      \
  "IN " events                                                                                                   \
  " AND ((SELECT e.down_id FROM dep_edge e WHERE e.up_id = outbox.node_id AND e.verdict IS NULL "                \
  "LIMIT 1) IS NULL OR (SELECT n.round FROM node n WHERE n.node_id = outbox.node_id) > outbox.round) RETURNING " \
  "event_id"
inline constexpr Query kCloseEvents{"close_events", RIVET_CLOSE(RIVET_IDS("?1"))};
/// Of nodes, but for those that somebody else is at, who may wait for us.
inline constexpr Query kCloseEventsOf{
    "close_events_of",
    RIVET_CLOSE("(SELECT o.event_id FROM outbox o WHERE o.dispatched_at IS NULL AND o.node_id IN " RIVET_IDS(
        "?1") " /*FOR UPDATE SKIP LOCKED*/)")};
/// Longer with each try, at most a minute.
inline constexpr Query kPutOff{
    "put_off_events",
    "UPDATE outbox SET last_error = ?2, soft_until = now_us() + CASE WHEN tries > 6 THEN 60000000 ELSE 1000000 * tries "
    "* tries END WHERE dispatched_at IS NULL AND event_id IN " RIVET_IDS("?1")};

// What reconcilers look for.

/// The earliest request, where any would do: PostgreSQL takes it for easy to find any, and reads the table.
inline constexpr Query kDue{
    "due",
    "SELECT CAST(EXISTS (SELECT 1 FROM outbox o WHERE o.dispatched_at IS NULL AND o.soft_until <= now_us() AND "
    "o.committed_at <= now_us() - ?3 AND " RIVET_IN_SCOPE(
        "o") ") AS INTEGER), CAST(EXISTS (SELECT 1 FROM node WHERE phase = 'active' AND lease_until < now_us()) AS "
             "INTEGER), CAST(EXISTS (SELECT 1 FROM node WHERE phase = 'active' AND attempt_until IS NOT NULL AND "
             "attempt_until < now_us()) AS INTEGER), CAST(EXISTS (SELECT 1 FROM dep_group WHERE cancel_pending = 1) OR "
             "(SELECT min(cancel_requested_at) FROM node WHERE phase <> 'terminal' AND cancel_requested_at IS NOT NULL) IS NOT "
             "NULL AS INTEGER), "
             "CAST(EXISTS (SELECT 1 FROM cascade_run r WHERE r.state = 'open' AND NOT EXISTS (SELECT 1 FROM node n "
             "WHERE n.run_id = r.run_id AND n.phase <> 'terminal')) AS INTEGER)"};
/// ?1: after which node; ?2: how many; ?3: 1 for open runs only.
#define RIVET_STRETCH                                                                                      \
  "(SELECT n.* FROM node n WHERE n.node_id > ?1 AND (?3 = 0 OR EXISTS (SELECT 1 FROM cascade_run r WHERE " \
  "r.run_id = n.run_id AND r.state = 'open')) ORDER BY n.node_id LIMIT ?2)"
inline constexpr Query kStretch{"stretch", "SELECT count(*), max(node_id) FROM " RIVET_STRETCH " AS x"};
inline constexpr Query kExamineEdges{
    "examine_edges",
    "SELECT n.node_id, n.run_id, n.name, (SELECT count(*) FROM outbox o WHERE o.node_id = n.node_id AND o.round = "
    "n.round AND o.dispatched_at IS NOT NULL), (SELECT count(*) FROM dep_edge e WHERE e.up_id = n.node_id AND "
    "e.verdict IS NULL) FROM " RIVET_STRETCH
    " AS n WHERE n.phase = 'terminal' AND n.updated_at <= now_us() - ?4 AND EXISTS (SELECT 1 FROM dep_edge e WHERE "
    "e.up_id = n.node_id AND e.verdict IS NULL) ORDER BY n.node_id"};
inline constexpr Query kExamineGroups{
    "examine_groups",
    "SELECT n.node_id, n.run_id, n.name, n.phase, n.outcome, g.kind, g.k, g.n, g.n_success, g.n_negative, g.state, "
    "(SELECT count(*) FROM dep_edge e WHERE e.down_id = g.node_id AND e.verdict = 's'), (SELECT count(*) FROM dep_edge "
    "e WHERE e.down_id = g.node_id AND e.verdict = 'n'), (SELECT count(*) FROM dep_edge e WHERE e.down_id = "
    "g.node_id) FROM " RIVET_STRETCH
    " AS n JOIN dep_group g ON g.node_id = n.node_id WHERE n.updated_at <= now_us() - ?4 ORDER BY n.node_id"};
inline constexpr Query kExamineNodes{
    "examine_nodes",
    "SELECT n.node_id, n.run_id, n.name, n.phase, (SELECT count(*) FROM outbox o WHERE o.node_id = n.node_id AND "
    "o.round = n.round) FROM " RIVET_STRETCH
    " AS n WHERE n.updated_at <= now_us() - ?4 AND (n.phase = 'terminal') <> EXISTS (SELECT 1 FROM outbox o WHERE "
    "o.node_id = n.node_id AND o.round = n.round) ORDER BY n.node_id"};
inline constexpr Query kExamineVerdicts{
    "examine_verdicts",
    "SELECT n.node_id, n.run_id, n.name, u.name FROM " RIVET_STRETCH
    " AS n JOIN dep_edge e ON e.down_id = n.node_id JOIN node u ON u.node_id = e.up_id WHERE n.updated_at <= now_us() "
    "- ?4 AND e.verdict IS NOT NULL AND (e.up_round > u.round OR (e.up_round = u.round AND (u.phase <> 'terminal' OR "
    "(e.verdict = 's') <> (u.outcome = 'success')))) ORDER BY n.node_id"};
inline constexpr Query kRecount{
    "recount",
    "UPDATE dep_group SET n_success = (SELECT count(*) FROM dep_edge e WHERE e.down_id = dep_group.node_id AND "
    "e.verdict = 's'), n_negative = (SELECT count(*) FROM dep_edge e WHERE e.down_id = dep_group.node_id AND e.verdict "
    "= 'n') WHERE node_id IN " RIVET_IDS("?1")};
inline constexpr Query kSelectUnannounced{
    "select_unannounced",
    "SELECT node_id FROM node WHERE node_id = ? AND phase = 'terminal' AND NOT EXISTS (SELECT 1 FROM outbox o WHERE "
    "o.node_id = node.node_id AND o.round = node.round) /*FOR UPDATE*/"};
inline constexpr Query kSelectLapsed{
    "select_lapsed",
    "SELECT " RIVET_NODE_COLUMNS("node") " FROM node WHERE phase = 'active' AND lease_until < now_us() ORDER BY "
                                         "lease_until LIMIT ? /*FOR UPDATE SKIP LOCKED*/"};
inline constexpr Query kSelectOvertime{
    "select_overtime",
    "SELECT " RIVET_NODE_COLUMNS("node") " FROM node WHERE phase = 'active' AND attempt_until IS NOT NULL AND "
                                         "attempt_until < now_us() ORDER BY attempt_until LIMIT ? /*FOR UPDATE SKIP "
                                         "LOCKED*/"};
inline constexpr Query kSelectOverdue{
    "select_overdue",
    "SELECT " RIVET_NODE_COLUMNS("node") " FROM node WHERE phase = 'active' AND cancel_requested_at IS NOT NULL AND "
                                         "cancel_requested_at <= now_us() - ? ORDER BY cancel_requested_at LIMIT ? "
                                         "/*FOR UPDATE SKIP LOCKED*/"};
/// Keys: nodes; values: the pause in microseconds.
inline constexpr Query kFence{
    "fence",
    "UPDATE node SET phase = 'runnable', epoch = epoch + 1, owner = NULL, lease_until = NULL, attempt_until = NULL, "
    "not_before = now_us() + CAST(pause.value AS BIGINT), reason = ?2, updated_at = now_us() FROM json_each(?1) AS "
    "pause WHERE node_id = CAST(pause.key AS BIGINT)"};
inline constexpr Query kFenceAndEnd{
    "fence_and_end",
    "UPDATE node SET phase = 'terminal', outcome = ?2, reason = ?3, epoch = epoch + 1, owner = NULL, lease_until = "
    "NULL, attempt_until = NULL, not_before = NULL, updated_at = now_us() WHERE node_id IN " RIVET_IDS("?1")};
inline constexpr Query kSelectToCancel{
    "select_to_cancel", "SELECT node_id FROM dep_group WHERE cancel_pending = 1 ORDER BY node_id LIMIT ?"};
inline constexpr Query kLockToCancel{"lock_to_cancel",
                                     "SELECT node_id FROM dep_group WHERE node_id = ? AND cancel_pending = 1 /*FOR "
                                     "UPDATE*/"};
/// Upstreams that nobody undecided waits for.
inline constexpr Query kSelectLeftOver{
    "select_left_over",
    "SELECT u.node_id FROM dep_edge e JOIN node u ON u.node_id = e.up_id WHERE e.down_id = ?1 AND e.verdict IS NULL "
    "AND u.phase <> 'terminal' AND NOT EXISTS (SELECT 1 FROM dep_edge o JOIN dep_group g ON g.node_id = o.down_id "
    "WHERE o.up_id = u.node_id AND o.down_id <> ?1 AND o.verdict IS NULL AND g.state = 'pending') ORDER BY u.node_id"};
inline constexpr Query kClearCancel{"clear_cancel", "UPDATE dep_group SET cancel_pending = 0 WHERE node_id = ?"};
inline constexpr Query kCancelGroups{
    "cancel_groups",
    "UPDATE dep_group SET state = 'cancelled', decided_at = now_us() WHERE state = 'pending' AND node_id "
    "IN " RIVET_IDS("?1")};
/// Ends what is idle and asks what is active, in one look at each: between two it could change places.
inline constexpr Query kStop{
    "stop",
    "UPDATE node SET phase = CASE WHEN phase = 'active' THEN phase ELSE 'terminal' END, outcome = CASE WHEN phase = "
    "'active' THEN outcome ELSE 'cancelled' END, updated_at = CASE WHEN phase = 'active' THEN updated_at ELSE now_us() "
    "END, reason = ?2, cancel_requested_at = coalesce(cancel_requested_at, now_us()), not_before = NULL WHERE phase <> "
    "'terminal' AND node_id IN " RIVET_IDS("?1") " RETURNING node_id, phase"};
inline constexpr Query kSelectFinishedRuns{
    "select_finished_runs",
    "SELECT r.run_id FROM cascade_run r WHERE r.state = 'open' AND NOT EXISTS (SELECT 1 FROM node n WHERE n.run_id = "
    "r.run_id AND n.phase <> 'terminal') ORDER BY r.submitted_at LIMIT ? /*FOR UPDATE SKIP LOCKED*/"};
inline constexpr Query kCloseRun{
    "close_run",
    "UPDATE cascade_run SET closed_at = now_us(), state = CASE WHEN cancel_requested_at IS NOT NULL AND EXISTS (SELECT "
    "1 FROM node n WHERE n.run_id = cascade_run.run_id AND n.outcome = 'cancelled') THEN 'cancelled' WHEN EXISTS "
    "(SELECT 1 FROM node n WHERE n.run_id = cascade_run.run_id AND n.outcome IN ('failed', 'expired')) THEN 'failed' "
    "ELSE 'done' END WHERE run_id = ?1 AND state = 'open' AND NOT EXISTS (SELECT 1 FROM node n WHERE n.run_id = "
    "cascade_run.run_id AND n.phase <> 'terminal') RETURNING " RIVET_CASCADE_RUN_COLUMNS};
inline constexpr Query kInsertAlarm{
    "insert_alarm",
    "INSERT INTO alarm (reconciler, run_id, node_id, message, raised_at) VALUES (?, nullif(?, ''), nullif(?, 0), ?, "
    "now_us())"};

// Operators.

inline constexpr Query kLockCascadeRun{"lock_cascade_run",
                                       "SELECT " RIVET_CASCADE_RUN_COLUMNS
                                       ", payload FROM cascade_run WHERE run_id = ? /*FOR UPDATE*/"};
/// Whoever holds them decides what becomes of the nodes that wait.
inline constexpr Query kLockGroupsOfRun{"lock_groups_of_run",
                                        "SELECT node_id FROM dep_group WHERE node_id IN (SELECT node_id FROM node "
                                        "WHERE run_id = ?) ORDER BY node_id /*FOR UPDATE*/"};
inline constexpr Query kReopenRun{
    "reopen_run",
    "UPDATE cascade_run SET state = 'open', closed_at = NULL, cancel_requested_at = NULL, paused = 0 WHERE run_id = ?"};
inline constexpr Query kNewRound{
    "new_round",
    "UPDATE node SET phase = CASE WHEN EXISTS (SELECT 1 FROM dep_group g WHERE g.node_id = node.node_id) THEN "
    "'blocked' ELSE 'runnable' END, outcome = NULL, round = round + 1, epoch = epoch + 1, attempts = 0, not_before = "
    "NULL, cancel_requested_at = NULL, reason = '', updated_at = now_us() WHERE phase = 'terminal' AND node_id "
    "IN " RIVET_IDS("?1")};
inline constexpr Query kReopenGroups{
    "reopen_groups",
    "UPDATE dep_group SET state = 'pending', decided_at = NULL, cancel_pending = 0 WHERE node_id IN " RIVET_IDS("?1")};
/// Verdicts of the upstreams ?1 in groups ?2 that are pending.
inline constexpr Query kForgetVerdicts{
    "forget_verdicts",
    "UPDATE dep_edge SET verdict = NULL, up_round = NULL, resolved_at = NULL WHERE up_id IN " RIVET_IDS(
        "?1") " AND down_id IN (SELECT node_id FROM dep_group WHERE state = 'pending' AND node_id IN " RIVET_IDS(
        "?2") ")"};
inline constexpr Query kAskRunToStop{
    "ask_run_to_stop",
    "UPDATE cascade_run SET cancel_requested_at = coalesce(cancel_requested_at, now_us()) WHERE run_id = ?"};
inline constexpr Query kPauseRun{"pause_run",
                                 "UPDATE cascade_run SET paused = ?2 WHERE run_id = ?1 AND state = 'open' RETURNING "
                                 "run_id"};
inline constexpr Query kSelectForgettable{
    "select_forgettable",
    "SELECT run_id FROM cascade_run WHERE state <> 'open' AND closed_at <= now_us() - ? ORDER BY closed_at LIMIT 1000 "
    "/*FOR UPDATE SKIP LOCKED*/"};
#define RIVET_NODES_OF_RUN "(SELECT node_id FROM node WHERE run_id = ?1)"
inline constexpr Query kForgetEdges{"forget_edges", "DELETE FROM dep_edge WHERE down_id IN " RIVET_NODES_OF_RUN};
inline constexpr Query kForgetGroups{"forget_groups", "DELETE FROM dep_group WHERE node_id IN " RIVET_NODES_OF_RUN};
inline constexpr Query kForgetEvents{"forget_events", "DELETE FROM outbox WHERE node_id IN " RIVET_NODES_OF_RUN};
inline constexpr Query kForgetAttempts{"forget_attempts",
                                       "DELETE FROM node_attempt WHERE node_id IN " RIVET_NODES_OF_RUN};
inline constexpr Query kForgetNodeRuns{"forget_node_runs", "DELETE FROM node_run WHERE node_id IN " RIVET_NODES_OF_RUN};
inline constexpr Query kForgetNodes{"forget_nodes", "DELETE FROM node WHERE run_id = ?1"};
inline constexpr Query kForgetAlarms{"forget_alarms", "DELETE FROM alarm WHERE run_id = ?1"};
inline constexpr Query kForgetRun{"forget_run", "DELETE FROM cascade_run WHERE run_id = ?1"};

// Looking.

inline constexpr Query kSelectCascadeRun{
    "select_cascade_run", "SELECT " RIVET_CASCADE_RUN_COLUMNS ", payload FROM cascade_run WHERE run_id = ?"};
inline constexpr Query kSelectTallies{
    "select_tallies",
    "SELECT " RIVET_CASCADE_RUN_COLUMNS
    ", (SELECT count(*) FROM node n WHERE n.run_id = r.run_id AND n.phase = 'blocked'), (SELECT count(*) FROM node n "
    "WHERE n.run_id = r.run_id AND n.phase = 'runnable'), (SELECT count(*) FROM node n WHERE n.run_id = r.run_id AND "
    "n.phase = 'active'), (SELECT count(*) FROM node n WHERE n.run_id = r.run_id AND n.outcome = 'success'), (SELECT "
    "count(*) FROM node n WHERE n.run_id = r.run_id AND n.outcome <> 'success') FROM cascade_run r WHERE ?1 = 0 OR "
    "r.state = 'open' ORDER BY r.submitted_at DESC, r.run_id DESC LIMIT ?2"};
inline constexpr Query kSelectNodes{
    "select_nodes", "SELECT " RIVET_NODE_COLUMNS("node") " FROM node WHERE run_id = ? ORDER BY node_id"};
inline constexpr Query kSelectNode{"select_node", "SELECT " RIVET_NODE_COLUMNS("node") " FROM node WHERE node_id = ?"};
inline constexpr Query kSelectGroup{
    "select_group",
    "SELECT kind, k, n, on_satisfied, n_success, n_negative, state, decided_at, cancel_pending FROM dep_group WHERE "
    "node_id = ?"};
inline constexpr Query kSelectEdgesInto{
    "select_edges_into",
    "SELECT e.up_id, u.name, e.verdict, e.up_round FROM dep_edge e JOIN node u ON u.node_id = e.up_id WHERE e.down_id "
    "= ? ORDER BY e.up_id"};
inline constexpr Query kSelectAttempts{
    "select_attempts",
    "SELECT node_id, epoch, round, attempt, owner, started_at, ended_at, outcome, error FROM node_attempt WHERE "
    "node_id = ? ORDER BY epoch"};
inline constexpr Query kSelectActive{"select_active",
                                     "SELECT " RIVET_NODE_COLUMNS("node") " FROM node WHERE phase = 'active' ORDER BY "
                                                                          "lease_until LIMIT ?"};
inline constexpr Query kSelectAlarms{
    "select_alarms",
    "SELECT alarm_id, reconciler, run_id, node_id, message, raised_at FROM alarm ORDER BY alarm_id DESC LIMIT ?"};
inline constexpr Query kSelectHappenings{
    "select_happenings",
    "SELECT * FROM (SELECT a.started_at AS happened_at, 'started' AS kind, a.epoch AS sequence, n.run_id, n.name, "
    "CAST(a.attempt AS TEXT) AS detail, a.owner FROM node_attempt a JOIN node n ON n.node_id = a.node_id WHERE "
    "a.started_at >= ?2 UNION ALL SELECT o.committed_at, 'ended', o.event_id, n.run_id, n.name, o.outcome, '' FROM "
    "outbox o JOIN node n ON n.node_id = o.node_id WHERE o.committed_at >= ?2 UNION ALL SELECT m.raised_at, 'alarm', "
    "m.alarm_id, coalesce(m.run_id, ''), coalesce(n.name, ''), m.message, m.reconciler FROM alarm m LEFT JOIN node n "
    "ON n.node_id = m.node_id WHERE m.raised_at >= ?2) AS h WHERE ?1 = '' OR h.run_id = ?1 ORDER BY happened_at, kind "
    "DESC, sequence LIMIT ?3"};
inline constexpr Query kHasWork{
    "has_work",
    "SELECT CAST(EXISTS (SELECT 1 FROM node n JOIN cascade_run r ON r.run_id = n.run_id WHERE r.state = 'open' AND "
    "n.phase <> 'terminal' AND " RIVET_IN_SCOPE("n") ") OR EXISTS (SELECT 1 FROM outbox o WHERE o.dispatched_at IS "
    "NULL AND o.soft_until <= now_us() AND " RIVET_IN_SCOPE("o") ") AS INTEGER)"};

// Workers and places.

inline constexpr Query kSeeWorker{
    "see_worker",
    "INSERT INTO worker (worker_id, host, pid, slots, namespace, tags, started_at, seen_at) VALUES (?1, ?2, ?3, ?4, "
    "?5, ?6, now_us(), now_us()) ON CONFLICT (worker_id) DO UPDATE SET seen_at = now_us()"};
inline constexpr Query kForgetWorker{"forget_worker", "DELETE FROM worker WHERE worker_id = ?"};
inline constexpr Query kSelectWorkers{
    "select_workers",
    "SELECT worker_id, host, pid, slots, namespace, tags, started_at, seen_at FROM worker WHERE seen_at >= now_us() - "
    "? ORDER BY started_at, worker_id"};
inline constexpr Query kInsertProbe{"insert_probe",
                                    "INSERT INTO place_probe (place, token, host, created_at) VALUES (?, ?, ?, "
                                    "now_us()) ON CONFLICT (place) DO NOTHING"};
inline constexpr Query kSelectProbe{"select_probe", "SELECT token, host FROM place_probe WHERE place = ?"};

}  // namespace rivet::state::sql::cascade_sql
