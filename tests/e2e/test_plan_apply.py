"""Sealed plans: what plan writes, what apply carries out, and what it refuses (contracts PA1 to PA10)."""
from __future__ import annotations

import json
import os
import stat
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import xxhash

from helpers import Rivet, export, finished, paused, rows_of
from small_disk import SmallDisk

ROWS = 2_500


@pytest.fixture
def orders(pg_db):
    pg_db.execute("CREATE TABLE orders (id bigint PRIMARY KEY, price numeric(10,2), at timestamptz)",
                  f"INSERT INTO orders SELECT i, i * 0.01, timestamptz '2026-01-01Z' + i * interval '1 s' FROM generate_series(1, {ROWS}) i",
                  "ANALYZE orders")
    return pg_db


def chunked(name: str = "orders", **keys) -> dict:
    return export(name, table="orders", mode="chunked", chunk_column="id", chunk_size=1_000, **keys)


def following(name: str = "orders", **keys) -> dict:
    return export(name, table="orders", mode="incremental", cursor_column="at", **keys)


def planned(rivet: Rivet, *args) -> dict:
    rivet.ok("plan", "-c", "rivet.yaml", "-o", "plan.json", *args)
    return json.loads((rivet.folder / "plan.json").read_text())


def sealed_anew(document: dict) -> str:
    """The document with a right seal, as only somebody who means it makes."""
    bare = {key: value for key, value in document.items() if key != "integrity"}
    text = json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return json.dumps({**bare, "integrity": "xxh3:" + xxhash.xxh3_64_hexdigest(text.encode())})


def refused(rivet: Rivet, code: str, *args, exit_code: int = 1) -> dict:
    done = rivet("--json-errors", "apply", "plan.json", *args)
    assert done.code == exit_code, done
    error = done.error()
    assert error["code"] == code, error
    assert error["hint"], "the next step is missing"
    return error


class TestPlan:
    def test_has_the_fields_that_scripts_read(self, rivet, orders):
        rivet.config(orders.source, chunked(parallel=2))
        plan = planned(rivet)
        assert {"rivet_version", "plan_id", "created_at", "expires_at", "export_name", "strategy", "plan_fingerprint", "integrity",
                "resolved_plan", "computed", "diagnostics", "prioritization", "config_path", "prediction"} <= set(plan)
        assert plan["strategy"] == "chunked"
        assert plan["computed"]["chunk_ranges"] == [[1, 1000], [1001, 2000], [2001, 2500]]
        assert plan["computed"]["chunk_count"] == 3
        assert plan["computed"]["row_estimate"] == ROWS
        assert plan["resolved_plan"]["strategy"]["Chunked"]["column"] == "id"
        assert plan["diagnostics"]["verdict"] == "ACCEPTABLE"
        assert plan["prioritization"]["export_recommendation"]["recommended_wave"] in {1, 2, 3, 4}
        for interval in ("rows", "bytes_written", "duration_ms", "statements", "peak_rss_mb"):
            low, expected, high = (plan["prediction"][interval][key] for key in ("low", "expected", "high"))
            assert low <= expected <= high

    def test_says_so_on_the_screen_and_in_json(self, rivet, orders):
        rivet.config(orders.source, chunked())
        pretty = rivet.ok("plan", "-c", "rivet.yaml")
        for label in ("Plan ID", "Expires", "Strategy", "Chunks", "Verdict", "Priority", "statements", "Output"):
            assert label in pretty.stdout
        document = rivet.ok("plan", "-c", "rivet.yaml", "--format", "json").json()
        assert document["export_name"] == "orders"
        assert not (rivet.folder / "output").exists()
        assert not (rivet.folder / ".rivet_state.db").exists()

    def test_holds_no_credentials(self, rivet, orders):
        secret = "a-very-secret-word"
        source = {**orders.source}
        if "password" in source:
            secret = source["password"]
        rivet.config({**source, "password": secret} if "host" in source else source, chunked())
        text = rivet("plan", "-c", "rivet.yaml", "--format", "json").stdout
        assert secret not in text or "password" not in text

    def test_several_exports_make_a_bundle_and_a_file_each(self, rivet, orders):
        rivet.config(orders.source, chunked("a", path="./a"), chunked("b", path="./b"))
        bundle = planned(rivet)
        assert [one["export_name"] for one in bundle["exports"]] == ["a", "b"]
        assert {one["export_name"] for one in bundle["campaign"]["ordered_exports"]} == {"a", "b"}
        assert json.loads((rivet.folder / "plan.a.json").read_text()) == bundle["exports"][0]
        rivet.ok("apply", "plan.json")
        rivet.ok("apply", "plan.b.json")
        for name in ("a", "b"):
            assert rivet.output(name).table(name).num_rows == ROWS


class TestApply:
    def test_lands_what_was_planned(self, rivet, orders):
        rivet.config(orders.source, chunked(parallel=2))
        plan = planned(rivet)
        rivet.ok("apply", "plan.json", "--validate")
        assert len(rows_of(rivet.output().table("orders"))) == ROWS
        ((run_id,),) = rivet.state("SELECT run_id FROM export_metrics")
        summary = rivet.summary(run_id)
        assert summary["apply_context"] == {"plan_id": plan["plan_id"], "forced": False, "force_bypassed": []}
        assert summary["prediction"]["rows"]["actual"] == ROWS
        assert summary["prediction"]["statements"]["within"], summary["prediction"]

    def test_the_artifact_alone_decides(self, rivet, orders):
        rivet.config(orders.source, chunked())
        planned(rivet)
        rivet.config(orders.source, export("orders", table="nowhere", path="./elsewhere"))
        elsewhere = rivet.folder / "sub"
        elsewhere.mkdir()
        os.rename(rivet.folder / "plan.json", elsewhere / "plan.json")
        done = rivet("apply", "sub/plan.json")
        assert done.code == 0, done
        assert rivet.output().table("orders").num_rows == ROWS
        assert not (elsewhere / ".rivet_state.db").exists(), "the state lies beside the configuration"
        assert not (rivet.folder / "elsewhere").exists()

    def test_a_plan_is_not_changed_by_its_use(self, rivet, orders):
        rivet.config(orders.source, chunked())
        planned(rivet)
        before = (rivet.folder / "plan.json").read_bytes()
        rivet.ok("apply", "plan.json")
        assert (rivet.folder / "plan.json").read_bytes() == before

    def test_goes_on_after_a_kill(self, rivet, orders):
        rivet.config(orders.source, chunked())
        planned(rivet)
        rivet.killed_at("unit_committed:2", "apply", "plan.json")
        rivet.ok("apply", "plan.json", "--resume")
        assert rivet.state("SELECT count(*) FROM run_status") == [(1,)]
        assert len(set(rows_of(rivet.output().table("orders")))) == ROWS

    def test_incremental_goes_on_from_where_the_plan_says(self, rivet, orders):
        rivet.config(orders.source, following())
        planned(rivet)
        orders.execute(f"INSERT INTO orders VALUES ({ROWS + 1}, 1, timestamptz '2027-01-01Z')")
        rivet.ok("apply", "plan.json")
        assert rivet.output().table("orders").num_rows == ROWS, "a row that came after the plan waits for the next"
        rivet.ok("run", "-c", "rivet.yaml")
        assert len(set(rows_of(rivet.output().table("orders")))) == ROWS + 1

    def test_partitions_are_planned_one_by_one(self, rivet, orders):
        rivet.config(orders.source, export("orders", table="orders", partition_by="at", partition_granularity="day",
                                           destination={"type": "local", "path": "./out/{partition}"}))
        plan = planned(rivet)
        assert len(plan["plans"]) == 1
        rivet.ok("apply", "plan.json")
        assert rivet.output("out/at=2026-01-01").table("orders__2026-01-01").num_rows == ROWS

    @pytest.mark.parametrize("how", [{"consistency": "snapshot"}, {"chunk_by_key": "id", "parallel": 2}, {"chunk_dense": True}])
    def test_every_shape(self, rivet, orders, how):
        entry = chunked(**how)
        if "chunk_by_key" in how:
            del entry["chunk_column"]
        rivet.config(orders.source, entry)
        planned(rivet)
        rivet.ok("apply", "plan.json", "--validate")
        assert len(set(rows_of(rivet.output().table("orders")))) == ROWS

    def test_pages(self, rivet, orders):
        rivet.config(orders.source, export("orders", table="orders", parallel=2))
        planned(rivet)
        rivet.ok("apply", "plan.json", "--validate")
        assert len(set(rows_of(rivet.output().table("orders")))) == ROWS

    def test_sqlite(self, rivet):
        import sqlite3
        with sqlite3.connect(rivet.folder / "a.db") as db:
            db.executescript("CREATE TABLE orders (id INTEGER PRIMARY KEY, v TEXT);"
                             "INSERT INTO orders VALUES (1, 'a'), (2, 'b'), (3, NULL);")
        rivet.config({"type": "sqlite", "path": "a.db"}, chunked())
        planned(rivet)
        (rivet.folder / "sub").mkdir()
        rivet.ok("apply", "plan.json")
        assert rivet.output().table("orders").num_rows == 3


class TestRefusals:
    @pytest.fixture
    def applied(self, rivet, orders):
        rivet.config(orders.source, chunked())
        planned(rivet)
        return rivet

    def nothing_happened(self, rivet: Rivet):
        assert not (rivet.folder / "output").exists() or not rivet.output().parts("orders")

    def change(self, rivet: Rivet, edit, seal: bool = False):
        path = rivet.folder / "plan.json"
        document = json.loads(path.read_text())
        edit(document)
        path.write_text(sealed_anew(document) if seal else json.dumps(document))

    def test_an_edited_plan(self, applied):
        self.change(applied, lambda plan: plan["plans"][0]["units"].pop())
        refused(applied, "RIVET_PLAN_EDITED")
        refused(applied, "RIVET_PLAN_EDITED", "--force")
        self.nothing_happened(applied)

    def test_an_edited_bundle(self, rivet, orders):
        rivet.config(orders.source, chunked("a", path="./a"), chunked("b", path="./b"))
        planned(rivet)
        self.change(rivet, lambda plan: plan["exports"][1]["plans"][0].update(prefix="/tmp/elsewhere"))
        refused(rivet, "RIVET_PLAN_EDITED")

    def test_blanks_and_the_order_of_keys_are_no_edit(self, applied):
        path = applied.folder / "plan.json"
        path.write_text(json.dumps(json.loads(path.read_text()), sort_keys=True, indent=7))
        applied.ok("apply", "plan.json")

    @pytest.mark.parametrize("size", [0, 1, 100, 2_000])
    def test_a_truncated_plan(self, applied, size):
        path = applied.folder / "plan.json"
        path.write_bytes(path.read_bytes()[:size])
        refused(applied, "RIVET_PLAN_UNREADABLE")

    @pytest.mark.parametrize("document", [{}, {"rivet_version": "0.24.5", "plan_id": "x", "integrity": "xxh3:0"}])
    def test_a_plan_of_somebody_else(self, applied, document):
        (applied.folder / "plan.json").write_text(json.dumps(document))
        refused(applied, "RIVET_PLAN_FOREIGN")

    def test_an_expired_plan(self, applied):
        then = datetime.now(timezone.utc) - timedelta(hours=25)

        def age(plan):
            plan["created_at"] = then.isoformat(timespec="milliseconds")
            plan["expires_at"] = (then + timedelta(hours=24)).isoformat(timespec="milliseconds")

        self.change(applied, age, seal=True)
        assert "25h" in refused(applied, "RIVET_PLAN_EXPIRED")["error"]
        self.nothing_happened(applied)
        applied.ok("apply", "plan.json", "--force")
        ((run_id,),) = applied.state("SELECT run_id FROM export_metrics WHERE status = 'success'")
        assert applied.summary(run_id)["apply_context"]["force_bypassed"] == ["expired"]

    def test_an_old_plan_is_remarked(self, applied):
        then = datetime.now(timezone.utc) - timedelta(hours=2)
        self.change(applied, lambda plan: plan.update(created_at=then.isoformat(timespec="milliseconds")), seal=True)
        assert "2h 00m ago" in applied.ok("apply", "plan.json").stderr

    @pytest.mark.parametrize("statement, code", [
        ("ALTER TABLE orders ADD COLUMN more text", 4), ("ALTER TABLE orders DROP COLUMN price", 4),
        ("ALTER TABLE orders RENAME COLUMN price TO cost", 4), ("ALTER TABLE orders ALTER COLUMN price TYPE numeric(12,4)", 4),
        ("ALTER TABLE orders ALTER COLUMN price SET NOT NULL", 4)])
    def test_an_altered_table(self, applied, orders, statement, code):
        orders.execute(statement)
        refused(applied, "RIVET_PLAN_SCHEMA_CHANGED", exit_code=code)
        self.nothing_happened(applied)

    @pytest.mark.parametrize("statement", ["DROP TABLE orders", "ALTER TABLE orders RENAME TO others"])
    def test_a_table_that_is_gone(self, applied, orders, statement):
        orders.execute(statement)
        done = applied("apply", "plan.json")
        assert done.code == 1
        assert "orders" in done.stderr and "next:" in done.stderr
        self.nothing_happened(applied)

    def test_another_database(self, applied, orders, pg):
        pg.create_database("other_plan")
        try:
            applied.config({**orders.source}, chunked())
            document = json.loads((applied.folder / "plan.json").read_text())
            text = json.dumps(document["definition"]["source"]).replace(orders.name, "other_plan")
            document["definition"]["source"] = json.loads(text)
            (applied.folder / "plan.json").write_text(sealed_anew(document))
            refused(applied, "RIVET_PLAN_FOREIGN_SOURCE")
        finally:
            pg.drop_database("other_plan")

    def test_a_cursor_that_moved(self, rivet, orders):
        rivet.config(orders.source, following())
        planned(rivet)
        rivet.ok("run", "-c", "rivet.yaml")
        refused(rivet, "RIVET_PLAN_CURSOR_MOVED")
        refused(rivet, "RIVET_PLAN_CURSOR_MOVED", "--force")
        assert rivet.output().table("orders").num_rows == ROWS

    def test_keys_that_became_null(self, rivet, pg_db):
        pg_db.execute("CREATE TABLE orders (id bigint, v text)", "INSERT INTO orders SELECT i, 'x' FROM generate_series(1, 3000) i")
        rivet.config(pg_db.source, chunked())
        planned(rivet)
        pg_db.execute("INSERT INTO orders VALUES (NULL, 'late')")
        refused(rivet, "RIVET_PLAN_KEY_CHANGED", exit_code=4)

    def test_rows_beyond_the_planned_key_are_remarked(self, applied, orders):
        orders.execute("INSERT INTO orders VALUES (9999, 0, NULL)")
        applied.ok("apply", "plan.json")
        ((run_id,),) = applied.state("SELECT run_id FROM export_metrics")
        assert any(w["rule"] == "key_grown" for w in applied.summary(run_id)["plan_warnings"])

    def test_missing_and_odd_files(self, rivet):
        for args in (["apply", "nowhere.json"], ["apply", "."], ["apply", "nowhere.yaml"]):
            done = rivet(*args)
            assert done.code == 1 and "next:" in done.stderr, done

    def test_an_export_that_is_not_in_it(self, applied):
        done = applied("apply", "plan.json", "-e", "nobody")
        assert done.code == 1 and "nobody" in done.stderr


class TestWaves:
    CONFIG = """# Nightly exports. Do not reorder!
source:
  type: postgres   # the replica
  url_env: DATABASE_URL

exports:

  # the big one
  - name: "a"        # quoted on purpose
    table: orders
    format: parquet
    destination: {{type: local, path: ./a}}   # flow

  - table: orders
    name: b
    wave: 9          # by hand
    format:   csv
    destination:
        type: local
        path: ./b
  - {{name: c, table: {table}, format: csv, destination: {{type: local, path: ./c}}}}
# the end, without a newline"""

    @pytest.fixture
    def waves(self, rivet, orders):
        rivet.env["DATABASE_URL"] = orders.url
        (rivet.folder / "rivet.yaml").write_text(self.CONFIG.format(table="orders"))
        return rivet

    def test_are_written_back_and_nothing_else(self, waves):
        path = waves.folder / "rivet.yaml"
        path.chmod(0o640)
        before = path.read_text()
        done = waves.ok("plan", "-c", "rivet.yaml")
        assert "wave" in done.stderr
        after = path.read_text()
        added = [line.strip() for line in after.splitlines() if line not in before.splitlines()]
        assert len([line for line in added if line.startswith(("wave:", "parallel_safe:"))]) == 3
        kept = after.replace("parallel_safe: true, ", "").replace("wave: 2, ", "")
        kept = "\n".join(line for line in kept.split("\n") if not line.strip().startswith(("parallel_safe:", "wave: 2")))
        assert kept == before
        assert "wave: 9          # by hand" in after
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        assert waves.ok("plan", "-c", "rivet.yaml") and path.read_text() == after, "a second plan changes nothing"

    def test_are_renewed_only_when_asked(self, waves):
        waves.ok("plan", "-c", "rivet.yaml", "--annotate-waves")
        text = (waves.folder / "rivet.yaml").read_text()
        assert "wave: 2          # by hand" in text

    def test_are_left_out_when_asked(self, waves):
        before = (waves.folder / "rivet.yaml").read_bytes()
        waves.ok("plan", "-c", "rivet.yaml", "--no-annotate")
        assert (waves.folder / "rivet.yaml").read_bytes() == before

    def test_a_link_stays_a_link(self, waves):
        real = waves.folder / "real.yaml"
        os.rename(waves.folder / "rivet.yaml", real)
        (waves.folder / "rivet.yaml").symlink_to("real.yaml")
        waves.ok("plan", "-c", "rivet.yaml")
        assert (waves.folder / "rivet.yaml").is_symlink() and "wave: 2" in real.read_text()

    def test_one_export_is_not_annotated(self, rivet, orders):
        path = rivet.config(orders.source, chunked())
        before = path.read_bytes()
        rivet.ok("plan", "-c", "rivet.yaml")
        assert path.read_bytes() == before

    def test_run_in_order_with_a_barrier(self, waves):
        done = waves.ok("apply", "rivet.yaml")
        assert done.stderr.index("wave 2:") < done.stderr.index("wave 9:")
        ends = dict(waves.state("SELECT export_name, finished_at FROM run_status"))
        begins = dict(waves.state("SELECT export_name, started_at FROM run_status"))
        assert max(ends["a"], ends["c"]) <= begins["b"]
        assert "wave" not in (waves.folder / "rivet.yaml").read_text().replace("wave: 9", ""), "apply computes, it does not write"

    def test_a_failure_stops_nobody_else(self, waves):
        (waves.folder / "rivet.yaml").write_text(self.CONFIG.format(table="nowhere"))
        done = waves("apply", "rivet.yaml")
        assert done.code == 1
        assert waves.state("SELECT export_name FROM run_status WHERE status = 'success' ORDER BY 1") == [("a",), ("b",)]

    @pytest.mark.parametrize("args", [["--pool", "2"], ["--pool", "2", "--split"], ["--parallel-export-processes"]])
    def test_other_ways_to_share_the_machine(self, waves, args):
        waves.ok("apply", "rivet.yaml", *args, "--validate")
        for name in ("a", "b", "c"):
            assert waves.output(name).manifest(name)["row_count"] == ROWS

    def test_split_without_a_pool(self, waves):
        done = waves("apply", "rivet.yaml", "--split")
        assert done.code == 1 and "--pool" in done.stderr

    def test_source_groups_are_warned_of(self, rivet, orders):
        rivet.config(orders.source, *[chunked(name, path=f"./{name}", source_group="replica") for name in "abc"])
        assert "source group 'replica'" in rivet.ok("plan", "-c", "rivet.yaml").stderr


class TestTheConfigurationOnDisk:
    """Whatever happens while waves are written back, it holds the old text or the new one."""

    @pytest.fixture
    def two(self, rivet, orders):
        return rivet.config(orders.source, chunked("a", path="./a"), chunked("b", path="./b"))

    @pytest.mark.parametrize("mode, folder_mode", [(0o444, 0o755), (0o644, 0o555)], ids=["file", "folder"])
    def test_a_read_only_one_is_only_reported(self, humble, orders, mode, folder_mode):
        path = humble.config(orders.source, chunked("a", path="./a"), chunked("b", path="./b"))
        path.chmod(mode)
        humble.folder.chmod(folder_mode)
        try:
            before = path.read_bytes()
            done = humble.ok("plan", "-c", "rivet.yaml")
            assert "rivet.yaml cannot be written: waves are left out of it (a: " in done.stderr
            assert path.read_bytes() == before and os.listdir(humble.folder) == ["rivet.yaml"]
        finally:
            humble.folder.chmod(0o755)

    def test_a_kill_leaves_the_old_one(self, rivet, two):
        before = two.read_bytes()
        rivet.killed_at("file_written", "plan", "-c", two)
        assert two.read_bytes() == before
        rivet.ok("plan", "-c", two)
        assert two.read_bytes() != before and rivet.ok("check", "-c", two)

    def test_a_kill_at_any_time_leaves_the_old_or_the_new_one(self, rivet, two):
        before = two.read_bytes()
        rivet.ok("plan", "-c", two)
        after = two.read_bytes()
        for step in range(12):
            two.write_bytes(before)
            rivet.killed_after(0.02 + step * 0.01, "plan", "-c", two)
            assert two.read_bytes() in (before, after)

    @pytest.mark.parametrize("mode", [0o600, 0o640])
    def test_keeps_mode_and_owner_at_every_moment(self, rivet, two, mode):
        two.chmod(mode)
        if os.geteuid() == 0:
            os.chown(two, 65534, 65534)
        before = two.stat()
        rivet.killed_at("file_written", "plan", "-c", two)
        rivet.ok("plan", "-c", two)
        left = [path for path in rivet.folder.iterdir() if path.name.startswith(".rivet.yaml.")]
        assert len(left) == 1, "what the kill left"
        for path in (two, *left):
            found = path.stat()
            assert (found.st_mode, found.st_uid, found.st_gid) == (before.st_mode, before.st_uid, before.st_gid)

    def test_a_full_disk(self, rivet, orders):
        entries = [chunked(name, path=f"./{name}") for name in ("a", "b")]
        with SmallDisk(rivet.folder / "small", "size=64k") as disk:
            path = rivet.config(orders.source, *entries, name="small/rivet.yaml")
            before = path.read_bytes()
            filler = disk.folder / "filler"
            with suppress(OSError), filler.open("wb", buffering=0) as out:
                while out.write(b"x" * 4096):
                    pass
            done = rivet("plan", "-c", path, "-o", "small/plan.json")
            assert done.code == 1 and "No space left" in done.stderr and "plan.json" in done.stderr
            assert not (disk.folder / "plan.json").exists()
            done = rivet("plan", "-c", path)
            assert done.code == 1 and "No space left" in done.stderr and "rivet.yaml" in done.stderr
            assert path.read_bytes() == before and sorted(os.listdir(disk.folder)) == ["filler", "rivet.yaml"]
            filler.unlink()
            rivet.ok("plan", "-c", path, "-o", "small/plan.json")


class TestSeveralExports:
    def test_one_bad_plan_in_a_bundle_stops_all_before_the_first_row(self, rivet, orders):
        rivet.config(orders.source, chunked("a", path="./a"), chunked("b", path="./b"))
        planned(rivet)
        path = rivet.folder / "plan.json"
        document = json.loads(path.read_text())
        document["exports"][1]["export_name"] = "c"
        path.write_text(sealed_anew(document))
        refused(rivet, "RIVET_PLAN_EDITED")
        assert not (rivet.folder / "a").exists()

    def test_a_table_that_changed_fails_only_its_own_export(self, rivet, orders):
        orders.execute("CREATE TABLE other AS SELECT * FROM orders", "ALTER TABLE other ADD PRIMARY KEY (id)", "ANALYZE other")
        rivet.config(orders.source, chunked("a", path="./a"), {**chunked("b", path="./b"), "table": "other"}, chunked("c", path="./c"))
        planned(rivet)
        orders.execute("ALTER TABLE other DROP COLUMN price")
        done = rivet("apply", "plan.json")
        assert done.code == 4 and "1 of 3 exports did not succeed: b" in done.stderr and "✗ b" in done.stderr, done.stderr
        assert [rivet.output(name).table(name).num_rows for name in "ac"] == [ROWS, ROWS]
        assert not rivet.output("b").names()

    @pytest.mark.parametrize("file", ["rivet.yaml", "plan.json"])
    def test_one_that_another_run_holds_fails_alone(self, rivet, orders, file):
        path = rivet.config(orders.source, chunked("a", path="./a"), chunked("b", path="./b"))
        planned(rivet)
        with paused(rivet, path, "-e", "a") as (running, go_on):
            done = rivet("apply", file)
            assert done.code != 0 and "'a'" in done.stderr, done
            assert rivet.output("b").table("b").num_rows == ROWS
            go_on()
            assert finished(running).code == 0
        assert len(set(rows_of(rivet.output("a").table("a")))) == rivet.output("a").manifest("a")["row_count"] == ROWS

    def test_without_privileges_on_some_tables(self, rivet, orders, pg):
        orders.execute("CREATE TABLE secret (id bigint PRIMARY KEY)", "CREATE ROLE planner LOGIN", "GRANT SELECT ON orders TO planner")
        try:
            source = {"type": "postgres", "url": pg.url(orders.name, user="planner")}
            path = rivet.config(source, chunked("a", path="./a"), export("b", table="secret", path="./b"))
            for command in (["check", "-c", path], ["plan", "-c", path], ["apply", path]):
                done = rivet(*command, "--json-errors")
                assert done.code == 1 and "secret" in done.stderr and "SELECT" in done.stderr, done
            assert rivet.output("a").table("a").num_rows == ROWS, "apply carries out what it can"
            orders.execute("GRANT SELECT ON secret TO planner")
            planned(rivet)
            orders.execute("REVOKE SELECT ON secret FROM planner")
            done = rivet("apply", "plan.json", "--json-errors")
            assert done.code == 1 and "secret" in done.stderr
            assert not rivet.output("b").names()
        finally:
            orders.execute("DROP OWNED BY planner", "DROP ROLE planner")


HOSTILE = ['q"uote', "it's", "new\nline", "${VAR}", "$${HOME}", "{date}", "größe", "表", "\u2028sep", "a: b", "#x", "; DROP TABLE t; --", "back\\slash",
           " edge ", "%s", "\x1b[31mred", "a.b", "-e", "null"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_through_plan_and_apply(rivet, pg_db, name):
    """Of a table and of its columns."""
    quoted = '"' + name.replace('"', '""') + '"'
    pg_db.execute(f'CREATE TABLE {quoted} ({quoted} bigint PRIMARY KEY, "v{quoted[1:]} text)',
                  f"INSERT INTO {quoted} SELECT i, 'x' || i FROM generate_series(1, 300) i", "ANALYZE")
    table, column = (text.replace("${", "$${}{") for text in (quoted, name))  # no variables of the configuration
    keys = {"table": table, "mode": "chunked", "chunk_column": column, "chunk_size": 100}
    rivet.env["VAR"] = "gone"
    path = rivet.config(pg_db.source, export("plain", **keys, path="./plain"), export("second", **keys, path="./second"))
    planned(rivet)
    assert "wave" in path.read_text()
    rivet.ok("check", "-c", path)
    rivet.ok("apply", "plan.json", "--validate")
    landed = rivet.output("plain").table("plain")
    assert (landed.num_rows, landed.column_names) == (300, [name, "v" + name])
    rivet.ok("apply", path, "--validate")


@pytest.mark.parametrize("name", [*HOSTILE, "../up", "a/b", "..", "", "x" * 300])
def test_hostile_names_of_exports(rivet, orders, name):
    """A name is taken by every command or by none, and no file of a plan leaves its folder."""
    entries = [chunked(name.replace("${", "$${}{"), path="./a"), chunked("b", path="./b")]
    path = rivet.config(orders.source, *entries)
    (rivet.folder / "plans").mkdir()
    before = path.read_bytes()
    done = rivet("plan", "-c", path, "-o", "plans/plan.json")
    written = {str(found.relative_to(rivet.folder)) for found in rivet.folder.rglob("*.json")}
    if done.code != 0:
        assert done.code == 1 and "rivet.yaml:" in done.stderr, done
        assert rivet("run", "-c", path).code == rivet("check", "-c", path).code == rivet("apply", path).code == 1
        assert not written and path.read_bytes() == before
        return
    assert written == {"plans/plan.json", f"plans/plan.{name}.json", "plans/plan.b.json"}
    rivet.ok("apply", "plans/plan.json", "--validate")
    rivet.ok("check", "-c", path)
    assert rivet.output("a").table(name).num_rows == ROWS
