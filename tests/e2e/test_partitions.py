"""partition_by: one folder with its own manifest per day, month or year, in every mode, every row in one of them."""
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import Callable

import pytest

from helpers import export


@dataclass
class Table:
    source: dict
    execute: Callable


@pytest.fixture(params=["postgres", "sqlite"])
def table(request, tmp_path) -> Table:
    """`t (id, at)` with rows in three months, two days of one of them, and two rows without a time."""
    rows = ("INSERT INTO t VALUES (1, '2024-01-31 23:59:59'), (2, '2024-02-01 00:00:00'), (3, '2024-02-29 12:00:00'), "
            "(4, '2024-04-01 00:00:00'), (5, NULL), (6, NULL), (7, '2024-02-29 23:59:59')")
    if request.param == "postgres":
        database = request.getfixturevalue("pg_db")
        database.execute("CREATE TABLE t (id bigint PRIMARY KEY, at timestamp)", rows)
        return Table(database.source, database.execute)
    path = tmp_path / "source.sqlite"

    def execute(*statements):
        with closing(sqlite3.connect(path)) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    execute("CREATE TABLE t (id INTEGER PRIMARY KEY, at TIMESTAMP)", rows)
    return Table({"type": "sqlite", "path": str(path)}, execute)


def partitioned(granularity="month", **keys):
    return export("t", path="./output/{partition}", **{"table": "t", "partition_by": "at", "partition_granularity": granularity, **keys})


def landed(rivet):
    """Partition to its rows, as the manifests say; partitions without rows too."""
    out = {}
    for folder in sorted((rivet.folder / "output").iterdir()):
        column, value = folder.name.split("=")
        assert column == "at"
        output = rivet.output(f"output/{folder.name}")
        assert output.manifest(f"t__{value}")["export_family"] == "t"
        rows = output.table(f"t__{value}").column("id").to_pylist() if output.manifest(f"t__{value}")["parts"] else []
        out[value] = sorted(rows)
    return out


NONE = "__HIVE_DEFAULT_PARTITION__"
BY_MONTH = {"2024-01": [1], "2024-02": [2, 3, 7], "2024-03": [], "2024-04": [4], NONE: [5, 6]}

MODES = {
    "full": {},
    "full_parallel": {"parallel": 2},
    "chunked": {"mode": "chunked", "chunk_column": "id", "chunk_size": 2},
    "days": {"mode": "chunked", "chunk_column": "at", "chunk_by_days": 7},
    "dense": {"mode": "chunked", "chunk_column": "id", "chunk_dense": True, "chunk_size": 2},
    "incremental": {"mode": "incremental", "cursor_column": "id"},
}


@pytest.mark.parametrize("mode", MODES)
def test_every_row_in_its_partition(rivet, table, mode):
    path = rivet.config(table.source, partitioned(**MODES[mode]))
    rivet.ok("run", "-c", path, "--validate")
    assert landed(rivet) == BY_MONTH
    rivet.ok("validate", "-c", path)


@pytest.mark.parametrize("granularity, names", [("day", 62 + 1), ("year", 2)])
def test_granularity(rivet, table, granularity, names):
    path = rivet.config(table.source, partitioned(granularity))
    rivet.ok("run", "-c", path)
    found = landed(rivet)
    assert len(found) == names
    assert sorted(row for rows in found.values() for row in rows) == [1, 2, 3, 4, 5, 6, 7]


def test_incremental_partitions_follow_their_own_cursor(rivet, table):
    path = rivet.config(table.source, partitioned(**MODES["incremental"]))
    rivet.ok("run", "-c", path)
    table.execute("INSERT INTO t VALUES (8, '2024-02-02 00:00:00'), (9, '2024-05-01 00:00:00'), (10, NULL)")
    rivet.ok("run", "-c", path, "--validate")
    assert landed(rivet) == {**BY_MONTH, "2024-02": [2, 3, 7, 8], "2024-05": [9], NONE: [5, 6, 10]}


def test_a_partition_that_lost_its_rows_is_brought_up_to_date(rivet, table):
    path = rivet.config(table.source, partitioned())
    rivet.ok("run", "-c", path)
    table.execute("DELETE FROM t WHERE id = 4 OR at IS NULL")
    rivet.ok("run", "-c", path)
    assert landed(rivet) == {**BY_MONTH, "2024-04": [], NONE: []}


def test_no_rows_no_partitions(rivet, table):
    table.execute("DELETE FROM t")
    done = rivet.ok("run", "-c", rivet.config(table.source, partitioned()), "--json")
    assert done.json()["per_export"][0]["status"] == "skipped"


def test_a_column_without_days_is_refused(rivet, table):
    done = rivet("run", "-c", rivet.config(table.source, partitioned(partition_by="id")), "--json-errors")
    assert done.code == 1
    assert "not a date or timestamp" in done.error()["error"]


def test_validate_finds_damage_in_a_partition(rivet, table):
    path = rivet.config(table.source, partitioned())
    rivet.ok("run", "-c", path)
    part = next((rivet.folder / "output" / "at=2024-02").glob("*.parquet"))
    part.write_bytes(part.read_bytes()[:-1])
    done = rivet("validate", "-c", path, "--json-errors")
    assert done.code == 3
    assert "t__2024-02" in done.error()["error"]


@pytest.mark.parametrize("sharing", ["--parallel-exports", "--parallel-export-processes"])
def test_beside_other_exports(rivet, table, sharing):
    path = rivet.config(table.source, partitioned(), export("whole", table="t", path="./whole"))
    done = rivet.ok("run", "-c", path, sharing, "--json")
    assert landed(rivet) == BY_MONTH
    assert rivet.output("whole").manifest("whole")["row_count"] == 7
    names = [one["export_name"] for one in done.json()["per_export"]]
    assert names == [*(f"t__{value}" for value in ["2024-01", "2024-02", "2024-03", "2024-04", NONE]), "whole"]


def test_killed_in_the_middle(rivet, table):
    path = rivet.config(table.source, partitioned())
    for point in ("unit_claimed", "parts_committed", "sealed", "manifest_written"):
        rivet("run", "-c", path, env={"RIVET_TEST_PANIC_AT": point})
        rivet.ok("run", "-c", path, "--validate")
        assert landed(rivet) == BY_MONTH
