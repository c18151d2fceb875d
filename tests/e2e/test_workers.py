"""Submitted runs and the workers that share them: order, failures, kills, drains, zombies, several hosts, one destination."""
import json
import os
import random
import signal
import sqlite3
import subprocess
import time
from contextlib import closing

import pytest

from helpers import export, finished, wait_until

ROWS = 400
LEASE = ["--lease", "2s"]


def fill(path, tables=("a", "b", "c", "d"), rows=ROWS):
    with closing(sqlite3.connect(path)) as db, db:
        for name in tables:
            db.execute(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, note TEXT NOT NULL)")
            db.executemany(f"INSERT INTO {name} VALUES (?, ?)", [(i, f"{name} {i}") for i in range(1, rows + 1)])


@pytest.fixture
def source(rivet):
    fill(rivet.folder / "shop.db")
    return {"type": "sqlite", "path": "shop.db"}


@pytest.fixture(params=["file", "server"])
def shared(rivet, request):
    """The state in a file, or on a server that all workers reach."""
    if request.param == "server":
        rivet.env["RIVET_STATE_URL"] = request.getfixturevalue("pg_db").url
    return request.param


def entry(name, depends_on=None, **keys):
    what = {} if "query" in keys or "table" in keys else {"table": name}
    return export(name, **{**what, "path": f"./out/{name}", **({} if depends_on is None else {"depends_on": depends_on}), **keys})


def chunked(name, size=20, **keys):
    return entry(name, mode="chunked", chunk_column="id", chunk_size=size, chunk_checkpoint=True, **keys)


def submit(rivet, path, *args):
    return rivet.ok("submit", "-c", path, "--json", *args).json()["run_id"]


def work(rivet, path, *args):
    return rivet.ok("worker", "-c", path, "--exit-when-idle", *LEASE, *args)


def nodes(rivet, path, run_id):
    found = rivet.ok("status", run_id, "-c", path, "--json").json()
    return found["state"], {node["name"]: node for node in found["nodes"]}


def ends(rivet, path, run_id):
    state, found = nodes(rivet, path, run_id)
    return state, {name: node["outcome"] for name, node in found.items()}


def ids(rivet, name):
    return sorted(rivet.output(f"out/{name}").table(name).column("id").to_pylist())


def check_every_row_once(rivet, path, *names, rows=ROWS):
    for name in names:
        assert ids(rivet, name) == list(range(1, rows + 1))
    rivet.ok("validate", "-c", path)
    assert rivet("audit", "-c", path, "--settled-ms", "0").code == 0


# -- the way of a run


def test_a_diamond_is_worked_off(rivet, source, shared):
    path = rivet.config(source, entry("d", ["b", "c"]), entry("b", ["a"]), entry("c", ["a"]), entry("a"))
    run_id = submit(rivet, path)
    assert {node["phase"] for node in nodes(rivet, path, run_id)[1].values()} == {"blocked", "runnable"}
    work(rivet, path)
    state, outcomes = ends(rivet, path, run_id)
    assert outcomes == dict.fromkeys("abcd", "success")
    assert state == "done"
    check_every_row_once(rivet, path, *"abcd")


def test_a_failure_skips_only_what_depends_on_it(rivet, source, shared):
    path = rivet.config(source, entry("a", table="nothing"), entry("b", ["a"]), entry("c"), entry("d", ["b", "c"]))
    run_id = submit(rivet, path)
    work(rivet, path)
    _, found = nodes(rivet, path, run_id)
    assert {name: node["outcome"] for name, node in found.items()} == {"a": "failed", "b": "skipped", "c": "success", "d": "skipped"}
    assert "nothing" in found["a"]["reason"] and "'a' failed" in found["b"]["reason"]
    assert nodes(rivet, path, run_id)[0] == "failed"


def test_a_retry_runs_what_failed_and_what_waited_for_it(rivet, source, shared):
    path = rivet.config(source, entry("a", table="late"), entry("b", ["a"]), entry("c"))
    run_id = submit(rivet, path)
    work(rivet, path)
    fill(rivet.folder / "shop.db", ["late"])
    rivet.ok("retry", run_id, "--failed", "-c", path)
    work(rivet, path)
    assert ends(rivet, path, run_id)[1] == dict.fromkeys("abc", "success")
    runs = {row[0] for row in rivet.state("SELECT run_id FROM run WHERE export_name = 'c'")} if shared == "file" else None
    assert runs is None or len(runs) == 1


def test_gates_are_nodes(rivet, source, shared):
    gates = [{"name": "open", "sql": "SELECT 1"}, {"name": "shut", "command": ["false"]},
             {"name": "proof", "manifest": "a", "depends_on": ["a"]}]
    path = rivet.config(source, entry("a", ["open"]), entry("b", ["shut"]), entry("c", ["proof"]), gates=gates)
    run_id = submit(rivet, path)
    work(rivet, path)
    outcomes = ends(rivet, path, run_id)[1]
    assert outcomes == {"open": "success", "shut": "failed", "proof": "success", "a": "success", "b": "skipped", "c": "success"}


def test_one_key_is_one_run(rivet, source, shared):
    path = rivet.config(source, entry("a"))
    first = submit(rivet, path, "--run-key", "night 1")
    assert submit(rivet, path, "--run-key", "night 1") == first
    assert submit(rivet, path, "--run-key", "night 2") != first
    rivet.config(source, entry("b"))
    refused = rivet("submit", "-c", path, "--run-key", "night 1")
    assert refused.code == 1 and "RIVET_RUN_KEY_TAKEN" in refused.stderr


def test_the_worker_needs_no_configuration(rivet, source, pg_db):
    rivet.env["RIVET_STATE_URL"] = pg_db.url
    path = rivet.config(source, entry("a"), entry("b", ["a"]))
    run_id = submit(rivet, path)
    path.unlink()
    rivet.ok("worker", "--exit-when-idle", *LEASE)
    assert rivet.ok("status", run_id, "--json").json()["nodes"][0]["outcome"] == "success"
    assert ids(rivet, "b") == list(range(1, ROWS + 1))


def test_workers_choose_by_namespace_and_tags(rivet, source, shared):
    path = rivet.config(source, entry("a", namespace="eu"), entry("b", namespace="us"), entry("c", namespace="eu", tags={"size": "big"}))
    run_id = submit(rivet, path)
    work(rivet, path, "--namespace", "eu", "--tag", "size=big")
    assert ends(rivet, path, run_id)[1] == {"a": None, "b": None, "c": "success"}
    work(rivet, path, "--namespace", "eu")
    assert ends(rivet, path, run_id)[1] == {"a": "success", "b": None, "c": "success"}
    work(rivet, path)
    assert ends(rivet, path, run_id)[1] == dict.fromkeys("abc", "success")


def test_what_nobody_could_work_on_is_refused(rivet, source):
    path = rivet.config(source, export("a", table="a", path="") | {"destination": {"type": "stdout"}})
    refused = rivet("submit", "-c", path)
    assert refused.code == 1 and "stdout" in refused.stderr
    nowhere = rivet("worker", "--exit-when-idle")
    assert nowhere.code == 1 and "RIVET_STATE_URL" in nowhere.stderr


# -- interruptions


def test_logs_carry_the_ids(rivet, source, shared):
    path = rivet.config(source, chunked("a", size=100))
    run_id = submit(rivet, path)
    lines = [json.loads(line) for line in work(rivet, path, "--log-format", "json").stderr.splitlines()]
    assert {line["worker"] for line in lines} and len({line["worker"] for line in lines}) == 1
    units = [line for line in lines if line["event"] == "unit_committed"]
    assert {line["run"] for line in units} == {run_id} and {line["node"] for line in units} == {"a"}
    assert sorted(line["unit"] for line in units) == ["0", "1", "2", "3"]
    assert sum(int(line["rows"]) for line in units) == ROWS


def test_a_drained_worker_leaves_its_run_to_the_next(rivet, source, shared):
    path = rivet.config(source, chunked("a", tuning={"throttle_ms": 50}))
    run_id = submit(rivet, path)
    process = rivet.start("worker", "-c", path, "--lease", "30s", "--log-format", "json")
    wait_until(lambda: '"unit_committed"' in os_read(process), process)
    process.send_signal(signal.SIGTERM)
    done = finished(process)
    assert done.code == 0
    state, found = nodes(rivet, path, run_id)
    assert found["a"]["phase"] == "runnable" and found["a"]["attempts"] == 0
    before = time.monotonic()
    work(rivet, path)
    assert time.monotonic() - before < 20, "the lease of 30 s was waited for"
    assert ends(rivet, path, run_id)[1] == {"a": "success"}
    check_every_row_once(rivet, path, "a")


def os_read(process):
    """What the process has written to stderr so far."""
    process.seen = getattr(process, "seen", "")
    os.set_blocking(process.stderr.fileno(), False)
    try:
        process.seen += (process.stderr.read() or "")
    except (BlockingIOError, TypeError):
        pass
    return process.seen


POINTS = ["node_claimed", "run_started", "unit_claimed", "unit_committed", "before_seal", "sealed", "published", "metrics_recorded",
          "node_done", "node_finished", "before_tell", "told", "node_settled"]


def check_after_kill(rivet, path, point):
    run_id = submit(rivet, path)
    rivet.killed_at(point, "worker", "-c", path, "--lease", "1s")
    rivet.ok("worker", "-c", path, "--exit-when-idle", "--lease", "1s")
    assert ends(rivet, path, run_id)[1] == {"a": "success", "b": "success", "c": "failed", "d": "skipped"}
    check_every_row_once(rivet, path, "a", "b")


@pytest.fixture
def with_failure(rivet, source):
    return rivet.config(source, chunked("a", size=100), entry("b", ["a"]), entry("c", table="nothing"), entry("d", ["c"]))


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_killed_anywhere_loses_and_doubles_nothing(rivet, with_failure, pg_db, point):
    rivet.env["RIVET_STATE_URL"] = pg_db.url
    check_after_kill(rivet, with_failure, point)


@pytest.mark.parametrize("point", ["unit_committed", "published", "node_finished"])
def test_likewise_with_the_state_in_a_file(rivet, with_failure, point):
    check_after_kill(rivet, with_failure, point)


def silent_worker(rivet):
    """One whose lines nobody reads: a full pipe would stop it."""
    return subprocess.Popen(rivet.command("worker", *LEASE), cwd=rivet.folder, env=rivet.environment(), stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_three_workers_share_one_extraction_under_kills(rivet, pg_db):
    rivet.env["RIVET_STATE_URL"] = pg_db.url
    rows = 20_000
    fill(rivet.folder / "big.db", ["a"], rows)
    path = rivet.config({"type": "sqlite", "path": "big.db"}, chunked("a", size=10))
    run_id = submit(rivet, path, "--max-attempts", "100")
    choose = random.Random(20261122)
    deadline = time.monotonic() + 180
    workers, deaths = [], 0
    while rivet.ok("status", run_id, "--json").json()["nodes"][0]["phase"] != "terminal":
        assert time.monotonic() < deadline, rivet.ok("status", run_id).stdout
        workers = [one for one in workers if one.poll() is None]
        while len(workers) < 3:
            workers.append(silent_worker(rivet))
        time.sleep(choose.uniform(0.3, 1.5))
        if deaths < 12:
            workers.pop(choose.randrange(3)).kill()
            deaths += 1
    for one in workers:
        one.send_signal(signal.SIGTERM)
        assert one.wait(60) == 0
    assert deaths == 12
    assert ends(rivet, path, run_id)[1] == {"a": "success"}
    owners = pg_db.rows("SELECT count(DISTINCT owner) FROM rivet.unit")
    assert owners[0][0] >= 3, "the workers did not share it"
    check_every_row_once(rivet, path, "a", rows=rows)


def test_a_zombie_is_fenced(rivet, source, pg_db):
    """A worker that stands still for longer than its lease: what it does afterwards is in no manifest."""
    rivet.env["RIVET_STATE_URL"] = pg_db.url
    path = rivet.config(source, chunked("a", tuning={"throttle_ms": 50}))
    run_id = submit(rivet, path)
    zombie = rivet.start("worker", *LEASE, "--log-format", "json")
    wait_until(lambda: '"unit_committed"' in os_read(zombie), zombie)
    zombie.send_signal(signal.SIGSTOP)
    work(rivet, path)
    assert ends(rivet, path, run_id)[1] == {"a": "success"}
    zombie.send_signal(signal.SIGCONT)
    wait_until(lambda: "node_lost" in os_read(zombie), zombie)
    zombie.send_signal(signal.SIGTERM)
    finished(zombie)
    check_every_row_once(rivet, path, "a")


def test_a_cancelled_run_stops_what_runs(rivet, source, pg_db):
    rivet.env["RIVET_STATE_URL"] = pg_db.url
    path = rivet.config(source, chunked("a"), entry("b", ["a"]), entry("c", ["b"]))
    run_id = submit(rivet, path)
    gate = rivet.folder / "gate"
    worker = rivet.start("worker", "--lease", "30s", "--exit-when-idle", env={"RIVET_TEST_PAUSE_AT": f"unit_committed={gate}"})
    wait_until((rivet.folder / "gate.reached").exists, worker)
    rivet.ok("cancel", run_id)
    time.sleep(2)  # a hint brings the request long before the next heartbeat, which is 10 s away
    gate.touch()
    assert finished(worker).code == 0
    assert ends(rivet, path, run_id) == ("cancelled", dict.fromkeys("abc", "cancelled"))
    assert "_SUCCESS" not in rivet.output("out/a").names()
    assert pg_db.rows("SELECT status FROM rivet.run") == [("interrupted",)]


def test_a_paused_run_is_left_alone(rivet, source, pg_db):
    rivet.env["RIVET_STATE_URL"] = pg_db.url
    path = rivet.config(source, entry("a"))
    run_id = submit(rivet, path)
    rivet.ok("pause", run_id)
    worker = rivet.start("worker", *LEASE, "--exit-when-idle")
    time.sleep(2)
    assert nodes(rivet, path, run_id)[1]["a"]["phase"] == "runnable"
    rivet.ok("resume", run_id)
    assert finished(worker).code == 0
    assert ends(rivet, path, run_id)[1] == {"a": "success"}


# -- hosts


def on_another_host(rivet, *args, private=None):
    """The command in a UTS namespace of its own: another host to the program; `private` is a folder that it does not share."""
    steps = "hostname elsewhere"
    if private is not None:
        steps += f" && mount -t tmpfs tmpfs {private}"
    command = ["unshare", "--uts", "--mount", "sh", "-c", steps + ' && exec "$@"', "sh", *rivet.command(*args)]
    return subprocess.run(command, cwd=rivet.folder, env=rivet.environment(), text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)


def test_hosts_may_share_a_folder(rivet, source, pg_db):
    rivet.env["RIVET_STATE_URL"] = pg_db.url
    path = rivet.config(source, entry("a", path="./out"), entry("b", path="./out"))
    first = submit(rivet, path, "-e", "a")
    work(rivet, path)
    second = submit(rivet, path, "-e", "b")
    done = on_another_host(rivet, "worker", "--exit-when-idle", *LEASE)
    assert done.returncode == 0, done.stderr
    assert ends(rivet, path, first)[1] == {"a": "success"} and ends(rivet, path, second)[1] == {"b": "success"}


def test_a_folder_that_is_not_shared_is_refused(rivet, source, pg_db):
    rivet.env["RIVET_STATE_URL"] = pg_db.url
    (rivet.folder / "out").mkdir()
    path = rivet.config(source, entry("a", path="./out"), entry("b", path="./out", depends_on=["a"]))
    run_id = submit(rivet, path, "-e", "a")
    work(rivet, path)
    run_id = submit(rivet, path, "-e", "b", "--no-deps")
    command = ["worker", *LEASE]
    process = subprocess.Popen(["unshare", "--uts", "--mount", "sh", "-c",
                                f'hostname elsewhere && mount -t tmpfs tmpfs {rivet.folder / "out"} && exec "$@"', "sh",
                                *rivet.command(*command)], cwd=rivet.folder, env=rivet.environment(), text=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_until(lambda: "RIVET_DESTINATION_NOT_SHARED" in os_read(process) or "is not the same folder" in os_read(process), process)
    process.send_signal(signal.SIGTERM)
    assert finished(process).code == 0
    found = nodes(rivet, path, run_id)[1]["b"]
    assert found["phase"] == "runnable" and found["attempts"] == 0 and "not the same folder" in found["reason"]
    work(rivet, path)
    assert ends(rivet, path, run_id)[1] == {"b": "success"}
