"""The digest that the manifest states, computed again from docs/digest.md: over the landed file and over the source."""
import datetime as dt
import struct
from decimal import Decimal

import psycopg
import pytest
import xxhash

from digest_v1 import canonical_bytes, cell_hash, digest_of
from helpers import export, rows_of

TABLE = """
CREATE TABLE cells (
  id bigint PRIMARY KEY, b boolean, i2 smallint, i4 integer, f4 real, f8 double precision, n numeric(15,2),
  big numeric(50,10), d date, t time, ts timestamp, tz timestamptz, txt text, c char(5), raw bytea, j jsonb, u uuid,
  ints integer[], texts text[])
"""
ROWS = """
INSERT INTO cells SELECT i, i % 2 = 0, i % 30000, -i, i / 7.0, 'nan'::float8, i / 100.0, -i * 1e20::numeric(50,10),
  date '1969-12-25' + i, time '23:59:59.999999' - i * interval '1 s', timestamp '1901-01-01' + i * interval '40 days 0.000001 s',
  timestamptz '2024-03-31 01:30:00.5+02' + i * interval '1 h', 'Ünïcødé 😀 ' || i, left('ab' || i, 5), decode(md5(i::text), 'hex'),
  jsonb_build_object('k', i, 'x', null), md5(i::text)::uuid, ARRAY[i, NULL, -i], ARRAY['', NULL, 'ä' || i]
FROM generate_series(1, 999) AS i;
INSERT INTO cells SELECT 2000 + i FROM generate_series(1, 20) AS i;
INSERT INTO cells (id, f4, f8, txt, raw, ints, texts) VALUES (3000, '-0', 'infinity', '', '', '{}', '{}');
"""


@pytest.fixture
def landed(rivet, pg_db):
    """The table exported once: the run's output and how to read the source."""
    pg_db.execute(TABLE, ROWS)
    rivet.ok("run", "-c", rivet.config(pg_db.source, export("cells", table="cells")))
    return rivet.output(), pg_db


def header(manifest) -> tuple[list[str], list[str]]:
    columns = manifest["digest"]["columns"]
    return [column["name"] for column in columns], [column["type"] for column in columns]


def assert_states(manifest, digest):
    assert manifest["digest"]["version"] == 1
    assert manifest["digest"]["rows"] == digest.rows
    assert manifest["column_checksums"] == digest.column_checksums
    assert manifest["digest"]["value"] == digest.value


def test_landed_parts_give_the_stated_digest(landed):
    output, _ = landed
    manifest = output.manifest("cells")
    names, types = header(manifest)
    assert_states(manifest, digest_of(rows_of(output.table("cells").select(names)), types, names))


def test_source_gives_the_stated_digest(landed):
    output, database = landed
    manifest = output.manifest("cells")
    names, types = header(manifest)
    selected = ", ".join(f"{name}::text" if type_name == "json" else name for name, type_name in zip(names, types))
    with psycopg.connect(database.url, options="-c timezone=UTC") as connection:
        rows = connection.cursor(binary=True).execute(f"SELECT {selected} FROM cells").fetchall()
    assert_states(manifest, digest_of(rows, types, names))


def test_parts_digests_add_up(rivet, pg_db):
    pg_db.execute("CREATE TABLE many AS SELECT i AS id, repeat(md5(i::text), 40) AS filler FROM generate_series(1, 20000) AS i")
    rivet.ok("run", "-c", rivet.config(pg_db.source, export("many", table="many", compression="none", max_file_size="2MB")))
    manifest = rivet.output().manifest("many")
    assert manifest["part_count"] > 1
    sums = [0, 0]
    for part in manifest["parts"]:
        version, rows, value, *_ = part["digest"].split(":")
        assert (version, int(rows)) == ("v1", part["rows"])
        sums = [(total + int(half, 16)) % 2**64 for total, half in zip(sums, (value[:16], value[16:]))]
    assert manifest["digest"]["value"] == "".join(f"{total:016x}" for total in sums)


def test_a_changed_cell_changes_the_digest():
    rows, types = [(1, "a"), (2, None)], ["int64", "text"]
    stated = digest_of(rows, types)
    assert digest_of(reversed(rows), types) == stated, "the order of rows does not count"
    for other in ([(1, "a"), (2, "")], [(1, None), (2, "a")], [(1, "a")], [(1, "a"), (1, "a"), (2, None)]):
        assert digest_of(other, types).value != stated.value


def test_canonical_bytes_are_those_of_the_document():
    """The worked examples of docs/digest.md."""
    assert canonical_bytes(-1, "int16") == b"\xff" * 8
    assert canonical_bytes(True, "boolean") == b"\x01"
    assert canonical_bytes(Decimal("-1.50"), "decimal(10,2)") == (-150).to_bytes(16, "little", signed=True)
    assert canonical_bytes(float("nan"), "float64") == struct.pack("<Q", 0x7FF8000000000000)
    assert canonical_bytes(dt.date(1969, 12, 31), "date") == b"\xff" * 8
    assert canonical_bytes(["a", None], "list<text>").hex() == "0200000000000000" "01" "0100000000000000" "61" "00" "0000000000000000"
    assert cell_hash(None, "text", 0) == xxhash.xxh3_64_intdigest(b"", seed=2**63 + 1)
    two_rows = digest_of([(1, "rivet"), (None, "")], ["int64", "text"])
    assert two_rows.value == "f4e72bb80025e3d44952e08c92bc114d"
    assert [f"{total:016x}" for total in two_rows.columns] == ["83a0347db2dcf6e7", "3e9d9f043d5cc696"]
