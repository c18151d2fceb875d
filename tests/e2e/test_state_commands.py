"""`rivet metrics | journal | state ...`: what they show, what they forget, whom they leave alone."""
import json
import signal
import sqlite3
from contextlib import closing

import pytest

from helpers import export, rows_of, wait_until
from modes import COLUMNS, ROWS, sqlite_orders


@pytest.fixture(scope="module")
def orders(tmp_path_factory):
    return sqlite_orders(tmp_path_factory.mktemp("orders"))


@pytest.fixture
def path(rivet, orders):
    """Two exports of the same table: one in several chunks, one as a whole."""
    return rivet.config(orders.source,
                        export("orders", table="orders", path="./orders", mode="chunked", chunk_column="id", chunk_size=10_000),
                        export("whole", table="orders", path="./whole"))


@pytest.fixture
def paused(rivet, path, tmp_path):
    """Starts `run -e orders` and stops it in its first chunk; returns its process and the file that lets it go on."""
    started = []

    def start():
        gate = tmp_path / "gate"
        process = rivet.start("run", "-c", path, "-e", "orders", env={"RIVET_TEST_PAUSE_AT": f"batch_written={gate}"})
        started.append(process)
        wait_until((tmp_path / "gate.reached").exists, process)
        return process, gate

    yield start
    for process in started:
        process.kill()
        process.communicate()


def write_state(rivet, *statements):
    with closing(sqlite3.connect(rivet.folder / ".rivet_state.db")) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def give_cursor(rivet, name, cursor):
    """What a published incremental run would have stored."""
    position = json.dumps({"columns": ["id"], "coalesced": False, "cursor": [cursor], "source_id": "s"})
    write_state(rivet, f"INSERT INTO export_position VALUES ('{name}', '{position}', '2026-01-01T00:00:00.000000+00:00')",
                f"UPDATE export_state SET last_cursor_value = '{cursor}' WHERE export_name = '{name}'")


def statuses(rivet, name="orders"):
    return [status for (status,) in rivet.state("SELECT status FROM run WHERE export_name = ? ORDER BY rowid", name)]


def assert_whole(rivet, orders):
    assert rows_of(rivet.output("orders").table("orders").select(COLUMNS)) == orders.expected()


class TestChunks:
    def test_null_before_the_first_run(self, rivet, path):
        assert rivet.ok("state", "chunks", "-c", path, "-e", "orders", "--json").json() is None
        assert "No run of export 'orders'" in rivet.ok("state", "chunks", "-c", path, "-e", "orders").stdout
        assert not (rivet.folder / ".rivet_state.db").exists()
        rivet.ok("run", "-c", path, "-e", "whole")
        assert rivet.ok("state", "chunks", "-c", path, "-e", "orders", "--json").json() is None

    def test_the_columns_of_the_view(self, rivet, path):
        rivet.ok("run", "-c", path)
        shown = rivet.ok("state", "chunks", "-c", path, "-e", "orders", "--json").json()
        columns = ["chunk_index", "start_key", "end_key", "status", "attempts", "last_error", "rows_written", "file_name", "updated_at"]
        stored = rivet.state(f"SELECT {', '.join(columns)} FROM chunk_task WHERE run_id = ? ORDER BY chunk_index", shown["run_id"])
        assert [tuple(chunk[column] for column in columns) for chunk in shown["tasks"]] == stored
        assert len(stored) > 3
        assert sum(chunk["rows_written"] for chunk in shown["tasks"]) == ROWS
        run_columns = ["run_id", "export_name", "plan_hash", "status", "max_chunk_attempts", "created_at", "updated_at"]
        assert rivet.state(f"SELECT {', '.join(run_columns)} FROM chunk_run WHERE export_name = 'orders'") == [
            tuple(shown[column] for column in run_columns)]
        text = rivet.ok("state", "chunks", "-c", path, "-e", "orders").stdout
        assert shown["run_id"] in text and shown["tasks"][2]["file_name"] in text

    def test_the_latest_run_in_progress(self, rivet, path):
        rivet.ok("run", "-c", path)
        rivet.killed_at("unit_committed:2", "run", "-c", path, "-e", "orders")
        shown = rivet.ok("state", "chunks", "-c", path, "-e", "orders", "--json").json()
        assert shown["status"] == "in_progress"
        assert [chunk["status"] for chunk in shown["tasks"]].count("completed") == 2
        assert {chunk["rows_written"] for chunk in shown["tasks"] if chunk["status"] != "completed"} == {None}

    def test_needs_an_export(self, rivet, path):
        assert rivet("state", "chunks", "-c", path).code == 2


# What users' scripts read of each listing.
METRICS = ["export_name", "run_id", "run_at", "duration_ms", "total_rows", "peak_rss_mb", "status", "error_message", "tuning_profile",
           "format", "mode", "files_produced", "bytes_written", "retries", "validated", "schema_changed"]
FILES = ["run_id", "export_name", "file_name", "row_count", "bytes", "format", "compression", "created_at"]
CHUNKS = ["export", "run_id", "plan_hash", "status", "updated_at", "tasks"]
TASK = ["chunk_index", "status", "start_key", "end_key", "attempts", "rows_written", "file_name", "last_error"]
PLAN_RESOLVED = ["export_name", "base_query", "strategy", "format", "compression", "destination_type", "tuning_profile", "batch_size",
                 "validate", "reconcile", "resume", "chunk_key", "resumable", "row_hash"]
LISTINGS = [["metrics"], ["journal"], ["state", "files"], ["state", "progression"]]


class TestListings:
    def test_the_fields_that_scripts_read(self, rivet, path):
        rivet.ok("run", "-c", path)
        assert set(METRICS) <= set(rivet.ok("metrics", "-c", path, "--json").json()[0])
        assert set(FILES) <= set(rivet.ok("state", "files", "-c", path, "--json").json()[0])
        assert {"export_name", "last_cursor_value", "last_run_at"} <= set(rivet.ok("state", "show", "-c", path, "--json").json()[0])
        chunks = rivet.ok("state", "chunks", "-c", path, "-e", "orders", "--json").json()
        assert set(CHUNKS) <= set(chunks) and set(TASK) <= set(chunks["tasks"][0])
        assert chunks["export"] == "orders"

    def test_the_journal_of_a_run(self, rivet, path):
        rivet.ok("run", "-c", path, "-e", "orders")
        rivet.ok("run", "-c", path, "-e", "orders")
        runs = [row["run_id"] for row in rivet.ok("metrics", "-c", path, "--json").json()]
        assert [one["run_id"] for one in rivet.ok("journal", "-c", path, "--json").json()] == runs
        assert [one["run_id"] for one in rivet.ok("journal", "-c", path, "-e", "orders", "-l", "1", "--json").json()] == runs[:1]
        journal = rivet.ok("journal", "-c", path, "-e", "orders", "--run-id", runs[1], "--json").json()
        assert (journal["run_id"], journal["export_name"]) == (runs[1], "orders")
        first, last = journal["entries"][0]["event"], journal["entries"][-1]["event"]
        assert set(PLAN_RESOLVED) <= set(first["PlanResolved"]) and first["PlanResolved"]["chunk_key"] == "id"
        assert last["RunCompleted"]["status"] == "success"
        text = rivet.ok("journal", "-c", path, "-e", "orders", "--run-id", runs[1]).stdout
        assert runs[1] in text and runs[0] not in text
        refused = rivet("journal", "-c", path, "-e", "orders", "--run-id", "orders_1")
        assert refused.code == 1 and "'orders_1'" in refused.stderr and "rivet metrics" in refused.stderr

    def test_the_journal_of_an_applied_plan(self, rivet, path):
        rivet.ok("plan", "-c", path, "-e", "orders", "-o", "plan.json")
        rivet.ok("apply", "plan.json")
        (journal,) = rivet.ok("journal", "-c", path, "--json").json()
        first = journal["entries"][0]["event"]["PlanResolved"]
        assert (first["chunk_key"], first["units"]) == ("id", len(rivet.ok("state", "chunks", "-c", path, "-e", "orders", "--json").json()["tasks"]))
        assert "RunCompleted" in journal["entries"][-1]["event"]
        assert [row["run_id"] for row in rivet.ok("metrics", "-c", path, "--json").json()] == [journal["run_id"]]

    @pytest.mark.parametrize("command", LISTINGS, ids=" ".join)
    def test_before_the_first_run(self, rivet, path, command):
        assert rivet.ok(*command, "-c", path, "--json").json() == []
        done = rivet.ok(*command, "-c", path, "-e", "orders")
        assert done.stdout.startswith("No ") and not done.stderr
        assert not (rivet.folder / ".rivet_state.db").exists()

    @pytest.mark.parametrize("command", LISTINGS, ids=" ".join)
    def test_a_name_that_never_ran_is_remarked_beside_the_empty_listing(self, rivet, path, command):
        rivet.ok("run", "-c", path)
        done = rivet.ok(*command, "-c", path, "-e", "ordes", "--json")
        assert done.json() == [] and "'ordes'" in done.stderr and "orders, whole" in done.stderr
        assert rivet.ok("state", "chunks", "-c", path, "-e", "ordes", "--json").json() is None
        assert "orders, whole" in rivet.ok("state", "chunks", "-c", path, "-e", "ordes").stderr
        assert not rivet.ok(*command, "-c", path, "-e", "orders", "--json").stderr

    @pytest.mark.parametrize("command", [["metrics"], ["journal"], ["state", "files"]], ids=" ".join)
    def test_the_limit_keeps_the_newest(self, rivet, path, command):
        rivet.ok("run", "-c", path)
        whole = rivet.ok(*command, "-c", path, "-l", "1000", "--json").json()
        assert len(whole) > 1
        assert rivet.ok(*command, "-c", path, "-l", "1", "--json").json() == whole[:1]
        for limit in ("0", "-1", "many"):
            assert rivet(*command, "-c", path, "-l", limit).code == 2

    @pytest.mark.parametrize("command", [*LISTINGS, ["state", "show"], ["state", "loads"], ["state", "chunks", "-e", "orders"]], ids=" ".join)
    def test_a_configuration_that_is_not_there(self, rivet, command):
        refused = rivet(*command, "-c", "other.yaml")
        assert refused.code == 1 and "other.yaml" in refused.stderr


class TestLoads:
    def test_there_are_never_any(self, rivet, path):
        rivet.ok("run", "-c", path)
        assert rivet.ok("state", "loads", "-c", path, "--json").json() == []
        assert rivet.ok("state", "loads", "-c", path, "-t", "orders", "-l", "3", "--json").json() == []
        text = rivet.ok("state", "loads", "-c", path, "--table", "orders").stdout
        assert "loads none" in text and "manifest.<export>.json" in text

    def test_its_arguments_are_checked(self, rivet, path):
        assert rivet("state", "loads", "-c", path, "-l", "0").code == 2
        assert rivet("state", "loads").code == 2


class TestProgression:
    def test_of_every_export(self, rivet, path):
        assert rivet.ok("state", "progression", "-c", path, "--json").json() == []
        rivet.ok("run", "-c", path)
        shown = rivet.ok("state", "progression", "-c", path, "--json").json()
        assert [row["export_name"] for row in shown] == ["orders", "whole"]
        chunks = rivet.ok("state", "chunks", "-c", path, "-e", "orders", "--json").json()
        assert shown[0]["last_committed_strategy"] == "chunked"
        assert shown[0]["last_committed_run_id"] == chunks["run_id"]
        assert shown[0]["last_committed_chunk_index"] == len(chunks["tasks"]) - 1
        assert shown[0]["last_committed_cursor"] is None and shown[0]["last_verified_at"] is None
        assert list(shown[0]) == [column[1] for column in rivet.state("PRAGMA table_info(export_progression)")]

    def test_of_one(self, rivet, path):
        rivet.ok("run", "-c", path)
        text = rivet.ok("state", "progression", "-c", path, "-e", "whole").stdout
        assert "whole" in text and "orders" not in text

    def test_a_run_without_a_result_moves_nothing(self, rivet, path):
        rivet.ok("run", "-c", path)
        before = rivet.ok("state", "progression", "-c", path, "--json").json()
        rivet.killed_at("before_seal", "run", "-c", path, "-e", "orders")
        assert rivet.ok("state", "progression", "-c", path, "--json").json() == before


class TestReset:
    def test_forgets_the_cursor(self, rivet, path):
        rivet.ok("run", "-c", path)
        give_cursor(rivet, "orders", "4711")
        done = rivet.ok("state", "reset", "-c", path, "-e", "orders")
        assert "4711" in done.stdout and "from the beginning" in done.stdout
        assert rivet.state("SELECT count(*) FROM export_position") == [(0,)]
        assert [row["export_name"] for row in rivet.ok("state", "show", "-c", path, "--json").json()] == ["whole"]
        assert [row["export_name"] for row in rivet.ok("state", "progression", "-c", path, "--json").json()] == ["whole"]
        assert rivet.state("SELECT export_name FROM export_schema ORDER BY 1") == [("orders",), ("whole",)]

    def test_twice_is_harmless(self, rivet, path, orders):
        rivet.ok("run", "-c", path, "-e", "orders")
        rivet.ok("state", "reset", "-c", path, "-e", "orders")
        assert "no cursor" in rivet.ok("state", "reset", "-c", path, "-e", "orders").stdout
        rivet.ok("run", "-c", path, "-e", "orders", "--validate")
        assert_whole(rivet, orders)

    def test_an_unknown_export_is_an_error_that_names_the_known_ones(self, rivet, path):
        refused = rivet("state", "reset", "-c", path, "-e", "orders")
        assert refused.code == 1 and "nothing" in refused.stderr
        assert not (rivet.folder / ".rivet_state.db").exists()
        rivet.ok("run", "-c", path)
        refused = rivet("state", "reset", "-c", path, "-e", "ordes")
        assert refused.code == 1
        assert "'ordes'" in refused.stderr and "orders, whole" in refused.stderr

    def test_ends_a_dead_run_whose_files_the_next_run_moves_aside(self, rivet, path, orders):
        rivet.killed_at("unit_committed:2", "run", "-c", path, "-e", "orders")
        (dead,) = rivet.state("SELECT run_id FROM run")[0]
        done = rivet.ok("state", "reset", "-c", path, "-e", "orders")
        assert dead in done.stdout
        assert statuses(rivet) == ["interrupted"]
        rivet.ok("run", "-c", path, "-e", "orders", "--validate")
        assert statuses(rivet) == ["interrupted", "success"]
        assert_whole(rivet, orders)
        assert any(name.startswith(f"_quarantine/{dead}/") for name in rivet.output("orders").names())

    def test_a_decided_run_is_published_by_the_next(self, rivet, path, orders):
        rivet.killed_at("sealed", "run", "-c", path, "-e", "orders")
        assert "publish" in rivet.ok("state", "reset", "-c", path, "-e", "orders").stdout
        rivet.ok("run", "-c", path, "-e", "orders", "--validate")
        assert statuses(rivet) == ["success", "success"]
        assert_whole(rivet, orders)

    def test_is_refused_under_a_living_process(self, rivet, path, orders, paused):
        process, gate = paused()
        refused = rivet("state", "reset", "-c", path, "-e", "orders", "--json-errors")
        assert (refused.code, refused.error()["code"]) == (1, "RIVET_RUN_IN_PROGRESS")
        gate.touch()
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 0, stderr
        assert_whole(rivet, orders)


class TestResetChunks:
    def test_of_an_export(self, rivet, path, orders):
        rivet.ok("run", "-c", path)
        rivet.killed_at("unit_committed:2", "run", "-c", path, "-e", "orders")
        give_cursor(rivet, "orders", "4711")
        done = rivet.ok("state", "reset-chunks", "-c", path, "-e", "orders")
        assert "starts anew" in done.stdout
        assert statuses(rivet) == ["success", "interrupted"]
        assert rivet.state("SELECT last_cursor_value FROM export_state WHERE export_name = 'orders'") == [("4711",)]
        assert "a complete result is there" in rivet("run", "-c", path, "-e", "orders", "--resume").stderr
        rivet.ok("run", "-c", path, "-e", "orders", "--validate")
        assert statuses(rivet) == ["success", "interrupted", "success"]
        assert_whole(rivet, orders)

    @pytest.mark.parametrize("flag", ["--stuck-checkpoints", "--failed"])
    def test_of_all_exports(self, rivet, path, flag):
        rivet.killed_at("unit_committed:2", "run", "-c", path, "-e", "orders")
        rivet.killed_at("batch_written", "run", "-c", path, "-e", "whole")
        rivet.ok("state", "reset-chunks", "-c", path, flag)
        assert statuses(rivet) == ["interrupted"] and statuses(rivet, "whole") == ["interrupted"]
        assert "no unfinished run" in rivet.ok("state", "reset-chunks", "-c", path, flag).stdout

    def test_nothing_to_do(self, rivet, path):
        rivet.ok("run", "-c", path)
        assert "no unfinished run" in rivet.ok("state", "reset-chunks", "-c", path, "-e", "orders").stdout
        assert rivet("state", "reset-chunks", "-c", path, "-e", "other").code == 1

    def test_a_decided_run_is_left_alone(self, rivet, path, orders):
        rivet.killed_at("sealed", "run", "-c", path, "-e", "orders")
        assert "publish" in rivet.ok("state", "reset-chunks", "-c", path, "-e", "orders").stdout
        assert rivet.state("SELECT stage FROM run") == [("sealed",)]

    def test_one_choice_is_needed(self, rivet, path):
        rivet.ok("run", "-c", path)
        assert rivet("state", "reset-chunks", "-c", path).code == 2
        assert rivet("state", "reset-chunks", "-c", path, "-e", "orders", "--failed").code == 2

    def test_living_processes_are_refused_by_name_and_spared_by_the_flag(self, rivet, path, orders, paused):
        rivet.killed_at("batch_written", "run", "-c", path, "-e", "whole")
        process, gate = paused()
        refused = rivet("state", "reset-chunks", "-c", path, "-e", "orders", "--json-errors")
        assert (refused.code, refused.error()["code"]) == (1, "RIVET_RUN_IN_PROGRESS")
        done = rivet.ok("state", "reset-chunks", "-c", path, "--stuck-checkpoints")
        assert "left alone" in done.stdout
        assert statuses(rivet) == ["running"] and statuses(rivet, "whole") == ["interrupted"]
        gate.touch()
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 0, stderr
        assert_whole(rivet, orders)

    def test_a_living_worker_of_a_dead_run_is_spared(self, rivet, path, orders, paused, tmp_path):
        process, _ = paused()
        gate = tmp_path / "second"
        joined = rivet.start("run", "-c", path, "-e", "orders", "--resume", env={"RIVET_TEST_PAUSE_AT": f"batch_written={gate}"})
        wait_until((tmp_path / "second.reached").exists, joined)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert rivet("state", "reset-chunks", "-c", path, "-e", "orders").code == 1
        assert rivet("state", "reset", "-c", path, "-e", "orders").code == 1
        assert "left alone" in rivet.ok("state", "reset-chunks", "-c", path, "--failed").stdout
        gate.touch()
        _, stderr = joined.communicate(timeout=60)
        assert joined.returncode == 0, stderr
        assert_whole(rivet, orders)
