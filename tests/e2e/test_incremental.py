"""Between runs of an incremental export no row is lost or doubled: ties, late commits, rows without a cursor, updates."""
import sqlite3
import threading
from contextlib import closing
from dataclasses import dataclass
from typing import Callable

import pytest

from helpers import export


@dataclass
class Table:
    """A source with `t (id, name, at)` in it, and a way to change it."""

    source: dict
    execute: Callable


def postgres_table(database) -> Table:
    database.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text, at timestamptz)", "CREATE INDEX ON t (at)")
    return Table(database.source, database.execute)


def sqlite_table(folder) -> Table:
    path = folder / "source.sqlite"

    def execute(*statements):
        with closing(sqlite3.connect(path)) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, at TEXT)")
    return Table({"type": "sqlite", "path": str(path)}, execute)


@pytest.fixture(params=["postgres", "sqlite"])
def table(request, tmp_path) -> Table:
    return sqlite_table(tmp_path) if request.param == "sqlite" else postgres_table(request.getfixturevalue("pg_db"))


def incremental(name="t", **keys):
    return export(name, **{"table": "t", "mode": "incremental", "cursor_column": "at", **keys})


def landed(rivet, name="t", key="id"):
    """The keys of all rows that the manifest's parts hold, sorted; doubled ones twice."""
    if not rivet.output().manifest(name)["parts"]:
        return []
    return sorted(rivet.output().table(name).column(key).to_pylist())


def rows_of_last_run(rivet):
    return rivet.state("SELECT total_rows FROM export_metrics ORDER BY id DESC LIMIT 1")[0][0]


class TestBothEngines:
    def test_later_runs_add_what_is_new(self, rivet, table):
        table.execute("INSERT INTO t VALUES (1, 'a', '2024-01-01 00:00:00'), (2, 'b', '2024-01-02 00:00:00')")
        path = rivet.config(table.source, incremental())
        rivet.ok("run", "-c", path, "--validate")
        assert landed(rivet) == [1, 2]
        table.execute("INSERT INTO t VALUES (3, 'c', '2024-01-03 00:00:00')")
        rivet.ok("run", "-c", path, "--validate")
        assert (landed(rivet), rows_of_last_run(rivet)) == ([1, 2, 3], 1)
        rivet.ok("run", "-c", path, "--validate")
        assert (landed(rivet), rows_of_last_run(rivet)) == ([1, 2, 3], 0)
        runs = {part["path"].rsplit("_u", 1)[0] for part in rivet.output().manifest("t")["parts"]}
        assert len(runs) == 2, "each part keeps the name of the run that made it"

    def test_a_row_that_ties_with_the_greatest_cursor(self, rivet, table):
        table.execute("INSERT INTO t VALUES (1, 'a', '2024-01-01 00:00:00')")
        path = rivet.config(table.source, incremental())
        rivet.ok("run", "-c", path)
        table.execute("INSERT INTO t VALUES (2, 'tie', '2024-01-01 00:00:00')")
        rivet.ok("run", "-c", path)
        assert landed(rivet) == [1, 2]

    def test_a_row_that_comes_late_with_a_smaller_cursor(self, rivet, table):
        table.execute("INSERT INTO t VALUES (1, 'a', '2024-01-01 00:00:00'), (9, 'z', '2024-01-09 00:00:00')")
        path = rivet.config(table.source, incremental())
        rivet.ok("run", "-c", path)
        table.execute("INSERT INTO t VALUES (5, 'late', '2024-01-05 00:00:00')")
        rivet.ok("run", "-c", path)
        assert landed(rivet) == [1, 5, 9]

    def test_rows_without_a_cursor(self, rivet, table):
        table.execute("INSERT INTO t VALUES (1, 'a', '2024-01-01 00:00:00'), (2, 'none', NULL)")
        path = rivet.config(table.source, incremental())
        rivet.ok("run", "-c", path)
        assert landed(rivet) == [1, 2]
        table.execute("INSERT INTO t VALUES (3, 'none', NULL), (4, 'd', '2024-01-04 00:00:00')")
        for _ in range(2):
            rivet.ok("run", "-c", path)
            assert landed(rivet) == [1, 2, 3, 4]
        table.execute("UPDATE t SET at = '2024-01-05 00:00:00' WHERE id = 3")
        rivet.ok("run", "-c", path)
        assert landed(rivet) == [1, 2, 3, 3, 4], "a row that gets a cursor is a new version of it"

    def test_an_update_that_leaves_the_cursor_alone(self, rivet, table):
        table.execute("INSERT INTO t VALUES (1, 'a', '2024-01-01 00:00:00'), (2, 'b', '2024-01-02 00:00:00'), (3, 'c', NULL)")
        path = rivet.config(table.source, incremental())
        rivet.ok("run", "-c", path)
        table.execute("UPDATE t SET name = 'changed'")
        rivet.ok("run", "-c", path)
        assert (landed(rivet), rows_of_last_run(rivet)) == ([1, 2, 3], 0)
        table.execute("UPDATE t SET at = '2024-02-01 00:00:00' WHERE id = 1")
        rivet.ok("run", "-c", path)
        assert landed(rivet) == [1, 1, 2, 3]

    def test_an_empty_table_and_then_rows(self, rivet, table):
        path = rivet.config(table.source, incremental())
        for _ in range(2):
            rivet.ok("run", "-c", path, "--validate")
            assert landed(rivet) == []
        table.execute("INSERT INTO t VALUES (1, 'a', '2024-01-01 00:00:00'), (2, 'b', NULL)")
        for _ in range(2):
            rivet.ok("run", "-c", path, "--validate")
            assert landed(rivet) == [1, 2]

    def test_only_rows_without_a_cursor(self, rivet, table):
        table.execute("INSERT INTO t VALUES (1, 'a', NULL), (2, 'b', NULL)")
        path = rivet.config(table.source, incremental())
        for _ in range(2):
            rivet.ok("run", "-c", path)
            assert landed(rivet) == [1, 2]
        table.execute("INSERT INTO t VALUES (3, 'c', '2024-01-01 00:00:00')")
        for _ in range(2):
            rivet.ok("run", "-c", path)
            assert landed(rivet) == [1, 2, 3]

    def test_coalesce_takes_the_fallback_where_there_is_no_cursor(self, rivet, table):
        table.execute("DROP TABLE t", "CREATE TABLE t (id BIGINT PRIMARY KEY, made TIMESTAMP, at TIMESTAMP)",
                      "INSERT INTO t VALUES (1, '2024-01-01 00:00:00', NULL), (2, '2024-01-02 00:00:00', '2024-03-01 00:00:00'), (3, NULL, NULL)")
        entry = incremental(cursor_fallback_column="made", incremental_cursor_mode="coalesce")
        path = rivet.config(table.source, entry)
        rivet.ok("run", "-c", path, "--validate")
        assert landed(rivet) == [1, 2, 3]
        assert rivet.output().table("t").column_names == ["id", "made", "at"], "the key is no column of the output"
        table.execute("INSERT INTO t VALUES (4, '2024-03-02 00:00:00', NULL), (5, '2024-01-01 12:00:00', NULL), (6, NULL, NULL)",
                      "UPDATE t SET at = '2024-04-01 00:00:00' WHERE id = 1")
        for _ in range(2):
            rivet.ok("run", "-c", path, "--validate")
            assert landed(rivet) == [1, 1, 2, 3, 4, 5, 6]
        assert rivet.state("SELECT last_cursor_value FROM export_state")[0][0].startswith("2024-04-01 00:00:00")

    def test_a_query(self, rivet, table):
        table.execute("INSERT INTO t VALUES (1, 'a', '2024-01-01 00:00:00'), (2, 'skip', '2024-01-02 00:00:00')")
        entry = export("t", query="SELECT id, at FROM t WHERE name <> 'skip' -- ours", mode="incremental", cursor_column="at")
        path = rivet.config(table.source, entry)
        rivet.ok("run", "-c", path)
        table.execute("INSERT INTO t VALUES (3, 'tie', '2024-01-01 00:00:00'), (4, 'null', NULL), (5, 'new', '2024-01-05 00:00:00')")
        for _ in range(2):
            rivet.ok("run", "-c", path)
            assert landed(rivet) == [1, 3, 4, 5]

    def test_rows_that_look_alike(self, rivet, table):
        """Without a key two equal rows are two rows, also when one of them comes later."""
        table.execute("DROP TABLE t", "CREATE TABLE t (id BIGINT, at TIMESTAMP)", "INSERT INTO t VALUES (1, '2024-01-01 00:00:00'), (1, '2024-01-01 00:00:00')")
        path = rivet.config(table.source, incremental())
        rivet.ok("run", "-c", path)
        table.execute("INSERT INTO t VALUES (1, '2024-01-01 00:00:00'), (2, '2024-01-02 00:00:00')")
        for _ in range(2):
            rivet.ok("run", "-c", path)
            assert landed(rivet) == [1, 1, 1, 2]

    def test_a_large_delta_is_cut(self, rivet, table):
        table.execute("WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < 600000) "
                      "INSERT INTO t SELECT i, 'n', NULL FROM g") if table.source["type"] == "sqlite" else table.execute(
                          "INSERT INTO t SELECT i, 'n', NULL FROM generate_series(1, 600000) i")
        table.execute("ANALYZE")
        path = rivet.config(table.source, incremental(cursor_column="id"))
        rivet.ok("run", "-c", path)
        assert rivet.state("SELECT count(*) FROM unit")[0][0] >= 2
        assert rivet.output().manifest("t")["row_count"] == 600_000
        table.execute("INSERT INTO t VALUES (600001, 'x', NULL), (0, 'late', NULL)")
        rivet.ok("run", "-c", path)
        late = 2 if table.source["type"] == "postgres" else 1  # SQLite looks among the newest 100,000 only, and says so
        assert rivet.output().manifest("t")["row_count"] == 600_000 + late

    def test_nothing_new_keeps_all_parts(self, rivet, table):
        table.execute("INSERT INTO t VALUES (1, 'a', '2024-01-01 00:00:00')")
        path = rivet.config(table.source, incremental(skip_empty=True))
        rivet.ok("run", "-c", path)
        before = rivet.output().manifest_bytes("t")
        rivet.ok("run", "-c", path)
        assert rivet.output().manifest_bytes("t") == before
        assert rivet.state("SELECT status FROM export_metrics ORDER BY id DESC LIMIT 1") == [("skipped",)]

    def test_reset_reads_everything_anew(self, rivet, table):
        table.execute("INSERT INTO t VALUES (1, 'a', '2024-01-01 00:00:00')")
        path = rivet.config(table.source, incremental())
        rivet.ok("run", "-c", path)
        rivet.ok("state", "reset", "-c", path, "-e", "t")
        rivet.ok("run", "-c", path)
        assert landed(rivet) == [1], "the first run after a reset replaces what was there"

    def test_another_cursor_column_is_refused(self, rivet, table):
        table.execute("INSERT INTO t VALUES (1, 'a', '2024-01-01 00:00:00')")
        rivet.ok("run", "-c", rivet.config(table.source, incremental()))
        done = rivet("run", "-c", rivet.config(table.source, incremental(cursor_column="id")), "--json-errors")
        assert done.code == 1
        assert "followed at" in done.error()["error"]

    def test_a_cursor_that_is_no_column(self, rivet, table):
        done = rivet("run", "-c", rivet.config(table.source, incremental(cursor_column="nope")), "--json-errors")
        assert done.code == 1
        assert "'nope' is not a column" in done.error()["error"]

    def test_killed_before_publishing_goes_on_from_the_same_position(self, rivet, table):
        table.execute("INSERT INTO t VALUES (1, 'a', '2024-01-01 00:00:00'), (2, 'b', NULL)")
        path = rivet.config(table.source, incremental())
        for point in ("run_started", "parts_committed", "unit_committed", "before_seal", "sealed", "manifest_written", "before_published"):
            rivet("run", "-c", path, env={"RIVET_TEST_PANIC_AT": point})
            rivet.ok("run", "-c", path, "--validate")
            assert landed(rivet) == [1, 2], point

    def test_keyset_incremental_reads_greater_keys(self, rivet, table):
        table.execute("INSERT INTO t VALUES (1, 'a', NULL), (7, 'b', NULL)")
        path = rivet.config(table.source, export("t", table="t", mode="chunked", chunk_by_key="id", keyset_incremental=True, chunk_size=2))
        rivet.ok("run", "-c", path)
        table.execute("INSERT INTO t VALUES (8, 'c', NULL), (9, 'd', NULL), (10, 'e', NULL), (3, 'late', NULL)")
        for _ in range(2):
            rivet.ok("run", "-c", path, "--validate")
            assert landed(rivet) == [1, 3, 7, 8, 9, 10]


class TestPostgresHorizon:
    """What is not settled waits for the next run; what was written late is found by the transaction that wrote it."""

    def start(self, rivet, database, **keys):
        postgres_table(database)
        database.execute("INSERT INTO t VALUES (1, 'a', '2024-01-01')")
        return rivet.config(database.source, incremental(**keys))

    def test_a_transaction_in_flight(self, rivet, pg_db):
        path = self.start(rivet, pg_db)
        with pg_db.connect() as writer:
            writer.autocommit = False
            writer.execute("INSERT INTO t VALUES (2, 'in flight', '2024-01-02')")
            pg_db.execute("INSERT INTO t VALUES (3, 'committed meanwhile', '2024-01-03')")
            done = rivet.ok("run", "-c", path)
            assert landed(rivet) == [1], "what came after the oldest open transaction waits"
            assert "waits for the next run" in done.stderr
        rivet.ok("run", "-c", path)
        assert landed(rivet) == [1, 2, 3]

    def test_savepoints_in_flight(self, rivet, pg_db):
        path = self.start(rivet, pg_db)
        with pg_db.connect() as writer:
            writer.autocommit = False
            writer.execute("INSERT INTO t VALUES (2, 'outer', '2023-01-02')")
            for step in range(70):  # more than a snapshot lists
                writer.execute(f"SAVEPOINT s{step}")
                writer.execute(f"INSERT INTO t VALUES ({100 + step}, 'inner', '2023-02-02')")
            rivet.ok("run", "-c", path)
            assert landed(rivet) == [1]
        rivet.ok("run", "-c", path)
        assert landed(rivet) == [1, 2, *range(100, 170)]

    def test_exception_blocks_in_flight(self, rivet, pg_db):
        path = self.start(rivet, pg_db)
        with pg_db.connect() as writer:
            writer.autocommit = False
            writer.execute("DO $$ BEGIN FOR i IN 10..20 LOOP BEGIN INSERT INTO t VALUES (i, 'block', '2023-01-01'); "
                           "EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END $$")
            rivet.ok("run", "-c", path)
        rivet.ok("run", "-c", path)
        assert landed(rivet) == [1, *range(10, 21)]

    def test_an_old_now_and_a_young_id(self, rivet, pg_db):
        path = self.start(rivet, pg_db)
        with pg_db.connect() as writer:
            writer.autocommit = False
            writer.execute("SELECT now()")  # the clock stands, no id yet
            pg_db.execute("INSERT INTO t VALUES (2, 'younger clock', clock_timestamp())")
            rivet.ok("run", "-c", path)
            assert landed(rivet) == [1, 2]
            writer.execute("INSERT INTO t VALUES (3, 'older clock', now())")
        rivet.ok("run", "-c", path)
        assert landed(rivet) == [1, 2, 3]

    def test_vacuum_full_and_cluster_change_nothing(self, rivet, pg_db):
        path = self.start(rivet, pg_db)
        pg_db.execute("INSERT INTO t SELECT g, 'n', '2024-01-01'::timestamptz + g * interval '1 minute' FROM generate_series(2, 500) g")
        rivet.ok("run", "-c", path)
        with pg_db.connect() as connection:
            connection.autocommit = True
            connection.execute("VACUUM FULL t")
            connection.execute("CLUSTER t USING t_at_idx")
            connection.execute("VACUUM (FREEZE) t")
        pg_db.execute("INSERT INTO t VALUES (0, 'late', '2020-01-01')")
        rivet.ok("run", "-c", path)
        assert landed(rivet) == list(range(501))

    def test_updates_while_a_run_goes_on(self, rivet, pg_db):
        """Rows move between the snapshots of the units; no version is lost between runs."""
        postgres_table(pg_db)
        pg_db.execute("INSERT INTO t SELECT g, 'n', '2024-01-01'::timestamptz + g * interval '1 second' FROM generate_series(1, 20000) g", "ANALYZE t")
        path = rivet.config(pg_db.source, export("t", table="t", mode="chunked", chunk_by_key="id", keyset_incremental=True, chunk_size=1000, parallel=2))
        stop = threading.Event()

        def write():
            step = 20_000
            with pg_db.connect() as connection:
                connection.autocommit = True
                while not stop.is_set():
                    step += 1
                    connection.execute("INSERT INTO t VALUES (%s, 'w', now())", (step,))
                    connection.execute("UPDATE t SET name = name || 'x' WHERE id = %s", (1 + step * 7919 % 20_000,))

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(4):
                rivet.ok("run", "-c", path)
        finally:
            stop.set()
            writer.join()
        rivet.ok("run", "-c", path)
        assert landed(rivet) == [n for (n,) in pg_db.rows("SELECT id FROM t ORDER BY id")]

    def test_the_time_zone_of_the_session_does_not_matter(self, rivet, pg_db):
        """Case 6: the text of a timestamptz was once read back in another zone."""
        path = self.start(rivet, pg_db)
        pg_db.execute(f"ALTER DATABASE {pg_db.name} SET timezone = 'America/St_Johns'", f"ALTER DATABASE {pg_db.name} SET datestyle = 'SQL, DMY'")
        for hour in range(1, 8):
            pg_db.execute(f"INSERT INTO t VALUES ({10 + hour}, 'h', '2024-01-05 0{hour}:30:00+00')")
            rivet.ok("run", "-c", path)
        assert landed(rivet) == [1, *range(11, 18)]
        assert rivet.state("SELECT last_cursor_value FROM export_state") == [("2024-01-05 07:30:00+00",)]

    def test_another_server_is_refused(self, rivet, pg_db):
        path = self.start(rivet, pg_db)
        rivet.ok("run", "-c", path)
        text = rivet.state("SELECT position_json FROM export_position")[0][0]
        assert '"horizon"' in text
        with closing(sqlite3.connect(rivet.folder / ".rivet_state.db")) as store, store:
            store.execute("UPDATE export_position SET position_json = json_set(position_json, '$.source_id', 'postgres/1/1')")
        done = rivet("run", "-c", path, "--json-errors")
        assert done.code == 1
        assert "rivet state reset" in (done.error().get("hint") or "") + done.error()["error"]

    def test_a_server_that_is_behind_is_refused(self, rivet, pg_db):
        path = self.start(rivet, pg_db)
        rivet.ok("run", "-c", path)
        with closing(sqlite3.connect(rivet.folder / ".rivet_state.db")) as store, store:
            store.execute("UPDATE export_position SET position_json = json_set(position_json, '$.horizon', 4000000000)")
        done = rivet("run", "-c", path, "--json-errors")
        assert done.code == 1
        assert "lags" in done.error()["error"]

    def test_consistency_snapshot(self, rivet, pg_db):
        path = self.start(rivet, pg_db, consistency="snapshot", parallel=2)
        rivet.ok("run", "-c", path)
        pg_db.execute("INSERT INTO t VALUES (2, 'b', '2024-01-02'), (3, 'c', NULL)")
        rivet.ok("run", "-c", path)
        assert landed(rivet) == [1, 2, 3]
