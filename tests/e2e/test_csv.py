"""CSV files against their source: DuckDB, pyarrow and PostgreSQL itself must read back what the tables hold."""
import csv
import datetime as dt
import decimal
import json
import math
import struct
import uuid

import duckdb
import psycopg
import psycopg.sql
import pyarrow as pa
import pyarrow.csv
import pytest

from helpers import export

TEXTS = ["", " ", "NULL", "null", "\\N", "\\.", "''", '"', '""', 'a"b', ",", ";", "\t", "a,b", "\n", "\r", "\r\n", "line\nfeed", "line\rreturn",
         " padded ", "\tx\t", "#comment", "=1+1", "-", "ünïcödé", "日本語", "🚲👩‍👩‍👧", "\U0010ffff", "\ufeffbom", "e\u0301", "\u2028", "\x01\x7f", "\\",
         "\\n", 'quote" , and\nall\r\n"', "true", "1e5", "2020-01-01", "x" * 100_000, ('",\n' * 20_000)]


def exported(rivet, database, **keys):
    """Exports with validation; returns the CSV parts."""
    rivet.ok("run", "-c", rivet.config(database.source, export("t", format="csv", **({"table": "t"} | keys))), "--validate")
    return rivet.output().parts("t")


def by_pyarrow(part) -> pa.Table:
    """All columns as text; only a bare empty field is NULL."""
    names = next(csv.reader(part.open(newline="", encoding="utf-8")))
    return pa.csv.read_csv(
        part, pa.csv.ReadOptions(block_size=64 << 20), pa.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        pa.csv.ConvertOptions(column_types={name: pa.string() for name in names}, null_values=[""], strings_can_be_null=True,
                              quoted_strings_can_be_null=False))


def by_duckdb(parts) -> list[tuple]:
    """All columns as text; only a bare empty field is NULL."""
    with duckdb.connect() as connection:
        return connection.execute("SELECT * FROM read_csv($p, all_varchar = true, header = true, delim = ',', quote = '\"', escape = '\"', "
                                  "nullstr = '', allow_quoted_nulls = false, max_line_size = 8000000)",
                                  {"p": [str(part) for part in parts]}).fetchall()


def by_postgres(database, part, like: str) -> None:
    """Loads the file with COPY into the new table `back`, whose columns are those of `like`."""
    with database.connect() as connection:
        connection.execute(f"CREATE TABLE back (LIKE {like})")
        with connection.cursor().copy("COPY back FROM STDIN (FORMAT csv, HEADER match)") as copy:
            copy.write(part.read_bytes())


def only_column(rivet, database, kind: str, *literals: str) -> list[str | None]:
    """The texts that CSV carries for these literals of one type, as pyarrow and DuckDB agree to read them."""
    database.execute("DROP TABLE IF EXISTS t", f"CREATE TABLE t (id int, v {kind})")
    for number, literal in enumerate(literals):
        database.execute(f"INSERT INTO t VALUES ({number}, {literal})")
    (part,) = exported(rivet, database)
    table = by_pyarrow(part).to_pylist()
    found = [row["v"] for row in sorted(table, key=lambda row: int(row["id"]))]
    assert found == [v for _, v in sorted(by_duckdb([part]), key=lambda row: int(row[0]))]
    return found


# -- texts


@pytest.fixture
def texts(pg_db):
    pg_db.execute("CREATE TABLE t (id int, v text, w varchar)")
    with pg_db.connect() as connection:
        values = [*enumerate([*TEXTS, None])]
        connection.cursor().executemany("INSERT INTO t VALUES (%s, %s, %s)",
                                        [(i, text, values[-1 - i][1]) for i, text in values])
    return pg_db


def test_odd_texts_come_back_through_every_reader(rivet, texts):
    (part,) = exported(rivet, texts)
    expected = texts.rows("SELECT id::text, v, w FROM t ORDER BY t.id")
    in_order = lambda rows: sorted(rows, key=lambda row: int(row[0]))  # noqa: E731
    assert in_order(tuple(row.values()) for row in by_pyarrow(part).to_pylist()) == expected
    assert in_order(by_duckdb([part])) == expected
    by_postgres(texts, part, "t")
    assert texts.rows("SELECT id::text, v, w FROM back ORDER BY back.id") == expected
    with part.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file, strict=True))
    assert rows[0] == ["id", "v", "w"]
    assert in_order(tuple(row) for row in rows[1:]) == [tuple(cell or "" for cell in row) for row in expected]


def test_null_and_the_empty_text_differ_in_bytes(rivet, pg_db):
    pg_db.execute("CREATE TABLE t (a text, b text, c text)", "INSERT INTO t VALUES (NULL, '', NULL)")
    (part,) = exported(rivet, pg_db)
    assert part.read_bytes() == b'a,b,c\n,"",\n'


@pytest.mark.parametrize("value", ["NULL", "''", "'\\.'", "' '", "E'\\n'"])
def test_a_table_of_one_column(rivet, pg_db, value):
    """A NULL of a single column is an empty line, which some readers drop unless told not to."""
    pg_db.execute("CREATE TABLE t (v text)", f"INSERT INTO t VALUES ('first'), ({value}), ('last')")
    (part,) = exported(rivet, pg_db)
    expected = [v for (v,) in pg_db.rows("SELECT v FROM t")]
    assert by_pyarrow(part)["v"].to_pylist() == expected
    by_postgres(pg_db, part, "t")
    assert [v for (v,) in pg_db.rows("SELECT v FROM back")] == expected


def test_headers_are_quoted_like_cells(rivet, pg_db):
    names = ["id", "com,ma", 'quo"te', "line\nfeed", " space ", "ünï", "\\."]
    columns = [psycopg.sql.Identifier(name).as_string(None) for name in names]
    pg_db.execute(f"CREATE TABLE t ({', '.join(f'{column} int' for column in columns)})", "INSERT INTO t VALUES (1, 2, 3, 4, 5, 6, 7)")
    (part,) = exported(rivet, pg_db)
    assert by_pyarrow(part).column_names == names
    with duckdb.connect() as connection:
        relation = connection.execute("SELECT * FROM read_csv($p, header = true)", {"p": str(part)})
        assert [column[0] for column in relation.description] == [name.strip() for name in names], "DuckDB trims names"
        assert relation.fetchall() == [(1, 2, 3, 4, 5, 6, 7)]
    by_postgres(pg_db, part, "t")
    assert pg_db.rows("SELECT * FROM back") == [(1, 2, 3, 4, 5, 6, 7)]


def test_files_are_utf8_with_line_feeds_and_no_mark(rivet, texts):
    texts.execute("DELETE FROM t WHERE v ~ '[\\r\\n]' OR w ~ '[\\r\\n]'")
    (part,) = exported(rivet, texts)
    data = part.read_bytes()
    assert not data.startswith(b"\xef\xbb\xbf") and data.endswith(b"\n") and b"\r" not in data
    assert data.count(b"\n") == texts.rows("SELECT count(*) FROM t")[0][0] + 1
    data.decode("utf-8", errors="strict")


def test_a_value_of_many_megabytes(rivet, pg_db):
    pg_db.execute("CREATE TABLE t (id int, v text)", "INSERT INTO t SELECT i, repeat(E'a\"b,\\n', 600000) || i FROM generate_series(1, 2) AS i")
    (part,) = exported(rivet, pg_db)
    by_postgres(pg_db, part, "t")
    assert pg_db.rows("SELECT count(*) FROM (TABLE t EXCEPT ALL TABLE back) AS x") == [(0,)]
    assert pg_db.rows("SELECT count(*) FROM back") == [(2,)]


# -- types


def test_postgres_loads_back_what_has_the_same_text_there(rivet, pg_db):
    """Numbers, dates, times and texts: the loaded copy and the source differ in no row."""
    pg_db.execute(
        "CREATE TYPE mood AS ENUM ('sad', 'so, \"so\"')",
        "CREATE TABLE t (id bigint, b boolean, i2 smallint, n numeric(38,9), wide numeric(76,38), bare numeric, r real, d double precision, "
        "day date, at time, ts timestamp, tz timestamptz, u uuid, j json, jb jsonb, iv interval, m mood, ip inet, rng int4range, c char(7), bits bit(3))",
        "INSERT INTO t SELECT (i - 500) * 18446744073709551, i % 2 = 0, i * 60 - 30000, (i - 500) * 1234567890.123456789, "
        "(i - 500) / 7.0, (random() * 1e20)::numeric, ((i - 500) * 1.1e30)::real, (i - 500) * 1.1e300, date '0001-01-01' + i * 3650, "
        "time '00:00' + i * interval '86.399999 s', timestamp '0001-01-01 00:00:00.000001' + i * interval '3650 days 1 us', "
        "timestamptz '1900-01-01 00:00+00' + i * interval '70 days 0.1 s', md5(i::text)::uuid, json_build_object('k', i, 'q', '\",'), "
        "jsonb_build_array(i, NULL, '\n'), i * interval '1 month -1 day 0.000001 s', "
        "CASE i % 2 WHEN 0 THEN 'sad' ELSE 'so, \"so\"' END::mood, '10.0.0.0'::inet + i, int4range(i, i + 5), left(md5(i::text), 5), i::bit(3) "
        "FROM generate_series(1, 999) AS i",
        "INSERT INTO t (id, r, d) VALUES (1, 'NaN', 'Infinity'), (2, '-Infinity', '-0'), (3, 1e-45, 5e-324), (4, NULL, NULL)")
    (part,) = exported(rivet, pg_db)
    pg_db.execute(f"ALTER DATABASE {pg_db.name} SET timezone = 'Asia/Kathmandu'")
    by_postgres(pg_db, part, "t")
    assert pg_db.rows("SELECT count(*) FROM back") == [(1003,)]
    as_text = "SELECT t::text FROM {} AS t"
    assert pg_db.rows(f"{as_text.format('t')} EXCEPT ALL {as_text.format('back')}") == []


def test_duckdb_reads_typed_values_without_being_told(rivet, pg_db):
    pg_db.execute("CREATE TABLE t (id int, big bigint, n numeric(20,4), d double precision, b boolean, day date, ts timestamp, tz timestamptz, u uuid)",
                  "INSERT INTO t SELECT i, i * 9e15::bigint, i / 8.0, i / 3.0, i % 2 = 0, date '1969-12-01' + i, timestamp '1969-12-31 23:59:59.999999' "
                  "+ i * interval '1 day', timestamptz '2024-03-31 00:30+00' + i * interval '1 h', md5(i::text)::uuid FROM generate_series(1, 500) i")
    parts = exported(rivet, pg_db)
    with duckdb.connect() as connection:
        connection.execute("SET timezone = 'UTC'")
        rows = connection.execute("SELECT id, big, n, d, b, day, ts, tz AT TIME ZONE 'UTC', u FROM read_csv($p, types = {'u': 'UUID', 'n': "
                                  "'DECIMAL(20,4)'}) ORDER BY id", {"p": [str(part) for part in parts]}).fetchall()
    assert rows == pg_db.rows("SELECT id, big, n, d, b, day, ts, tz AT TIME ZONE 'UTC', u FROM t ORDER BY id")


def test_numbers_at_their_ends(rivet, pg_db):
    assert only_column(rivet, pg_db, "bigint", "-9223372036854775808", "9223372036854775807", "0", "NULL") == \
        ["-9223372036854775808", "9223372036854775807", "0", None]
    nines = "9" * 38
    assert only_column(rivet, pg_db, "numeric(76,38)", f"{nines}.{nines}", f"-{nines}.{nines}", "0", "-0." + "0" * 37 + "1") == \
        [f"{nines}.{nines}", f"-{nines}.{nines}", "0." + "0" * 38, "-0." + "0" * 37 + "1"]
    assert only_column(rivet, pg_db, "numeric(5,0)", "99999", "-1") == ["99999", "-1"]
    assert only_column(rivet, pg_db, "numeric", "'NaN'", "1e-30", "1e40", "'-Infinity'") == \
        ["NaN", "0." + "0" * 29 + "1", "1" + "0" * 40, "-Infinity"]


@pytest.mark.parametrize("kind, code", [("double precision", "d"), ("real", "f")])
def test_floats_read_back_to_the_same_bits(rivet, pg_db, kind, code):
    literals = ["'NaN'", "'Infinity'", "'-Infinity'", "'-0'", "0.1", "1e-30", "123456789.123", "1e15", "1e16", "1e21", "3.4028235e38", "1.17549435e-38"]
    if code == "d":
        literals += ["1.7976931348623157e308", "5e-324", "2.2250738585072014e-308", "0.30000000000000004"]
    found = only_column(rivet, pg_db, kind, *literals)
    with pg_db.connect() as connection:
        expected = [v for (v,) in connection.cursor(binary=True).execute("SELECT v FROM t ORDER BY id")]
    assert found[:3] == ["NaN", "inf", "-inf"] and math.isnan(expected[0])
    assert [struct.pack(code, float(text)) for text in found[1:]] == [struct.pack(code, v) for v in expected[1:]]
    assert math.copysign(1, float(found[3])) == -1


def test_dates_and_times_at_their_ends(rivet, pg_db):
    assert only_column(rivet, pg_db, "date", "'0001-01-01'", "'9999-12-31'", "'10000-01-01'", "'0001-12-31 BC'", "'1969-12-31'", "NULL") == \
        ["0001-01-01", "9999-12-31", "10000-01-01", "0000-12-31", "1969-12-31", None]
    assert only_column(rivet, pg_db, "timestamp", "'1969-12-31 23:59:59.9'", "'0001-01-01'", "'2020-02-29 12:00:00.000001'") == \
        ["1969-12-31T23:59:59.900000", "0001-01-01T00:00:00.000000", "2020-02-29T12:00:00.000001"]
    assert only_column(rivet, pg_db, "timestamptz", "'2024-10-27 02:30:00+02'", "'1900-01-01 00:00+05:45'", "'1969-12-31 23:59:59.5+00'") == \
        ["2024-10-27T00:30:00.000000Z", "1899-12-31T18:15:00.000000Z", "1969-12-31T23:59:59.500000Z"]
    assert only_column(rivet, pg_db, "time", "'00:00'", "'23:59:59.999999'") == ["00:00:00.000000", "23:59:59.999999"]


def test_bytes_are_hexadecimal(rivet, pg_db):
    found = only_column(rivet, pg_db, "bytea", "''", "'\\x00ff0a2c22'", "decode(repeat('ab', 5000), 'hex')", "NULL")
    assert found == ["", "00ff0a2c22", "ab" * 5000, None]
    assert [None if text is None else bytes.fromhex(text) for text in found] == \
        [None if v is None else bytes(v) for (v,) in pg_db.rows("SELECT v FROM t ORDER BY id")]


def test_json_is_carried_to_the_letter(rivet, pg_db):
    documents = ['{"a" : [1, null], "q":"\\"x\\", y"}', "null", '""', '"\\u00e9\\n"', "[]", "1e400", '{"k":1,"k":2}']
    found = only_column(rivet, pg_db, "json", *[f"'{text}'" for text in documents], "NULL")
    assert found == [*documents, None]
    found = only_column(rivet, pg_db, "jsonb", *[f"'{text}'" for text in documents if text != "1e400"])
    assert found == [v for (v,) in pg_db.rows("SELECT v::text FROM t ORDER BY id")]


ARRAYS = [
    ("int[]", ["'{}'", "'{1,NULL,-2147483648}'", "NULL"], ["[]", "[1,null,-2147483648]", None]),
    ("bigint[]", ["'{9223372036854775807}'"], ["[9223372036854775807]"]),
    ("boolean[]", ["'{t,f,NULL}'"], ["[true,false,null]"]),
    ("double precision[]", ["'{0.5,NaN,-Infinity}'"], ['[0.5,"NaN","-inf"]']),
    ("date[]", ["'{2020-02-29,NULL}'"], ['["2020-02-29",null]']),
    ("timestamptz[]", ["'{1999-01-01 00:00+01}'"], ['["1998-12-31T23:00:00.000000Z"]']),
    ("uuid[]", ["'{00000000-0000-0000-0000-00000000000a}'"], ['["00000000-0000-0000-0000-00000000000a"]']),
    ("bytea[]", [r"""'{"\\x00ff",""}'"""], ['["00ff",""]']),
]


@pytest.mark.parametrize("kind, literals, expected", ARRAYS, ids=[kind for kind, *_ in ARRAYS])
def test_arrays_are_json(rivet, pg_db, kind, literals, expected):
    found = only_column(rivet, pg_db, kind, *literals)
    assert found == expected
    assert all(isinstance(json.loads(text), list) for text in found if text is not None)


def test_arrays_of_odd_texts_are_json_that_others_read(rivet, pg_db):
    values = [text for text in TEXTS if len(text) < 100]
    pg_db.execute("CREATE TABLE t (id int, v text[])")
    with pg_db.connect() as connection:
        connection.execute("INSERT INTO t VALUES (1, %s), (2, %s), (3, ARRAY[NULL]::text[])", (values, values[::-1] + [None]))
    (part,) = exported(rivet, pg_db)
    found = {int(row["id"]): json.loads(row["v"]) for row in by_pyarrow(part).to_pylist()}
    assert found == {1: values, 2: values[::-1] + [None], 3: [None]}
    assert {int(i): json.loads(v) for i, v in by_duckdb([part])} == found


def test_overrides_decide_the_text(rivet, pg_db):
    pg_db.execute("CREATE TABLE t (id int, n numeric, x text)", "INSERT INTO t VALUES (1, 1.5, ' 42 '), (2, NULL, NULL)")
    (part,) = exported(rivet, pg_db, columns={"n": "decimal(20,6)", "x": "int8"})
    assert part.read_text() == "id,n,x\n1,1.500000,42\n2,,\n"


# -- files


def test_every_part_of_a_split_csv_stands_alone(rivet, pg_db):
    pg_db.execute("CREATE TABLE t AS SELECT i AS id, repeat(E'\"a\\n', i % 50) AS v, ARRAY[i, NULL, -i] AS list FROM generate_series(1, 30000) i")
    parts = exported(rivet, pg_db, max_file_size="256KB")
    assert len(parts) > 3
    rows = []
    for part, listed in zip(parts, rivet.output().manifest("t")["parts"]):
        table = by_pyarrow(part)
        assert table.column_names == ["id", "v", "list"] and table.num_rows == listed["rows"]
        rows += [(int(row["id"]), row["v"], json.loads(row["list"])) for row in table.to_pylist()]
    assert sorted(rows) == pg_db.rows("SELECT * FROM t ORDER BY id")
    assert sorted((int(i), v) for i, v, _ in by_duckdb(parts)) == pg_db.rows("SELECT id, v FROM t ORDER BY id")


def test_columns_of_ours_are_columns_of_the_file(rivet, pg_db):
    pg_db.execute("CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 3) AS i")
    (part,) = exported(rivet, pg_db, meta_columns={"exported_at": True, "row_hash": True})
    table = by_pyarrow(part)
    assert table.column_names == ["id", "_rivet_exported_at", "_rivet_row_hash"]
    (at,) = set(table["_rivet_exported_at"].to_pylist())
    assert abs(dt.datetime.fromisoformat(at.replace("Z", "+00:00")) - dt.datetime.now(dt.timezone.utc)) < dt.timedelta(minutes=5)
    assert len({int(text) for text in table["_rivet_row_hash"].to_pylist()}) == 3


def test_a_csv_is_the_same_bytes_every_time(rivet, pg_db):
    pg_db.execute("CREATE TABLE t AS SELECT i AS id, md5(i::text) AS v, i / 7.0::float8 AS d FROM generate_series(1, 5000) AS i")
    first, second = (exported(rivet, pg_db)[0].read_bytes() for _ in range(2))
    assert first == second
    assert rivet.output().manifest("t")["compression"] == "none"


@pytest.mark.parametrize("keys", [{"compression": "zstd"}, {"compression": "gzip"}, {"compression_level": 3},
                                  {"compression_profile": "fast"}, {"parquet": {"row_group_rows": 10}}, {"delimiter": ";"}])
def test_options_that_csv_does_not_have_are_refused(rivet, pg_db, keys):
    pg_db.execute("CREATE TABLE t (id int)")
    done = rivet("run", "-c", rivet.config(pg_db.source, export("t", table="t", format="csv", **keys)))
    (key,) = keys
    assert done.code == 1 and key in done.stderr and "rivet.yaml:" in done.stderr, done
    assert not rivet.output().folder.exists()


def test_decimals_and_uuids_keep_their_value(rivet, pg_db):
    pg_db.execute("CREATE TABLE t AS SELECT i AS id, ((i - 50) / 9.0)::numeric(30,12) AS n, md5(i::text)::uuid AS u FROM generate_series(1, 100) i")
    (part,) = exported(rivet, pg_db)
    found = sorted((int(row["id"]), decimal.Decimal(row["n"]), uuid.UUID(row["u"])) for row in by_pyarrow(part).to_pylist())
    assert found == pg_db.rows("SELECT * FROM t ORDER BY id")
