"""Bad input and faults: a clear error with the right exit code, nothing half-written in sight, and the next run right."""
from __future__ import annotations

import json
import os
import re
import signal
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from conftest import Database
from helpers import Finished, Rivet, export, finished, paused, rows_of, wait_until
from servers import PostgresServer, free_port
from small_disk import SmallDisk

ROWS = 1_000
EXIT_CLASSES = {1: "generic", 2: "retryable"}
# More than the buffers between server and program hold, so that a run paused in it is in mid-stream.
MANY = "SELECT i AS id, repeat(md5(i::text), 8) AS payload FROM generate_series(1, 120000) i"
IMPATIENT = {"max_retries": 0, "retry_backoff_ms": 100, "statement_timeout_s": 1, "lock_timeout_s": 1}


@pytest.fixture
def table(pg_db):
    """`t` with ROWS rows."""
    pg_db.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text NOT NULL, price numeric(10,2))",
                  f"INSERT INTO t SELECT i, 'name ' || i, i * 0.01 FROM generate_series(1, {ROWS}) i")
    return pg_db


@pytest.fixture(scope="module")
def mortal():
    """A server that tests may kill, stop and start; it must run when a test begins and ends."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="module")
def locked():
    """A server that asks for passwords."""
    with PostgresServer(password="zqmark0") as server:
        with server.connect() as connection:
            connection.execute("CREATE TABLE t AS SELECT i::bigint AS id, 'name ' || i AS name FROM generate_series(1, 10) i")
            connection.execute("GRANT SELECT ON t TO public")
        yield server


def assert_error(done: Finished, code: int, *says: str, stable: str | None = None, hint: str | None = None) -> None:
    """Exit code, class and stable code; the message holds each of `says`, the next step holds `hint`."""
    assert done.code == code, done
    assert done.stdout == "", done.stdout
    error = done.error()
    assert (error["exit_class"], error["code"]) == (EXIT_CLASSES[code], stable), error
    for text in says:
        assert text in error["error"], f"{text!r} is not said in {error['error']!r}"
    if hint is not None:
        assert hint in (error["hint"] or ""), error
        assert error["hint"] in error["error"], error


def assert_nothing_visible(folder: Path) -> None:
    """At most the records of runs without a result lie there: no part, no marker, no manifest of the export, no leftover."""
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} if folder.is_dir() else set()
    assert all(re.fullmatch(r"manifest-\w+T\d{6}\.\d{3}\.json", name) for name in names), names


def assert_every_row_once(rivet, database, query="SELECT * FROM t", path="output") -> None:
    assert rows_of(rivet.output(path).table("t")) == database.rows(f"SELECT * FROM ({query}) q ORDER BY id")


def assert_next_run_is_right(rivet, path, database, query="SELECT * FROM t", output="output") -> None:
    rivet.ok("run", "-c", path, "--validate")
    assert_every_row_once(rivet, database, query, output)
    assert rivet.output(output).unfinished() == set()


def failing(rivet, path, *args, **options) -> Finished:
    return rivet("run", "-c", path, "--json-errors", *args, **options)


# -- configuration


VALID = "source: {{type: postgres, url: '{url}'}}\nexports:\n- {{name: t, table: t, format: parquet, destination: {{type: local, path: output}}}}\n"


def config_with(rivet, database, replace=("", ""), encoding="utf-8") -> Path:
    path = rivet.folder / "rivet.yaml"
    path.write_bytes(VALID.format(url=database.url).replace(*replace).encode(encoding))
    return path


def test_a_missing_config(rivet, table):
    assert_error(failing(rivet, "nowhere/rivet.yaml"), 1, "nowhere/rivet.yaml", "No such file")
    assert_nothing_visible(rivet.folder)
    assert_next_run_is_right(rivet, config_with(rivet, table), table)


def test_a_config_that_is_a_folder(rivet, table):
    path = rivet.folder / "rivet.yaml"
    path.mkdir()
    assert_error(failing(rivet, path), 1, str(path), "not a regular file")
    path.rmdir()
    assert_next_run_is_right(rivet, config_with(rivet, table), table)


def test_a_config_that_the_user_may_not_read(humble, table):
    path = config_with(humble, table)
    path.chmod(0)
    assert_error(failing(humble, path), 1, str(path), "Permission denied")
    path.chmod(0o644)
    assert_next_run_is_right(humble, path, table)


@pytest.mark.parametrize("replace, encoding, says", [
    (("name: t", "name: tä"), "latin-1", "rivet.yaml: the file is not UTF-8 text"),
    (("name: t", "name: t"), "utf-16", "rivet.yaml: the file is not UTF-8 text"),
    (("- {name", "- {{name"), "utf-8", "rivet.yaml:3: not valid YAML"),
    (("- {name: t,", "\t- {name: t,"), "utf-8", "use spaces"),
    ((VALID, ""), "utf-8", None),
], ids=["latin-1", "utf-16", "broken", "tab", "valid"])
def test_a_config_that_is_no_yaml(rivet, table, replace, encoding, says):
    path = config_with(rivet, table, replace, encoding)
    if says:
        assert_error(failing(rivet, path), 1, says)
    assert_nothing_visible(rivet.folder / "output")
    assert_next_run_is_right(rivet, config_with(rivet, table), table)


def test_values_of_wrong_types_are_all_reported_in_one_go(rivet, table):
    path = rivet.config(table.source | {"tuning": {"batch_size": "many", "max_retries": 1.5}},
                        export("t", table=["t"], format=3, skip_empty="perhaps", columns="text"))
    says = ["'batch_size' must be a whole number", "'max_retries' must be a whole number", "'table' must be text",
            "'3' is not a value of 'format'", "'skip_empty' must be true or false", "'columns' must be"]
    done = failing(rivet, path)
    assert_error(done, 1, *says)
    lines = done.error()["error"].splitlines()
    assert len(lines) == len(says) and all(re.match(rf"{re.escape(str(path))}:\d+: ", line) for line in lines), lines
    assert not (rivet.folder / ".rivet_state.db").exists()
    assert_next_run_is_right(rivet, rivet.config(table.source, export("t", table="t")), table)


@pytest.mark.parametrize("source", [{"url_env": "DB_URL"}, {"url": "${DB_URL}"},
                                    {"host": "127.0.0.1", "user": "rivet", "database": "x", "password_env": "DB_URL"}],
                         ids=["url_env", "substituted", "password_env"])
def test_a_missing_environment_variable(rivet, table, source):
    path = rivet.config({"type": "postgres", **source}, export("t", table="t"))
    assert_error(failing(rivet, path), 1, "rivet.yaml:", "DB_URL")
    assert_nothing_visible(rivet.folder / "output")
    if "host" not in source:
        rivet.env["DB_URL"] = table.url
        assert_next_run_is_right(rivet, path, table)


# -- what the source does not have


def test_a_missing_table(rivet, table):
    path = rivet.config(table.source, export("t", table="later"))
    assert_error(failing(rivet, path), 1, "export 't'", "later", "does not exist", hint="schema.name")
    assert_nothing_visible(rivet.folder / "output")
    table.execute("CREATE TABLE later AS SELECT * FROM t")
    assert_next_run_is_right(rivet, path, table)


def test_a_missing_column_of_a_query(rivet, table):
    path = rivet.config(table.source, export("t", query="SELECT id, quantity FROM t"))
    assert_error(failing(rivet, path), 1, "export 't'", 'column "quantity" does not exist', hint="names of the columns")
    assert_nothing_visible(rivet.folder / "output")
    table.execute("ALTER TABLE t ADD quantity integer")
    assert_next_run_is_right(rivet, path, table, "SELECT id, quantity FROM t")


def test_an_override_of_a_missing_column_is_a_warning(rivet, table):
    path = rivet.config(table.source, export("t", table="t", columns={"pirce": "text"}))
    done = rivet.ok("run", "-c", path)
    assert re.search(r"warning:.*pirce is not a column", done.stderr), done.stderr
    assert_every_row_once(rivet, table)


def test_a_table_the_user_may_not_read(rivet, table):
    table.execute("DROP ROLE IF EXISTS stranger", "CREATE ROLE stranger LOGIN")
    path = rivet.config({"type": "postgres", "url": table.server.url(table.name, user="stranger")}, export("t", table="t"))
    assert_error(failing(rivet, path), 1, "permission denied for table t", hint="GRANT SELECT")
    assert_nothing_visible(rivet.folder / "output")
    table.execute("GRANT SELECT ON t TO stranger")
    assert_next_run_is_right(rivet, path, table)


# -- connecting


def test_a_wrong_password(rivet, locked):
    path = rivet.config({"type": "postgres", "url": locked.url(password="wrong")}, export("t", table="t"))
    done = failing(rivet, path)
    assert_error(done, 1, "export 't'", 'password authentication failed for user "rivet"', hint="check user and password")
    assert done.error()["error"].count("authentication failed") == 1, "said once"
    assert_nothing_visible(rivet.folder / "output")
    path = rivet.config({"type": "postgres", "url": locked.url()}, export("t", table="t"))
    assert_next_run_is_right(rivet, path, Database(locked, "postgres"))


def test_a_refused_connection_fails_at_once(rivet, table):
    port = free_port()
    source = {"type": "postgres", "url": table.url.replace(f":{table.server.port}/", f":{port}/")}
    began = time.monotonic()
    done = failing(rivet, rivet.config(source, export("t", table="t")))
    assert time.monotonic() - began < 5
    assert_error(done, 2, "export 't'", f"port {port}", "refused", hint="check host and port")
    assert_nothing_visible(rivet.folder / "output")
    assert_next_run_is_right(rivet, rivet.config(table.source, export("t", table="t")), table)


def test_an_unknown_host(rivet, table):
    source = {"type": "postgres", "url": table.url.replace("127.0.0.1", "nowhere.invalid"), "tls": {"mode": "disable"}}
    done = failing(rivet, rivet.config(source, export("t", table="t")))
    assert_error(done, 2, "nowhere.invalid", hint="check host and port")
    assert_nothing_visible(rivet.folder / "output")
    assert_next_run_is_right(rivet, rivet.config(table.source, export("t", table="t")), table)


def test_an_unknown_database(rivet, table):
    source = {"type": "postgres", "url": table.server.url("no such database")}
    done = failing(rivet, rivet.config(source, export("t", table="t")))
    assert_error(done, 1, 'database "no such database" does not exist', hint="check the database name")
    assert_nothing_visible(rivet.folder / "output")
    assert_next_run_is_right(rivet, rivet.config(table.source, export("t", table="t")), table)


# -- connections that end in mid-stream


def backend_of_copy(database) -> int:
    """Process id of the server process that sends the rows."""
    found = database.rows("SELECT pid FROM pg_stat_activity WHERE application_name = 'rivet' AND query LIKE 'COPY%' "
                          f"AND datname = '{database.name}'")
    assert len(found) == 1, found
    return found[0][0]


def terminate(database) -> None:
    assert database.rows(f"SELECT pg_terminate_backend({backend_of_copy(database)})") == [(True,)]


def test_a_connection_terminated_in_mid_stream(rivet, table):
    good = rivet.config(table.source, export("t", table="t"))
    rivet.ok("run", "-c", good)
    path = rivet.config(table.source, export("t", query=MANY, tuning=IMPATIENT))
    with paused(rivet, path) as (process, go_on):
        terminate(table)
        go_on()
        done = finished(process)
    assert_error(done, 2, "export 't'", "reading query", "administrator command", hint="run again")
    assert rivet.output().manifest("t")["row_count"] == ROWS, "the last good output stands"
    assert_every_row_once(rivet, table)
    assert rivet.output().unfinished() == set() and len(list(rivet.output().folder.glob("*.parquet"))) == 1
    assert_next_run_is_right(rivet, path, table, MANY)


def test_a_terminated_connection_is_tried_again(rivet, table):
    """It takes 15 s: what ended the connection on purpose is given time to settle."""
    path = rivet.config(table.source, export("t", query=MANY, tuning={"max_retries": 1, "retry_backoff_ms": 10}))
    with paused(rivet, path) as (process, go_on):
        terminate(table)
        go_on()
        done = finished(process)
    assert done.code == 0, done
    assert_every_row_once(rivet, table, MANY)
    assert rivet.output().unfinished() == set()
    assert rivet.state("SELECT status, retries FROM export_metrics") == [("success", 1)]


def crash(server) -> None:
    """Immediate shutdown: server processes end without a word to their clients."""
    os.kill(server.pid, signal.SIGQUIT)
    server.stop()


@pytest.fixture
def restarted(mortal):
    """`mortal`, running again after the test whatever happened to it."""
    yield Database(mortal, "postgres")
    mortal.restart()


def test_a_server_that_crashed_in_mid_stream(rivet, restarted):
    path = rivet.config(restarted.source, export("t", query=MANY, tuning=IMPATIENT))
    with paused(rivet, path) as (process, go_on):
        crash(restarted.server)
        go_on()
        done = finished(process)
    assert_error(done, 2, "export 't'", "reading query", hint="run again")
    assert_nothing_visible(rivet.folder / "output")
    assert_error(failing(rivet, path), 2, "refused", hint="the server is running")
    restarted.server.start()
    assert_next_run_is_right(rivet, path, restarted, MANY)


def test_a_server_that_is_back_before_the_retries_are_used_up(rivet, restarted):
    path = rivet.config(restarted.source, export("t", query=MANY, tuning={"max_retries": 4, "retry_backoff_ms": 500}))
    with paused(rivet, path, "--validate") as (process, go_on):
        crash(restarted.server)
        go_on()
        wait_until(lambda: rivet.state("SELECT 1 FROM journal_event WHERE event_name = 'RetryAttempted'"))
        restarted.server.start()
        done = finished(process)
    assert done.code == 0, done
    assert_every_row_once(rivet, restarted, MANY)
    assert rivet.output().unfinished() == set()
    ((status, retries),) = rivet.state("SELECT status, retries FROM export_metrics")
    assert status == "success" and 1 <= retries <= 4


# -- slow, locked and silent servers


@pytest.fixture
def paced(table):
    """A query that yields nothing for as long as the table `pace` says."""
    table.execute("CREATE TABLE pace AS SELECT 30.0::float8 AS seconds")
    return table, "SELECT t.* FROM t, (SELECT pg_sleep(seconds) FROM pace OFFSET 0) AS wait"


def test_a_statement_that_sends_nothing_for_too_long(rivet, paced):
    database, query = paced
    path = rivet.config(database.source, export("t", query=query, tuning=IMPATIENT))
    done = failing(rivet, path)
    assert_error(done, 1, "export 't'", "reading query", "1 s", stable="RIVET_SOURCE_STATEMENT_TIMEOUT",
                 hint="tuning.statement_timeout_s")
    assert_nothing_visible(rivet.folder / "output")
    wait_until(lambda: not database.rows("SELECT 1 FROM pg_stat_activity WHERE application_name = 'rivet'"), timeout=5)
    database.execute("UPDATE pace SET seconds = 0")
    assert_next_run_is_right(rivet, path, database)


def test_a_statement_that_keeps_sending_may_last_longer_than_the_timeout(rivet, pg_db):
    query = "SELECT i AS id, repeat('x', 20000) AS payload FROM generate_series(1, 25) i, LATERAL (SELECT pg_sleep(0.1 + i * 0)) s"
    path = rivet.config(pg_db.source, export("t", query=query, tuning=IMPATIENT))
    began = time.monotonic()
    rivet.ok("run", "-c", path)
    assert time.monotonic() - began > 2 * IMPATIENT["statement_timeout_s"]
    assert rivet.output().table("t")["id"].to_pylist() == list(range(1, 26))


@contextmanager
def lock_on(database, table="t"):
    with psycopg.connect(database.server.admin_conninfo(database.name)) as holder:
        holder.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield holder.rollback


def test_a_table_that_stays_locked(rivet, table):
    path = rivet.config(table.source, export("t", table="t", tuning=IMPATIENT | {"statement_timeout_s": 20}))
    with lock_on(table):
        assert_error(failing(rivet, path), 2, "export 't'", "looking at t", "lock timeout", hint="tuning.lock_timeout_s")
    assert_nothing_visible(rivet.folder / "output")
    assert_next_run_is_right(rivet, path, table)


def test_a_lock_that_goes_away_is_waited_for(rivet, table):
    path = rivet.config(table.source, export("t", table="t", tuning=IMPATIENT | {"statement_timeout_s": 20, "max_retries": 9}))
    with paused(rivet, path, point="unit_claimed") as (process, go_on):
        with lock_on(table) as unlock:
            go_on()
            wait_until(lambda: rivet.state("SELECT 1 FROM unit WHERE attempts > 1"))
            unlock()
            done = finished(process)
    assert done.code == 0, done
    assert_every_row_once(rivet, table)


@contextmanager
def stopped(*pids: int):
    """Processes that hang: alive to the system, silent to everybody."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in reversed(pids):
            os.kill(pid, signal.SIGCONT)


def test_a_server_process_that_falls_silent_in_mid_stream(rivet, table):
    path = rivet.config(table.source, export("t", query=MANY, tuning=IMPATIENT))
    with paused(rivet, path) as (process, go_on):
        with stopped(backend_of_copy(table)):
            go_on()
            done = finished(process, timeout=20)
    assert_error(done, 1, "reading query", "the server sent nothing for 1 s", stable="RIVET_SOURCE_STATEMENT_TIMEOUT",
                 hint="tuning.statement_timeout_s")
    assert_nothing_visible(rivet.folder / "output")
    assert_next_run_is_right(rivet, path, table, MANY)


def test_a_whole_server_that_hangs_does_not_hang_the_program(rivet, restarted):
    """Not even the request to cancel gets an answer."""
    path = rivet.config(restarted.source, export("t", query=MANY, tuning=IMPATIENT))
    with paused(rivet, path) as (process, go_on):
        with stopped(backend_of_copy(restarted), restarted.server.pid):
            go_on()
            done = finished(process, timeout=20)
    assert_error(done, 1, "the server sent nothing for 1 s", stable="RIVET_SOURCE_STATEMENT_TIMEOUT")
    assert_nothing_visible(rivet.folder / "output")
    assert_next_run_is_right(rivet, path, restarted, MANY)


# -- destinations that do not take it


@pytest.fixture
def bulky(pg_db):
    """About 3 MB once compressed."""
    pg_db.execute("CREATE TABLE t AS SELECT i AS id, md5(i::text) || md5((-i)::text) AS payload FROM generate_series(1, 90000) i")
    return pg_db


@pytest.mark.parametrize("keys", [{}, {"max_file_size": "500KB"}, {"format": "csv"}], ids=["one part", "parts", "csv"])
def test_a_full_disk(rivet, bulky, keys):
    path = rivet.config(bulky.source, export("t", table="t", **keys))
    with SmallDisk(rivet.folder / "output", "size=2m") as disk:
        done = failing(rivet, path)
        assert_error(done, 1, "export 't'", str(disk.folder), "No space left", stable="RIVET_DESTINATION_FULL", hint="free space")
        assert_nothing_visible(disk.folder)
        disk.grow()
        rivet.ok("run", "-c", path, "--validate")
        assert rivet.output().manifest("t")["row_count"] == 90_000
        if keys.get("format") != "csv":
            assert_every_row_once(rivet, bulky)
        assert rivet.output().unfinished() == set()


def test_a_disk_that_takes_the_part_but_not_the_manifest(rivet, table):
    """The result is decided by then: it is kept, not shown as complete, and published by the next run."""
    path = rivet.config(table.source, export("t", table="t"))
    with SmallDisk(rivet.folder / "output", "size=2m,nr_inodes=2") as disk:
        done = failing(rivet, path)
        assert_error(done, 1, "publishing", "No space left", stable="RIVET_DESTINATION_FULL", hint="finishes publishing")
        assert not [name for name in rivet.output().names() if name.startswith(("_SUCCESS", ".", "manifest"))]
        disk.grow()
        assert_next_run_is_right(rivet, path, table)
        assert len(list(disk.folder.glob("manifest-*.json"))) == 2, "the first run was published too"


def test_another_destination_instead_of_one_that_cannot_be_published_to(rivet, table):
    with SmallDisk(rivet.folder / "output", "size=2m,nr_inodes=2"):
        assert failing(rivet, rivet.config(table.source, export("t", table="t"))).code == 1
        path = rivet.config(table.source, export("t", table="t", path="elsewhere"))
        assert_next_run_is_right(rivet, path, table, output="elsewhere")


def test_a_destination_the_user_may_not_write_to(humble, table):
    path = humble.config(table.source, export("t", table="t"))
    folder = humble.folder / "output"
    folder.mkdir(mode=0o555)
    done = failing(humble, path)
    assert_error(done, 1, "export 't'", str(folder), "Permission denied", stable="RIVET_DESTINATION_NOT_WRITABLE",
                 hint="right to write")
    assert_nothing_visible(folder)
    folder.chmod(0o777)
    assert_next_run_is_right(humble, path, table)


@pytest.mark.parametrize("destination", ["output", "output/deeper"])
def test_a_destination_that_is_a_file(rivet, table, destination):
    path = rivet.config(table.source, export("t", table="t", path=destination))
    file = rivet.folder / "output"
    file.write_text("mine")
    done = failing(rivet, path)
    assert_error(done, 1, "export 't'", str(file), stable="RIVET_DESTINATION_NOT_WRITABLE", hint="a file where a folder is needed")
    assert file.read_text() == "mine"
    file.unlink()
    assert_next_run_is_right(rivet, path, table, output=destination)


# -- values


def test_a_value_over_max_value_mb(rivet, table):
    table.execute("UPDATE t SET name = repeat('x', 2000000) WHERE id = 777")
    path = rivet.config(table.source, export("t", table="t", tuning={"max_value_mb": 1}))
    assert_error(failing(rivet, path), 1, 't, column "name", key id=777', "2000000 bytes", stable="RIVET_VALUE_TOO_LARGE",
                 hint="raise tuning.max_value_mb")
    assert_nothing_visible(rivet.folder / "output")
    assert_next_run_is_right(rivet, rivet.config(table.source, export("t", table="t", tuning={"max_value_mb": 2})), table)


@pytest.mark.parametrize("kind, value, shown", [
    ("timestamp", "infinity", "infinity"), ("timestamptz", "-infinity", "-infinity"), ("date", "infinity", "infinity"),
    ("numeric(10,2)", "NaN", "NaN"), ("numeric(50,2)", "NaN", "NaN"), ("timestamp", "294276-12-31 00:00:00", "294276-12-31 00:00:00"),
    ("time", "24:00:00", "24:00:00")])
def test_a_value_that_its_type_cannot_hold(rivet, table, kind, value, shown):
    holdable = "12:30:00" if kind == "time" else "1.50" if "numeric" in kind else "2024-02-29"
    table.execute(f'ALTER TABLE t ADD "c" {kind} DEFAULT \'{holdable}\'', f"UPDATE t SET c = '{value}' WHERE id = 42")
    override = {"c": "timestamp_ns"} if value.startswith("294276") else {}
    done = failing(rivet, rivet.config(table.source, export("t", table="t", columns=override)))
    assert_error(done, 1, 't, column "c", key id=42', shown, stable="RIVET_VALUE_UNREPRESENTABLE", hint="columns: { c: text }")
    assert_nothing_visible(rivet.folder / "output")
    rivet.ok("run", "-c", rivet.config(table.source, export("t", table="t", columns={"c": "text"})), "--validate")
    with psycopg.connect(table.url, options="-c timezone=UTC -c datestyle=ISO") as connection:
        expected = connection.execute("SELECT id, name, price, c::text FROM t ORDER BY id").fetchall()
    assert rows_of(rivet.output().table("t")) == expected


# -- two at a time


def waiting_for_a_lock(database) -> list[int]:
    return [pid for (pid,) in database.rows("SELECT pid FROM pg_stat_activity WHERE application_name = 'rivet' "
                                            f"AND wait_event_type = 'Lock' AND datname = '{database.name}'")]


@pytest.mark.parametrize("query", ["SELECT * FROM t", "SELECT * FROM t WHERE id > 0"], ids=["same plan", "another plan"])
def test_a_run_begun_while_another_plans_is_left_alone(rivet, table, query):
    """The second sees nobody at work, then is held up while it plans; when it gets on the first is in mid-stream."""
    first = rivet.config(table.source, export("t", query="SELECT * FROM t"))
    second = rivet.config(table.source, export("t", query=query), name="second.yaml")
    with ExitStack() as held:
        with lock_on(table):
            late = rivet.start("run", "-c", second, "--json-errors")
            wait_until(lambda: waiting_for_a_lock(table))
            frozen = held.enter_context(ExitStack())
            frozen.enter_context(stopped(*waiting_for_a_lock(table)))
        process, go_on = held.enter_context(paused(rivet, first))
        frozen.close()
        refused = finished(late)
        go_on()
        done = finished(process)
    assert_error(refused, 1, "in progress", stable="RIVET_RUN_IN_PROGRESS", hint="wait for it to end")
    assert done.code == 0, done
    assert_every_row_once(rivet, table)


def test_many_runs_begun_at_once(rivet, table):
    path = rivet.config(table.source, export("t", table="t"))
    processes = [rivet.start("run", "-c", path, "--json-errors") for _ in range(6)]
    runs = [finished(process) for process in processes]
    assert 0 in [run.code for run in runs], runs
    for run in runs:
        if run.code != 0:
            assert_error(run, 1, stable="RIVET_RUN_IN_PROGRESS", hint="wait for it to end")
    assert_every_row_once(rivet, table)
    assert_next_run_is_right(rivet, path, table)


# -- secrets


# Every stretch of a password between awkward characters is recognisable, so that no part of one slips through.
PASSWORDS = {"reserved": "zqmark1/zqmark2?zqmark3#zqmark4@zqmark5%zqmark6:zqmark7 zqmark8&zqmark9=",
             "non-ascii": "zqmark1ßzqmark2日本zqmark3\u0301é🔑zqmark4",
             "quotes": "zqmark1'zqmark2\"zqmark3\\zqmark4`zqmark5$zqmark6;zqmark7<zqmark8>{zqmark9}",
             "encoded": "zqmark1%41zqmark2%2Fzqmark3+zqmark4%"}
MARK = re.compile(rb"zqmark\d", re.IGNORECASE)
# What looks encoded in a URL is encoded: the password "encoded" has no raw form.
FORMS = ["url", "raw url", "url parameter", "url_env", "password_env", "url_file", "password", "substituted password",
         "substituted url"]


def assert_no_secret(rivet, *runs: Finished) -> None:
    """Neither in what was printed nor in any byte of any file, whatever its encoding: only the inputs hold it."""
    for run in runs:
        assert not MARK.search((run.stdout + run.stderr).encode()), run
    for path in rivet.folder.rglob("*"):
        if path.is_file() and path.suffix not in (".yaml", ".secret"):
            found = MARK.search(path.read_bytes())
            assert not found, f"{path} holds {found and path.read_bytes()[max(0, found.start() - 80):found.end() + 80]}"


def with_password(form: str, rivet, server, role: str, password: str, port: int | None = None) -> tuple[dict, list[str]]:
    """The source block that gives the password in this form, and the arguments it needs."""
    address = f"127.0.0.1:{port or server.port}/postgres"
    url = f"postgresql://{role}:{quote(password, safe='')}@{address}"
    parts = {"host": "127.0.0.1", "port": port or server.port, "user": role, "database": "postgres"}
    rivet.env |= {"SECRET_URL": url, "SECRET": password}
    (rivet.folder / "url.secret").write_text(url + "\n", encoding="utf-8")
    source, args = {
        "url": ({"url": url}, []),
        "raw url": ({"url": f"postgresql://{role}:{password}@{address}"}, []),
        "url parameter": ({"url": f"postgresql://{role}@{address}?password={quote(password, safe='')}"}, []),
        "url_env": ({"url_env": "SECRET_URL"}, []),
        "url_file": ({"url_file": "url.secret"}, []),
        "password": (parts | {"password": password}, []),
        "password_env": (parts | {"password_env": "SECRET"}, []),
        "substituted password": (parts | {"password": "${KEY}"}, ["-p", f"KEY={password}"]),
        "substituted url": ({"url": f"postgresql://{role}:${{KEY}}@{address}"}, ["-p", f"KEY={quote(password, safe='')}"]),
    }[form]
    return {"type": "postgres", **source}, args


@pytest.fixture
def roles(locked):
    """Roles named by their password; `other` has one that nobody gives."""
    def literal(text):
        return psycopg.sql.Literal(text)
    with locked.connect() as connection:
        for role, password in {**PASSWORDS, "other": "unknown"}.items():
            name = psycopg.sql.Identifier(role)
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                connection.execute(psycopg.sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(name, literal(password)))
    return locked


@pytest.mark.parametrize("role, form", [("reserved", form) for form in FORMS] + [
    (role, form) for role in PASSWORDS for form in FORMS[1::3] if role != "reserved" and (role, form) != ("encoded", "raw url")])
def test_secrets_appear_nowhere(rivet, roles, form, role):
    password, runs = PASSWORDS[role], []
    rivet.env |= {"RUST_LOG": "trace", "RIVET_LOG": "trace"}

    def run(name, *entries, of=role, port=None, code=0, extra=()):
        source, args = with_password(form, rivet, roles, of, password, port)
        path = rivet.config(source, *entries, name=f"{name}.yaml")
        done = rivet("run", "-c", path, *args, *extra)
        assert done.code == code, done
        runs.append(done)
        return path, args

    path, args = run("good", export("t", table="t"), extra=["--validate", "--json", "--summary-output", "summary.json"])
    for command in (["journal"], ["metrics"], ["state", "show"], ["state", "files"]):
        runs += [rivet.ok(*command, "-c", path), rivet.ok(*command, "-c", path, "--json")]
    run("missing", export("t", table="nope"), code=1)
    run("denied", export("t", table="t"), of="other", code=1, extra=["--json-errors"])
    run("refused", export("t", table="t"), port=free_port(), code=2)
    if role != "quotes":  # which SQL spells in its own way
        run("quoted", export("w", query=f"SELECT * FROM t WHERE name <> {quote_literal(password)}"), extra=["--validate"])
    run("statement", export("t", query=f"SELECT {quote_literal(password)}::int AS id"), code=1, extra=["--json-errors", "--json"])
    run("two", export("t", table="t"), export("u", table="nope"), code=1, extra=["--json"])
    (rivet.folder / "output" / "manifest.v.json").mkdir()
    run("unpublished", export("v", table="t"), code=1, extra=["--summary-output", "resumable.json"])
    assert json.loads((rivet.folder / "resumable.json").read_text())["per_export"][0]["resume_command"]
    assert_no_secret(rivet, *runs)
    assert rivet.output().table("t").num_rows == 10


def quote_literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@pytest.mark.parametrize("role", PASSWORDS)
def test_secrets_of_a_broken_config_are_not_shown(rivet, roles, role):
    password = PASSWORDS[role]
    url = f"postgresql://{role}:{password}@127.0.0.1:{roles.port}/postgres"
    parts = {"type": "postgres", "host": "127.0.0.1", "user": role, "database": "postgres"}
    sources = [{"type": "postgres", "url": url, "url_env": "X"}, {"type": "postgres", "url": url.replace("postgresql", "mysql")},
               {"type": "postgres", "url": f"postgresql:{role}:{password}@127.0.0.1"},
               {"type": "postgres", "url": f"postgresql://{role}:{password}@127.0.0.1:port/postgres"},
               {"type": "postgres", "url": [url]}, {"type": "postgres", "urll": url}, {"type": url, "url": url},
               {**parts, "password": {"is": password}}, {**parts, "password": [password]}, {**parts, "pasword": password},
               {**parts, "password": password, "port": password}, {**parts, "password": password, "tls": {"mode": password}}]
    runs = [failing(rivet, rivet.config(source, export("t", table="t"), name=f"{number}.yaml"))
            for number, source in enumerate(sources)]
    text = f"source:\n  password: {json.dumps(password)[:-1]}\n"
    (rivet.folder / "open.yaml").write_text(text, encoding="utf-8")
    runs.append(failing(rivet, "open.yaml"))
    (rivet.folder / "flow.yaml").write_text(f"source: {{type: postgres, password: [{json.dumps(password)}}}\n", encoding="utf-8")
    runs.append(failing(rivet, "flow.yaml"))
    for run in runs:
        assert run.code == 1 and run.error()["error"], run
    assert_no_secret(rivet, *runs)
