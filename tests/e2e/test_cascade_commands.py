"""The operators' commands of the cascade, on runs written row by row: what they show, what they repair, whom they leave alone."""
from __future__ import annotations

import json
import signal
import sqlite3

import pytest

from cascade_rows import MICROS, Run, Store, insert, now
from helpers import finished, wait_until

DEPTH = 12
SWEPT = ["scanned", "reconciled", "noop", "filtered", "errors"]
EMPTY = dict.fromkeys(SWEPT, 0)
ENGINES = ["sqlite", "postgres"]


@pytest.fixture
def path(rivet):
    return rivet.config({"type": "sqlite", "path": "shop.db"})


@pytest.fixture
def store(rivet, path):
    """A state file without runs."""
    rivet.ok("state", "migrate", "-c", path)
    return Store(rivet)


@pytest.fixture
def pg_store(rivet, path, pg_db):
    """The same on a server."""
    rivet.env["RIVET_STATE_URL"] = pg_db.url
    rivet.ok("state", "migrate", "-c", path)
    return Store(rivet, pg_db)


@pytest.fixture
def any_store(request):
    return request.getfixturevalue("store" if request.param == "sqlite" else "pg_store")


on_both = pytest.mark.parametrize("any_store", ENGINES, indirect=True)


def chain(store, depth=DEPTH, run_id="chain", age_s=60.0, **keys):
    """`n0` has failed and nobody was told: all that is below it will be skipped, one after the other."""
    run = Run(store, run_id, **keys)
    run.node("n0")
    for i in range(1, depth + 1):
        run.node(f"n{i}", after=[f"n{i - 1}"])
    run.end("n0", "failed", age_s)
    return run


def sweep(rivet, path, *args):
    return rivet.ok("cascade", "reconcile", "--once", "-c", path, "--json", *args).json()


def skipped(depth=DEPTH):
    return {"n0": "failed", **{f"n{i}": "skipped" for i in range(1, depth + 1)}}


# -- cascade reconcile


class TestReconcile:
    @on_both
    def test_an_interrupted_cascade_drains_and_again_is_harmless(self, rivet, path, any_store):
        run = chain(any_store)
        assert sweep(rivet, path) == {**EMPTY, "scanned": DEPTH + 1, "reconciled": DEPTH + 1}
        assert run.states() == skipped()
        assert any_store.rows("SELECT count(*) FROM outbox WHERE dispatched_at IS NULL") == [(0,)]
        before = any_store.everything()
        assert sweep(rivet, path) == EMPTY
        assert any_store.everything() == before
        assert rivet.ok("audit", "-c", path, "--settled-ms", "0", "--json").json()["clean"]

    @on_both
    def test_a_success_lets_go_what_waits_for_it_alone(self, rivet, path, any_store):
        run = Run(any_store, "r")
        run.node("a", outcome="success", undispatched=True, age_s=5)
        run.node("b")
        run.node("c", after=["a"])
        run.node("d", after=["a", "b"])
        run.node("e", after=["a", "b"], policy="any_of", let_run=True)
        assert sweep(rivet, path)["reconciled"] == 1
        assert run.states() == {"a": "success", "b": "runnable", "c": "runnable", "d": "blocked", "e": "runnable"}
        assert any_store.rows("SELECT n_success, n_negative, state FROM dep_group ORDER BY node_id") == [
            (1, 0, "satisfied"), (1, 0, "pending"), (1, 0, "satisfied")]

    def test_half_of_a_hop_is_finished_and_not_counted_twice(self, rivet, path, store):
        run = Run(store, "r")
        run.node("a", outcome="success", undispatched=True, age_s=5)
        run.node("b", outcome="success", undispatched=True, age_s=5)
        run.node("c", after=["a", "b"])
        run.node("d", after=["a"])
        run.give_verdict("c", "a", "s", n_success=1)
        assert sweep(rivet, path) == {**EMPTY, "scanned": 2, "reconciled": 2}
        assert run.states() == {"a": "success", "b": "success", "c": "runnable", "d": "runnable"}
        assert store.rows("SELECT n_success FROM dep_group ORDER BY node_id") == [(2,), (1,)]

    def test_what_is_younger_is_left(self, rivet, path, store):
        run = chain(store, depth=1, age_s=20)
        assert sweep(rivet, path, "--stale-ms", "3600000") == EMPTY
        assert run.states() == {"n0": "failed", "n1": "blocked"}
        assert sweep(rivet, path, "--stale-ms", "20000")["reconciled"] == 2

    @on_both
    def test_what_others_serve_is_left_and_counted(self, rivet, path, any_store):
        mine = chain(any_store, 2, "mine", name_space="shop", tags={"site": "a", "disk": "ssd"})
        site_b = chain(any_store, 2, "site_b", name_space="shop", tags={"site": "b"})
        other = chain(any_store, 2, "other", name_space="bank", tags={"site": "a"})
        bare = chain(any_store, 2, "bare")
        here = ["--namespace", "shop", "--instance-tag", "site=a"]
        assert sweep(rivet, path, *here) == {**EMPTY, "scanned": 3, "reconciled": 3, "filtered": 3}
        assert mine.states() == skipped(2)
        for run in (site_b, other, bare):
            assert set(run.states().values()) == {"failed", "blocked"}
        assert sweep(rivet, path, *here) == {**EMPTY, "filtered": 3}
        assert sweep(rivet, path, "--instance-tag", "site=a") == {**EMPTY, "scanned": 3, "reconciled": 3, "filtered": 2}
        assert other.states() == skipped(2)
        assert sweep(rivet, path) == {**EMPTY, "scanned": 6, "reconciled": 6}

    def test_many_of_others_starve_nobody(self, rivet, path, store):
        for i in range(30):
            chain(store, 1, f"other{i}", name_space="bank")
        mine = chain(store, 1, "mine", name_space="shop")
        assert sweep(rivet, path, "--namespace", "shop", "--limit", "2") == {**EMPTY, "scanned": 2, "reconciled": 2, "filtered": 2}
        assert mine.states() == skipped(1)

    @pytest.mark.parametrize("limit", [1, 5])
    def test_the_limit_holds(self, rivet, path, store, limit):
        run = Run(store, "r")
        for i in range(4):
            run.node(f"root{i}", outcome="failed", undispatched=True, age_s=60)
            for j in range(3):
                run.node(f"leaf{i}{j}", after=[f"root{i}"])
        left = 16
        while left > 0:
            swept = sweep(rivet, path, "--limit", str(limit), "--stale-ms", "0")
            assert swept == {**EMPTY, "scanned": min(limit, left), "reconciled": min(limit, left)}
            left -= limit
        assert sweep(rivet, path, "--stale-ms", "0") == EMPTY

    @pytest.mark.parametrize("args", [["--limit", "0"], ["--limit", "1001"], ["--stale-ms", "-1"], ["--nonsense"]])
    def test_a_wrong_command_line(self, rivet, path, store, args):
        assert rivet("cascade", "reconcile", "--once", "-c", path, *args).code == 2

    def test_a_tag_without_a_value_is_refused(self, rivet, path, store):
        done = rivet("cascade", "reconcile", "--once", "-c", path, "--instance-tag", "site")
        assert done.code == 1 and "KEY=VALUE" in done.stderr

    def test_a_store_that_is_damaged_fails_the_sweep(self, rivet, path, store):
        (rivet.folder / ".rivet_state.db").write_bytes(b"no database at all" * 100)
        done = rivet("cascade", "reconcile", "--once", "-c", path, "--json")
        assert done.code in (1, 3) and done.stdout == ""

    def test_it_repeats_until_a_signal(self, rivet, path, store):
        run = chain(store, 2)
        process = rivet.start("cascade", "reconcile", "-c", path)
        try:
            wait_until(lambda: run.states() == skipped(2), process)
            later = chain(store, 2, "later")
            wait_until(lambda: later.states() == skipped(2), process)
        finally:
            process.send_signal(signal.SIGTERM)
        done = finished(process)
        assert done.code == 0
        assert done.stdout.splitlines() == ["scanned 3, reconciled 3, noop 0, filtered 0, errors 0"] * 2


# -- status and why


@pytest.fixture
def diamond(store):
    """a → b, c → d; b is done, c runs, e waits for a worker of site z."""
    run = Run(store, "nightly", name_space="shop", tags={"site": "a"})
    run.node("a", outcome="success", age_s=30)
    run.node("b", after=["a"], outcome="success", age_s=20)
    run.give_verdict("b", "a", "s", n_success=1, state="satisfied")
    run.node("c", after=["a"], phase="active")
    run.give_verdict("c", "a", "s", n_success=1, state="satisfied")
    run.node("d", after=["b", "c"], kind="gate")
    run.give_verdict("d", "b", "s", n_success=1)
    run.node("e", tags={"site": "z"})
    run.node("f")
    run.worker("w1", "shop", {"site": "a"})
    run.worker("old", "shop", {"site": "z"}, seen_s_ago=600)
    return run


class TestStatus:
    def test_a_run_as_json(self, rivet, path, diamond):
        shown = rivet.ok("status", "nightly", "-c", path, "--json").json()
        assert (shown["run_id"], shown["state"]) == ("nightly", "open")
        keys = ["name", "kind", "phase", "outcome", "attempts", "reason"]
        assert [[node[key] for key in keys] for node in shown["nodes"]] == [
            ["a", "export", "terminal", "success", 0, ""], ["b", "export", "terminal", "success", 0, ""],
            ["c", "export", "active", None, 1, ""], ["d", "gate", "blocked", None, 0, ""], ["e", "export", "runnable", None, 0, ""],
            ["f", "export", "runnable", None, 0, ""]]
        assert list(shown)[:3] == ["run_id", "state", "nodes"] and list(shown["nodes"][0])[:6] == keys
        assert [node["name"] for node in shown["nodes"] if node["unserved"]] == ["e"]
        assert shown["namespace"] == "shop" and shown["tags"] == {"site": "a"} and not shown["paused"]

    def test_a_run_as_text(self, rivet, path, diamond):
        text = rivet.ok("status", "nightly", "-c", path).stdout
        assert "Run nightly: open" in text and "2 success, 1 active, 2 runnable, 1 blocked" in text
        assert "  nobody serves it (namespace 'shop', site=z)\n" in text and text.count("nobody serves") == 1

    def test_the_graph(self, rivet, path, diamond):
        text = rivet.ok("status", "nightly", "-c", path, "--tree").stdout
        assert text.split("\n\n")[1] == ("a  success\n├─ b  success\n│  └─ d  blocked  gate  after all of b, c\n└─ c  active  by w1\n"
                                         "   └─ d (see above)\ne  runnable  nobody serves it\nf  runnable\n")
        nodes = {node["name"]: node["depends_on"] for node in rivet.ok("status", "nightly", "-c", path, "--tree", "--json").json()["nodes"]}
        assert nodes["a"] is None
        assert nodes["d"] == {"policy": "all_of", "k": 2, "of": ["b", "c"], "on_satisfied": "let_run", "state": "pending"}

    def test_a_deep_graph_is_drawn_whole(self, rivet, path, store):
        chain(store, 100)
        text = rivet.ok("status", "chain", "-c", path, "--tree").stdout
        assert all(f"n{i}  blocked" in text for i in range(1, 101))
        assert max(map(len, text.splitlines())) < 200

    @on_both
    def test_all_runs(self, rivet, path, any_store):
        first = Run(any_store, "first")
        first.node("a")
        closed = Run(any_store, "closed")
        closed.node("x", outcome="failed")
        any_store.write(f"UPDATE cascade_run SET state = 'failed', closed_at = {now()} WHERE run_id = 'closed'")
        first.worker("w2", "elsewhere")
        shown = rivet.ok("status", "-c", path, "--json").json()
        assert [(run["run_id"], run["nodes"]["runnable"], run["unserved"]) for run in shown["runs"]] == [("first", 1, ["a"])]
        assert [worker["worker_id"] for worker in shown["workers"]] == ["w2"]
        everything = rivet.ok("status", "-c", path, "--all", "--json").json()
        assert [(run["run_id"], run["state"]) for run in everything["runs"]] == [("closed", "failed"), ("first", "open")]
        assert len(rivet.ok("status", "-c", path, "--all", "-l", "1", "--json").json()["runs"]) == 1
        text = rivet.ok("status", "-c", path).stdout
        assert "nobody serves: a" in text and "namespace 'elsewhere'" in text and "closed" not in text

    def test_looking_creates_nothing(self, rivet, path):
        assert rivet.ok("status", "-c", path, "--json").json() == {"runs": [], "workers": []}
        assert rivet("why", "r", "n", "-c", path).code == 1
        assert not (rivet.folder / ".rivet_state.db").exists()


class TestWhy:
    def why(self, rivet, path, run, node):
        text = rivet.ok("why", run, node, "-c", path).stdout
        shown = rivet.ok("why", run, node, "-c", path, "--json").json()
        for sentence in shown["explanation"]:
            assert sentence in text
        assert f"next: {shown['next']}" in text if shown["next"] else "next:" not in text
        return " ".join(shown["explanation"]), shown["next"], shown

    def test_what_waits(self, rivet, path, diamond):
        says, next_step, shown = self.why(rivet, path, "nightly", "d")
        assert says == "It waits for 'c' to end. All 2 must succeed, and 1 did so far."
        assert next_step == "rivet why nightly c"
        assert shown["group"] | {"decided_at": None} == {
            "policy": "all_of", "k": 2, "n": 2, "success": 1, "negative": 0, "on_satisfied": "let_run", "state": "pending",
            "decided_at": None, "cancel_pending": False}
        assert [(up["name"], up["verdict"], up["phase"]) for up in shown["upstreams"]] == [("b", "success", "terminal"), ("c", None, "active")]

    def test_what_nobody_passed_on(self, rivet, path, store):
        chain(store, 1)
        says, next_step, _ = self.why(rivet, path, "chain", "n1")
        assert says == "'n0' ended, and that was not passed on yet." and "rivet supervise" in next_step
        says, next_step, shown = self.why(rivet, path, "chain", "n0")
        assert "'n1' wait for it and do not know yet." in says and shown["unaware"] == ["n1"]

    def test_what_could_begin(self, rivet, path, diamond):
        says, next_step, shown = self.why(rivet, path, "nightly", "e")
        assert "no worker that was seen lately serves namespace 'shop', site=z" in says and shown["unserved"]
        assert next_step == "start one: rivet worker --namespace shop --tag site=z"
        says, next_step, shown = self.why(rivet, path, "nightly", "f")
        assert "'w1' would take it" in says and next_step is None and not shown["unserved"]
        rivet.ok("pause", "nightly", "-c", path)
        says, next_step, _ = self.why(rivet, path, "nightly", "f")
        assert "paused" in says and next_step == "rivet resume nightly"

    def test_what_is_tried_again_later(self, rivet, path, store):
        run = Run(store, "r")
        run.worker()
        run.node("a", phase="runnable", attempts=2, not_before=now() + 600 * MICROS, reason="the source went away")
        store.write(insert("node_attempt", node_id=run.ids["a"], epoch=1, round=0, attempt=1, owner="w1", started_at=now() - 9 * MICROS,
                           ended_at=now() - 5 * MICROS, outcome="retry", error="the source went away"))
        says, _, shown = self.why(rivet, path, "r", "a")
        assert "It is tried again in 9m 5" in says and "attempt 3 of 5" in says and "Last time: the source went away." in says
        assert [(one["owner"], one["outcome"], one["error"]) for one in shown["history"]] == [("w1", "retry", "the source went away")]

    def test_what_is_held(self, rivet, path, store):
        run = Run(store, "r")
        run.node("a", phase="active", cancel_requested_at=now() - 600 * MICROS)
        says, next_step, shown = self.why(rivet, path, "r", "a")
        assert "w1 works on it: attempt 1 of 5." in says and "asked to stop 10m" in says
        assert "--grace 0s" in next_step and shown["owner"] == "w1"
        store.write(f"UPDATE node SET lease_until = {now() - 300 * MICROS}")
        says, next_step, _ = self.why(rivet, path, "r", "a")
        assert "Its lease ran out 5m" in says and "R5" in next_step

    def test_how_it_ended(self, rivet, path, store):
        run = chain(store, 1)
        sweep(rivet, path)
        says, next_step, _ = self.why(rivet, path, "chain", "n1")
        assert says == "It ended as skipped: 'n0' failed." and next_step.startswith("rivet retry chain --failed")
        says, next_step, _ = self.why(rivet, path, "chain", "n0")
        assert next_step == "rivet retry chain --node n0"
        assert run.states() == skipped(1)


@pytest.mark.parametrize("args", [["status"], ["retry", "--failed"], ["cancel"], ["pause"], ["resume"], ["audit"], ["events"], ["why", "a"]])
def test_an_unknown_run_is_a_wrong_command_line(rivet, path, store, args):
    done = rivet(args[0], "nobody", *args[1:], "-c", path, "--json-errors")
    assert (done.code, done.stdout) == (2, "")
    assert done.error()["code"] == "RIVET_NO_SUCH_RUN" and "rivet status" in done.error()["hint"]


@pytest.mark.parametrize("args", [["why", "orderz"], ["retry", "--node", "orderz"], ["cancel", "--node", "orderz"]])
def test_an_unknown_node_is_a_wrong_command_line(rivet, path, store, args):
    run = Run(store, "r")
    run.node("orders", outcome="failed")
    before = store.everything()
    done = rivet(args[0], "r", *args[1:], "-c", path)
    assert done.code == 2 and "did you mean 'orders'?" in done.stderr and "rivet status r" in done.stderr
    assert store.everything() == before


# -- steering


class TestRetry:
    @on_both
    def test_a_round_for_what_failed_and_what_it_held_up(self, rivet, path, any_store):
        run = chain(any_store, 3)
        run.node("other", outcome="success", age_s=60)
        sweep(rivet, path)
        rivet.ok("supervise", "--once", "-c", path)
        assert rivet.ok("status", "chain", "-c", path, "--json").json()["state"] == "failed"
        assert "again: n0, n1, n2, n3" in rivet.ok("retry", "chain", "--failed", "-c", path).stdout
        shown = rivet.ok("status", "chain", "-c", path, "--json").json()
        assert shown["state"] == "open"
        assert {node["name"]: (node["phase"], node["round"]) for node in shown["nodes"]} == {
            "n0": ("runnable", 1), "n1": ("blocked", 1), "n2": ("blocked", 1), "n3": ("blocked", 1), "other": ("terminal", 0)}
        assert any_store.rows("SELECT n_success, n_negative, state FROM dep_group") == [(0, 0, "pending")] * 3
        assert rivet.ok("audit", "-c", path, "--settled-ms", "0", "--json").json()["clean"]

    def test_one_by_name(self, rivet, path, store):
        run = Run(store, "r")
        run.node("a", outcome="failed")
        run.node("b", outcome="failed")
        run.node("c", outcome="success")
        rivet.ok("retry", "r", "--node", "b", "-c", path)
        assert run.states() == {"a": "failed", "b": "runnable", "c": "success"}
        done = rivet("retry", "r", "--node", "c", "-c", path, "--json-errors")
        assert done.code == 1 and done.error()["code"] == "RIVET_NOTHING_TO_RETRY"

    def test_says_which(self, rivet, path, store):
        Run(store, "r").node("a", outcome="failed")
        assert rivet("retry", "r", "-c", path).code == 2
        assert rivet("retry", "r", "--failed", "--node", "a", "-c", path).code == 2


class TestPause:
    @on_both
    def test_and_resume(self, rivet, path, any_store):
        Run(any_store, "r").node("a")
        assert "rivet resume r" in rivet.ok("pause", "r", "-c", path).stdout
        assert rivet.ok("status", "r", "-c", path, "--json").json()["paused"]
        assert "open, paused" in rivet.ok("status", "-c", path).stdout
        rivet.ok("resume", "r", "-c", path)
        assert not rivet.ok("status", "r", "-c", path, "--json").json()["paused"]

    def test_a_closed_run_is_refused(self, rivet, path, store):
        Run(store, "r").node("a", outcome="success")
        rivet.ok("supervise", "--once", "-c", path)
        done = rivet("pause", "r", "-c", path)
        assert done.code == 1 and "not open" in done.stderr


class TestCancel:
    @on_both
    def test_what_has_not_begun_ends_and_what_runs_is_asked(self, rivet, path, any_store):
        run = Run(any_store, "r")
        run.node("done", outcome="success")
        run.node("runs", phase="active")
        run.node("idle")
        run.node("below", after=["runs"])
        text = rivet.ok("cancel", "r", "-c", path).stdout
        assert text == "Cancelled before they began: 2 nodes.\nAsked to stop: 'runs' (w1)\n"
        assert run.states() == {"done": "success", "runs": "active", "idle": "cancelled", "below": "cancelled"}
        shown = rivet.ok("status", "r", "-c", path, "--json").json()
        assert shown["state"] == "open" and shown["cancel_requested_at"]
        assert "open, stopping" in rivet.ok("status", "r", "-c", path).stdout

    def test_with_nothing_running_the_run_is_over(self, rivet, path, store):
        run = Run(store, "r")
        run.node("a")
        run.node("b", after=["a"])
        rivet.ok("cancel", "r", "-c", path)
        assert rivet.ok("status", "r", "-c", path, "--json").json()["state"] == "cancelled"
        assert store.rows("SELECT count(*) FROM outbox WHERE dispatched_at IS NULL") == [(0,)]
        assert "nothing to stop" in rivet.ok("cancel", "r", "-c", path).stdout

    def test_of_one_node_those_who_need_it_are_skipped(self, rivet, path, store):
        run = Run(store, "r")
        run.node("a")
        run.node("b", after=["a"])
        run.node("c")
        rivet.ok("cancel", "r", "--node", "a", "-c", path)
        assert run.states() == {"a": "cancelled", "b": "skipped", "c": "runnable"}
        assert rivet.ok("status", "r", "-c", path, "--json").json()["state"] == "open"

    @on_both
    def test_what_does_not_stop_in_time_is_ended_and_nobody_elses(self, rivet, path, any_store):
        run = Run(any_store, "r")
        run.node("a", phase="active")
        run.node("b", after=["a"])
        other = Run(any_store, "other")
        other.node("x", phase="active", cancel_requested_at=now() - 5 * MICROS)
        text = rivet.ok("cancel", "r", "--grace", "0s", "-c", path).stdout
        assert "Ended because they did not stop in time: 1\n" in text
        assert run.states() == {"a": "cancelled", "b": "cancelled"} and other.states() == {"x": "active"}
        assert rivet.ok("status", "r", "-c", path, "--json").json()["state"] == "cancelled"
        assert rivet.ok("audit", "-c", path, "--settled-ms", "0", "--json").json()["clean"]

    def test_it_waits_for_what_stops_by_itself(self, rivet, path, store):
        run = Run(store, "r")
        run.node("a", phase="active")
        process = rivet.start("cancel", "r", "--grace", "10m", "-c", path)
        asked = "SELECT count(*) FROM node WHERE cancel_requested_at IS NOT NULL"
        wait_until(lambda: store.rows(asked) == [(1,)], process)
        run.end("a", "cancelled")
        done = finished(process)
        assert done.code == 0 and "All of it has stopped." in done.stdout

    def test_waiting_can_be_interrupted(self, rivet, path, store):
        run = Run(store, "r")
        run.node("a", phase="active")
        process = rivet.start("cancel", "r", "--grace", "10m", "-c", path)
        wait_until(lambda: store.rows("SELECT count(*) FROM node WHERE cancel_requested_at IS NOT NULL") == [(1,)], process)
        process.send_signal(signal.SIGINT)
        done = finished(process)
        assert done.code == 130 and "'a' (w1)" in done.stderr
        assert run.states() == {"a": "active"}


# -- audit


class TestAudit:
    def audit(self, rivet, path, *args):
        done = rivet("audit", "-c", path, "--json", *args)
        return done.code, done.json()

    @on_both
    def test_corrupted_counters_are_found_repaired_and_gone(self, rivet, path, any_store):
        run = Run(any_store, "r")
        run.node("a", outcome="success", age_s=60)
        run.node("b")
        run.node("c", after=["a", "b"])
        run.give_verdict("c", "a", "s", n_success=1)
        assert self.audit(rivet, path)[0] == 0
        any_store.write(f"UPDATE dep_group SET n_success = 0, n_negative = 1 WHERE node_id = {run.ids['c']}")
        code, shown = self.audit(rivet, path)
        assert code == 3 and not shown["clean"] and shown["left"] is None
        assert [(one["invariant"], one["node"], one["repaired"]) for one in shown["findings"]] == [("I3", "c", False)]
        assert any_store.rows("SELECT count(*) FROM alarm") == [(0,)]
        code, shown = self.audit(rivet, path, "--repair")
        assert (code, [one["repaired"] for one in shown["findings"]], shown["left"]) == (3, [True], [])
        assert any_store.rows("SELECT n_success, n_negative FROM dep_group") == [(1, 0)]
        assert any_store.rows("SELECT reconciler, run_id FROM alarm") == [("R3", "r")]
        assert self.audit(rivet, path, "--repair")[0] == 0
        assert "everything holds" in rivet.ok("audit", "-c", path).stdout
        assert run.states() == {"a": "success", "b": "runnable", "c": "blocked"}

    def test_each_kind_of_damage(self, rivet, path, store):
        run = Run(store, "r")
        run.node("silent", outcome="failed", event=False, age_s=60)
        run.node("after_silent", after=["silent"])
        run.give_verdict("after_silent", "silent", "n", n_negative=1)
        run.node("lost", outcome="success", age_s=60)  # its event is closed
        run.node("after_lost", after=["lost"])
        run.node("kept", outcome="success", age_s=60)
        run.node("after_kept", after=["kept"])
        run.give_verdict("after_kept", "kept", "s", n_success=1, state="satisfied")
        code, shown = self.audit(rivet, path)
        assert code == 3
        assert {(one["invariant"], one["node"]) for one in shown["findings"]} == {
            ("I1", "silent"), ("I4", "after_silent"), ("I5", "lost"), ("I4", "after_kept")}
        done = rivet("audit", "r", "-c", path, "--repair", "--json-errors")
        assert done.code == 3 and done.error()["code"] == "RIVET_AUDIT_FINDINGS" and "all of it is repaired" in done.error()["error"]
        assert run.states() == {"silent": "failed", "after_silent": "skipped", "lost": "success", "after_lost": "runnable",
                                "kept": "success", "after_kept": "runnable"}
        assert self.audit(rivet, path)[0] == 0
        assert store.rows("SELECT reconciler FROM alarm ORDER BY reconciler") == [("R2",), ("R3",), ("R3",), ("R4",)]

    def test_what_cannot_be_told_is_left(self, rivet, path, store):
        run = Run(store, "r")
        run.node("a", outcome="success", age_s=60)
        run.node("b", after=["a"], outcome="success", age_s=50)
        run.give_verdict("b", "a", "n", n_negative=1, state="impossible")
        code, shown = self.audit(rivet, path, "--repair")
        assert code == 3 and ("I2", "b") in [(one["invariant"], one["node"]) for one in shown["left"]]
        assert self.audit(rivet, path, "--repair")[0] == 3

    def test_closed_runs_are_looked_at_and_others_are_not_told(self, rivet, path, store):
        run = Run(store, "r")
        run.node("a", outcome="success", event=False, age_s=60)
        other = Run(store, "other")
        other.node("a", outcome="success", age_s=60)
        store.write(f"UPDATE cascade_run SET state = 'done', closed_at = {now()}")
        assert self.audit(rivet, path, "other")[0] == 0
        assert self.audit(rivet, path, "r")[0] == 3
        assert self.audit(rivet, path, "--repair")[0] == 3
        assert self.audit(rivet, path)[0] == 0

    def test_what_is_in_flight_is_no_finding(self, rivet, path, store):
        chain(store, 2, age_s=0)
        assert self.audit(rivet, path)[0] == 0
        assert self.audit(rivet, path, "--settled-ms", "0")[0] == 3


# -- supervise


class TestSupervise:
    @on_both
    def test_once_does_everything(self, rivet, path, any_store):
        run = chain(any_store, 3)
        lines = [json.loads(line) for line in rivet.ok("supervise", "--once", "-c", path, "--json").stdout.splitlines()]
        assert list(lines[0]) == ["name", "scanned", "advanced", "noop", "errors", "alarms", "oldest_age_ms", "elapsed_ms"]
        assert {line["name"] for line in lines} == {"R1", "R8"}
        assert sum(line["advanced"] for line in lines if line["name"] == "R1") == 4
        assert lines[0]["oldest_age_ms"] >= 60_000
        assert run.states() == skipped(3)
        assert rivet.ok("status", "chain", "-c", path, "--json").json()["state"] == "failed"
        assert rivet.ok("supervise", "--once", "-c", path).stdout == ""

    def test_only_what_is_asked_for(self, rivet, path, store):
        run = chain(store, 1)
        run.node("held", phase="active")
        store.write(f"UPDATE node SET lease_until = {now() - MICROS} WHERE name = 'held'")
        lines = rivet.ok("supervise", "--once", "--only", "R5,R8", "-c", path).stdout
        assert lines.startswith("R5: 1 found, 1 done") and lines.count("\n") == 1
        assert run.states() == {"n0": "failed", "n1": "blocked", "held": "runnable"}
        assert rivet("supervise", "--once", "--only", "R9", "-c", path).code == 2

    def test_the_last_lapsed_lease_expires_the_node(self, rivet, path, store):
        run = Run(store, "r")
        run.node("a", phase="active", max_attempts=1)
        run.node("b", after=["a"])
        store.write(f"UPDATE node SET lease_until = {now() - MICROS} WHERE name = 'a'")
        rivet.ok("supervise", "--once", "-c", path)
        assert run.states() == {"a": "expired", "b": "skipped"}

    def test_what_was_asked_to_stop_is_ended_after_the_grace(self, rivet, path, store):
        run = Run(store, "r")
        run.node("a", phase="active", cancel_requested_at=now() - 5 * MICROS)
        rivet.ok("supervise", "--once", "--grace", "10m", "-c", path)
        assert run.states() == {"a": "active"}
        rivet.ok("supervise", "--once", "--grace", "2s", "-c", path)
        assert run.states() == {"a": "cancelled"}

    def test_scope(self, rivet, path, store):
        mine, other = chain(store, 1, "mine", name_space="shop", tags={"site": "a"}), chain(store, 1, "other", name_space="shop")
        rivet.ok("supervise", "--once", "--only", "R1", "--namespace", "shop", "--tag", "site=a", "-c", path)
        assert mine.states() == skipped(1) and other.states() == {"n0": "failed", "n1": "blocked"}

    @on_both
    def test_two_at_once_until_a_signal(self, rivet, path, any_store):
        runs = [chain(any_store, 5, f"run{i}", age_s=0.0) for i in range(6)]
        processes = [rivet.start("supervise", "-c", path, "--json") for _ in range(2)]
        try:
            wait_until(lambda: all(run.states() == skipped(5) for run in runs), processes[0], timeout=60)
            closed = "SELECT count(*) FROM cascade_run WHERE state = 'failed'"
            wait_until(lambda: any_store.rows(closed) == [(6,)], processes[0], timeout=60)
        finally:
            for process in processes:
                process.send_signal(signal.SIGTERM)
        ended = [finished(process) for process in processes]
        assert [done.code for done in ended] == [0, 0]
        ticks = [json.loads(line) for done in ended for line in done.stdout.splitlines()]
        assert sum(tick["advanced"] for tick in ticks if tick["name"] == "R1") == 36
        assert [tick for tick in ticks if tick["errors"] or tick["alarms"]] == []
        assert any_store.rows("SELECT count(*) FROM outbox WHERE dispatched_at IS NULL") == [(0,)]
        assert rivet.ok("audit", "-c", path, "--settled-ms", "0", "--json").json()["clean"]

    def test_a_reader_that_goes_away_ends_it(self, rivet, path, store):
        process = rivet.start("supervise", "-c", path)
        process.stdout.close()
        chain(store, 1)
        process.wait(timeout=60)
        assert process.returncode == 1
        process.stderr.close()


# -- events, leases, gc


class TestEvents:
    def events(self, rivet, path, *args):
        return [json.loads(line) for line in rivet.ok("events", "-c", path, "--json", *args).stdout.splitlines()]

    @on_both
    def test_what_happened_in_its_order(self, rivet, path, any_store):
        run = Run(any_store, "r")
        run.node("a", outcome="success", age_s=5)
        run.node("old", outcome="success", age_s=4_000)
        other = Run(any_store, "other")
        other.node("x", outcome="failed", age_s=3)
        any_store.write(insert("node_attempt", node_id=run.ids["a"], epoch=1, round=0, attempt=1, owner="w1", started_at=now() - 9 * MICROS),
                        insert("alarm", reconciler="R3", run_id="r", node_id=run.ids["a"], message="repaired", raised_at=now()))
        assert [(one["kind"], one["run_id"], one["node"], one["detail"]) for one in self.events(rivet, path)] == [
            ("started", "r", "a", "1"), ("ended", "r", "a", "success"), ("ended", "other", "x", "failed"), ("alarm", "r", "a", "repaired")]
        assert [one["node"] for one in self.events(rivet, path, "other")] == ["x"]
        assert [one["node"] for one in self.events(rivet, path, "--since", "2h")][0] == "old"
        assert [one["kind"] for one in self.events(rivet, path, "--since", "2s")] == ["alarm"]
        text = rivet.ok("events", "r", "-c", path).stdout
        assert " started r a: attempt 1 by w1\n" in text and " ended   r a: success\n" in text and " alarm   r a: R3 repaired\n" in text

    def test_more_than_a_page_at_one_instant(self, rivet, path, store):
        run = Run(store, "r")
        run.node("a", outcome="success")
        at = now()
        store.write(*[insert("alarm", reconciler="R3", run_id="r", node_id=run.ids["a"], message=f"m{i}", raised_at=at + i // 5_500)
                      for i in range(11_500)])
        shown = [one["detail"] for one in self.events(rivet, path) if one["kind"] == "alarm"]
        assert len(shown) == 11_500 and len(set(shown)) == 11_500

    @on_both
    def test_following_tells_each_once_also_what_is_committed_late(self, rivet, path, any_store):
        run = Run(any_store, "r")
        run.node("a", outcome="success", age_s=5)
        process = rivet.start("events", "r", "-c", path, "--follow", "--json")
        try:
            assert json.loads(process.stdout.readline())["node"] == "a"
            run.node("b", outcome="success")
            assert json.loads(process.stdout.readline())["node"] == "b"
            run.node("late", outcome="success", age_s=3)  # before what was told already
            assert json.loads(process.stdout.readline())["node"] == "late"
            run.node("c", outcome="failed")
            assert json.loads(process.stdout.readline())["node"] == "c"
        finally:
            process.send_signal(signal.SIGINT)
        done = finished(process)
        assert (done.code, done.stdout) == (0, "")

    def test_a_transaction_that_commits_after_later_ones_is_told(self, rivet, path, pg_store):
        run = Run(pg_store, "r")
        for name in ("first", "second"):
            run.node(name)
        process = rivet.start("events", "r", "-c", path, "--follow", "--json")
        try:
            with pg_store.database.connect() as slow:
                slow.autocommit = False
                slow.execute("SET LOCAL search_path TO rivet")
                slow.execute(insert("outbox", node_id=run.ids["first"], round=0, outcome="success", namespace="", tags={}, committed_at=now()))
                run.end("second", "failed")
                assert json.loads(process.stdout.readline())["node"] == "second"
                slow.commit()
            told = json.loads(process.stdout.readline())
            assert told["node"] == "first"
        finally:
            process.send_signal(signal.SIGTERM)
        done = finished(process)
        assert (done.code, done.stdout) == (0, "")
        first, second = (event for (event,) in pg_store.rows("SELECT event_id FROM outbox ORDER BY node_id"))
        assert first < second

    def test_a_wrong_duration(self, rivet, path, store):
        for text in ("1", "h", "1w", "1.5h", "-1h", "99999999999999999999d", "36501d"):
            done = rivet("events", "-c", path, f"--since={text}")
            assert done.code == 2 and "30s" in done.stderr, text
        for text in ("250ms", "30s", "5m", "2h", "36500d"):
            assert rivet.ok("events", "-c", path, f"--since={text}").stdout == ""


class TestLeases:
    @on_both
    def test_who_works_on_what(self, rivet, path, any_store):
        run = Run(any_store, "r")
        run.node("a", phase="active", owner="w1")
        run.node("b", phase="active", owner="w2")
        any_store.write(f"UPDATE node SET lease_until = {now() - 5 * MICROS}, attempt_until = {now() + 90 * MICROS} WHERE name = 'b'")
        first, second = rivet.ok("leases", "-c", path, "--json").json()
        assert (first["node"], first["owner"], second["node"]) == ("b", "w2", "a")
        assert -60_000 < first["lease_left_ms"] <= -5_000 and 0 < second["lease_left_ms"] <= 60_000
        assert 0 < first["attempt_left_ms"] <= 90_000 and second["attempt_left_ms"] is None
        assert (first["attempt"], first["max_attempts"], first["units"]) == (1, 5, [])
        text = rivet.ok("leases", "-c", path).stdout
        assert "ran out " in text and "1/5" in text
        assert len(rivet.ok("leases", "-c", path, "-l", "1", "--json").json()) == 1

    def test_units_of_an_export_in_progress(self, rivet, store):
        with sqlite3.connect(rivet.folder / "shop.db") as connection:
            connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
            connection.executemany("INSERT INTO orders VALUES (?)", [(i,) for i in range(100)])
        path = rivet.config({"type": "sqlite", "path": "shop.db"}, {
            "name": "orders", "mode": "chunked", "table": "orders", "chunk_column": "id", "chunk_size": 10, "format": "csv",
            "destination": {"type": "local", "path": "out"}})
        rivet.killed_at("unit_claimed:2", "run", "-c", path)
        ((run_id,),) = store.rows("SELECT run_id FROM run")
        run = Run(store, "r")
        run.node("orders", phase="active")
        store.write(insert("node_run", node_id=run.ids["orders"], round=0, export_name="orders", run_id=run_id))
        numbers = {number for (number,) in store.rows("SELECT number FROM unit WHERE status = 'running'")}
        (held,) = rivet.ok("leases", "-c", path, "--json").json()
        assert numbers and {(unit["run_id"], unit["chunk_index"]) for unit in held["units"]} == {(run_id, number) for number in numbers}
        assert f"chunk {min(numbers)} of {run_id}" in rivet.ok("leases", "-c", path).stdout

    def test_nobody(self, rivet, path, store):
        assert rivet.ok("leases", "-c", path).stdout == "Nobody works on a node.\n"


class TestGc:
    @on_both
    def test_old_runs_and_gone_workers_are_forgotten(self, rivet, path, any_store):
        for run_id, state, days in (("old", "done", 40), ("young", "failed", 5), ("open", "open", None)):
            run = Run(any_store, run_id)
            run.node("a", outcome="success", age_s=60)
            run.node("b", after=["a"], outcome="success", age_s=60)
            run.give_verdict("b", "a", "s", n_success=1, state="satisfied")
            closed = "NULL" if days is None else now() - days * 86_400 * MICROS
            any_store.write(f"UPDATE cascade_run SET state = '{state}', closed_at = {closed} WHERE run_id = '{run_id}'")
        run.worker("here")
        run.worker("gone", seen_s_ago=90_000)
        before = any_store.everything()
        assert rivet.ok("gc", "--dry-run", "-c", path).stdout == (
            "Would be forgotten: 1 runs closed more than 30d ago, 1 workers not seen for 1d.\n")
        assert any_store.everything() == before
        assert rivet.ok("gc", "-c", path).stdout.startswith("Forgotten: 1 runs closed more than 30d ago, 1 workers")
        assert any_store.rows("SELECT run_id FROM cascade_run ORDER BY run_id") == [("open",), ("young",)]
        assert any_store.rows("SELECT count(*) FROM node") == [(4,)] and any_store.rows("SELECT worker_id FROM worker") == [("here",)]
        rivet.ok("gc", "--older-than", "1d", "-c", path)
        assert any_store.rows("SELECT run_id FROM cascade_run") == [("open",)]
        assert rivet.ok("audit", "-c", path, "--json").json()["clean"]
