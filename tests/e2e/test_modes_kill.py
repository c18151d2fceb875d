"""kill -9 in every mode: at every named point and at random times, on one process and on several that share a run.

Afterwards the manifest's rows are the source's rows, cell by cell, read by pyarrow and DuckDB.
"""
import random
import signal
import time

import pytest

from cells import Cells
from conftest import Database
from helpers import export, wait_until
from modes import COLUMNS, SMALL_ROWS, SMALL_SHAPES, postgres_orders, sqlite_orders

# With several units a point is passed several times; `:n` dies at the n-th.
POINTS = ["run_started", "unit_claimed:2", "part_opened:2", "batch_written:3", "parts_encoded:2", "part_committed:2",
          "parts_committed:2", "unit_committed:2", "before_seal", "sealed", "run_manifest_written", "manifest_written", "success_written",
          "published"]
# Where the state and the files are between two steps that belong together, one process after another dies.
UNIT_POINTS = ["unit_claimed", "part_opened", "batch_written", "parts_encoded", "part_committed", "parts_committed", "unit_committed"]
KILLED_SHAPES = ["full_parallel", "range", "range_parallel", "range_null_key", "range_snapshot", "dense", "days", "keyset_text",
                 "keyset_composite", "chosen"]


@pytest.fixture(scope="module")
def pg_orders(pg):
    """The same rows for all tests of this file: none of them writes to the source."""
    name = "orders_for_kills"
    pg.create_database(name)
    orders = postgres_orders(Database(pg, name), SMALL_ROWS)
    orders.cells = Cells(COLUMNS, orders.expected())
    yield orders
    pg.drop_database(name)


@pytest.fixture(scope="module")
def lite_orders(tmp_path_factory):
    orders = sqlite_orders(tmp_path_factory.mktemp("orders"), SMALL_ROWS)
    orders.cells = Cells(COLUMNS, orders.expected())
    return orders


def config(rivet, orders, shape, **more):
    """Units of several parts each, most of them."""
    keys = {"max_file_size": "16KB", **SMALL_SHAPES[shape], **more}
    if "mode" in keys:
        keys = {"chunk_max_attempts": 3, **keys}
    return rivet.config(orders.source, export("orders", table="orders", **keys))


def assert_right(rivet, orders):
    output = rivet.output()
    orders.cells.assert_equal(output.table("orders"))
    assert output.duckdb_table("orders").num_rows == SMALL_ROWS
    assert output.unfinished() == set()
    listed = {part["path"] for part in output.manifest("orders")["parts"]}
    visible = {name for name in output.names() if name.endswith(".parquet") and not name.startswith("_quarantine/")}
    superseded = {name for (name,) in rivet.state("SELECT path FROM part WHERE generation_superseded IS NOT NULL")}
    assert visible <= listed | superseded, "a part that no manifest ever listed is in the readers' way"


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("shape", KILLED_SHAPES)
def test_killed_at_a_point(rivet, pg_orders, shape, point):
    path = config(rivet, pg_orders, shape)
    rivet.killed_at(point, "run", "-c", path)
    rivet.ok("run", "-c", path, "--validate")
    assert_right(rivet, pg_orders)


@pytest.mark.parametrize("point", ["unit_claimed:2", "parts_committed:2", "unit_committed:3"])
@pytest.mark.parametrize("shape", ["range_parallel", "keyset_text", "keyset_composite", "dense"])
def test_sqlite_killed_at_a_point(rivet, lite_orders, shape, point):
    path = config(rivet, lite_orders, shape, **({"chunk_count": 6} if shape.startswith("keyset") else {}))
    rivet.killed_at(point, "run", "-c", path)
    rivet.ok("run", "-c", path, "--resume")
    assert_right(rivet, lite_orders)


@pytest.mark.parametrize("shape", KILLED_SHAPES)
def test_killed_at_random_times(rivet, pg_orders, shape):
    """Each process gets a little further; completed units are not read again."""
    path = config(rivet, pg_orders, shape)
    rivet.killed_at_random_times(8, random.Random(f"times 2 {shape}"), "run", "-c", path)
    rivet.ok("run", "-c", path, "--validate")
    assert_right(rivet, pg_orders)


@pytest.mark.parametrize("shape", KILLED_SHAPES)
def test_killed_again_and_again_at_random_points(rivet, pg_orders, shape):
    """Of one run, which no process survives, until the last one finds little left to do."""
    path = config(rivet, pg_orders, shape)
    choose = random.Random(f"points {shape}")
    for _ in range(6):
        rivet.killed_at(choose.choice(UNIT_POINTS), "run", "-c", path)
        if rivet.state("SELECT count(*) FROM unit WHERE status <> 'completed' AND run_id = (SELECT max(run_id) FROM run)") <= [(1,)]:
            break
    rivet.ok("run", "-c", path, "--validate")
    assert_right(rivet, pg_orders)


def test_completed_units_are_kept(rivet, pg_orders):
    path = config(rivet, pg_orders, "range")
    rivet.killed_at("unit_committed:4", "run", "-c", path)
    before = rivet.state("SELECT unit_index, epoch FROM unit WHERE status = 'completed' ORDER BY 1")
    assert [index for index, _ in before] == [0, 1, 2, 3]
    rivet.ok("run", "-c", path, "--resume")
    assert rivet.state("SELECT unit_index, epoch FROM unit WHERE unit_index < 4 ORDER BY 1") == before
    assert_right(rivet, pg_orders)


def test_killed_while_a_dead_run_is_set_aside(rivet, pg_orders):
    """Its files are remembered until they are out of the way, whoever gets to it."""
    path = config(rivet, pg_orders, "range_snapshot", chunk_size=1_500)
    rivet.killed_at("unit_committed:3", "run", "-c", path)
    rivet.killed_at("run_ended", "run", "-c", path)
    rivet.ok("run", "-c", path)
    assert_right(rivet, pg_orders)
    assert any(name.startswith("_quarantine/") for name in rivet.output().names())


def test_case_08_the_source_grows_between_crash_and_resume(rivet, pg_db):
    """Boundaries are the dead run's, not new ones over a table that has grown."""
    pg_db.execute("CREATE TABLE t (id bigint PRIMARY KEY)", "INSERT INTO t SELECT generate_series(1, 1000)", "ANALYZE t")
    path = rivet.config(pg_db.source, export("t", table="t", mode="chunked", chunk_by_key="id", chunk_count=5))
    rivet.killed_at("unit_committed:2", "run", "-c", path)
    pg_db.execute("INSERT INTO t SELECT generate_series(-500, 0)", "INSERT INTO t SELECT generate_series(1001, 3000)", "ANALYZE t")
    rivet.ok("run", "-c", path)
    ids = rivet.output().table("t").column("id").to_pylist()
    assert len(ids) == len(set(ids)), "overlap"
    assert set(ids) >= set(range(1, 1001)), "gap"


class TestSeveralProcesses:
    """`run --resume` joins a living run as one more worker."""

    def paused(self, rivet, path, tmp_path, point):
        """The run's own process, standing still at a point."""
        gate = tmp_path / "gate"
        process = rivet.start("run", "-c", path, env={"RIVET_TEST_PAUSE_AT": f"{point}={gate}"})
        wait_until((tmp_path / "gate.reached").exists, process)
        return process, gate

    @pytest.mark.parametrize("shape", ["range", "keyset_composite", "range_snapshot"])
    def test_the_joined_one_does_the_rest(self, rivet, pg_orders, tmp_path, shape):
        path = config(rivet, pg_orders, shape, parallel=1)
        if shape == "range_snapshot":
            path = config(rivet, pg_orders, shape, parallel=1, consistency="snapshot")
        holder, gate = self.paused(rivet, path, tmp_path, "batch_written")
        joined = rivet.start("run", "-c", path, "--resume")
        wait_until(lambda: rivet.state("SELECT count(*) FROM unit WHERE status <> 'completed'")[0][0] == 1, joined)
        gate.touch()
        for process in (holder, joined):
            _, stderr = process.communicate(timeout=60)
            assert process.returncode == 0, stderr
        owners = rivet.state("SELECT count(DISTINCT owner) FROM unit")[0][0]
        assert owners == 2
        assert_right(rivet, pg_orders)
        assert rivet.state("SELECT count(*) FROM export_metrics")[0][0] == 1

    def test_the_joined_one_inherits_when_the_first_dies(self, rivet, pg_orders, tmp_path):
        path = config(rivet, pg_orders, "range")
        holder, _ = self.paused(rivet, path, tmp_path, "batch_written")
        joined = rivet.start("run", "-c", path, "--resume")
        wait_until(lambda: rivet.state("SELECT count(*) FROM unit WHERE status <> 'completed'")[0][0] == 1, joined)
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
        _, stderr = joined.communicate(timeout=60)
        assert joined.returncode == 0, stderr
        assert_right(rivet, pg_orders)
        assert rivet.state("SELECT status FROM run") == [("success",)]

    def test_the_first_finishes_what_a_dead_joined_one_had(self, rivet, pg_orders, tmp_path):
        path = config(rivet, pg_orders, "range")
        holder, gate = self.paused(rivet, path, tmp_path, "unit_claimed")
        rivet.killed_at("batch_written:2", "run", "-c", path, "--resume")
        gate.touch()
        _, stderr = holder.communicate(timeout=60)
        assert holder.returncode == 0, stderr
        assert_right(rivet, pg_orders)

    def test_a_plain_run_is_refused_meanwhile(self, rivet, pg_orders, tmp_path):
        path = config(rivet, pg_orders, "range")
        holder, gate = self.paused(rivet, path, tmp_path, "unit_committed")
        refused = rivet("run", "-c", path, "--json-errors")
        assert (refused.code, refused.error()["code"]) == (1, "RIVET_RUN_IN_PROGRESS")
        assert "--resume" in refused.stderr
        gate.touch()
        holder.communicate(timeout=60)
        assert holder.returncode == 0

    def test_three_processes_under_kills(self, rivet, pg_orders):
        path = config(rivet, pg_orders, "range_parallel", chunk_size=400)
        pause = random.Random(11)
        for _ in range(8):
            first = rivet.start("run", "-c", path)
            wait_until(lambda: (rivet.folder / ".rivet_state.db").exists())
            time.sleep(0.15)
            crowd = [first] + [rivet.start("run", "-c", path, "--resume") for _ in range(2)]
            time.sleep(pause.uniform(0.02, 0.5))
            victim = pause.choice(crowd)
            victim.send_signal(signal.SIGKILL)
            for process in crowd:
                process.communicate(timeout=60)
        rivet.ok("run", "-c", path, "--validate")
        assert_right(rivet, pg_orders)
