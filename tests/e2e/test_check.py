"""`rivet check`: what it says of an export, what it refuses, and that it leaves nothing behind."""
import json
import re
import sqlite3

import duckdb
import pytest

from helpers import Rivet, export, finished, paused

MANY = 150_000
HOSTILE = 'we"ird `na\\me\x1b[31m {0};--'

TYPES = {
    "flag": ("boolean", "BOOLEAN"), "small": ("smallint", "SMALLINT"), "mid": ("integer", "INTEGER"), "big": ("bigint", "BIGINT"),
    "wide": ("numeric(20,0)", "DECIMAL(20,0)"), "price": ("numeric(10,2)", "DECIMAL(10,2)"), "huge": ("numeric(50,5)", "DOUBLE"),
    "single": ("real", "FLOAT"), "dbl": ("double precision", "DOUBLE"), "day": ("date", "DATE"), "clock": ("time", "TIME"),
    "naive": ("timestamp", "TIMESTAMP"), "instant": ("timestamptz", "TIMESTAMP WITH TIME ZONE"), "words": ("text", "VARCHAR"),
    "bytes": ("bytea", "BLOB"), "doc": ("jsonb", "JSON"), "ident": ("uuid", "UUID"), "span": ("interval", "VARCHAR"),
    "mood": ("mood", "VARCHAR"), "ints": ("integer[]", "INTEGER[]"), "idents": ("uuid[]", "UUID[]"), "docs": ("jsonb[]", "JSON[]"),
    "naives": ("timestamp[]", "TIMESTAMP[]"),
}
NANOS = {"naive_ns": ("timestamp", "timestamp_ns"), "instant_ns": ("timestamptz", "timestamp_tz_ns")}


@pytest.fixture
def orders(pg_db):
    """A table with an index on its key and none on `at`, and statistics."""
    pg_db.execute("CREATE TABLE orders (id bigint PRIMARY KEY, at timestamp, day date, price numeric(10,2))",
                  f"INSERT INTO orders SELECT g, timestamp '2026-01-01' + g * interval '1 s', date '2026-01-01' + g %% 5, g FROM "
                  f"generate_series(1, {MANY}) g".replace("%%", "%"), "VACUUM ANALYZE orders")
    return pg_db


@pytest.fixture
def every_type(pg_db):
    columns = ", ".join(f"{name} {sql}" for name, (sql, _) in TYPES.items())
    nanos = ", ".join(f"{name} {sql}" for name, (sql, _) in NANOS.items())
    pg_db.execute("CREATE TYPE mood AS ENUM ('sad', 'happy')", f"CREATE TABLE every_type ({columns}, {nanos})",
                  "INSERT INTO every_type (flag) VALUES (true)")
    return pg_db


def verdicts(done) -> dict[str, dict]:
    """The JSON lines of stdout by export."""
    return {line["export"]: line for line in map(json.loads, done.stdout.splitlines())}


def files(rivet: Rivet) -> dict:
    """Everything in the folder, with content."""
    return {path.relative_to(rivet.folder): path.read_bytes() if path.is_file() else None for path in rivet.folder.rglob("*")}


# -- what it says

def test_an_index_decides_the_verdict(rivet, orders):
    path = rivet.config(orders.source, export("by_key", table="orders", mode="chunked", chunk_column="id", chunk_size=10_000),
                        export("by_time", table="orders", mode="incremental", cursor_column="at"))
    before = files(rivet)
    done = rivet.ok("check", "-c", path)
    assert files(rivet) == before, "a look left something behind"
    by_key, by_time = done.stdout.split("\nExport: ")[1:]
    assert re.search(r"Strategy: +chunked\(id, size=10000\)", by_key)
    assert re.search(r"Row estimate: +~150K +\(catalog estimate\)", by_key)
    assert re.search(r"Cursor range: +1 \.\. 150000", by_key)
    assert re.search(r"Access: +index scan", by_key) and re.search(r"Verdict: +ACCEPTABLE", by_key)
    assert re.search(r"Strategy: +incremental\(at\)", by_time) and re.search(r"Cursor col: +at", by_time)
    assert re.search(r"Access: +full table scan", by_time) and re.search(r"Verdict: +DEGRADED", by_time)
    assert re.search(r"Suggestion: +create an index on orders\(at\)", by_time)
    assert "Types:" not in done.stdout and "Next: rivet run -c" in done.stdout
    orders.execute("CREATE INDEX ON orders (at)", "ANALYZE orders")
    assert re.search(r"Verdict: +EFFICIENT", rivet.ok("check", "-c", path, "-e", "by_time").stdout)


def test_the_fields_that_scripts_read(rivet, orders):
    path = rivet.config(orders.source, export("orders", table="orders", mode="incremental", cursor_column="at"))
    done = rivet.ok("check", "-c", path, "--json")
    (line,) = done.stdout.splitlines()
    verdict = json.loads(line)
    assert list(verdict)[:4] == ["export", "columns", "violations", "diagnostic"]
    assert verdict["columns"][0] == {"column": "id", "source_type": "bigint", "rivet_type": "int8", "arrow_type": "Int64", "fidelity": "exact"}
    assert [(c["rivet_type"], c["arrow_type"]) for c in verdict["columns"][1:]] == [
        ("timestamp", "Timestamp(Microsecond, None)"), ("date", "Date32"), ("decimal(10,2)", "Decimal128(10, 2)")]
    assert verdict["violations"] == []
    diagnostic = verdict["diagnostic"]
    assert set(diagnostic) >= {
        "export_name", "strategy", "mode", "cursor_column", "row_estimate", "row_source", "avg_row_bytes", "cursor_min", "cursor_max",
        "scan_type", "uses_index", "verdict", "recommended_profile", "recommended_parallel", "warnings", "capabilities"}
    assert diagnostic["recommended_parallel"].keys() == {"level", "reason"}
    assert diagnostic["capabilities"] == {"uses_index": False, "has_cursor": True, "can_parallel": False} | {
        "can_parallel": diagnostic["capabilities"]["can_parallel"]}
    assert verdict["prediction"]["rows"].keys() == {"low", "expected", "high"}


def test_a_type_report_of_every_type(rivet, every_type):
    path = rivet.config(every_type.source, export("t", table="every_type", meta_columns={"exported_at": True}))
    done = rivet.ok("check", "-c", path, "--type-report")
    for text in ("int8", 'Timestamp(Microsecond, Some("UTC"))', "Decimal256(50, 5)", "logical_string", "List(Int32)", "_rivet_exported_at"):
        assert text in done.stdout, text


def test_partitions_and_windows(rivet, orders):
    path = rivet.config(orders.source, export("days", table="orders", partition_by="day", path="./out/{partition}"),
                        export("none", query="SELECT * FROM orders WHERE false", partition_by="day", path="./none/{partition}"),
                        export("recent", table="orders", mode="time_window", time_column="at", days_window=7))
    found = verdicts(rivet.ok("check", "-c", path, "--json"))
    assert found["days"]["partitions"] == {"column": "day", "count": 5, "first": "day=2026-01-01", "last": "day=2026-01-05",
                                           "shown": "day=2026-01-03"}
    assert found["none"]["partitions"]["count"] == 0
    assert found["recent"]["diagnostic"]["strategy"] == "time-window(at, 7d)"
    assert not (rivet.folder / "out").exists()


def test_hostile_names(rivet, pg_db):
    quoted = '"' + HOSTILE.replace('"', '""') + '"'
    pg_db.execute(f"CREATE TABLE {quoted} ({quoted} jsonb, id int PRIMARY KEY)")
    path = rivet.config(pg_db.source, export("t", query=f"SELECT * FROM {quoted}"))
    text = rivet.ok("check", "-c", path, "--type-report", "--target", "duckdb").stdout
    assert "\x1b" not in text
    for target in ("bq", "sf", "ch", "duck"):
        found = verdicts(rivet.ok("check", "-c", path, "--json", "--target", target))["t"]
        assert found["columns"][0]["column"] == HOSTILE
        assert found["target"]["columns"][0]["column_name"] == HOSTILE


# -- targets

def test_duckdb_gets_the_types_that_check_says(rivet, every_type):
    overrides = {name: override for name, (_, override) in NANOS.items()}
    path = rivet.config(every_type.source, export("t", table="every_type", columns=overrides,
                                                  meta_columns={"exported_at": True, "row_hash": ["big", "words"]}))
    said = {c["column_name"]: c for c in verdicts(rivet.ok("check", "-c", path, "--json", "--target", "duckdb"))["t"]["target"]["columns"]}
    rivet.ok("run", "-c", path)
    (part,) = rivet.output().parts("t")
    with duckdb.connect() as connection:
        described = {row[0]: row[1] for row in connection.execute("DESCRIBE SELECT * FROM read_parquet($1)", [str(part)]).fetchall()}
    assert {name: column["autoload_type"] for name, column in said.items()} == described
    assert {name: said[name]["target_type"] for name in TYPES} == {name: expected for name, (_, expected) in TYPES.items()}


@pytest.mark.parametrize("word, name", [("bigquery", "bigquery"), ("bq", "bigquery"), ("snowflake", "snowflake"), ("sf", "snowflake"),
                                        ("clickhouse", "clickhouse"), ("ch", "clickhouse"), ("duckdb", "duckdb"), ("duck", "duckdb")])
def test_targets_by_flag_and_by_key(rivet, every_type, word, name):
    path = rivet.config(every_type.source, export("t", table="every_type", target=word))
    by_flag = verdicts(rivet.ok("check", "-c", path, "--json", "--target", word))["t"]["target"]
    assert by_flag == verdicts(rivet.ok("check", "-c", path, "--json"))["t"]["target"]
    assert by_flag["name"] == name
    for column in by_flag["columns"]:
        assert column.keys() == {"column_name", "target_type", "autoload_type", "status", "note", "cast_sql"}
        assert column["status"] in ("ok", "warn", "fail")
    assert (by_flag["recovery_sql"] is None) == (name == "duckdb")
    assert f"[target: {name}]" in rivet.ok("check", "-c", path).stdout


def test_a_target_that_does_not_exist(rivet, every_type):
    path = rivet.config(every_type.source, export("t", table="every_type"))
    assert rivet("check", "-c", path, "--target", "oracle").code == 2


# -- strict

def test_strict_refuses_what_the_target_cannot_hold(rivet, every_type):
    path = rivet.config(every_type.source, export("t", table="every_type"))
    rivet.ok("check", "-c", path, "--strict")
    rivet.ok("check", "-c", path, "--target", "snowflake")
    done = rivet("check", "-c", path, "--strict", "--target", "snowflake", "--json", "--json-errors")
    assert done.code == 1 and "huge" in done.error()["error"], done
    assert [v["column"] for v in verdicts(done)["t"]["violations"]] == ["huge"]


# -- what it refuses

def refused(rivet, path, *args, code=1) -> dict:
    before = files(rivet)
    done = rivet("check", "-c", path, "--json-errors", *args)
    assert done.code == code, done
    assert files(rivet) == before
    return done.error()


def test_a_table_and_a_column_that_are_not_there(rivet, orders):
    path = rivet.config(orders.source, export("good", table="orders"), export("t", table="nope"),
                        export("c", table="orders", mode="chunked", chunk_column="nope"))
    error = refused(rivet, path)
    assert "export 't'" in error["error"] and "export 'c'" in error["error"] and "2 of 3" in error["error"], error
    found = verdicts(rivet("check", "-c", path, "--json"))
    assert found["good"]["diagnostic"]["verdict"] and "error" not in found["good"]
    assert found["t"]["error"]["hint"] and found["c"]["error"]["kind"] in ("config", "permanent")


def test_no_privilege_to_read(rivet, orders):
    role = f"poor_{orders.name}"
    orders.execute(f"CREATE ROLE {role} LOGIN", f"GRANT USAGE ON SCHEMA public TO {role}")
    try:
        path = rivet.config({"type": "postgres", "url": orders.server.url(orders.name, user=role)}, export("t", table="orders"))
        error = refused(rivet, path)
        assert error["kind"] == "auth" and "permission denied" in error["error"], error
    finally:
        orders.execute(f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_a_wrong_password_and_a_server_that_is_down(rivet, pg_tls, pg):
    url = pg_tls.url(password="wrong")
    source = {"type": "postgres", "url": url, "tls": {"mode": "require"}}
    error = refused(rivet, rivet.config(source, export("t", table="pg_class")))
    assert error["kind"] == "auth" and "wrong" not in error["error"].replace("wrong password", ""), error
    gone = pg.url().replace(str(pg.port), "1")
    error = refused(rivet, rivet.config({"type": "postgres", "url": gone}, export("t", table="pg_class")), code=2)
    assert error["exit_class"] == "retryable", error


def test_two_exports_to_stdout(rivet, orders):
    streams = [{**export(name, table="orders", format="csv"), "destination": {"type": "stdout"}} for name in ("a", "b")]
    path = rivet.config(orders.source, *streams)
    assert "stdout" in refused(rivet, path)["error"]
    rivet.ok("check", "-c", path, "-e", "a")


def test_a_file_format_that_cannot_hold_the_columns(rivet, pg_db):
    pg_db.execute("CREATE TABLE t ()")
    path = rivet.config(pg_db.source, export("t", table="t", format="csv"))
    assert "columns" in refused(rivet, path)["error"]
    assert rivet("run", "-c", path).code == 1


# -- what earlier runs left

@pytest.mark.parametrize("reaction, code", [("warn", 0), ("continue", 0), ("fail", 4)])
def test_drift_is_judged_as_a_run_does(rivet, pg_db, reaction, code):
    pg_db.execute("CREATE TABLE t (id int PRIMARY KEY)")
    path = rivet.config(pg_db.source, export("t", table="t", on_schema_drift=reaction))
    rivet.ok("run", "-c", path)
    pg_db.execute("ALTER TABLE t ADD COLUMN more text")
    done = rivet("check", "-c", path, "--json")
    assert done.code == code, done
    assert verdicts(done)["t"]["schema_changes"] == ["added more (text)"]
    assert rivet("run", "-c", path).code == code


def test_another_format_beside_the_parts_of_before(rivet, orders):
    keys = {"table": "orders", "mode": "incremental", "cursor_column": "id"}
    rivet.ok("run", "-c", rivet.config(orders.source, export("t", **keys)))
    path = rivet.config(orders.source, export("t", format="csv", **keys))
    assert rivet("check", "-c", path, "--json-errors").error()["code"] == "RIVET_APPEND_FORMAT_CHANGED"
    assert rivet("run", "-c", path, "--json-errors").error()["code"] == "RIVET_APPEND_FORMAT_CHANGED"


def test_state_is_read_and_left_alone(rivet, orders):
    path = rivet.config(orders.source, export("t", table="orders", mode="incremental", cursor_column="id"))
    rivet.ok("run", "-c", path)
    orders.execute(f"INSERT INTO orders SELECT g FROM generate_series({MANY + 1}, {MANY + 10}) g")
    before = files(rivet)
    found = verdicts(rivet.ok("check", "-c", path, "--json"))["t"]
    assert files(rivet) == before
    assert found["diagnostic"]["cursor_max"] == str(MANY + 10)
    assert found["prediction"]["rows"]["expected"] < MANY


def test_while_a_run_is_at_work(rivet, orders):
    path = rivet.config(orders.source, export("t", table="orders"))
    with paused(rivet, path) as (process, go_on):
        rivet.ok("check", "-c", path)
        go_on()
        assert finished(process).code == 0


def test_a_folder_that_may_only_be_read(humble):
    with sqlite3.connect(humble.folder / "s.db") as db:
        db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)")
    path = humble.config({"type": "sqlite", "path": str(humble.folder / "s.db")}, export("t", table="t", mode="incremental", cursor_column="id"))
    for file in (path, humble.folder / "s.db"):
        file.chmod(0o644)
    humble.folder.chmod(0o755)
    humble.folder.chmod(0o555)
    humble.ok("check", "-c", path)
    humble.folder.chmod(0o777)
    humble.ok("run", "-c", path)
    humble.folder.chmod(0o555)
    before = files(humble)
    humble.ok("check", "-c", path)
    assert files(humble) == before
    humble.folder.chmod(0o777)
