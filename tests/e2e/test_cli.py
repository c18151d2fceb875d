"""The command line itself: arguments, exit codes, what goes to which stream, and what a terminal shows."""
from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import sqlite3
import struct
import subprocess
import termios
import time

import pytest

from helpers import export, wait_until

ROW_COUNT = 20_000
UNAVAILABLE = ["cdc", "load"]


@pytest.fixture
def source(rivet) -> dict:
    """A SQLite database with two tables."""
    path = rivet.folder / "source.db"
    with sqlite3.connect(path) as connection:
        for table in ("orders", "users"):
            connection.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
            connection.executemany(f"INSERT INTO {table} VALUES (?, ?)", ((i, f"name {i}") for i in range(ROW_COUNT)))
    return {"type": "sqlite", "path": str(path)}


@pytest.fixture
def config(rivet, source):
    return rivet.config(source, export("orders", table="orders"), export("users", table="users"))


def stdout_export(**keys) -> dict:
    return {**export("orders", table="orders", format="csv"), "destination": {"type": "stdout"}, **keys}


# -- usage


def test_usage_errors_end_with_2_and_no_error_prefix(rivet, config):
    for args in ([], ["run"], ["nonsense"], ["run", "-c", config, "--nonsense"], ["metrics", "-c", config, "-l", "0"],
                 ["validate", "-c", config, "--depth", "deep"],
                 ["validate", "-c", config, "--prefix", "x", "--date", "2026-01-01"],
                 ["run", "-c", config, "--parallel-exports", "--parallel-export-processes"]):
        done = rivet(*args)
        assert done.code == 2, (args, done)
        assert "Error:" not in done.stderr and done.stderr and not done.stdout, (args, done)


def test_help_and_version_go_to_stdout(rivet):
    assert re.fullmatch(r"rivet \d+\.\d+\.\d+\n", rivet.ok("--version").stdout)
    top = rivet.ok("--help").stdout
    assert "--source-env" in rivet.ok("init", "--help").stdout
    for command in ("run", "validate", "journal", "metrics", "state"):
        assert re.search(rf"^  {command}\s", top, re.MULTILINE), command
        assert "--config" in rivet.ok(*([command] if command != "state" else ["state", "files"]), "--help").stdout


@pytest.mark.parametrize("command", UNAVAILABLE)
def test_commands_of_later_versions_say_so_whatever_their_arguments(rivet, command):
    done = rivet(*command.split(), "-c", "rivet.yaml", "--some-flag", "value", "--json-errors")
    assert done.code == 1
    assert f"`rivet {command}` is not available in this version" in done.error()["error"]
    assert "validate, reconcile" in done.error()["hint"]
    assert "not available in this version" in rivet.ok(*command.split()[:-1], "--help").stdout


# -- errors


def test_text_and_json_errors_say_the_same(rivet, config):
    text = rivet("run", "-c", config, "-e", "ordesr")
    assert text.code == 1 and text.stderr.startswith("Error: ") and "did you mean 'orders'?" in text.stderr
    error = rivet("--json-errors", "run", "-c", config, "-e", "ordesr").error()
    assert error["exit_class"] == "generic" and error["code"] is None
    assert error["error"] in text.stderr


def test_a_stable_code_is_in_both_forms(rivet, source):
    config = rivet.config(source)
    assert "Error: [RIVET_CONFIG_NO_EXPORTS] " in rivet("run", "-c", config).stderr
    assert rivet("run", "-c", config, "--json-errors").error()["code"] == "RIVET_CONFIG_NO_EXPORTS"


def test_a_malformed_parameter_is_an_error(rivet, config):
    done = rivet("run", "-c", config, "-p", "novalue")
    assert done.code == 1 and "KEY=VALUE" in done.stderr


def test_a_state_store_of_another_engine_is_refused(rivet, config):
    done = rivet("run", "-c", config, env={"RIVET_STATE_URL": "mysql://u:geheim@localhost/x"})
    assert done.code == 1 and "RIVET_STATE_URL" in done.stderr and "geheim" not in done.stderr


# -- run


def test_one_failing_export_does_not_stop_the_others_and_decides_the_code(rivet, source):
    config = rivet.config(source, export("broken", table="missing"), export("orders", table="orders"))
    done = rivet("run", "-c", config, "--json", "--json-errors")
    assert done.code == 1
    assert [(run["export_name"], run["status"]) for run in done.json()["per_export"]] == [("broken", "failed"), ("orders", "success")]
    assert "1 of 2 exports did not succeed: broken" in done.error()["error"]
    assert "1 success · 1 failed" in done.stderr


def test_the_summary_file_is_the_same_document_as_stdout(rivet, config):
    done = rivet.ok("run", "-c", config, "--json", "--summary-output", "new/folder/summary.json")
    assert json.loads((rivet.folder / "new/folder/summary.json").read_text()) == done.json()
    assert done.json()["total_rows"] == 2 * ROW_COUNT


def test_an_unwritable_summary_is_refused_before_anything_runs(rivet, config):
    done = rivet("run", "-c", config, "--summary-output", rivet.folder)
    assert done.code == 1 and "is a folder" in done.stderr
    assert not rivet.output().folder.exists()


def test_stdout_carries_the_data_and_nothing_else(rivet, source):
    done = rivet.ok("run", "-c", rivet.config(source, stdout_export()))
    lines = done.stdout.splitlines()
    assert lines[0] == "id,name" and len(lines) == ROW_COUNT + 1
    assert "✓ orders: success" in done.stderr


def test_data_and_json_never_share_stdout(rivet, source):
    done = rivet("run", "-c", rivet.config(source, stdout_export()), "--json")
    assert (done.code, done.stdout) == (1, "") and "--summary-output" in done.stderr
    two = rivet.config(source, stdout_export(), stdout_export(name="users", table="users"))
    done = rivet("run", "-c", two)
    assert (done.code, done.stdout) == (1, "") and "-e" in done.stderr


def test_summary_files_lie_beside_the_config(rivet, config):
    runs = rivet.ok("run", "-c", config, "--json").json()["per_export"]
    for run in runs:
        assert rivet.summary(run["run_id"])["total_rows"] == ROW_COUNT
        markdown = (rivet.folder / ".rivet/runs" / run["run_id"] / "summary.md").read_text()
        assert markdown.startswith(f"# Rivet run: `{run['run_id']}`") and "- **Status**: SUCCESS" in markdown


def test_the_card_asks_for_verification_until_it_is_done(rivet, config):
    assert "verify:      not run" in rivet.ok("run", "-c", config, "-e", "orders").stderr
    card = rivet.ok("run", "-c", config, "-e", "orders", "--validate").stderr
    assert "verify:" not in card and "validation:  passed" in card


# -- history


def test_looking_at_history_before_the_first_run_creates_nothing(rivet, config):
    for args in (["journal"], ["metrics"], ["state", "show"], ["state", "files"]):
        assert rivet.ok(*args, "-c", config, "--json").json() == []
        assert "recorded yet" in rivet.ok(*args, "-c", config).stdout
    assert not (rivet.folder / ".rivet_state.db").exists()


def test_history_needs_the_config_file_but_not_its_content(rivet, config):
    rivet.ok("run", "-c", config)
    config.write_text("not: [a config")
    assert len(rivet.ok("metrics", "-c", config, "--json").json()) == 2
    assert rivet("metrics", "-c", "nowhere.yaml").code == 1


def test_history_is_newest_first_and_can_be_narrowed(rivet, config):
    first, second = (rivet.ok("run", "-c", config, "-e", name, "--json").json()["per_export"][0]["run_id"]
                     for name in ("orders", "users"))
    assert [row["run_id"] for row in rivet.ok("metrics", "-c", config, "--json").json()] == [second, first]
    assert [row["run_id"] for row in rivet.ok("metrics", "-c", config, "-e", "orders", "--json").json()] == [first]
    assert [row["run_id"] for row in rivet.ok("state", "files", "-c", config, "-l", "1", "--json").json()] == [second]
    assert [row["export_name"] for row in rivet.ok("state", "show", "-c", config, "--json").json()] == ["orders", "users"]
    journal = rivet.ok("journal", "-c", config, "--run-id", first, "--json").json()
    assert journal["run_id"] == first
    assert "PlanResolved" in journal["entries"][0]["event"] and "RunCompleted" in journal["entries"][-1]["event"]
    assert journal["longest_unit_ms"] >= 0
    assert rivet("journal", "-c", config, "--run-id", "nobody").code == 1


# -- validate


def test_validate_names_what_is_wrong_and_ends_with_3(rivet, config):
    rivet.ok("run", "-c", config)
    rivet.ok("validate", "-c", config)
    rivet.output().parts("orders")[0].unlink()
    done = rivet("validate", "-c", config, "--format", "json", "--json-errors")
    assert done.code == 3 and done.error()["exit_class"] == "data_integrity"
    verdicts = {one["export_name"]: one["verification"] for one in done.json()["exports"]}
    assert verdicts["users"]["passed"] and not verdicts["orders"]["passed"]
    assert verdicts["orders"]["failures"][0]["code"] == "RIVET_VERIFY_PART_MISSING"
    text = rivet("validate", "-c", config, "-e", "orders", "--depth", "sample")
    assert text.code == 3 and "✗ orders: failed (sample)" in text.stdout and "RIVET_VERIFY_PART_MISSING" in text.stderr
    rivet.ok("validate", "-c", config, "-e", "orders", "--depth", "light")


def test_validate_of_another_prefix_needs_a_manifest_there(rivet, config):
    assert rivet("validate", "-c", config, "--prefix", "x").code == 1, "two exports"
    done = rivet("validate", "-c", config, "-e", "orders", "--prefix", "x", "--json-errors")
    assert (done.code, done.error()["code"]) == (3, "RIVET_VERIFY_MANIFEST_REQUIRED")
    assert rivet.ok("validate", "-c", config, "-e", "orders", "--format", "json").json()["exports"][0]["verification"]["legacy_run"]


def test_validate_writes_its_report_to_a_file(rivet, config):
    rivet.ok("run", "-c", config)
    done = rivet.ok("validate", "-c", config, "--format", "json", "-o", "report.json")
    assert done.stdout == "" and "report.json" in done.stderr
    assert len(json.loads((rivet.folder / "report.json").read_text())["exports"]) == 2


# -- terminal

# Rows that take long to make, so that a run can be watched and stopped.
SLOW = "SELECT a.id, b.name FROM orders a, orders b LIMIT 30000000"


def on_terminal(rivet, *args, env=None, columns=72, until=None, timeout=60) -> tuple[int, str]:
    """Runs on a pseudo-terminal; sends Ctrl-C once `until` (a pattern) has been shown. Returns code and screen bytes."""
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(rivet.folder)
        command = rivet.command(*args)
        os.execve(command[0], command, {**rivet.environment(env), "TERM": "xterm"})
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    shown, deadline = b"", time.monotonic() + timeout
    try:
        while time.monotonic() < deadline:
            if not select.select([master], [], [], 0.2)[0]:
                continue
            block = os.read(master, 65536)
            if not block:
                break
            shown += block
            if until and re.search(until.encode(), shown):
                os.write(master, b"\x03")
                until = None
        else:
            os.kill(pid, 9)
    except OSError:  # the other side of the terminal is closed: the program has ended
        pass
    finally:
        os.close(master)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


def screen_after(text: str) -> list[str]:
    """The lines a terminal shows in the end: cursor up, carriage return and clear-to-end are obeyed, colours dropped."""
    lines, row = [""], 0
    for token in re.findall(r"\x1b\[\d*[A-Za-z]|\r|\n|[^\x1b\r\n]+", text):
        if token == "\n":
            row += 1
            lines.extend([""] * (row + 1 - len(lines)))
        elif move := re.fullmatch(r"\x1b\[(\d*)A", token):
            row -= int(move[1] or 1)
        elif token == "\x1b[J":
            lines = [*lines[:row], ""]
        elif token == "\r" or token.endswith("m") and token.startswith("\x1b"):
            pass
        else:
            lines[row] += token
    return lines


def test_ctrl_c_on_a_terminal_stops_cleanly_and_leaves_a_clean_screen(rivet, source):
    config = rivet.config(source, export("slow", query=SLOW), export("orders", table="orders"))
    code, shown = on_terminal(rivet, "run", "-c", config, until=r"preparing|rows/s")
    assert code == 130
    screen = screen_after(shown)
    assert not [line for line in screen if line.startswith("…")], screen
    assert any("interrupted" in line for line in screen)
    assert any("1 of 2 exports were not started" in line for line in screen)
    assert not [name for name in rivet.output().names() if "_SUCCESS" in name or name.endswith("parquet")]
    assert not rivet.output().unfinished()


def test_live_lines_fit_the_terminal_and_colours_follow_no_color(rivet, source):
    config = rivet.config(source, export("a-rather-long-name-for-an-export", query="SELECT a.id, b.name FROM orders a, orders b LIMIT 3000000"))
    code, shown = on_terminal(rivet, "run", "-c", config, columns=40)
    assert code == 0
    live = [line for line in re.findall(r"…[^\r\n]*", shown)]
    assert live and max(map(len, live)) < 40
    assert "\x1b[32m" in shown
    code, shown = on_terminal(rivet, "run", "-c", config, env={"NO_COLOR": "1"})
    assert code == 0 and not re.search(r"\x1b\[\d+m", shown)


def test_no_control_sequence_without_a_terminal(rivet, config):
    done = rivet.ok("run", "-c", config, "--json", env={"TERM": "xterm"})
    assert "\x1b" not in done.stderr + done.stdout and "\r" not in done.stderr


def test_a_second_ctrl_c_ends_a_run_that_does_not_stop(rivet, config):
    gate = rivet.folder / "gate"
    process = rivet.start("run", "-c", config, env={"RIVET_TEST_PAUSE_AT": f"before_seal={gate}"})
    wait_until((rivet.folder / "gate.reached").exists, process)
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=1)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 130
    process.communicate()
    rivet.ok("run", "-c", config)
    assert rivet.output().table("orders").num_rows == ROW_COUNT
