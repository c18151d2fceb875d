"""Several exports of one command at the same time: in threads and in child processes, with everything that can happen to them."""
import json
import os
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from helpers import export, marker_of, rows_of, wait_until
from servers import children_of

ROWS = 3_000
WAYS = ["--parallel-exports", "--parallel-export-processes"]
CHUNKS = {"mode": "chunked", "chunk_column": "id", "chunk_size": 500}
# Slow enough to be met in the middle: each unit takes a while at the server.
SLOW = "SELECT id, name, pg_sleep(0.002)::text AS pause FROM a"


@pytest.fixture
def tables(pg_db):
    """Tables `a` to `d`."""
    for name in "abcd":
        pg_db.execute(f"CREATE TABLE {name} (id bigint PRIMARY KEY, name text NOT NULL)",
                      f"INSERT INTO {name} SELECT i, '{name} ' || i FROM generate_series(1, {ROWS}) i")
    return pg_db


def entry(name, **keys):
    what = {} if "query" in keys else {"table": name}
    return export(name, **{**what, "path": f"./out/{name}", **keys})


def slow(name):
    return entry(name, query=SLOW.replace("FROM a", f"FROM {name}"))


def rows_in(rivet, name):
    return [row[:2] for row in rows_of(rivet.output(f"out/{name}").table(name))]


def expected(database, name):
    return database.rows(f"SELECT id, name FROM {name} ORDER BY id")


def is_running(pid: int) -> bool:
    """Whether there is such a process that is not merely waiting to be collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def child_logs(rivet):
    return list(rivet.folder.glob("rivet-child-stderr-*.log"))


def started_units(rivet):
    try:
        return rivet.state("SELECT count(*) FROM unit WHERE status <> 'pending'")[0][0]
    except sqlite3.OperationalError:  # the store is being made
        return 0


@pytest.mark.parametrize("way", WAYS)
def test_all_of_them_arrive(rivet, tables, way):
    path = rivet.config(tables.source, *[entry(name) for name in "abcd"])
    done = rivet.ok("run", "-c", path, way, "--validate")
    for name in "abcd":
        assert rows_in(rivet, name) == expected(tables, name)
    assert "4 success" in done.stderr and done.stdout == ""
    assert child_logs(rivet) == []


@pytest.mark.parametrize("key, mode", [("parallel_exports", "threads"), ("parallel_export_processes", "processes")])
def test_the_key_of_the_file_does_the_same(rivet, tables, key, mode):
    path = rivet.config(tables.source, entry("a"), entry("b"), **{key: True})
    assert rivet.ok("run", "-c", path, "--json").json()["parallel_mode"] == mode
    flag = WAYS[0] if mode == "processes" else WAYS[1]
    other = rivet.ok("run", "-c", path, "--json", flag).json()
    assert other["parallel_mode"] == ("threads" if mode == "processes" else "processes"), "a flag decides over the file"


@pytest.mark.parametrize("way", WAYS)
def test_they_really_overlap(rivet, tables, tmp_path, way):
    """Both stand in the middle of their first batch at the same time."""
    path = rivet.config(tables.source, entry("a"), entry("b"))
    process = rivet.start("run", "-c", path, way, env={"RIVET_TEST_PAUSE_AT": f"batch_written={tmp_path / 'gate'}"})
    wait_until(lambda: started_units(rivet) == 2, process)
    (tmp_path / "gate").touch()
    process.communicate(timeout=60)
    assert process.returncode == 0


@pytest.mark.parametrize("way", WAYS)
def test_max_parallel_is_the_most(rivet, tables, tmp_path, way):
    path = rivet.config(tables.source, *[entry(name) for name in "abcd"])
    gate = tmp_path / "gate"
    process = rivet.start("run", "-c", path, way, "--max-parallel", "2", env={"RIVET_TEST_PAUSE_AT": f"batch_written={gate}"})
    wait_until(lambda: started_units(rivet) == 2, process)
    time.sleep(0.5)
    assert started_units(rivet) == 2
    gate.touch()
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr


def test_max_parallel_without_parallel_exports_is_refused(rivet, tables):
    path = rivet.config(tables.source, entry("a"), entry("b"))
    refused = rivet("run", "-c", path, "--max-parallel", "2", "--json-errors")
    assert refused.code == 1 and "--parallel-exports" in refused.error()["hint"]


def shape_of(document):
    """Keys and types, all the way down; numbers are numbers."""
    if isinstance(document, dict):
        return {key: shape_of(value) for key, value in document.items()}
    if isinstance(document, list):
        return [shape_of(value) for value in document]
    return "number" if isinstance(document, (int, float)) and not isinstance(document, bool) else type(document).__name__


@pytest.mark.parametrize("way", WAYS)
def test_the_aggregate_is_that_of_a_sequential_run(rivet, tables, way):
    """Same shape, same order, same facts, whatever ended first; also when one failed and one had nothing to do."""
    tables.execute("CREATE TABLE empty (id bigint PRIMARY KEY)")
    path = rivet.config(tables.source, entry("a", **CHUNKS), entry("missing"), entry("empty", skip_empty=True), entry("b"))
    summary = rivet.folder / "summary.json"
    sequential = rivet("run", "-c", path, "--json").json()
    parallel = rivet("run", "-c", path, "--json", way, "--summary-output", summary).json()
    assert json.loads(summary.read_text()) == parallel
    assert [one["status"] for one in parallel["per_export"]] == ["success", "failed", "skipped", "success"]
    assert shape_of(parallel) == shape_of(sequential)
    same = ["export_name", "status", "rows", "files", "bytes_read", "mode", "error_message", "error_code", "exit_class", "skip_reason",
            "destination_uri", "digest", "warnings", "resumable", "took_over"]
    for ours, theirs in zip(parallel["per_export"], sequential["per_export"]):
        assert {key: ours[key] for key in same} == {key: theirs[key] for key in same}
    stored = rivet.state("SELECT parallel_mode, total_exports, success_count, failed_count, skipped_count, total_rows FROM run_aggregate "
                         "ORDER BY started_at")
    assert stored[1][1:] == stored[0][1:] and stored[1][0] != "sequential"


@pytest.mark.parametrize("way", WAYS)
def test_one_failure_does_not_stop_the_others(rivet, tables, way):
    path = rivet.config(tables.source, entry("a"), entry("missing"), entry("b"), entry("c"))
    done = rivet("run", "-c", path, way, "--json-errors")
    assert done.code == 1
    assert "1 of 4 exports did not succeed: missing" in done.error()["error"]
    for name in "abc":
        assert rows_in(rivet, name) == expected(tables, name)
    assert child_logs(rivet) == [], "a failure that was told is not told again"


@pytest.mark.parametrize("way", WAYS)
def test_the_exit_code_is_that_of_the_worst(rivet, tables, way):
    gate = {"quality": {"row_count_min": ROWS + 1}}
    path = rivet.config(tables.source, entry("a", **gate), entry("missing"), entry("b"))
    done = rivet("run", "-c", path, way, "--json-errors")
    assert (done.code, done.error()["exit_class"]) == (3, "data_integrity")


@pytest.mark.parametrize("way", WAYS)
def test_drift_is_worse_than_a_generic_failure(rivet, tables, way):
    path = rivet.config(tables.source, entry("a", on_schema_drift="fail"), entry("missing"), entry("b"))
    rivet("run", "-c", path)
    tables.execute("ALTER TABLE a ADD COLUMN more integer")
    assert rivet("run", "-c", path, way).code == 4


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_stops_all(rivet, tables, way, number):
    path = rivet.config(tables.source, *[slow(name) for name in "abcd"])
    process = rivet.start("run", "-c", path, way, "--max-parallel", "2", "--json")
    wait_until(lambda: started_units(rivet) == 2, process)
    children = children_of(process.pid)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 130, stderr
    assert not [pid for pid in children if is_running(pid)]
    per_export = json.loads(stdout)["per_export"]
    assert [one["status"] for one in per_export] == ["interrupted"] * 2, "the others did not begin"
    assert "2 of 4 exports were not started" in stderr
    assert {status for (status,) in rivet.state("SELECT status FROM run")} == {"interrupted"}
    for name in "abcd":
        assert not rivet.output(f"out/{name}").unfinished()


def test_ctrl_c_at_a_terminal_reaches_parent_and_children(rivet, tables):
    """The whole group gets SIGINT, and the children the parent's request besides: they still end cleanly."""
    path = rivet.config(tables.source, *[slow(name) for name in "ab"])
    process = rivet.start("run", "-c", path, WAYS[1], "--json")
    wait_until(lambda: started_units(rivet) == 2, process)
    for pid in [*children_of(process.pid), process.pid]:
        os.kill(pid, signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 130, stderr
    assert [one["status"] for one in json.loads(stdout)["per_export"]] == ["interrupted"] * 2
    assert {status for (status,) in rivet.state("SELECT status FROM run")} == {"interrupted"}


def test_a_killed_child_is_a_failed_run_that_the_next_one_finishes(rivet, tables):
    path = rivet.config(tables.source, entry("a", **CHUNKS), entry("b"), entry("c"))
    # Only `a` passes this point three times.
    done = rivet("run", "-c", path, WAYS[1], "--json", env={"RIVET_TEST_PANIC_AT": "unit_committed:3"})
    assert done.code == 1
    lost, *others = done.json()["per_export"]
    assert (lost["status"], lost["error_code"], lost["resumable"]) == ("failed", "RIVET_CHILD_LOST", True)
    assert "signal 9 (Killed)" in lost["error_message"]
    assert [one["status"] for one in others] == ["success", "success"]
    run_id = lost["run_id"]
    assert rivet.state("SELECT run_id, status FROM export_metrics WHERE export_name = 'a'") == [(run_id, "failed")]
    assert rivet.summary(run_id)["status"] == "failed"
    again = rivet.ok("run", "-c", path, WAYS[1], "--json").json()["per_export"][0]
    assert (again["run_id"], again["took_over"], again["status"]) == (run_id, True, "success")
    assert rows_in(rivet, "a") == expected(tables, "a")
    assert rivet.state("SELECT run_id, status FROM export_metrics WHERE run_id = ?", run_id) == [(run_id, "success")]


def test_no_orphans_when_the_parent_is_killed(rivet, tables, tmp_path):
    """Case 49, in its worst form."""
    path = rivet.config(tables.source, *[slow(name) for name in "ab"])
    process = rivet.start("run", "-c", path, WAYS[1])
    wait_until(lambda: started_units(rivet) == 2, process)
    children = children_of(process.pid)
    assert len(children) == 2
    process.send_signal(signal.SIGKILL)
    process.communicate()
    wait_until(lambda: not any(map(is_running, children)), timeout=5)
    rivet.ok("run", "-c", path, WAYS[0])
    for name in "ab":
        assert rows_in(rivet, name) == expected(tables, name)


@pytest.mark.parametrize("way", WAYS)
def test_several_exports_into_one_folder(rivet, tables, way):
    """Compatibility copies are of one of them and vouch for each other; the own manifests are all right."""
    names = [f"{table}{i}" for table in "abcd" for i in range(4)]
    path = rivet.config(tables.source, *[export(name, table=name[0], path="./out", **CHUNKS) for name in names])
    rivet.ok("run", "-c", path, way, "--max-parallel", "8")
    output = rivet.output("out")
    for name in names:
        assert rows_of(output.table(name)) == expected(tables, name[0])
    assert (output.folder / "_SUCCESS").read_text() == marker_of((output.folder / "manifest.json").read_bytes())
    assert not output.unfinished()
    rivet.ok("validate", "-c", path)


@pytest.mark.parametrize("way", WAYS)
def test_one_export_may_write_to_stdout(rivet, tables, way):
    stream = {"format": "csv", "destination": {"type": "stdout"}}
    path = rivet.config(tables.source, entry("a"), {**entry("b"), **stream}, entry("c"))
    done = rivet.ok("run", "-c", path, way)
    assert done.stdout.splitlines()[1:] == [f"{i},b {i}" for i in range(1, ROWS + 1)]
    for name in "ac":
        assert rows_in(rivet, name) == expected(tables, name)
    both = rivet.config(tables.source, {**entry("a"), **stream}, {**entry("b"), **stream})
    refused = rivet("run", "-c", both, way)
    assert (refused.code, refused.stdout) == (1, "") and "2 exports write to stdout" in refused.stderr


def test_what_children_say_on_stderr_is_kept(rivet, tables):
    path = rivet.config(tables.source, entry("a"), entry("b"))
    done = rivet.ok("run", "-c", path, WAYS[1], env={"LD_PRELOAD": "/no/such/thing.so"})
    (log,) = child_logs(rivet)
    lines = log.read_text().splitlines()
    assert {line.split(":")[0] for line in lines} == {"a", "b"} and "thing.so" in lines[0]
    assert log.name in done.stderr


def test_parameters_and_names_reach_the_children(rivet, tables):
    names = ["-x", "with space 'and quote'"]
    path = rivet.config(tables.source, *[export(name, query="SELECT id, name FROM ${table} WHERE id <= 10", path=f"./out/{i}")
                                         for i, name in enumerate(names)])
    rivet.ok("run", "-c", path, WAYS[1], "-p", "table=c")
    for i, name in enumerate(names):
        assert len(rivet.output(f"out/{i}").table(name)) == 10


class TestEvents:
    """RIVET_IPC_EVENTS=1: what children say to their parent, and other programs may read too."""

    def test_an_export_in_events(self, rivet, tables):
        path = rivet.config(tables.source, entry("a", **CHUNKS), entry("missing"))
        done = rivet("run", "-c", path, env={"RIVET_IPC_EVENTS": "1"})
        events = [json.loads(line) for line in done.stdout.splitlines()]
        assert [event["event"] for event in events if event["export_name"] == "a" and event["event"] != "Progress"] == [
            "Started", "ProgressInit", "Finished"]
        outcome = events[-1]["outcome"]
        assert (outcome["export_name"], outcome["status"], outcome["error"]["kind"]) == ("missing", "failed", "permanent")
        assert (done.code, done.stderr) == (1, "")

    def test_stdout_cannot_be_had_twice(self, rivet, tables):
        path = rivet.config(tables.source, {**entry("a"), "format": "csv", "destination": {"type": "stdout"}})
        for args in ([], ["--json"]):
            refused = rivet("run", "-c", path, *args, env={"RIVET_IPC_EVENTS": "1"})
            assert (refused.code, refused.stdout) == (1, "")

    def test_the_descriptor_must_be_open(self, rivet, tables):
        path = rivet.config(tables.source, entry("a"))
        for value in ("77", "yes", "-1"):
            refused = rivet("run", "-c", path, env={"RIVET_IPC_EVENTS": value})
            assert refused.code == 1 and "RIVET_IPC_EVENTS" in refused.stderr
