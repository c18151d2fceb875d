"""The SQLite source end to end: every kind of value, every kind of table, and databases that others hold or broke."""
from __future__ import annotations

import csv
import datetime as dt
import math
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from digest_v1 import digest_of
from helpers import export, rows_of, wait_until
from torture import BIG, DECLARED

ROWS = 60_000
KILL_POINTS = ["run_started", "unit_claimed", "part_opened", "batch_written:3", "part_committed:2", "unit_committed", "sealed",
               "manifest_written", "published"]


class SqliteFile:
    """A database file in the test's folder."""

    def __init__(self, path: Path):
        self.path = path

    @property
    def source(self) -> dict:
        """The `source:` block of a config."""
        return {"type": "sqlite", "path": str(self.path)}

    def execute(self, *statements: str | tuple) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            for statement in statements:
                connection.execute(*([statement] if isinstance(statement, str) else statement))

    def rows(self, query: str) -> list[tuple]:
        with closing(sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True)) as connection:
            return connection.execute(query).fetchall()

    def beside(self) -> set[str]:
        """Files that belong to the database: itself, journal, write-ahead log."""
        return {path.name for path in self.path.parent.iterdir()}


@pytest.fixture
def db(rivet) -> SqliteFile:
    folder = rivet.folder / "data"
    folder.mkdir()
    return SqliteFile(folder / "source.db")


def run(rivet, db, *args: str, name: str = "t", **keys):
    """Exports table `t` (or the query given) with --validate, which must succeed."""
    if "query" not in keys and "query_file" not in keys:
        keys.setdefault("table", "t")
    return rivet.ok("run", "-c", rivet.config(db.source, export(name, **keys)), "--validate", *args)


def landed(rivet, db, **keys) -> pa.Table:
    run(rivet, db, **keys)
    return rivet.output().table("t")


def types_of(table: pa.Table) -> dict[str, str]:
    return {field.name: str(field.type) for field in table.schema}


def bits(value):
    """Floats compare by their bytes: NaN is one value, -0 is not 0."""
    return struct.pack("d", value) if isinstance(value, float) and not math.isnan(value) else value


# -- types by declaration


def storage(column: pa.ChunkedArray) -> list:
    """Values without extension types, which Python would turn into objects of its own."""
    if isinstance(column.type, pa.BaseExtensionType):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], column.type.storage_type)
    return column.to_pylist()


@pytest.mark.parametrize("declared, values, arrow_type, expected", [(*case, case[1])[:4] for case in DECLARED],
                         ids=[case[0] for case in DECLARED])
def test_declared_types_carry_their_values(rivet, db, declared, values, arrow_type, expected):
    db.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, v {declared})",
               *[("INSERT INTO t (v) VALUES (?)", (value,)) for value in [*values, None]])
    table = landed(rivet, db).sort_by("id")
    if arrow_type:
        assert types_of(table)["v"] == arrow_type
    if expected is not None:
        assert [bits(v) for v in storage(table["v"])] == [bits(v) for v in [*expected, None]]
    assert table.schema.field("v").metadata[b"rivet.native_type"] == declared.encode()
    with duckdb.connect() as connection:
        parts = [str(part) for part in rivet.output().parts("t")]
        (count,) = connection.execute("SELECT count(v) FROM read_parquet($p)", {"p": parts}).fetchone()
    assert count == len(values)


def test_nan_becomes_null_in_sqlite_itself(rivet, db):
    """SQLite stores NaN as NULL; the export shows what the database holds."""
    db.execute("CREATE TABLE t (v REAL)", ("INSERT INTO t VALUES (?)", (math.nan,)))
    assert db.rows("SELECT v IS NULL FROM t") == [(1,)]
    assert landed(rivet, db)["v"].to_pylist() == [None]


@pytest.mark.parametrize("values, arrow_type", [
    ([1, BIG], "int64"), ([1.5, -0.0], "double"), (["a", ""], "string"), ([b"\x00"], "binary"), ([1, 2.5], "double"), ([], "string")])
def test_a_column_without_a_type_takes_it_from_its_values(rivet, db, values, arrow_type):
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v)",
               *[("INSERT INTO t (v) VALUES (?)", (value,)) for value in [None, *values]])
    table = landed(rivet, db).sort_by("id")
    assert types_of(table)["v"] == arrow_type
    expected = [None, *(float(v) if arrow_type == "double" else v for v in values)]
    assert [bits(v) for v in table["v"].to_pylist()] == [bits(v) for v in expected]


@pytest.mark.parametrize("declared, values, texts", [
    ("", [1, "one", 2.5], ["1", "one", "2.5"]), ("", [2**53 + 1, 0.5], ["9007199254740993", "0.5"]),
    ("BOOLEAN", [0, 2], ["0", "2"]), ("DATE", ["2024-01-01", "soon"], ["2024-01-01", "soon"]),
    ("DATE", ["2024-02-30"], ["2024-02-30"]), ("DATETIME", [1700000000], ["1700000000"]),
    ("DECIMAL(4,2)", ["100.00"], ["100"]), ("DECIMAL(4,2)", [0.125], ["0.125"]), ("UUID", ["nope"], ["nope"]),
    ("NUMERIC", [1, 1.5, "x"], ["1", "1.5", "x"])])
def test_values_that_do_not_fit_a_declared_name_make_the_column_text_with_a_warning(rivet, db, declared, values, texts):
    db.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, v {declared})",
               *[("INSERT INTO t (v) VALUES (?)", (value,)) for value in values])
    done = run(rivet, db)
    table = rivet.output().table("t").sort_by("id")
    assert (types_of(table)["v"], table["v"].to_pylist()) == ("string", texts)
    assert "column v" in done.stderr and "text" in done.stderr


# -- values that stop the export

MISFITS = [
    ("INTEGER", "'many'", "text 'many'"), ("INTEGER", "1.5", "real 1.5"), ("INTEGER", "9.3e18", "real 9.3e+18"),
    ("REAL", "'much'", "text 'much'"), ("REAL", f"{2**53 + 1}", None), ("BLOB", "'text'", "text 'text'"), ("BLOB", "7", "integer 7"),
    ("TEXT", "x'00ff'", "blob x'00ff'"), ("TEXT", "CAST(x'61ff62' AS TEXT)", "\\xff")]


@pytest.mark.parametrize("format", ["parquet", "csv"])
@pytest.mark.parametrize("declared, literal, shown", MISFITS, ids=[f"{case[0]} {case[1]}" for case in MISFITS])
def test_a_value_of_another_kind_is_an_error_that_names_it(rivet, db, declared, literal, shown, format):
    db.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, odd {declared})", "INSERT INTO t (odd) VALUES (NULL)",
               f"INSERT INTO t VALUES (42, {literal})")
    path = rivet.config(db.source, export("t", table="t", format=format))
    failed = rivet("run", "-c", path, "--json-errors")
    if shown is None:  # REAL affinity makes a double of it before we ever see it
        assert failed.code == 0 and db.rows("SELECT typeof(odd) FROM t WHERE id = 42") == [("real",)]
        return
    assert failed.code == 1, failed.stderr
    error = failed.error()
    assert error["code"] == "RIVET_VALUE_UNREPRESENTABLE"
    for part in ("t, column 'odd', row id = 42", shown):
        assert part in error["error"], error
    way_out = "SELECT" if declared == "TEXT" or declared == "BLOB" else "columns: {odd: text}"
    assert way_out in error["hint"], error
    assert not any(name.endswith((".parquet", ".csv")) for name in rivet.output().names())


@pytest.mark.parametrize("declared, literal, text", [
    ("INTEGER", "'many'", "many"), ("INTEGER", "1.5", "1.5"), ("REAL", "'much'", "much"), ("BLOB", "'text'", "text"),
    ("BLOB", "7", "7")])
def test_the_way_out_works(rivet, db, declared, literal, text):
    db.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, odd {declared})", f"INSERT INTO t VALUES (1, {literal}), (2, NULL)")
    table = landed(rivet, db, columns={"odd": "text"}).sort_by("id")
    assert table["odd"].to_pylist() == [text, None]


def test_the_way_out_for_bytes_works(rivet, db):
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, odd TEXT)", "INSERT INTO t VALUES (1, CAST(x'61ff00' AS TEXT)), (2, 'ok')")
    table = landed(rivet, db, query='SELECT id, hex("odd") AS "odd" FROM t').sort_by("id")
    assert table["odd"].to_pylist() == ["61FF00", "6F6B"]
    table = landed(rivet, db, query='SELECT id, CAST("odd" AS BLOB) AS "odd" FROM t', columns={"odd": "binary"}).sort_by("id")
    assert table["odd"].to_pylist() == [b"a\xff\x00", b"ok"]


def test_misfits_name_composite_keys_rowids_and_numbers_of_rows(rivet, db):
    db.execute("CREATE TABLE pair (a TEXT, b INTEGER, v INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID",
               "INSERT INTO pair VALUES ('x', 7, 'odd')",
               "CREATE TABLE plain (v INTEGER)", "INSERT INTO plain (rowid, v) VALUES (99, 'odd')")
    for keys, name in (({"table": "pair"}, "row a = 'x', b = 7"), ({"table": "plain"}, "row rowid 99"),
                       ({"query": "SELECT v FROM plain"}, "row number 1 of the result")):
        failed = rivet("run", "-c", rivet.config(db.source, export("t", **keys)))
        assert failed.code == 1 and name in failed.stderr, failed.stderr


def test_overrides_convert_exactly_or_not_at_all(rivet, db):
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, s TEXT)", "INSERT INTO t VALUES (1, 40000, '12.50')")
    table = landed(rivet, db, columns={"n": "int4", "s": "decimal(10,2)"})
    assert (types_of(table)["n"], table["n"].to_pylist(), table["s"].to_pylist()) == ("int32", [40000], [Decimal("12.50")])
    for columns in ({"n": "int2"}, {"s": "decimal(10,0)"}, {"s": "int8"}, {"n": "date"}):
        failed = rivet("run", "-c", rivet.config(db.source, export("t", table="t", columns=columns)))
        assert failed.code == 1, (columns, failed.stderr)


def test_a_value_over_the_limit_is_an_error(rivet, db):
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v BLOB)", "INSERT INTO t VALUES (3, zeroblob(2000000))")
    source = {**db.source, "tuning": {"max_value_mb": 1}}
    failed = rivet("run", "-c", rivet.config(source, export("t", table="t")), "--json-errors")
    assert failed.code == 1 and failed.error()["code"] == "RIVET_VALUE_TOO_LARGE" and "id = 3" in failed.error()["error"]


# -- kinds of tables


def test_without_rowid_strict_generated_and_views(rivet, db):
    db.execute("CREATE TABLE wr (k TEXT PRIMARY KEY, v INTEGER) WITHOUT ROWID", "INSERT INTO wr VALUES ('b', 2), ('a', 1)",
               "CREATE TABLE st (id INTEGER PRIMARY KEY, i INT, r REAL, t TEXT, b BLOB, a ANY) STRICT",
               "INSERT INTO st VALUES (1, 2, 3.5, 'x', x'00', 'any')",
               "CREATE TABLE gen (id INTEGER PRIMARY KEY, twice INTEGER AS (id * 2) VIRTUAL, kept TEXT AS ('k' || id) STORED)",
               "INSERT INTO gen (id) VALUES (1), (2)", "CREATE VIEW seen AS SELECT id, twice + 1 AS more FROM gen")
    names = ("wr", "st", "gen", "seen")
    rivet.ok("run", "-c", rivet.config(db.source, *[export(name, table=name) for name in names]), "--validate")
    for name, key in zip(names, ("k", "id", "id", "id")):
        assert rows_of(rivet.output().table(name), key) == db.rows(f"SELECT * FROM {name} ORDER BY 1"), name
    rivet.ok("validate", "-c", "rivet.yaml", "--depth", "full")


@pytest.mark.parametrize("name", ["a b", "select", "we\"ird", "dot.ted", "semi;colon", "tab\tle", "Größe 🚲", "'quoted'", "%41",
                                  "new\nline"])
def test_odd_names_of_columns(rivet, db, name):
    quoted = '"' + name.replace('"', '""') + '"'
    db.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, {quoted} TEXT)", "INSERT INTO t VALUES (1, 'v')")
    table = landed(rivet, db)
    assert table.column_names == ["id", name] and table[name].to_pylist() == ["v"]


@pytest.mark.parametrize("name", ["a b", "select", "we\"ird", "dot.ted", "semi;colon", "Größe 🚲", "'quoted'"])
def test_odd_names_of_tables(rivet, db, name):
    quoted = '"' + name.replace('"', '""') + '"'
    db.execute(f"CREATE TABLE {quoted} (id INTEGER PRIMARY KEY)", f"INSERT INTO {quoted} VALUES (5)")
    assert landed(rivet, db, table=quoted)["id"].to_pylist() == [5]


def test_a_table_named_wrongly_is_an_error_with_a_suggestion(rivet, db):
    db.execute("CREATE TABLE customers (id INTEGER)")
    failed = rivet("run", "-c", rivet.config(db.source, export("t", table="custmers")))
    assert failed.code == 1 and "did you mean 'customers'" in failed.stderr
    failed = rivet("run", "-c", rivet.config(db.source, export("t", table="other.customers")))
    assert failed.code == 1 and "no schema 'other'" in failed.stderr


def test_text_stored_as_utf16(rivet, db):
    db.execute("PRAGMA encoding = 'UTF-16le'", "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)",
               ("INSERT INTO t VALUES (1, ?), (2, '')", ("ü🚲",)))
    assert landed(rivet, db).sort_by("id")["v"].to_pylist() == ["ü🚲", ""]


@pytest.mark.parametrize("format", ["parquet", "csv"])
def test_no_rows(rivet, db, format):
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v DATE)")
    run(rivet, db, format=format)
    manifest = rivet.output().manifest("t")
    assert (manifest["status"], manifest["row_count"], manifest["parts"]) == ("success", 0, [])


# -- queries


def test_query_and_query_file(rivet, db):
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v DATE)", "INSERT INTO t VALUES (1, '2024-01-01'), (2, '2024-01-02')")
    (rivet.folder / "q.sql").write_text("SELECT id AS n, v -- the day\nFROM t WHERE id > 1;\n")
    for keys in ({"query": "SELECT id AS n, v FROM t WHERE id > 1"}, {"query_file": "q.sql"}):
        table = landed(rivet, db, **keys)
        assert table.to_pylist() == [{"n": 2, "v": dt.date(2024, 1, 2)}], keys


@pytest.mark.parametrize("query, says", [
    ("DELETE FROM t", "change the database"), ("SELECT 1 AS a; SELECT 2 AS b", "more than one statement"),
    ("SELECT id, id FROM t", "two columns named 'id'"), ("SELECT ? AS a", "bind parameters"), ("SELECT idd FROM t", "did you mean 'id'"),
    ("SELEC id FROM t", "syntax error"), ("PRAGMA journal_mode = wal", ""), ("ATTACH 'other.db' AS other", ""),
    ("VACUUM INTO 'copy.db'", "")])
def test_queries_that_are_no_single_select_are_refused(rivet, db, query, says):
    db.execute("CREATE TABLE t (id INTEGER)", "INSERT INTO t VALUES (1)")
    before = db.path.read_bytes()
    failed = rivet("run", "-c", rivet.config(db.source, export("t", query=query)))
    assert failed.code == 1 and says in failed.stderr, failed.stderr
    assert db.path.read_bytes() == before and db.beside() == {"source.db"}
    assert not (rivet.folder / "copy.db").exists() and not (rivet.folder / "other.db").exists()


# -- the whole way, and its evidence

TORTURE = """CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, r REAL, s TEXT, b BLOB, d DATE, at DATETIME, p DECIMAL(12,3), f BOOLEAN)"""
FILL = f"""
WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i WHERE x < {ROWS})
INSERT INTO t SELECT x, CASE WHEN x % 7 THEN x * 153722867280912 % 9223372036854775807 END, x / 3.0, CASE x % 5 WHEN 0 THEN NULL
  WHEN 1 THEN '' ELSE 'Straße "' || x || '", 🚲' || char(10) END, CASE WHEN x % 3 THEN randomblob(x % 40) END,
  CASE WHEN x % 11 THEN date('1900-01-01', '+' || x || ' days') END, datetime('1969-06-01', '+' || (x * 37) || ' minutes'),
  CASE WHEN x % 13 THEN printf('%d.%03d', x, x % 1000) END, x % 2 FROM i"""


@pytest.fixture
def torture(db) -> SqliteFile:
    db.execute(TORTURE, FILL)
    return db


def expected_rows(db: SqliteFile) -> list[tuple]:
    """The rows as Python values of the types that the declarations promise."""
    def converted(row):
        *head, d, at, p, f = row
        return (*head, d and dt.date.fromisoformat(d), at and dt.datetime.fromisoformat(at),
                None if p is None else Decimal(str(p)).quantize(Decimal("0.001")), bool(f))

    return [converted(row) for row in db.rows("SELECT * FROM t ORDER BY id")]


def test_every_row_once_and_the_digest_of_the_source(rivet, torture):
    run(rivet, torture, max_file_size="1MB")
    output = rivet.output()
    expected = expected_rows(torture)
    assert rows_of(output.table("t")) == expected
    assert [tuple(row.values()) for row in output.duckdb_table("t").sort_by("id").to_pylist()] == expected
    manifest = output.manifest("t")
    assert len(manifest["parts"]) > 1 and manifest["source"]["engine"] == "sqlite"
    header = manifest["digest"]["columns"]
    assert [(c["name"], c["type"]) for c in header] == [
        ("id", "int64"), ("n", "int64"), ("r", "float64"), ("s", "text"), ("b", "binary"), ("d", "date"), ("at", "timestamp(us)"),
        ("p", "decimal(12,3)"), ("f", "boolean")]
    recomputed = digest_of(expected, [c["type"] for c in header], [c["name"] for c in header])
    assert (recomputed.rows, recomputed.value) == (ROWS, manifest["digest"]["value"])
    assert recomputed.column_checksums == manifest["column_checksums"]
    for depth in ("light", "sample", "full"):
        rivet.ok("validate", "-c", "rivet.yaml", "--depth", depth)


def test_csv_carries_the_same_rows_and_digest(rivet, torture):
    run(rivet, torture)
    plain = rivet.output().manifest("t")["digest"]
    run(rivet, torture, format="csv", path="./csv")
    output = rivet.output("csv")
    assert output.manifest("t")["digest"] == plain
    found = []
    for part in output.parts("t"):
        with part.open(newline="", encoding="utf-8") as lines:
            found += [(int(r["id"]), r["n"], r["s"], r["b"], r["d"], r["at"], r["p"], r["f"]) for r in csv.DictReader(lines)]

    def text(value):
        return "" if value is None else str(value)

    expected = [(i, text(n), text(s), "" if b is None else b.hex(), text(d), at.isoformat(timespec="microseconds"), text(p),
                 "true" if f else "false") for i, n, _, s, b, d, at, p, f in expected_rows(torture)]
    assert sorted(found) == expected
    with duckdb.connect() as connection:
        parts = [str(part) for part in output.parts("t")]
        nulls = connection.execute("SELECT count(*) FILTER (s IS NULL), count(*) FILTER (s = '') FROM read_csv($p, header = true, "
                                   "all_varchar = true, nullstr = '', allow_quoted_nulls = false)", {"p": parts}).fetchone()
    assert nulls == (ROWS // 5, ROWS // 5)
    rivet.ok("validate", "-c", "rivet.yaml", "--depth", "full")


def test_integer_primary_keys_alone_are_not_null_in_the_file(rivet, db):
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT)", "INSERT INTO t VALUES (1, 'x', NULL)")
    assert [field.name for field in landed(rivet, db).schema if not field.nullable] == ["id", "a"]
    db.execute("CREATE TABLE k (k TEXT PRIMARY KEY)", "INSERT INTO k VALUES (NULL)")
    run(rivet, db, table="k", path="./k")
    assert pq.read_table(rivet.output("k").parts("t")[0])["k"].to_pylist() == [None]


@pytest.mark.parametrize("point", KILL_POINTS)
def test_killed_and_run_again_every_row_is_there_once(rivet, torture, point):
    path = rivet.config(torture.source, export("t", table="t", max_file_size="512KB"))
    before = torture.path.read_bytes()
    rivet.killed_at(point, "run", "-c", path)
    rivet.ok("run", "-c", path, "--validate")
    output = rivet.output()
    assert rows_of(output.table("t")) == expected_rows(torture)
    assert output.unfinished() == set()
    assert torture.path.read_bytes() == before and torture.beside() == {"source.db"}
    rivet.ok("validate", "-c", path, "--depth", "full")


# -- the database file


def test_the_file_is_not_touched(rivet, torture):
    before = (torture.path.read_bytes(), torture.path.stat().st_mtime_ns)
    run(rivet, torture)
    assert (torture.path.read_bytes(), torture.path.stat().st_mtime_ns) == before
    assert torture.beside() == {"source.db"}


def as_nobody(rivet, *args: str) -> subprocess.CompletedProcess:
    """Runs rivet as a user without root's right to write everywhere."""
    if os.geteuid() != 0:
        return subprocess.run(rivet.command(*args), cwd=rivet.folder, env=rivet.environment(), capture_output=True, text=True)
    return subprocess.run(rivet.command(*args), cwd=rivet.folder, env=rivet.environment(), capture_output=True, text=True,
                          user=65534, group=65534, extra_groups=[])


@pytest.fixture
def nobodys(rivet):
    """The test's folder, handed to the user that as_nobody() runs as, with all folders above open to it."""
    if os.geteuid() == 0:
        os.chown(rivet.folder, 65534, 65534)
        opened = [parent for parent in rivet.folder.parents if not parent.stat().st_mode & 0o001]
        for parent in opened:
            parent.chmod(parent.stat().st_mode | 0o011)
    return rivet


def test_a_read_only_file_in_a_read_only_directory(nobodys, db):
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    db.path.chmod(0o444)
    db.path.parent.chmod(0o555)
    try:
        done = as_nobody(nobodys, "run", "-c", str(nobodys.config(db.source, export("t", table="t"))), "--validate")
    finally:
        db.path.parent.chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert nobodys.output().table("t")["id"].to_pylist() == [1]


def test_a_wal_database_in_a_read_only_directory_says_what_to_do(nobodys, db):
    db.execute("PRAGMA journal_mode = wal", "CREATE TABLE t (id INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    assert db.beside() == {"source.db"}
    db.path.chmod(0o444)
    db.path.parent.chmod(0o555)
    try:
        done = as_nobody(nobodys, "run", "-c", str(nobodys.config(db.source, export("t", table="t"))))
    finally:
        db.path.parent.chmod(0o755)
    assert done.returncode == 1 and "WAL mode" in done.stderr and "VACUUM INTO" in done.stderr, done.stderr


def test_a_file_without_read_permission(nobodys, db):
    db.execute("CREATE TABLE t (id INTEGER)")
    db.path.chmod(0)
    done = as_nobody(nobodys, "run", "-c", str(nobodys.config(db.source, export("t", table="t"))))
    assert done.returncode == 1 and "permission" in done.stderr, done.stderr


def test_a_wal_database_that_a_writer_holds(rivet, db):
    """Committed rows arrive, uncommitted ones do not, and the writer's files stay."""
    with closing(sqlite3.connect(db.path, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = wal")
        writer.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)")
        writer.execute("INSERT INTO t VALUES (1), (2)")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO t VALUES (3)")
        assert landed(rivet, db)["id"].to_pylist() == [1, 2]
        writer.execute("COMMIT")
        assert landed(rivet, db)["id"].to_pylist() == [1, 2, 3]
        assert {"source.db", "source.db-wal"} <= db.beside()
        assert writer.execute("SELECT count(*) FROM t").fetchone() == (3,)


def test_one_snapshot_while_a_writer_goes_on(rivet, torture, tmp_path):
    """A row added behind the reader's back after the first batch is not part of the run."""
    torture.execute("PRAGMA journal_mode = wal")
    gate = tmp_path / "gate"
    process = rivet.start("run", "-c", rivet.config(torture.source, export("t", table="t")),
                          env={"RIVET_TEST_PAUSE_AT": f"batch_written={gate}"})
    wait_until((tmp_path / "gate.reached").exists, process)
    torture.execute(f"INSERT INTO t (id) VALUES ({ROWS + 1})", "UPDATE t SET n = -1")
    gate.touch()
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    table = rivet.output().table("t")
    assert table.num_rows == ROWS and -1 not in table["n"].to_pylist()


def test_a_locked_database_is_unavailable_after_the_lock_timeout(rivet, db):
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)")
    source = {**db.source, "tuning": {"lock_timeout_s": 1, "max_retries": 0}}
    with closing(sqlite3.connect(db.path, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        failed = rivet("run", "-c", rivet.config(source, export("t", table="t")))
        assert failed.code == 2 and "locked by another process for 1 s" in failed.stderr, failed.stderr
        writer.execute("ROLLBACK")
    rivet.ok("run", "-c", "rivet.yaml")


def test_a_lock_that_goes_away_in_time_is_waited_for(rivet, db):
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    with closing(sqlite3.connect(db.path, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        process = rivet.start("run", "-c", rivet.config(db.source, export("t", table="t")))
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1)
        writer.execute("ROLLBACK")
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert rivet.output().table("t").num_rows == 1


def test_a_missing_file_is_named_and_not_created(rivet, db):
    failed = rivet("run", "-c", rivet.config(db.source, export("t", table="t")))
    assert failed.code == 1 and "source.db: no such file" in failed.stderr
    assert not db.path.exists()


@pytest.mark.parametrize("content", [b"this is no database, but it is long enough to look at\n" * 100, b"SQLite format 3\0" + b"\0" * 500])
def test_a_file_that_is_no_database(rivet, db, content):
    db.path.write_bytes(content)
    failed = rivet("run", "-c", rivet.config(db.source, export("t", table="t")))
    assert failed.code == 1 and "not a SQLite database" in failed.stderr, failed.stderr
    assert db.path.read_bytes() == content


def test_an_empty_file_has_no_tables(rivet, db):
    db.path.touch()
    failed = rivet("run", "-c", rivet.config(db.source, export("t", table="t")))
    assert failed.code == 1 and "no such table" in failed.stderr and db.path.stat().st_size == 0


def test_a_directory_is_no_database(rivet, db):
    db.path.mkdir()
    failed = rivet("run", "-c", rivet.config(db.source, export("t", table="t")))
    assert failed.code == 1 and "is a directory" in failed.stderr


def test_a_damaged_database_ends_the_run_without_output(rivet, torture):
    content = bytearray(torture.path.read_bytes())
    for page in range(20, 60):
        content[page * 4096:page * 4096 + 200] = b"\xa5" * 200
    torture.path.write_bytes(content)
    failed = rivet("run", "-c", rivet.config(torture.source, export("t", table="t")))
    assert failed.code == 1 and "damaged" in failed.stderr and "integrity_check" in failed.stderr, failed.stderr
    assert not any(name.endswith(".parquet") for name in rivet.output().names())


def test_a_hot_journal_is_not_rolled_back_by_a_reader(rivet, db):
    """A writer killed in mid-transaction: only a writer may repair it, rivet says so and changes nothing."""
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)", "INSERT INTO t VALUES (1, 'old')")
    crash = ("import os, sqlite3, sys\nc = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
             "c.execute('PRAGMA cache_size = 1'); c.execute('BEGIN')\n"
             "c.executemany('INSERT INTO t (v) VALUES (?)', [('x' * 1000,)] * 2000)\nos.kill(os.getpid(), 9)\n")
    subprocess.run([sys.executable, "-c", crash, str(db.path)], check=False)
    before = {name: (db.path.parent / name).read_bytes() for name in db.beside()}
    assert set(before) == {"source.db", "source.db-journal"}
    failed = rivet("run", "-c", rivet.config(db.source, export("t", table="t")))
    assert failed.code == 1 and "hot journal" in failed.stderr, failed.stderr
    assert {name: (db.path.parent / name).read_bytes() for name in db.beside()} == before
    assert db.rows("SELECT 1") == [(1,)]
    with closing(sqlite3.connect(db.path)) as writer:
        writer.execute("SELECT * FROM t").fetchall()
    assert landed(rivet, db)["v"].to_pylist() == ["old"]


def test_odd_paths(rivet, db):
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    for name in ("a b?mode=rwc#x.db", "file:x.db", "ü%41.db"):
        shutil.copy(db.path, rivet.folder / name)
        rivet.ok("run", "-c", rivet.config({"type": "sqlite", "path": name}, export("t", table="t")))
        assert rivet.output().table("t").num_rows == 1, name
