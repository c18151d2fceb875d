"""One PostgreSQL table to Parquet: the values, and every piece of evidence that goes with them."""
import datetime as dt
import json
import re
import uuid

import psycopg
import pytest

from helpers import export, marker_of, rows_of

ROW_COUNT = 25_000
TABLE = """
CREATE TABLE orders (
  id bigint PRIMARY KEY, user_id integer NOT NULL, product text, price numeric(10,2), paid boolean, note varchar(40),
  ordered_on date, updated_at timestamp, seen_at timestamptz, tracking uuid, label bytea)
"""
ROWS = f"""
INSERT INTO orders SELECT i, i % 997, CASE WHEN i % 5 <> 0 THEN 'Produkt „' || i || '“ 🚲' END, i * 1.37 - 5000, i % 3 = 0,
  CASE WHEN i % 7 = 0 THEN '' WHEN i % 7 = 1 THEN NULL ELSE 'tab	quote " comma , line
' || i END,
  date '1999-12-01' + i % 9000, timestamp '1969-06-01' + i * interval '37 minutes 0.000001 s',
  timestamptz '2024-10-27 00:30+00' + i * interval '1 s', md5(i::text)::uuid, decode(lpad(to_hex(i), 8, '0'), 'hex')
FROM generate_series(1, {ROW_COUNT}) AS i
"""


@pytest.fixture
def orders(pg_db):
    pg_db.execute(TABLE, ROWS)
    return pg_db


@pytest.fixture
def landed(rivet, orders):
    """The orders exported once, with --validate and --json."""
    done = rivet.ok("run", "-c", rivet.config(orders.source, export("orders", table="orders")), "--validate", "--json")
    return rivet, done.json()


def source_rows(database) -> list[tuple]:
    with psycopg.connect(database.url, options="-c timezone=UTC") as connection:
        return connection.cursor(binary=True).execute("SELECT * FROM orders ORDER BY id").fetchall()


def in_utc(rows: list[tuple]) -> list[tuple]:
    """Instants compare equal across zones in Python, but not across UTC implementations in repr: make them the same."""
    return [tuple(v.astimezone(dt.timezone.utc) if isinstance(v, dt.datetime) and v.tzinfo else v for v in row) for row in rows]


def test_pyarrow_reads_what_the_source_holds(landed, orders):
    rivet, _ = landed
    assert in_utc(rows_of(rivet.output().table("orders"))) == in_utc(source_rows(orders))


def test_duckdb_reads_what_the_source_holds(landed, orders):
    rivet, _ = landed
    found = [tuple(uuid.UUID(v) if name == "tracking" and v else v for name, v in row.items())
             for row in rivet.output().duckdb_table("orders").sort_by("id").to_pylist()]  # DuckDB hands uuid to Arrow as text
    assert in_utc(found) == in_utc(source_rows(orders))


def test_file_schema_keeps_names_types_and_not_null(landed):
    rivet, _ = landed
    schema = rivet.output().table("orders").schema
    assert {field.name: str(field.type) for field in schema} == {
        "id": "int64", "user_id": "int32", "product": "string", "price": "decimal128(10, 2)", "paid": "bool", "note": "string",
        "ordered_on": "date32[day]", "updated_at": "timestamp[us]", "seen_at": "timestamp[us, tz=UTC]",
        "tracking": "extension<arrow.uuid>", "label": "binary"}
    assert [field.name for field in schema if not field.nullable] == ["id", "user_id"]
    assert schema.field("price").metadata[b"rivet.native_type"] == b"numeric(10,2)"


def test_manifest_has_the_fields_that_scripts_read(landed):
    rivet, aggregate = landed
    output = rivet.output()
    manifest = output.manifest("orders")
    assert manifest["manifest_version"] == 1
    assert re.fullmatch(r"orders_\d{8}T\d{6}\.\d{3}", manifest["run_id"])
    assert manifest["run_id"] == aggregate["per_export"][0]["run_id"]
    assert (manifest["export_name"], manifest["mode"], manifest["status"]) == ("orders", "batch", "success")
    assert dt.datetime.fromisoformat(manifest["started_at"]) <= dt.datetime.fromisoformat(manifest["finished_at"])
    assert (manifest["source"]["engine"], manifest["source"]["table"]) == ("postgres", "orders")
    assert manifest["source"]["extraction"]["strategy"] == "full"
    assert manifest["destination"]["kind"] == "local" and manifest["destination"]["uri"].startswith("file://")
    assert (manifest["format"], manifest["compression"]) == ("parquet", "zstd")
    assert re.fullmatch(r"xxh3:[0-9a-f]{16}", manifest["schema_fingerprint"])
    assert manifest["row_count"] == ROW_COUNT == sum(part["rows"] for part in manifest["parts"])
    assert manifest["part_count"] == len(manifest["parts"]) == len(output.parts("orders"))
    assert [part["part_id"] for part in manifest["parts"]] == list(range(1, manifest["part_count"] + 1))
    assert [entry["name"] for entry in manifest["column_checksums"]] == output.table("orders").column_names


def test_every_copy_of_manifest_and_marker_stands(landed):
    rivet, _ = landed
    output = rivet.output()
    raw = output.manifest_bytes("orders")
    run_id = json.loads(raw)["run_id"]
    assert (output.folder / "manifest.json").read_bytes() == raw
    assert (output.folder / "_SUCCESS").read_text() == marker_of(raw) == (output.folder / "_SUCCESS.orders").read_text()
    copy = json.loads((output.folder / f"manifest-{run_id}.json").read_bytes())
    assert (copy["run_id"], copy["row_count"], copy["parts"]) == (run_id, ROW_COUNT, json.loads(raw)["parts"])
    assert output.unfinished() == set()


def test_summary_and_aggregate_agree_with_the_manifest(landed):
    rivet, aggregate = landed
    manifest = rivet.output().manifest("orders")
    summary = rivet.summary(manifest["run_id"])
    size = sum(part["size_bytes"] for part in manifest["parts"])
    expected = {"run_id": manifest["run_id"], "export_name": "orders", "status": "success", "source_engine": "postgres",
                "destination_kind": "local", "format": "parquet", "compression": "zstd", "tuning_profile": "balanced",
                "total_rows": ROW_COUNT, "files_produced": manifest["part_count"], "bytes_written": size, "retries": 0,
                "reconciliation": None, "schema_changed": False, "schema_changes": [], "error_message": None,
                "resumable": False, "resume_command": None}
    assert {name: summary[name] for name in expected} == expected
    assert summary["validation"]["passed"] is True
    assert summary["peak_rss_mb"] > 0
    assert (rivet.folder / ".rivet" / "runs" / manifest["run_id"] / "summary.md").is_file()
    assert (aggregate["total_exports"], aggregate["success_count"], aggregate["failed_count"]) == (1, 1, 0)
    assert (aggregate["total_rows"], aggregate["total_files"], aggregate["total_bytes"]) == (ROW_COUNT, manifest["part_count"], size)


def test_state_store_knows_the_run(landed):
    rivet, _ = landed
    manifest = rivet.output().manifest("orders")
    run_id = manifest["run_id"]
    assert rivet.state("SELECT status FROM chunk_run WHERE run_id = ?", run_id) == [("completed",)]
    assert rivet.state("SELECT chunk_index, status, rows_written FROM chunk_task WHERE run_id = ?", run_id) == [(0, "completed", ROW_COUNT)]
    files = rivet.state("SELECT file_name, row_count, bytes FROM file_log WHERE run_id = ? ORDER BY id", run_id)
    assert files == [(part["path"], part["rows"], part["size_bytes"]) for part in manifest["parts"]]
    assert rivet.state("SELECT status, total_rows, validated FROM export_metrics WHERE run_id = ?", run_id) == [("success", ROW_COUNT, 1)]
    assert rivet.state("SELECT count(*) FROM run_aggregate") == [(1,)]
    assert rivet.state("SELECT export_name FROM export_schema") == [("orders",)]


def test_journal_begins_with_the_plan_and_ends_with_the_outcome(landed):
    rivet, _ = landed
    journal = rivet.ok("journal", "-c", "rivet.yaml", "-e", "orders", "--json").json()
    journal = journal[0] if isinstance(journal, list) else journal
    events = [next(iter(entry["event"])) for entry in journal["entries"]]
    assert (events[0], events[-1]) == ("PlanResolved", "RunCompleted")
    assert {"ChunkStarted", "FileWritten", "ChunkCompleted", "ValidationResult"} <= set(events)


@pytest.mark.parametrize("depth", ["light", "sample", "full"])
def test_validate_passes(landed, depth):
    rivet, _ = landed
    report = rivet.ok("validate", "-c", "rivet.yaml", "--depth", depth, "--format", "json").json()
    verification = report["exports"][0]["verification"]
    assert verification["passed"] and verification["failures"] == [] and verification["depth_level"] == depth


def test_validate_finds_a_changed_part(landed):
    rivet, _ = landed
    part = rivet.output().parts("orders")[0]
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    assert rivet("validate", "-c", "rivet.yaml").code == 3


def test_second_run_replaces_the_first(landed, orders):
    rivet, _ = landed
    before = rivet.output().manifest("orders")
    orders.execute("DELETE FROM orders WHERE id > 100")
    rivet.ok("run", "-c", "rivet.yaml")
    after = rivet.output().manifest("orders")
    assert after["row_count"] == 100 and after["run_id"] != before["run_id"]
    assert not {part["path"] for part in before["parts"]} & {part["path"] for part in after["parts"]}
    assert (rivet.output().folder / f"manifest-{before['run_id']}.json").is_file()


def test_two_exports_share_a_prefix(rivet, orders):
    config = rivet.config(orders.source, export("orders", table="orders"),
                          export("early", query="SELECT id, product FROM orders WHERE id <= 10"))
    rivet.ok("run", "-c", config)
    output = rivet.output()
    assert output.manifest("orders")["row_count"] == ROW_COUNT
    assert output.manifest("early")["row_count"] == 10
    report = rivet.ok("validate", "-c", config, "--format", "json").json()
    assert all(entry["verification"]["passed"] for entry in report["exports"])


def test_empty_table_gives_a_manifest_without_parts(rivet, pg_db):
    pg_db.execute("CREATE TABLE nothing (id bigint, name text)")
    rivet.ok("run", "-c", rivet.config(pg_db.source, export("nothing", table="nothing")))
    manifest = rivet.output().manifest("nothing")
    assert (manifest["status"], manifest["row_count"], manifest["parts"]) == ("success", 0, [])


def test_works_through_pgbouncer_in_transaction_mode(rivet, orders, pgbouncer):
    source = {"type": "postgres", "url": pgbouncer.url(orders.name)}
    rivet.ok("run", "-c", rivet.config(source, export("orders", table="orders")))
    assert rivet.output().manifest("orders")["row_count"] == ROW_COUNT
