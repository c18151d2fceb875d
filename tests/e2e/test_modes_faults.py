"""Connections that end at any byte, sessions ended by the server, and full disks, in every mode.

After each: the documented exit code, nothing half-written in sight, and the next run (or the retry within) gives every
row once, cell by cell.
"""
import random
import re
from contextlib import contextmanager

import pytest

from cells import Cells
from conftest import Database
from helpers import export, finished, paused
from modes import ADDING_SHAPES, COLUMNS, SMALL_ROWS, SMALL_SHAPES, postgres_orders
from small_disk import SmallDisk
from tcp_proxy import DOWN, UP, Cut, TcpProxy

AT_ONCE = {"max_retries": 0, "statement_timeout_s": 30}
PATIENT = {"max_retries": 6, "retry_backoff_ms": 1, "statement_timeout_s": 30}
SHARED_INSTANT = [shape for shape, keys in SMALL_SHAPES.items() if keys.get("consistency") == "snapshot" or shape == "full_parallel"]
RETRYABLE = (2, "retryable", None)
SNAPSHOT_GONE = (2, "retryable", "RIVET_SNAPSHOT_GONE")


@pytest.fixture(scope="module")
def orders(pg):
    """The same rows for all tests of this file: none of them writes to it."""
    pg.create_database("orders_for_faults")
    database = Database(pg, "orders_for_faults")
    source = postgres_orders(database, SMALL_ROWS)
    database.cells = Cells(COLUMNS, source.expected())
    yield database
    pg.drop_database(database.name)


@pytest.fixture
def proxy(orders):
    with TcpProxy(orders.server.port) as proxy:
        yield proxy


class Subject:
    """One export in one shape, read through the proxy."""

    def __init__(self, rivet, orders, proxy, shape):
        self.rivet, self.orders, self.proxy = rivet, orders, proxy
        self.keys, self.adds = SMALL_SHAPES[shape], shape in ADDING_SHAPES
        self.ways = [SNAPSHOT_GONE, RETRYABLE] if shape in SHARED_INSTANT else [RETRYABLE]

    def config(self, tuning):
        source = {"type": "postgres", "url": self.proxy.url(self.orders.url)}
        return self.rivet.config(source, export("orders", table="orders", tuning=tuning, **self.keys))

    def measure(self, path):
        """Runs once undisturbed; bytes in each direction of the planning, and of the whole."""
        self.proxy.arm()
        with self.rivet_paused(path, "run_started") as process:
            planning = dict(self.proxy.passed)
        assert finished(process).code == 0
        self.assert_right()
        return planning, dict(self.proxy.passed)

    def start_over(self, path):
        """The next run reads every row, also where a run adds to those before it."""
        if self.adds:
            self.rivet.ok("state", "reset", "-c", path, "-e", "orders")

    @contextmanager
    def rivet_paused(self, path, point):
        """A run that stands still at a point within the block."""
        with paused(self.rivet, path, point=point) as (process, go_on):
            yield process
            go_on()
            process.wait(60)

    def assert_failed(self, done, before, *ways):
        """It says so as documented; the output of before stands byte for byte, and nothing else is in a reader's way."""
        error = done.error()
        assert (done.code, error["exit_class"], error["code"]) in (ways or self.ways), done
        assert error["hint"], error
        output = self.rivet.output()
        if before is None:
            assert all(re.fullmatch(r"manifest-\w+T\d{6}\.\d{3}\.json", name) or name.startswith("_quarantine/")
                       for name in output.names()), output.names()
        else:
            assert output.manifest_bytes("orders") == before
            self.orders.cells.assert_equal(output.table("orders"))
        assert output.unfinished() == set()
        self.assert_no_strangers()

    def assert_no_strangers(self):
        known = {path for (path,) in self.rivet.state("SELECT path FROM part WHERE generation_added IS NOT NULL")}
        visible = {name for name in self.rivet.output().names() if name.endswith(".parquet") and not name.startswith("_quarantine/")}
        assert visible <= known, "a part that no manifest ever listed is in the readers' way"

    def assert_right(self):
        output = self.rivet.output()
        self.orders.cells.assert_equal(output.table("orders"))
        assert output.unfinished() == set()
        self.assert_no_strangers()

    def assert_next_run_is_right(self, path):
        self.proxy.arm()
        self.rivet.ok("run", "-c", path, "--validate")
        self.assert_right()

    def sessions(self, where="true"):
        return [pid for (pid,) in self.orders.rows("SELECT pid FROM pg_stat_activity WHERE application_name = 'rivet' "
                                                   f"AND datname = '{self.orders.name}' AND {where}")]

    def terminate(self, pids):
        assert pids
        for pid in pids:
            self.orders.rows(f"SELECT pg_terminate_backend({pid}, 5000)")


@pytest.fixture
def subject(rivet, orders, proxy):
    return lambda shape: Subject(rivet, orders, proxy, shape)


@pytest.mark.parametrize("shape", SMALL_SHAPES)
def test_a_connection_dropped_at_any_byte(rivet, proxy, subject, shape):
    """Without retries. The last bytes of all are not needed: a run that has everything by then may succeed."""
    it = subject(shape)
    path = it.config(AT_ONCE)
    _, whole = it.measure(path)
    choose = random.Random(f"any byte {shape}")
    failures = 0
    for direction in (DOWN, DOWN, DOWN, UP, UP):
        it.start_over(path)
        before = rivet.output().manifest_bytes("orders")
        cut = Cut(direction, choose.randrange(whole[direction]), reset=choose.random() < 0.5)
        proxy.arm(cut)
        done = rivet("run", "-c", path, "--json-errors")
        if done.code == 0:
            it.assert_right()
        else:
            assert proxy.cuts_made == 1, (cut, done)
            it.assert_failed(done, before)
            failures += 1
    assert failures >= 3
    it.assert_next_run_is_right(path)


@pytest.mark.parametrize("shape", SMALL_SHAPES)
def test_a_connection_dropped_while_planning(rivet, proxy, subject, shape):
    """Before there is a run, nothing is tried again, whatever the number of retries."""
    it = subject(shape)
    path = it.config(PATIENT)
    planning, _ = it.measure(path)
    runs = rivet.state("SELECT count(*) FROM run")
    before = rivet.output().manifest_bytes("orders")
    choose = random.Random(f"planning {shape}")
    for direction in (DOWN, UP, DOWN):
        it.start_over(path)
        # The greeting that ends a session is under way when the count is taken.
        cut = Cut(direction, choose.randrange(planning[direction] - 64), reset=choose.random() < 0.5)
        proxy.arm(cut)
        done = rivet("run", "-c", path, "--json-errors")
        assert proxy.cuts_made == 1, (cut, done)
        it.assert_failed(done, before, RETRYABLE)
        assert rivet.state("SELECT count(*) FROM run") == runs
    it.assert_next_run_is_right(path)


@pytest.mark.parametrize("shape", SMALL_SHAPES)
def test_dropped_connections_are_made_again_within_the_run(rivet, proxy, subject, shape):
    """Several in one run; parts of attempts that failed are nowhere."""
    it = subject(shape)
    path = it.config(PATIENT)
    planning, whole = it.measure(path)
    choose = random.Random(f"again {shape}")
    for _ in range(2):
        it.start_over(path)
        first = planning[DOWN] + 64
        cuts = [Cut(DOWN, choose.randrange(first, whole[DOWN] - 64), reset=choose.random() < 0.5) for _ in range(3)]
        proxy.arm(*cuts)
        rivet.ok("run", "-c", path, "--validate")
        assert proxy.cuts_made == 3, cuts
        it.assert_right()
        ((retries,),) = rivet.state("SELECT retries FROM export_metrics ORDER BY id DESC LIMIT 1")
        assert 1 <= retries <= 3, cuts


@pytest.mark.parametrize("shape", SMALL_SHAPES)
def test_sessions_terminated_in_mid_stream(rivet, proxy, subject, shape):
    it = subject(shape)
    path = it.config(AT_ONCE)
    planning, whole = it.measure(path)
    choose = random.Random(f"terminated {shape}")
    it.start_over(path)
    before = rivet.output().manifest_bytes("orders")
    proxy.arm(hold=(DOWN, int(planning[DOWN] + choose.uniform(0.1, 0.8) * (whole[DOWN] - planning[DOWN]))))
    process = rivet.start("run", "-c", path, "--json-errors")
    assert proxy.held.wait(30)
    it.terminate(it.sessions())
    proxy.release()
    it.assert_failed(finished(process), before)
    it.assert_next_run_is_right(path)


@pytest.mark.parametrize("shape", SMALL_SHAPES)
def test_a_full_disk_in_every_mode(rivet, subject, shape):
    it = subject(shape)
    path = it.config(PATIENT)
    with SmallDisk(rivet.folder / "output", "size=32k") as disk:
        done = rivet("run", "-c", path, "--json-errors")
        it.assert_failed(done, None, (1, "generic", "RIVET_DESTINATION_FULL"))
        disk.grow()
        it.assert_next_run_is_right(path)


@pytest.mark.parametrize("point", ["unit_claimed", "batch_written"])
@pytest.mark.parametrize("shape", SHARED_INSTANT)
def test_the_session_that_holds_the_shared_instant_is_terminated(rivet, subject, shape, point):
    """Units not yet begun cannot be read as of that instant any more: the run fails rather than read another one."""
    it = subject(shape)
    path = it.config(PATIENT)
    with it.rivet_paused(path, point) as process:
        it.terminate(it.sessions("backend_start = (SELECT min(backend_start) FROM pg_stat_activity WHERE application_name = 'rivet' "
                                 "AND datname = current_database())"))
    it.assert_failed(finished(process), None, SNAPSHOT_GONE)
    it.assert_next_run_is_right(path)


@pytest.mark.parametrize("shape", SHARED_INSTANT)
def test_a_unit_read_again_is_read_as_of_the_shared_instant(rivet, pg_db, shape):
    """The source changes between the two attempts, and the result is the one instant all the same."""
    postgres_orders(pg_db, SMALL_ROWS)
    cells = Cells(COLUMNS, pg_db.rows(f"SELECT {', '.join(COLUMNS)} FROM orders ORDER BY id"))
    with TcpProxy(pg_db.server.port) as proxy:
        keys = {**SMALL_SHAPES[shape], "tuning": PATIENT}
        path = rivet.config({"type": "postgres", "url": proxy.url(pg_db.url)}, export("orders", table="orders", **keys))
        rivet.ok("run", "-c", path)
        proxy.arm(Cut(DOWN, proxy.passed[DOWN] * 2 // 3), Cut(DOWN, proxy.passed[DOWN] * 3 // 4), hold=(DOWN, proxy.passed[DOWN] // 2))
        process = rivet.start("run", "-c", path, "--json-errors")
        assert proxy.held.wait(30)
        pg_db.execute("DELETE FROM orders WHERE id % 2 = 0", "UPDATE orders SET price = price + 1, id = id + 1000000")
        proxy.release()
        done = finished(process)
        assert (done.code, proxy.cuts_made) == (0, 2), done
    cells.assert_equal(rivet.output().table("orders"))
