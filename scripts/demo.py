#!/usr/bin/env python3
"""`make demo`: a SQLite database of awkward data, exported by examples/demo.yaml and read back with DuckDB."""
from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "demo"
DATABASE = DEMO / "shop.sqlite"
CONFIG = ROOT / "examples" / "demo.yaml"

CUSTOMERS, ORDERS, EVENTS = 40_000, 250_000, 60_000

SCHEMA = """
CREATE TABLE customers (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, email VARCHAR(80), born DATE, active BOOLEAN NOT NULL, credit DECIMAL(12,2),
  note TEXT, avatar BLOB);
CREATE TABLE orders (
  id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, placed_at TIMESTAMP NOT NULL, total DECIMAL(14,2) NOT NULL,
  weight REAL, reference BIGINT, details JSON);
CREATE TABLE "odd ""name"", with. everything é" (
  "select" INTEGER, "two words" TEXT, "quote "" inside" TEXT, "dotted.name" TEXT, "émoji 🦊" TEXT, untyped);
CREATE TABLE "empty table" (id INTEGER PRIMARY KEY, name TEXT);
"""

NAMES = ["Ada Lovelace", "Zoë O'Brien", 'Max "Mad" Müller', "李小龍", "Владимир", "عمر", "Ñandú, Jr.", "🦊 Fox", "Łukasz\tTab", "é"]
NOTES = [None, "", " ", "NULL", "two\nlines", 'comma, "quote" and \\backslash', "👩‍👩‍👧‍👦 family", "\u202eright to left", "x" * 2_000]


def customers(random_: random.Random):
    for i in range(1, CUSTOMERS + 1):
        email = None if i % 11 == 0 else f"user{i}@example.org"
        born = None if i % 13 == 0 else f"{random_.randint(1900, 2020):04}-{random_.randint(1, 12):02}-{random_.randint(1, 28):02}"
        credit = None if i % 7 == 0 else f"{random_.randint(-10**9, 10**11) / 100:.2f}"
        avatar = None if i % 3 else bytes([0, 255, i % 256]) * (i % 20)
        yield i, f"{NAMES[i % len(NAMES)]} {i}", email, born, i % 4 != 0, credit, NOTES[i % len(NOTES)], avatar


def orders(random_: random.Random):
    references = [None, 0, -1, 2**63 - 1, -(2**63), 10**18]
    for i in range(1, ORDERS + 1):
        placed = f"20{i % 25:02}-{i % 12 + 1:02}-{i % 28 + 1:02} {i % 24:02}:{i % 60:02}:{i * 7 % 60:02}.{i % 1_000_000:06}"
        details = None if i % 9 == 0 else json.dumps({"items": i % 5, "gift": i % 2 == 0, "text": "Grüße 🎁"}, ensure_ascii=False)
        weight = None if i % 10 == 0 else random_.random() * 10 ** (i % 12 - 4)
        yield i, random_.randint(1, CUSTOMERS), placed, f"{random_.randint(0, 10**7) / 100:.2f}", weight, references[i % 6], details


def odd_rows():
    for i in range(1, EVENTS + 1):
        yield i if i % 5 else None, f"value {i}", NOTES[i % len(NOTES)], "a.b.c", "🦊" * (i % 4), f"{i}" if i % 2 else None


def create_database() -> None:
    """The same database every time."""
    shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir()
    random_ = random.Random(1815)
    with closing(sqlite3.connect(DATABASE)) as connection, connection:
        connection.executescript(SCHEMA)
        connection.executemany("INSERT INTO customers VALUES (?, ?, ?, ?, ?, ?, ?, ?)", customers(random_))
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?)", orders(random_))
        connection.executemany('INSERT INTO "odd ""name"", with. everything é" VALUES (?, ?, ?, ?, ?, ?)', odd_rows())


def parts(export: str) -> list[str]:
    """The files that count, by the export's manifest."""
    folder = DEMO / "output" / export
    manifest = json.loads((folder / f"manifest.{export}.json").read_text())
    return [str(folder / part["path"]) for part in manifest["parts"]]


def read_back() -> None:
    """Counts and a few rows of each export, by DuckDB."""
    with duckdb.connect() as connection:
        for export in ("customers", "orders", "odd"):
            files = parts(export)
            ((rows,),) = connection.execute("SELECT count(*) FROM read_parquet(?)", [files]).fetchall()
            print(f"\nDuckDB reads {export}: {rows:,} rows")
            connection.read_parquet(files).limit(4).show(max_width=118)
        print(f"\nempty: {len(parts('empty'))} parts, as the manifest of a table without rows says")


def main() -> int:
    print(f"Making {DATABASE.relative_to(ROOT)} ...", flush=True)
    create_database()
    command = ["build/rivet", "run", "-c", str(CONFIG.relative_to(ROOT)), "--validate"]
    print(f"$ {' '.join(command)}", flush=True)
    code = subprocess.run(command, cwd=ROOT).returncode
    if code:
        return code
    read_back()
    return 0


if __name__ == "__main__":
    sys.exit(main())
