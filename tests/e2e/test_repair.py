"""`rivet repair`: what differs is read again and swapped in, and at every moment the manifest names the old rows or the new ones."""
from __future__ import annotations

import json
import random

import duckdb
import pyarrow.parquet as pq
import pytest

from helpers import export, rows_of
from modes import ADDING_SHAPES, COLUMNS, SHAPES, SMALL_ROWS
from test_reconcile import (NIGHTLY_SHAPES, after_nights, change, come, exported, id_at, late_parts, orders, part_of, pg_orders,  # noqa: F401
                            reconcile, rewrite, with_cell, without_row)

POINTS = ["run_started", "unit_claimed", "parts_encoded", "part_committed", "parts_committed", "unit_committed", "before_seal", "sealed",
          "run_manifest_written", "manifest_written", "success_written", "compat_manifest_written", "before_published", "published"]


def repair(rivet, path, *args, name="orders", **options):
    done = rivet("repair", "-c", path, "-e", name, "--format", "json", *args, **options)
    return done.code, json.loads(done.stdout) if done.stdout else done.stderr


def landed_ids(rivet, name="orders"):
    return sorted(rivet.output().table(name).column("id").to_pylist())


def source_ids(orders):  # noqa: F811
    return sorted(row[0] for row in orders.expected())


def break_source_and_output(rivet, orders):  # noqa: F811
    """One row is gone from the source, one has another value there, one was lost on its way."""
    ids = source_ids(orders)
    part = part_of(rivet)
    lost = id_at(part, 3)
    rewrite(part, without_row(3))
    gone, changed = [key for key in ids[1_500:1_600] if key != lost][:2]
    change(orders, f"DELETE FROM orders WHERE id = {gone}", f"UPDATE orders SET note = 'other' WHERE id = {changed}")


class TestEveryMode:
    @pytest.mark.parametrize("shape", SHAPES)
    def test_the_manifest_names_the_rows_of_the_source_again(self, rivet, orders, shape):  # noqa: F811
        path = exported(rivet, orders, shape)
        committed = rivet.state("SELECT last_committed_cursor, last_committed_chunk_index, last_committed_run_id FROM export_progression")
        position = rivet.state("SELECT * FROM export_position")
        break_source_and_output(rivet, orders)
        code, done = repair(rivet, path, "--auto", "--execute")
        assert code == 0 and done["summary"]["failed"] == 0 < done["summary"]["executed"], done
        code, report = reconcile(rivet, path)
        assert report["summary"]["mismatches"] == 0, report
        assert code == 0 and report["verified"]
        assert landed_ids(rivet) == source_ids(orders)
        rivet.ok("validate", "-c", path, "-e", "orders")
        assert rivet.state("SELECT last_committed_cursor, last_committed_chunk_index, last_committed_run_id FROM export_progression") == committed
        assert rivet.state("SELECT * FROM export_position") == position
        manifest = rivet.output().manifest("orders")
        assert manifest["generation"] == 2 and manifest["superseded"]
        assert not {part["path"] for part in manifest["parts"]} & {part["path"] for part in manifest["superseded"]}
        if shape in ADDING_SHAPES:
            rivet.ok("run", "-c", path)
            assert landed_ids(rivet) == source_ids(orders), "what the repair read was not remembered"

    @pytest.mark.parametrize("shape", ["full", "range", "keyset_text", "incremental", "keyset_incremental"])
    def test_a_later_run_goes_on_as_before(self, rivet, pg_orders, shape):  # noqa: F811
        path = exported(rivet, pg_orders, shape)
        break_source_and_output(rivet, pg_orders)
        assert repair(rivet, path, "--auto", "--execute")[0] == 0
        change(pg_orders, "INSERT INTO orders SELECT m + i, 'new' || i, 'r', i, timestamp '2025-06-01' + i * interval '1 s', 1, 'n' "
               "FROM generate_series(1, 50) i, (SELECT max(id) AS m FROM orders) AS greatest")
        rivet.ok("run", "-c", path, "--validate")
        assert landed_ids(rivet) == source_ids(pg_orders)
        if shape in ("full", "range", "keyset_text"):
            assert "superseded" not in rivet.output().manifest("orders")

    def test_partitions(self, rivet, pg_orders):  # noqa: F811
        path = rivet.config(pg_orders.source, export("orders", table="orders", partition_by="at", partition_granularity="month",
                                                     path="./output/{partition}"))
        rivet.ok("run", "-c", path)
        change(pg_orders, "DELETE FROM orders WHERE at >= '2024-03-01' AND at < '2024-03-05'", "UPDATE orders SET note = 'x' WHERE at IS NULL")
        code, done = repair(rivet, path, "--auto", "--execute")
        assert code == 0 and done["summary"]["executed"] == 2 == len(done["repair_run_ids"])
        assert reconcile(rivet, path)[0] == 0
        rivet.ok("validate", "-c", path)


def assert_mended(rivet, path, orders):  # noqa: F811
    """Each row of the source is in the output once, as it is now, and the next run adds nothing."""
    for _ in range(2):
        code, report = reconcile(rivet, path)
        assert code == 0 and report["summary"]["matches"] == report["summary"]["total_partitions"], report
        assert rows_of(rivet.output().table("orders").select(COLUMNS)) == orders.expected()
        rivet.ok("validate", "-c", path, "-e", "orders")
        rivet.ok("run", "-c", path)
        assert rivet.state("SELECT total_rows FROM export_metrics ORDER BY id DESC LIMIT 1") == [(0,)]


class TestNights:
    """Units of incremental runs that have read the same stretches."""

    @pytest.mark.parametrize("shape", NIGHTLY_SHAPES)
    def test_a_late_row(self, rivet, orders, shape):  # noqa: F811
        path = after_nights(rivet, orders, shape)
        part = late_parts(rivet)[0]
        change(orders, f"UPDATE orders SET note = 'other' WHERE id = {id_at(part, 0)}")
        code, done = repair(rivet, path, "--auto", "--execute")
        assert code == 0 and done["summary"]["executed"] == 1 and done["summary"]["skipped"] == 0, done
        assert_mended(rivet, path, orders)

    @pytest.mark.parametrize("shape", NIGHTLY_SHAPES)
    def test_everything_at_once(self, rivet, orders, shape):  # noqa: F811
        path = after_nights(rivet, orders, shape)
        for part in {part_of(rivet), *late_parts(rivet)}:
            rewrite(part, without_row(0))
        change(orders, "UPDATE orders SET note = 'x' || note", "DELETE FROM orders WHERE id = -29997")
        code, done = repair(rivet, path, "--auto", "--execute")
        assert code == 0 and done["summary"]["executed"] > 4 and done["summary"]["skipped"] == 0, done
        assert_mended(rivet, path, orders)
        come(orders, 4)
        rivet.ok("run", "-c", path)
        assert landed_ids(rivet) == source_ids(orders)
        assert reconcile(rivet, path)[0] == 0

    @pytest.mark.parametrize("shape", NIGHTLY_SHAPES)
    def test_the_first_run_alone(self, rivet, orders, shape):  # noqa: F811
        path = after_nights(rivet, orders, shape)
        change(orders, "UPDATE orders SET note = 'other' WHERE id = -29997")
        code, done = repair(rivet, path, "--auto", "--execute")
        assert code == 0 and done["summary"]["executed"] == 1, done
        assert_mended(rivet, path, orders)

    @pytest.mark.parametrize("point", ["unit_claimed", "unit_committed", "sealed", "before_published"])
    def test_killed_in_the_middle(self, rivet, orders, point):  # noqa: F811
        path = after_nights(rivet, orders, "incremental")
        for part in {part_of(rivet), *late_parts(rivet)}:
            rewrite(part, without_row(0))
        change(orders, "UPDATE orders SET note = 'x' || note")
        rivet.killed_at(point, "repair", "-c", path, "-e", "orders", "--auto", "--execute")
        code, done = repair(rivet, path, "--auto", "--execute")
        assert code == 0, done
        assert_mended(rivet, path, orders)

    def test_rows_that_no_run_has_read_come_once(self, rivet, orders):  # noqa: F811
        path = after_nights(rivet, orders, "incremental")
        for part in {part_of(rivet), *late_parts(rivet)}:
            rewrite(part, without_row(0))
        change(orders, "INSERT INTO orders VALUES (77000001, 'after', 'r', 1, '2024-06-15 00:00:00', 1, 'x')",
               "INSERT INTO orders VALUES (77000002, 'bare', 'r', 1, NULL, 1, 'x')")
        assert repair(rivet, path, "--auto", "--execute")[0] == 0
        assert reconcile(rivet, path)[0] == 0
        for _ in range(2):
            rivet.ok("run", "-c", path)
            assert landed_ids(rivet) == source_ids(orders)
            assert reconcile(rivet, path)[0] == 0


class TestWhatTheExistingToolGetsWrong:
    def test_rows_deleted_then_repaired_are_gone_for_every_reader(self, rivet, pg_orders):  # noqa: F811
        path = exported(rivet, pg_orders, "range")
        ids = source_ids(pg_orders)
        change(pg_orders, f"DELETE FROM orders WHERE id BETWEEN {ids[100]} AND {ids[109]}", f"UPDATE orders SET price = 1 WHERE id = {ids[200]}")
        code, report = reconcile(rivet, path)
        assert code == 3 and report["summary"]["differences"]["extra"] == 10 and report["summary"]["differences"]["changed"] == 1
        (rivet.folder / "report.json").write_text(json.dumps(report))
        code, planned = repair(rivet, path, "--report", "report.json")
        assert code == 0 and [action["chunk_index"] for action in planned["actions"]] == [0] and "results" not in planned
        code, done = repair(rivet, path, "--report", "report.json", "--execute", "--prune")
        assert code == 0 and len(done["pruned"]) == 1
        assert reconcile(rivet, path)[0] == 0
        rivet.ok("validate", "-c", path, "-e", "orders")
        with duckdb.connect() as connection:
            listed = connection.execute(f"SELECT id FROM read_parquet('{rivet.folder}/output/*.parquet') ORDER BY id").fetchall()
        assert [key for key, in listed] == landed_ids(rivet) == source_ids(pg_orders)
        assert rows_of(rivet.output().table("orders").select(COLUMNS)) == pg_orders.expected()

    @pytest.mark.parametrize("format", ["parquet", "csv"])
    def test_the_manifest_says_which_file_counts_until_the_other_is_moved(self, rivet, orders, format):  # noqa: F811
        """Ten rows are deleted: found by their number, nothing is verified meanwhile, and without --prune only listing misleads."""
        path = exported(rivet, orders, "range", format=format)
        ids = source_ids(orders)

        def listed():
            read = {"parquet": "read_parquet", "csv": "read_csv"}[format]
            with duckdb.connect() as connection:
                return [key for key, in connection.execute(f"SELECT id FROM {read}('{rivet.folder}/output/*.{format}') ORDER BY id").fetchall()]

        def verified():
            return rivet.state("SELECT last_verified_run_id = last_committed_run_id, last_verified_at FROM export_progression")[0]

        assert reconcile(rivet, path)[0] == 0
        before = verified()
        assert before[0] == 1
        change(orders, f"DELETE FROM orders WHERE id BETWEEN {ids[100]} AND {ids[109]}")
        code, report = reconcile(rivet, path, depth="count")
        assert code == 3 and not report["verified"] and verified() == before
        assert [unit["source_count"] - unit["exported_count"] for unit in report["partitions"] if unit["status"] == "mismatch"] == [-10]
        (rivet.folder / "report.json").write_text(json.dumps(report))
        old = rivet.output().manifest("orders")["parts"]
        code, done = repair(rivet, path, "--report", "report.json", "--execute")
        assert code == 0 and done["summary"]["executed"] == 1
        manifest = rivet.output().manifest("orders")
        assert {part["path"] for part in manifest["superseded"]} == {part["path"] for part in old} - {part["path"] for part in manifest["parts"]}
        assert len(manifest["superseded"]) == 1 and manifest["row_count"] == len(ids) - 10
        for depth in ("count", "content"):
            code, report = reconcile(rivet, path, depth=depth)
            assert code == 0 and report["verified"]
        assert verified()[0] == 1 and verified()[1] > before[1]
        assert len(listed()) == len(ids) - 10 + manifest["superseded"][0]["rows"]
        code, done = repair(rivet, path, "--auto", "--execute", "--prune")
        assert code == 0 and done["results"] == [] and len(done["pruned"]) == 1
        assert listed() == source_ids(orders)
        rivet.ok("validate", "-c", path, "-e", "orders")
        assert reconcile(rivet, path)[0] == 0

    def test_only_the_flagged_units_are_read(self, rivet, pg_orders):  # noqa: F811
        path = exported(rivet, pg_orders, "range_parallel")
        units = rivet.state("SELECT count(*) FROM unit")[0][0]
        change(pg_orders, f"DELETE FROM orders WHERE id = {source_ids(pg_orders)[5]}")
        code, done = repair(rivet, path, "--auto", "--execute")
        assert code == 0 and done["summary"]["executed"] == 1 < units
        assert rivet.state("SELECT count(*) FROM unit")[0][0] == units + 1
        read = rivet.state("SELECT total_rows FROM export_metrics ORDER BY id")
        assert read[1][0] * units < read[0][0] * 2

    def test_repairs_of_repairs(self, rivet, orders):  # noqa: F811
        path = exported(rivet, orders, "range")
        for round_ in range(3):
            change(orders, f"UPDATE orders SET note = 'round {round_}' WHERE id IN (SELECT id FROM orders ORDER BY id LIMIT {round_ + 1})")
            code, done = repair(rivet, path, "--auto", "--execute")
            assert code == 0 and [one["action"]["chunk_index"] for one in done["results"]] == [0]
            code, report = reconcile(rivet, path)
            assert code == 0 and report["partitions"][-1]["identifier"].startswith("chunk 0 [")
        assert rivet.output().manifest("orders")["generation"] == 4
        assert len(rivet.output().manifest("orders")["superseded"]) == 3


class TestKilled:
    @pytest.mark.parametrize("point", POINTS)
    def test_the_manifest_names_the_old_rows_or_the_new_ones(self, rivet, pg_orders, point):  # noqa: F811
        path = exported(rivet, pg_orders, "range")
        old = landed_ids(rivet)
        change(pg_orders, f"DELETE FROM orders WHERE id IN ({old[10]}, {old[2000]})")
        new = source_ids(pg_orders)
        rivet.killed_at(point, "repair", "-c", path, "-e", "orders", "--auto", "--execute")
        manifest = json.loads(rivet.output().manifest_bytes("orders"))
        named = sorted(key for part in manifest["parts"]
                       for key in pq.ParquetFile(rivet.output().folder / part["path"]).read().column("id").to_pylist())
        assert named in (old, new)
        code, done = repair(rivet, path, "--auto", "--execute")
        assert code == 0, done
        assert landed_ids(rivet) == new
        assert reconcile(rivet, path)[0] == 0
        rivet.ok("validate", "-c", path, "-e", "orders")
        assert not rivet.output().unfinished()

    def test_while_it_prunes(self, rivet, pg_orders):  # noqa: F811
        path = exported(rivet, pg_orders, "range")
        ids = landed_ids(rivet)
        change(pg_orders, f"DELETE FROM orders WHERE id IN ({ids[10]}, {ids[2000]})")
        rivet.killed_at("pruned_one", "repair", "-c", path, "-e", "orders", "--auto", "--execute", "--prune")
        assert landed_ids(rivet) == source_ids(pg_orders)
        rivet.ok("validate", "-c", path, "-e", "orders")
        code, done = repair(rivet, path, "--auto", "--execute", "--prune")
        assert code == 0 and len(done["pruned"]) == 1 and done["results"] == []
        assert {name for name in rivet.output().names() if name.endswith(".parquet") and "/" not in name} == {
            part.name for part in rivet.output().parts("orders")}

    def test_a_run_after_a_killed_repair(self, rivet, pg_orders):  # noqa: F811
        for point in ("unit_committed", "sealed"):
            path = exported(rivet, pg_orders, "range")
            change(pg_orders, f"DELETE FROM orders WHERE id = {source_ids(pg_orders)[10]}")
            rivet.killed_at(point, "repair", "-c", path, "-e", "orders", "--auto", "--execute")
            rivet.ok("run", "-c", path, "--validate")
            assert landed_ids(rivet) == source_ids(pg_orders)
            assert reconcile(rivet, path)[0] == 0

    def test_at_random_times(self, rivet, pg_orders):  # noqa: F811
        choose = random.Random(20261122)
        path = exported(rivet, pg_orders, "range_parallel")
        for _ in range(8):
            change(pg_orders, f"UPDATE orders SET note = note || '!' WHERE id % 7 = {choose.randrange(7)}")
            rivet.killed_after(choose.uniform(0.02, 0.5), "repair", "-c", path, "-e", "orders", "--auto", "--execute")
            assert landed_ids(rivet) == source_ids(pg_orders)
        assert repair(rivet, path, "--auto", "--execute")[0] == 0
        assert rows_of(rivet.output().table("orders").select(COLUMNS)) == pg_orders.expected()
        assert reconcile(rivet, path)[0] == 0


class TestWhatIsSaid:
    def test_a_dry_run_changes_nothing_and_names_the_next_step(self, rivet, pg_orders):  # noqa: F811
        path = exported(rivet, pg_orders, "range")
        before = (rivet.output().names(), rivet.output().manifest_bytes("orders"))
        change(pg_orders, f"DELETE FROM orders WHERE id = {source_ids(pg_orders)[10]}")
        done = rivet.ok("repair", "-c", path, "-e", "orders", "--auto")
        assert "This was a dry run" in done.stdout and "--auto --execute" in done.stdout and "chunk 0 [" in done.stdout
        assert before == (rivet.output().names(), rivet.output().manifest_bytes("orders"))
        assert rivet.state("SELECT count(*) FROM run")[0][0] == 1

    def test_a_report_of_the_existing_tool(self, rivet, pg_orders):  # noqa: F811
        path = exported(rivet, pg_orders, "range")
        keys = rivet.state("SELECT start_key, end_key FROM unit WHERE unit_index = 1")[0]
        report = {"rivet_version": "0.24.5", "export_name": "orders", "run_id": "orders_20261121T002033.716", "strategy": "chunked",
                  "partitions": [{"kind": "chunk", "identifier": f"chunk 1 [{keys[0]}..{keys[1]}]", "source_count": 1, "exported_count": 2,
                                  "status": "mismatch", "note": "source=1, exported=2, diff=-1"},
                                 {"kind": "chunk", "identifier": "chunk 77 [1..2]", "source_count": 1, "exported_count": 2, "status": "mismatch"},
                                 {"kind": "chunk", "identifier": "strange", "source_count": 1, "exported_count": 2, "status": "unknown"}],
                  "summary": {}}
        (rivet.folder / "report.json").write_text(json.dumps(report))
        code, done = repair(rivet, path, "--report", "report.json", "--execute")
        assert code == 0 and done["summary"] == {"planned": 1, "executed": 1, "skipped": 2, "failed": 0,
                                                 "rows_written": done["results"][0]["outcome"]["executed"]["rows_written"]}
        assert landed_ids(rivet) == source_ids(pg_orders)

    def test_a_report_about_units_that_are_replaced(self, rivet, pg_orders):  # noqa: F811
        path = exported(rivet, pg_orders, "range")
        change(pg_orders, f"DELETE FROM orders WHERE id = {source_ids(pg_orders)[10]}")
        (rivet.folder / "report.json").write_text(json.dumps(reconcile(rivet, path)[1]))
        rivet.ok("run", "-c", path)
        code, planned = repair(rivet, path, "--report", "report.json")
        assert code == 0 and planned["actions"] == [] and "has replaced it" in planned["skipped"][0]["reason"]

    def test_bad_input(self, rivet, pg_orders):  # noqa: F811
        path = exported(rivet, pg_orders, "range")
        for args, said in [((), "either --report FILE or --auto"), (("--auto", "--prune"), "--prune moves files"),
                           (("--report", "nothing.json"), "No such file")]:
            done = rivet("repair", "-c", path, "-e", "orders", *args)
            assert done.code == 1 and said in done.stderr, args
        for text in ("", "{}", "[]", '{"export_name": "orders"}', "\x00"):
            (rivet.folder / "report.json").write_text(text)
            done = rivet("repair", "-c", path, "-e", "orders", "--report", "report.json")
            assert done.code == 1 and "no report of rivet reconcile" in done.stderr, text
        (rivet.folder / "report.json").write_text(json.dumps({"export_name": "others", "run_id": "x", "partitions": []}))
        assert "is about export 'others'" in rivet("repair", "-c", path, "-e", "orders", "--report", "report.json").stderr

    def test_a_changed_table_is_not_repaired(self, rivet, pg_orders):  # noqa: F811
        path = exported(rivet, pg_orders, "range")
        change(pg_orders, f"DELETE FROM orders WHERE id = {source_ids(pg_orders)[10]}")
        (rivet.folder / "report.json").write_text(json.dumps(reconcile(rivet, path, depth="count")[1]))
        change(pg_orders, "ALTER TABLE orders ADD COLUMN more int")
        code, done = repair(rivet, path, "--report", "report.json", "--execute")
        assert code != 0 and done["summary"]["failed"] == 1 and "more" in done["results"][0]["outcome"]["failed"]["error"]
        rivet.ok("validate", "-c", path, "-e", "orders")

    def test_a_value_of_a_landed_file_is_mended(self, rivet, orders):  # noqa: F811
        path = exported(rivet, orders, "keyset_text")
        rewrite(part_of(rivet, 1), with_cell(7, "note", "damaged"))
        assert rivet("validate", "-c", path, "-e", "orders").code == 3
        assert repair(rivet, path, "--auto", "--execute")[0] == 0
        rivet.ok("validate", "-c", path, "-e", "orders")
        assert len(landed_ids(rivet)) == SMALL_ROWS
