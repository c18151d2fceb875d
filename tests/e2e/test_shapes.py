"""Odd shapes of tables, names and files, gates and drift, damage and what validate says of it, and what scripts read."""
import datetime as dt
import io
import json
import os
import re
import sqlite3
import struct
import subprocess
from contextlib import closing

import duckdb
import psycopg.sql
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xxhash

from helpers import RUN_TIMEOUT_S, export, marker_of, rows_of

DEPTHS = ("light", "sample", "full")
ODD_NAMES = ["id", "select", "UPPER", "upper", "with space", 'quo"te', "apo'strophe", "dot.ted", "line\nbreak", "naïve 表 🚲", "com,ma",
             "tab\t", "back\\slash", "%s {} $1", "x" * 63]


@pytest.fixture
def small(pg_db):
    """Ten rows with a key, a text that is NULL in two of them, and a number that repeats."""
    pg_db.execute("CREATE TABLE t (id int PRIMARY KEY, name text, lot int NOT NULL)",
                  "INSERT INTO t SELECT i, CASE WHEN i % 5 <> 0 THEN 'name ' || i END, i % 3 FROM generate_series(1, 10) AS i")
    return pg_db


@pytest.fixture
def bulk(pg_db):
    """40,000 rows of about 130 bytes that hardly compress."""
    pg_db.execute("CREATE TABLE t AS SELECT i AS id, md5(i::text) AS a, md5((-i)::text) || md5((i * 7)::text) AS b "
                  "FROM generate_series(1, 40000) AS i")
    return pg_db


def ident(*names: str) -> str:
    return psycopg.sql.Identifier(*names).as_string(None)


def raw_stdout(rivet, *args) -> bytes:
    """stdout as bytes of a run that must succeed."""
    done = subprocess.run(rivet.command(*args), cwd=rivet.folder, env=rivet.environment(), stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=RUN_TIMEOUT_S)
    assert done.returncode == 0, done.stderr
    return done.stdout


def codecs_of(part) -> set[str]:
    """The codecs of all column chunks, as DuckDB names them: it tells LZ4_RAW from the old LZ4."""
    with duckdb.connect() as connection:
        return {codec for (codec,) in connection.execute("SELECT compression FROM parquet_metadata($p)", {"p": str(part)}).fetchall()}


def group_rows(part) -> list[int]:
    metadata = pq.ParquetFile(part).metadata
    return [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]


def serious(verification: dict) -> set[str]:
    """Codes of the findings that fail; files that no manifest lists, such as parts of earlier runs, are only told."""
    return {finding["code"] for finding in verification["failures"]} - {"RIVET_VERIFY_UNTRACKED_OBJECT"}


def passes_everywhere(rivet, config) -> None:
    for depth in DEPTHS:
        report = rivet.ok("validate", "-c", config, "--depth", depth, "--format", "json").json()
        for entry in report["exports"]:
            verification = entry["verification"]
            assert verification["passed"] and verification["manifest_found"] and not verification["legacy_run"], entry
            assert serious(verification) == set() and verification["success_marker_consistent"], entry


# -- shapes of tables


@pytest.mark.parametrize("format", ["parquet", "csv"])
def test_a_table_that_became_empty_is_published_as_empty(rivet, small, format):
    config = rivet.config(small.source, export("t", table="t", format=format))
    rivet.ok("run", "-c", config)
    small.execute("DELETE FROM t")
    run = rivet.ok("run", "-c", config, "--json", "--validate").json()["per_export"][0]
    assert (run["status"], run["rows"], run["files"]) == ("success", 0, 0)
    manifest = rivet.output().manifest("t")
    assert (manifest["run_id"], manifest["part_count"], manifest["parts"]) == (run["run_id"], 0, [])
    passes_everywhere(rivet, config)


@pytest.mark.parametrize("format", ["parquet", "csv"])
def test_skip_empty_leaves_the_last_output_alone(rivet, small, format):
    config = rivet.config(small.source, export("t", table="t", format=format, skip_empty=True))
    rivet.ok("run", "-c", config)
    before = {name: (rivet.output().folder / name).read_bytes() for name in rivet.output().names()}
    small.execute("DELETE FROM t")
    document = rivet.ok("run", "-c", config, "--json").json()
    assert (document["skipped_count"], document["success_count"], document["failed_count"]) == (1, 0, 0)
    assert document["per_export"][0]["status"] == "skipped"
    assert {name: (rivet.output().folder / name).read_bytes() for name in rivet.output().names()} == before
    reason = rivet.state("SELECT skip_reason FROM export_metrics WHERE run_id = ?", document["per_export"][0]["run_id"])
    assert "skip_empty" in reason[0][0]
    passes_everywhere(rivet, config)
    small.execute("INSERT INTO t VALUES (1, NULL, 1)")
    rivet.ok("run", "-c", config)
    assert rivet.output().manifest("t")["row_count"] == 1


@pytest.mark.parametrize("relation", [{"table": "t"}, {"query": "SELECT FROM t"}])
def test_a_relation_without_columns_is_refused_by_name(rivet, pg_db, relation):
    pg_db.execute("CREATE TABLE t ()", *["INSERT INTO t DEFAULT VALUES"] * 3)
    done = rivet("run", "-c", rivet.config(pg_db.source, export("t", **relation)), "--json-errors")
    assert done.code == 1 and "no columns" in done.error()["error"] and done.error()["hint"]
    assert not any(name.endswith((".parquet", ".json")) for name in rivet.output().names())


def test_1600_columns(rivet, pg_db):
    kinds = ["int", "smallint", "boolean", "real", "date"]
    names = [f"c{i}" for i in range(1600)]
    pg_db.execute("CREATE TABLE t (" + ", ".join(f"{name} {kinds[i % 5]}" for i, name in enumerate(names)) + ")")
    for row in range(1, 6):
        cells = ["NULL" if (i + row) % 7 == 0 else
                 (f"{row * i}", f"{-row}", "true", f"{row}.5", f"date '2020-01-01' + {row * i}")[i % 5] for i in range(1600)]
        cells[0] = str(row)
        pg_db.execute(f"INSERT INTO t VALUES ({', '.join(cells)})")
    config = rivet.config(pg_db.source, export("t", table="t"), export("t_csv", table="t", format="csv"))
    rivet.ok("run", "-c", config)
    expected = pg_db.rows("SELECT * FROM t ORDER BY c0")
    assert rivet.output().table("t").column_names == names
    assert rows_of(rivet.output().table("t"), "c0") == expected
    assert rows_of(rivet.output().duckdb_table("t"), "c0") == expected
    (part,) = rivet.output().parts("t_csv")
    lines = part.read_text().splitlines()
    assert lines[0].split(",") == names and len(lines) == 6
    passes_everywhere(rivet, config)


# -- names


def test_odd_names_of_schemas_tables_and_columns(rivet, pg_db):
    schema = 'We"ird. Schéma\n'
    pg_db.execute(f"CREATE SCHEMA {ident(schema)}")
    tables = [name for name in ODD_NAMES if name != "id"]
    columns = ", ".join(f"{ident(name)} text" for name in ODD_NAMES[1:])
    for number, table in enumerate(tables):
        pg_db.execute(f"CREATE TABLE {ident(schema, table)} (id int NOT NULL, {columns})",
                      f"INSERT INTO {ident(schema, table)} VALUES ({number}" + f", 'v{number}'" * len(ODD_NAMES[1:]) + ")")
    exports = [export(f"e{number}", table=ident(schema, table), format=("parquet", "csv")[number % 2])
               for number, table in enumerate(tables)]
    config = rivet.config(pg_db.source, *exports)
    rivet.ok("run", "-c", config)
    for number, table in enumerate(tables):
        manifest = rivet.output().manifest(f"e{number}")
        assert (manifest["source"]["schema"], manifest["source"]["table"]) == (schema, table)
        if number % 2 == 0:
            found = rivet.output().table(f"e{number}")
        else:
            (part,) = rivet.output().parts(f"e{number}")
            found = pa.csv.read_csv(part, parse_options=pa.csv.ParseOptions(newlines_in_values=True))
        assert found.column_names == ODD_NAMES
        assert rows_of(found) == [(number, *[f"v{number}"] * len(ODD_NAMES[1:]))]
    passes_everywhere(rivet, config)


def test_table_names_without_quotes_keep_their_case(rivet, pg_db):
    pg_db.execute('CREATE TABLE "Orders" (id int)', "CREATE TABLE orders (id int)", 'CREATE TABLE "select" (id int)',
                  'INSERT INTO "Orders" VALUES (1)', "INSERT INTO orders VALUES (2)", 'INSERT INTO "select" VALUES (3)')
    config = rivet.config(pg_db.source, *[export(f"e{i}", table=table) for i, table in
                                          enumerate(["Orders", "orders", "select", "public.Orders"])])
    rivet.ok("run", "-c", config)
    assert [rivet.output().table(f"e{i}")["id"].to_pylist() for i in range(4)] == [[1], [2], [3], [1]]


def test_odd_export_names_share_a_prefix(rivet, small):
    names = ["with space", "UPPER", "dots.in.name", "manifest", "t.json", "naïve-表-🚲", "quo\"te's", "select", "100%{}", "a&b;$(c)`d`",
             "-leading", "x" * 150, "Ü" * 75, "_SUCCESS", "manifest-x"]
    config = rivet.config(small.source, *[export(name, table="t", format=("parquet", "csv")[i % 2], skip_empty=i == 3)
                                          for i, name in enumerate(names)])
    document = rivet.ok("run", "-c", config, "--json").json()
    assert [run["export_name"] for run in document["per_export"]] == names
    for name in names:
        assert rivet.output().manifest(name)["row_count"] == 10
        assert len(rivet.output().parts(name)) == 1
    for name in ("-leading", "naïve-表-🚲", "a&b;$(c)`d`"):
        rivet.ok("run", "-c", config, f"--export={name}")
        assert rivet.ok("journal", "-c", config, f"--export={name}", "--json").json()
    passes_everywhere(rivet, config)
    assert rivet.output().unfinished() == set()


@pytest.mark.parametrize("name", ["", "a\nb", "a/b", "..", ".hidden", "a\\b", "x" * 151, "\x7f"])
def test_export_names_that_cannot_be_files_are_refused(rivet, small, name):
    done = rivet("run", "-c", rivet.config(small.source, export(name, table="t")))
    assert done.code == 1 and "name" in done.stderr and not rivet.output().folder.exists()


# -- runs in quick succession


def test_many_runs_quickly_never_share_a_name(rivet, small):
    config = rivet.config(small.source, export("t", table="t"), export("u", table="t"))
    runs = [run["run_id"] for _ in range(6) for run in rivet.ok("run", "-c", config, "--json").json()["per_export"]]
    assert len(set(runs)) == 12
    parts = [json.loads((rivet.output().folder / f"manifest-{run}.json").read_text())["parts"][0]["path"] for run in runs]
    assert len(set(parts)) == 12 and set(parts) <= rivet.output().names()
    assert rivet.output().manifest("t")["run_id"] == runs[-2]
    passes_everywhere(rivet, config)


def test_a_run_id_that_is_taken_gives_way_by_a_millisecond(rivet, small):
    """Two runs within one millisecond: here every millisecond of the next seconds is already taken by a run of before."""
    config = rivet.config(small.source, export("t", table="t", quality={"row_count_min": 11}))
    assert rivet("run", "-c", config).code == 3
    start = dt.datetime.now(dt.timezone.utc) - dt.timedelta(seconds=1)
    with closing(sqlite3.connect(rivet.folder / ".rivet_state.db")) as store:
        columns = [row[1] for row in store.execute("PRAGMA table_info(run)") if row[1] != "run_id"]
        for offset in range(4000):
            at = start + dt.timedelta(milliseconds=offset)
            taken = f"t_{at:%Y%m%dT%H%M%S}.{at.microsecond // 1000:03d}"
            store.execute(f"INSERT OR IGNORE INTO run (run_id, {', '.join(columns)}) SELECT ?, {', '.join(columns)} FROM run LIMIT 1",
                          (taken,))
        store.commit()
    config = rivet.config(small.source, export("t", table="t"))
    run_id = rivet.ok("run", "-c", config, "--json").json()["per_export"][0]["run_id"]
    free = start + dt.timedelta(milliseconds=4000)
    assert run_id == f"t_{free:%Y%m%dT%H%M%S}.{free.microsecond // 1000:03d}"
    assert rivet.output().manifest("t")["run_id"] == run_id
    passes_everywhere(rivet, config)


def test_two_state_stores_write_to_one_prefix_at_the_same_time(rivet, small):
    """Parts of runs that do not know each other never meet, not even when they begin in the same millisecond."""
    configs = []
    for number in range(4):
        (rivet.folder / f"s{number}").mkdir()
        configs.append(rivet.config(small.source, export("t", table="t", path=str(rivet.folder / "output")), name=f"s{number}/rivet.yaml"))
    for process in [rivet.start("run", "-c", config) for config in configs]:
        assert process.wait(RUN_TIMEOUT_S) == 0, process.communicate()
        process.communicate()
    parts = [name for name in rivet.output().names() if name.endswith(".parquet")]
    assert len(parts) == 4 and rivet.output().unfinished() == set()
    assert all(pq.ParquetFile(rivet.output().folder / part).metadata.num_rows == 10 for part in parts)


# -- several exports, one prefix


def test_exports_of_one_prefix_keep_their_own_evidence(rivet, small):
    exports = [export("all", table="t"), export("all.early", query="SELECT * FROM t WHERE id < 4"),
               export("none", query="SELECT * FROM t WHERE false"), export("as_csv", table="t", format="csv"),
               export("bad", table="t", quality={"row_count_max": 1})]
    config = rivet.config(small.source, *exports)
    assert rivet("run", "-c", config).code == 3
    rows = {name: rivet.output().manifest(name)["row_count"] for name in ("all", "all.early", "none", "as_csv")}
    assert rows == {"all": 10, "all.early": 3, "none": 0, "as_csv": 10}
    plain = (rivet.output().folder / "manifest.json").read_bytes()
    assert (rivet.output().folder / "_SUCCESS").read_text() == marker_of(plain)
    good = rivet.config(small.source, *exports[:4])
    passes_everywhere(rivet, good)
    before = rivet.output().manifest_bytes("all.early")
    rivet.ok("run", "-c", good, "-e", "all")
    assert rivet.output().manifest_bytes("all.early") == before
    passes_everywhere(rivet, good)


# -- damage


def edited(output, change) -> None:
    """Changes the manifest and makes the markers vouch for it, as somebody would who forges it."""
    manifest = json.loads(output.manifest_bytes("t"))
    change(manifest)
    raw = json.dumps(manifest).encode()
    for suffix in ("", ".t"):
        (output.folder / f"manifest{suffix}.json").write_bytes(raw)
        (output.folder / f"_SUCCESS{suffix}").write_text(marker_of(raw))


def part_of(output):
    return output.folder / json.loads(output.manifest_bytes("t"))["parts"][0]["path"]


def every(output, stem, extension, change) -> None:
    """Does it to the export's own file and to the compatibility copy."""
    for suffix in (".t", ""):
        change(output.folder / f"{stem}{suffix}{extension}")


def truncate(path, keep: float) -> None:
    os.truncate(path, int(path.stat().st_size * keep))


def flip(path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)


def other_digest(manifest) -> None:
    version, rows, value, rest = (manifest["parts"][0]["digest"] + ":").split(":", 3)
    swapped = value[:-1] + ("0" if value[-1] != "0" else "1")
    manifest["parts"][0]["digest"] = f"{version}:{rows}:{swapped}:{rest}".rstrip(":")
    manifest["digest"]["value"] = swapped


ADVISORY = object()
DAMAGE = {  # what is done, and what light, sample and full say
    "nothing": (lambda o: None, (None, None, None)),
    "part missing": (lambda o: part_of(o).unlink(), (None, "PART_MISSING", "PART_MISSING")),
    "part cut": (lambda o: truncate(part_of(o), 0.6), (None, "PART_SIZE_MISMATCH", "PART_SIZE_MISMATCH")),
    "part emptied": (lambda o: truncate(part_of(o), 0), (None, "PART_SIZE_MISMATCH", "PART_SIZE_MISMATCH")),
    "part grown": (lambda o: part_of(o).open("ab").write(b"x"), (None, "PART_SIZE_MISMATCH", "PART_SIZE_MISMATCH")),
    "one bit": (lambda o: flip(part_of(o)), (None, None, "PART_CHECKSUM_MISMATCH")),
    "stray part": (lambda o: (o.folder / "t_stray.parquet").write_bytes(b"PAR1"), (None, ADVISORY, ADVISORY)),
    "manifest cut": (lambda o: every(o, "manifest", ".json", lambda p: truncate(p, 0.5)), ("MANIFEST_READ_ERROR",) * 3),
    "manifest empty": (lambda o: every(o, "manifest", ".json", lambda p: truncate(p, 0)), ("MANIFEST_READ_ERROR",) * 3),
    "manifest garbage": (lambda o: every(o, "manifest", ".json", lambda p: p.write_bytes(b"\xff\x00[]")), ("MANIFEST_READ_ERROR",) * 3),
    "manifest list": (lambda o: every(o, "manifest", ".json", lambda p: p.write_bytes(b"[1]")), ("MANIFEST_READ_ERROR",) * 3),
    "manifest gone": (lambda o: every(o, "manifest", ".json", lambda p: p.unlink()), ("MANIFEST_REQUIRED",) * 3),
    "blank added": (lambda o: every(o, "manifest", ".json", lambda p: p.open("ab").write(b" ")), ("SUCCESS_STALE",) * 3),
    "marker gone": (lambda o: every(o, "_SUCCESS", "", lambda p: p.unlink()), ("SUCCESS_MALFORMED",) * 3),
    "marker odd": (lambda o: every(o, "_SUCCESS", "", lambda p: p.write_bytes(b"\xff\x00ok")), ("SUCCESS_MALFORMED",) * 3),
    "marker huge": (lambda o: every(o, "_SUCCESS", "", lambda p: p.write_bytes(b"x" * 5000)), ("SUCCESS_READ_ERROR",) * 3),
    "row count": (lambda o: edited(o, lambda m: m.update(row_count=11)), ("MANIFEST_INCONSISTENT",) * 3),
    "part count": (lambda o: edited(o, lambda m: m.update(part_count=2)), ("MANIFEST_INCONSISTENT",) * 3),
    "part twice": (lambda o: edited(o, lambda m: m.update(parts=m["parts"] * 2, part_count=2, row_count=20)), ("MANIFEST_INCONSISTENT",) * 3),
    "path climbs": (lambda o: edited(o, lambda m: m["parts"][0].update(path="../rivet.yaml")), ("MANIFEST_INCONSISTENT",) * 3),
    "other version": (lambda o: edited(o, lambda m: m.update(manifest_version=99)), ("MANIFEST_READ_ERROR",) * 3),
    "digest forged": (lambda o: edited(o, other_digest), (None, None, "VALUE_CHECKSUM")),
}


@pytest.mark.parametrize("damage, format", [(damage, "parquet") for damage in DAMAGE] +
                         [(damage, "csv") for damage in ("nothing", "part cut", "one bit", "digest forged")])
def test_validate_tells_damage_at_every_depth_that_can_see_it(rivet, small, damage, format):
    config = rivet.config(small.source, export("t", table="t", format=format))
    rivet.ok("run", "-c", config)
    do, expected = DAMAGE[damage]
    do(rivet.output())
    for depth, code in zip(DEPTHS, expected):
        done = rivet("validate", "-c", config, "--depth", depth, "--format", "json")
        report = done.json()
        codes = serious(report["exports"][0]["verification"])
        assert done.code == (0 if code in (None, ADVISORY) else 3), (depth, done)
        assert codes == (set() if code in (None, ADVISORY) else {f"RIVET_VERIFY_{code}"}), (depth, codes)
        advice = [entry["warning"] for entry in report["warnings"]]
        assert [entry["key"] for entry in advice] == (["t_stray.parquet"] if code is ADVISORY else []), (depth, advice)
    rivet.ok("run", "-c", config, "--validate")
    rivet.ok("validate", "-c", config)


def test_validate_fails_only_the_export_that_is_damaged(rivet, small):
    config = rivet.config(small.source, export("t", table="t"), export("u", table="t"))
    rivet.ok("run", "-c", config)
    flip(part_of(rivet.output()))
    done = rivet("validate", "-c", config, "--format", "json")
    assert done.code == 3
    assert {entry["export_name"]: entry["verification"]["passed"] for entry in done.json()["exports"]} == {"t": False, "u": True}


# -- gates


@pytest.mark.parametrize("quality, says", [
    ({"row_count_min": 11}, "row_count_min"), ({"row_count_max": 9}, "row_count_max"), ({"row_count_max": 0}, "row_count_max"),
    ({"null_ratio_max": {"name": 0.19}}, "name"), ({"null_ratio_max": {"name": 0}}, "name"),
    ({"unique_columns": ["id", "lot"]}, "lot"),
    ({"unique_columns": ["lot"], "row_count_min": 11}, "row_count_min")])
def test_a_quality_rule_that_does_not_hold_ends_with_3_and_publishes_nothing(rivet, small, quality, says):
    format = "csv" if "row_count_max" in quality else "parquet"
    good = rivet.config(small.source, export("t", table="t", format=format))
    rivet.ok("run", "-c", good)
    before = rivet.output().manifest_bytes("t")
    config = rivet.config(small.source, export("t", table="t", format=format, quality=quality))
    failed = rivet("run", "-c", config, "--json-errors", "--json")
    assert failed.code == 3 and failed.error()["exit_class"] == "data_integrity" and says in failed.error()["error"]
    run = failed.json()["per_export"][0]
    assert run["status"] == "failed" and says in run["error_message"]
    assert rivet.output().manifest_bytes("t") == before
    rivet.ok("validate", "-c", good)
    events = rivet.ok("journal", "-c", config, "--run-id", run["run_id"], "--json").json()["entries"]
    issues = [entry["event"]["QualityIssue"] for entry in events if "QualityIssue" in entry["event"]]
    assert issues and all(issue["severity"] == "FAIL" for issue in issues)
    live = {name for name in rivet.output().names() if name.endswith(f".{format}") and not name.startswith("_quarantine")}
    assert live == {path.name for path in rivet.output().parts("t")}


def test_quality_rules_that_hold_let_the_run_pass(rivet, small):
    quality = {"row_count_min": 10, "row_count_max": 10, "null_ratio_max": {"name": 0.2, "id": 0},
               "unique_columns": ["id", "name"], "unique_max_entries": 10}
    rivet.ok("run", "-c", rivet.config(small.source, export("t", table="t", quality=quality)))
    assert rivet.output().manifest("t")["row_count"] == 10


def test_a_unique_rule_over_its_cap_warns(rivet, bulk):
    bulk.execute("UPDATE t SET a = 'same' WHERE id > 39990")
    done = rivet.ok("run", "-c", rivet.config(bulk.source, export("t", table="t", quality={"unique_columns": ["a"], "unique_max_entries": 100})))
    assert "unique_max_entries" in done.stderr
    done = rivet("run", "-c", rivet.config(bulk.source, export("t", table="t", quality={"unique_columns": ["a"]})))
    assert done.code == 3 and "9 repeated" in done.stderr


@pytest.mark.parametrize("kind, values", [("numeric(10,2)", "(1.10), (1.1)"), ("double precision", "('NaN'), ('NaN')"), ("uuid", None),
                                          ("int[]", "('{1,NULL}'), ('{1,NULL}')"), ("timestamptz", "('2020-01-01 00:00+00'), ('2020-01-01 01:00+01')"),
                                          ("bytea", "(''), ('')"), ("inet", "('::1'), ('::1')"), ("jsonb", "('{}'), ('{}')")])
def test_the_unique_rule_covers_every_type(rivet, pg_db, kind, values):
    values = values or f"('{'1' * 32}'), ('{'1' * 32}')"
    pg_db.execute(f"CREATE TABLE t (v {kind})", f"INSERT INTO t VALUES {values}, (NULL), (NULL)")
    config = rivet.config(pg_db.source, export("t", table="t", quality={"unique_columns": ["v"]}))
    done = rivet("run", "-c", config)
    assert done.code == 3 and "column v has 1 repeated" in done.stderr
    pg_db.execute("DELETE FROM t WHERE ctid = '(0,1)'")
    rivet.ok("run", "-c", config)


@pytest.mark.parametrize("quality", [{"unique_columns": ["nmae"]}, {"null_ratio_max": {"nmae": 0.5}}])
def test_a_rule_over_a_column_that_is_not_there_is_an_error(rivet, small, quality):
    done = rivet("run", "-c", rivet.config(small.source, export("t", table="t", quality=quality)))
    assert done.code == 1 and "nmae" in done.stderr and "name" in done.stderr.split("nmae", 1)[1]
    assert not [name for name in rivet.output().names() if name.endswith(".parquet")]


# -- drift


def drifted(rivet, database, policy):
    """Runs once, changes the table in every way, runs again under the policy."""
    rivet.ok("run", "-c", rivet.config(database.source, export("t", table="t", on_schema_drift="fail")))
    database.execute("ALTER TABLE t DROP COLUMN name, ADD COLUMN extra date, ALTER COLUMN lot TYPE bigint")
    config = rivet.config(database.source, export("t", table="t", **({"on_schema_drift": policy} if policy else {})))
    return config, rivet("run", "-c", config, "--json", "--json-errors")


def test_drift_fail_ends_with_4_and_keeps_output_and_columns(rivet, small):
    config, done = drifted(rivet, small, "fail")
    assert done.code == 4 and done.error()["exit_class"] == "schema_drift"
    for name in ("name", "extra", "lot"):
        assert name in done.error()["error"]
    assert rivet.output().table("t").column_names == ["id", "name", "lot"]
    assert rivet("run", "-c", config).code == 4, "the remembered columns are still the old ones"
    small.execute("ALTER TABLE t DROP COLUMN extra, ADD COLUMN name text, ALTER COLUMN lot TYPE int")
    rivet.ok("run", "-c", config)


@pytest.mark.parametrize("policy, told", [(None, True), ("warn", True), ("continue", False)])
def test_drift_warn_and_continue_go_on_with_the_new_columns(rivet, small, policy, told):
    config, done = drifted(rivet, small, policy)
    assert done.code == 0
    assert [line for line in done.stderr.splitlines() if "warning:" in line and "extra" in line and "lot" in line] != [] or not told
    assert ("warning:" in done.stderr) == told, done.stderr
    table = rivet.output().table("t")
    assert sorted(zip(table.column_names, map(str, table.schema.types))) == [("extra", "date32[day]"), ("id", "int32"), ("lot", "int64")]
    run_id = done.json()["per_export"][0]["run_id"]
    summary = rivet.summary(run_id)
    assert summary["schema_changed"] is True and len(summary["schema_changes"]) == 3
    events = rivet.ok("journal", "-c", config, "--run-id", run_id, "--json").json()["entries"]
    (change,) = [entry["event"]["SchemaChanged"] for entry in events if "SchemaChanged" in entry["event"]]
    assert change["removed"] == ["name"] and "extra" in change["added"][0]
    rivet.ok("run", "-c", rivet.config(small.source, export("t", table="t", on_schema_drift="fail")))


def test_another_order_of_columns_is_no_drift(rivet, small):
    rivet.ok("run", "-c", rivet.config(small.source, export("t", query="SELECT id, name, lot FROM t")))
    rivet.ok("run", "-c", rivet.config(small.source, export("t", query="SELECT lot, id, name FROM t", on_schema_drift="fail")))


# -- columns of ours


def field_bytes(text: str | None) -> bytes:
    return b"\0" if text is None else b"\1" + struct.pack("<I", len(text.encode())) + text.encode()


def row_hash(*texts: str | None) -> int:
    """The low half of XXH3-128 over tag, length and text of every cell, as the manifest's render id promises."""
    whole = xxhash.xxh3_128_intdigest(b"".join(map(field_bytes, texts)))
    return struct.unpack("<q", struct.pack("<Q", whole % 2**64))[0]


def test_row_hash_is_the_documented_one_and_stable_across_runs(rivet, small):
    config = rivet.config(small.source, export("t", table="t", meta_columns={"row_hash": True}),
                          export("some", table="t", format="csv", meta_columns={"row_hash": ["name", "id"]}))
    rivet.ok("run", "-c", config)
    first = rivet.output().table("t").sort_by("id")
    assert first.column_names == ["id", "name", "lot", "_rivet_row_hash"]
    assert first["_rivet_row_hash"].to_pylist() == [row_hash(str(i), name, str(lot)) for i, name, lot, _ in rows_of(first)]
    manifest = rivet.output().manifest("t")
    assert manifest["row_hash"]["column"] == "_rivet_row_hash" and manifest["row_hash"]["covered"] == ["id", "name", "lot"]
    assert manifest["row_hash"]["render"] == "xxh3-128-i64-rivet-text-v1"
    (part,) = rivet.output().parts("some")
    some = pa.csv.read_csv(part, convert_options=pa.csv.ConvertOptions(strings_can_be_null=True))
    assert some["_rivet_row_hash"].to_pylist() == [row_hash(name, str(i)) for i, name, _, _ in rows_of(some)]
    assert rivet.output().manifest("some")["row_hash"]["covered"] == ["name", "id"]
    small.execute("CREATE TABLE t2 AS SELECT * FROM t ORDER BY id DESC", "DROP TABLE t", "ALTER TABLE t2 RENAME TO t",
                  "UPDATE t SET name = name || '!' WHERE id = 7")
    rivet.ok("run", "-c", config)
    again = rivet.output().table("t").sort_by("id")
    changed = [i for i, before, after in zip(first["id"].to_pylist(), first["_rivet_row_hash"].to_pylist(), again["_rivet_row_hash"].to_pylist())
               if before != after]
    assert changed == [7]
    passes_everywhere(rivet, config)


def test_exported_at_is_one_instant_of_the_run_and_no_part_of_the_digest(rivet, small):
    plain = rivet.config(small.source, export("t", table="t"))
    rivet.ok("run", "-c", plain)
    digest = rivet.output().manifest("t")["digest"]["value"]
    before = dt.datetime.now(dt.timezone.utc)
    config = rivet.config(small.source, export("t", table="t", meta_columns={"exported_at": True, "row_hash": True}))
    rivet.ok("run", "-c", config, "--validate")
    table = rivet.output().table("t")
    assert table.column_names[3:] == ["_rivet_exported_at", "_rivet_row_hash"]
    assert table.schema.field("_rivet_exported_at").type == pa.timestamp("us", "UTC")
    (at,) = set(table["_rivet_exported_at"].to_pylist())
    assert before <= at <= dt.datetime.now(dt.timezone.utc)
    assert rivet.output().manifest("t")["digest"]["value"] == digest


@pytest.mark.parametrize("meta, says", [({"row_hash": True}, "tags"), ({"row_hash": ["id", "nmae"]}, "nmae"),
                                        ({"row_hash": ["id", "id"]}, "twice"), ({"exported_at": True}, "_rivet_exported_at")])
def test_columns_of_ours_that_cannot_be_are_refused(rivet, pg_db, meta, says):
    pg_db.execute("CREATE TABLE t (id int, name text, tags text[], _rivet_exported_at text)")
    done = rivet("run", "-c", rivet.config(pg_db.source, export("t", table="t", meta_columns=meta)))
    assert done.code == 1 and says in done.stderr


# -- files


@pytest.mark.parametrize("keys", [{}, {"compression": "none"}, {"parquet": {"row_group_strategy": "fixed_rows", "row_group_rows": 500}},
                                  {"format": "csv"}], ids=["zstd", "none", "small groups", "csv"])
@pytest.mark.parametrize("limit", [256 << 10, 1 << 20])
def test_max_file_size_splits_close_to_the_limit(rivet, bulk, keys, limit):
    config = rivet.config(bulk.source, export("t", table="t", max_file_size=f"{limit}B", **keys))
    rivet.ok("run", "-c", config)
    manifest = rivet.output().manifest("t")
    assert sum(part["rows"] for part in manifest["parts"]) == manifest["row_count"] == 40_000
    sizes = [part["size_bytes"] for part in manifest["parts"]]
    least = 0.5 if limit < 1 << 20 else 0.7  # a part of a row group or two ends before it is known how well it compresses
    assert len(sizes) > 2 and all(least * limit <= size for size in sizes[:-1]) and max(sizes) <= 1.3 * limit, sizes
    with duckdb.connect() as connection:
        reader = "read_csv" if keys.get("format") == "csv" else "read_parquet"
        found = connection.execute(f"SELECT count(*), count(DISTINCT id), sum(id) FROM {reader}($p)",
                                   {"p": [str(part) for part in rivet.output().parts("t")]}).fetchone()
    assert found == (40_000, 40_000, 40_000 * 40_001 // 2)
    passes_everywhere(rivet, config)


@pytest.mark.parametrize("text, size", [("0.25MB", 1 << 18), ("256KB", 1 << 18), ("1 gb", 1 << 30), ("0.0005 GB", 536870)])
def test_max_file_size_units_are_binary(rivet, bulk, text, size):
    rivet.ok("run", "-c", rivet.config(bulk.source, export("t", table="t", compression="none", max_file_size=text)))
    sizes = [part["size_bytes"] for part in rivet.output().manifest("t")["parts"]]
    assert (len(sizes) == 1) if size > 10 << 20 else all(0.7 * size <= one <= 1.3 * size for one in sizes[:-1]), sizes


@pytest.mark.parametrize("keys, codec", [
    ({}, "ZSTD"), ({"compression": "zstd", "compression_level": 19}, "ZSTD"), ({"compression": "snappy"}, "SNAPPY"),
    ({"compression": "gzip"}, "GZIP"), ({"compression": "gzip", "compression_level": 0}, "GZIP"), ({"compression": "lz4"}, "LZ4_RAW"),
    ({"compression": "none"}, "UNCOMPRESSED"), ({"compression_profile": "none"}, "UNCOMPRESSED"), ({"compression_profile": "fast"}, "SNAPPY"),
    ({"compression_profile": "balanced"}, "ZSTD"), ({"compression_profile": "compact"}, "ZSTD"),
    ({"compression_profile": "fast", "compression": "gzip", "compression_level": 9}, "SNAPPY")])
def test_codecs_and_profiles(rivet, small, keys, codec):
    done = rivet.ok("run", "-c", rivet.config(small.source, export("t", table="t", **keys)), "--validate")
    (part,) = rivet.output().parts("t")
    assert codecs_of(part) == {codec}
    assert rivet.output().manifest("t")["compression"] == {"LZ4_RAW": "lz4", "UNCOMPRESSED": "none"}.get(codec, codec.lower())
    assert ("'compression_profile' wins" in done.stderr) == (len(keys) == 3)
    assert rows_of(rivet.output().duckdb_table("t")) == small.rows("SELECT * FROM t ORDER BY id")


def test_compression_levels_and_profiles_differ_in_size(rivet, bulk):
    bulk.execute("UPDATE t SET b = (SELECT string_agg(to_char(t.id * k % 1009, 'FM0000'), ' ') FROM generate_series(1, 30) AS k)")
    chosen = {"zstd1": {"compression_level": 1}, "zstd3": {"compression_level": 3}, "zstd9": {"compression_level": 9}, "default": {},
              "balanced": {"compression_profile": "balanced"}, "compact": {"compression_profile": "compact"},
              "gzip0": {"compression": "gzip", "compression_level": 0}, "gzip9": {"compression": "gzip", "compression_level": 9}}
    rivet.ok("run", "-c", rivet.config(bulk.source, *[export(name, table="t", **keys) for name, keys in chosen.items()]))
    size = {name: sum(part["size_bytes"] for part in rivet.output().manifest(name)["parts"]) for name in chosen}
    assert len({size["zstd1"], size["zstd3"], size["zstd9"]}) == 3 and size["gzip9"] < size["gzip0"]
    assert size["default"] == size["zstd3"] == size["balanced"] and size["compact"] == size["zstd9"]


@pytest.mark.parametrize("keys, says", [({"compression": "snappy", "compression_level": 3}, "compression_level"),
                                        ({"compression": "zstd", "compression_level": 23}, "1 and 22"),
                                        ({"compression": "gzip", "compression_level": 10}, "0 and 9"), ({"compression": "brotli"}, "zstd"),
                                        ({"parquet": {"row_group_strategy": "fixed_rows"}}, "row_group_rows"),
                                        ({"parquet": {"row_group_rows": 0}}, "row_group_rows"), ({"max_file_size": "0MB"}, "max_file_size"),
                                        ({"max_file_size": "12 parsecs"}, "max_file_size")])
def test_file_options_that_cannot_be_are_refused(rivet, small, keys, says):
    done = rivet("run", "-c", rivet.config(small.source, export("t", table="t", **keys)))
    assert done.code == 1 and says in done.stderr and not rivet.output().folder.exists()


def test_row_groups_of_a_fixed_number_of_rows(rivet, bulk):
    rivet.ok("run", "-c", rivet.config(bulk.source, export("t", table="t", parquet={"row_group_strategy": "fixed_rows", "row_group_rows": 3000})))
    (part,) = rivet.output().parts("t")
    assert group_rows(part) == [3000] * 13 + [1000]


def test_row_groups_are_bounded_by_bytes_without_being_asked(rivet, bulk):
    bulk.execute("UPDATE t SET b = repeat(md5(id::text), 30)")
    rivet.ok("run", "-c", rivet.config(bulk.source, export("t", table="t")))
    file = pq.ParquetFile(rivet.output().parts("t")[0])
    assert file.num_row_groups > 1 and all(file.read_row_group(i).nbytes < 20 << 20 for i in range(file.num_row_groups))


def test_row_groups_of_a_fixed_memory(rivet, bulk):
    block = {"row_group_strategy": "fixed_memory", "target_row_group_mb": 2}
    config = rivet.config(bulk.source, export("t", table="t", parquet=block), export("one", table="t", parquet={}),
                          export("capped", table="t", parquet={**block, "target_row_group_mb": 64, "max_row_group_mb": 1}))
    rivet.ok("run", "-c", config)
    assert group_rows(rivet.output().parts("one")[0]) == [40_000]
    for name, megabytes in (("t", 2), ("capped", 1)):  # a group ends with the batch that fills it; a batch has about 1 MB
        file = pq.ParquetFile(rivet.output().parts(name)[0])
        sizes = [file.read_row_group(i).nbytes / 2**20 for i in range(file.num_row_groups - 1)]
        assert sizes and all(megabytes * 0.95 <= size <= megabytes + 1.2 for size in sizes), (name, sizes)


def test_not_null_is_carried_only_where_the_source_promises_it(rivet, small):
    small.execute("CREATE VIEW v AS SELECT * FROM t")
    queries = {"plain": "SELECT id, lot, name FROM t", "outer": "SELECT b.id, b.lot, b.name FROM t a LEFT JOIN t b ON b.id = a.id + 5"}
    rivet.ok("run", "-c", rivet.config(small.source, export("view", table="v"), export("t", table="t"),
                                       *[export(name, query=query) for name, query in queries.items()]), "--validate")
    def required(name):
        return [field.name for field in rivet.output().table(name).schema if not field.nullable]
    assert required("t") == ["id", "lot"]
    assert required("outer") == [] and rivet.output().table("outer")["id"].null_count == 5
    assert set(required("plain")) <= {"id", "lot"} and set(required("view")) <= {"id", "lot"}
    schema = pq.ParquetFile(rivet.output().parts("t")[0]).schema
    assert [schema.column(i).max_definition_level for i in range(3)] == [0, 1, 0]


# -- stdout


def stdout_export(**keys) -> dict:
    return {**export("t", table="t"), "destination": {"type": "stdout"}, **keys}


def test_parquet_on_stdout_is_the_file_and_nothing_else(rivet, bulk):
    data = raw_stdout(rivet, "run", "-c", rivet.config(bulk.source, stdout_export()))
    assert data[:4] == data[-4:] == b"PAR1"
    table = pq.read_table(io.BytesIO(data))
    assert table.sort_by("id").to_pylist() == [dict(zip(table.column_names, row)) for row in bulk.rows("SELECT * FROM t ORDER BY id")]
    (rivet.folder / "piped.parquet").write_bytes(data)
    with duckdb.connect() as connection:
        found = connection.execute("SELECT count(*), sum(id) FROM read_parquet($p)", {"p": f"{rivet.folder}/piped.parquet"}).fetchone()
    assert found == (40_000, 40_000 * 40_001 // 2)
    assert (rivet.state("SELECT status, total_rows FROM export_metrics")) == [("success", 40_000)]
    assert {path.name for path in rivet.folder.iterdir()} <= {"rivet.yaml", "piped.parquet", ".rivet", ".rivet_state.db",
                                                             ".rivet_state.db-shm", ".rivet_state.db-wal"}


def test_csv_on_stdout_keeps_odd_bytes(rivet, pg_db):
    pg_db.execute("CREATE TABLE t (id int, v text)", "INSERT INTO t VALUES (1, E'a\\r\\nb\\rc'), (2, ''), (3, NULL), (4, 'ü🚲\"')")
    data = raw_stdout(rivet, "run", "-c", rivet.config(pg_db.source, stdout_export(format="csv")))
    assert data == 'id,v\n1,"a\r\nb\rc"\n2,""\n3,\n4,"ü🚲"""\n'.encode()


@pytest.mark.parametrize("format", ["parquet", "csv"])
def test_no_rows_on_stdout(rivet, small, format):
    small.execute("DELETE FROM t")
    assert raw_stdout(rivet, "run", "-c", rivet.config(small.source, stdout_export(format=format))) == b""


def test_a_closed_pipe_ends_the_run_with_an_error(rivet, bulk):
    bulk.execute("INSERT INTO t SELECT id, a, repeat(b, 10) FROM t")
    process = subprocess.Popen(rivet.command("run", "-c", rivet.config(bulk.source, stdout_export(format="csv"))), cwd=rivet.folder,
                               env=rivet.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.read(10)
    process.stdout.close()
    stderr = process.stderr.read()
    process.stderr.close()
    assert process.wait(RUN_TIMEOUT_S) == 1 and b"stdout" in stderr, stderr
    assert rivet.state("SELECT status FROM export_metrics") == [("failed",)]


# -- queries


@pytest.mark.parametrize("query, expected", [
    ("SELECT id FROM t WHERE id <= 2;", [1, 2]), ("SELECT id FROM t WHERE id <= 2 -- the end", [1, 2]), ("VALUES (1), (2)", [1, 2]),
    ("WITH two AS (SELECT id FROM t LIMIT 2) SELECT * FROM two /* ; */ ;\n", [1, 2]),
    ("SELECT id FROM t WHERE ';' <> '--' AND id < 3", [1, 2]), ("SELECT id FROM t ORDER BY id DESC LIMIT 2", [9, 10]),
    ("SELECT 1 AS \"%d {} ${}\" UNION ALL SELECT 2", [1, 2]), ("(SELECT 1 AS x) UNION ALL (SELECT 2)", [1, 2])])
def test_queries_of_every_form(rivet, small, query, expected):
    rivet.ok("run", "-c", rivet.config(small.source, export("q", query=query)), "--validate")
    assert sorted(rivet.output().table("q").column(0).to_pylist()) == expected


@pytest.mark.parametrize("query, says", [
    ("SELECT 1 AS a; SELECT 2 AS a", None), ("DELETE FROM t RETURNING id", None), ("SELECT 1 AS a, 2 AS a", "a"),
    ("WITH gone AS (DELETE FROM t RETURNING id) SELECT * FROM gone", None), ("SELECT nextval('s')", "read-only"), ("SELECT nope FROM t", "nope"),
    ("SELECT id FROM t) TO STDOUT; DELETE FROM t; COPY (SELECT id FROM t", None), ("  ;  ", "query"), ("SELECT 1/0 AS x", "zero")])
def test_queries_that_cannot_be_run_change_nothing(rivet, small, query, says):
    small.execute("CREATE SEQUENCE s")
    done = rivet("run", "-c", rivet.config(small.source, export("q", query=query)), "--json-errors")
    assert done.code == 1, done
    assert says is None or says in done.stderr, done.stderr
    assert small.rows("SELECT count(*) FROM t") == [(10,)] and small.rows("SELECT is_called FROM s") == [(False,)]
    assert not [name for name in rivet.output().names() if name.endswith(".parquet")]


def test_query_files_and_parameters(rivet, small):
    (rivet.folder / "sql").mkdir()
    (rivet.folder / "sql" / "early.sql").write_text("-- Äpfel\nSELECT id, '${KEPT}' AS kept FROM t WHERE id <= 3;\n")
    exports = [export("file", query_file="sql/${WHICH}.sql"),
               export("both", query="SELECT id, ${COLUMN} AS v FROM t WHERE name = '${VALUE}'", path="./out/${ENV_ONLY}/${}x")]
    config = rivet.config(small.source, *exports)
    small.execute("UPDATE t SET name = E'a: \"b\"\\n# {c}' WHERE id = 4")
    done = rivet.ok("run", "-c", config, "-p", "WHICH=early", "-p", "COLUMN=lot", "-p", 'VALUE=a: "b"\n# {c}', "-p", "UNUSED=1",
                    env={"ENV_ONLY": "from env", "COLUMN": "not_this", "KEPT": "x"})
    assert "UNUSED" in done.stderr
    assert rows_of(rivet.output().table("file")) == [(1, "${KEPT}"), (2, "${KEPT}"), (3, "${KEPT}")]
    assert rows_of(rivet.output("out/from env/x").table("both")) == [(4, 1)]
    missing = rivet("run", "-c", config, "-p", "WHICH=early")
    assert missing.code == 1 and all(name in missing.stderr for name in ("COLUMN", "VALUE", "ENV_ONLY"))


@pytest.mark.parametrize("name", ["../q.sql", "/etc/hostname", "link.sql", "absent.sql", "."])
def test_query_files_stay_below_the_config(rivet, small, tmp_path, name):
    (tmp_path.parent / "q.sql").write_text("SELECT 1 AS id")
    (rivet.folder / "link.sql").symlink_to(tmp_path.parent / "q.sql")
    done = rivet("run", "-c", rivet.config(small.source, export("q", query_file=name)))
    assert done.code == 1 and "query_file" in done.stderr or "absent.sql" in done.stderr
    assert not rivet.output().folder.exists()


# -- what scripts read

SUMMARY = """run_id export_name status started_at finished_at duration_ms source_engine destination_kind format compression tuning_profile
 batch_size total_rows files_produced bytes_written peak_rss_mb retries pg_temp_bytes_delta validation reconciliation schema_changed
 schema_changes plan_warnings error_message resumable resume_command apply_context"""
AGGREGATE = """run_aggregate_id started_at finished_at duration_ms config_path parallel_mode total_exports success_count failed_count
 skipped_count total_rows total_files total_bytes total_bytes_read per_export"""
PER_EXPORT = "export_name status run_id rows files bytes bytes_read duration_ms mode error_message"
METRICS = """export_name run_id run_at duration_ms total_rows peak_rss_mb status error_message tuning_profile format mode files_produced
 bytes_written retries validated schema_changed"""
FILES = "run_id export_name file_name row_count bytes format compression created_at"
PLAN_RESOLVED = """export_name base_query strategy format compression destination_type tuning_profile batch_size validate reconcile resume
 chunk_key resumable row_hash"""
MANIFEST = """manifest_version run_id export_name export_family mode started_at finished_at status source destination format compression
 schema_fingerprint row_count part_count parts column_checksums checksum_render"""
PART = "part_id path rows size_bytes content_fingerprint content_md5 status"
VERIFICATION = """manifest_found legacy_run parts_verified parts_md5_verified parts_failed success_marker_consistent
 manifest_self_consistent passed failures depth_level"""


def has(fields: str, document: dict) -> None:
    missing = set(fields.split()) - set(document)
    assert not missing, f"missing: {missing}, there: {sorted(document)}"


def is_instant(text: str) -> bool:
    return dt.datetime.fromisoformat(text.replace("Z", "+00:00")).utcoffset() == dt.timedelta(0)


def test_every_document_has_the_fields_that_scripts_read(rivet, small):
    config = rivet.config(small.source, export("t", table="t"), export("none", query="SELECT * FROM t WHERE false", skip_empty=True),
                          export("bad", table="t", quality={"row_count_min": 99}))
    aggregate = rivet("run", "-c", config, "--json", "--validate").json()
    has(AGGREGATE, aggregate)
    assert aggregate["parallel_mode"] == "sequential" and aggregate["config_path"].endswith("rivet.yaml")
    assert (aggregate["total_exports"], aggregate["success_count"], aggregate["failed_count"], aggregate["skipped_count"]) == (3, 1, 1, 1)
    assert is_instant(aggregate["started_at"]) and aggregate["total_bytes_read"] > 0
    for run in aggregate["per_export"]:
        has(PER_EXPORT, run)
        summary = rivet.summary(run["run_id"])
        has(SUMMARY, summary)
        assert (summary["status"], summary["total_rows"]) == (run["status"], run["rows"])
        assert (summary["error_message"] is None) == (run["status"] != "failed") == (run["error_message"] is None)
    good, skipped, failed = aggregate["per_export"]
    assert (good["status"], skipped["status"], failed["status"]) == ("success", "skipped", "failed")
    assert good["bytes"] == sum(path.stat().st_size for path in rivet.output().parts("t")) and good["mode"] == "full"

    metrics = rivet.ok("metrics", "-c", config, "--json").json()
    assert [row["export_name"] for row in metrics] == ["bad", "none", "t"]
    for row in metrics:
        has(METRICS, row)
        assert is_instant(row["run_at"])
    assert metrics[2]["validated"] is True and metrics[2]["schema_changed"] is False and metrics[0]["validated"] is None

    (file,) = rivet.ok("state", "files", "-c", config, "-e", "t", "--json").json()
    has(FILES, file)
    (part,) = rivet.output().parts("t")
    assert (file["file_name"], file["row_count"], file["bytes"], file["compression"]) == (part.name, 10, part.stat().st_size, "zstd")
    assert is_instant(file["created_at"])
    shown = {row["export_name"]: row for row in rivet.ok("state", "show", "-c", config, "--json").json()}
    has("export_name last_cursor_value last_run_at", shown["t"])
    assert shown["t"]["last_cursor_value"] is None and is_instant(shown["t"]["last_run_at"])

    journal = rivet.ok("journal", "-c", config, "-e", "t", "--json").json()
    journal = journal[0] if isinstance(journal, list) else journal
    has("run_id export_name entries", journal)
    events = {name: event for entry in journal["entries"] for name, event in entry["event"].items()}
    has(PLAN_RESOLVED, events["PlanResolved"])
    assert events["PlanResolved"]["row_hash"] is None
    has("chunk_index rows file_name", events["ChunkCompleted"])
    has("status error_message duration_ms", events["RunCompleted"])
    assert all(is_instant(entry["recorded_at"][:26] + "+00:00") for entry in journal["entries"])

    manifest = rivet.output().manifest("t")
    has(MANIFEST, manifest)
    has(PART, manifest["parts"][0])
    has("engine schema table extraction", manifest["source"])
    has("kind uri", manifest["destination"])

    validate = rivet("validate", "-c", config, "-e", "t", "--format", "json").json()
    has("exports warnings errors", validate)
    has("export_name resolved_prefix verification", validate["exports"][0])
    has(VERIFICATION, validate["exports"][0]["verification"])
    assert validate["exports"][0]["verification"]["parts_verified"] == 1


def test_superseded_parts_are_accounted_for_and_strangers_are_not(rivet, small):
    path = rivet.config(small.source, export("t", table="t"))
    rivet.ok("run", "-c", path)
    rivet.ok("run", "-c", path)
    assert len(list(rivet.output().folder.glob("t_*.parquet"))) == 2
    (rivet.output().folder / "stranger.parquet").write_bytes(b"not ours")
    report = rivet.ok("validate", "-c", path, "--format", "json").stdout
    assert set(re.findall(r'"key": "([^"]+)"', report)) == {"stranger.parquet"}


def test_a_longer_text_is_a_warning(rivet, pg_db):
    pg_db.execute("CREATE TABLE t (id int, name text)", "INSERT INTO t VALUES (1, 'short')")
    path = rivet.config(pg_db.source, export("t", table="t"))
    assert "longest value" not in rivet.ok("run", "-c", path).stderr
    pg_db.execute("INSERT INTO t VALUES (2, 'much, much longer')")
    assert "column name: its longest value grew from 5 to 17 bytes" in rivet.ok("run", "-c", path).stderr
    assert "longest value" not in rivet.ok("run", "-c", path).stderr
    off = rivet.config(pg_db.source, export("t", table="t", shape_drift_warn_factor=0))
    pg_db.execute("INSERT INTO t VALUES (3, repeat('x', 1000))")
    assert "longest value" not in rivet.ok("run", "-c", off).stderr
