"""Whatever the key holds, each row is in exactly one unit: random keys of every kind, cut in random ways, from fixed seeds."""
import datetime as dt
import os
import random
import sqlite3
import uuid
from collections import Counter
from contextlib import closing
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from helpers import export

LEAST, GREATEST = -(2**63), 2**63 - 1
ROUNDS = 3  # ways to cut each table
SEED = os.environ.get("RIVET_TEST_SEED", "1")  # another one looks for what this one misses
LETTERS = "aAäÄßzZéÉøØ_ -%'\"\\9🚲表\t"


def text(choose):
    return "".join(choose.choice(LETTERS) for _ in range(choose.randint(0, 6)))


def sparse(choose):
    return choose.choice([-1, 1]) * 2 ** choose.randint(0, 62) + choose.randint(-2, 2)


def extreme(choose):
    return choose.choice([LEAST, LEAST + 1, -1, 0, 1, GREATEST - 1, GREATEST, choose.randint(LEAST, GREATEST)])


def skewed(choose):
    return 7 if choose.random() < 0.9 else choose.randint(-50, 50)


def decimal(choose):
    return Decimal(choose.randint(-10**15, 10**15)).scaleb(-choose.randint(0, 6))


def huge_decimal(choose):
    return Decimal(choose.randint(-9, 9)) * Decimal(10) ** choose.randint(0, 60) + Decimal(choose.randint(0, 99)) / 100


def instant(choose):
    """Around changes of daylight saving time too, where local times repeat."""
    if choose.random() < 0.3:
        return dt.datetime(2024, 10, 27, tzinfo=dt.timezone.utc) + dt.timedelta(microseconds=choose.randint(0, 6 * 3600 * 10**6))
    return dt.datetime(1, 1, 2, tzinfo=dt.timezone.utc) + dt.timedelta(microseconds=choose.randint(0, 9_990 * 365 * 86_400 * 10**6))


# Columns of the key with their types, and a value for each.
KINDS = {
    "negative": [("bigint", lambda c: c.randint(-10**6, -1))],
    "extremes": [("bigint", extreme)],
    "sparse": [("bigint", sparse)],
    "skewed": [("integer", skewed)],
    "smallint": [("smallint", lambda c: c.randint(-32768, 32767))],
    "text_c": [('text COLLATE "C"', text)],
    "text_icu": [('text COLLATE "de-x-icu"', text)],
    "text_nondeterministic": [("text COLLATE ci", text)],
    "text_accents": [("text COLLATE no_accents", text)],
    "char": [("char(6)", text)],
    "uuid": [("uuid", lambda c: uuid.UUID(int=c.getrandbits(128)))],
    "numeric": [("numeric(24,6)", decimal)],
    "numeric_huge": [("numeric(70,2)", huge_decimal)],
    "timestamptz": [("timestamptz", instant)],
    "date": [("date", lambda c: dt.date(1, 1, 1) + dt.timedelta(days=c.randint(0, 3_652_058)))],
    "float": [("float8", lambda c: c.choice([0.0, -0.0, float("inf"), float("-inf"), float("nan"), c.gauss(0, 1e9), 5e-324]))],
    "composite": [("bigint", skewed), ("text COLLATE ci", text), ("uuid", lambda c: uuid.UUID(int=c.getrandbits(128)))],
    "composite_extremes": [("bigint", extreme), ("numeric(24,6)", decimal)],
    "composite_instant": [("timestamptz", instant), ("smallint", skewed)],
}
INTEGERS = ("bigint", "integer", "smallint")
NOT_EXPORTED = ("numeric_huge",)  # a key wider than any decimal of the files: it cuts, as text it lands


def ways_to_cut(choose, kind, rows):
    """Keys of an export that cut by the table's key somehow."""
    declared = KINDS[kind][0][0] if kind in KINDS else kind
    size = {"chunk_count": choose.randint(2, 40)} if choose.random() < 0.5 else {"chunk_size": choose.randint(rows // 30, rows)}
    ways = [{"chunk_by_key": [f"k{i}" for i in range(len(KINDS.get(kind, [0])))], **size}]
    if declared in INTEGERS:
        span_is_small = declared == "smallint"
        ways.append({"chunk_column": "k0", "chunk_count": choose.randint(2, 40)})
        ways += [{"chunk_column": "k0", "chunk_size": choose.randint(2_000, 40_000)}] if span_is_small else []
    elif declared in ("date", "timestamptz"):
        ways.append({"chunk_column": "k0", "chunk_by_days": choose.randint(100_000, 900_000)})
    else:
        ways.append({"chunk_column": "k0", **size})
    ways.append({"chunk_column": "k0", "chunk_dense": True, "chunk_size": choose.randint(rows // 8, rows)})
    return choose.choice(ways[:-1] if choose.random() < 0.8 else ways)


def assert_every_row_in_one_unit(rivet, rows):
    output = rivet.output()
    numbers = [n for part in output.parts("t") for n in numbers_of(part)]
    twice = [n for n, count in Counter(numbers).items() if count > 1]
    assert (sorted(set(range(1, rows + 1)) - set(numbers))[:10], twice[:10]) == ([], []), "missing and doubled rows"
    assert len(numbers) == rows
    run_id = output.manifest("t")["run_id"]
    units = dict(rivet.state("SELECT unit_index, rows FROM unit WHERE run_id = ?", run_id))
    parts = dict(rivet.state("SELECT unit_index, sum(rows) FROM part WHERE run_id = ? AND generation_added IS NOT NULL GROUP BY 1", run_id))
    assert sum(units.values()) == rows
    assert {index: count for index, count in units.items() if count} == parts, "rows of a unit and of its parts"
    return len(units)


def numbers_of(part):
    return pq.read_table(part, columns=["n"]).column("n").to_pylist()


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_is_in_exactly_one_unit(rivet, pg_db, kind):
    choose = random.Random(f"{SEED} {kind}")
    columns = KINDS[kind]
    rows = choose.randint(400, 1_200)
    nulls = choose.choice([0, 0.02, 0.3])
    pg_db.execute("CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
                  "CREATE COLLATION no_accents (provider = icu, locale = 'und-u-ks-level1', deterministic = false)",
                  "CREATE TABLE t (n bigint PRIMARY KEY, " + ", ".join(f"k{i} {declared}" for i, (declared, _) in enumerate(columns)) + ")")
    with pg_db.connect() as connection, connection.cursor().copy("COPY t FROM STDIN") as copy:
        for n in range(1, rows + 1):
            copy.write_row((n, *[None if choose.random() < nulls else make(choose) for _, make in columns]))
    if choose.random() < 0.5:
        pg_db.execute("CREATE INDEX ON t (" + ", ".join(f"k{i}" for i in range(len(columns))) + ")")
    if choose.random() < 0.7:
        pg_db.execute("ANALYZE t")
    cut = 0
    for _ in range(ROUNDS):
        keys = {"mode": "chunked", "parallel": choose.randint(1, 4), "consistency": choose.choice(["unit", "snapshot"]),
                **ways_to_cut(choose, kind, rows)}
        relation = {"table": "t"} if choose.random() < 0.6 else {"query": "SELECT * FROM t WHERE n > 0 -- all of them"}
        override = {"columns": {"k0": "text"}} if kind in NOT_EXPORTED else {}
        path = rivet.config(pg_db.source, export("t", **relation, **keys, **override))
        done = rivet("run", "-c", path, "--validate", "--json-errors")
        assert done.code == 0, (keys, relation, done)
        cut = max(cut, assert_every_row_in_one_unit(rivet, rows))
    assert cut > 1, "it was never cut"


LITE_KINDS = {
    "extremes": ("INTEGER", extreme),
    "sparse": ("INTEGER", sparse),
    "real": ("REAL", lambda c: c.choice([0.0, -0.0, 1e308, -1e308, 5e-324, c.gauss(0, 1e9)])),
    "binary": ("TEXT COLLATE BINARY", text),
    "nocase": ("TEXT COLLATE NOCASE", text),
    "rtrim": ("TEXT COLLATE RTRIM", text),
}


@pytest.mark.parametrize("kind", LITE_KINDS)
def test_every_row_of_sqlite_is_in_exactly_one_unit(rivet, tmp_path, kind):
    choose = random.Random(f"{SEED} lite {kind}")
    declared, make = LITE_KINDS[kind]
    rows = choose.randint(400, 1_200)
    path = tmp_path / "source.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE TABLE t (n INTEGER PRIMARY KEY, k0 {declared})")
        connection.executemany("INSERT INTO t VALUES (?, ?)", [(n, None if choose.random() < 0.1 else make(choose)) for n in range(1, rows + 1)])
    for _ in range(ROUNDS):
        size = {"chunk_count": choose.randint(2, 30)}
        way = choose.choice([{"chunk_by_key": "k0", **size}, {"chunk_column": "k0", **size},
                             {"chunk_column": "k0", "chunk_dense": True, "chunk_size": choose.randint(rows // 8, rows)}])
        config = rivet.config({"type": "sqlite", "path": str(path)}, export("t", table="t", mode="chunked", parallel=choose.randint(1, 3), **way))
        done = rivet("run", "-c", config, "--validate", "--json-errors")
        assert done.code == 0, (way, done)
        assert assert_every_row_in_one_unit(rivet, rows) > 1
