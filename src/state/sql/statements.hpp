// SPDX-License-Identifier: Apache-2.0
// Every SQL statement that a store runs, in what SQLite and PostgreSQL share: `?` and `?N` are parameters. What only
// PostgreSQL has stands between `/*` and `*/`: SQLite locks the whole store for a write, PostgreSQL the rows it is
// about.
#pragma once

#include <array>

#include "state/sql/connection.hpp"

namespace rivet::state::sql {

#define RIVET_RUN_COLUMNS                                                                                           \
  "run_id, export_name, prefix, plan_hash, plan_json, mode, nonce, stage, status, owner, started_at, lease_until, " \
  "finished_at, sealed_at, generation, error, max_attempts, format, compression, append, longest_unit_us, "         \
  "position_json, recent_limit"
#define RIVET_UNIT_COLUMNS                                                                                \
  "unit_index, predicate, start_key, end_key, reason, status, attempts, epoch, owner, rows, last_error, " \
  "snapshot, gates_json, read_at, digest, updated_at, lease_until, number"
#define RIVET_FILE_COLUMNS                                                                                   \
  "p.run_id, p.unit_index, p.epoch, p.path, p.rows, p.bytes, p.fingerprint, p.md5, p.digest, p.created_at, " \
  "p.export_name, p.format, p.compression, CASE WHEN p.generation_superseded IS NOT NULL THEN 'superseded' " \
  "WHEN p.generation_added IS NULL AND r.stage = 'ended' THEN 'abandoned' ELSE 'committed' END, "            \
  "p.generation_superseded"
#define RIVET_METRIC_COLUMNS                                                                                   \
  "export_name, run_id, run_at, duration_ms, total_rows, peak_rss_mb, status, error_message, tuning_profile, " \
  "format, mode, files_produced, bytes_written, bytes_read, retries, validated, reconciled, source_count, "    \
  "schema_changed, quality_passed, "                                                                           \
  "pg_temp_bytes_delta, batch_size, batch_size_memory_mb, longest_chunk_ms, skip_reason, schema_fingerprint, " \
  "error_class, source_type, destination_type, rivet_version"

// Runs.

inline constexpr Query kInsertRun{"insert_run",
                                  "INSERT INTO run (run_id, export_name, prefix, plan_hash, plan_json, mode, nonce, "
                                  "format, compression, stage, status, owner, lease_until, started_at, max_attempts) "
                                  "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'running', 'running', ?, ?, ?, ?)"};
inline constexpr Query kSelectRun{"select_run", "SELECT " RIVET_RUN_COLUMNS " FROM run WHERE run_id = ?"};
inline constexpr Query kLockRun{"lock_run", "SELECT " RIVET_RUN_COLUMNS " FROM run WHERE run_id = ? /*FOR UPDATE*/"};
inline constexpr Query kShareRun{"share_run", "SELECT " RIVET_RUN_COLUMNS " FROM run WHERE run_id = ? /*FOR SHARE*/",
                                 kOften};
inline constexpr Query kSelectExportOfRun{"select_export_of_run", "SELECT export_name FROM run WHERE run_id = ?"};
inline constexpr Query kLockUnfinished{"lock_unfinished",
                                       "SELECT " RIVET_RUN_COLUMNS
                                       " FROM run WHERE stage IN ('running', 'sealed') AND export_name = ? "
                                       "ORDER BY started_at, run_id /*FOR UPDATE*/"};
inline constexpr Query kSelectUnfinishedAt{
    "select_unfinished_at",
    "SELECT " RIVET_RUN_COLUMNS " FROM run WHERE export_name = ? AND prefix = ? AND stage IN ('running', 'sealed')"};
inline constexpr Query kSelectUnfinished{"select_unfinished",
                                         "SELECT " RIVET_RUN_COLUMNS
                                         " FROM run WHERE stage IN ('running', 'sealed') AND (?1 = '' OR export_name = "
                                         "?1) ORDER BY started_at, run_id"};
inline constexpr Query kUpdateHolder{"update_holder", "UPDATE run SET owner = ?2, lease_until = ?3 WHERE run_id = ?1"};
inline constexpr Query kUpdateLease{"update_lease", "UPDATE run SET lease_until = ?2 WHERE run_id = ?1"};
inline constexpr Query kSealRun{"seal_run",
                                "UPDATE run SET stage = 'sealed', sealed_at = ?2, generation = ?3, append = ?4, "
                                "cursor = ?5, position_json = ?6, recent_limit = ?7 WHERE run_id = ?1"};
inline constexpr Query kPublishRun{
    "publish_run", "UPDATE run SET stage = 'published', status = 'success', finished_at = ?2 WHERE run_id = ?1"};
inline constexpr Query kEndRun{
    "end_run",
    "UPDATE run SET stage = 'ended', status = ?2, error = ?3, finished_at = ?4, swept = 0 WHERE run_id = ?1"};
inline constexpr Query kSweptRun{"swept_run", "UPDATE run SET swept = 1 WHERE run_id = ?1"};
inline constexpr Query kSelectUnswept{"select_unswept",
                                      "SELECT " RIVET_RUN_COLUMNS
                                      " FROM run WHERE swept = 0 AND export_name = ? ORDER BY started_at, run_id"};
inline constexpr Query kSelectRuns{
    "select_runs", "SELECT " RIVET_RUN_COLUMNS
                   " FROM run WHERE (?1 = '' OR export_name = ?1) AND (?2 = '' OR run_id = ?2) ORDER BY started_at "
                   "DESC, rowid DESC LIMIT ?3"};

// Units.

inline constexpr Query kInsertUnit{"insert_unit",
                                   "INSERT INTO unit (run_id, unit_index, predicate, start_key, end_key, reason, "
                                   "status, updated_at, number) VALUES (?, ?, ?, ?, ?, ?, 'pending', ?, ?)"};
inline constexpr Query kInsertReplaced{
    "insert_replaced",
    "INSERT INTO unit_replaced (run_id, unit_index, replaced_run_id, replaced_unit_index) VALUES (?, ?, ?, ?)"};
inline constexpr Query kCountReplaced{"count_replaced", "SELECT count(*) FROM unit_replaced WHERE run_id = ?"};
inline constexpr Query kSelectNotLive{
    "select_not_live",
    "SELECT x.replaced_run_id, x.replaced_unit_index FROM unit_replaced x JOIN unit u ON u.run_id = x.replaced_run_id "
    "AND u.unit_index = x.replaced_unit_index JOIN run r ON r.run_id = u.run_id WHERE x.run_id = ?1 AND "
    "(r.export_name <> ?2 OR r.prefix <> ?3 OR r.stage NOT IN ('sealed', 'published') OR "
    "u.generation_superseded IS NOT NULL) LIMIT 1"};
inline constexpr Query kSelectLiveUnits{
    "select_live_units",
    "SELECT " RIVET_UNIT_COLUMNS
    ", run_id FROM unit WHERE generation_superseded IS NULL AND run_id IN (SELECT run_id FROM run WHERE export_name = "
    "?1 AND prefix = ?2 AND stage IN ('sealed', 'published')) ORDER BY (SELECT generation FROM run WHERE run.run_id = "
    "unit.run_id), unit_index"};
inline constexpr Query kSelectUnits{"select_units",
                                    "SELECT " RIVET_UNIT_COLUMNS " FROM unit WHERE run_id = ? ORDER BY unit_index"};
inline constexpr Query kSelectUnit{"select_unit",
                                   "SELECT " RIVET_UNIT_COLUMNS " FROM unit WHERE run_id = ? AND unit_index = ?"};
inline constexpr Query kLockUnit{
    "lock_unit", "SELECT " RIVET_UNIT_COLUMNS " FROM unit WHERE run_id = ? AND unit_index = ? /*FOR UPDATE*/", kOften};
inline constexpr Query kSelectPendingUnit{"select_pending_unit",
                                          "SELECT " RIVET_UNIT_COLUMNS
                                          " FROM unit WHERE run_id = ? AND status = 'pending' ORDER BY unit_index "
                                          "LIMIT 1 /*FOR UPDATE SKIP LOCKED*/",
                                          kOften};
inline constexpr Query kSelectExpiredUnit{"select_expired_unit",
                                          "SELECT " RIVET_UNIT_COLUMNS
                                          " FROM unit WHERE run_id = ? AND status = 'running' AND lease_until < ? "
                                          "ORDER BY lease_until LIMIT 1 /*FOR UPDATE SKIP LOCKED*/"};
inline constexpr Query kClaimUnit{"claim_unit",
                                  "UPDATE unit SET status = 'running', owner = ?3, epoch = ?4, attempts = ?5, "
                                  "updated_at = ?6, lease_until = ?7 WHERE run_id = ?1 AND unit_index = ?2",
                                  kOften};
inline constexpr Query kRenewUnits{
    "renew_units", "UPDATE unit SET lease_until = ?3 WHERE run_id = ?1 AND owner = ?2 AND status = 'running'"};
inline constexpr Query kCommitUnit{"commit_unit",
                                   "UPDATE unit SET status = 'completed', rows = ?3, digest = ?4, snapshot = ?5, "
                                   "read_at = ?6, gates_json = ?7, last_error = '', updated_at = ?8 "
                                   "WHERE run_id = ?1 AND unit_index = ?2",
                                   kOften};
inline constexpr Query kFailUnit{"fail_unit",
                                 "UPDATE unit SET status = ?3, owner = '', last_error = ?4, updated_at = ?5 "
                                 "WHERE run_id = ?1 AND unit_index = ?2"};
inline constexpr Query kNarrowUnit{"narrow_unit",
                                   "UPDATE unit SET predicate = ?3, end_key = ?4, updated_at = ?5 WHERE run_id = ?1 "
                                   "AND unit_index = ?2"};
inline constexpr Query kReopenUnit{
    "reopen_unit",
    "UPDATE unit SET status = 'pending', owner = '', attempts = 0, rows = 0, digest = '', snapshot = '', read_at = "
    "NULL, "
    "gates_json = '', last_error = ?3, updated_at = ?4 WHERE run_id = ?1 AND unit_index = ?2"};
inline constexpr Query kDeletePartsOfUnit{"delete_parts_of_unit",
                                          "DELETE FROM part WHERE run_id = ? AND unit_index = ?"};
inline constexpr Query kDeleteRecentOfUnit{"delete_recent_of_unit",
                                           "DELETE FROM recent_key WHERE run_id = ? AND unit_index = ?"};
inline constexpr Query kDeleteHashesOfUnit{"delete_hashes_of_unit",
                                           "DELETE FROM unit_hashes WHERE run_id = ? AND unit_index = ?"};
inline constexpr Query kReleaseUnits{"release_units",
                                     "UPDATE unit SET status = 'pending', owner = '', updated_at = ?2 "
                                     "WHERE run_id = ?1 AND status = 'running'"};
inline constexpr Query kReleaseUnitsOf{"release_units_of",
                                       "UPDATE unit SET status = 'pending', owner = '', updated_at = ?3 "
                                       "WHERE run_id = ?1 AND status = 'running' AND (owner = ?2 OR lease_until < ?4)"};
inline constexpr Query kCountIncomplete{"count_incomplete",
                                        "SELECT count(*), coalesce(min(unit_index), 0) FROM unit "
                                        "WHERE run_id = ? AND status <> 'completed'"};
inline constexpr Query kLastUnit{"last_unit", "SELECT max(unit_index) FROM unit WHERE run_id = ?"};

// Parts and generations.

inline constexpr Query kInsertPart{"insert_part",
                                   "INSERT INTO part (run_id, unit_index, epoch, path, rows, bytes, fingerprint, md5, "
                                   "digest, created_at, export_name, prefix, format, compression) "
                                   "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                                   kOften};
inline constexpr Query kSelectPathOwner{"select_path_owner", "SELECT run_id FROM part WHERE prefix = ? AND path = ?",
                                        kOften};
inline constexpr Query kSelectLiveParts{"select_live_parts",
                                        "SELECT " RIVET_FILE_COLUMNS
                                        " FROM part p JOIN run r ON r.run_id = p.run_id WHERE p.export_name = ? AND "
                                        "p.prefix = ? AND p.generation_added IS NOT NULL AND p.generation_superseded "
                                        "IS NULL ORDER BY p.id"};
inline constexpr Query kSelectFiles{"select_files",
                                    "SELECT " RIVET_FILE_COLUMNS
                                    " FROM part p JOIN run r ON r.run_id = p.run_id WHERE (?1 = '' OR p.export_name = "
                                    "?1) AND (?2 = '' OR p.run_id = ?2) ORDER BY p.id DESC LIMIT ?3"};
inline constexpr Query kInsertGeneration{
    "insert_generation",
    "INSERT INTO generation (export_name, prefix, generation, run_id, sealed_at) VALUES (?, ?, ?, ?, ?)"};
inline constexpr Query kSupersedeParts{"supersede_parts",
                                       "UPDATE part SET generation_superseded = ?3 WHERE export_name = ?1 AND prefix = "
                                       "?2 AND generation_added IS NOT NULL AND generation_superseded IS NULL"};
inline constexpr Query kSupersedeUnits{
    "supersede_units",
    "UPDATE unit SET generation_superseded = ?3 WHERE generation_superseded IS NULL AND run_id IN (SELECT run_id FROM "
    "run WHERE export_name = ?1 AND prefix = ?2 AND stage IN ('sealed', 'published'))"};
inline constexpr Query kSupersedeReplacedParts{
    "supersede_replaced_parts",
    "UPDATE part SET generation_superseded = ?2 WHERE generation_added IS NOT NULL AND generation_superseded IS NULL "
    "AND EXISTS (SELECT 1 FROM unit_replaced x WHERE x.run_id = ?1 AND x.replaced_run_id = part.run_id AND "
    "x.replaced_unit_index = part.unit_index)"};
inline constexpr Query kSupersedeReplacedUnits{
    "supersede_replaced_units",
    "UPDATE unit SET generation_superseded = ?2 WHERE generation_superseded IS NULL AND EXISTS (SELECT 1 FROM "
    "unit_replaced x WHERE x.run_id = ?1 AND x.replaced_run_id = unit.run_id AND x.replaced_unit_index = "
    "unit.unit_index)"};
inline constexpr Query kSelectGeneration{
    "select_generation", "SELECT coalesce(max(generation), 0) FROM generation WHERE export_name = ? AND prefix = ?"};
inline constexpr Query kSelectSuperseded{
    "select_superseded",
    "SELECT " RIVET_FILE_COLUMNS
    " FROM part p JOIN run r ON r.run_id = p.run_id WHERE p.export_name = ?1 AND p.prefix = ?2 AND "
    "p.generation_superseded > (SELECT coalesce(max(b.generation), 0) FROM run b WHERE b.export_name = ?1 AND "
    "b.prefix = ?2 AND b.append = 0) ORDER BY p.id"};
inline constexpr Query kVerifyCommitted{
    "verify_committed",
    "UPDATE export_progression SET last_verified_strategy = last_committed_strategy, last_verified_cursor = "
    "last_committed_cursor, last_verified_chunk_index = last_committed_chunk_index, last_verified_run_id = "
    "last_committed_run_id, last_verified_at = ?2 WHERE export_name = ?1 AND last_committed_run_id IS NOT NULL"};
inline constexpr Query kAddParts{"add_parts", "UPDATE part SET generation_added = ?2 WHERE run_id = ?1"};

// What publishing projects.

inline constexpr Query kUpsertLastRun{"upsert_last_run",
                                      "INSERT INTO export_state (export_name, last_run_at) VALUES (?1, ?2) "
                                      "ON CONFLICT (export_name) DO UPDATE SET last_run_at = excluded.last_run_at"};
inline constexpr Query kUpdateLastCursor{"update_last_cursor",
                                         "UPDATE export_state SET last_cursor_value = ?2 WHERE export_name = ?1"};
inline constexpr Query kDeleteExportState{"delete_export_state", "DELETE FROM export_state WHERE export_name = ?"};
inline constexpr Query kSelectExports{
    "select_exports", "SELECT export_name, last_cursor_value, last_run_at FROM export_state ORDER BY export_name"};
inline constexpr Query kUpsertSchema{
    "upsert_schema",
    "INSERT INTO export_schema (export_name, columns_json, updated_at) VALUES (?1, ?2, ?3) "
    "ON CONFLICT (export_name) DO UPDATE SET columns_json = excluded.columns_json, updated_at = excluded.updated_at"};
inline constexpr Query kSelectSchema{"select_schema", "SELECT columns_json FROM export_schema WHERE export_name = ?"};
inline constexpr Query kUpsertShape{
    "upsert_shape",
    "INSERT INTO export_shape (export_name, column_name, max_byte_len, updated_at) VALUES (?1, ?2, ?3, ?4) "
    "ON CONFLICT (export_name, column_name) DO UPDATE SET updated_at = excluded.updated_at, "
    "max_byte_len = CASE WHEN excluded.max_byte_len > export_shape.max_byte_len THEN excluded.max_byte_len ELSE "
    "export_shape.max_byte_len END"};
inline constexpr Query kSelectShapes{"select_shapes",
                                     "SELECT column_name, max_byte_len FROM export_shape WHERE export_name = ?"};
inline constexpr Query kInsertCommitted{
    "insert_committed",
    "INSERT INTO export_progression (export_name, last_committed_strategy, last_committed_cursor, "
    "last_committed_chunk_index, last_committed_run_id, last_committed_at) VALUES (?, ?, ?, ?, ?, ?)"};
inline constexpr Query kUpdateCommitted{
    "update_committed",
    "UPDATE export_progression SET last_committed_strategy = ?2, last_committed_cursor = ?3, "
    "last_committed_chunk_index = ?4, last_committed_run_id = ?5, last_committed_at = ?6 WHERE export_name = ?1"};
inline constexpr Query kDeleteProgression{"delete_progression", "DELETE FROM export_progression WHERE export_name = ?"};
inline constexpr Query kForgetVerifiedAbove{
    "forget_verified_above",
    "UPDATE export_progression SET last_verified_strategy = NULL, last_verified_cursor = NULL, "
    "last_verified_chunk_index = NULL, last_verified_run_id = NULL, last_verified_at = NULL "
    "WHERE export_name = ?1 AND last_verified_chunk_index > ?2"};
inline constexpr Query kSelectProgression{
    "select_progression",
    "SELECT export_name, last_committed_strategy, last_committed_cursor, last_committed_chunk_index, "
    "last_committed_run_id, last_committed_at, last_verified_strategy, last_verified_cursor, "
    "last_verified_chunk_index, last_verified_run_id, last_verified_at FROM export_progression "
    "WHERE ?1 = '' OR export_name = ?1 ORDER BY export_name LIMIT ?2"};
inline constexpr Query kSelectKnownExports{"select_known_exports",
                                           "SELECT export_name FROM run UNION SELECT export_name FROM export_state "
                                           "UNION SELECT export_name FROM export_metrics ORDER BY export_name"};

// Positions and what incremental runs remember.

inline constexpr Query kSelectLaterPosition{
    "select_later_position",
    "SELECT run_id FROM run WHERE export_name = ?1 AND stage = 'published' AND position_json IS NOT NULL AND "
    "rowid > (SELECT rowid FROM run WHERE run_id = ?2) LIMIT 1"};
inline constexpr Query kUpsertPosition{
    "upsert_position",
    "INSERT INTO export_position (export_name, position_json, updated_at) VALUES (?1, ?2, ?3) "
    "ON CONFLICT (export_name) DO UPDATE SET position_json = excluded.position_json, updated_at = excluded.updated_at"};
inline constexpr Query kSelectPosition{"select_position",
                                       "SELECT position_json FROM export_position WHERE export_name = ?"};
inline constexpr Query kDeletePosition{"delete_position", "DELETE FROM export_position WHERE export_name = ?"};
inline constexpr Query kForgetSealedPositions{
    "forget_sealed_positions",
    "UPDATE run SET position_json = NULL, cursor = NULL WHERE export_name = ? AND stage = 'sealed'"};
inline constexpr Query kInsertRecent{
    "insert_recent",
    "INSERT INTO recent_key (run_id, unit_index, export_name, sequence, after_key, of_null, keys, digests) "
    "VALUES (?1, ?2, ?3, coalesce((SELECT max(sequence) FROM recent_key WHERE run_id = ?1), "
    "(SELECT max(sequence) FROM recent_key WHERE export_name = ?3) + 1, 1), ?4, ?5, ?6, ?7)"};
inline constexpr Query kSelectRecent{
    "select_recent",
    "SELECT k.run_id, k.unit_index, k.after_key, k.of_null, k.digests FROM recent_key k JOIN run r ON r.run_id = "
    "k.run_id "
    "WHERE k.export_name = ? AND r.stage = 'published' ORDER BY k.sequence DESC, k.unit_index"};
inline constexpr Query kCountRecent{
    "count_recent",
    "SELECT k.run_id, sum(k.keys) FROM recent_key k JOIN run r ON r.run_id = k.run_id WHERE k.export_name = ? AND "
    "k.of_null = 0 AND r.stage = 'published' GROUP BY k.run_id ORDER BY max(k.sequence) DESC"};
#define RIVET_REPLACED_RECENT                                                                  \
  "FROM unit_replaced x JOIN recent_key k ON k.run_id = x.replaced_run_id AND k.unit_index = " \
  "x.replaced_unit_index WHERE x.run_id = ?1 AND x.unit_index = recent_key.unit_index"
inline constexpr Query kDropUnasked{
    "drop_unasked", "DELETE FROM recent_key WHERE run_id = ?1 AND NOT EXISTS (SELECT 1 " RIVET_REPLACED_RECENT ")"};
inline constexpr Query kInheritRecent{
    "inherit_recent", "UPDATE recent_key SET sequence = (SELECT min(k.sequence) " RIVET_REPLACED_RECENT
                      "), after_key = (SELECT k.after_key " RIVET_REPLACED_RECENT " LIMIT 1) WHERE run_id = ?1"};
inline constexpr Query kDropReplacedRecent{
    "drop_replaced_recent",
    "DELETE FROM recent_key WHERE EXISTS (SELECT 1 FROM unit_replaced x WHERE x.run_id = ?1 AND x.replaced_run_id = "
    "recent_key.run_id AND x.replaced_unit_index = recent_key.unit_index)"};
#undef RIVET_REPLACED_RECENT
inline constexpr Query kForgetOldRecent{"forget_old_recent", "DELETE FROM recent_key WHERE run_id = ? AND of_null = 0"};
inline constexpr Query kDeleteRecentOfRun{"delete_recent_of_run", "DELETE FROM recent_key WHERE run_id = ?"};
inline constexpr Query kDeleteRecentOfExport{"delete_recent_of_export", "DELETE FROM recent_key WHERE export_name = ?"};
inline constexpr Query kInsertHashes{
    "insert_hashes", "INSERT INTO unit_hashes (run_id, unit_index, column_name, hashes) VALUES (?, ?, ?, ?)"};
inline constexpr Query kSelectHashes{
    "select_hashes", "SELECT hashes FROM unit_hashes WHERE run_id = ? AND column_name = ? ORDER BY unit_index"};
inline constexpr Query kDeleteHashes{"delete_hashes", "DELETE FROM unit_hashes WHERE run_id = ?"};

// Records.

inline constexpr Query kInsertEvent{
    "insert_event",
    "INSERT INTO journal_event (run_id, sequence, export_name, recorded_at, event_name, chunk_index, event_json, "
    "entry_extra_json) VALUES (?1, (SELECT coalesce(max(sequence), 0) + 1 FROM journal_event WHERE run_id = ?1), ?2, "
    "?3, ?4, ?5, ?6, ?7)"};
inline constexpr Query kSelectLastChunkEvent{
    "select_last_chunk_event",
    "SELECT event_name, recorded_at FROM journal_event WHERE run_id = ? AND chunk_index = ? AND event_name IN "
    "('ChunkStarted', 'ChunkCompleted') ORDER BY sequence DESC LIMIT 1"};
inline constexpr Query kRaiseLongestUnit{
    "raise_longest_unit",
    "UPDATE run SET longest_unit_us = ?2 WHERE run_id = ?1 AND coalesce(longest_unit_us, -1) < ?2"};
inline constexpr Query kSelectJournals{
    "select_journals",
    "SELECT run_id, export_name FROM journal_event WHERE sequence = 1 AND (?1 = '' OR export_name = ?1) AND (?2 = '' "
    "OR run_id = ?2) ORDER BY recorded_at DESC, run_id DESC LIMIT ?3"};
inline constexpr Query kSelectEvents{
    "select_events",
    "SELECT recorded_at, event_json, entry_extra_json FROM journal_event WHERE run_id = ? ORDER BY sequence"};
inline constexpr Query kDeleteMetrics{"delete_metrics", "DELETE FROM export_metrics WHERE run_id = ?"};
inline constexpr Query kInsertMetrics{
    "insert_metrics", "INSERT INTO export_metrics (" RIVET_METRIC_COLUMNS
                      ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                      "?, ?, ?, ?, ?)"};
inline constexpr Query kSelectMetrics{"select_metrics",
                                      "SELECT " RIVET_METRIC_COLUMNS
                                      " FROM export_metrics WHERE (?1 = '' OR export_name = ?1) AND (?2 = '' OR run_id "
                                      "= ?2) ORDER BY run_at DESC, id DESC LIMIT ?3"};
inline constexpr Query kInsertHarm{
    "insert_harm", "INSERT INTO export_harm (run_id, export_name, metric, delta, recorded_at) VALUES (?, ?, ?, ?, ?)"};
inline constexpr Query kSelectAggregate{"select_aggregate", "SELECT 1 FROM run_aggregate WHERE run_aggregate_id = ?"};
inline constexpr Query kInsertAggregate{
    "insert_aggregate",
    "INSERT INTO run_aggregate (run_aggregate_id, started_at, finished_at, duration_ms, config_path, parallel_mode, "
    "total_exports, success_count, failed_count, skipped_count, total_rows, total_files, total_bytes, details_json) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};

#undef RIVET_RUN_COLUMNS
#undef RIVET_UNIT_COLUMNS
#undef RIVET_FILE_COLUMNS
#undef RIVET_METRIC_COLUMNS

inline constexpr std::array kEveryQuery{&kInsertRun,
                                        &kSelectRun,
                                        &kLockRun,
                                        &kShareRun,
                                        &kSelectExportOfRun,
                                        &kLockUnfinished,
                                        &kLockUnit,
                                        &kSelectUnfinishedAt,
                                        &kSelectUnfinished,
                                        &kUpdateHolder,
                                        &kUpdateLease,
                                        &kSealRun,
                                        &kPublishRun,
                                        &kEndRun,
                                        &kSweptRun,
                                        &kSelectUnswept,
                                        &kInsertUnit,
                                        &kInsertReplaced,
                                        &kCountReplaced,
                                        &kSelectNotLive,
                                        &kSelectLiveUnits,
                                        &kSupersedeUnits,
                                        &kSupersedeReplacedParts,
                                        &kSupersedeReplacedUnits,
                                        &kSelectGeneration,
                                        &kSelectSuperseded,
                                        &kVerifyCommitted,
                                        &kSelectUnits,
                                        &kSelectUnit,
                                        &kSelectPendingUnit,
                                        &kSelectExpiredUnit,
                                        &kRenewUnits,
                                        &kClaimUnit,
                                        &kCommitUnit,
                                        &kFailUnit,
                                        &kNarrowUnit,
                                        &kReopenUnit,
                                        &kDeletePartsOfUnit,
                                        &kDeleteRecentOfUnit,
                                        &kDeleteHashesOfUnit,
                                        &kReleaseUnits,
                                        &kReleaseUnitsOf,
                                        &kCountIncomplete,
                                        &kLastUnit,
                                        &kInsertPart,
                                        &kSelectPathOwner,
                                        &kSelectLiveParts,
                                        &kSelectFiles,
                                        &kInsertGeneration,
                                        &kSupersedeParts,
                                        &kAddParts,
                                        &kUpsertLastRun,
                                        &kUpdateLastCursor,
                                        &kDeleteExportState,
                                        &kSelectRuns,
                                        &kForgetVerifiedAbove,
                                        &kSelectProgression,
                                        &kSelectKnownExports,
                                        &kSelectLaterPosition,
                                        &kUpsertPosition,
                                        &kSelectPosition,
                                        &kDeletePosition,
                                        &kForgetSealedPositions,
                                        &kInsertRecent,
                                        &kSelectRecent,
                                        &kCountRecent,
                                        &kDropUnasked,
                                        &kInheritRecent,
                                        &kDropReplacedRecent,
                                        &kForgetOldRecent,
                                        &kDeleteRecentOfRun,
                                        &kDeleteRecentOfExport,
                                        &kInsertHashes,
                                        &kSelectHashes,
                                        &kDeleteHashes,
                                        &kSelectExports,
                                        &kUpsertSchema,
                                        &kSelectSchema,
                                        &kInsertCommitted,
                                        &kUpdateCommitted,
                                        &kDeleteProgression,
                                        &kInsertEvent,
                                        &kSelectLastChunkEvent,
                                        &kRaiseLongestUnit,
                                        &kSelectJournals,
                                        &kSelectEvents,
                                        &kDeleteMetrics,
                                        &kInsertMetrics,
                                        &kSelectMetrics,
                                        &kInsertHarm,
                                        &kSelectAggregate,
                                        &kInsertAggregate,
                                        &kUpsertShape,
                                        &kSelectShapes};

}  // namespace rivet::state::sql
