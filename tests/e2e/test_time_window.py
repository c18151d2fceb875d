"""A time window holds the rows from midnight UTC some days ago to the greatest time there was when the run began."""
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Callable

import pytest

from helpers import export, finished, paused

DAYS = 7
SHAPES = {"one": {}, "parallel": {"parallel": 3}}
SPREAD = 40
SECOND = timedelta(seconds=1)


class Window:
    """The window of a run that begins now, and times by where they lie. It has an end only when a run has begun: rows in the future are in it."""

    def __init__(self):
        self.now = datetime.now(timezone.utc).replace(microsecond=0)
        self.start = self.now.replace(hour=0, minute=0, second=0) - timedelta(days=DAYS)
        self.newest = self.now + timedelta(days=4000)

    def times(self):
        before = [self.start - timedelta(days=400), self.start - timedelta(days=1), self.start - SECOND]
        within = [self.start, self.start, self.start + SECOND, self.now - timedelta(days=3), self.now - timedelta(hours=1), self.now]
        spread = [self.start + timedelta(minutes=97 * step) for step in range(SPREAD)]
        return [*before, *within, *spread, self.now + timedelta(days=2), self.newest, None, None]


@dataclass
class Table:
    """`t (id, at)` of a kind of time, with a column of times."""

    source: dict
    insert: Callable
    keys: dict

    def config(self, rivet, **more):
        return rivet.config(self.source, export("t", table="t", mode="time_window", time_column="at", days_window=DAYS, **self.keys, **more))


def seconds(time):
    return None if time is None else int(time.timestamp())


def text(time):
    return None if time is None else time.strftime("%Y-%m-%d %H:%M:%S")


def postgres(database, column, stored):
    database.execute(f"CREATE TABLE t (id bigint PRIMARY KEY, at {column})")

    def insert(rows):
        with database.connect() as connection:
            connection.cursor().executemany("INSERT INTO t VALUES (%s, %s)", [(number, stored(time)) for number, time in rows])

    return Table(database.source, insert, {})


def sqlite(folder, stored, keys):
    path = folder / "source.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, at " + ("TEXT)" if stored is text else "INTEGER)"))

    def insert(rows):
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.executemany("INSERT INTO t VALUES (?, ?)", [(number, stored(time)) for number, time in rows])

    return Table({"type": "sqlite", "path": str(path)}, insert, keys)


KINDS = {
    "pg_timestamptz": lambda database, _: postgres(database(), "timestamptz", lambda time: time),
    "pg_timestamp": lambda database, _: postgres(database(), "timestamp", lambda time: time and time.replace(tzinfo=None)),
    "pg_unix": lambda database, _: with_keys(postgres(database(), "bigint", seconds), time_column_type="unix"),
    "sqlite_text": lambda _, folder: sqlite(folder, text, {"columns": {"at": "timestamp"}}),
    "sqlite_unix": lambda _, folder: sqlite(folder, seconds, {"time_column_type": "unix"}),
}


def with_keys(table, **keys):
    table.keys = keys
    return table


@pytest.fixture(params=KINDS)
def table(request, tmp_path):
    return KINDS[request.param](lambda: request.getfixturevalue("pg_db"), tmp_path)


def filled(table):
    """The ids of the rows that the window has, and its newest time."""
    window = Window()
    rows = list(enumerate(window.times(), 1))
    table.insert(rows)
    return [number for number, time in rows if time is not None and time >= window.start], window.newest


def landed(rivet):
    return sorted(rivet.output().table("t").column("id").to_pylist())


@pytest.mark.parametrize("shape", SHAPES)
def test_rows_before_within_and_after(rivet, table, shape):
    """Each once; those before it and those without a time are no part of it."""
    expected, _ = filled(table)
    path = table.config(rivet, **SHAPES[shape])
    rivet.ok("run", "-c", path, "--validate")
    assert landed(rivet) == expected
    units = rivet.state("SELECT count(*) FROM unit")[0][0]
    assert units > 2 if shape == "parallel" else units == 1
    rivet.ok("run", "-c", path, "--validate")
    assert landed(rivet) == expected, "a window is read anew, it does not add to the last one"


@pytest.mark.parametrize("shape", SHAPES)
def test_the_end_is_closed_when_the_run_begins(rivet, table, shape):
    expected, newest = filled(table)
    path = table.config(rivet, **SHAPES[shape])
    with paused(rivet, path, point="run_started") as (process, go_on):
        table.insert([(1001, newest + SECOND), (1002, newest + timedelta(days=1))])
        go_on()
        done = finished(process)
    assert done.code == 0, done
    assert landed(rivet) == expected
    rivet.ok("run", "-c", path)
    assert landed(rivet) == [*expected, 1001, 1002]


@pytest.mark.parametrize("shape", SHAPES)
def test_killed_and_resumed(rivet, table, shape):
    """Rows newer than the window of the run that died wait for a run of their own."""
    expected, newest = filled(table)
    path = table.config(rivet, **SHAPES[shape])
    rivet.killed_at("unit_committed:3" if shape == "parallel" else "parts_committed", "run", "-c", path)
    before = rivet.state("SELECT unit_index, epoch, attempts FROM unit WHERE status = 'completed' ORDER BY 1")
    table.insert([(1001, newest + SECOND)])
    rivet.ok("run", "-c", path, "--resume", "--validate")
    assert landed(rivet) == expected
    after = rivet.state("SELECT unit_index, epoch, attempts FROM unit WHERE status = 'completed' ORDER BY 1")
    assert set(before) <= set(after), "committed units were read again"
    rivet.ok("run", "-c", path)
    assert landed(rivet) == [*expected, 1001]


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_in_the_window(rivet, table, shape):
    table.insert([(1, Window().start - SECOND), (2, None)])
    rivet.ok("run", "-c", table.config(rivet, **SHAPES[shape]), "--validate")
    assert rivet.output().manifest("t")["row_count"] == 0
