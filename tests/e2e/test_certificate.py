"""`rivet certify` and `verify-certificate`: the files, the statement, and nothing else; whatever was touched is found."""
from __future__ import annotations

import hashlib
import json
import shutil
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers import export
from modes import SMALL_ROWS, SMALL_SHAPES, keys_for, postgres_orders, sqlite_orders


@pytest.fixture
def orders(tmp_path):
    return sqlite_orders(tmp_path, SMALL_ROWS)


@pytest.fixture
def keys(tmp_path):
    """A private key and its public half, made by openssl."""
    private, public = tmp_path / "signing.key", tmp_path / "signing.pub"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", private], check=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    return private, public


def exported(rivet, orders, shape="range", **more):
    path = rivet.config(orders.source, export("orders", table="orders", **{**keys_for(orders, SMALL_SHAPES[shape]), **more}))
    rivet.ok("run", "-c", path)
    return path


@pytest.fixture
def certified(rivet, orders, keys):
    """The folder that somebody gets, without state and configuration."""
    path = exported(rivet, orders)
    rivet.ok("certify", "-c", path, "-e", "orders", "--key", keys[0])
    handed_over = rivet.folder / "handed_over"
    shutil.copytree(rivet.output().folder, handed_over)
    (rivet.folder / ".rivet_state.db").unlink()
    (rivet.folder / path).unlink()
    return handed_over


def certificate(folder):
    return folder / "certificate.orders.json"


def statement(folder):
    return json.loads(certificate(folder).read_text())["statement"]


def check(rivet, folder, *args):
    done = rivet("verify-certificate", certificate(folder), "--format", "json", *args)
    return done.code, json.loads(done.stdout)


def kinds(report):
    return {failure["kind"] for failure in report["failures"]}


class TestWhatHolds:
    def test_without_source_state_and_configuration(self, rivet, orders, certified, keys):
        if orders.source["type"] == "sqlite":
            (certified.parent / "gone").mkdir()
            shutil.move(orders.source["path"], certified.parent / "gone")
        code, report = check(rivet, certified, "--key", keys[1])
        assert code == 0 and report["passed"] and report["trusted"] and report["signed"], report
        assert report["rows_verified"] == report["rows"] == SMALL_ROWS
        assert report["parts_verified"] == report["parts"] > 1
        shown = rivet.ok("verify-certificate", certificate(certified)).stdout
        assert "the files are what was certified" in shown and report["key_fingerprint"] in shown

    def test_the_statement(self, certified, orders):
        said = statement(certified)
        manifest = json.loads((certified / "manifest.orders.json").read_text())
        assert said["rows"] == manifest["row_count"] == SMALL_ROWS
        assert [(part["path"], part["sha256"]) for part in said["parts"]] == [
            (part["path"], hashlib.sha256((certified / part["path"]).read_bytes()).hexdigest()) for part in manifest["parts"]]
        assert said["manifest"]["sha256"] == hashlib.sha256((certified / "manifest.orders.json").read_bytes()).hexdigest()
        assert said["source"]["database"] == "sqlite:" + orders.source["path"] and said["source"]["table"] == "orders"
        assert said["source"]["read_from"] <= said["source"]["read_to"] <= said["issued_at"]
        assert {column["name"]: column["fidelity"] for column in said["columns"]}["id"] == "exact"
        (run,) = said["runs"]
        assert (run["kind"], run["rows"]) == ("run", SMALL_ROWS) and len(run["plan_sha256"]) == 64
        assert said["reconciled_at"] is None

    def test_openssl_agrees_on_the_signature(self, certified, keys, tmp_path):
        """As docs/certificate.md shows it."""
        document = json.loads(certificate(certified).read_text())
        text = json.dumps(document["statement"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        (tmp_path / "statement").write_text(text)
        (tmp_path / "signature").write_bytes(bytes.fromhex(document["signature"]["value"]))
        subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", keys[1], "-rawin", "-in", tmp_path / "statement",
                        "-sigfile", tmp_path / "signature"], check=True, capture_output=True)
        der = subprocess.run(["openssl", "pkey", "-pubin", "-in", keys[1], "-outform", "DER"], check=True, capture_output=True).stdout
        assert document["signature"]["public_key"] == der[-32:].hex()

    def test_unsigned_says_what_it_is_worth(self, rivet, orders, keys):
        path = exported(rivet, orders)
        done = rivet.ok("certify", "-c", path, "-e", "orders")
        assert "accidents" in done.stdout
        folder = rivet.output().folder
        document = json.loads(certificate(folder).read_text())
        assert document["signature"]["algorithm"] == "none" and "accidents" in document["signature"]["note"]
        code, report = check(rivet, folder)
        assert code == 0 and not report["signed"]
        code, report = check(rivet, folder, "--key", keys[1])
        assert code == 3 and kinds(report) == {"certificate_invalid"}

    @pytest.mark.parametrize("shape", ["full", "keyset_text", "dense", "incremental", "keyset_composite"])
    def test_every_mode(self, rivet, orders, shape):
        path = exported(rivet, orders, shape, format="csv" if shape == "dense" else "parquet")
        rivet.ok("certify", "-c", path, "-e", "orders")
        assert check(rivet, rivet.output().folder)[0] == 0

    def test_postgres_with_its_snapshots_and_reconciled(self, rivet, pg_db):
        orders = postgres_orders(pg_db, SMALL_ROWS)
        path = exported(rivet, orders)
        rivet.ok("reconcile", "-c", path, "-e", "orders", "--depth", "content")
        rivet.ok("certify", "-c", path, "-e", "orders", "-o", "elsewhere.json")
        said = json.loads((rivet.folder / "elsewhere.json").read_text())["statement"]
        system, oid = said["source"]["database"].split("/")
        assert int(system) > 2**32 and int(oid) > 0
        (run,) = said["runs"]
        assert run["units"] > 1 and all(":" in snapshot for snapshot in run["snapshots"])
        assert said["reconciled_at"] is not None
        done = rivet("verify-certificate", "elsewhere.json")
        assert done.code == 3 and "--files" in rivet.ok("certify", "-c", path, "-e", "orders", "-o", "again.json").stdout
        rivet.ok("verify-certificate", "elsewhere.json", "--files", rivet.output().folder)

    def test_a_repair_is_told(self, rivet, orders):
        path = exported(rivet, orders)
        part = rivet.output().parts("orders")[0]
        table = pq.ParquetFile(part).read()
        pq.write_table(table.slice(1), part)
        done = rivet("certify", "-c", path, "-e", "orders", "--json-errors")
        assert done.code == 3 and "rivet repair" in done.stderr, "damaged output is not certified"
        assert not certificate(rivet.output().folder).exists()
        rivet.ok("repair", "-c", path, "-e", "orders", "--auto", "--execute")
        rivet.ok("certify", "-c", path, "-e", "orders")
        said = statement(rivet.output().folder)
        assert [run["kind"] for run in said["runs"]] == ["run", "repair"]
        assert [file["path"] for file in said["not_counted"]] == [part.name], "what was replaced still lies there"
        assert check(rivet, rivet.output().folder)[0] == 0

    def test_partitions_have_one_each(self, rivet, pg_db):
        orders = postgres_orders(pg_db, SMALL_ROWS)
        path = rivet.config(orders.source, export("orders", table="orders", partition_by="at", partition_granularity="month",
                                                  path="./output/{partition}"))
        rivet.ok("run", "-c", path)
        issued = rivet.ok("certify", "-c", path, "-e", "orders", "--format", "json").json()["certificates"]
        assert len(issued) > 5
        for one in issued:
            rivet.ok("verify-certificate", one["path"])
        done = rivet("certify", "-c", path, "-e", "orders", "-o", "one.json")
        assert done.code == 1 and "partitions" in done.stderr

    def test_only_bytes(self, rivet, certified):
        code, report = check(rivet, certified, "--depth", "bytes")
        assert code == 0 and report["rows_verified"] == 0 and report["parts_verified"] == report["parts"]


def flip_a_bit(path, position):
    content = bytearray(path.read_bytes())
    content[position % len(content)] ^= 1
    path.write_bytes(content)


class TestWhatDoesNot:
    @pytest.mark.parametrize("depth", ["bytes", "values"])
    @pytest.mark.parametrize("position", [4, 1000, -5, -200])
    def test_a_changed_bit(self, rivet, certified, depth, position):
        part = certified / statement(certified)["parts"][1]["path"]
        flip_a_bit(part, position)
        code, report = check(rivet, certified, "--depth", depth)
        assert code == 3 and [failure["key"] for failure in report["failures"]] == [part.name]

    def test_a_missing_part(self, rivet, certified):
        part = certified / statement(certified)["parts"][0]["path"]
        part.unlink()
        code, report = check(rivet, certified)
        assert code == 3 and [(f["kind"], f["key"]) for f in report["failures"]] == [("part_missing", part.name)]

    def test_an_added_part(self, rivet, certified):
        source = certified / statement(certified)["parts"][0]["path"]
        (certified / "below").mkdir()
        for name in ("more.parquet", "below/more.parquet"):
            shutil.copy(source, certified / name)
        code, report = check(rivet, certified)
        assert code == 3 and {(f["kind"], f["key"]) for f in report["failures"]} == {
            ("object_added", "more.parquet"), ("object_added", "below/more.parquet")}
        assert check(rivet, certified, "--ignore-added")[0] == 0

    def test_two_parts_that_changed_names(self, rivet, certified):
        first, second = (certified / part["path"] for part in statement(certified)["parts"][:2])
        kept = first.read_bytes()
        first.write_bytes(second.read_bytes())
        second.write_bytes(kept)
        code, report = check(rivet, certified)
        assert code == 3 and {failure["key"] for failure in report["failures"]} == {first.name, second.name}

    def test_a_part_that_was_added_to_the_manifest_too(self, rivet, certified):
        """With a marker that fits: only the certificate knows better."""
        manifest_path = certified / "manifest.orders.json"
        manifest = json.loads(manifest_path.read_text())
        part = manifest["parts"].pop()
        for name in ("row_count",):
            manifest[name] -= part["rows"]
        manifest["part_count"] -= 1
        manifest_path.write_text(json.dumps(manifest))
        code, report = check(rivet, certified)
        assert code == 3 and kinds(report) == {"manifest_changed"}

    @pytest.mark.parametrize("edit", [
        lambda said: said.update(rows=said["rows"] + 1),
        lambda said: said["source"].update(database="another"),
        lambda said: said["columns"][0].update(fidelity="compatible"),
        lambda said: said["runs"][0]["gates"].update(validated=True),
        lambda said: said["parts"].reverse(),
        lambda said: said["parts"].pop(),
        lambda said: said["parts"][0].update(sha256="0" * 64),
        lambda said: said.update(reconciled_at=said["issued_at"]),
        lambda said: said.update(extra=1),
    ], ids=["rows", "database", "fidelity", "gate", "order", "one fewer", "hash", "reconciled", "extra"])
    def test_an_edited_statement(self, rivet, certified, edit):
        document = json.loads(certificate(certified).read_text())
        edit(document["statement"])
        certificate(certified).write_text(json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n")
        code, report = check(rivet, certified)
        assert code == 3 and kinds(report) == {"certificate_invalid"}

    def test_another_signer(self, rivet, orders, certified, tmp_path):
        other, public = tmp_path / "other.key", tmp_path / "other.pub"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", other], check=True)
        subprocess.run(["openssl", "pkey", "-in", other, "-pubout", "-out", public], check=True)
        code, report = check(rivet, certified, "--key", public)
        assert code == 3 and kinds(report) == {"certificate_invalid"} and not report["trusted"]

    def test_a_later_generation(self, rivet, orders):
        path = exported(rivet, orders)
        rivet.ok("certify", "-c", path, "-e", "orders")
        rivet.ok("run", "-c", path)
        code, report = check(rivet, rivet.output().folder)
        assert code == 3 and "generation 2" in json.dumps(report["failures"])
        rivet.ok("certify", "-c", path, "-e", "orders")
        assert check(rivet, rivet.output().folder)[0] == 0

    def test_no_certificate_at_all(self, rivet, tmp_path):
        (tmp_path / "x.json").write_text("{}")
        assert rivet("verify-certificate", tmp_path / "x.json").code == 3
        done = rivet("verify-certificate", tmp_path / "nothing.json")
        assert done.code == 1 and "nothing.json" in done.stderr
        (tmp_path / "key").write_text("no key")
        done = rivet("verify-certificate", tmp_path / "x.json", "--key", tmp_path / "key")
        assert done.code == 1 and "Ed25519" in done.stderr


class TestWhatIsRefused:
    def test_keys_that_are_none(self, rivet, orders, tmp_path):
        path = exported(rivet, orders)
        locked = tmp_path / "locked.key"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:secret", "-out", locked], check=True)
        rsa = tmp_path / "rsa.key"
        subprocess.run(["openssl", "genpkey", "-algorithm", "rsa", "-out", rsa], check=True, capture_output=True)
        for key in (locked, rsa, tmp_path / "none.key"):
            done = rivet("certify", "-c", path, "-e", "orders", "--key", key)
            assert done.code == 1 and key.name in done.stderr
        assert not certificate(rivet.output().folder).exists()

    def test_nothing_was_exported(self, rivet, orders):
        path = rivet.config(orders.source, export("orders", table="orders"))
        done = rivet("certify", "-c", path, "-e", "orders")
        assert done.code == 1 and "rivet run" in done.stderr


def test_another_database_is_told_by_reconcile_and_refused_by_repair(rivet, orders, tmp_path):
    """The same file under another name is another database."""
    exported(rivet, orders)
    copy = tmp_path / "copy.sqlite"
    shutil.copy(orders.source["path"], copy)
    path = rivet.config({**orders.source, "path": str(copy)},
                        export("orders", table="orders", **keys_for(orders, SMALL_SHAPES["range"])))
    report = rivet.ok("reconcile", "-c", path, "-e", "orders", "--depth", "content", "--format", "json").json()
    assert not report["verified"] and "copy.sqlite" in report["warnings"][0]
    part = rivet.output().parts("orders")[0]
    pq.write_table(pa.Table.from_batches(pq.ParquetFile(part).read().to_batches()).slice(1), part)
    done = rivet("repair", "-c", path, "-e", "orders", "--auto", "--execute")
    assert done.code != 0 and "RIVET_REPAIR_FOREIGN_SOURCE" in done.stderr + done.stdout
