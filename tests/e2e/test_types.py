"""Type torture: extremes, oddities and NULLs of every PostgreSQL type, to Parquet and CSV, judged by other readers."""
import datetime as dt
import decimal
import math
import struct
import uuid

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers import export
from torture import AS_TEXT, EXACT, postgres_table


@pytest.fixture
def torture(pg_db):
    postgres_table(pg_db, EXACT + AS_TEXT)
    return pg_db


def storage(column: pa.ChunkedArray) -> list:
    if isinstance(column.type, pa.BaseExtensionType):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks])
    return column.to_pylist()


def server_text(database, column: str) -> list:
    """The column as the server itself writes it under the settings that rivet pins."""
    with database.connect() as connection:
        for setting in ("intervalstyle = 'iso_8601'", "lc_monetary = 'C'", "timezone = 'UTC'", "datestyle = 'ISO, YMD'"):
            connection.execute(f"SET {setting}")
        return [value for (value,) in connection.execute(f"SELECT {column}::text FROM t ORDER BY id").fetchall()]


@pytest.fixture
def landed(rivet, torture):
    done = rivet.ok("run", "-c", rivet.config(torture.source, export("t", table="t")), "--validate")
    (part,) = rivet.output().parts("t")
    return rivet, pq.ParquetFile(part), done


def test_every_exact_type_has_its_arrow_type(landed):
    _, file, _ = landed
    schema = file.schema_arrow
    for name, _, _, expected in EXACT:
        if expected is not None:
            assert schema.field(name).type == expected, name
    assert schema.field("uuid_c").type == pa.uuid()
    assert str(schema.field("json_c").type) in ("extension<arrow.json>", "extension<arrow.json[storage_type=string]>")
    assert schema.field("ints_c").type == pa.list_(pa.field("item", pa.int32()))
    assert file.schema.column(0).name == "id" and file.schema.column(0).max_definition_level == 0, "NOT NULL is kept"


def test_exact_values_through_pyarrow(landed, torture):
    _, file, _ = landed
    table = file.read()
    with torture.connect() as connection:
        connection.execute("SET timezone = 'UTC'")
        for name in ("bool_c", "int2_c", "int4_c", "int8_c", "oid_c", "num_c", "wide_c", "neg_scale_c", "big_scale_c", "time_c",
                     "ts_c", "text_c", "varchar_c", "char_c", "name_c", "ints_c", "texts_c", "flags_c"):
            expected = [value for (value,) in connection.execute(f"SELECT {name} FROM t ORDER BY id").fetchall()]
            assert storage(table[name]) == expected, name
        for name in ("real_c", "double_c"):
            expected = [value for (value,) in connection.cursor(binary=True).execute(f"SELECT {name} FROM t ORDER BY id").fetchall()]
            bits = [None if v is None else struct.pack("d", v) if not math.isnan(v) else "nan" for v in expected]
            found = [None if v is None else struct.pack("d", v) if not math.isnan(v) else "nan" for v in storage(table[name])]
            assert found == bits, name
        micros = [v for (v,) in connection.execute("SELECT (extract(epoch FROM tstz_c) * 1000000)::int8 FROM t ORDER BY id")]
        assert storage(table["tstz_c"].cast(pa.int64())) == micros
        days = [v for (v,) in connection.execute("SELECT date_c - date '1970-01-01' FROM t ORDER BY id")]
        assert storage(table["date_c"].cast(pa.int32())) == days
        uuids = [None if v is None else v.bytes for (v,) in connection.execute("SELECT uuid_c FROM t ORDER BY id")]
        assert storage(table["uuid_c"]) == uuids
        blobs = [None if v is None else bytes(v) for (v,) in connection.execute("SELECT bytea_c FROM t ORDER BY id")]
        assert storage(table["bytea_c"]) == blobs
    for name in ("json_c", "jsonb_c", "interval_c", "mood_c"):
        assert storage(table[name]) == server_text(torture, name), name


def test_types_without_an_exact_form_are_the_servers_text(landed, torture):
    _, file, done = landed
    table = file.read()
    native = dict(torture.rows("SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 't'::regclass"))
    for name, kind, _ in AS_TEXT:
        field = file.schema_arrow.field(name)
        assert field.type == pa.string(), name
        assert table[name].to_pylist() == server_text(torture, name), name
        assert field.metadata[b"rivet.native_type"].decode() == native[name]
        assert f"column {name}" in done.stderr, f"no warning for {name}"


def test_duckdb_agrees_with_pyarrow(landed):
    rivet, file, _ = landed
    with duckdb.connect() as connection:
        parts = [str(part) for part in rivet.output().parts("t")]
        for name in ("int8_c", "num_c", "text_c", "char_c", "bare_c", "ints_c", "time_c", "bytea_c", "double_c"):
            found = [v for (v,) in connection.execute(f"SELECT {name} FROM read_parquet($p) ORDER BY id", {"p": parts}).fetchall()]
            expected = storage(file.read()[name])
            assert [repr(v) for v in found] == [repr(v) for v in expected], name


def test_csv_carries_the_same_values(rivet, torture):
    rivet.ok("run", "-c", rivet.config(torture.source, export("t", table="t", format="csv")), "--validate")
    (part,) = rivet.output().parts("t")
    with duckdb.connect() as connection:
        relation = connection.execute("SELECT * FROM read_csv($p, all_varchar = true, header = true, nullstr = '', "
                                      "allow_quoted_nulls = false, max_line_size = 4000000) ORDER BY id::int", {"p": str(part)})
        names = [column[0] for column in relation.description]
        columns = dict(zip(names, zip(*relation.fetchall())))
    for name in ("int8_c", "wide_c", "text_c", "uuid_c", "mood_c", "interval_c", "num_c", *[n for n, *_ in AS_TEXT]):
        assert list(columns[name]) == server_text(torture, name), name
    assert columns["tstz_c"][0] == "1969-12-31T23:59:59.500000Z"
    assert columns["ts_c"][1] == "1969-12-31T23:59:59.999999"
    assert columns["date_c"][3] == "-4712-01-01"
    assert columns["ints_c"][1] == "[1,null,3]"
    assert columns["bytea_c"][1] == "00ff0a22"
    assert columns["bool_c"][:2] == ("true", "false")
    assert columns["double_c"][0] == "NaN" and columns["double_c"][1] == "inf"


@pytest.mark.parametrize("kind, literal, says", [
    ("date", "'infinity'", "infinity"), ("date", "'-infinity'", "-infinity"),
    ("timestamp", "'infinity'", "infinity"), ("timestamptz", "'-infinity'", "-infinity"),
    ("timestamp", "'294276-12-31 23:59:59'", "outside"), ("numeric(10,2)", "'NaN'", "NaN"), ("time", "'24:00'", "24:00"),
    ("integer[]", "'{{1,2},{3,4}}'", "2 dimensions"), ("integer[]", "'[0:1]={1,2}'", "index 0")])
@pytest.mark.parametrize("format", ["parquet", "csv"])
def test_a_cell_that_no_type_holds_is_an_error_that_names_it(rivet, pg_db, kind, literal, says, format):
    pg_db.execute(f"CREATE TABLE t (id int PRIMARY KEY, odd {kind})", "INSERT INTO t SELECT i, NULL FROM generate_series(1, 50) i",
                  f"INSERT INTO t VALUES (51, {literal})")
    path = rivet.config(pg_db.source, export("t", table="t", format=format))
    failed = rivet("run", "-c", path, "--json-errors")
    assert failed.code == 1
    error = failed.error()
    assert error["code"] == "RIVET_VALUE_UNREPRESENTABLE"
    for part in ("t", '"odd"', "id=51", says, "text"):
        assert part in error["error"], error
    assert not any(name.endswith((".parquet", ".csv")) for name in rivet.output().names())
    rivet.ok("run", "-c", rivet.config(pg_db.source, export("t", table="t", format=format, columns={"odd": "text"})), "--validate")


@pytest.mark.parametrize("kind, literals, wanted, expected", [
    ("numeric", ["12.34", "0.10"], "decimal(10,2)", [decimal.Decimal("12.34"), decimal.Decimal("0.10")]),
    ("integer", ["5", "-7"], "int8", [5, -7]),
    ("bigint", ["5"], "int2", [5]),
    ("integer", ["5"], "decimal(12,3)", [decimal.Decimal("5.000")]),
    ("numeric", ["12.000"], "int4", [12]),
    ("real", ["0.5"], "float8", [0.5]),
    ("text", ["'2020-02-29'", "'2020-02-29 00:00:00'"], "date", [dt.date(2020, 2, 29), dt.date(2020, 2, 29)]),
    ("text", ["'12:34:56.5'", "' 1:02 pm'", "NULL"], "time", [dt.time(12, 34, 56, 500_000), dt.time(13, 2), None]),
    ("text", ["'2024-01-01T12:00:00.123456000'"], "timestamp", [dt.datetime(2024, 1, 1, 12, 0, 0, 123_456)]),
    ("text", ["'2024-01-01 12:00:00+05'", "'2024-01-01 07:00:00'"], "timestamp_tz", [dt.datetime(2024, 1, 1, 7, tzinfo=dt.timezone.utc)] * 2),
    ("text", ["'f81d4fae-7dec-11d0-a765-00a0c91e6bf6'"], "uuid", [uuid.UUID("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")]),
    ("text", ["' 42'"], "int4", [42]),
    ("timestamp", ["'2020-01-01 00:00:00.000001'"], "timestamp_ns", None),
    ("uuid", ["'f81d4fae-7dec-11d0-a765-00a0c91e6bf6'"], "text", ["f81d4fae-7dec-11d0-a765-00a0c91e6bf6"]),
    ("char(5)", ["'ab'"], "text", ["ab   "]),
])
def test_overrides_convert_exactly(rivet, pg_db, kind, literals, wanted, expected):
    pg_db.execute(f"CREATE TABLE t (id serial, v {kind})", *[f"INSERT INTO t (v) VALUES ({literal})" for literal in literals])
    rivet.ok("run", "-c", rivet.config(pg_db.source, export("t", table="t", columns={"v": wanted})), "--validate")
    table = rivet.output().table("t").sort_by("id")
    if expected is None:
        assert table["v"].type == pa.timestamp("ns")
        assert table["v"].cast(pa.int64()).to_pylist() == [1577836800000001000]
    else:
        assert table["v"].to_pylist() == expected


@pytest.mark.parametrize("kind, literal, wanted", [
    ("numeric", "12.345", "decimal(10,2)"), ("numeric", "1.5", "int4"), ("bigint", "40000", "int2"),
    ("double precision", "0.1", "float4"), ("text", "'abc'", "int4"), ("text", "'nope'", "uuid"),
    ("text", "'2024-01-01 12:34'", "date"), ("text", "'2024-01-01 00:00+05'", "date"), ("text", "'2024-01-01 00:00:00.0000001'", "date"),
    ("text", "'12:34:56+02'", "time"), ("text", "'2024-01-01 12:34'", "time"), ("text", "'12:34:56.1234567'", "time"),
    ("text", "'2024-01-01 12:00:00+05'", "timestamp"), ("text", "'2024-01-01 12:00:00.1234567'", "timestamp"),
    ("text", "'2024-01-01 12:00:00.1234567+00'", "timestamp_tz")])
def test_overrides_never_lose_digits_or_turn_values_into_null(rivet, pg_db, kind, literal, wanted):
    pg_db.execute(f"CREATE TABLE t (id int PRIMARY KEY, v {kind})", f"INSERT INTO t VALUES (1, {literal})")
    failed = rivet("run", "-c", rivet.config(pg_db.source, export("t", table="t", columns={"v": wanted})))
    assert failed.code == 1, failed.stderr
    assert not any(name.endswith(".parquet") for name in rivet.output().names())


@pytest.mark.parametrize("wanted, odd", [
    ("uuid", "nope"), ("boolean", "perhaps"), ("int2", "40000"), ("int4", "1.5"), ("int8", "x"), ("float4", "1e60"), ("float8", "1e999"),
    ("decimal(10,2)", "12,34"), ("date", "2024-02-30"), ("time", "noon?"), ("timestamp", "yesterday or so"), ("timestamp_tz", "2024-13-01")])
@pytest.mark.parametrize("literal", ["v", "constant"])
def test_a_text_that_an_override_cannot_convert_is_told_with_its_column(rivet, pg_db, wanted, odd, literal):
    """The server fails in mid-stream, or while it plans when the value is in the query."""
    pg_db.execute("CREATE TABLE t (id int PRIMARY KEY, v text, w text)",
                  f"INSERT INTO t SELECT i, CASE i WHEN 900 THEN '{odd}' END FROM generate_series(1, 1000) i")
    query = "SELECT * FROM t" if literal == "v" else f"SELECT id, '{odd}' AS v, w FROM t"
    other = "date" if wanted == "uuid" else "uuid"
    failed = rivet("run", "-c", rivet.config(pg_db.source, export("t", query=query, columns={"v": wanted, "w": other})), "--json-errors")
    error = failed.error()
    assert (failed.code, error["code"]) == (1, "RIVET_VALUE_UNREPRESENTABLE"), failed
    assert 'column "v"' in error["error"] and odd in error["error"] and '"w"' not in error["error"], error
    assert "v: text" in error["hint"]
    rivet.ok("run", "-c", rivet.config(pg_db.source, export("t", query=query, columns={"v": "text", "w": other})), "--validate")


def test_an_error_of_the_query_is_not_blamed_on_an_override(rivet, pg_db):
    pg_db.execute("CREATE TABLE t (v text)", "INSERT INTO t VALUES (NULL)")
    for query in ("SELECT v, 'x'::int AS x FROM t", "SELECT v, 1 / (length(coalesce(v, ''))) AS x FROM t"):
        failed = rivet("run", "-c", rivet.config(pg_db.source, export("t", query=query, columns={"v": "uuid"})), "--json-errors")
        assert (failed.code, failed.error()["code"]) == (1, None), failed
        assert '"v"' not in failed.error()["error"]


def test_an_override_that_could_change_values_is_refused_before_reading(rivet, pg_db):
    pg_db.execute("CREATE TABLE t (d date)")
    failed = rivet("run", "-c", rivet.config(pg_db.source, export("t", table="t", columns={"d": "int8"})))
    assert failed.code == 1
    assert "columns: d" in failed.stderr and "without changing values" in failed.stderr


def test_session_settings_of_the_server_do_not_matter(rivet, torture):
    """DateStyle, zone, interval style, bytea output and float digits are pinned, whatever the role prefers."""
    path = rivet.config(torture.source, export("t", table="t"))
    rivet.ok("run", "-c", path)
    plain = rivet.output().manifest("t")["digest"]["value"]
    for setting in ("datestyle = 'German, DMY'", "timezone = 'Asia/Kathmandu'", "intervalstyle = 'sql_standard'",
                    "bytea_output = 'escape'", "extra_float_digits = 0", "default_transaction_isolation = 'read committed'"):
        torture.execute(f"ALTER DATABASE {torture.name} SET {setting}")
    rivet.ok("run", "-c", path, "--validate")
    assert rivet.output().manifest("t")["digest"]["value"] == plain
