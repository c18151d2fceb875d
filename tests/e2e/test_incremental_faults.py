"""Incremental exports under kills, dropped connections and writers: every version of a row lands once, whatever died.

A version is what a row looked like when it got its cursor: (id, name, at).
"""
import random
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing

import pytest

from helpers import export, finished
from tcp_proxy import DOWN, UP, Cut, TcpProxy
from test_incremental import incremental, postgres_table, sqlite_table

POINTS = ["run_started", "unit_claimed", "unit_claimed:2", "part_opened", "batch_written", "parts_encoded", "part_committed", "parts_committed",
          "parts_committed:2", "unit_committed", "unit_committed:2", "before_seal", "sealed", "run_manifest_written", "manifest_written",
          "success_written", "compat_manifest_written", "before_published", "published", "metrics_recorded"]
MODES = {"incremental": incremental(),
         "keyset": export("t", table="t", mode="chunked", chunk_by_key="at", keyset_incremental=True, chunk_size=4)}
AT_ONCE = {"max_retries": 0, "statement_timeout_s": 30}
PATIENT = {"max_retries": 6, "retry_backoff_ms": 1, "statement_timeout_s": 30}

FIRST = [f"INSERT INTO t VALUES ({n}, 'first', '2024-01-{n:02} 00:00:00')" for n in range(1, 10)] + [
    "INSERT INTO t VALUES (20, 'none', NULL), (21, 'none too', NULL)"]
LATER = ["INSERT INTO t VALUES (30, 'tie', '2024-01-09 00:00:00'), (31, 'late', '2024-01-05 12:00:00'), (32, 'tie below', '2024-01-05 00:00:00')",
         "INSERT INTO t VALUES (33, 'none', NULL)",
         "UPDATE t SET name = 'updated', at = '2024-02-01 00:00:00' WHERE id IN (2, 20)",
         "UPDATE t SET name = 'set back', at = '2023-01-01 00:00:00' WHERE id = 3",
         *(f"INSERT INTO t VALUES ({40 + n}, 'new', '2024-02-{2 + n:02} 00:00:00')" for n in range(9))]
# Of these nothing must be seen: the cursors stand.
UNSEEN = ["UPDATE t SET name = 'nobody sees it' WHERE id IN (5, 21)"]


@pytest.fixture(scope="module", autouse=True)
def quiet(pg):
    """No vacuum of the server's own: its transactions would hold rows back for a run."""
    def set_autovacuum(to):
        with pg.connect() as connection:
            connection.execute(f"ALTER SYSTEM SET autovacuum = {to}")
            connection.execute("SELECT pg_reload_conf()")

    set_autovacuum("off")
    yield
    set_autovacuum("DEFAULT")


class Subject:
    """A table, the export of it, and all versions that must have landed by now."""

    def __init__(self, rivet, table, fetch, mode):
        self.rivet, self.fetch = rivet, fetch
        self.execute = table.execute
        self.path = rivet.config(table.source, MODES[mode])
        self.expected = Counter()

    def write(self, statements):
        """Changes rows; the versions that there are now, and those before, are expected."""
        self.execute(*statements)
        self.expected |= Counter(self.fetch())

    def run(self):
        self.rivet.ok("run", "-c", self.path, "--validate")

    def timed_run(self):
        """Seconds that a run to the end takes now."""
        began = time.monotonic()
        self.run()
        return time.monotonic() - began

    def assert_right(self, why=""):
        assert landed(self.rivet) == self.expected, why
        output = self.rivet.output()
        assert output.unfinished() == set()
        listed = {part["path"] for part in output.manifest("t")["parts"]}
        visible = {name for name in output.names() if name.endswith(".parquet") and not name.startswith("_quarantine/")}
        assert visible <= listed, "a part that the manifest does not list is in the readers' way"


def landed(rivet):
    """How often each version is in the manifest's parts."""
    table = rivet.output().table("t").select(["id", "name", "at"])
    return Counter(zip(*(column.to_pylist() for column in table.columns)))


def database_rows(database):
    return lambda: database.rows("SELECT id, name, at FROM t")


def file_rows(path):
    def fetch():
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute("SELECT id, name, at FROM t").fetchall()

    return fetch


@pytest.fixture(params=[("postgres", "incremental"), ("postgres", "keyset"), ("sqlite", "incremental")], ids="-".join)
def it(request, rivet, tmp_path):
    """An empty table of an engine, exported in a mode. What keyset does apart from incremental is the same on both engines."""
    engine, mode = request.param
    if engine == "sqlite":
        table = sqlite_table(tmp_path)
        return Subject(rivet, table, file_rows(table.source["path"]), mode)
    database = request.getfixturevalue("pg_db")
    return Subject(rivet, postgres_table(database), database_rows(database), mode)


class TestKilledAtAPoint:
    @pytest.mark.parametrize("point", POINTS)
    def test_of_the_first_run_and_of_a_later_one(self, rivet, it, point):
        for changes in (FIRST, LATER):
            it.write(changes)
            rivet.killed_at(point, "run", "-c", it.path)
            it.run()
            it.assert_right("after the run that followed the kill")
        it.execute(*UNSEEN)
        it.run()
        it.assert_right("after a run with nothing to see")

    def test_while_rows_come_between_the_kill_and_the_next_run(self, rivet, it):
        """They belong to the run that goes on, or to the one after it."""
        it.write(FIRST)
        choose = random.Random(7)
        for step in range(12):
            rivet.killed_at(choose.choice(POINTS[:1] + POINTS[5:]).removesuffix(":2"), "run", "-c", it.path)
            it.write([f"INSERT INTO t VALUES ({100 + step}, 'between', '2024-01-0{1 + step % 9} 00:00:00'), ({200 + step}, 'none', NULL), "
                      f"({300 + step}, 'new', '2024-03-{1 + step:02} 00:00:00')"])
        for _ in range(2):
            it.run()
        it.assert_right()


class Writer(threading.Thread):
    """Commits transactions of several kinds until it is told to stop: it inserts only."""

    def __init__(self, seed):
        super().__init__(daemon=True)
        self.choose = random.Random(seed)
        self.next_id = (seed - 1) * 1_000_000
        self.stopped = threading.Event()
        self.failure = None

    def run(self):
        try:
            self.write_until_stopped()
        except Exception as failure:  # noqa: BLE001 - told by stop()
            self.failure = failure

    def row(self):
        self.next_id += 1
        day = self.choose.choice([f"2024-01-{self.choose.randint(1, 28):02} 00:00:00", time.strftime("%Y-%m-%d %H:%M:%S"), None])
        return self.next_id, self.choose.choice("abc"), day

    def stop(self):
        self.stopped.set()
        self.join(30)
        assert not self.is_alive() and self.failure is None, self.failure


class PostgresWriter(Writer):
    """Its transactions are short or long; some have savepoints, released or rolled back, some are rolled back whole."""

    def __init__(self, database, seed):
        super().__init__(seed)
        self.database = database

    def write_until_stopped(self):
        with self.database.connect() as connection:
            connection.autocommit = False
            while not self.stopped.is_set():
                for _ in range(self.choose.randint(1, 4)):
                    self.insert(connection)
                    self.choose.choice([self.nothing, self.savepoint, self.wait])(connection)
                connection.rollback() if self.choose.random() < 0.1 else connection.commit()

    def insert(self, connection):
        connection.execute("INSERT INTO t VALUES (%s, %s, %s)", self.row())

    def nothing(self, _):
        pass

    def wait(self, _):
        self.stopped.wait(self.choose.choice([0.01, 0.05, 0.4]))

    def savepoint(self, connection):
        connection.execute("SAVEPOINT s")
        self.insert(connection)
        connection.execute(self.choose.choice(["RELEASE s", "ROLLBACK TO s"]))


class SqliteWriter(Writer):
    def __init__(self, path, seed):
        super().__init__(seed)
        self.path = path

    def write_until_stopped(self):
        with closing(sqlite3.connect(self.path, timeout=30)) as connection:
            while not self.stopped.wait(self.choose.choice([0.001, 0.01, 0.05])):
                with connection:
                    for _ in range(self.choose.randint(1, 4)):
                        connection.execute("INSERT INTO t VALUES (?, ?, ?)", self.row())


def killed_and_completed(it, writers, rounds, seed):
    """A run that is killed somewhere, a run to the end, and so on while rows are written; the last one with nobody writing."""
    choose = random.Random(seed)
    deaths = 0
    for writer in writers:
        writer.start()
    try:
        shortest = it.timed_run()
        for _ in range(rounds * 5):  # how long a run takes depends on what else the machine does: some end before they are killed
            if deaths == rounds // 2:
                break
            deaths += it.rivet.killed_after(choose.uniform(0.02, shortest), "run", "-c", it.path)
            shortest = min(shortest, it.timed_run())
    finally:
        for writer in writers:
            writer.stop()
    assert deaths == rounds // 2
    it.run()
    it.expected = Counter(it.fetch())
    assert len(it.expected) > rounds * 2
    it.assert_right()


class TestKilledAtRandomTimes:
    """Nobody updates, so that the source itself says what must have landed: every row once."""

    ROUNDS = 10

    @pytest.mark.parametrize("key", ["PRIMARY KEY", ""], ids=["key", "no_key"])
    @pytest.mark.parametrize("mode", MODES)
    def test_postgres(self, rivet, pg_db, mode, key):
        table = postgres_table(pg_db)
        table.execute("DROP TABLE t", f"CREATE TABLE t (id bigint {key}, name text, at timestamptz)", "CREATE INDEX ON t (at)")
        it = Subject(rivet, table, database_rows(pg_db), mode)
        killed_and_completed(it, [PostgresWriter(pg_db, seed) for seed in (1, 2, 3)], self.ROUNDS, f"{mode} {key}")

    @pytest.mark.parametrize("mode", MODES)
    def test_sqlite(self, rivet, tmp_path, mode):
        table = sqlite_table(tmp_path)
        table.execute("PRAGMA journal_mode = WAL")
        it = Subject(rivet, table, file_rows(table.source["path"]), mode)
        killed_and_completed(it, [SqliteWriter(table.source["path"], 1)], self.ROUNDS, mode)


class TestConnectionsEnd:
    """In the middle of a delta; each wave of new rows is about as long as the one before."""

    WAVE = 1_500
    KEYS = {"incremental": {"mode": "incremental", "cursor_column": "at"},
            "keyset": {"mode": "chunked", "chunk_by_key": "at", "keyset_incremental": True, "chunk_size": 400, "parallel": 2}}

    @pytest.fixture(params=KEYS)
    def drops(self, request, rivet, pg_db):
        with TcpProxy(pg_db.server.port) as proxy:
            yield Drops(rivet, pg_db, proxy, self.KEYS[request.param], self.WAVE)

    def test_dropped_at_any_byte(self, rivet, drops):
        whole = drops.measure(AT_ONCE)
        choose = random.Random(1)
        failures = 0
        for direction in (DOWN, DOWN, DOWN, DOWN, UP, UP):
            drops.add_wave()
            before = rivet.output().manifest_bytes("t")
            cut = Cut(direction, choose.randrange(whole[direction]), reset=choose.random() < 0.5)
            drops.proxy.arm(cut)
            done = rivet("run", "-c", drops.path, "--json-errors")
            if done.code:
                assert (done.code, done.error()["exit_class"]) == (2, "retryable"), done
                assert rivet.output().manifest_bytes("t") == before, cut
                failures += 1
            drops.proxy.arm()
            drops.assert_next_run_is_right()
        assert failures >= 3

    def test_dropped_and_made_again_within_the_run(self, rivet, drops):
        whole = drops.measure(PATIENT)
        for position in (0.6, 0.75, 0.9):
            drops.add_wave()
            drops.proxy.arm(Cut(DOWN, int(position * whole[DOWN])), Cut(DOWN, int((position + 0.05) * whole[DOWN]), reset=True))
            rivet.ok("run", "-c", drops.path, "--validate")
            assert drops.proxy.cuts_made >= 1
            drops.assert_right()

    def test_terminated(self, rivet, drops):
        whole = drops.measure(AT_ONCE)
        for position in (0.6, 0.8):
            drops.add_wave()
            before = rivet.output().manifest_bytes("t")
            drops.proxy.arm(hold=(DOWN, int(position * whole[DOWN])))
            process = rivet.start("run", "-c", drops.path, "--json-errors")
            assert drops.proxy.held.wait(30)
            drops.terminate()
            drops.proxy.release()
            done = finished(process)
            assert (done.code, done.error()["exit_class"]) == (2, "retryable"), done
            assert rivet.output().manifest_bytes("t") == before
            drops.proxy.arm()
            drops.assert_next_run_is_right()


class Drops:
    """A table that grows by waves, read through a proxy."""

    def __init__(self, rivet, database, proxy, keys, wave):
        self.rivet, self.database, self.proxy, self.keys, self.wave = rivet, database, proxy, keys, wave
        self.waves = 0
        postgres_table(database)

    def add_wave(self):
        """New rows, late ones, and rows without a cursor."""
        self.waves += 1
        self.database.execute(
            f"INSERT INTO t SELECT {self.waves} * 10000 + g, md5(g::text), CASE g % 10 WHEN 0 THEN NULL WHEN 1 THEN '2023-01-01'::timestamptz "
            f"ELSE '2024-01-01'::timestamptz + interval '{self.waves} days' + g * interval '1 second' END FROM generate_series(1, {self.wave}) g",
            "ANALYZE t")

    def measure(self, tuning):
        """Two runs undisturbed; the bytes of the second in each direction."""
        source = {"type": "postgres", "url": self.proxy.url(self.database.url)}
        self.path = self.rivet.config(source, export("t", table="t", tuning=tuning, **self.keys))
        for _ in range(2):
            self.add_wave()
            self.proxy.arm()
            self.assert_next_run_is_right()
        return dict(self.proxy.passed)

    def assert_next_run_is_right(self):
        self.rivet.ok("run", "-c", self.path, "--validate")
        self.assert_right()

    def assert_right(self):
        assert landed(self.rivet) == Counter(database_rows(self.database)())
        assert self.rivet.output().unfinished() == set()

    def terminate(self):
        ended = self.database.rows("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'rivet' "
                                   "AND datname = current_database()")
        assert ended


class TestCheckpoints:
    """What a killed run has committed of a delta is not read again."""

    @staticmethod
    def units(rivet, status="completed"):
        return rivet.state("SELECT run_id, unit_index, epoch, attempts, read_at FROM unit WHERE status = ? AND run_id = (SELECT run_id FROM unit "
                           "ORDER BY rowid DESC LIMIT 1) ORDER BY 2", status)

    def killed_and_resumed(self, rivet, path, least):
        rivet.killed_at("unit_committed:2", "run", "-c", path)
        done = self.units(rivet)
        assert len(done) == 2
        rivet.ok("run", "-c", path, "--validate")
        after = self.units(rivet)
        assert after[:2] == done, "committed units were claimed or read again"
        assert len(after) >= least

    @pytest.mark.parametrize("engine", ["postgres", "sqlite"])
    def test_of_a_delta_in_chunks(self, rivet, request, tmp_path, engine):
        table = sqlite_table(tmp_path) if engine == "sqlite" else postgres_table(request.getfixturevalue("pg_db"))
        table.execute("INSERT INTO t VALUES (1, 'first', NULL)")
        path = rivet.config(table.source, export("t", table="t", mode="chunked", chunk_by_key="id", keyset_incremental=True, chunk_size=100))
        rivet.ok("run", "-c", path)
        table.execute(*(f"INSERT INTO t VALUES ({n}, 'new', NULL)" for n in range(2, 602)), "ANALYZE")
        self.killed_and_resumed(rivet, path, 6)
        assert sorted(rivet.output().table("t").column("id").to_pylist()) == list(range(1, 602))

    def test_of_a_large_delta(self, rivet, pg_db):
        table = postgres_table(pg_db)
        table.execute("INSERT INTO t VALUES (1, 'first', NULL)")
        path = rivet.config(table.source, incremental(cursor_column="id"))
        rivet.ok("run", "-c", path)
        table.execute("INSERT INTO t SELECT g, 'n', NULL FROM generate_series(2, 550000) g", "ANALYZE t")
        self.killed_and_resumed(rivet, path, 4)
        assert rivet.output().manifest("t")["row_count"] == 550_000
        numbers = rivet.output().table("t").column("id").to_pylist()
        assert len(set(numbers)) == 550_000


def test_late_rows_of_a_small_table_with_great_ids(rivet, tmp_path):
    table = sqlite_table(tmp_path)
    table.execute(*(f"INSERT INTO t VALUES (100000{n}, 'first', '2024-01-{n:02} 00:00:00')" for n in range(1, 10)))
    it = Subject(rivet, table, file_rows(table.source["path"]), "incremental")
    it.run()
    it.write(["INSERT INTO t VALUES (2000000, 'late', '2024-01-01 12:00:00')"])
    it.run()
    it.assert_right()
