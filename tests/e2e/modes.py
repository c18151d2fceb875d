"""One awkward table on every engine, and every way to cut it: tests that must hold in all modes loop over SHAPES."""
from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal

ROWS = 20_000
COLUMNS = ["id", "code", "region", "seq", "at", "price", "note"]

# What an export adds to `table: orders`. Each is carried out by another part of the planner.
SHAPES = {
    "full": {},
    "full_parallel": {"parallel": 3},
    "range": {"mode": "chunked", "chunk_column": "id", "chunk_size": 3_000},
    "range_parallel": {"mode": "chunked", "chunk_column": "id", "chunk_size": 1_500, "parallel": 4},
    "range_count": {"mode": "chunked", "chunk_column": "id", "chunk_count": 7, "parallel": 2},
    "range_null_key": {"mode": "chunked", "chunk_column": "seq", "chunk_size": 40},
    "range_snapshot": {"mode": "chunked", "chunk_column": "id", "chunk_size": 4_000, "parallel": 2, "consistency": "snapshot"},
    "days": {"mode": "chunked", "chunk_column": "at", "chunk_by_days": 20, "parallel": 2},
    "dense": {"mode": "chunked", "chunk_column": "code", "chunk_dense": True, "chunk_size": 5_000},
    "keyset_text": {"mode": "chunked", "chunk_by_key": "code", "chunk_size": 3_000, "parallel": 2},
    "keyset_nullable": {"mode": "chunked", "chunk_by_key": "at", "chunk_size": 3_000},
    "keyset_composite": {"mode": "chunked", "chunk_by_key": ["region", "seq"], "chunk_size": 3_000, "parallel": 2},
    "keyset_decimal": {"mode": "chunked", "chunk_column": "price", "chunk_size": 3_000},
    "chosen": {"mode": "chunked", "chunk_size": 3_000},
    "incremental": {"mode": "incremental", "cursor_column": "at", "parallel": 2},
    "coalesce": {"mode": "incremental", "cursor_column": "seq", "cursor_fallback_column": "id", "incremental_cursor_mode": "coalesce"},
    "keyset_incremental": {"mode": "chunked", "chunk_by_key": "id", "keyset_incremental": True, "chunk_size": 3_000, "parallel": 2},
}

# The same shapes for a table of SMALL_ROWS: with fewer rows, but not with fewer units than a fault needs to meet.
SMALL_ROWS = 4_000
SMALL_SHAPES = SHAPES | {
    "dense": {**SHAPES["dense"], "chunk_size": 1_000},
    "keyset_text": {**SHAPES["keyset_text"], "chunk_size": 700},
    "keyset_nullable": {**SHAPES["keyset_nullable"], "chunk_size": 700},
    "keyset_composite": {**SHAPES["keyset_composite"], "chunk_size": 700},
    "keyset_decimal": {**SHAPES["keyset_decimal"], "chunk_size": 700},
    "chosen": {**SHAPES["chosen"], "chunk_size": 1_500},
    "keyset_incremental": {**SHAPES["keyset_incremental"], "chunk_size": 700},
}

# A run of these adds to what the runs before it left; of all others it replaces it.
ADDING_SHAPES = [name for name, keys in SHAPES.items() if keys.get("mode") == "incremental" or keys.get("keyset_incremental")]

QUERY_SHAPES = {name: keys for name, keys in SHAPES.items() if name not in ("chosen", "full_parallel")}


def rows(count: int = ROWS) -> list[tuple]:
    """Deterministic; one row in 50 has no `at`, one in 40 no `seq`."""
    out = []
    for i in range(1, count + 1):
        scrambled = (i * 7_919) % 1_000_003
        at = f"2024-{1 + i % 12:02}-{1 + i % 28:02} {i % 24:02}:{i % 60:02}:00" if i % 50 else None
        seq = i % 400 if i % 40 else None
        out.append((i * 3 - 30_000, f"k{scrambled:07}'\"", f"r{i % 7}", seq, at, Decimal(scrambled) / 100, f"nöte {i}" if i % 3 else ""))
    return out


@dataclass
class Fixture:
    """A source with `orders` in it."""

    source: dict
    fetch: object = field(repr=False)

    def expected(self) -> list[tuple]:
        """All rows in the order of their ids, as the files must hold them."""
        return self.fetch()


def postgres_orders(database, count: int = ROWS) -> Fixture:
    """A small table has as many pages as a large one, so that it is cut by pages too."""
    fill = 100 if count >= ROWS else 10
    with database.connect() as connection:
        connection.execute("CREATE TABLE orders (id bigint PRIMARY KEY, code text NOT NULL UNIQUE, region text NOT NULL, "
                           f"seq integer, at timestamp, price numeric(12,2) NOT NULL, note text) WITH (fillfactor = {fill})")
        with connection.cursor().copy("COPY orders FROM STDIN") as copy:
            for row in rows(count):
                copy.write_row(row)
    with database.connect() as connection:
        connection.autocommit = True
        connection.execute("ANALYZE orders")
    return Fixture(database.source, lambda: database.rows(f"SELECT {', '.join(COLUMNS)} FROM orders ORDER BY id"))


def sqlite_orders(folder, count: int = ROWS) -> Fixture:
    path = folder / "orders.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, region TEXT NOT NULL, "
                           "seq INTEGER, at TEXT, price TEXT NOT NULL, note TEXT)")
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?)", [(*row[:5], f"{row[5]:012.2f}", row[6]) for row in rows(count)])

    def fetch():
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute(f"SELECT {', '.join(COLUMNS)} FROM orders ORDER BY id").fetchall()

    return Fixture({"type": "sqlite", "path": str(path)}, fetch)


def keys_for(orders, keys):
    """SQLite has no dates of its own; a snapshot of it is tested by test_a_snapshot_that_cannot_be_shared_is_refused in test_modes.py."""
    if orders.source["type"] == "sqlite" and keys.get("consistency") == "snapshot":
        return {**keys, "consistency": "unit"}
    if orders.source["type"] == "sqlite" and "chunk_by_days" in keys:
        return {**keys, "columns": {"at": "timestamp"}}
    return keys
