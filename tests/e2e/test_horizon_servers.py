"""The horizon of an incremental export where transaction ids come from elsewhere: on a standby, and past the end of 32 bits."""
import itertools
from contextlib import contextmanager

import pytest

from conftest import Database
from servers import PostgresServer, Standby, find_binary, give_to_server, run_checked, unprivileged
from test_incremental import incremental, landed, postgres_table

ROWS_OF_A_CLOG_SEGMENT = 1 << 20
CLOG_SEGMENT_BYTES = 256 << 10
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def pair():
    """A primary and its standby."""
    with PostgresServer(config={"autovacuum": "off"}) as primary, Standby(primary) as standby:
        yield primary, standby


class Pair:
    """One database on both, and a config for each."""

    def __init__(self, rivet, pair, name):
        self.rivet = rivet
        self.primary_server, self.standby_server = pair
        self.primary_server.create_database(name)
        self.database, self.copy = (Database(server, name) for server in pair)
        postgres_table(self.database)
        self.database.execute("INSERT INTO t VALUES (1, 'a', '2024-01-01')")
        self.standby_server.catch_up()
        self.on_primary = rivet.config(self.database.source, incremental())
        self.on_standby = rivet.config(self.copy.source, incremental(), name="standby.yaml")
        self.config = {"primary": self.on_primary, "standby": self.on_standby}

    def run(self, where):
        if where == "standby":
            self.standby_server.catch_up()
        return self.rivet.ok("run", "-c", self.config[where])

    @contextmanager
    def open_transaction(self):
        """Of the primary; committed at the end of the block."""
        with self.database.connect() as writer:
            writer.autocommit = False
            yield writer

    @contextmanager
    def lag(self):
        """The standby stands still within the block."""
        self.standby_server.catch_up()
        self.standby_server.pause()
        try:
            yield
        finally:
            self.standby_server.resume()


@pytest.fixture
def both(rivet, pair):
    name = f"both{next(_numbers)}"
    yield Pair(rivet, pair, name)
    pair[1].catch_up()
    pair[0].drop_database(name)


class TestStandby:
    def test_transactions_with_savepoints_in_flight_on_the_primary(self, rivet, both):
        """A standby's snapshot lists none of the ids of subtransactions, and beyond 64 not even the primary's does."""
        both.run("standby")
        with both.open_transaction() as writer:
            writer.execute("INSERT INTO t VALUES (2, 'outer', '2023-01-02')")
            for step in range(70):
                writer.execute(f"SAVEPOINT s{step}")
                writer.execute(f"INSERT INTO t VALUES ({100 + step}, 'inner', '2023-02-02')")
            both.database.execute("INSERT INTO t VALUES (3, 'committed meanwhile', '2024-01-03')")
            both.run("standby")
            assert landed(rivet) == [1]
        both.run("standby")
        assert landed(rivet) == [1, 2, 3, *range(100, 170)]

    def test_a_subtransaction_that_began_before_the_last_run(self, rivet, both):
        with both.open_transaction() as writer:
            writer.execute("SAVEPOINT one")
            writer.execute("INSERT INTO t VALUES (2, 'first', '2023-01-02')")
            writer.execute("RELEASE one")
            both.run("standby")
            writer.execute("SAVEPOINT two")
            writer.execute("INSERT INTO t VALUES (3, 'second', '2023-01-03')")
            both.run("standby")
        both.run("standby")
        assert landed(rivet) == [1, 2, 3]

    def test_alternating_with_the_primary(self, rivet, both):
        expected = [1]
        for step in range(8):
            where = ("primary", "standby")[step % 2]
            with both.open_transaction() as writer:
                writer.execute(f"INSERT INTO t VALUES ({1000 + step}, 'in flight', '2022-01-01')")
                both.database.execute(f"INSERT INTO t VALUES ({10 + step}, 'late', '2023-01-01'), ({100 + step}, 'none', NULL), "
                                      f"({200 + step}, 'new', '2024-01-01'::timestamptz + interval '{step // 2} days')")
                both.run(where)
                assert landed(rivet) == sorted(expected), "an open transaction holds everything after it back, on both"
            expected += [1000 + step, 10 + step, 100 + step, 200 + step]
            both.run(where)
            assert landed(rivet) == sorted(expected), (step, where)

    def test_a_standby_that_lags_is_refused(self, rivet, both):
        both.run("primary")
        with both.lag():
            both.database.execute("INSERT INTO t VALUES (2, 'b', '2023-01-02'), (3, 'c', '2024-01-03')")
            both.run("primary")
            before = rivet.output().manifest_bytes("t")
            refused = rivet("run", "-c", both.on_standby, "--json-errors")
            assert refused.code == 1
            assert "lags" in refused.stderr and refused.error()["hint"]
            assert rivet.output().manifest_bytes("t") == before
        for where in ("standby", "primary"):
            both.run(where)
            assert landed(rivet) == [1, 2, 3]

    @pytest.mark.parametrize("key", ["PRIMARY KEY", ""], ids=["key", "no_key"])
    def test_a_standby_that_lags_by_the_oldest_transaction_only(self, rivet, both, key):
        """It has seen a younger transaction end, and so its ids have come as far as the position, but not all below have ended."""
        both.database.execute("DROP TABLE t", f"CREATE TABLE t (id bigint {key}, name text, at timestamptz)", "INSERT INTO t VALUES (1, 'a', '2024-01-01')")
        both.run("primary")
        with both.open_transaction() as older:
            older.execute("INSERT INTO t VALUES (2, 'older', '2024-01-02')")
            both.database.execute("INSERT INTO t VALUES (3, 'younger', '2024-01-03')")
            both.standby_server.catch_up()
            both.standby_server.pause()
        try:
            both.run("primary")
            assert landed(rivet) == [1, 2, 3]
            refused = rivet("run", "-c", both.on_standby, "--json-errors")
            assert refused.code == 1, "position and standby would not fit together"
            assert "lags" in refused.stderr
        finally:
            both.standby_server.resume()
        for where in ("primary", "standby", "primary"):
            both.run(where)
            assert landed(rivet) == [1, 2, 3], where


class TestWraparound:
    """A cluster whose next transaction id is moved near the end of 32 bits, and then over it."""

    def advance(self, server, database, xid):
        """Freezes everything and lets the next transaction have this id. Less than 2^31 further than before."""
        for name in ("postgres", "template1", "template0", database.name):
            with server.connect("postgres") as connection:
                connection.execute("UPDATE pg_database SET datallowconn = true WHERE datname = 'template0'")
            with server.connect(name) as connection:
                connection.execute("VACUUM (FREEZE)")
        server.stop()
        segment = server.data / "pg_xact" / f"{xid // ROWS_OF_A_CLOG_SEGMENT:04X}"
        if not segment.exists():
            segment.write_bytes(bytes(CLOG_SEGMENT_BYTES))
            give_to_server(segment, 0o600)
        run_checked(unprivileged([find_binary("pg_resetwal"), "-x", str(xid), "-D", str(server.data)]), cwd=server.folder)
        server.start()

    def burn(self, database, count):
        """Uses up transaction ids: each block that fails has one of its own."""
        database.execute(f"DO $$ BEGIN FOR i IN 1..{count} LOOP BEGIN PERFORM txid_current(); INSERT INTO burnt VALUES (i); RAISE 'x'; "
                         "EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END $$")

    def next_id(self, database):
        return database.rows("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")[0][0]

    def test_ids_go_past_the_end_of_32_bits_between_runs(self, rivet):
        with PostgresServer(config={"autovacuum": "off"}) as server:
            server.create_database("w")
            database = Database(server, "w")
            postgres_table(database)
            database.execute("CREATE TABLE burnt (i int)", "INSERT INTO t SELECT g, 'first', '2024-01-01' FROM generate_series(1, 50) g")
            path = rivet.config(database.source, incremental())
            expected = list(range(1, 51))

            def add_and_run(*numbers):
                database.execute(*(f"INSERT INTO t VALUES ({n}, 'n', {cursor})" for n, cursor in
                                   zip(numbers, ("'2020-01-01'", "NULL", "'2024-01-01'", "now()"))))
                expected.extend(numbers)
                for _ in range(2):
                    rivet.ok("run", "-c", path)
                    assert landed(rivet) == sorted(expected), self.next_id(database)

            rivet.ok("run", "-c", path)
            self.advance(server, database, 2_000_000_000)
            add_and_run(101, 102, 103, 104)
            self.advance(server, database, 4_000_000_000)
            add_and_run(201, 202, 203, 204)
            self.advance(server, database, 2**32 - 400)
            add_and_run(301, 302, 303, 304)
            with database.connect() as writer:  # began on this side, ends on the other
                writer.autocommit = False
                writer.execute("INSERT INTO t VALUES (400, 'over', '2021-01-01')")
                self.burn(database, 600)
                assert self.next_id(database) > 2**32
                database.execute("INSERT INTO t VALUES (401, 'beyond', '2021-01-01')")
                rivet.ok("run", "-c", path)
                assert landed(rivet) == sorted(expected)
            expected += [400, 401]
            add_and_run(501, 502, 503, 504)
            self.burn(database, 3_000)  # ids that rows of the first run had come again
            assert self.next_id(database) > 2**32 + 2_000
            add_and_run(601, 602, 603, 604)
