"""A gentle pace between units, and slots that give way to others: `throttle_ms`, `max_mb_per_s`, `adaptive`."""
import json
import signal
import sqlite3
import threading
import time
from contextlib import closing, contextmanager

import psycopg
import pytest

from helpers import export, rows_of, wait_until

ROWS = 4_000
CHUNKS = {"mode": "chunked", "chunk_column": "id", "chunk_size": 1_000}
OURS = "FROM pg_stat_activity WHERE application_name = 'rivet'"


@pytest.fixture
def table(pg_db):
    pg_db.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text NOT NULL)",
                  f"INSERT INTO t SELECT i, repeat(md5(i::text), 8) FROM generate_series(1, {ROWS}) i")
    return pg_db


def only_run(done):
    return done.json()["per_export"][0]


def completed_units(rivet):
    try:
        return rivet.state("SELECT count(*) FROM unit WHERE status = 'completed'")[0][0]
    except sqlite3.OperationalError:  # the store is being made
        return 0


def events(rivet, name):
    return [json.loads(text)[name] for (text,) in
            rivet.state("SELECT event_json FROM journal_event WHERE event_name = ? ORDER BY sequence", name)]


class TestPacing:
    def config(self, rivet, database, tuning, **keys):
        return rivet.config(database.source, export("t", table="t", tuning=tuning, **{**CHUNKS, **keys}))

    def test_rows_owe_their_throttle_between_units(self, rivet, table):
        path = self.config(rivet, table, {"throttle_ms": 400, "batch_size": 1_000})
        paced = only_run(rivet.ok("run", "-c", path, "--json"))
        assert paced["duration_ms"] >= 3 * 400, "after each unit but the last"
        assert paced["duration_ms"] < 3 * 400 + 3_000, "per row, not per batch of some kilobytes"
        assert len(rows_of(rivet.output().table("t"))) == ROWS

    def test_bytes_of_all_slots_together_keep_the_rate(self, rivet, table):
        path = self.config(rivet, table, {"max_mb_per_s": 0.5}, parallel=2)
        run = only_run(rivet.ok("run", "-c", path, "--json"))
        # Two of the four units are followed by others and owe their time.
        assert run["bytes_read"] > 1_000_000
        assert run["duration_ms"] >= 1_000 * run["bytes_read"] / 2 / 0.5 / (1 << 20) * 0.9

    def test_default_profiles_do_not_pause(self, rivet, table):
        quick = only_run(rivet.ok("run", "-c", self.config(rivet, table, {"profile": "fast"}), "--json"))
        default = only_run(rivet.ok("run", "-c", self.config(rivet, table, {"batch_size": 10}), "--json"))
        # Were the profile's 50 ms owed for each 10 rows, this would be 15 s.
        assert default["duration_ms"] < quick["duration_ms"] + 5_000

    def test_the_safe_profile_does(self, rivet, table):
        path = self.config(rivet, table, {"profile": "safe"})
        assert only_run(rivet.ok("run", "-c", path, "--json"))["duration_ms"] >= 3 * 250

    @pytest.mark.parametrize("keys", [{"mode": "full"}, {"mode": "full", "parallel": 2}, {"consistency": "snapshot"}, {"chunk_size": 100_000}])
    def test_never_within_a_snapshot(self, rivet, table, keys):
        """Case 40: no pause where it would keep a snapshot open, and the plan says so."""
        keys = {**(CHUNKS if keys.get("mode") != "full" else {}), **keys}
        path = rivet.config(table.source, export("t", table="t", **{**keys, "tuning": {"throttle_ms": 60_000, "batch_size": 100}}))
        run = only_run(rivet.ok("run", "-c", path, "--json"))
        assert run["duration_ms"] < 20_000
        assert "throttle_ms has no effect here" in json.dumps(rivet.summary(run["run_id"])["plan_warnings"])
        quiet = rivet.config(table.source, export("t", table="t", **keys))
        run = only_run(rivet.ok("run", "-c", quiet, "--json"))
        assert rivet.summary(run["run_id"])["plan_warnings"] == []

    @pytest.mark.parametrize("throttle, held", [(5_000, "idle"), (60_000, None)])
    def test_a_pause_holds_nothing_and_ends_with_the_run(self, rivet, table, throttle, held):
        path = self.config(rivet, table, {"throttle_ms": throttle, "batch_size": 1_000})
        process = rivet.start("run", "-c", path)
        wait_until(lambda: completed_units(rivet) == 1, process)
        wanted = [] if held is None else [(held, None)]
        wait_until(lambda: table.rows(f"SELECT state, xact_start {OURS} AND datname = current_database()") == wanted, process, timeout=4)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
        assert process.returncode == 130, stderr
        assert time.monotonic() - began < 4


class TestGovernor:
    """One row a unit, each slow at the server, so that there is time to look."""

    UNITS = 60

    def config(self, rivet, database, rows="id, pg_sleep(0.1)::text AS pause", source=None, **tuning):
        database.execute("CREATE TABLE g (id bigint PRIMARY KEY)", f"INSERT INTO g SELECT generate_series(1, {self.UNITS})")
        return rivet.config(source or database.source, export("g", query=f"SELECT {rows} FROM g", mode="chunked", chunk_column="id",
                                                              chunk_size=1, parallel=4, tuning={"adaptive": True, **tuning}))

    @pytest.fixture(autouse=True)
    def quick_samples(self, rivet):
        rivet.env["RIVET_GOVERNOR_INTERVAL_MS"] = "50"

    @contextmanager
    def others_waiting(self, database):
        """Four sessions of another application that wait for a lock."""
        database.execute("CREATE TABLE contended (x int)")
        with psycopg.connect(database.server.admin_conninfo(database.name), application_name="shop") as holder:
            holder.execute("LOCK TABLE contended")

            def wait_in_line():
                with psycopg.connect(database.server.admin_conninfo(database.name), application_name="shop") as connection:
                    connection.execute("LOCK TABLE contended")

            waiting = [threading.Thread(target=wait_in_line) for _ in range(4)]
            for thread in waiting:
                thread.start()
            wait_until(lambda: database.rows("SELECT count(*) FROM pg_locks WHERE NOT granted") == [(4,)])
            try:
                yield
            finally:
                holder.rollback()
                for thread in waiting:
                    thread.join()

    def test_gives_way_to_others_and_comes_back(self, rivet, table):
        path = self.config(rivet, table)
        with self.others_waiting(table):
            process = rivet.start("run", "-c", path)
            # One slot and the watch: what a slot does not need it does not keep.
            wait_until(lambda: [e["to"] for e in events_or_none(rivet)] == [3, 2, 1], process)
            wait_until(lambda: table.rows(f"SELECT count(*) {OURS} AND datname = current_database()")[0][0] == 2, process)
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 0, stderr
        adjusted = events(rivet, "ParallelismAdjusted")
        assert "statements of other sessions wait" in adjusted[0]["reason"]
        assert [e["to"] for e in adjusted][:3] == [3, 2, 1] and adjusted[-1]["to"] == 4
        assert len(rivet.output().table("g")) == self.UNITS

    def test_the_floor_is_min_parallel(self, rivet, table):
        path = self.config(rivet, table, min_parallel=3)
        with self.others_waiting(table):
            rivet.ok("run", "-c", path)
        assert [e["to"] for e in events(rivet, "ParallelismAdjusted")] == [3]

    def test_an_export_alone_is_not_its_own_burden(self, rivet, table):
        """Case 41: nothing that the export does moves what it reads."""
        rivet.ok("run", "-c", self.config(rivet, table))
        assert events(rivet, "ParallelismAdjusted") == []
        assert events(rivet, "Warning") == []

    def test_a_failure_frees_the_slots_that_wait(self, rivet, table):
        """Case 41, the other half: they do not wait for a turn that never comes."""
        path = self.config(rivet, table, rows="id, 1 / (id - 25) AS x, pg_sleep(0.1)::text AS pause")
        with self.others_waiting(table):
            done = rivet("run", "-c", path, timeout=60)
        assert done.code == 1 and "division by zero" in done.stderr
        assert [e["to"] for e in events(rivet, "ParallelismAdjusted")][-1] == 1

    def test_who_may_not_look_does_not_guess(self, rivet, table):
        path = self.config(rivet, table, source={"type": "postgres", "url": table.server.url(table.name, user="rivet_blind")})
        table.execute("DROP ROLE IF EXISTS rivet_blind", "CREATE ROLE rivet_blind LOGIN", "GRANT SELECT ON g TO rivet_blind")
        try:
            with self.others_waiting(table):
                done = rivet.ok("run", "-c", path)
        finally:
            table.execute("DROP OWNED BY rivet_blind", "DROP ROLE rivet_blind")
        assert events(rivet, "ParallelismAdjusted") == []
        (warning,) = events(rivet, "Warning")
        assert warning["context"] == "adaptive" and "pg_read_all_stats" in warning["message"]
        assert "all 4 slots stay busy" in done.stderr

    def test_sqlite_has_nothing_to_tell(self, rivet):
        path = rivet.folder / "shop.sqlite"
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)")
            connection.executemany("INSERT INTO t VALUES (?)", [(i,) for i in range(1, 5_001)])
        config = rivet.config({"type": "sqlite", "path": str(path)}, export("t", table="t", **CHUNKS, parallel=3, tuning={"adaptive": True}))
        done = rivet.ok("run", "-c", config)
        assert done.stderr.count("all 3 slots stay busy: this source does not tell") == 1


def events_or_none(rivet):
    try:
        return events(rivet, "ParallelismAdjusted")
    except sqlite3.OperationalError:  # the store is being made
        return []
