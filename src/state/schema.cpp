// SPDX-License-Identifier: Apache-2.0
// The migrations: runs, units, parts and generations; the journal; the tables and views users know by name.
// Times are RFC 3339 text in UTC with six digits, so that their order as text is their order in time.
#include "state/schema.hpp"

#include <array>

namespace rivet::state {
namespace {

constexpr std::string_view kTables1 = R"sql(
CREATE TABLE schema_version (
  version INTEGER NOT NULL PRIMARY KEY
);

CREATE TABLE run (
  run_id TEXT NOT NULL PRIMARY KEY,
  export_name TEXT NOT NULL,
  prefix TEXT NOT NULL,
  plan_hash TEXT NOT NULL,
  plan_json TEXT NOT NULL,
  mode TEXT NOT NULL,
  nonce TEXT NOT NULL,
  format TEXT NOT NULL,
  compression TEXT NOT NULL,
  stage TEXT NOT NULL CHECK (stage IN ('running', 'sealed', 'published', 'ended')),
  status TEXT NOT NULL CHECK (status IN ('running', 'success', 'failed', 'skipped', 'degraded', 'interrupted')),
  owner TEXT NOT NULL,
  lease_until BIGINT NOT NULL,
  started_at TEXT NOT NULL,
  sealed_at TEXT,
  finished_at TEXT,
  generation BIGINT NOT NULL DEFAULT 0 CHECK (generation >= 0),
  cursor TEXT,
  append INTEGER NOT NULL DEFAULT 0 CHECK (append IN (0, 1)),
  error TEXT NOT NULL DEFAULT '',
  max_attempts INTEGER NOT NULL CHECK (max_attempts >= 1),
  longest_unit_us BIGINT,
  CHECK ((stage IN ('sealed', 'published')) = (generation > 0)),
  CHECK ((stage IN ('published', 'ended')) = (finished_at IS NOT NULL))
);
CREATE UNIQUE INDEX run_one_unfinished ON run (export_name, prefix) WHERE stage IN ('running', 'sealed');

CREATE TABLE unit (
  run_id TEXT NOT NULL REFERENCES run (run_id),
  unit_index INTEGER NOT NULL CHECK (unit_index >= 0),
  predicate TEXT NOT NULL,
  start_key TEXT NOT NULL,
  end_key TEXT NOT NULL,
  reason TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending', 'running', 'completed', 'failed')),
  attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  epoch INTEGER NOT NULL DEFAULT 0 CHECK (epoch >= 0),
  owner TEXT NOT NULL DEFAULT '',
  rows BIGINT NOT NULL DEFAULT 0 CHECK (rows >= 0),
  digest TEXT NOT NULL DEFAULT '',
  snapshot TEXT NOT NULL DEFAULT '',
  read_at TEXT,
  gates_json TEXT NOT NULL DEFAULT '',
  last_error TEXT NOT NULL DEFAULT '',
  updated_at TEXT NOT NULL,
  PRIMARY KEY (run_id, unit_index)
);
CREATE INDEX unit_pending ON unit (run_id, unit_index) WHERE status = 'pending';

CREATE TABLE part (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL,
  unit_index INTEGER NOT NULL,
  epoch INTEGER NOT NULL CHECK (epoch >= 1),
  path TEXT NOT NULL,
  rows BIGINT NOT NULL CHECK (rows >= 0),
  bytes BIGINT NOT NULL CHECK (bytes >= 0),
  fingerprint TEXT NOT NULL,
  md5 TEXT NOT NULL,
  digest TEXT NOT NULL,
  created_at TEXT NOT NULL,
  export_name TEXT NOT NULL,
  prefix TEXT NOT NULL,
  format TEXT NOT NULL,
  compression TEXT NOT NULL,
  cursor_high TEXT,
  generation_added BIGINT CHECK (generation_added >= 1),
  generation_superseded BIGINT CHECK (generation_superseded > generation_added),
  CHECK (generation_superseded IS NULL OR generation_added IS NOT NULL),
  UNIQUE (prefix, path),
  FOREIGN KEY (run_id, unit_index) REFERENCES unit (run_id, unit_index)
);
CREATE INDEX part_of_unit ON part (run_id, unit_index);
CREATE INDEX part_live ON part (export_name, prefix)
  WHERE generation_added IS NOT NULL AND generation_superseded IS NULL;

CREATE TABLE generation (
  export_name TEXT NOT NULL,
  prefix TEXT NOT NULL,
  generation BIGINT NOT NULL CHECK (generation >= 1),
  run_id TEXT NOT NULL REFERENCES run (run_id),
  sealed_at TEXT NOT NULL,
  PRIMARY KEY (export_name, prefix, generation)
);

CREATE TABLE journal_event (
  run_id TEXT NOT NULL,
  sequence BIGINT NOT NULL CHECK (sequence >= 1),
  export_name TEXT NOT NULL,
  recorded_at TEXT NOT NULL,
  event_name TEXT NOT NULL,
  chunk_index BIGINT,
  event_json TEXT NOT NULL,
  entry_extra_json TEXT,
  PRIMARY KEY (run_id, sequence)
);
CREATE INDEX journal_chunk ON journal_event (run_id, chunk_index, sequence) WHERE chunk_index IS NOT NULL;
CREATE INDEX journal_first ON journal_event (recorded_at) WHERE sequence = 1;

CREATE TABLE export_state (
  export_name TEXT NOT NULL PRIMARY KEY,
  last_cursor_value TEXT,
  last_run_at TEXT,
  resume_run_id TEXT
);

CREATE TABLE export_metrics (
  id INTEGER PRIMARY KEY,
  export_name TEXT NOT NULL,
  run_id TEXT NOT NULL,
  run_at TEXT NOT NULL,
  duration_ms BIGINT NOT NULL,
  total_rows BIGINT NOT NULL,
  peak_rss_mb BIGINT,
  status TEXT NOT NULL,
  error_message TEXT,
  tuning_profile TEXT,
  format TEXT,
  mode TEXT,
  files_produced BIGINT,
  bytes_written BIGINT,
  bytes_read BIGINT,
  retries BIGINT,
  validated INTEGER CHECK (validated IN (0, 1)),
  schema_changed INTEGER CHECK (schema_changed IN (0, 1)),
  files_committed BIGINT,
  reconciled INTEGER CHECK (reconciled IN (0, 1)),
  source_count BIGINT,
  quality_passed INTEGER CHECK (quality_passed IN (0, 1)),
  pg_temp_bytes_delta BIGINT,
  batch_size BIGINT,
  batch_size_memory_mb BIGINT,
  skip_reason TEXT,
  schema_fingerprint TEXT,
  chunk_size BIGINT,
  parallel BIGINT,
  source_type TEXT,
  destination_type TEXT,
  rivet_version TEXT,
  longest_chunk_ms BIGINT,
  chunk_key TEXT,
  error_class TEXT,
  cursor_min TEXT,
  cursor_max TEXT,
  key_descriptor_json TEXT,
  offending_value TEXT,
  server_context_json TEXT
);
CREATE UNIQUE INDEX export_metrics_run ON export_metrics (run_id);
CREATE INDEX export_metrics_time ON export_metrics (run_at);

CREATE TABLE export_schema (
  export_name TEXT NOT NULL PRIMARY KEY,
  columns_json TEXT NOT NULL,
  updated_at TEXT NOT NULL
);

CREATE TABLE export_shape (
  export_name TEXT NOT NULL,
  column_name TEXT NOT NULL,
  max_byte_len BIGINT NOT NULL CHECK (max_byte_len >= 0),
  updated_at TEXT NOT NULL,
  PRIMARY KEY (export_name, column_name)
);

CREATE TABLE export_progression (
  export_name TEXT NOT NULL PRIMARY KEY,
  last_committed_strategy TEXT,
  last_committed_cursor TEXT,
  last_committed_chunk_index BIGINT,
  last_committed_run_id TEXT,
  last_committed_at TEXT,
  last_verified_strategy TEXT,
  last_verified_cursor TEXT,
  last_verified_chunk_index BIGINT,
  last_verified_run_id TEXT,
  last_verified_at TEXT,
  CHECK (last_committed_cursor IS NULL OR last_committed_chunk_index IS NULL),
  CHECK (last_verified_cursor IS NULL OR last_verified_chunk_index IS NULL)
);

CREATE TABLE export_harm (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL,
  export_name TEXT NOT NULL,
  metric TEXT NOT NULL,
  delta BIGINT NOT NULL,
  recorded_at TEXT NOT NULL
);
CREATE INDEX export_harm_run ON export_harm (run_id);

CREATE TABLE run_aggregate (
  run_aggregate_id TEXT NOT NULL PRIMARY KEY,
  started_at TEXT NOT NULL,
  finished_at TEXT NOT NULL,
  duration_ms BIGINT NOT NULL,
  config_path TEXT NOT NULL,
  parallel_mode TEXT NOT NULL,
  total_exports BIGINT NOT NULL,
  success_count BIGINT NOT NULL,
  failed_count BIGINT NOT NULL,
  skipped_count BIGINT NOT NULL,
  total_rows BIGINT NOT NULL,
  total_files BIGINT NOT NULL,
  total_bytes BIGINT NOT NULL,
  details_json TEXT NOT NULL
);
)sql";

constexpr std::string_view kViews1 = R"sql(
CREATE VIEW run_status AS
  SELECT run_id, export_name, prefix, status, started_at, finished_at FROM run;

CREATE VIEW chunk_run AS
  SELECT r.run_id, r.export_name, r.plan_hash,
         CASE WHEN r.stage = 'running' THEN 'in_progress'
              WHEN r.stage = 'ended' AND r.status <> 'skipped' THEN r.status
              ELSE 'completed' END AS status,
         r.max_attempts AS max_chunk_attempts,
         r.started_at AS created_at,
         max(r.started_at, coalesce(r.sealed_at, ''), coalesce(r.finished_at, ''),
             coalesce((SELECT max(u.updated_at) FROM unit u WHERE u.run_id = r.run_id), '')) AS updated_at
  FROM run r;

CREATE VIEW chunk_task AS
  SELECT u.rowid AS id, u.run_id, u.unit_index AS chunk_index, u.start_key, u.end_key, u.status, u.attempts,
         nullif(u.last_error, '') AS last_error,
         CASE WHEN u.status = 'completed' THEN u.rows END AS rows_written,
         (SELECT p.path FROM part p WHERE p.run_id = u.run_id AND p.unit_index = u.unit_index ORDER BY p.id LIMIT 1)
           AS file_name,
         u.updated_at
  FROM unit u;

CREATE VIEW file_log AS
  SELECT id, run_id, export_name, path AS file_name, rows AS row_count, bytes, format, compression, created_at,
         cursor_high
  FROM part;

CREATE VIEW run_journal AS
  SELECT f.run_id, f.export_name,
         coalesce((SELECT r.finished_at FROM run r WHERE r.run_id = f.run_id),
                  (SELECT max(c.recorded_at) FROM journal_event c
                   WHERE c.run_id = f.run_id AND c.event_name = 'RunCompleted')) AS finished_at,
         json_object('run_id', f.run_id, 'export_name', f.export_name, 'entries',
                     (SELECT json_group_array(
                               json_patch(json_object('recorded_at', e.recorded_at, 'event', json(e.event_json)),
                                          coalesce(e.entry_extra_json, '{}')))
                      FROM (SELECT * FROM journal_event WHERE run_id = f.run_id ORDER BY sequence) e)) AS journal_json
  FROM journal_event f
  WHERE f.sequence = 1;
)sql";

constexpr std::string_view kPostgresViews1 = R"sql(
ALTER TABLE run ADD COLUMN rowid BIGINT GENERATED BY DEFAULT AS IDENTITY;
ALTER TABLE unit ADD COLUMN rowid BIGINT GENERATED BY DEFAULT AS IDENTITY;

CREATE VIEW run_status AS
  SELECT run_id, export_name, prefix, status, started_at, finished_at FROM run;

CREATE VIEW chunk_run AS
  SELECT r.run_id, r.export_name, r.plan_hash,
         CASE WHEN r.stage = 'running' THEN 'in_progress'
              WHEN r.stage = 'ended' AND r.status <> 'skipped' THEN r.status
              ELSE 'completed' END AS status,
         r.max_attempts AS max_chunk_attempts,
         r.started_at AS created_at,
         greatest(r.started_at, r.sealed_at, r.finished_at,
                  (SELECT max(u.updated_at) FROM unit u WHERE u.run_id = r.run_id)) AS updated_at
  FROM run r;

CREATE VIEW chunk_task AS
  SELECT u.rowid AS id, u.run_id, u.unit_index AS chunk_index, u.start_key, u.end_key, u.status, u.attempts,
         nullif(u.last_error, '') AS last_error,
         CASE WHEN u.status = 'completed' THEN u.rows END AS rows_written,
         (SELECT p.path FROM part p WHERE p.run_id = u.run_id AND p.unit_index = u.unit_index ORDER BY p.id LIMIT 1)
           AS file_name,
         u.updated_at
  FROM unit u;

CREATE VIEW file_log AS
  SELECT id, run_id, export_name, path AS file_name, rows AS row_count, bytes, format, compression, created_at,
         cursor_high
  FROM part;

CREATE VIEW run_journal AS
  SELECT f.run_id, f.export_name,
         coalesce((SELECT r.finished_at FROM run r WHERE r.run_id = f.run_id),
                  (SELECT max(c.recorded_at) FROM journal_event c
                   WHERE c.run_id = f.run_id AND c.event_name = 'RunCompleted')) AS finished_at,
         json_build_object('run_id', f.run_id, 'export_name', f.export_name, 'entries',
                     (SELECT json_agg(CASE WHEN e.entry_extra_json IS NULL
                                THEN json_build_object('recorded_at', e.recorded_at, 'event', e.event_json::json)
                                ELSE (jsonb_build_object('recorded_at', e.recorded_at, 'event', e.event_json::jsonb)
                                      || e.entry_extra_json::jsonb)::json END ORDER BY e.sequence)
                      FROM journal_event e WHERE e.run_id = f.run_id))::text AS journal_json
  FROM journal_event f
  WHERE f.sequence = 1;
)sql";

// Migration 2: claims of units have leases of their own, so that several processes can share a run; a run that ended
// without a result is remembered until its files are out of the readers' way.
constexpr std::string_view kTables2 = R"sql(
ALTER TABLE unit ADD COLUMN lease_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN swept INTEGER NOT NULL DEFAULT 1 CHECK (swept IN (0, 1));
CREATE INDEX run_unswept ON run (export_name) WHERE swept = 0;
CREATE INDEX unit_running ON unit (run_id, lease_until) WHERE status = 'running';
)sql";

// Migration 3: how far incremental exports have read, which rows they exported last, and the values that a rule of
// uniqueness has seen in the units of an unfinished run.
constexpr std::string_view kTables3 = R"sql(
ALTER TABLE run ADD COLUMN position_json TEXT;
ALTER TABLE run ADD COLUMN recent_limit BIGINT NOT NULL DEFAULT 0 CHECK (recent_limit >= 0);

CREATE TABLE export_position (
  export_name TEXT NOT NULL PRIMARY KEY,
  position_json TEXT NOT NULL,
  updated_at TEXT NOT NULL
);

CREATE TABLE recent_key (
  run_id TEXT NOT NULL,
  unit_index INTEGER NOT NULL,
  export_name TEXT NOT NULL,
  sequence BIGINT NOT NULL CHECK (sequence >= 1),
  after_key TEXT,
  of_null INTEGER NOT NULL CHECK (of_null IN (0, 1)),
  keys BIGINT NOT NULL CHECK (keys >= 0),
  digests BLOB NOT NULL,
  PRIMARY KEY (run_id, unit_index),
  CHECK (length(digests) = 16 * keys),
  FOREIGN KEY (run_id, unit_index) REFERENCES unit (run_id, unit_index)
);
CREATE INDEX recent_key_of_export ON recent_key (export_name, sequence);

CREATE TABLE unit_hashes (
  run_id TEXT NOT NULL,
  unit_index INTEGER NOT NULL,
  column_name TEXT NOT NULL,
  hashes BLOB NOT NULL,
  PRIMARY KEY (run_id, unit_index, column_name),
  FOREIGN KEY (run_id, unit_index) REFERENCES unit (run_id, unit_index)
);
)sql";

// Migration 4: which units the current generation is made of, and which a repair replaces.
constexpr std::string_view kTables4 = R"sql(
ALTER TABLE unit ADD COLUMN number BIGINT;
UPDATE unit SET number = unit_index;
ALTER TABLE unit ADD COLUMN generation_superseded BIGINT;
UPDATE unit SET generation_superseded =
  (SELECT min(n.generation) FROM run r JOIN run n ON n.export_name = r.export_name AND n.prefix = r.prefix
   WHERE r.run_id = unit.run_id AND r.generation > 0 AND n.generation > r.generation AND n.append = 0);

CREATE TABLE unit_replaced (
  run_id TEXT NOT NULL,
  unit_index INTEGER NOT NULL,
  replaced_run_id TEXT NOT NULL,
  replaced_unit_index INTEGER NOT NULL,
  PRIMARY KEY (run_id, replaced_run_id, replaced_unit_index),
  FOREIGN KEY (run_id, unit_index) REFERENCES unit (run_id, unit_index),
  FOREIGN KEY (replaced_run_id, replaced_unit_index) REFERENCES unit (run_id, unit_index)
);
CREATE INDEX run_of_export ON run (export_name, prefix);
)sql";

// Migration 5: the cascade. Nodes, what they wait for, and the outbox of those that ended; who works on them. Times are
// microseconds since 1970 on the clock of the store (now_us()).
constexpr std::string_view kTables5 = R"sql(
CREATE TABLE cascade_run (
  run_id TEXT NOT NULL PRIMARY KEY,
  run_key TEXT UNIQUE,
  namespace TEXT NOT NULL,
  tags TEXT NOT NULL,
  payload TEXT NOT NULL,
  payload_hash TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'done', 'failed', 'cancelled')),
  paused INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
  cancel_requested_at BIGINT,
  submitted_at BIGINT NOT NULL,
  closed_at BIGINT
);
CREATE INDEX cascade_run_open ON cascade_run (submitted_at) WHERE state = 'open';

CREATE TABLE node (
  node_id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES cascade_run (run_id),
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('export', 'gate')),
  namespace TEXT NOT NULL,
  tags TEXT NOT NULL,
  phase TEXT NOT NULL CHECK (phase IN ('blocked', 'runnable', 'active', 'terminal')),
  outcome TEXT CHECK (outcome IN ('success', 'failed', 'expired', 'cancelled', 'skipped')),
  round BIGINT NOT NULL DEFAULT 0 CHECK (round >= 0),
  epoch BIGINT NOT NULL DEFAULT 0 CHECK (epoch >= 0),
  owner TEXT,
  lease_until BIGINT,
  attempts BIGINT NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  max_attempts BIGINT NOT NULL CHECK (max_attempts >= 1),
  attempt_limit_us BIGINT CHECK (attempt_limit_us > 0),
  attempt_until BIGINT,
  not_before BIGINT,
  cancel_requested_at BIGINT,
  reason TEXT NOT NULL DEFAULT '',
  updated_at BIGINT NOT NULL,
  UNIQUE (run_id, name),
  CHECK ((phase = 'terminal') = (outcome IS NOT NULL)),
  CHECK ((phase = 'active') = (owner IS NOT NULL AND lease_until IS NOT NULL))
);
CREATE INDEX node_ready ON node (namespace, node_id) WHERE phase = 'runnable';
CREATE INDEX node_next ON node (node_id) WHERE phase = 'runnable';
CREATE INDEX node_lease ON node (lease_until) WHERE phase = 'active';
CREATE INDEX node_attempt_end ON node (attempt_until) WHERE phase = 'active' AND attempt_until IS NOT NULL;
CREATE INDEX node_cancel ON node (cancel_requested_at) WHERE phase <> 'terminal' AND cancel_requested_at IS NOT NULL;
CREATE INDEX node_open ON node (run_id) WHERE phase <> 'terminal';

CREATE TABLE dep_group (
  node_id BIGINT NOT NULL PRIMARY KEY REFERENCES node (node_id),
  kind TEXT NOT NULL CHECK (kind IN ('all_of', 'any_of', 'quorum')),
  k BIGINT NOT NULL,
  n BIGINT NOT NULL,
  on_satisfied TEXT NOT NULL CHECK (on_satisfied IN ('cancel_remaining', 'let_run')),
  n_success BIGINT NOT NULL DEFAULT 0 CHECK (n_success >= 0),
  n_negative BIGINT NOT NULL DEFAULT 0 CHECK (n_negative >= 0),
  state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'satisfied', 'impossible', 'cancelled')),
  decided_at BIGINT,
  cancel_pending INTEGER NOT NULL DEFAULT 0 CHECK (cancel_pending IN (0, 1)),
  CHECK (k BETWEEN 1 AND n),
  CHECK (n_success + n_negative <= n)
);
CREATE INDEX dep_group_cancel ON dep_group (node_id) WHERE cancel_pending = 1;
CREATE INDEX dep_group_pending ON dep_group (node_id) WHERE state = 'pending';

CREATE TABLE dep_edge (
  down_id BIGINT NOT NULL REFERENCES dep_group (node_id),
  up_id BIGINT NOT NULL REFERENCES node (node_id),
  verdict TEXT CHECK (verdict IN ('s', 'n')),
  up_round BIGINT,
  resolved_at BIGINT,
  PRIMARY KEY (down_id, up_id),
  CHECK ((verdict IS NULL) = (up_round IS NULL))
);
CREATE INDEX dep_edge_open ON dep_edge (up_id) WHERE verdict IS NULL;
CREATE INDEX dep_edge_up ON dep_edge (up_id);

CREATE TABLE outbox (
  event_id INTEGER PRIMARY KEY,
  node_id BIGINT NOT NULL REFERENCES node (node_id),
  round BIGINT NOT NULL,
  outcome TEXT NOT NULL,
  namespace TEXT NOT NULL,
  tags TEXT NOT NULL,
  committed_at BIGINT NOT NULL,
  soft_until BIGINT NOT NULL DEFAULT 0,
  tries BIGINT NOT NULL DEFAULT 0,
  dispatched_at BIGINT,
  last_error TEXT,
  UNIQUE (node_id, round)
);
CREATE INDEX outbox_pending ON outbox (event_id) WHERE dispatched_at IS NULL;
CREATE INDEX outbox_pending_of ON outbox (namespace, event_id) WHERE dispatched_at IS NULL;

CREATE INDEX outbox_time ON outbox (committed_at);

CREATE TABLE node_attempt (
  node_id BIGINT NOT NULL REFERENCES node (node_id),
  epoch BIGINT NOT NULL,
  round BIGINT NOT NULL,
  attempt BIGINT NOT NULL,
  owner TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  ended_at BIGINT,
  outcome TEXT,
  error TEXT,
  PRIMARY KEY (node_id, epoch)
);
CREATE INDEX node_attempt_time ON node_attempt (started_at);

CREATE TABLE node_run (
  node_id BIGINT NOT NULL REFERENCES node (node_id),
  round BIGINT NOT NULL,
  export_name TEXT NOT NULL,
  run_id TEXT NOT NULL,
  PRIMARY KEY (node_id, round, export_name)
);
CREATE INDEX node_run_of ON node_run (run_id);

CREATE TABLE worker (
  worker_id TEXT NOT NULL PRIMARY KEY,
  host TEXT NOT NULL,
  pid BIGINT NOT NULL,
  slots BIGINT NOT NULL,
  namespace TEXT NOT NULL,
  tags TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL
);

CREATE TABLE alarm (
  alarm_id INTEGER PRIMARY KEY,
  reconciler TEXT NOT NULL,
  run_id TEXT,
  node_id BIGINT,
  message TEXT NOT NULL,
  raised_at BIGINT NOT NULL
);

CREATE INDEX alarm_time ON alarm (raised_at);

CREATE TABLE place_probe (
  place TEXT NOT NULL PRIMARY KEY,
  token TEXT NOT NULL,
  host TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
)sql";

constexpr std::array<Migration, 5> kMigrations{
    {{.version = 1, .tables = kTables1, .sqlite_views = kViews1, .postgres_views = kPostgresViews1},
     {.version = 2, .tables = kTables2, .sqlite_views = "", .postgres_views = ""},
     {.version = 3, .tables = kTables3, .sqlite_views = "", .postgres_views = ""},
     {.version = 4, .tables = kTables4, .sqlite_views = "", .postgres_views = ""},
     {.version = 5, .tables = kTables5, .sqlite_views = "", .postgres_views = ""}}};

}  // namespace

std::span<const Migration> migrations() { return kMigrations; }

int schema_version() { return kMigrations.back().version; }

}  // namespace rivet::state
