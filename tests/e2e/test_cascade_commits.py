"""Processes that die before and after each of their commits: every one of them in the long version (RIVET_SOAK=1, `make soak`), at wider and
wider steps else. Afterwards the audit is clean, the run ends as it has to, and every row is there once."""
import itertools
import os
import signal
import sqlite3
from contextlib import closing

import pytest

from helpers import export

SOAK = bool(os.environ.get("RIVET_SOAK"))
ROWS = 40
WORK = ["worker", "--exit-when-idle", "--lease", "1s"]
POINTS = ["before_commit", "committed"]


def passes(point):
    """Which commits: all, or before the 1st, 3rd, 7th, 15th, ... and after the 2nd, 5th, 11th, ..."""
    at = 1 if SOAK or point == "before_commit" else 2
    while True:
        yield at
        at = at + 1 if SOAK else 2 * at + 1


@pytest.fixture
def path(rivet):
    with closing(sqlite3.connect(rivet.folder / "shop.db")) as db, db:
        for name in "abef":
            db.execute(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY)")
            db.executemany(f"INSERT INTO {name} VALUES (?)", [(i,) for i in range(1, ROWS + 1)])

    def entry(name, **keys):
        return export(name, table=name, path=f"./out/{name}", mode="chunked", chunk_column="id", chunk_size=20, chunk_checkpoint=True, **keys)

    return rivet.config({"type": "sqlite", "path": "shop.db"}, entry("a", depends_on=["open"]), entry("b", depends_on=["a"]),
                        entry("c"), entry("d", depends_on=["c"]), entry("e", depends_on={"any_of": ["a", "c"]}),
                        entry("f", depends_on={"quorum": 1, "of": ["late", "a"], "on_satisfied": "cancel_remaining"}),
                        gates=[{"name": "open", "sql": "SELECT 1"}, {"name": "late", "sql": "SELECT 1", "depends_on": ["f0"]},
                               {"name": "f0", "sql": "SELECT 1", "depends_on": ["c", "a"]}])


OUTCOMES = {"open": "success", "a": "success", "b": "success", "c": "failed", "d": "skipped", "e": "success", "f": "success", "f0": "skipped"}


@pytest.fixture(params=["file", "server"])
def shared(rivet, request):
    if request.param == "server":
        rivet.env["RIVET_STATE_URL"] = request.getfixturevalue("pg_db").url


def dies(rivet, point, *args):
    """Whether it was killed at that point; else it has done all it had to."""
    done = rivet(*args, env={"RIVET_TEST_PANIC_AT": point})
    assert done.code in (0, -signal.SIGKILL), done.stderr
    return done.code == -signal.SIGKILL


def submit(rivet, path, key):
    return rivet.ok("submit", "-c", path, "--json", "--run-key", key, "--max-attempts", "5").json()["run_id"]


def check_end(rivet, path, run_id, expected=OUTCOMES, exports="abef"):
    status = rivet.ok("status", run_id, "-c", path, "--json").json()
    found = {node["name"]: node["outcome"] for node in status["nodes"]}
    assert found.pop("late", None) in ("skipped", "cancelled")  # its upstream is skipped, and what waits for it has enough
    assert (status["state"], found) == ("failed", expected), status
    rivet.ok("audit", "-c", path, "--settled-ms", "0")
    for name in exports:
        assert sorted(rivet.output(f"out/{name}").table(name).column("id").to_pylist()) == list(range(1, ROWS + 1))
    rivet.ok("validate", "-c", path)


@pytest.mark.parametrize("point", POINTS)
def test_a_worker(rivet, path, shared, point):
    for at in passes(point):
        run_id = submit(rivet, path, f"run {at}")
        died = dies(rivet, f"{point}:{at}", *WORK, "-c", path)
        rivet.ok(*WORK, "-c", path)
        check_end(rivet, path, run_id)
        if not died:
            assert at > 30, "that are fewer commits than the run needs"
            return


@pytest.mark.parametrize("point", POINTS)
def test_whoever_submits(rivet, path, shared, point):
    for at in itertools.count(1):
        died = dies(rivet, f"{point}:{at}", "submit", "-c", path, "--run-key", f"run {at}", "--max-attempts", "5")
        run_id = submit(rivet, path, f"run {at}")
        assert len(rivet.ok("status", "--all", "-c", path, "--json").json()["runs"]) == at
        if not died:
            break
    assert at > 1
    rivet.ok(*WORK, "-c", path)
    check_end(rivet, path, run_id)


@pytest.mark.parametrize("point", POINTS)
def test_whoever_supervises(rivet, path, shared, point):
    """Workers that tell nobody of what they finish, so that all is left to supervisors, which die."""
    for at in passes(point):
        run_id = submit(rivet, path, f"run {at}")
        rivet.killed_at("before_tell", *WORK, "-c", path)
        died = dies(rivet, f"{point}:{at}", "supervise", "--once", "-c", path)
        rivet.ok(*WORK, "-c", path)
        check_end(rivet, path, run_id)
        if not died:
            return


@pytest.mark.parametrize("point", POINTS)
def test_whoever_retries_and_cancels(rivet, path, shared, point):
    for at in itertools.count(1):
        run_id = submit(rivet, path, f"run {at}")
        rivet.ok(*WORK, "-c", path)
        died = dies(rivet, f"{point}:{at}", "retry", run_id, "--failed", "-c", path)
        rivet("retry", run_id, "--failed", "-c", path)
        rivet.ok(*WORK, "-c", path)
        check_end(rivet, path, run_id)
        again = submit(rivet, path, f"cancelled {at}")
        died |= dies(rivet, f"{point}:{at}", "cancel", again, "-c", path)
        rivet("cancel", again, "-c", path)
        rivet.ok(*WORK, "-c", path)
        rivet.ok("audit", "-c", path, "--settled-ms", "0")
        status = rivet.ok("status", again, "-c", path, "--json").json()
        assert status["state"] == "cancelled" and {node["phase"] for node in status["nodes"]} == {"terminal"}
        if not died:
            assert at > 1
            return
