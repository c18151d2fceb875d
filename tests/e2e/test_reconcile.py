"""`rivet reconcile`: what agrees is called so in every mode, and whatever differs is found, named and blamed on the right side."""
from __future__ import annotations

import json
import signal
import sqlite3
import threading
import time
from contextlib import closing

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers import export, finished, wait_until
from modes import SHAPES, SMALL_ROWS, SMALL_SHAPES, Fixture, keys_for, postgres_orders, sqlite_orders
from tcp_proxy import DOWN, Cut, TcpProxy

ENGINES = ["postgres", "sqlite"]


def orders_of(engine, request, tmp_path, count=SMALL_ROWS):
    return sqlite_orders(tmp_path, count) if engine == "sqlite" else postgres_orders(request.getfixturevalue("pg_db"), count)


@pytest.fixture(params=ENGINES)
def orders(request, tmp_path):
    return orders_of(request.param, request, tmp_path)


@pytest.fixture
def pg_orders(request, tmp_path):
    return orders_of("postgres", request, tmp_path)


def change(orders, *statements):
    """Changes the source."""
    if orders.source["type"] == "sqlite":
        with closing(sqlite3.connect(orders.source["path"])) as connection, connection:
            for statement in statements:
                connection.execute(statement)
    else:
        import psycopg
        with psycopg.connect(orders.source["url"]) as connection:
            for statement in statements:
                connection.execute(statement)


def exported(rivet, orders, shape="range", **more):
    path = rivet.config(orders.source, export("orders", table="orders", **{**keys_for(orders, SMALL_SHAPES[shape]), **more}))
    rivet.ok("run", "-c", path)
    return path


def reconcile(rivet, path, *args, depth="content", name="orders"):
    done = rivet("reconcile", "-c", path, "-e", name, "--depth", depth, "--format", "json", *args)
    return done.code, json.loads(done.stdout) if done.stdout else done.stderr


def rows_in(report):
    return [row for unit in report["partitions"] for row in unit.get("rows", [])]


def rewrite(path, edit):
    """A Parquet file with other rows, as if somebody had written it anew."""
    table = pq.ParquetFile(path).read()
    pq.write_table(edit(table), path)


def without_row(index):
    return lambda table: pa.concat_tables([table.slice(0, index), table.slice(index + 1)])


def with_cell(row, column, value):
    def edit(table):
        position = table.column_names.index(column)
        values = table.column(position).to_pylist()
        values[row] = value
        return table.set_column(position, table.schema.field(position), pa.array(values, table.schema.field(position).type))
    return edit


def part_of(rivet, index=0, name="orders"):
    return rivet.output().parts(name)[index]


def id_at(path, row):
    return pq.ParquetFile(path).read().column("id").to_pylist()[row]


class TestWhatAgrees:
    @pytest.mark.parametrize("shape", SHAPES)
    def test_every_mode_matches_and_is_verified(self, rivet, orders, shape):
        path = exported(rivet, orders, shape)
        for depth in ("count", "content"):
            code, report = reconcile(rivet, path, depth=depth)
            assert code == 0, report
            assert report["summary"]["matches"] == report["summary"]["total_partitions"] > 0
            assert report["summary"]["total_source_rows"] == report["summary"]["total_exported_rows"] == SMALL_ROWS
            assert report["verified"]
        committed, verified = rivet.state("SELECT coalesce(last_committed_cursor, last_committed_chunk_index), "
                                          "coalesce(last_verified_cursor, last_verified_chunk_index) FROM export_progression")[0]
        assert committed == verified is not None

    @pytest.mark.parametrize("format", ["parquet", "csv"])
    def test_what_we_add_is_not_compared(self, rivet, orders, format):
        path = exported(rivet, orders, format=format, meta_columns={"exported_at": True, "row_hash": True})
        assert reconcile(rivet, path)[0] == 0

    def test_a_query(self, rivet, orders):
        path = rivet.config(orders.source, export("orders", query="SELECT id, note FROM orders WHERE id % 2 = 0"))
        rivet.ok("run", "-c", path)
        assert reconcile(rivet, path)[0] == 0

    def test_later_incremental_runs(self, rivet, pg_orders):
        path = exported(rivet, pg_orders, "incremental")
        change(pg_orders, "INSERT INTO orders SELECT 1000000 + i, 'new' || i, 'r', i, timestamp '2025-06-01' + i * interval '1 s', 1, 'n' "
               "FROM generate_series(1, 50) i")
        rivet.ok("run", "-c", path)
        code, report = reconcile(rivet, path)
        assert code == 0 and report["summary"]["mismatches"] == 0, report
        assert report["summary"]["total_exported_rows"] == SMALL_ROWS + 50

    def test_partitions(self, rivet, pg_orders):
        path = rivet.config(pg_orders.source, export("orders", table="orders", partition_by="at", partition_granularity="month",
                                                     path="./output/{partition}"))
        rivet.ok("run", "-c", path)
        code, report = reconcile(rivet, path)
        assert code == 0 and report["summary"]["total_exported_rows"] == SMALL_ROWS
        assert len({unit["export_name"] for unit in report["partitions"]}) == 13
        change(pg_orders, "DELETE FROM orders WHERE at >= '2024-03-01' AND at < '2024-03-05'")
        code, report = reconcile(rivet, path)
        assert code == 3
        assert {unit["export_name"] for unit in report["partitions"] if unit["status"] == "mismatch"} == {"orders__2024-03"}


class TestWhatDiffers:
    @pytest.mark.parametrize("shape", SHAPES)
    def test_a_lost_row_is_named_in_every_mode(self, rivet, orders, shape):
        path = exported(rivet, orders, shape)
        part = part_of(rivet)
        lost = id_at(part, 3)
        rewrite(part, without_row(3))
        code, report = reconcile(rivet, path)
        assert code == 3
        rows = rows_in(report)
        assert [(row["change"], row["cause"], row["key"]) for row in rows] == [("missing", "loss", {"id": str(lost)})]
        assert report["summary"]["mismatches"] == 1 and report["summary"]["differences"]["loss"] == 1
        code, report = reconcile(rivet, path, depth="count")
        assert code == 3 and report["summary"]["mismatches"] == 1

    @pytest.mark.parametrize("shape", ["full", "full_parallel", "range", "keyset_text", "dense", "incremental"])
    def test_a_changed_landed_value_is_corruption(self, rivet, orders, shape):
        path = exported(rivet, orders, shape)
        part = part_of(rivet)
        row = pq.ParquetFile(part).read().column("note").to_pylist().index("", 5)
        key = id_at(part, row)
        rewrite(part, with_cell(row, "note", " "))
        code, report = reconcile(rivet, path)
        assert code == 3
        assert rows_in(report) == [{"change": "changed", "cause": "corruption", "key": {"id": str(key)},
                                    "columns": {"note": {"landed": " ", "source": ""}}, "part": part.name}]
        unit = next(unit for unit in report["partitions"] if unit["status"] == "mismatch")
        assert unit["columns"] == ["note"] and unit["causes"] == ["corruption"] and part.name in unit["damaged_parts"][0]
        assert reconcile(rivet, path, "--ignore-drift")[0] == 3

    def test_changes_of_the_source_are_drift(self, rivet, orders):
        path = exported(rivet, orders, "range")
        ids = [row[0] for row in orders.expected()]
        change(orders, f"DELETE FROM orders WHERE id = {ids[10]}", f"UPDATE orders SET note = 'other' WHERE id = {ids[20]}",
               f"INSERT INTO orders VALUES ({ids[30] + 1}, 'k-new', 'r', 1, NULL, 1, 'x')")
        code, report = reconcile(rivet, path)
        assert code == 3
        by_change = {row["change"]: row for row in rows_in(report)}
        assert {change: row["key"]["id"] for change, row in by_change.items()} == {
            "extra": str(ids[10]), "changed": str(ids[20]), "missing": str(ids[30] + 1)}
        assert by_change["changed"]["columns"]["note"]["source"] == "other"
        assert by_change["extra"]["cause"] == by_change["changed"]["cause"] == "drift"
        sqlite = orders.source["type"] == "sqlite"
        assert by_change["missing"]["cause"] == ("undetermined" if sqlite else "drift")
        assert report["row_age_known"] is not sqlite
        assert reconcile(rivet, path, "--ignore-drift")[0] == (3 if sqlite else 0)

    def test_a_recorded_digest_that_is_wrong(self, rivet, orders):
        path = exported(rivet, orders, "range")
        with closing(sqlite3.connect(rivet.folder / ".rivet_state.db")) as state, state:
            digest = state.execute("SELECT digest FROM unit WHERE unit_index = 1").fetchone()[0]
            state.execute("UPDATE unit SET digest = ? WHERE unit_index = 1", (digest[:-1] + ("0" if digest[-1] != "0" else "1"),))
        code, report = reconcile(rivet, path)
        assert code == 3
        wrong = [unit for unit in report["partitions"] if unit["status"] == "mismatch"]
        assert [unit["unit_index"] for unit in wrong] == [1]
        assert wrong[0]["causes"] == ["record"] and wrong[0]["columns"] == ["note"] and wrong[0]["rows"] == []

    def test_a_source_value_that_its_column_cannot_hold_any_more(self, rivet, tmp_path):
        """SQLite lets any value into any column; this one was not there when the unit was read."""
        orders = sqlite_orders(tmp_path, SMALL_ROWS)
        path = exported(rivet, orders, "range")
        key = orders.expected()[10][0]
        change(orders, f"UPDATE orders SET seq = 'not a number' WHERE id = {key}")
        code, report = reconcile(rivet, path)
        assert code == 3 and report["summary"]["mismatches"] == 1
        unit = next(unit for unit in report["partitions"] if unit["status"] == "mismatch")
        assert unit["causes"] == ["drift"] and "seq" in unit["note"]
        assert reconcile(rivet, path, "--ignore-drift")[0] == 0

    def test_rows_that_changed_places_between_units(self, rivet, orders):
        path = exported(rivet, orders, "range")
        first, second = (pq.ParquetFile(part_of(rivet, i)).read() for i in (0, 1))
        a, b = first.slice(0, 1), second.slice(0, 1)
        rewrite(part_of(rivet, 0), lambda _: pa.concat_tables([b, first.slice(1)]))
        second_part = rivet.output().folder / rivet.output().manifest("orders")["parts"][1]["path"]
        rewrite(second_part, lambda _: pa.concat_tables([a, second.slice(1)]))
        code, report = reconcile(rivet, path)
        assert code == 3 and report["summary"]["mismatches"] == 2
        assert sorted(row["change"] for row in rows_in(report)) == ["extra", "extra", "missing", "missing"]

    def test_a_value_moved_between_two_rows(self, rivet, orders):
        path = exported(rivet, orders, "full")
        part = part_of(rivet)
        notes = pq.ParquetFile(part).read().column("note").to_pylist()
        rewrite(part, lambda table: with_cell(1, "note", notes[0])(with_cell(0, "note", notes[1])(table)))
        code, report = reconcile(rivet, path)
        assert code == 3
        assert report["partitions"][0]["columns"] == [] and "pairing" in report["partitions"][0]["note"]
        assert [row["change"] for row in rows_in(report)] == ["changed", "changed"]

    def test_a_part_that_is_gone_or_cannot_be_read(self, rivet, orders):
        path = exported(rivet, orders, "range")
        parts = [part_of(rivet, i) for i in range(2)]
        parts[0].unlink()
        parts[1].write_bytes(b"not a Parquet file")
        code, report = reconcile(rivet, path)
        assert code == 3 and report["summary"]["mismatches"] == 2
        differences = report["summary"]["differences"]
        assert differences["loss"] == differences["missing"] == sum(unit["source_count"] for unit in report["partitions"][:2])
        code, report = reconcile(rivet, path, depth="count")
        assert code == 3 and report["summary"]["mismatches"] == 2

    def test_the_list_is_bounded_and_the_counts_are_not(self, rivet, orders):
        path = exported(rivet, orders, "range")
        change(orders, "UPDATE orders SET note = 'all others'")
        code, report = reconcile(rivet, path, "--max-differences", "7")
        assert code == 3 and len(rows_in(report)) == 7
        assert report["summary"]["differences"]["changed"] == SMALL_ROWS


class TestTwins:
    """Rows without a key, some of them alike."""

    ROWS = [("a", 1.5), ("a", 1.5), ("b", None), ("", -0.0), (None, 0.0), ("é", 1e300), ("e\u0301", 2.0), ("x ", 3.0), ("x", 3.0),
            ("nan", float("nan"))]
    EDITS = {
        "a pair of equal rows is gone": (lambda rows: rows[2:], 2, 0),
        "one of the pair": (lambda rows: rows[1:], 1, 0),
        "the pair came twice": (lambda rows: [*rows, *rows[:2]], 0, 2),
        "empty text became NULL": (lambda rows: [(name or None, value) for name, value in rows], 1, 1),
        "a zero lost its sign": (lambda rows: [(name, 0.0 if value == 0 else value) for name, value in rows], 1, 1),
        "a blank at the end": (lambda rows: [(name.rstrip() if name else name, value) for name, value in rows], 1, 1),
        "text was composed": (lambda rows: [("é" if name == "e\u0301" else name, value) for name, value in rows], 1, 1),
        "NaN became NULL": (lambda rows: [(name, None if name == "nan" else value) for name, value in rows], 1, 1),
    }
    NOT_IN_SQLITE = {"a zero lost its sign", "NaN became NULL"}  # it stores neither

    @pytest.fixture(params=ENGINES)
    def twins(self, request, tmp_path):
        if request.param == "sqlite":
            with closing(sqlite3.connect(tmp_path / "twins.sqlite")) as connection, connection:
                connection.execute("CREATE TABLE twins (name TEXT, value REAL)")
                connection.executemany("INSERT INTO twins VALUES (?, ?)", self.ROWS)
            return {"type": "sqlite", "path": str(tmp_path / "twins.sqlite")}
        database = request.getfixturevalue("pg_db")
        with database.connect() as connection:
            connection.execute("CREATE TABLE twins (name text, value double precision)")
            connection.cursor().executemany("INSERT INTO twins VALUES (%s, %s)", self.ROWS)
        return database.source

    @pytest.mark.parametrize("edit", EDITS)
    def test_are_told_apart(self, rivet, twins, edit):
        change_rows, missing, extra = self.EDITS[edit]
        path = rivet.config(twins, export("twins", table="twins"))
        rivet.ok("run", "-c", path)
        assert reconcile(rivet, path, name="twins")[0] == 0
        part = part_of(rivet, name="twins")
        table = pq.ParquetFile(part).read()
        columns = zip(*change_rows([tuple(row.values()) for row in table.to_pylist()]))
        rewrite(part, lambda _: pa.Table.from_arrays([pa.array(column, field.type) for column, field in zip(columns, table.schema)],
                                                     schema=table.schema))
        code, report = reconcile(rivet, path, name="twins")
        differences = report["summary"]["differences"]
        if twins["type"] == "sqlite" and edit in self.NOT_IN_SQLITE:
            missing = extra = 0
        assert code == 3, "the bytes at least are others"
        assert (differences["missing"], differences["extra"]) == (missing, extra)
        assert all(row["key"] is None and row["values"] for row in rows_in(report))


NIGHTLY_SHAPES = ["incremental", "coalesce", "keyset_incremental"]


def rows_of_night(night):
    """One row behind all cursors, one between them, one that ties with the night before and one without a cursor."""
    before = f"2025-0{night - 1}-01 00:00:00" if night > 2 else "2024-12-28 11:36:00"
    return {"new": (2_000_000 * night, 1_000 * night, f"'2025-0{night}-01 00:00:00'"),
            "late": (-100_000 * night, 50 + night, f"'2024-06-15 1{night}:00:00'"),
            "tie": (2_000_000 * night + 1, 1_000 * (night - 1) if night > 2 else 399, f"'{before}'"),
            "bare": (2_000_000 * night + 2, "NULL", "NULL")}


def come(orders, night):
    change(orders, *(f"INSERT INTO orders VALUES ({key}, '{word}{night}', 'r', {seq}, {at}, 1, 'of night {night}')"
                     for word, (key, seq, at) in rows_of_night(night).items()))


def after_nights(rivet, orders, shape, nights=3, **more):
    """The configuration of an export of which later runs have found late rows."""
    path = exported(rivet, orders, shape, **more)
    for night in range(2, nights + 1):
        come(orders, night)
        rivet.ok("run", "-c", path)
    return path


def late_parts(rivet):
    """Files of units that looked again at what earlier runs had read, the oldest first."""
    return [rivet.output().folder / name for name, in rivet.state(
        "SELECT p.path FROM part p JOIN unit u ON u.run_id = p.run_id AND u.unit_index = p.unit_index "
        "WHERE u.reason LIKE 'rows that came late%' OR u.reason LIKE 'rows without a cursor that came%' ORDER BY p.id")]


class TestNights:
    """Runs of an incremental export that have read the same stretches."""

    @pytest.mark.parametrize("shape", NIGHTLY_SHAPES)
    def test_every_unit_matches(self, rivet, orders, shape):
        path = after_nights(rivet, orders, shape)
        assert late_parts(rivet)
        for depth in ("count", "content"):
            code, report = reconcile(rivet, path, depth=depth)
            assert code == 0 and report["summary"]["matches"] == report["summary"]["total_partitions"], report
            assert report["summary"]["total_source_rows"] == report["summary"]["total_exported_rows"] == len(orders.expected())
            assert report["verified"]

    @pytest.mark.parametrize("shape", NIGHTLY_SHAPES)
    def test_a_lost_late_row_is_named_once(self, rivet, orders, shape):
        path = after_nights(rivet, orders, shape)
        part = late_parts(rivet)[0]
        lost = id_at(part, 0)
        rewrite(part, without_row(0))
        code, report = reconcile(rivet, path)
        assert code == 3
        assert [(row["change"], row["cause"], row["key"]) for row in rows_in(report)] == [("missing", "loss", {"id": str(lost)})]
        assert (report["summary"]["mismatches"], report["summary"]["unknown"]) == (1, 0)
        code, report = reconcile(rivet, path, depth="count")
        assert code == 3 and (report["summary"]["mismatches"], report["summary"]["unknown"]) == (1, 0)

    @pytest.mark.parametrize("shape", NIGHTLY_SHAPES)
    def test_a_late_row_that_changed_since_is_drift(self, rivet, orders, shape):
        path = after_nights(rivet, orders, shape)
        key = id_at(late_parts(rivet)[0], 0)
        change(orders, f"UPDATE orders SET note = 'other' WHERE id = {key}", "UPDATE orders SET note = 'other' WHERE id = -29997")
        code, report = reconcile(rivet, path)
        assert code == 3 and report["summary"]["drifted"] == report["summary"]["mismatches"] == 2, report
        assert {(row["cause"], row["key"]["id"]) for row in rows_in(report)} == {("drift", str(key)), ("drift", "-29997")}
        assert reconcile(rivet, path, "--ignore-drift")[0] == 0

    def test_what_a_later_run_left_out_as_known_is_not_asked_of_it(self, rivet, orders):
        path = after_nights(rivet, orders, "incremental", nights=2)
        change(orders, "UPDATE orders SET note = 'other' WHERE id = -29997")
        come(orders, 3)
        rivet.ok("run", "-c", path)
        code, report = reconcile(rivet, path)
        assert code == 3 and report["summary"]["drifted"] == report["summary"]["mismatches"] == 1, report

    def test_what_came_after_the_last_run_is_missed_once(self, rivet, orders):
        path = after_nights(rivet, orders, "incremental")
        change(orders, "INSERT INTO orders VALUES (77000001, 'after', 'r', 1, '2024-06-15 00:00:00', 1, 'x')")
        code, report = reconcile(rivet, path)
        if orders.source["type"] == "sqlite":
            assert code == 3 and [(row["change"], row["cause"], row["key"]["id"]) for row in rows_in(report)] == [
                ("missing", "undetermined", "77000001")]
        else:
            assert code == 0, report

    def test_units_whose_elder_ones_lie_elsewhere(self, rivet, orders):
        """As with {date} in the path: what the newest run's place has looked at again was read new into another one."""
        exported(rivet, orders, "incremental", path="./before")
        path = rivet.config(orders.source, export("orders", table="orders", **keys_for(orders, SMALL_SHAPES["incremental"])))
        for night in (2, 3):
            come(orders, night)
            rivet.ok("run", "-c", path)
        assert len(late_parts(rivet)) == 4
        for depth in ("count", "content"):
            code, report = reconcile(rivet, path, depth=depth)
            assert code == 0 and report["summary"]["matches"] == report["summary"]["total_partitions"], report
            assert report["summary"]["total_source_rows"] == 8
        part = late_parts(rivet)[2]
        lost = id_at(part, 0)
        rewrite(part, without_row(0))
        code, report = reconcile(rivet, path)
        assert code == 3 and [(row["change"], row["cause"], row["key"]) for row in rows_in(report)] == [("missing", "loss", {"id": str(lost)})]
        first = rivet.state("SELECT min(run_id) FROM run")[0][0]
        with closing(sqlite3.connect(rivet.folder / ".rivet_state.db")) as state, state:
            state.execute("DELETE FROM recent_key WHERE run_id = ?", (first,))
        code, report = reconcile(rivet, path)
        unsure = [unit for unit in report["partitions"] if unit["status"] == "unknown"]
        assert bool(unsure) is (orders.source["type"] == "sqlite")
        assert all(f"of run {first} are not remembered any more" in unit["note"] for unit in unsure)

    def test_without_what_was_remembered_units_are_unknown(self, rivet, orders):
        path = after_nights(rivet, orders, "incremental")
        part = late_parts(rivet)[0]
        rewrite(part, without_row(0))
        with closing(sqlite3.connect(rivet.folder / ".rivet_state.db")) as state, state:
            state.execute("DELETE FROM recent_key")
        code, report = reconcile(rivet, path)
        assert code == 0 and report["summary"]["unknown"] > 0 == report["summary"]["mismatches"] and not report["verified"], report
        notes = {unit["note"] for unit in report["partitions"] if unit["status"] == "unknown"}
        assert all("not remembered any more" in note for note in notes), notes
        done = rivet("repair", "-c", path, "-e", "orders", "--auto", "--format", "json")
        planned = json.loads(done.stdout)
        assert planned["actions"] == [] and all("not remembered any more" in skip["reason"] for skip in planned["skipped"])


class TestRowsBeyondTheLastUnit:
    @pytest.mark.parametrize("depth", ["count", "content"])
    def test_are_counted_and_no_mismatch(self, rivet, orders, depth):
        path = exported(rivet, orders, "range")
        assert reconcile(rivet, path, depth=depth)[1]["warnings"] == []
        change(orders, *(f"INSERT INTO orders VALUES ({key}, 'new{key}', 'r', 1, NULL, 1, 'x')" for key in (-40_000, 5, 6)))
        code, report = reconcile(rivet, path, depth=depth)
        assert code == 0 and report["verified"]
        said = ["1 row with id below -29997 came since; the next run reads it", "2 rows with id above -18000 came since; the next run reads them"]
        assert report["warnings"] == said
        done = rivet.ok("reconcile", "-c", path, "-e", "orders", "--depth", depth)
        assert all(f"warning: {sentence}" in done.stdout for sentence in said) and done.stderr == ""
        rivet.ok("run", "-c", path)
        assert reconcile(rivet, path, depth=depth)[1]["warnings"] == []

    def test_of_days(self, rivet, pg_orders):
        change(pg_orders, "CREATE INDEX ON orders (at)")
        path = exported(rivet, pg_orders, "days")
        change(pg_orders, "INSERT INTO orders VALUES (7, 'new', 'r', 1, '2026-01-01', 1, 'x')")
        end = max(key for key, in rivet.state("SELECT end_key FROM unit"))
        code, report = reconcile(rivet, path)
        assert code == 0 and report["warnings"] == [f"1 row with at from {end} came since; the next run reads it"]

    def test_are_not_looked_for_without_an_index(self, rivet, pg_orders):
        path = exported(rivet, pg_orders, "range_null_key")
        change(pg_orders, "INSERT INTO orders VALUES (7, 'new', 'r', 100000, NULL, 1, 'x')")
        code, report = reconcile(rivet, path)
        assert code == 0 and report["warnings"] == []


class TestNightsOfTwins:
    """Rows without a key, some of them alike, that came in several nights."""

    NIGHTS = [[("a", "2024-01-01")] * 3 + [("b", "2024-01-09"), ("n", None)],
              [("a", "2024-01-01"), ("c", "2024-01-05"), ("d", "2024-01-20"), ("n", None)],
              [("a", "2024-01-01"), ("c", "2024-01-05"), ("c", "2024-01-05"), ("d", "2024-01-20"), ("n", None), ("n", None)]]

    @pytest.fixture(params=ENGINES)
    def twins(self, request, tmp_path):
        source = {"type": "sqlite", "path": str(tmp_path / "twins.sqlite")} if request.param == "sqlite" else request.getfixturevalue("pg_db").source
        twins = Fixture(source, lambda: None)
        change(twins, "CREATE TABLE twins (name text, at text)")
        return twins

    @pytest.mark.parametrize("read", [{"table": "twins"}, {"query": "SELECT name, at FROM twins"}], ids=["table", "query"])
    def test_match_and_a_lost_one_is_found(self, rivet, twins, read):
        path = rivet.config(twins.source, export("twins", mode="incremental", cursor_column="at", **read))
        for night in self.NIGHTS:
            for name, at in night:
                change(twins, f"INSERT INTO twins VALUES ('{name}', {'NULL' if at is None else repr(at)})")
            rivet.ok("run", "-c", path)
            for depth in ("count", "content"):
                code, report = reconcile(rivet, path, depth=depth, name="twins")
                assert code == 0 and report["summary"]["matches"] == report["summary"]["total_partitions"], report
        assert len(late_parts(rivet)) == 4
        for part in late_parts(rivet):
            whole = part.read_bytes()
            rewrite(part, without_row(0))
            code, report = reconcile(rivet, path, name="twins")
            assert code == 3 and [(row["change"], row["cause"]) for row in rows_in(report)] == [("missing", "loss")], report
            part.write_bytes(whole)


class TestWhileRowsChange:
    def test_no_false_loss_and_the_real_one_is_found(self, rivet, pg_orders):
        """1,000 writes a second, and one row deleted from a landed file."""
        path = exported(rivet, pg_orders, "range")
        part = part_of(rivet)
        lost = id_at(part, 5)
        rewrite(part, without_row(5))
        ids = [row[0] for row in pg_orders.expected() if row[0] != lost]
        stop, written = threading.Event(), [0]

        def write():
            import psycopg
            with psycopg.connect(pg_orders.source["url"], autocommit=True) as connection:
                while not stop.is_set():
                    n = written[0]
                    key = ids[(n * 7) % len(ids)]
                    connection.execute([f"UPDATE orders SET note = 'w{n}' WHERE id = {key}",
                                        f"INSERT INTO orders VALUES ({2_000_000 + n}, 'w{n}', 'r', 1, NULL, 1, 'x')",
                                        f"UPDATE orders SET seq = {n} WHERE id = {key}",
                                        f"DELETE FROM orders WHERE id = {key}"][n % 4])
                    written[0] += 1

        writer = threading.Thread(target=write)
        writer.start()
        began = time.monotonic()
        try:
            for _ in range(3):
                code, report = reconcile(rivet, path, "--max-differences", "100000")
                assert code == 3
                losses = [row for row in rows_in(report) if row["cause"] == "loss"]
                assert [(row["change"], row["key"]) for row in losses] == [("missing", {"id": str(lost)})]
                assert report["summary"]["differences"]["loss"] == 1
                assert not [row for row in rows_in(report) if row["cause"] in ("corruption", "undetermined")]
        finally:
            stop.set()
            writer.join()
        assert written[0] > 200, f"the source was hardly written to: {written[0]} times in {time.monotonic() - began:.1f} s"


class TestConnectionsThatEnd:
    """While it compares; the bytes of the planning are a small part of all."""

    @pytest.fixture
    def proxy(self, pg_db):
        with TcpProxy(pg_db.server.port) as proxy:
            yield proxy

    @staticmethod
    def prepared(rivet, pg_orders, pg_db, proxy, shape="range", **tuning):
        """The configuration of an export that is read through the proxy, and how many bytes its comparison takes."""
        source = {"type": "postgres", "url": proxy.url(pg_db.url)}
        path = rivet.config(source, export("orders", table="orders", tuning={"max_retries": 3, "retry_backoff_ms": 1, **tuning},
                                           **SMALL_SHAPES[shape]))
        rivet.ok("run", "-c", path)
        proxy.arm()
        assert reconcile(rivet, path)[0] == 0
        return path, proxy.passed[DOWN]

    @staticmethod
    def held(rivet, path, proxy, position, *cuts):
        """A comparison that waits for a byte which does not come."""
        proxy.arm(*cuts, hold=(DOWN, position))
        process = rivet.start("reconcile", "-c", path, "-e", "orders", "--depth", "content", "--format", "json")
        assert proxy.held.wait(30)
        return process

    @pytest.mark.parametrize("shape", ["range", "range_parallel", "full", "incremental"])
    def test_the_unit_is_compared_on_a_new_one(self, rivet, pg_orders, pg_db, proxy, shape):
        path, size = self.prepared(rivet, pg_orders, pg_db, proxy, shape)
        for eighths, reset in [(4, False), (6, True), (7, False)]:
            proxy.arm(Cut(DOWN, size * eighths // 8, reset))
            done = rivet("reconcile", "-c", path, "-e", "orders", "--depth", "content", "--format", "json")
            report = json.loads(done.stdout)
            assert (done.code, proxy.cuts_made) == (0, 1), done
            assert report["summary"]["matches"] == report["summary"]["total_partitions"] and report["verified"]
            assert "orders: attempt 1 failed: " in done.stderr and "trying again in" in done.stderr

    def test_a_session_that_the_server_ends(self, rivet, pg_orders, pg_db, proxy):
        path, size = self.prepared(rivet, pg_orders, pg_db, proxy)
        process = self.held(rivet, path, proxy, size // 2)
        ended = pg_db.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rivet' AND datname = current_database()")
        assert (True,) in ended
        proxy.release()
        done = finished(process)
        assert done.code == 0 and json.loads(done.stdout)["summary"]["mismatches"] == 0, done
        assert "trying again in" in done.stderr

    def test_a_source_that_stays_away(self, rivet, pg_orders, pg_db, proxy):
        path, size = self.prepared(rivet, pg_orders, pg_db, proxy, max_retries=2)
        proxy.arm(*(Cut(DOWN, size // 2 + 20 * i) for i in range(100)))
        done = rivet("reconcile", "-c", path, "-e", "orders", "--depth", "content", "--format", "json")
        assert (done.code, proxy.cuts_made, done.stdout) == (2, 3, ""), done
        assert "attempt 2 failed" in done.stderr and "attempt 3 failed" not in done.stderr and "reconciling export 'orders'" in done.stderr

    @pytest.mark.parametrize("shape", ["range", "range_parallel"])
    def test_is_interrupted_while_it_reads(self, rivet, pg_orders, pg_db, proxy, shape):
        path, size = self.prepared(rivet, pg_orders, pg_db, proxy, shape)
        process = self.held(rivet, path, proxy, size // 2)
        process.send_signal(signal.SIGINT)
        assert finished(process, timeout=20).code == 130

    def test_is_interrupted_while_it_waits_for_the_next_attempt(self, rivet, pg_orders, pg_db, proxy):
        path, size = self.prepared(rivet, pg_orders, pg_db, proxy, retry_backoff_ms=50_000)
        proxy.arm(Cut(DOWN, size // 2))
        process = rivet.start("reconcile", "-c", path, "-e", "orders", "--depth", "content")
        assert any("trying again in 50000 ms" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        assert finished(process, timeout=20).code == 130


class TestAfterARun:
    @pytest.mark.parametrize("shape", ["full", "range_parallel", "keyset_text", "incremental"])
    def test_its_rows_are_counted_against_the_source(self, rivet, orders, shape):
        path = rivet.config(orders.source, export("orders", table="orders", **keys_for(orders, SMALL_SHAPES[shape])))
        done = rivet.ok("run", "-c", path, "--reconcile")
        assert "reconcile:   match" in done.stdout + done.stderr
        summary = rivet.summary(rivet.state("SELECT run_id FROM run")[0][0])
        told = summary["reconciliation"]
        assert (told["source_count"], told["exported_rows"]) == (SMALL_ROWS, SMALL_ROWS), told
        assert summary["validation"] and rivet.state("SELECT validated FROM export_metrics") == [(1,)]
        assert rivet.state("SELECT reconciled, source_count FROM export_metrics") == [(1, SMALL_ROWS)]
        journal = rivet.ok("journal", "-c", path, "--json").stdout
        assert "ReconciliationResult" in journal

    def test_a_mismatch_is_told_and_the_result_stands(self, rivet, pg_orders):
        path = rivet.config(pg_orders.source, export("orders", table="orders", quality={}))
        gate = rivet.folder / "gate"
        process = rivet.start("run", "-c", path, "--reconcile", env={"RIVET_TEST_PAUSE_AT": f"published={gate}"})
        wait_until(lambda: (rivet.folder / "gate.reached").exists(), process)
        change(pg_orders, "DELETE FROM orders WHERE id < 0")
        gate.touch()
        done = finished(process)
        assert done.code == 3 and "RIVET_RECONCILE_MISMATCH" in done.stderr and "rivet reconcile" in done.stderr
        rivet.ok("validate", "-c", path)


class TestWhatIsSaid:
    def test_nothing_was_exported(self, rivet, pg_orders):
        path = rivet.config(pg_orders.source, export("orders", table="orders"))
        done = rivet("reconcile", "-c", path, "-e", "orders")
        assert done.code == 1 and "nothing was exported yet" in done.stderr and "rivet run -c" in done.stderr

    def test_another_query_than_that_of_the_run(self, rivet, pg_orders):
        path = rivet.config(pg_orders.source, export("orders", query="SELECT id FROM orders"))
        rivet.ok("run", "-c", path)
        rivet.config(pg_orders.source, export("orders", query="SELECT id FROM orders WHERE id > 5"))
        done = rivet("reconcile", "-c", path, "-e", "orders")
        assert done.code == 1 and "something else" in done.stderr

    def test_a_changed_table_leaves_units_unknown(self, rivet, pg_orders):
        path = exported(rivet, pg_orders, "range")
        change(pg_orders, "ALTER TABLE orders ADD COLUMN more int")
        code, report = reconcile(rivet, path)
        assert code == 0 and report["summary"]["unknown"] == report["summary"]["total_partitions"]
        assert "more" in report["partitions"][0]["note"] and not report["verified"]

    def test_people_see_the_row_and_the_next_step(self, rivet, pg_orders):
        path = exported(rivet, pg_orders, "range")
        part = part_of(rivet)
        lost = id_at(part, 3)
        rewrite(part, without_row(3))
        done = rivet("reconcile", "-c", path, "-e", "orders", "--depth", "content")
        assert done.code == 3
        assert f"missing  id={lost} (loss)" in done.stdout and "rivet repair -c" in done.stdout
        assert "do not match" in done.stderr
        report = rivet.folder / "report.json"
        done = rivet("reconcile", "-c", path, "-e", "orders", "--format", "json", "-o", report)
        assert done.code == 3 and done.stdout == "" and "report written to" in done.stderr
        assert json.loads(report.read_text())["summary"]["mismatches"] == 1
