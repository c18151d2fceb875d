"""Bugs that tools of this kind had, one test each, under the number they have in the list of known cases.

Elsewhere: case 8 in test_modes_kill.py, case 37 in test_modes_gates.py, case 49 in test_parallel_exports.py
(test_an_interruption_stops_all, test_no_orphans_when_the_parent_is_killed); of case 42 the forms a password can have in
test_faults.py, of case 43 damaged markers and manifests in test_shapes.py, of case 46 runs of one export in test_faults.py, of
case 50 variables of a source in test_faults.py; case 35, every command against every other, in test_resolver_matrix.py. Case 13 waits for
the command that repairs.
"""
import datetime as dt
import json
import random
import re
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import xxhash

from conftest import Database
from helpers import export, finished, marker_of, rows_of
from tcp_proxy import DOWN, Cut, TcpProxy

LEAST, GREATEST = -(2**63), 2**63 - 1


def chunked(name="t", **keys):
    return export(name, table="t", mode="chunked", **keys)


def ids(rivet, column="id", name="t", path="output"):
    return sorted(rivet.output(path).table(name).column(column).to_pylist())


def filled(database, rows=4_000):
    """`t` with ids from 1 and a text that hardly compresses."""
    database.execute("CREATE TABLE t (id bigint PRIMARY KEY, payload text)",
                     f"INSERT INTO t SELECT i, md5(i::text) || md5((-i)::text) FROM generate_series(1, {rows}) i", "ANALYZE t")
    return list(range(1, rows + 1))


# -- rows lost or doubled


@pytest.mark.parametrize("keys", [{"chunk_column": "k", "chunk_size": 100}, {"chunk_column": "k", "chunk_count": 5},
                                  {"chunk_by_key": "k", "chunk_count": 5}, {"chunk_column": "d", "chunk_by_days": 9},
                                  {"chunk_column": "k", "chunk_dense": True, "chunk_size": 150}], ids=lambda keys: "-".join(keys))
def test_case_01_rows_without_a_key_are_not_dropped(rivet, pg_db, keys):
    """Windows of BETWEEN see no NULL."""
    pg_db.execute("CREATE TABLE t (id int, k int, d date)",
                  "INSERT INTO t SELECT i, nullif(i % 10, 3) * 100, nullif(date '2024-01-01' + i % 50, '2024-01-07') FROM generate_series(1, 1000) i",
                  "ANALYZE t")
    rivet.ok("run", "-c", rivet.config(pg_db.source, chunked(**keys)))
    assert ids(rivet) == list(range(1, 1001))


@pytest.mark.parametrize("kind, value", [("numeric(30,0)", "9223372036854775808 + i * 10::numeric ^ 20"), ("numeric(12,3)", "i / 7.0"),
                                         ("text", "'key ' || i")], ids=["wide", "decimal", "text"])
@pytest.mark.parametrize("size", [{"chunk_count": 5}, {"chunk_size": 300}], ids=lambda size: "-".join(size))
def test_case_02_keys_that_are_no_64_bit_integers_are_cut_too(rivet, pg_db, kind, value, size):
    """A bound that could not be read once meant an empty table and a good run."""
    pg_db.execute(f"CREATE TABLE t (id {kind} PRIMARY KEY)", f"INSERT INTO t SELECT {value} FROM generate_series(1, 2000) i", "ANALYZE t")
    rivet.ok("run", "-c", rivet.config(pg_db.source, chunked(chunk_column="id", **size)))
    assert len(set(ids(rivet))) == rivet.output().manifest("t")["row_count"] == 2000


def test_case_03_a_partial_unique_index_is_no_key(rivet, pg_db):
    """Rows outside its condition would repeat or vanish."""
    pg_db.execute("CREATE TABLE t (id bigint, code text)", "INSERT INTO t SELECT g % 100, g FROM generate_series(1, 5000) g",
                  "CREATE UNIQUE INDEX ON t (id) WHERE code::int <= 100", "ANALYZE t")
    path = rivet.config(pg_db.source, chunked(chunk_size=1_000))
    rivet.ok("run", "-c", path)
    assert sorted(map(int, ids(rivet, "code"))) == list(range(1, 5001))
    assert rivet.state("SELECT DISTINCT json_extract(plan_json, '$.strategy') FROM run") == [("pages",)]


@pytest.mark.parametrize("keys", [{"mode": "incremental", "cursor_column": "k"},
                                  {"mode": "chunked", "chunk_by_key": "k", "keyset_incremental": True, "chunk_size": 3}], ids=["incremental", "keyset"])
def test_case_04_rows_without_a_cursor_do_not_stop_it(rivet, pg_db, keys):
    """NULL sorts last: the last row of a run had no cursor to go on from, and nothing was new ever after."""
    pg_db.execute("CREATE TABLE t (id bigint PRIMARY KEY, k int)", "INSERT INTO t VALUES (1, 10), (2, 20), (3, NULL), (4, NULL)")
    path = rivet.config(pg_db.source, export("t", table="t", **keys))
    rivet.ok("run", "-c", path)
    assert ids(rivet) == [1, 2, 3, 4]
    for step in range(5, 8):
        pg_db.execute(f"INSERT INTO t VALUES ({step * 10}, {step * 10}), ({step * 10 + 1}, NULL)")
        rivet.ok("run", "-c", path)
        assert rivet.state("SELECT last_cursor_value FROM export_state") == [(str(step * 10),)]
    assert ids(rivet) == [1, 2, 3, 4, 50, 51, 60, 61, 70, 71]


def test_case_05_runs_within_one_second_do_not_overwrite_each_other(rivet, pg_db):
    """Files were named by the second. Here three exports begin in one folder at once, again and again."""
    pg_db.execute("CREATE TABLE t (id bigint PRIMARY KEY)")
    names = ["a", "b", "c"]
    entries = [export(name, table="t", mode="incremental", cursor_column="id") for name in names]
    path = rivet.config(pg_db.source, *entries, parallel_exports=True)
    for step in range(1, 7):
        pg_db.execute(f"INSERT INTO t VALUES ({step})")
        rivet.ok("run", "-c", path)
    began = [run_id.split("_")[1].split(".")[0] for (run_id,) in rivet.state("SELECT run_id FROM run")]
    assert len(set(began)) < len(began) == 18, "no two runs began in the same second"
    for name in names:
        assert ids(rivet, name=name) == [1, 2, 3, 4, 5, 6]
    listed = [part["path"] for name in names for part in rivet.output().manifest(name)["parts"]]
    assert len(set(listed)) == len(listed) == 18


@pytest.mark.parametrize("keys", [{"mode": "incremental", "cursor_column": "at"},
                                  {"mode": "chunked", "chunk_by_key": "at", "keyset_incremental": True, "chunk_size": 2}], ids=["incremental", "keyset"])
@pytest.mark.parametrize("zone", ["America/St_Johns", "Asia/Kathmandu"])
def test_case_06_the_zone_of_the_session_does_not_move_a_cursor(rivet, pg_db, zone, keys):
    """An instant was written as the session's local time and read back as UTC: rows of some hours came twice or never."""
    pg_db.execute(f"ALTER DATABASE {pg_db.name} SET timezone = '{zone}'", f"ALTER DATABASE {pg_db.name} SET datestyle = 'SQL, DMY'",
                  "CREATE TABLE t (id bigint PRIMARY KEY, at timestamptz)")
    path = rivet.config(pg_db.source, export("t", table="t", **keys))
    for hour in range(4):
        pg_db.execute(*(f"INSERT INTO t VALUES ({hour * 10 + n}, '2024-03-04 0{hour + 1}:{n}0:00+00')" for n in range(4)))
        rivet.ok("run", "-c", path)
        ((cursor,),) = rivet.state("SELECT last_cursor_value FROM export_state")
        assert cursor.startswith(f"2024-03-04 0{hour + 1}:30:00") and cursor.endswith("+00")
        ((new,),) = rivet.state("SELECT total_rows FROM export_metrics ORDER BY id DESC LIMIT 1")
        assert new == 4
    assert ids(rivet) == [hour * 10 + n for hour in range(4) for n in range(4)]


@pytest.mark.parametrize("point", ["part_committed:2", "parts_committed:2", "unit_committed:2"])
def test_case_07_a_page_of_keys_is_committed_with_its_files_or_not_at_all(rivet, pg_db, point):
    """Cursor and file row were two commits: a crash between them doubled a page."""
    expected = filled(pg_db)
    path = rivet.config(pg_db.source, chunked(chunk_by_key="id", chunk_count=8, chunk_checkpoint=True))
    rivet.killed_at(point, "run", "-c", path)
    rivet.ok("run", "-c", path, "--resume")
    assert ids(rivet) == expected


def test_case_09_all_files_of_a_unit_cut_by_size_survive_a_resume(rivet, pg_db):
    """Only the last file of a chunk was remembered."""
    expected = filled(pg_db)
    path = rivet.config(pg_db.source, chunked(chunk_column="id", chunk_size=1_000, max_file_size="16KB"))
    rivet.killed_at("unit_committed:2", "run", "-c", path)
    committed = dict(rivet.state("SELECT unit_index, count(*) FROM part GROUP BY 1"))
    assert min(committed.values()) > 1, "a unit must have several files for this"
    rivet.ok("run", "-c", path, "--resume", "--validate")
    assert ids(rivet) == expected


def test_case_10_a_resume_keeps_what_is_registered_and_sets_aside_what_is_not(rivet, pg_db):
    """It once put a registered part of an unfinished task into quarantine."""
    expected = filled(pg_db)
    path = rivet.config(pg_db.source, chunked(chunk_column="id", chunk_size=1_000, max_file_size="16KB"))
    rivet.killed_at("part_committed:6", "run", "-c", path)
    registered = {name for (name,) in rivet.state("SELECT path FROM part")}
    stray = {name for name in rivet.output().names() if name.endswith(".parquet")} - registered
    assert registered and stray
    rivet.ok("run", "-c", path, "--resume", "--validate")
    listed = {part["path"] for part in rivet.output().manifest("t")["parts"]}
    assert registered <= listed and not stray & listed
    assert ids(rivet) == expected


@pytest.mark.parametrize("parallel", [1, 3])
def test_case_11_the_manifest_after_a_resume_lists_the_parts_of_both_processes(rivet, pg_db, parallel):
    """It listed those of the second process only; with several workers, none."""
    expected = filled(pg_db)
    path = rivet.config(pg_db.source, chunked(chunk_column="id", chunk_size=500, parallel=parallel, chunk_checkpoint=True))
    rivet.killed_at("unit_committed:4", "run", "-c", path)
    rivet.ok("run", "-c", path, "--resume", "--validate")
    manifest = rivet.output().manifest("t")
    assert (manifest["row_count"], manifest["part_count"], len(manifest["parts"])) == (4_000, 8, 8)
    assert ids(rivet) == expected


def test_case_12_a_retry_after_a_part_was_written_does_not_write_it_twice(rivet, pg_db):
    """The connection is lost when some parts of the unit lie there."""
    expected = filled(pg_db, 40_000)
    with TcpProxy(pg_db.server.port) as proxy:
        proxy.arm(Cut(DOWN, 2_500_000))
        source = {"type": "postgres", "url": proxy.url(pg_db.url)}
        path = rivet.config(source, export("t", table="t", max_file_size="100KB", tuning={"max_retries": 2, "retry_backoff_ms": 1}))
        rivet.ok("run", "-c", path, "--validate")
        assert proxy.cuts_made == 1
    assert rivet.state("SELECT retries FROM export_metrics") == [(1,)]
    assert ids(rivet) == expected
    assert {name for name in rivet.output().names() if name.endswith(".parquet")} == {path.name for path in rivet.output().parts("t")}


def test_case_14_later_runs_leave_the_records_of_earlier_ones(rivet, pg_db):
    """Nor does a run without rows make the prefix invalid."""
    filled(pg_db, 100)
    path = rivet.config(pg_db.source, chunked(chunk_column="id", chunk_count=4))
    for change in ("SELECT 1", "UPDATE t SET payload = 'new'", "DELETE FROM t"):
        pg_db.execute(change)
        rivet.ok("run", "-c", path, "--validate")
    records = [json.loads(record.read_text()) for record in sorted(rivet.output().folder.glob("manifest-*.json"))]
    assert [record["row_count"] for record in records] == [100, 100, 0]
    assert all((rivet.output().folder / part["path"]).exists() for record in records for part in record["parts"])
    assert rivet.output().manifest("t")["row_count"] == 0
    for depth in ("light", "sample", "full"):
        rivet.ok("validate", "-c", path, "--depth", depth)


def test_case_15_several_writers_in_one_folder_leave_each_other_alone(rivet, pg_db):
    """Staging names clashed, and one removed what another was writing."""
    expected = filled(pg_db)
    names = [f"e{number}" for number in range(4)]
    paths = [rivet.config(pg_db.source, chunked(name, chunk_column="id", chunk_size=400, parallel=2), name=f"{name}.yaml") for name in names]
    for _ in range(2):
        for process in [rivet.start("run", "-c", path, "--validate") for path in paths]:
            _, stderr = process.communicate(timeout=60)
            assert process.returncode == 0, stderr
    for name in names:
        assert ids(rivet, name=name) == expected
    assert rivet.output().unfinished() == set()


def test_case_16_a_manifest_that_cannot_be_written_is_no_success(rivet, pg_db):
    """It was reported as one."""
    filled(pg_db, 10)
    path = rivet.config(pg_db.source, chunked(chunk_column="id", chunk_count=2))
    (rivet.output().folder / "manifest.t.json").mkdir(parents=True)
    done = rivet("run", "-c", path, "--json-errors")
    assert done.code == 1 and done.error()["error"], done
    assert not (rivet.output().folder / "_SUCCESS.t").exists()
    (rivet.output().folder / "manifest.t.json").rmdir()
    rivet.ok("run", "-c", path, "--validate")
    assert ids(rivet) == list(range(1, 11))


@pytest.mark.parametrize("parallel", [1, 3])
def test_case_17_a_coalesced_cursor_advances_to_the_greatest_whatever_the_order_of_rows(rivet, pg_db, parallel):
    """It took the cell of the wrong column, and of the row that happened to come last."""
    pg_db.execute("CREATE TABLE t (id bigint PRIMARY KEY, made timestamp, changed timestamp)",
                  "INSERT INTO t VALUES (1, '2024-01-01', '2024-05-05'), (2, '2024-06-06', NULL), (3, '2024-02-02', '2024-01-03'), "
                  "(4, '2024-12-31', '2024-01-04'), (5, NULL, '2024-03-03')")
    entry = export("t", table="t", mode="incremental", cursor_column="changed", cursor_fallback_column="made", incremental_cursor_mode="coalesce",
                   parallel=parallel)
    path = rivet.config(pg_db.source, entry)

    def run():
        rivet.ok("run", "-c", path)
        ((cursor,),), ((rows,),) = (rivet.state("SELECT last_cursor_value FROM export_state"),
                                    rivet.state("SELECT total_rows FROM export_metrics ORDER BY id DESC LIMIT 1"))
        return cursor[:10], rows

    assert run() == ("2024-06-06", 5), "neither the greatest `made`, nor the greatest `changed`, nor the last row's"
    assert run() == ("2024-06-06", 0)
    pg_db.execute("INSERT INTO t VALUES (6, '2024-07-07', NULL), (7, '2024-08-08', '2024-06-30')")
    assert run() == ("2024-07-07", 2)
    assert ids(rivet) == [1, 2, 3, 4, 5, 6, 7]


def test_case_18_a_short_batch_is_not_the_end(rivet, pg_db):
    """Batches are cut by memory too, and become shorter where rows are wide."""
    pg_db.execute("CREATE TABLE t (id bigint PRIMARY KEY, payload text)",
                  "INSERT INTO t SELECT i, repeat('x', CASE WHEN i BETWEEN 500 AND 520 THEN 400000 ELSE 10 END) FROM generate_series(1, 3000) i",
                  "ANALYZE t")
    for tuning in ({"batch_size_memory_mb": 1}, {"batch_size": 70}, {"batch_size": 1_000}):
        rivet.ok("run", "-c", rivet.config(pg_db.source, chunked(chunk_by_key="id", chunk_size=1_000, tuning=tuning)))
        assert ids(rivet) == list(range(1, 3001))


@pytest.mark.parametrize("keys", [{"chunk_column": "id", "chunk_count": 7}, {"chunk_column": "id", "chunk_size": GREATEST},
                                  {"chunk_column": "id", "chunk_size": 2**62}, {"chunk_by_key": "id", "chunk_count": 3}],
                         ids=lambda keys: "-".join(map(str, keys.values())))
def test_case_19_keys_at_both_ends_of_64_bits(rivet, pg_db, keys):
    """Windows near the limit overflowed: a crash, or no end."""
    values = [LEAST, LEAST + 1, -1, 0, 1, GREATEST - 1, GREATEST]
    pg_db.execute("CREATE TABLE t (id bigint PRIMARY KEY)", f"INSERT INTO t SELECT unnest(ARRAY{values}::bigint[])", "ANALYZE t")
    rivet.ok("run", "-c", rivet.config(pg_db.source, chunked(parallel=2, **keys)), timeout=30)
    assert ids(rivet) == values


def test_case_20_one_huge_key_in_a_small_table_is_refused(rivet, pg_db):
    """It made thousands of chunks for a few rows, or ran out of memory."""
    pg_db.execute("CREATE TABLE t (id bigint PRIMARY KEY)", "INSERT INTO t SELECT generate_series(1, 1000)",
                  "INSERT INTO t VALUES (9000000000000)", "ANALYZE t")
    done = rivet("run", "-c", rivet.config(pg_db.source, chunked(chunk_column="id", chunk_size=100)), "--json-errors")
    assert done.code == 1
    assert "holes" in done.error()["error"]
    rivet.ok("run", "-c", rivet.config(pg_db.source, chunked(chunk_by_key="id", chunk_size=100)))
    assert rivet.output().manifest("t")["row_count"] == 1001


# -- values silently wrong


def refused_value(rivet, path, *says):
    done = rivet("run", "-c", path, "--json-errors")
    assert (done.code, done.error()["code"]) == (1, "RIVET_VALUE_UNREPRESENTABLE"), done
    for text in says:
        assert text in done.error()["error"], done
    assert not [name for name in rivet.output().names() if name.endswith(".parquet") and not name.startswith("_quarantine/")]


def test_case_21_a_text_that_is_no_uuid_is_not_made_null(rivet, pg_db):
    """All of a text column under a `uuid` override became NULL."""
    known = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
    pg_db.execute("CREATE TABLE t (id int PRIMARY KEY, v text)", f"INSERT INTO t VALUES (1, '{known}'), (2, upper('{known}')), (3, NULL)")
    path = rivet.config(pg_db.source, chunked(chunk_column="id", chunk_count=2, columns={"v": "uuid"}))
    rivet.ok("run", "-c", path, "--validate")
    assert [str(v) if v else None for _, v in rows_of(rivet.output().table("t"))] == [known, known, None]
    pg_db.execute("UPDATE t SET v = 'no uuid' WHERE id = 3")
    done = rivet("run", "-c", path, "--json-errors")
    assert (done.code, done.error()["code"]) == (1, "RIVET_VALUE_UNREPRESENTABLE"), done
    assert 'column "v" as uuid' in done.error()["error"] and "no uuid" in done.error()["error"], done
    assert rivet.output().manifest("t")["row_count"] == 3, "the last good output stands"


@pytest.mark.parametrize("override", ["decimal(10,0)", "decimal(10,1)"])
def test_case_22_cents_are_not_cut_off(rivet, pg_db, override):
    """An override with scale 0 went around the check for a loss."""
    pg_db.execute("CREATE TABLE t (id int PRIMARY KEY, v numeric)", "INSERT INTO t VALUES (1, 7), (2, 12.34)")
    refused_value(rivet, rivet.config(pg_db.source, chunked(chunk_column="id", chunk_count=2, columns={"v": override})), "12.34", '"v"')


def test_case_24_an_array_with_a_null_in_it_is_not_null(rivet, pg_db):
    """The whole cell became NULL; so did arrays of arrays."""
    pg_db.execute("CREATE TABLE t (id int PRIMARY KEY, v int[], s text[], m int[][])",
                  "INSERT INTO t VALUES (1, '{1,NULL,3}', '{NULL,\"\",\"NULL\"}', '{{1,NULL},{3,4}}'), (2, '{}', '{NULL}', '{}'), (3, NULL, NULL, NULL)")
    rivet.ok("run", "-c", rivet.config(pg_db.source, chunked(chunk_column="id", chunk_count=2, columns={"m": "text"})), "--validate")
    assert rows_of(rivet.output().table("t")) == [(1, [1, None, 3], [None, "", "NULL"], "{{1,NULL},{3,4}}"), (2, [], [None], "{}"), (3, None, None, None)]


def test_case_26_csv_tells_instants_from_local_times_and_quotes_names(rivet, pg_db):
    """Times before 1970 with fractions were left empty, too."""
    pg_db.execute('CREATE TABLE t (id int PRIMARY KEY, "a,b" timestamptz, "c""d" timestamp)',
                  "INSERT INTO t VALUES (1, '1969-12-31 23:59:59.999999+00', '1969-12-31 23:59:59.999999'), (2, '1900-01-01 00:00:00.5+01', NULL)")
    rivet.ok("run", "-c", rivet.config(pg_db.source, chunked(chunk_column="id", chunk_count=1, format="csv")), "--validate")
    (part,) = rivet.output().parts("t")
    assert part.read_text() == ('id,"a,b","c""d"\n1,1969-12-31T23:59:59.999999Z,1969-12-31T23:59:59.999999\n2,1899-12-31T23:00:00.500000Z,\n')


def test_case_28_nan_and_infinity_are_values(rivet, pg_db):
    """They became NULL under a text override; in a decimal they are refused."""
    pg_db.execute("CREATE TABLE t (id int PRIMARY KEY, v float8, n numeric(10,2))",
                  "INSERT INTO t VALUES (1, 'NaN', 1), (2, 'Infinity', 2), (3, '-Infinity', 3), (4, NULL, 4)")
    keys = {"chunk_column": "id", "chunk_count": 2}
    rivet.ok("run", "-c", rivet.config(pg_db.source, chunked(**keys, columns={"v": "text", "n": "text"})), "--validate")
    assert [row[1] for row in rows_of(rivet.output().table("t"))] == ["NaN", "Infinity", "-Infinity", None]
    pg_db.execute("UPDATE t SET n = 'NaN' WHERE id = 3")
    done = rivet("run", "-c", rivet.config(pg_db.source, chunked(**keys)), "--json-errors")
    assert (done.code, done.error()["code"]) == (1, "RIVET_VALUE_UNREPRESENTABLE") and "NaN" in done.error()["error"]


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/St_Johns"])
def test_case_31_the_row_hash_tells_rows_apart_and_knows_no_zone(rivet, pg_db, zone):
    """It failed on named zones; and as fields had no lengths, `a|b` was as good as `a` and `b`."""
    cells = ["a|b", "a", "b", "ab", "", "|", "a|", "|b", "NULL", "\\N", None]
    pairs = [(first, second) for first in cells for second in cells]
    pg_db.execute("CREATE TABLE t (id serial, first text, second text, at timestamptz)")
    with pg_db.connect() as connection, connection.cursor() as cursor:
        cursor.executemany("INSERT INTO t (first, second) VALUES (%s, %s)", pairs)
    pg_db.execute("INSERT INTO t (at) SELECT '2024-03-10 00:30:00+00'::timestamptz + i * interval '15 minutes' FROM generate_series(0, 99) i")
    path = rivet.config(pg_db.source, export("t", table="t", meta_columns={"row_hash": ["first", "second", "at"]}))

    def hashes():
        rivet.ok("run", "-c", path, "--validate")
        return dict(zip(*(rivet.output().table("t").column(name).to_pylist() for name in ("id", "_rivet_row_hash"))))

    before = hashes()
    assert len(set(before.values())) == len(before) == len(pairs) + 100
    pg_db.execute(f"ALTER DATABASE {pg_db.name} SET timezone = '{zone}'")
    assert hashes() == before


def test_case_32_another_pair_of_equal_rows_is_found(rivet, pg_db):
    """Equal rows cancelled each other in the checksum, so that one pair was as good as another. All but the digest is forged to fit."""
    pg_db.execute("CREATE TABLE t (v text)", "INSERT INTO t VALUES ('a'), ('a'), ('b'), ('c'), ('c'), ('c')")
    path = rivet.config(pg_db.source, export("t", table="t"))
    rivet.ok("run", "-c", path)
    output = rivet.output()
    (part,) = output.parts("t")
    table = pq.ParquetFile(part).read()
    pq.write_table(table.set_column(0, table.schema.field(0), pc.replace_substring(table["v"], "a", "z")), part)
    manifest = output.manifest("t")
    entry, content = manifest["parts"][0], part.read_bytes()
    entry.update(size_bytes=len(content), content_fingerprint=f"xxh3:{xxhash.xxh3_64_hexdigest(content)}")
    entry.pop("content_md5", None)
    raw = json.dumps(manifest).encode()
    for suffix in ("", ".t"):
        (output.folder / f"manifest{suffix}.json").write_bytes(raw)
        (output.folder / f"_SUCCESS{suffix}").write_text(marker_of(raw))
    done = rivet("validate", "-c", path, "--depth", "full", "--format", "json")
    codes = {finding["code"] for finding in done.json()["exports"][0]["verification"]["failures"]}
    assert done.code == 3 and "RIVET_VERIFY_VALUE_CHECKSUM" in codes, done


@pytest.mark.parametrize("kind, value", [("uuid", "'" + "1" * 32 + "'"), ("numeric(40,3)", "1.5"), ("int[]", "'{1,NULL}'"), ("bytea", "'x'"),
                                         ("interval", "'1 day'"), ("inet", "'::1'"), ("time", "'12:00'"), ("boolean", "true")])
def test_case_33_uniqueness_is_checked_for_every_type(rivet, pg_db, kind, value):
    """Types that could not be rendered were skipped, and so passed."""
    pg_db.execute(f"CREATE TABLE t (v {kind})", f"INSERT INTO t VALUES ({value}), ({value})")
    done = rivet("run", "-c", rivet.config(pg_db.source, export("t", table="t", quality={"unique_columns": ["v"]})))
    assert done.code == 3 and "column v has 1 repeated" in done.stderr, done


def test_case_34_days_at_the_ends_of_the_calendar(rivet, pg_db):
    """Arithmetic with far years ended the process."""
    days = ["4713-11-24 BC", "0044-03-15 BC", "0001-01-01", "1582-10-04", "1969-12-31", "9999-12-31", "12345-01-01"]
    rows = ", ".join(f"({i}, '{day}', '{day}'::date + time '23:59:59.999999')" for i, day in enumerate(days))
    pg_db.execute("CREATE TABLE t (id int PRIMARY KEY, d date, at timestamp)", f"INSERT INTO t VALUES {rows}", "ANALYZE t")
    rivet.ok("run", "-c", rivet.config(pg_db.source, chunked(chunk_by_key="d", chunk_count=3, format="parquet")), "--validate")
    with duckdb.connect() as connection:
        found = connection.read_parquet([str(part) for part in rivet.output().parts("t")]).order("id").project('epoch_us(d), epoch_us("at")').fetchall()
    expected = pg_db.rows("SELECT extract(epoch FROM d) * 1000000, extract(epoch FROM at) * 1000000 FROM t ORDER BY id")
    assert [tuple(map(Decimal, row)) for row in found] == expected
    by_days = rivet("run", "-c", rivet.config(pg_db.source, chunked(chunk_column="d", chunk_by_days=1_000_000)), "--json-errors")
    assert by_days.code == 1 and "chunk_by_key" in by_days.error()["error"], "days outside 0 to 9999 are refused, not wrapped"
    pg_db.execute("DELETE FROM t WHERE d < '0001-01-01' OR d > '9999-12-31'")
    rivet.ok("run", "-c", rivet.config(pg_db.source, chunked(chunk_column="d", chunk_by_days=1_000_000)))
    assert ids(rivet) == [2, 3, 4, 5]


# -- trust and control


def planned(rivet, database, **keys):
    """The sealed plan of `t`, cut by its id."""
    rivet.config(database.source, chunked(chunk_column="id", chunk_size=1_000, **keys))
    rivet.ok("plan", "-c", "rivet.yaml", "-o", "plan.json")
    return json.loads((rivet.folder / "plan.json").read_text())


@pytest.mark.parametrize("change", ["DELETE FROM t WHERE id <= 1500", "INSERT INTO t SELECT -i, 'new' FROM generate_series(1, 700) i", "TRUNCATE t"])
def test_case_36_apply_reads_the_windows_of_its_plan(rivet, pg_db, change):
    """They were computed again, and another table than the reviewed one was cut."""
    filled(pg_db)
    plan = planned(rivet, pg_db)
    pg_db.execute(change, "ANALYZE t")
    rivet.ok("apply", "plan.json", "--validate")
    chunks = rivet.ok("state", "chunks", "-c", "rivet.yaml", "-e", "t", "--json").json()["tasks"]
    numbered = [chunk for chunk in chunks if chunk["start_key"] and re.fullmatch(r"-?\d+", chunk["start_key"])]
    assert [[int(chunk["start_key"]), int(chunk["end_key"])] for chunk in numbered] == plan["computed"]["chunk_ranges"]
    assert rivet.output().manifest("t")["row_count"] == pg_db.rows("SELECT count(*) FROM t WHERE id BETWEEN 1 AND 4000")[0][0]
    ((run_id,),) = rivet.state("SELECT run_id FROM export_metrics")
    told = {warning["rule"] for warning in rivet.summary(run_id)["plan_warnings"]}
    assert ("key_grown" in told) == change.startswith("INSERT"), "rows outside are left for the next plan, and told"


@pytest.mark.parametrize("policy, code", [("fail", 4), ("warn", 0), ("continue", 0)])
@pytest.mark.parametrize("keys", [{"chunk_column": "id"}, {"chunk_column": "id", "parallel": 2}, {"chunk_by_key": "id"}], ids=lambda keys: "-".join(keys))
def test_case_36_apply_minds_the_schema_of_the_last_run(rivet, pg_db, keys, policy, code):
    """What the export says about a schema that changed held for `run` only."""
    filled(pg_db)
    config = rivet.config(pg_db.source, chunked(chunk_size=1_000, on_schema_drift=policy, **keys))
    rivet.ok("plan", "-c", config, "-o", "plan.json")
    other = rivet.config(pg_db.source, export("t", query="SELECT id, payload, 1 AS more FROM t"), name="other.yaml")
    rivet.ok("run", "-c", other)
    assert rivet("apply", "plan.json").code == code
    assert rivet.output().table("t").num_columns == (3 if code else 2)


def test_case_36_apply_keeps_its_state_beside_the_configuration(rivet, pg_db):
    """It lay where the command happened to be given, and the next run knew nothing of it."""
    filled(pg_db)
    planned(rivet, pg_db)
    for name in ("apart", "elsewhere"):
        (rivet.folder / name).mkdir()
    plan = shutil.move(rivet.folder / "plan.json", rivet.folder / "apart")
    subprocess.run(rivet.command("apply", plan), cwd=rivet.folder / "elsewhere", env=rivet.environment(), check=True, capture_output=True)
    assert rivet.state("SELECT export_name, status FROM export_metrics") == [("t", "success")]
    assert list((rivet.folder / "elsewhere").iterdir()) == [] and list((rivet.folder / "apart").iterdir()) == [Path(plan)]
    assert ids(rivet) == list(range(1, 4_001))


def test_case_38_a_validation_that_fails_ends_with_3(rivet, pg_db):
    """It ended with 1, or with 0."""
    filled(pg_db, 100)
    path = rivet.config(pg_db.source, chunked(chunk_column="id", chunk_count=4))
    rivet.ok("run", "-c", path)
    rivet.output().parts("t")[2].unlink()
    assert rivet("validate", "-c", path).code == 3


@pytest.mark.parametrize("query, code", [("SELECT id, slow(id) FROM t", "RIVET_SOURCE_STATEMENT_TIMEOUT"), ("SELECT id, 1 / (id - 60) AS x FROM t", None)],
                         ids=["timeout", "division"])
def test_case_39_what_would_fail_again_is_not_tried_again(rivet, pg_db, query, code):
    """Statement timeouts were: three times five minutes for nothing."""
    filled(pg_db, 100)
    pg_db.execute("CREATE FUNCTION slow(bigint) RETURNS bigint STABLE LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(10); RETURN $1; END'")
    tuning = {"max_retries": 3, "retry_backoff_ms": 1, "statement_timeout_s": 1}
    path = rivet.config(pg_db.source, export("t", query=query, mode="chunked", chunk_column="id", chunk_size=50, chunk_max_attempts=5, tuning=tuning))
    began = time.monotonic()
    done = rivet("run", "-c", path, "--json-errors")
    assert (done.code, done.error()["code"]) == (1, code), done
    assert time.monotonic() - began < 9
    assert rivet.state("SELECT max(attempts) FROM unit") == [(1,)]
    assert rivet.state("SELECT retries FROM export_metrics") == [(0,)]


@pytest.mark.parametrize("keys", [{"chunk_column": "id", "chunk_size": 500}, {"chunk_by_key": "id", "chunk_count": 4},
                                  {"chunk_by_key": "code", "chunk_count": 4}, {"chunk_column": "lot", "chunk_size": 10}, {"chunk_size": 500}],
                         ids=lambda keys: "-".join(map(str, keys.values())))
def test_case_40_planning_does_not_count_the_table(rivet, pg_db, keys):
    """A COUNT(*) took twelve minutes, and asking for NULL keys read the whole table."""
    pg_db.execute("CREATE TABLE t (id bigint PRIMARY KEY, code text NOT NULL UNIQUE, lot int)",
                  "INSERT INTO t SELECT i, 'c' || i, i % 100 FROM generate_series(1, 3000) i", "CREATE INDEX ON t (lot)", "ANALYZE t")
    pg_db.execute(f'ALTER DATABASE "{pg_db.name}" SET log_statement = \'all\'')
    before = len(pg_db.server.log())
    rivet.ok("run", "-c", rivet.config(pg_db.source, chunked(**keys)))
    logged = pg_db.server.log()[before:].lower()
    assert "from" in logged and "copy" in logged, "nothing was logged"
    assert "count(" not in logged
    assert rivet.output().manifest("t")["row_count"] == 3000


@pytest.mark.parametrize("parallel", [2, 4])
def test_case_41_a_unit_that_fails_ends_the_others_at_once(rivet, pg_db, parallel):
    """Workers that waited for their turn waited for ever."""
    filled(pg_db)
    query = "SELECT id, payload, 1 / (id - 700) AS x FROM t"
    path = rivet.config(pg_db.source, export("t", query=query, mode="chunked", chunk_column="id", chunk_size=100, parallel=parallel))
    done = rivet("run", "-c", path, "--json-errors", timeout=30)
    assert done.code == 1 and "division by zero" in done.error()["error"], done
    assert rivet.state("SELECT count(*) FROM unit WHERE status = 'running'") == [(0,)]
    assert rivet.output().unfinished() == set()


@pytest.fixture
def secret_db(pg_tls):
    """`t` on a server that asks for a password with `/`, `@` and more in it."""
    pg_tls.create_database("secret")
    database = Database(pg_tls, "secret")
    database.execute("CREATE TABLE t (id bigint PRIMARY KEY, at timestamp NOT NULL)",
                     "INSERT INTO t SELECT i, date '2024-01-01' + i FROM generate_series(1, 60) i", "ANALYZE t")
    yield database
    pg_tls.drop_database("secret")


EVERY_MODE = {
    "snapshot": {"parallel": 2, "consistency": "snapshot"},
    "ranges": {"mode": "chunked", "chunk_column": "id", "chunk_size": 20, "parallel": 2},
    "keyset": {"mode": "chunked", "chunk_by_key": "id", "chunk_size": 20, "keyset_incremental": True},
    "days": {"mode": "chunked", "chunk_column": "at", "chunk_by_days": 20},
    "incremental": {"mode": "incremental", "cursor_column": "id"},
    "window": {"mode": "time_window", "time_column": "at", "days_window": 100_000},
    "months": {"partition_by": "at", "partition_granularity": "month", "path": "./output/{partition}"},
}
SECRET = re.compile("s3cret|p(?:ä|%c3%a4|\\\\u00e4)ssword".encode(), re.IGNORECASE)


@pytest.mark.parametrize("way", [[], ["--parallel-exports"], ["--parallel-export-processes"]], ids=["in turn", "threads", "processes"])
def test_case_42_a_password_appears_nowhere_in_any_mode(rivet, pg_tls, secret_db, way):
    """It got into logs and state when it had a slash, an at sign or a letter beyond ASCII."""
    assert SECRET.search(pg_tls.password.encode()) and SECRET.search(secret_db.url.encode())
    rivet.env |= {"RUST_LOG": "trace", "RIVET_LOG": "trace"}
    tls = {"mode": "verify-ca", "ca_file": str(pg_tls.certificates.ca_file)}
    entries = [export(name, **{"table": "t", **keys}) for name, keys in EVERY_MODE.items()]
    good = rivet.config({"type": "postgres", "url": secret_db.url, "tls": tls}, *entries)
    broken = rivet.config({"type": "postgres", "url": secret_db.url, "tls": tls}, *entries, export("missing", table="nope"), name="broken.yaml")
    denied = rivet.config({"type": "postgres", "url": pg_tls.url("secret", password=pg_tls.password + "!"), "tls": tls}, *entries, name="denied.yaml")
    runs = [rivet("run", "-c", good, *way, "--json", "--summary-output", "first.json", env={"RIVET_TEST_PANIC_AT": "parts_committed:2"}),
            rivet.ok("run", "-c", good, *way, "--json", "--validate", "--summary-output", "second.json"),
            rivet("run", "-c", broken, *way, "--json-errors"), rivet("run", "-c", denied, *way, "--json-errors"),
            rivet.ok("run", "-c", good, *way, env={"RIVET_IPC_EVENTS": "1"}), rivet.ok("validate", "-c", good, "--format", "json")]
    assert (runs[2].code, runs[3].code) == (1, 1) and "nope" in runs[2].stderr and "password" in runs[3].stderr
    for command in (["journal"], ["metrics"], ["state", "show"], ["state", "files"]):
        runs += [rivet.ok(*command, "-c", good), rivet.ok(*command, "-c", good, "--json")]
    for run in runs:
        assert not SECRET.search((run.stdout + run.stderr).encode()), run
    looked_at = [path for path in rivet.folder.rglob("*") if path.is_file() and path.suffix != ".yaml"]
    assert {".rivet_state.db", "second.json", "manifest.window.json"} <= {path.name for path in looked_at}
    for path in looked_at:
        assert not SECRET.search(path.read_bytes()), path


STORED = ["run.plan_json", "run.position_json", "run.owner", "run.started_at", "run.cursor", "unit.predicate", "unit.gates_json", "unit.digest",
          "unit.read_at", "part.path", "part.digest", "part.fingerprint", "part.cursor_high", "export_position.position_json",
          "export_state.last_cursor_value", "export_schema.columns_json", "journal_event.event_json", "journal_event.recorded_at",
          "export_metrics.error_message", "export_metrics.run_at", "recent_key.after_key"]
ODD_TEXTS = ["''", "'{'", "'[]'", "'null'", "'{\"a\":1}'", "'\"99999999999999999999\"'", "replace(hex(zeroblob(50000)), '0', '[')", "x'fffe00c3'", "'../../x'"]


@pytest.fixture
def half_done(rivet):
    """An incremental export with a result, and a second run that died between two units. Its config, and what it leads to."""
    with closing(sqlite3.connect(rivet.folder / "source.sqlite")) as source, source:
        source.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
        source.executemany("INSERT INTO t VALUES (?, 'row ' || ?)", [(i, i) for i in range(1, 21)])
    path = rivet.config({"type": "sqlite", "path": "source.sqlite"},
                        chunked(chunk_by_key="id", chunk_size=5, keyset_incremental=True, on_schema_drift="fail"))
    rivet.ok("run", "-c", path)
    with closing(sqlite3.connect(rivet.folder / "source.sqlite")) as source, source:
        source.executemany("INSERT INTO t VALUES (?, 'row ' || ?)", [(i, i) for i in range(21, 41)])
    rivet.killed_at("unit_committed:2", "run", "-c", path)
    return path, list(range(1, 41))


@pytest.mark.parametrize("place", STORED)
def test_case_43_odd_texts_in_the_state_are_no_crash_and_no_other_rows(rivet, half_done, tmp_path_factory, place):
    """Files that are read back were trusted: odd bytes ended the process."""
    path, expected = half_done
    table, column = place.split(".")
    kept = tmp_path_factory.mktemp("kept") / "as it was"
    shutil.copytree(rivet.folder, kept)
    touched = 0
    for odd in ODD_TEXTS:
        shutil.rmtree(rivet.folder)
        shutil.copytree(kept, rivet.folder)
        with closing(sqlite3.connect(rivet.folder / ".rivet_state.db")) as state, state:
            touched += state.execute(f"UPDATE OR IGNORE {table} SET {column} = {odd} WHERE rowid = (SELECT max(rowid) FROM {table})").rowcount
        before = rivet.output().manifest_bytes("t")
        for command in (["journal"], ["metrics"], ["state", "show"], ["state", "files"], ["state", "chunks", "-e", "t"], ["validate"]):
            done = rivet(*command, "-c", path, "--json-errors", timeout=30)
            assert done.code in (0, 1, 3), (odd, command, done)
        done = rivet("run", "-c", path, "--json-errors", timeout=30)
        if done.code == 0:
            assert ids(rivet) == expected, odd
        else:
            assert done.code in (1, 3, 4) and done.error()["error"], (odd, done)
            assert rivet.output().manifest_bytes("t") == before, odd
    assert touched, "nothing was damaged"


def test_case_43_damaged_manifests_and_markers_are_told(rivet, half_done):
    """Whatever became of them; also a manifest that its marker vouches for."""
    path, expected = half_done
    rivet.ok("run", "-c", path)
    output, choose = rivet.output(), random.Random("case 43")
    manifest, marker = output.folder / "manifest.t.json", output.folder / "_SUCCESS.t"
    good = {file: file.read_bytes() for file in (manifest, marker)}

    def damaged(raw):
        at = choose.randrange(len(raw))
        other = bytes([raw[at] ^ (1 << choose.randrange(8))])
        return choose.choice([raw[:at], raw[:at] + other + raw[at + 1:], raw[:at] + choose.randbytes(9) + raw[at:], choose.randbytes(200)])

    forged = [b"[" * 300_000, b'{"a":' * 100_000, b"1e999999", b"\xff", b'{"manifest_version":' + b"9" * 5_000 + b"}", b"null"]
    for content in [*forged, *(damaged(good[manifest]) for _ in range(25))]:
        manifest.write_bytes(content)
        for file, raw in ((marker, good[marker]), (marker, marker_of(content).encode())):
            file.write_bytes(raw)
            done = rivet("validate", "-c", path, timeout=30)
            assert done.code == 3 or (done.code == 0 and raw != good[marker]), (content[:200], done)
    manifest.write_bytes(good[manifest])
    for _ in range(15):
        marker.write_bytes(damaged(good[marker]))
        assert rivet("validate", "-c", path, timeout=30).code == 3, marker.read_bytes()
    rivet.ok("run", "-c", path, "--validate")
    assert ids(rivet) == expected


ALIKE = {"orders": 1, "orders_archive": 1_001, "orders__2024": 2_001}


@pytest.mark.parametrize("dying", ALIKE)
def test_case_44_exports_whose_names_begin_alike_leave_each_other_alone(rivet, pg_db, dying):
    """Cleaning up after `orders` also took what belonged to `orders_archive`."""
    for name, first in ALIKE.items():
        pg_db.execute(f"CREATE TABLE {name} (id bigint PRIMARY KEY)", f"INSERT INTO {name} SELECT generate_series({first}, {first} + 399)", f"ANALYZE {name}")
    keys = {"mode": "chunked", "chunk_column": "id", "chunk_size": 100}

    def config(**more):
        return rivet.config(pg_db.source, *[export(name, table=name, **keys, **more) for name in ALIKE])

    def all_is_right(path):
        rivet.ok("validate", "-c", path, "--depth", "full")
        assert {name: ids(rivet, name=name) for name in ALIKE} == {name: list(range(first, first + 400)) for name, first in ALIKE.items()}

    path, others = config(), [name for name in ALIKE if name != dying]
    rivet.ok("run", "-c", path)
    for args, changes in ((["--resume", "--force"], {}), ([], {"max_file_size": "1MB"})):
        before = rivet.output().names()
        rivet.killed_at("part_committed:2", "run", "-c", path, "-e", dying)
        left = rivet.output().names() - before
        assert left
        for other in others:
            rivet.ok("run", "-c", path, "-e", other, "--validate")
            assert left <= rivet.output().names(), "another export took files of a run that can be gone on with"
        path = config(**changes)
        rivet.ok("run", "-c", path, "-e", dying, *args, "--validate")
        all_is_right(path)
    aside = {name.split("/")[2] for name in rivet.output().names() if name.startswith("_quarantine/")}
    assert aside and all(re.match(rf"{dying}_2\d{{7}}_", name) for name in aside), aside
    rivet.output().parts(dying)[0].unlink()
    for name in ALIKE:
        assert rivet("validate", "-c", path, "-e", name).code == (3 if name == dying else 0)


def test_case_44_a_partition_and_exports_in_its_folder_leave_each_other_alone(rivet, pg_db):
    """The parts of `orders` for 2024 are those of an export `orders__2024` to whoever looks at the beginnings of names."""
    pg_db.execute("CREATE TABLE orders (id bigint PRIMARY KEY, at date)",
                  "INSERT INTO orders SELECT i, date '2024-03-01' + i FROM generate_series(1, 400) i", "ANALYZE orders")
    folder = "output/at=2024"
    keys = {"table": "orders", "mode": "chunked", "chunk_column": "id", "chunk_size": 50}
    path = rivet.config(pg_db.source, export("orders", path="./output/{partition}", partition_by="at", partition_granularity="year", **keys),
                        export("orders__2024_archive", path=f"./{folder}", **keys), export("orders_", path=f"./{folder}", **keys))
    expected = [i for (i,) in pg_db.rows("SELECT id FROM orders WHERE at < '2025-01-01' ORDER BY id")]
    others = ["orders__2024_archive", "orders_"]
    for _ in range(2):
        assert rivet("run", "-c", path, "-e", "orders", env={"RIVET_TEST_PANIC_AT": "part_committed:2"}).code < 0
        left = rivet.output(folder).names()
        for other in others:
            rivet.ok("run", "-c", path, "-e", other, "--validate")
            assert left <= rivet.output(folder).names()
        rivet.ok("run", "-c", path, "-e", "orders", "--validate")
        rivet.ok("validate", "-c", path, "--depth", "full")
        assert sorted(rivet.output(folder).table("orders__2024").column("id").to_pylist()) == expected
        assert [rivet.output(folder).manifest(other)["row_count"] for other in others] == [400, 400]


@pytest.mark.parametrize("way", [[], ["--parallel-exports"], ["--parallel-export-processes"]], ids=["in turn", "threads", "processes"])
def test_case_45_placeholders_are_filled_alike_by_run_and_validate(rivet, pg_db, way):
    """`{date}` was filled by one command and taken literally by another."""
    pg_db.execute("CREATE TABLE t (id bigint PRIMARY KEY, at date)", "INSERT INTO t SELECT i, date '2024-01-30' + i FROM generate_series(1, 4) i")
    path = rivet.config(pg_db.source, export("whole", table="t", path="./output/{table}/{export}/{date}"),
                        export("months", table="t", path="./output/{date}/{partition}", partition_by="at", partition_granularity="month"))
    rivet.ok("run", "-c", path, *way, "--validate")
    (day,) = {folder.name for folder in (rivet.folder / "output" / "t" / "whole").iterdir()}
    assert abs(dt.date.fromisoformat(day) - dt.datetime.now(dt.timezone.utc).date()).days <= 1
    assert rivet.output(f"output/t/whole/{day}").manifest("whole")["row_count"] == 4
    assert ids_of_months(rivet, day) == {"2024-01": [1], "2024-02": [2, 3, 4]}
    rivet.ok("validate", "-c", path, "--date", day, "--depth", "full")
    if day == dt.datetime.now(dt.timezone.utc).date().isoformat():
        rivet.ok("validate", "-c", path)
    elsewhere = rivet("validate", "-c", path, "--date", "2001-01-01")
    assert elsewhere.code == 3 and "output/t/whole/2001-01-01" in elsewhere.stdout, elsewhere
    assert not [name for name in rivet.output().names() if "{" in name]


def ids_of_months(rivet, day):
    return {folder.name.removeprefix("at="): ids(rivet, name=f"months__{folder.name.removeprefix('at=')}", path=f"output/{day}/{folder.name}")
            for folder in (rivet.folder / "output" / day).iterdir()}


def test_case_46_first_runs_at_once_make_one_state(rivet, pg_db):
    """They ended each other's migrations."""
    pg_db.execute("CREATE TABLE t (id bigint PRIMARY KEY)", "INSERT INTO t SELECT generate_series(1, 10)")
    names = [f"e{i}" for i in range(8)]
    path = rivet.config(pg_db.source, *[export(name, table="t") for name in names])
    for _ in range(4):
        for left in rivet.folder.glob(".rivet_state.db*"):
            left.unlink()
        runs = [finished(process) for process in [rivet.start("run", "-c", path, "-e", name) for name in names]]
        assert [run.code for run in runs] == [0] * len(names), runs
        assert sorted(rivet.state("SELECT export_name, status FROM run")) == [(name, "success") for name in names]
        versions = [version for (version,) in rivet.state("SELECT version FROM schema_version ORDER BY version")]
        assert versions == list(range(1, len(versions) + 1)) and versions
    rivet.ok("validate", "-c", path)


@pytest.mark.parametrize("way", [[], ["--parallel-exports"], ["--parallel-export-processes"]], ids=["in turn", "threads", "processes"])
def test_case_50_a_broken_view_and_missing_folders_stop_nobody(rivet, pg_db, way):
    """One view that could not be read ended all; a folder that was not there ended the first run; a config was written to."""
    pg_db.execute("CREATE TABLE t (id bigint PRIMARY KEY)", "INSERT INTO t SELECT generate_series(1, 10)",
                  "CREATE FUNCTION lost() RETURNS SETOF t LANGUAGE plpgsql AS 'BEGIN RETURN QUERY SELECT * FROM nowhere; END'",
                  "CREATE VIEW broken AS SELECT * FROM lost()", "CREATE VIEW view AS SELECT * FROM t")
    entries = [export("before", table="t", path="./not/yet/there/{export}"), export("broken", table="broken", path="./not/{export}"),
               export("after", table="view", path="./not/yet/there/either")]
    path = rivet.config(pg_db.source, *entries)
    written = path.read_bytes()
    done = rivet("run", "-c", path, *way, "--json-errors")
    assert done.code == 1 and "nowhere" in done.stderr and done.error()["error"].endswith(": broken"), done
    for name, folder in (("before", "not/yet/there/before"), ("after", "not/yet/there/either")):
        assert ids(rivet, name=name, path=folder) == list(range(1, 11))
    assert not (rivet.folder / "not" / "broken" / "_SUCCESS.broken").exists()
    assert path.read_bytes() == written


def test_case_50_a_variable_that_is_not_set_is_not_empty(rivet, pg_db):
    """A destination `./output/${TENANT}` became everybody's folder."""
    pg_db.execute("CREATE TABLE t (id bigint PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    path = rivet.config(pg_db.source, export("t", table="t", path="./output/${TENANT}"))
    done = rivet("run", "-c", path, "--json-errors")
    assert done.code == 1 and "TENANT" in done.error()["error"], done
    assert not (rivet.folder / "output").exists()
    rivet.ok("run", "-c", path, env={"TENANT": "mine"})
    assert ids(rivet, path="output/mine") == [1]
