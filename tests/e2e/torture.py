"""Columns of every type that rivet carries: extremes, oddities and NULLs, and for each the changes that are hardest to see."""
from __future__ import annotations

import datetime as dt
import math
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

BIG = 2**63 - 1

# PostgreSQL: column, SQL type, SQL literals (NULL is added), the Arrow type that must carry it
EXACT = [
    ("bool_c", "boolean", ["true", "false"], pa.bool_()),
    ("int2_c", "smallint", ["-32768", "32767", "0"], pa.int16()),
    ("int4_c", "integer", ["-2147483648", "2147483647"], pa.int32()),
    ("int8_c", "bigint", ["-9223372036854775808", "9223372036854775807"], pa.int64()),
    ("oid_c", "oid", ["0", "4294967295"], pa.int64()),
    ("real_c", "real", ["'NaN'", "'Infinity'", "'-Infinity'", "'-0'", "3.4028235e38", "1e-45", "0.1"], pa.float32()),
    ("double_c", "double precision", ["'NaN'", "'Infinity'", "'-0'", "1.7976931348623157e308", "5e-324", "0.1"], pa.float64()),
    ("num_c", "numeric(38,10)", ["-9999999999999999999999999999.9999999999", "0.0000000001", "0", "1e3"], pa.decimal128(38, 10)),
    ("wide_c", "numeric(76,38)", ["'" + "9" * 38 + "." + "9" * 38 + "'", "'-0." + "0" * 37 + "1'"], pa.decimal256(76, 38)),
    ("neg_scale_c", "numeric(3,-2)", ["99900", "-100", "149"], pa.decimal128(5, 0)),
    ("big_scale_c", "numeric(3,5)", ["0.00999", "-0.00001"], pa.decimal128(5, 5)),
    ("date_c", "date", ["'0001-01-01'", "'1969-12-31'", "'9999-12-31'", "'4713-01-01 BC'", "'5874897-12-31'"], pa.date32()),
    ("time_c", "time", ["'00:00'", "'23:59:59.999999'", "'12:34:56.000001'"], pa.time64("us")),
    ("ts_c", "timestamp", ["'0001-01-01'", "'1969-12-31 23:59:59.999999'", "'9999-12-31 23:59:59.999999'"], pa.timestamp("us")),
    ("tstz_c", "timestamptz", ["'1969-12-31 23:59:59.5+00'", "'2024-10-27 02:30+02'", "'0001-01-01 00:00+00'"], pa.timestamp("us", "UTC")),
    ("text_c", "text", ["''", "' x '", "E'a\\nb\\r\\n\"c\",d'", "'🚲 ü \U0010FFFF'", "repeat('x', 300000)"], pa.string()),
    ("varchar_c", "varchar(10)", ["''", "'abc'"], pa.string()),
    ("char_c", "char(5)", ["'ab'", "''"], pa.string()),
    ("name_c", "name", ["'a name'"], pa.string()),
    ("bytea_c", "bytea", ["''", "'\\x00ff0a22'"], pa.binary()),
    ("json_c", "json", ["'{\"a\" : [1, null]}'", "'null'"], None),
    ("jsonb_c", "jsonb", ["'{\"b\":1.0,\"a\":\"ü\"}'", "'[]'"], None),
    ("uuid_c", "uuid", ["'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"], None),
    ("interval_c", "interval", ["'1 year 2 mons -3 days 04:05:06.789'", "'0'", "'-1 month'"], pa.string()),
    ("mood_c", "mood", ["'sad'", "'öh, \"ok\"'"], pa.string()),
    ("ints_c", "integer[]", ["'{}'", "'{1,NULL,3}'", "'{-2147483648}'"], None),
    ("texts_c", "text[]", ["'{}'", "'{\"a,b\",NULL,\"\",\"NULL\"}'"], None),
    ("stamps_c", "timestamptz[]", ["'{1999-01-01 00:00+00,NULL}'"], None),
    ("flags_c", "boolean[]", ["'{t,f,NULL}'"], None),
    ("uuids_c", "uuid[]", ["'{00000000-0000-0000-0000-000000000001}'"], None),
    ("intervals_c", "interval[]", ["'{1 day,NULL}'"], None),
    ("smalls_c", "smallint[]", ["'{-32768,NULL,32767}'"], None),
    ("bigs_c", "bigint[]", ["'{-9223372036854775808,9223372036854775807}'"], None),
    ("oids_c", "oid[]", ["'{4294967295}'"], None),
    ("reals_c", "real[]", ["'{NaN,-0,Infinity,1e-45}'"], None),
    ("doubles_c", "double precision[]", ["'{NaN,-0,-Infinity,5e-324}'"], None),
    ("dates_c", "date[]", ["'{0001-01-01,9999-12-31}'"], None),
    ("times_c", "time[]", ["'{00:00,23:59:59.999999}'"], None),
    ("plain_stamps_c", "timestamp[]", ["'{1969-12-31 23:59:59.999999}'"], None),
    ("varchars_c", "varchar(10)[]", ["'{\"\",\" x \"}'"], None),
    ("chars_c", "char(3)[]", ["'{a,\"\"}'"], None),
    ("names_c", "name[]", ["'{a name}'"], None),
    ("byteas_c", "bytea[]", ["'{\"\\\\x00ff\",\"\"}'"], None),
    ("jsons_c", "json[]", ["ARRAY['{\"a\" : 1}', 'null']::json[]"], None),
    ("jsonbs_c", "jsonb[]", ["ARRAY['{\"a\": 1.0}', '[]']::jsonb[]"], None),
]

# PostgreSQL, carried as exactly the text that the server gives, with the native type in the metadata and a warning
AS_TEXT = [
    ("money_c", "money", ["'$1,234.56'", "-92233720368547758.08"]),
    ("inet_c", "inet", ["'10.0.0.0/8'", "'::1'"]),
    ("cidr_c", "cidr", ["'10.0.0.0/8'"]),
    ("mac_c", "macaddr", ["'08:00:2b:01:02:03'"]),
    ("range_c", "int4range", ["'[1,5)'", "'empty'"]),
    ("tsrange_c", "tstzrange", ["'[2020-01-01 00:00+00,)'"]),
    ("multi_c", "int4multirange", ["'{[1,3),[5,7)}'"]),
    ("timetz_c", "time with time zone", ["'23:59:59.999999-12'"]),
    ("bit_c", "bit(3)", ["B'101'"]),
    ("varbit_c", "varbit", ["B''", "B'1010101'"]),
    ("xml_c", "xml", ["'<a b=\"1\">ü</a>'"]),
    ("tsv_c", "tsvector", ["'a fat cat'::tsvector"]),
    ("hstore_c", "hstore", ["'a=>1, b=>NULL'"]),
    ("point_c", "point", ["'(1.5,-2)'"]),
    ("polygon_c", "polygon", ["'((0,0),(1,1),(1,0))'"]),
    ("pair_c", "pair", ["ROW(1, 'x,\"y')"]),
    ("citext_c", "citext", ["'MiXed'"]),
    ("nums_c", "numeric[]", ["'{1.10,NULL,NaN}'"]),
    ("matrix_c", "integer[][]", ["'{{1,2},{3,4}}'"]),
    ("bare_c", "numeric", ["'NaN'", "'1e-20'", "123456789012345678901234567890.5"]),
    ("domain_c", "positive", ["7"]),
    ("moods_c", "mood[]", ["'{sad,\"öh, \\\"ok\\\"\"}'"]),
    ("vector_c", "int2vector", ["'1 2 3'"]),
    ("onechar_c", '"char"', ["'x'"]),
    ("regclass_c", "regclass", ["'pg_class'"]),
    ("path_c", "jsonpath", ["'$.a[*]'"]),
]

# PostgreSQL, under another type by `columns:`: column, SQL type, SQL literals, the type
OVERRIDDEN = [
    ("ns_c", "timestamp", ["'1700-01-01'"], "timestamp_ns"),
    ("nstz_c", "timestamptz", ["'2200-01-01 00:00+00'"], "timestamp_tz_ns"),
    ("price_c", "numeric", ["-99999999.99"], "decimal(10,2)"),
    ("wider_c", "real", ["'-0'"], "float8"),
    ("shown_c", "timestamp", ["'infinity'"], "text"),
]

PREPARE = ("CREATE EXTENSION hstore", "CREATE EXTENSION citext", "CREATE TYPE mood AS ENUM ('sad', 'öh, \"ok\"')",
           "CREATE DOMAIN positive AS integer CHECK (value > 0)", "CREATE TYPE pair AS (a int, b text)")

# SQLite: declared type, values, the Arrow type that must carry them, the values as they must arrive (absent: as they are)
DECLARED = [
    ("INTEGER", [0, BIG, -BIG - 1], "int64"), ("TINYINT", [7], "int64"), ("UNSIGNED BIG INT", [BIG], "int64"),
    ("TEXT", ["", "ü🚲\U0010ffff", "a\nb\tc\"'", "x" * 100_000], "string"), ("VARCHAR(3)", ["longer than three"], "string"),
    ("CLOB", ["c"], "string"), ("NATIVE CHARACTER(70)", ["n"], "string"),
    ("REAL", [0.1, 0.0, 5e-324, 1.7976931348623157e308, math.inf, -math.inf], "double"),
    ("DOUBLE PRECISION", [1.5], "double"), ("FLOAT", [2.0], "double"),
    ("BLOB", [b"", b"\x00\xff\x00", bytes(range(256))], "binary"),
    ("BOOLEAN", [0, 1], "bool", [False, True]), ("BOOL", [1], "bool", [True]),
    ("DATE", ["1969-12-31", "9999-12-31", "0001-01-01"], "date32[day]",
     [dt.date(1969, 12, 31), dt.date(9999, 12, 31), dt.date(1, 1, 1)]),
    ("DATETIME", ["1969-12-31 23:59:59.999999", "2024-02-29T12:00:00"], "timestamp[us]",
     [dt.datetime(1969, 12, 31, 23, 59, 59, 999999), dt.datetime(2024, 2, 29, 12)]),
    ("TIMESTAMP", ["2024-02-29 12:00:00"], "timestamp[us]", [dt.datetime(2024, 2, 29, 12)]),
    ("TIME", ["23:59:59.999999"], "time64[us]", [dt.time(23, 59, 59, 999999)]),
    ("DECIMAL(12,2)", ["1234567890.12", 5, 0.5, -1], "decimal128(12, 2)",
     [Decimal("1234567890.12"), Decimal("5.00"), Decimal("0.50"), Decimal("-1.00")]),
    ("NUMERIC(20, 0)", [BIG], "decimal128(20, 0)", [Decimal(BIG)]),
    ("UUID", ["f81d4fae-7dec-11d0-a765-00a0c91e6bf6"], "extension<arrow.uuid>", None),
    ("JSON", ['{"a":[1,null]}'], None),
]

LONG = "x" * 300_000
CUT = "x" * 4096 + "…"  # as a report shows it

# By PostgreSQL column: SQL literals before and after, and the texts of both (None: NULL)
NEAR = {
    "bool_c": [("true", "false", "true", "false")],
    "int2_c": [("32766", "32767", "32766", "32767"), ("0", "NULL", "0", None)],
    "int4_c": [("-2147483648", "-2147483647", "-2147483648", "-2147483647")],
    "int8_c": [("9223372036854775806", "9223372036854775807", "9223372036854775806", "9223372036854775807"),
               ("9007199254740992", "9007199254740993", "9007199254740992", "9007199254740993")],
    "oid_c": [("4294967294", "4294967295", "4294967294", "4294967295")],
    "real_c": [("'0.1'", "'0.10000001'", "0.1", "0.10000001"), ("'0'", "'-0'", "0", "-0"), ("'NaN'", "'Infinity'", "NaN", "inf"),
               ("'NaN'", "NULL", "NaN", None), ("'1e-45'", "'0'", "1e-45", "0")],
    "double_c": [("'0.1'", "'0.10000000000000002'", "0.1", "0.10000000000000002"), ("'-0'", "'0'", "-0", "0"),
                 ("'NaN'", "'-Infinity'", "NaN", "-inf"), ("'NaN'", "NULL", "NaN", None), ("'5e-324'", "'0'", "5e-324", "0")],
    "num_c": [("0.0000000001", "0.0000000002", "0.0000000001", "0.0000000002"),
              ("-9999999999999999999999999999.9999999999", "-9999999999999999999999999999.9999999998",
               "-9999999999999999999999999999.9999999999", "-9999999999999999999999999999.9999999998")],
    "wide_c": [("'-0." + "0" * 37 + "1'", "'-0." + "0" * 37 + "2'", "-0." + "0" * 37 + "1", "-0." + "0" * 37 + "2"),
               ("'" + "9" * 38 + "." + "9" * 38 + "'", "'" + "9" * 38 + "." + "9" * 37 + "8'", "9" * 38 + "." + "9" * 38,
                "9" * 38 + "." + "9" * 37 + "8")],
    "neg_scale_c": [("99900", "99800", "99900", "99800")],
    "big_scale_c": [("0.00999", "0.00998", "0.00999", "0.00998")],
    "date_c": [("'9999-12-31'", "'9999-12-30'", "9999-12-31", "9999-12-30"), ("'1969-12-31'", "'1970-01-01'", "1969-12-31", "1970-01-01"),
               ("'4713-01-01 BC'", "'4713-01-02 BC'", "-4712-01-01", "-4712-01-02")],
    "time_c": [("'23:59:59.999999'", "'23:59:59.999998'", "23:59:59.999999", "23:59:59.999998")],
    "ts_c": [("'9999-12-31 23:59:59.999999'", "'9999-12-31 23:59:59.999998'", "9999-12-31T23:59:59.999999", "9999-12-31T23:59:59.999998"),
             ("'1969-12-31 23:59:59.999999'", "'1970-01-01'", "1969-12-31T23:59:59.999999", "1970-01-01T00:00:00.000000")],
    "tstz_c": [("'2024-10-27 02:30+02'", "'2024-10-27 02:30+01'", "2024-10-27T00:30:00.000000Z", "2024-10-27T01:30:00.000000Z"),
               ("'0001-01-01 00:00+00'", "'0001-01-01 00:00:00.000001+00'", "0001-01-01T00:00:00.000000Z", "0001-01-01T00:00:00.000001Z")],
    "text_c": [("'abc'", "'abd'", "abc", "abd"), ("''", "NULL", "", None), ("'x'", "'x '", "x", "x "), ("'é'", "U&'e\\0301'", "é", "e\u0301"),
               ("'🚲'", "'\U0001F6B3'", "🚲", "\U0001F6B3"), ("E'a\\n'", "E'a\\r\\n'", "a\n", "a\r\n"), ("'a'", "'\u0430'", "a", "\u0430"),
               ("repeat('x', 300000)", "repeat('x', 299999) || 'y'", LONG, LONG[1:] + "y"), ("'NULL'", "NULL", "NULL", None)],
    "varchar_c": [("'abc'", "'abc '", "abc", "abc "), ("''", "NULL", "", None)],
    "char_c": [("'ab'", "'ac'", "ab   ", "ac   "), ("''", "NULL", "     ", None)],
    "name_c": [("'a name'", "'a namf'", "a name", "a namf"), ("''", "NULL", "", None)],
    "bytea_c": [("'\\x00ff0a22'", "'\\x00ff0a23'", "00ff0a22", "00ff0a23"), ("''", "NULL", "", None), ("''", "'\\x00'", "", "00")],
    "json_c": [("'{\"a\" : 1}'", "'{\"a\": 1}'", '{"a" : 1}', '{"a": 1}'), ("'null'", "NULL", "null", None)],
    "jsonb_c": [("'{\"a\": 1.0}'", "'{\"a\": 1.00}'", '{"a": 1.0}', '{"a": 1.00}'), ("'null'", "NULL", "null", None)],
    "uuid_c": [("'ffffffff-ffff-ffff-ffff-ffffffffffff'", "'ffffffff-ffff-ffff-ffff-fffffffffffe'", "ffffffff-ffff-ffff-ffff-ffffffffffff",
                "ffffffff-ffff-ffff-ffff-fffffffffffe")],
    "interval_c": [("'1 year 04:05:06.789'", "'1 year 04:05:06.789001'", "P1YT4H5M6.789S", "P1YT4H5M6.789001S"),
                   ("'1 month'", "'30 days'", "P1M", "P30D")],
    "mood_c": [("'sad'", "'öh, \"ok\"'", "sad", 'öh, "ok"')],
    "ints_c": [("'{1,NULL,3}'", "'{1,NULL,4}'", "[1,null,3]", "[1,null,4]"), ("'{}'", "NULL", "[]", None), ("'{}'", "'{NULL}'", "[]", "[null]"),
               ("'{1,2}'", "'{2,1}'", "[1,2]", "[2,1]")],
    "texts_c": [("'{a,\"\"}'", "'{a,NULL}'", '["a",""]', '["a",null]'), ("'{ab,c}'", "'{a,bc}'", '["ab","c"]', '["a","bc"]'),
                ("'{\"a,b\"}'", "'{a,b}'", '["a,b"]', '["a","b"]'), ("'{\"NULL\"}'", "'{NULL}'", '["NULL"]', "[null]")],
    "stamps_c": [("'{1999-01-01 00:00+00,NULL}'", "'{1999-01-01 00:00:00.000001+00,NULL}'", '["1999-01-01T00:00:00.000000Z",null]',
                  '["1999-01-01T00:00:00.000001Z",null]')],
    "flags_c": [("'{t,f,NULL}'", "'{t,f,f}'", "[true,false,null]", "[true,false,false]")],
    "uuids_c": [("'{00000000-0000-0000-0000-000000000001}'", "'{00000000-0000-0000-0000-000000000000}'",
                 '["00000000-0000-0000-0000-000000000001"]', '["00000000-0000-0000-0000-000000000000"]')],
    "intervals_c": [("'{1 day,NULL}'", "'{24:00,NULL}'", '["P1D",null]', '["PT24H",null]')],
    "smalls_c": [("'{-32768,NULL}'", "'{-32767,NULL}'", "[-32768,null]", "[-32767,null]")],
    "bigs_c": [("'{9223372036854775807}'", "'{9223372036854775806}'", "[9223372036854775807]", "[9223372036854775806]")],
    "oids_c": [("'{4294967295}'", "'{4294967294}'", "[4294967295]", "[4294967294]")],
    "reals_c": [("'{0}'", "'{-0}'", "[0]", "[-0]"), ("'{NaN}'", "'{NULL}'", '["NaN"]', "[null]")],
    "doubles_c": [("'{0.1}'", "'{0.10000000000000002}'", "[0.1]", "[0.10000000000000002]"), ("'{NaN}'", "'{Infinity}'", '["NaN"]', '["inf"]')],
    "dates_c": [("'{9999-12-31}'", "'{9999-12-30}'", '["9999-12-31"]', '["9999-12-30"]')],
    "times_c": [("'{23:59:59.999999}'", "'{23:59:59.999998}'", '["23:59:59.999999"]', '["23:59:59.999998"]')],
    "plain_stamps_c": [("'{1969-12-31 23:59:59.999999}'", "'{1970-01-01}'", '["1969-12-31T23:59:59.999999"]', '["1970-01-01T00:00:00.000000"]')],
    "varchars_c": [("'{x}'", "'{\"x \"}'", '["x"]', '["x "]')],
    "chars_c": [("'{a}'", "'{b}'", '["a  "]', '["b  "]')],
    "names_c": [("'{a}'", "'{b}'", '["a"]', '["b"]')],
    "byteas_c": [("'{\"\\\\x00ff\"}'", "'{\"\\\\x00fe\"}'", '["00ff"]', '["00fe"]'), ("'{\"\"}'", "'{NULL}'", '[""]', "[null]")],
    "jsons_c": [("ARRAY['{\"a\" : 1}']::json[]", "ARRAY['{\"a\": 1}']::json[]", '["{\\"a\\" : 1}"]', '["{\\"a\\": 1}"]')],
    "jsonbs_c": [("ARRAY['1.0']::jsonb[]", "ARRAY['1.00']::jsonb[]", '["1.0"]', '["1.00"]')],
    "money_c": [("'$1,234.56'", "'$1,234.57'", "$1,234.56", "$1,234.57")],
    "inet_c": [("'10.0.0.0/8'", "'10.0.0.0/9'", "10.0.0.0/8", "10.0.0.0/9")],
    "cidr_c": [("'10.0.0.0/8'", "'10.0.0.0/9'", "10.0.0.0/8", "10.0.0.0/9")],
    "mac_c": [("'08:00:2b:01:02:03'", "'08:00:2b:01:02:04'", "08:00:2b:01:02:03", "08:00:2b:01:02:04")],
    "range_c": [("'[1,5)'", "'[1,6)'", "[1,5)", "[1,6)")],
    "tsrange_c": [("'[2020-01-01 00:00+00,)'", "'[2020-01-01 00:00:00.000001+00,)'", '["2020-01-01 00:00:00+00",)',
                   '["2020-01-01 00:00:00.000001+00",)')],
    "multi_c": [("'{[1,3),[5,7)}'", "'{[1,3),[5,8)}'", "{[1,3),[5,7)}", "{[1,3),[5,8)}")],
    "timetz_c": [("'12:00+00'", "'13:00+01'", "12:00:00+00", "13:00:00+01")],
    "bit_c": [("B'101'", "B'100'", "101", "100")],
    "varbit_c": [("B''", "B'0'", "", "0"), ("B''", "NULL", "", None)],
    "xml_c": [("'<a b=\"1\">ü</a>'", "'<a b=\"1\">u</a>'", '<a b="1">ü</a>', '<a b="1">u</a>')],
    "tsv_c": [("'a fat cat'::tsvector", "'a fat car'::tsvector", "'a' 'cat' 'fat'", "'a' 'car' 'fat'")],
    "hstore_c": [("'a=>1, b=>NULL'", "'a=>1, b=>\"NULL\"'", '"a"=>"1", "b"=>NULL', '"a"=>"1", "b"=>"NULL"')],
    "point_c": [("'(1.5,-2)'", "'(1.5,-2.0000000000000004)'", "(1.5,-2)", "(1.5,-2.0000000000000004)")],
    "polygon_c": [("'((0,0),(1,1),(1,0))'", "'((0,0),(1,1),(1,-0))'", "((0,0),(1,1),(1,0))", "((0,0),(1,1),(1,-0))")],
    "pair_c": [("ROW(1, '')", "ROW(1, NULL)", '(1,"")', "(1,)")],
    "citext_c": [("'MiXed'", "'MiXeD'", "MiXed", "MiXeD")],
    "nums_c": [("'{1.10,NULL,NaN}'", "'{1.1,NULL,NaN}'", "{1.10,NULL,NaN}", "{1.1,NULL,NaN}")],
    "matrix_c": [("'{{1,2},{3,4}}'", "'{{1,2},{3,5}}'", "{{1,2},{3,4}}", "{{1,2},{3,5}}")],
    "bare_c": [("1.0", "1.00", "1.0", "1.00"), ("'NaN'", "NULL", "NaN", None)],
    "domain_c": [("7", "8", "7", "8")],
    "moods_c": [("'{sad,sad}'", "'{sad,NULL}'", "{sad,sad}", "{sad,NULL}")],
    "vector_c": [("'1 2 3'", "'1 2 4'", "1 2 3", "1 2 4")],
    "onechar_c": [("'x'", "'y'", "x", "y")],
    "regclass_c": [("'pg_class'", "'pg_type'", "pg_class", "pg_type")],
    "path_c": [("'$.a[*]'", "'$.a[0]'", '$."a"[*]', '$."a"[0]')],
    "ns_c": [("'1969-12-31 23:59:59.999999'", "'1970-01-01'", "1969-12-31T23:59:59.999999000", "1970-01-01T00:00:00.000000000")],
    "nstz_c": [("'2024-01-01 00:00+00'", "'2024-01-01 00:00:00.000001+00'", "2024-01-01T00:00:00.000000000Z", "2024-01-01T00:00:00.000001000Z")],
    "price_c": [("0.10", "0.11", "0.10", "0.11")],
    "wider_c": [("'0.5'", "'0.50000006'", "0.5", "0.5000000596046448"), ("'0'", "'-0'", "0", "-0")],
    "shown_c": [("'infinity'", "'-infinity'", "infinity", "-infinity")],
}

# SQLite: column, declared type, type by `columns:` (None: none), values before and after, and the texts of both
NEAR_SQLITE = [
    ("integer_c", "INTEGER", None, [(BIG, BIG - 1, str(BIG), str(BIG - 1)), (2**53, 2**53 + 1, str(2**53), str(2**53 + 1)), (0, None, "0", None)]),
    ("tiny_c", "TINYINT", None, [(7, 8, "7", "8")]),
    ("unsigned_c", "UNSIGNED BIG INT", None, [(BIG, BIG - 1, str(BIG), str(BIG - 1))]),
    ("text_c", "TEXT", None, [("abc", "abd", "abc", "abd"), ("", None, "", None), ("x", "x ", "x", "x "), ("é", "e\u0301", "é", "e\u0301"),
                              ("🚲", "\U0001F6B3", "🚲", "\U0001F6B3"), ("a\n", "a\r\n", "a\n", "a\r\n"), (LONG, LONG[1:] + "y", LONG, LONG[1:] + "y")]),
    ("varchar_c", "VARCHAR(3)", None, [("longer than three", "longer than thref", "longer than three", "longer than thref")]),
    ("clob_c", "CLOB", None, [("c", "\u0441", "c", "\u0441")]),
    ("character_c", "NATIVE CHARACTER(70)", None, [("n", "n ", "n", "n ")]),
    ("real_c", "REAL", None, [(0.1, math.nextafter(0.1, 1), "0.1", "0.10000000000000002"), (5e-324, 0.0, "5e-324", "0"),
                              (math.inf, -math.inf, "inf", "-inf")]),
    ("double_c", "DOUBLE PRECISION", None, [(1.5, math.nextafter(1.5, 1), "1.5", "1.4999999999999998")]),
    ("float_c", "FLOAT", None, [(2.0, math.nextafter(2.0, 3), "2", "2.0000000000000004")]),
    ("blob_c", "BLOB", None, [(b"\x00\xff\x00", b"\x00\xff\x01", "00ff00", "00ff01"), (b"", None, "", None), (b"", b"\x00", "", "00")]),
    ("boolean_c", "BOOLEAN", None, [(0, 1, "false", "true")]),
    ("bool_c", "BOOL", None, [(1, 0, "true", "false")]),
    ("date_c", "DATE", None, [("9999-12-31", "9999-12-30", "9999-12-31", "9999-12-30"), ("1969-12-31", "1970-01-01", "1969-12-31", "1970-01-01")]),
    ("datetime_c", "DATETIME", None, [("1969-12-31 23:59:59.999999", "1970-01-01 00:00:00", "1969-12-31T23:59:59.999999",
                                       "1970-01-01T00:00:00.000000")]),
    ("timestamp_c", "TIMESTAMP", None, [("2024-02-29 12:00:00", "2024-02-29T12:00:00.000001", "2024-02-29T12:00:00.000000", "2024-02-29T12:00:00.000001")]),
    ("time_c", "TIME", None, [("23:59:59.999999", "23:59:59.999998", "23:59:59.999999", "23:59:59.999998")]),
    ("decimal_c", "DECIMAL(12,2)", None, [("1234567890.12", "1234567890.13", "1234567890.12", "1234567890.13"), (5, 5.01, "5.00", "5.01")]),
    ("numeric_c", "NUMERIC(20, 0)", None, [(BIG, BIG - 1, str(BIG), str(BIG - 1))]),
    ("uuid_c", "UUID", None, [("f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "f81d4fae-7dec-11d0-a765-00a0c91e6bf7", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
                               "f81d4fae-7dec-11d0-a765-00a0c91e6bf7")]),
    ("json_c", "JSON", None, [('{"a": 1}', '{"a" : 1}', '{"a": 1}', '{"a" : 1}')]),
    ("whole_c", "", None, [(BIG, BIG - 1, str(BIG), str(BIG - 1))]),
    ("broken_c", "", None, [(0.1, math.nextafter(0.1, 1), "0.1", "0.10000000000000002"), (0.5, -0.5, "0.5", "-0.5")]),
    ("words_c", "", None, [("a", "b", "a", "b"), ("", None, "", None)]),
    ("bytes_c", "", None, [(b"\x00", b"\x01", "00", "01"), (b"", None, "", None)]),
    ("mixed_c", "", None, [("1.5", "1.50", "1.5", "1.50"), (2, "two", "2", "two"), ("", None, "", None)]),
    ("int2_c", "INTEGER", "int2", [(32766, 32767, "32766", "32767")]),
    ("int4_c", "INTEGER", "int4", [(-2**31, -2**31 + 1, str(-2**31), str(-2**31 + 1))]),
    ("float4_c", "REAL", "float4", [(0.5, 0.5 + 2**-24, "0.5", "0.50000006")]),
    ("ns_c", "TEXT", "timestamp_ns", [("2024-01-01 00:00:00.000000001", "2024-01-01 00:00:00.000000002", "2024-01-01T00:00:00.000000001",
                                      "2024-01-01T00:00:00.000000002")]),
    ("tz_c", "TEXT", "timestamp_tz", [("2024-01-01 00:00:00+05", "2024-01-01 00:00:00+04", "2023-12-31T19:00:00.000000Z", "2023-12-31T20:00:00.000000Z")]),
    ("nstz_c", "TEXT", "timestamp_tz_ns", [("2024-01-01 00:00:00.999999999Z", "2024-01-01 00:00:01Z", "2024-01-01T00:00:00.999999999Z",
                                           "2024-01-01T00:00:01.000000000Z")]),
    ("wide_c", "TEXT", "decimal(76,38)", [("0." + "0" * 37 + "1", "0." + "0" * 37 + "2", "0." + "0" * 37 + "1", "0." + "0" * 37 + "2")]),
]


@dataclass(frozen=True)
class Change:
    """One value of one row becomes another; `was` and `now` are its texts as CSV has them, NULL is None."""

    id: int
    column: str
    before: object
    after: object
    was: str | None
    now: str | None


def changes_of(near: dict[str, list[tuple]], first_id: int, null) -> list[Change]:
    """Every near change, and for each column a value that becomes NULL and a NULL that becomes another; a row for each."""
    out = []
    for column, pairs in near.items():
        before, after, was, now = pairs[0]
        for change in [*pairs, (before, null, was, None), (null, after, None, now)]:
            out.append(Change(first_id + len(out), column, *change))
    return out


class PostgresTorture:
    """Table `t` of an empty database: the torture rows, and a row for each change."""

    SELECTED = EXACT + [(*column, None) for column in AS_TEXT] + [column[:3] + (None,) for column in OVERRIDDEN]

    def __init__(self, database):
        self.database = database
        self.source = database.source
        self.overrides = {name: wanted for name, *_, wanted in OVERRIDDEN}
        self.columns = [name for name, *_ in self.SELECTED]
        self.odd_rows = postgres_table(database, self.SELECTED)
        self.changes = changes_of(NEAR, self.odd_rows, "NULL")
        kinds = {name: kind for name, kind, *_ in self.SELECTED}
        usual = {name: pairs[0][0] for name, pairs in NEAR.items()}
        database.execute(*[f"INSERT INTO t VALUES ({change.id}, " + ", ".join(
            f"CAST({value} AS {kinds[name]})" for name, value in {**usual, change.column: change.before}.items()) + ")" for change in self.changes])
        self._set = lambda change, value: f"UPDATE t SET {change.column} = CAST({value} AS {kinds[change.column]}) WHERE id = {change.id}"

    def apply(self, changes: list[Change]) -> None:
        self.database.execute(*[self._set(change, change.after) for change in changes])

    def revert(self, changes: list[Change]) -> None:
        self.database.execute(*[self._set(change, change.before) for change in changes])


def postgres_table(database, columns: list[tuple]) -> int:
    """Creates `t` in an empty database, with a row for each place in the columns' lists of literals, and one of NULLs. How many rows."""
    database.execute(*PREPARE, "CREATE TABLE t (id integer PRIMARY KEY, " + ", ".join(f"{name} {kind}" for name, kind, *_ in columns) + ")")
    rows = max(len(values) for _, _, values, *_ in columns) + 1
    for row in range(rows):
        cells = [f"CAST({values[row]} AS {kind})" if row < len(values) else "NULL" for _, kind, values, *_ in columns]
        database.execute(f"INSERT INTO t VALUES ({row}, " + ", ".join(cells) + ")")
    return rows


class SqliteTorture:
    """The same in a SQLite file."""

    def __init__(self, path: Path):
        self.path = path
        self.source = {"type": "sqlite", "path": str(path)}
        self.overrides = {name: wanted for name, _, wanted, _ in NEAR_SQLITE if wanted}
        self.columns = [name for name, *_ in NEAR_SQLITE]
        near = {name: pairs for name, _, _, pairs in NEAR_SQLITE}
        odd = {declared: values for declared, values, *_ in DECLARED}
        columns = [odd.get(declared, []) if wanted is None else [] for _, declared, wanted, _ in NEAR_SQLITE]
        self.odd_rows = max(map(len, columns)) + 1
        self.changes = changes_of(near, self.odd_rows, None)
        rows = [[i, *(values[i] if i < len(values) else None for values in columns)] for i in range(self.odd_rows)]
        usual = {name: pairs[0][0] for name, pairs in near.items()}
        rows += [[change.id, *{**usual, change.column: change.before}.values()] for change in self.changes]
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, " + ", ".join(f"{name} {declared}" for name, declared, *_ in NEAR_SQLITE) + ")")
            connection.executemany(f"INSERT INTO t VALUES ({', '.join('?' * (len(near) + 1))})", rows)

    def _update(self, values: list[tuple[Change, object]]) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            for change, value in values:
                connection.execute(f"UPDATE t SET {change.column} = ? WHERE id = ?", (value, change.id))

    def apply(self, changes: list[Change]) -> None:
        self._update([(change, change.after) for change in changes])

    def revert(self, changes: list[Change]) -> None:
        self._update([(change, change.before) for change in changes])
