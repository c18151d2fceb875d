"""Exports that wait for others and for gates: who runs, who is left out, who is stopped, and what the command says of it."""
import sqlite3
import sys

import pytest

from helpers import export, finished, rows_of, wait_until

ROWS = 50
WAYS = {"one by one": [], "threads": ["--parallel-exports"], "processes": ["--parallel-export-processes"]}
COMMANDS = {"run": ["run", "-c"], "threads": ["run", "--parallel-exports", "-c"], "processes": ["run", "--parallel-export-processes", "-c"],
            "waves": ["apply"], "wave processes": ["apply", "--parallel-export-processes"], "pool": ["apply", "--pool", "2"]}


@pytest.fixture
def source(rivet):
    """Tables `a` to `d` in SQLite."""
    with sqlite3.connect(rivet.folder / "shop.db") as connection:
        for name in "abcd":
            connection.execute(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
            connection.executemany(f"INSERT INTO {name} VALUES (?, ?)", [(i, f"{name} {i}") for i in range(ROWS)])
    return {"type": "sqlite", "path": "shop.db"}


def entry(name, depends_on=None, **keys):
    what = {} if "query" in keys else {"table": name}
    return export(name, **{**what, "path": f"./out/{name}", **({} if depends_on is None else {"depends_on": depends_on}), **keys})


def broken(name, depends_on=None):
    return entry(name, depends_on, table="no_such_table")


def gate(name, **keys):
    return {"name": name, **keys}


def run(rivet, path, *way):
    """The command's exit code, and per step what came of it."""
    done = rivet("run", "-c", path, "--json", *way)
    return done.code, {one["export_name"]: one for one in done.json()["per_export"]}


def statuses(steps):
    return {name: one["status"] for name, one in steps.items()}


def began(rivet):
    """Exports that have a run, the first to begin first."""
    return [name for (name,) in rivet.state("SELECT export_name FROM run ORDER BY rowid")]


# -- order


@pytest.mark.parametrize("command", COMMANDS)
def test_a_diamond_runs_from_top_to_bottom(rivet, source, command):
    path = rivet.config(source, entry("d", ["b", "c"]), entry("b", ["a"]), entry("c", ["a"]), entry("a"))
    rivet.ok(*COMMANDS[command], path)
    order = began(rivet)
    assert order[0] == "a" and order[-1] == "d" and sorted(order) == list("abcd")
    for name in "abcd":
        assert len(rows_of(rivet.output(f"out/{name}").table(name))) == ROWS


def test_nothing_else_changes_the_order_of_the_file(rivet, source):
    path = rivet.config(source, entry("c"), entry("b", ["d"]), entry("a"), entry("d"))
    rivet.ok("run", "-c", path)
    assert began(rivet) == ["c", "a", "d", "b"]


def test_dependencies_decide_over_waves(rivet, source):
    path = rivet.config(source, entry("a", wave=2, parallel_safe=True), entry("b", ["a"], wave=1, parallel_safe=True),
                        entry("c", wave=1, parallel_safe=True))
    done = rivet.ok("apply", path)
    assert began(rivet)[:2] == ["c", "a"] and began(rivet)[2] == "b"
    assert "wave 1: 1 export(s)" in done.stderr and "wave 2: 2 export(s)" in done.stderr


# -- failures


@pytest.mark.parametrize("command", COMMANDS)
def test_a_failure_leaves_out_what_depends_on_it_and_nothing_else(rivet, source, command):
    path = rivet.config(source, broken("a"), entry("b", ["a", "c"]), entry("d", ["b"]), entry("c"))
    done = rivet(*COMMANDS[command], path, "--json")
    steps = {one["export_name"]: one for one in done.json()["per_export"]}
    assert done.code == 1
    assert statuses(steps) == {"a": "failed", "b": "skipped", "c": "success", "d": "skipped"}
    assert steps["b"]["skip_reason"] == "'a' failed"
    assert steps["d"]["skip_reason"] == "'b' was skipped ('a' failed)"
    assert not (rivet.folder / "out" / "b").exists() and not (rivet.folder / "out" / "d").exists()


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_the_exit_code_is_that_of_what_failed(rivet, source, way):
    path = rivet.config(source, entry("a", quality={"row_count_min": ROWS + 1}), entry("b", ["a"]), entry("c"))
    code, steps = run(rivet, path, *way)
    assert (code, statuses(steps)) == (3, {"a": "failed", "b": "skipped", "c": "success"})


def test_an_export_without_rows_to_write_has_done_its_work(rivet, source):
    with sqlite3.connect(rivet.folder / "shop.db") as connection:
        connection.execute("DELETE FROM a")
    path = rivet.config(source, entry("a", skip_empty=True), entry("b", ["a"]))
    code, steps = run(rivet, path)
    assert (code, statuses(steps)) == (0, {"a": "skipped", "b": "success"})


# -- policies


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_one_of_several_is_enough(rivet, source, way):
    path = rivet.config(source, broken("a"), entry("b"), entry("d", {"any_of": ["a", "b"], "on_satisfied": "let_run"}))
    code, steps = run(rivet, path, *way)
    assert (code, statuses(steps)) == (1, {"a": "failed", "b": "success", "d": "success"})


def test_those_that_have_not_begun_are_not_begun(rivet, source):
    path = rivet.config(source, entry("a"), entry("b"), entry("c"), entry("d", {"any_of": ["a", "b", "c"]}))
    code, steps = run(rivet, path)
    assert (code, statuses(steps)) == (0, {"a": "success", "b": "skipped", "c": "skipped", "d": "success"})
    assert steps["b"]["skip_reason"] == "not needed: 'd' has what it waited for"
    assert began(rivet) == ["a", "d"]


def test_one_that_somebody_else_waits_for_goes_on(rivet, source):
    path = rivet.config(source, entry("a"), entry("b"), entry("c", ["b"]), entry("d", {"any_of": ["a", "b"]}))
    code, steps = run(rivet, path)
    assert code == 0 and set(statuses(steps).values()) == {"success"}


@pytest.mark.parametrize("way", list(WAYS.values())[1:], ids=list(WAYS)[1:])
def test_one_that_runs_is_stopped_when_it_is_not_needed(rivet, pg_db, way):
    """`slow` would take hours."""
    pg_db.execute("CREATE TABLE d (id int PRIMARY KEY)", "INSERT INTO d VALUES (1)")
    slow = entry("slow", query="SELECT i AS id, pg_sleep(0.01)::text AS pause FROM generate_series(1, 1000000) i")
    path = rivet.config(pg_db.source, slow, entry("d", {"any_of": ["late", "slow"]}),
                        gates=[gate("late", command=[sys.executable, "-c", WAIT_FOR_A_UNIT])])
    code, steps = run(rivet, path, *way, "--max-parallel", "3")
    assert (code, statuses(steps)) == (0, {"late": "success", "slow": "skipped", "d": "success"})
    assert steps["slow"]["skip_reason"] == "not needed: 'd' has what it waited for"
    assert rivet.state("SELECT status FROM export_metrics WHERE export_name = 'slow'") == [("interrupted",)]
    assert not (rivet.folder / "out" / "slow" / "manifest.slow.json").exists()


# A gate that opens once the first unit is read.
WAIT_FOR_A_UNIT = """
import sqlite3, time
while True:
    try:
        if sqlite3.connect("file:.rivet_state.db?mode=ro", uri=True).execute("SELECT count(*) FROM unit WHERE status <> 'pending'").fetchone()[0]:
            break
    except sqlite3.OperationalError:
        pass
    time.sleep(0.02)
"""


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_quorum(rivet, source, way):
    path = rivet.config(source, broken("a"), entry("b"), entry("c"), entry("d", {"quorum": 2, "of": ["a", "b", "c"], "on_satisfied": "let_run"}))
    code, steps = run(rivet, path, *way)
    assert (code, statuses(steps)) == (1, {"a": "failed", "b": "success", "c": "success", "d": "success"})


def test_a_quorum_that_cannot_come_about(rivet, source):
    path = rivet.config(source, broken("a"), broken("b"), entry("c"), entry("d", {"quorum": 2, "of": ["a", "b", "c"]}))
    code, steps = run(rivet, path)
    assert (code, statuses(steps)) == (1, {"a": "failed", "b": "failed", "c": "skipped", "d": "skipped"})
    assert steps["d"]["skip_reason"] == "2 of 3 had to succeed: 'a' failed, 'b' failed"
    assert steps["c"]["skip_reason"] == "not needed: 'd' cannot run any more"


# -- gates


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("sql, opens", [("SELECT count(*) = 50 FROM b;", True), ("SELECT count(*) = 51 FROM b", False), ("SELECT NULL", False)])
def test_a_query_opens_or_closes(rivet, source, way, sql, opens):
    path = rivet.config(source, entry("a", ["ready"]), entry("b"), gates=[gate("ready", sql=sql)])
    code, steps = run(rivet, path, *way)
    assert code == (0 if opens else 3)
    assert statuses(steps) == {"ready": "success" if opens else "failed", "a": "success" if opens else "skipped", "b": "success"}
    if not opens:
        assert steps["ready"]["error_code"] == "RIVET_GATE_CLOSED" and steps["a"]["skip_reason"] == "'ready' failed"


@pytest.mark.parametrize("sql, says", [("SELECT 1, 2", "2 columns"), ("SELECT id < 9 FROM a", "more than one row"), ("SELECT 1 FROM a WHERE id < 0", "no row"),
                                       ("SELECT 7", "neither true nor false"), ("SELECT nothing", "nothing")])
def test_a_query_that_is_no_question(rivet, source, sql, says):
    path = rivet.config(source, entry("a", ["ready"]), gates=[gate("ready", sql=sql)])
    code, steps = run(rivet, path)
    assert code == 1 and statuses(steps) == {"ready": "failed", "a": "skipped"} and says in steps["ready"]["error_message"]


@pytest.mark.parametrize("code, opens", [(0, True), (1, False), (7, False)])
def test_a_program_opens_or_closes(rivet, source, code, opens):
    program = [sys.executable, "-c", f"import sys; print('to stdout', flush=True); print('said why', file=sys.stderr); sys.exit({code})"]
    path = rivet.config(source, entry("a", ["ready"]), gates=[gate("ready", command=program)])
    ended, steps = run(rivet, path)
    assert (ended, steps["a"]["status"]) == ((0, "success") if opens else (3, "skipped"))
    if not opens:
        assert f"exit code {code}" in steps["ready"]["error_message"] and "said why" in steps["ready"]["error_message"]


def test_a_program_runs_in_the_folder_of_the_file(rivet, source, tmp_path):
    rivet.config(source, entry("a", ["ready"], path=str(tmp_path / "out")), gates=[gate("ready", command=["test", "-f", "rivet.yaml"])])
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    path = rivet.folder / "rivet.yaml"
    rivet.folder, folder = elsewhere, rivet.folder
    rivet.ok("run", "-c", path)
    rivet.folder = folder


def test_a_program_that_is_not_there(rivet, source):
    path = rivet.config(source, entry("a", ["ready"]), gates=[gate("ready", command=["no-such-program"])])
    code, steps = run(rivet, path)
    assert code == 1 and "cannot start 'no-such-program'" in steps["ready"]["error_message"]


def test_ctrl_c_stops_a_program(rivet, source):
    path = rivet.config(source, entry("a", ["ready"]), gates=[gate("ready", command=["sh", "-c", "touch begun; sleep 1000"])])
    process = rivet.start("run", "-c", path)
    wait_until((rivet.folder / "begun").exists, process)
    process.terminate()
    assert finished(process).code == 130
    assert began(rivet) == []


def test_a_manifest_opens_or_closes(rivet, source):
    keys = {"gates": [gate("there", manifest="a")]}
    path = rivet.config(source, entry("a"), entry("b", ["there"]), **keys)
    code, steps = run(rivet, path)
    assert code == 3 and statuses(steps) == {"there": "failed", "a": "success", "b": "skipped"}, "it is looked at before `a` has run"
    assert run(rivet, path)[0] == 0
    keys["gates"][0]["depends_on"] = ["a"]
    path = rivet.config(source, entry("a"), entry("b", ["there"]), **keys)
    (rivet.folder / "out" / "a" / "_SUCCESS.a").unlink()
    code, steps = run(rivet, path)
    assert code == 0 and set(statuses(steps).values()) == {"success"}


def test_a_gate_in_front_of_a_gate(rivet, source):
    path = rivet.config(source, entry("a", ["second"]), gates=[gate("second", command=["touch", "looked"], depends_on=["first"]), gate("first", sql="SELECT 0")])
    code, steps = run(rivet, path)
    assert statuses(steps) == {"first": "failed", "second": "skipped", "a": "skipped"} and not (rivet.folder / "looked").exists()


def test_one_of_two_gates(rivet, source):
    path = rivet.config(source, entry("a", {"any_of": ["no", "yes"]}), gates=[gate("no", sql="SELECT 0"), gate("yes", sql="SELECT 1")])
    code, steps = run(rivet, path)
    assert statuses(steps) == {"no": "failed", "yes": "success", "a": "success"} and code == 3


def test_postgresql_answers_too(rivet, pg_db):
    pg_db.execute("CREATE TABLE a (id int PRIMARY KEY)", "INSERT INTO a VALUES (1)")
    gates = [gate("yes", sql="SELECT count(*) = 1 FROM a"), gate("no", sql="SELECT false -- not yet"), gate("null", sql="SELECT NULL::boolean")]
    path = rivet.config(pg_db.source, entry("a", ["yes"]), entry("b", ["no"], table="a"), entry("c", ["null"], table="a"), gates=gates)
    code, steps = run(rivet, path, "--parallel-exports")
    assert code == 3
    assert statuses(steps) == {"yes": "success", "no": "failed", "null": "failed", "a": "success", "b": "skipped", "c": "skipped"}


# -- what is selected


def test_what_a_selected_export_depends_on_must_be_selected(rivet, source):
    path = rivet.config(source, entry("a"), entry("b", ["a"]), entry("c", ["g"]), gates=[gate("g", sql="SELECT 0"), gate("h", command=["touch", "looked"])])
    refused = rivet("run", "-c", path, "-e", "b", "--json-errors")
    assert refused.code == 1 and "export 'b' depends on export 'a', which is not selected" in refused.error()["error"]
    assert "--no-deps" in refused.error()["hint"]
    assert run(rivet, path, "-e", "b", "-e", "a")[0] == 0
    code, steps = run(rivet, path, "-e", "c")
    assert (code, statuses(steps)) == (3, {"g": "failed", "c": "skipped"}), "gates need not be selected"
    assert not (rivet.folder / "looked").exists(), "nobody that was selected waits for it"


def test_no_deps_runs_without_them(rivet, source):
    path = rivet.config(source, entry("b", ["a", "g"]), entry("a"), gates=[gate("g", sql="SELECT 0")])
    code, steps = run(rivet, path, "-e", "b", "--no-deps")
    assert (code, statuses(steps)) == (0, {"b": "success"})
    assert statuses(run(rivet, path, "--no-deps")[1]) == {"b": "success", "a": "success"}
    assert began(rivet) == ["b", "b", "a"]


def test_a_sealed_plan_of_an_export_that_depends_on_others_is_refused(rivet, source):
    path = rivet.config(source, entry("a"), entry("b", ["a"]))
    rivet.ok("plan", "-c", path, "-e", "b", "-o", "b.json")
    refused = rivet("apply", "b.json", "--json-errors")
    assert refused.code == 1 and "export 'b' depends on a" in refused.error()["error"]
    rivet.ok("apply", "b.json", "--no-deps")
    assert began(rivet) == ["b"]


# -- what is wrong is said before anything runs


def test_a_cycle_is_shown(rivet, source):
    path = rivet.config(source, entry("a", ["c"]), entry("b", ["a"]), entry("c", ["b"]))
    refused = rivet("run", "-c", path)
    assert refused.code == 1 and "dependency cycle: a -> c -> b -> a" in refused.stderr


def test_an_unknown_name_is_guessed(rivet, source):
    path = rivet.config(source, entry("a"), entry("b", ["aa"]))
    refused = rivet("run", "-c", path)
    assert refused.code == 1 and "there is no such export or gate; did you mean 'a'?" in refused.stderr


# -- many


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_long_chain_with_a_break(rivet, source, way):
    names = [f"n{i}" for i in range(12)]
    chain = [entry(name, names[i - 1:i] or None, table="a") for i, name in enumerate(names)]
    chain[6] = broken("n6", ["n5"])
    path = rivet.config(source, *reversed(chain))
    code, steps = run(rivet, path, *way)
    assert code == 1
    assert statuses(steps) == {name: "success" if i < 6 else "failed" if i == 6 else "skipped" for i, name in enumerate(names)}
