"""kill -9 at every named point of the pipeline, then run again: every row exactly once, nothing half-written visible."""
import random
import signal

import pytest

from helpers import export, rows_of, wait_until

ROWS = 60_000
POINTS = ["run_started", "unit_claimed", "part_opened", "batch_written", "batch_written:3", "parts_encoded", "part_committed",
          "part_committed:2", "parts_committed", "unit_committed", "before_seal", "sealed", "run_manifest_written",
          "manifest_written", "success_written", "compat_manifest_written", "before_published", "published",
          "metrics_recorded"]


@pytest.fixture
def table(pg_db):
    pg_db.execute("CREATE TABLE t (id bigint PRIMARY KEY, payload text, price numeric(12,2), at timestamptz)",
                  f"INSERT INTO t SELECT i, repeat(md5(i::text), 4), i * 0.01, now() + i * interval '1 s' "
                  f"FROM generate_series(1, {ROWS}) i")
    return pg_db


def config(rivet, table, **keys):
    return rivet.config(table.source, export("t", table="t", max_file_size="1MB", **keys))


def assert_every_row_once(rivet, table):
    landed = rows_of(rivet.output().table("t").select(["id", "payload", "price"]))
    assert landed == table.rows("SELECT id, payload, price FROM t ORDER BY id")


def assert_clean(rivet):
    output = rivet.output()
    assert output.unfinished() == set()
    listed = {part["path"] for part in output.manifest("t")["parts"]}
    visible = {name for name in output.names() if name.endswith(".parquet") and not name.startswith("_quarantine/")}
    superseded = {name for (name,) in rivet.state("SELECT path FROM part WHERE generation_superseded IS NOT NULL")}
    assert visible <= listed | superseded, "a part that no manifest ever listed is in the readers' way"


@pytest.mark.parametrize("point", POINTS)
def test_the_first_run_killed(rivet, table, point):
    path = config(rivet, table)
    rivet.killed_at(point, "run", "-c", path)
    done = rivet.ok("run", "-c", path, "--validate")
    assert_every_row_once(rivet, table)
    assert_clean(rivet)
    rivet.ok("validate", "-c", path)
    assert done.code == 0


@pytest.mark.parametrize("point", POINTS)
def test_a_later_run_killed_leaves_a_whole_output(rivet, table, point):
    """Until the new result stands a reader of the manifest sees the old one, or a marker that does not vouch yet."""
    path = config(rivet, table)
    rivet.ok("run", "-c", path)
    before = rows_of(rivet.output().table("t"))
    table.execute("UPDATE t SET price = price + 1 WHERE id % 10 = 0")
    rivet.killed_at(point, "run", "-c", path)
    output = rivet.output()
    raw = output.manifest_bytes("t")
    marker = (output.folder / "_SUCCESS.t").read_text()
    if point not in ("manifest_written",):  # between manifest and marker the marker must not vouch
        assert rows_of(output.table("t")), "manifest and marker stand together"
    if POINTS.index(point) <= POINTS.index("run_manifest_written"):
        assert rows_of(output.table("t")) == before
    assert raw and marker
    rivet.ok("run", "-c", path, "--validate")
    assert_every_row_once(rivet, table)
    assert_clean(rivet)


def test_the_next_run_says_that_it_goes_on(rivet, table):
    path = config(rivet, table)
    rivet.killed_at("unit_committed", "run", "-c", path)
    (dead,) = rivet.state("SELECT run_id FROM run")
    done = rivet.ok("run", "-c", path, "--json")
    assert done.json()["per_export"][0]["run_id"] == dead[0]
    assert "died" in done.stderr


def test_resume_insists_on_an_unfinished_run(rivet, table):
    path = config(rivet, table)
    refused = rivet("run", "-c", path, "--resume")
    assert refused.code == 1
    assert "no unfinished run" in refused.stderr
    rivet.killed_at("batch_written", "run", "-c", path)
    rivet.ok("run", "-c", path, "--resume")
    assert_every_row_once(rivet, table)


def test_another_plan_sets_the_dead_run_aside(rivet, table):
    rivet.killed_at("part_committed", "run", "-c", config(rivet, table))
    path = rivet.config(table.source, export("t", query="SELECT id, payload, price FROM t WHERE id > 10"))
    rivet.ok("run", "-c", path, "--validate")
    assert rivet.output().table("t").num_rows == ROWS - 10
    assert_clean(rivet)
    assert any(name.startswith("_quarantine/") for name in rivet.output().names())


def test_killed_at_random_times(rivet, table):
    path = config(rivet, table)
    rivet.killed_at_random_times(12, random.Random(17), "run", "-c", path)
    rivet.ok("run", "-c", path, "--validate")
    assert_every_row_once(rivet, table)
    assert_clean(rivet)


def test_ctrl_c_stops_cleanly(rivet, table, tmp_path):
    path = config(rivet, table)
    gate = tmp_path / "gate"
    process = rivet.start("run", "-c", path, env={"RIVET_TEST_PAUSE_AT": f"batch_written={gate}"})
    wait_until((tmp_path / "gate.reached").exists, process)
    process.send_signal(signal.SIGINT)
    gate.touch()
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted" in stderr
    output = rivet.output()
    assert not any(name.endswith(".parquet") for name in output.names()), "no half part"
    assert rivet.state("SELECT status FROM export_metrics")[-1] == ("interrupted",)
    rivet.ok("run", "-c", path, "--validate")
    assert_every_row_once(rivet, table)


def test_the_second_of_two_runs_is_refused_while_the_first_lives(rivet, table, tmp_path):
    path = config(rivet, table)
    gate = tmp_path / "gate"
    first = rivet.start("run", "-c", path, env={"RIVET_TEST_PAUSE_AT": f"batch_written={gate}"})
    wait_until((tmp_path / "gate.reached").exists, first)
    second = rivet("run", "-c", path, "--json-errors")
    assert second.code == 1
    assert second.error()["code"] == "RIVET_RUN_IN_PROGRESS"
    gate.touch()
    first.communicate(timeout=60)
    assert first.returncode == 0
    assert_every_row_once(rivet, table)


def test_two_runs_within_one_millisecond_get_names_of_their_own(rivet, table):
    """Same export name, same second, different folders and states, one shared output."""
    names = []
    for number in range(2):
        path = rivet.config(table.source, export(f"e{number}", table="t"), name=f"{number}.yaml")
        names.append(path)
    processes = [rivet.start("run", "-c", path) for path in names]
    for process in processes:
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 0, stderr
    for _ in range(3):
        rivet.ok("run", "-c", names[0])
    ids = [run_id for (run_id,) in rivet.state("SELECT run_id FROM run")]
    assert len(ids) == len(set(ids)) == 5
    paths = [path for (path,) in rivet.state("SELECT path FROM part")]
    assert len(paths) == len(set(paths))
    for name in ("e0", "e1"):
        assert rivet.output().table(name).num_rows == ROWS
