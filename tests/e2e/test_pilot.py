"""The path an operator walks with a new database, from the first look at it to the second night, on tables of a usual size."""
from __future__ import annotations

import json
import re

import duckdb
import pyarrow.parquet as pq
import pytest

from helpers import Rivet
from pilot import PILOT
from test_reconcile import reconcile, rewrite, rows_in, without_row
from test_repair import repair

TABLES = """
CREATE TABLE users(id int PRIMARY KEY, name text);
CREATE TABLE orders(id bigint PRIMARY KEY, user_id int, product text, price numeric, status text,
                    created_at timestamptz DEFAULT now(), updated_at timestamptz);
INSERT INTO orders SELECT i, i % 997, 'p' || (i % 50), round((random() * 900)::numeric, 2), (array['new', 'paid', 'sent'])[1 + i % 3],
                          timestamptz '2026-01-01Z' + i * interval '1 s', timestamptz '2026-01-02Z' + i * interval '1 s'
                   FROM generate_series(1, 950000) i;
CREATE TABLE orders_coalesce(id bigint PRIMARY KEY, product text, price numeric, updated_at timestamptz, created_at timestamptz NOT NULL);
INSERT INTO orders_coalesce SELECT i, 'p' || i, round((i * 0.37)::numeric, 2),
                                   CASE WHEN i % 4 = 0 THEN NULL ELSE timestamptz '2026-01-02Z' + i * interval '1 s' END,
                                   timestamptz '2026-01-01Z' + i * interval '1 s' FROM generate_series(1, 20000) i;
ANALYZE
"""
ROWS, COALESCE_ROWS = 950_000, 20_000

COLUMNS = {"orders": ["id", "user_id", "product", "price", "status", "updated_at"],
           "orders_coalesce": ["id", "product", "price", "updated_at", "created_at"]}


@pytest.fixture
def pilot(rivet, pg_db):
    """The program with DATABASE_URL, and the tables."""
    pg_db.execute(*TABLES.split(";\n"))
    rivet.env["DATABASE_URL"] = pg_db.url
    return rivet


def landed(rivet: Rivet, name: str) -> list[tuple]:
    """Rows of all parts that the manifest lists, read by DuckDB; instants in microseconds."""
    parts = [str(part) for part in rivet.output().parts(name)]
    columns = ", ".join(f"epoch_us({column})" if column.endswith("_at") else column for column in COLUMNS[name])
    with duckdb.connect() as connection:
        return connection.execute(f"SELECT {columns} FROM read_parquet($1) ORDER BY id, updated_at NULLS FIRST", [parts]).fetchall()


def in_source(pg_db, name: str, where: str = "true") -> list[tuple]:
    columns = ", ".join(f"(extract(epoch FROM {column}) * 1000000)::bigint" if column.endswith("_at") else column for column in COLUMNS[name])
    return pg_db.rows(f"SELECT {columns} FROM {name} WHERE {where} ORDER BY id")


def discover(rivet: Rivet) -> None:
    """The discovery proposes what the configuration then says."""
    rivet.ok("init", "--source-env", "DATABASE_URL", "--discover", "-o", "discovery.json")
    found = {table["table"]: table for table in json.loads((rivet.folder / "discovery.json").read_text())["tables"]}
    assert set(found) == {"users", "orders", "orders_coalesce"}
    assert found["orders"]["row_estimate"] == pytest.approx(ROWS, rel=0.01)
    assert (found["orders"]["suggested_mode"], found["orders"]["chunk_candidates"][0]["column"]) == ("chunked", "id")
    assert found["orders_coalesce"]["cursor_candidates"][0]["column"] == "updated_at"
    assert found["orders_coalesce"]["suggested_cursor_fallback_column"] == "created_at"
    assert any("coalesce" in note for note in found["orders_coalesce"]["notes"])


def check(rivet: Rivet) -> None:
    text = rivet.ok("check", "-c", "pilot.yaml").stdout
    assert "Strategy:     chunked-parallel(id, size=100000, p=2)" in text
    assert re.search(r"Row estimate: ~9[45]\d(\.\d)?K", text) and "Cursor range: 1 .. 950000" in text
    lines = [json.loads(line) for line in rivet.ok("check", "-c", "pilot.yaml", "--json").stdout.splitlines()]
    told = {line["export"]: line for line in lines}
    orders = told["orders"]["diagnostic"]
    assert (orders["strategy"], orders["mode"]) == ("chunked-parallel(id, size=100000, p=2)", "chunked (column: id, size: 100000)")
    assert (orders["cursor_min"], orders["cursor_max"], orders["uses_index"]) == ("1", "950000", True)
    assert orders["capabilities"] == {"uses_index": True, "has_cursor": False, "can_parallel": True}
    assert told["orders_coalesce"]["diagnostic"]["strategy"].startswith("incremental(")
    for line in told.values():
        (price,) = [column for column in line["columns"] if column["column"] == "price"]
        assert (price["rivet_type"], price["arrow_type"], price["fidelity"]) == ("decimal(10,2)", "Decimal128(10, 2)", "exact")
        assert line["violations"] == []


def doctor(rivet: Rivet) -> None:
    told = rivet.ok("doctor", "-c", "pilot.yaml", "--json").json()
    assert told["all_ok"] is True and told["config_path"] == "pilot.yaml"
    assert all(one["ok"] for one in told["checks"]) and any("Destination" in one["name"] for one in told["checks"])


def plan(rivet: Rivet) -> dict:
    """A plan to read, a plan to keep, and the waves in the configuration, where nothing else changes."""
    pretty = rivet.ok("plan", "-c", "pilot.yaml", "--no-annotate").stdout
    for said in ("Export +: orders\n", "Export +: orders_coalesce\n", "Chunks +: 10", "Priority +: score", "Format +: parquet"):
        assert re.search(said, pretty), said
    assert (rivet.folder / "pilot.yaml").read_text() == PILOT
    rivet.ok("plan", "-c", "pilot.yaml", "--format", "json", "-o", "plan.json")
    annotated = (rivet.folder / "pilot.yaml").read_text()
    added = re.compile(r"^    (wave: \d|parallel_safe: (true|false))\n", re.M)
    assert len(added.findall(annotated)) == 4 and added.sub("", annotated) == PILOT
    bundle = json.loads((rivet.folder / "plan.json").read_text())
    plans = {one["export_name"]: one for one in bundle["exports"]}
    assert plans["orders"]["computed"]["chunk_ranges"] == [[begin, begin + 99_999] for begin in range(1, 900_000, 100_000)] + [[900_001, ROWS]]
    for name, one in plans.items():
        assert json.loads((rivet.folder / f"plan.{name}.json").read_text()) == one
    return plans


def waves_of(config: str) -> list[int]:
    return [int(wave) for wave in re.findall(r"^    wave: (\d)", config, re.M)]


def apply_by_wave(rivet: Rivet, plans: dict) -> None:
    """Each export with what was predicted for it."""
    done = rivet.ok("apply", "pilot.yaml", "--validate", "--json")
    order = [int(wave) for wave in re.findall(r"^wave (\d)", done.stderr, re.M)]
    assert order == sorted(set(waves_of((rivet.folder / "pilot.yaml").read_text())))
    for run_id, name in rivet.state("SELECT run_id, export_name FROM export_metrics"):
        summary = rivet.summary(run_id)
        predicted, expected = summary["prediction"]["rows"], plans[name]["prediction"]["rows"]
        assert predicted["actual"] == {"orders": ROWS, "orders_coalesce": COALESCE_ROWS}[name]
        assert expected["low"] <= predicted["actual"] <= expected["high"]


def progression(rivet: Rivet) -> dict:
    told = rivet.ok("state", "progression", "-c", "pilot.yaml").stdout
    rows = {cells[0]: cells[1:] for cells in (re.split(r"  +", line.strip()) for line in told.splitlines())}
    assert rows["EXPORT"] == ["COMM MODE", "COMMITTED", "COMMITTED AT", "VERI MODE", "VERIFIED"]
    assert rows["orders"][:2] == ["chunked", "chunk #9"] and rows["orders_coalesce"][0] == "incremental"
    return rows


def committed_cursor(rivet: Rivet) -> str:
    return progression(rivet)["orders_coalesce"][1]


def last_status(rivet: Rivet) -> tuple:
    (found,) = rivet.state("SELECT status, total_rows FROM export_metrics WHERE export_name = 'orders_coalesce' ORDER BY id DESC LIMIT 1")
    return found


def nothing_new(rivet: Rivet, *command: str) -> None:
    manifest, cursor = rivet.output().manifest_bytes("orders_coalesce"), committed_cursor(rivet)
    rivet.ok(*command, "-e", "orders_coalesce")
    assert last_status(rivet) == ("skipped", 0)
    assert rivet.output().manifest_bytes("orders_coalesce") == manifest and committed_cursor(rivet) == cursor


def second_night(rivet: Rivet, pg_db) -> None:
    """Rows that came, with and without a change, and one that was changed for the first time."""
    before = landed(rivet, "orders_coalesce")
    pg_db.execute("INSERT INTO orders_coalesce VALUES (20001, 'new', 1.25, NULL, '2026-03-01Z'), (20002, 'both', 2.5, '2026-03-02Z', '2026-03-01Z')",
                  "UPDATE orders_coalesce SET updated_at = '2026-03-03Z', price = 9.99 WHERE id = 4")
    rivet.ok("run", "-c", "pilot.yaml", "-e", "orders_coalesce", "--validate")
    assert last_status(rivet) == ("success", 3)
    new = in_source(pg_db, "orders_coalesce", "id IN (4, 20001, 20002)")
    assert landed(rivet, "orders_coalesce") == sorted(before + new, key=lambda row: (row[0], row[3] or 0))
    assert committed_cursor(rivet).startswith("2026-03-03 00:00:00")


def reconcile_all(rivet: Rivet) -> None:
    """By number of rows and value by value, both exports agree with their sources."""
    for name in COLUMNS:
        for depth in ("count", "content"):
            code, report = reconcile(rivet, "pilot.yaml", depth=depth, name=name)
            assert code == 0 and report["summary"]["mismatches"] == 0 < report["summary"]["matches"], report
    orders = progression(rivet)["orders"]
    assert orders[3:] == orders[:2]


def an_earlier_version_is_drift(rivet: Rivet) -> None:
    """The incremental output has the row that changed in the second night twice; in the source it is no more what the first one read."""
    code, report = reconcile(rivet, "pilot.yaml", name="orders_coalesce")
    assert code == 3 and [(row["change"], row["cause"], row["key"] or row["values"]["id"]) for row in rows_in(report)] == [("extra", "drift", "4")]
    assert reconcile(rivet, "pilot.yaml", "--ignore-drift", name="orders_coalesce")[0] == 0
    code, done = repair(rivet, "pilot.yaml", "--auto", "--execute", "--prune", name="orders_coalesce")
    assert code == 0 and done["summary"]["failed"] == 0 < done["summary"]["executed"]


def damage(rivet: Rivet, pg_db) -> int:
    """A row is taken from the part of chunk 3, a value changed in the source. The row that is lost."""
    (path,) = [part["path"] for part in rivet.output().manifest("orders")["parts"] if part["unit"] == 3]
    part = rivet.output().folder / path
    lost = pq.ParquetFile(part).read(["id"])["id"][41].as_py()
    rewrite(part, without_row(41))
    pg_db.execute("UPDATE orders SET price = price + 0.01 WHERE id = 777777")
    return lost


def damage_is_named(rivet: Rivet, pg_db, lost: int) -> None:
    (price,) = pg_db.rows("SELECT price FROM orders WHERE id = 777777")[0]
    code, report = reconcile(rivet, "pilot.yaml", depth="count")
    assert code == 3 and report["summary"]["mismatches"] == 1
    code, report = reconcile(rivet, "pilot.yaml")
    assert code == 3 and not report["verified"]
    assert [(row["change"], row["cause"], row["key"], row.get("columns")) for row in rows_in(report)] == [
        ("missing", "loss", {"id": str(lost)}, None),
        ("changed", "drift", {"id": "777777"}, {"price": {"landed": f"{float(price) - 0.01:.2f}", "source": f"{price:.2f}"}})]
    assert [unit["status"] for unit in report["partitions"]] == ["mismatch" if number in (3, 7) else "match" for number in range(10)]
    (rivet.folder / "reconcile.json").write_text(json.dumps(report))


def repair_it(rivet: Rivet) -> None:
    """First what it would do, then that, and only in the two chunks."""
    before = (rivet.output().names(), rivet.output().manifest_bytes("orders"))
    code, planned = repair(rivet, "pilot.yaml", "--report", "reconcile.json")
    assert code == 0 and [action["chunk_index"] for action in planned["actions"]] == [3, 7] and "results" not in planned
    assert (rivet.output().names(), rivet.output().manifest_bytes("orders")) == before
    code, done = repair(rivet, "pilot.yaml", "--report", "reconcile.json", "--execute", "--prune")
    assert code == 0 and done["summary"]["executed"] == 2 == len(done["pruned"]) and done["summary"]["failed"] == 0
    assert done["summary"]["rows_written"] == 200_000


def listed(rivet: Rivet) -> list[tuple]:
    """Rows of `orders` for a reader that lists the folder."""
    with duckdb.connect() as connection:
        return connection.execute("SELECT id, user_id, product, price, status, epoch_us(updated_at) "
                                  f"FROM read_parquet('{rivet.folder}/output/orders_2*.parquet') ORDER BY id").fetchall()


def third_night(rivet: Rivet, pg_db) -> None:
    before = landed(rivet, "orders_coalesce")
    pg_db.execute("INSERT INTO orders_coalesce VALUES (20003, 'third', 3.75, NULL, '2026-04-01Z')")
    rivet.ok("run", "-c", "pilot.yaml", "--validate")
    assert last_status(rivet) == ("success", 1)
    assert landed(rivet, "orders_coalesce") == sorted(before + in_source(pg_db, "orders_coalesce", "id = 20003"), key=lambda row: (row[0], row[3] or 0))
    assert committed_cursor(rivet).startswith("2026-04-01 00:00:00")


def test_the_pilot_path(pilot, pg_db):
    discover(pilot)
    (pilot.folder / "pilot.yaml").write_text(PILOT)
    check(pilot)
    doctor(pilot)
    plans = plan(pilot)
    apply_by_wave(pilot, plans)
    assert committed_cursor(pilot) == "2026-01-02 05:33:19+00"
    for name in COLUMNS:
        assert landed(pilot, name) == in_source(pg_db, name), name
    reconcile_all(pilot)
    assert all(rows[3:] == [rows[0], rows[1]] for name, rows in progression(pilot).items() if name in COLUMNS)
    nothing_new(pilot, "apply", "pilot.yaml")
    nothing_new(pilot, "run", "-c", "pilot.yaml")
    second_night(pilot, pg_db)
    nothing_new(pilot, "run", "-c", "pilot.yaml")
    assert pilot.ok("validate", "-c", "pilot.yaml", "--format", "json").code == 0
    an_earlier_version_is_drift(pilot)
    reconcile_all(pilot)
    assert landed(pilot, "orders_coalesce") == in_source(pg_db, "orders_coalesce")
    damage_is_named(pilot, pg_db, damage(pilot, pg_db))
    repair_it(pilot)
    reconcile_all(pilot)
    assert landed(pilot, "orders") == listed(pilot) == in_source(pg_db, "orders")
    third_night(pilot, pg_db)
    reconcile_all(pilot)
    nothing_new(pilot, "run", "-c", "pilot.yaml")
    assert pilot.ok("validate", "-c", "pilot.yaml", "--format", "json").code == 0
