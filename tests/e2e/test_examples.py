"""The configs in examples/ run as they are."""
import csv
import io
import shutil
import subprocess
import sys

import pytest

from helpers import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "scripts"))

import demo  # noqa: E402


@pytest.fixture
def demo_folder(rivet, monkeypatch):
    """A folder with examples/ and a small demo/shop.sqlite, laid out as in the repository."""
    shutil.copytree(REPOSITORY / "examples", rivet.folder / "examples")
    monkeypatch.setattr(demo, "DEMO", rivet.folder / "demo")
    monkeypatch.setattr(demo, "DATABASE", rivet.folder / "demo" / "shop.sqlite")
    for name, rows in (("CUSTOMERS", 500), ("ORDERS", 2_000), ("EVENTS", 300)):
        monkeypatch.setattr(demo, name, rows)
    demo.create_database()
    return rivet


def test_demo(demo_folder):
    demo_folder.ok("run", "-c", "examples/demo.yaml", "--validate")
    counts = {name: demo_folder.output(f"demo/output/{name}").manifest(name)["row_count"] for name in ("customers", "orders", "odd", "empty")}
    assert counts == {"customers": 500, "orders": 2_000, "odd": 300, "empty": 0}


def test_csv_stdout(demo_folder):
    done = demo_folder.ok("run", "-c", "examples/csv-stdout.yaml")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert rows and all(float(row["credit"]) > 500_000 for row in rows)
    assert list(rows[0]) == ["id", "name", "email", "credit"]


def test_postgres_full(rivet, pg_db):
    pg_db.execute("CREATE TABLE orders (id bigint PRIMARY KEY, product text, price numeric(10,2), updated_at timestamptz)",
                  "INSERT INTO orders SELECT i, 'p' || i, i * 10, now() FROM generate_series(1, 200) AS i")
    config = REPOSITORY / "examples" / "postgres-full.yaml"
    shutil.copy(config, rivet.folder)
    rivet.ok("run", "-c", config.name, "--validate", env={"DATABASE_URL": pg_db.url})
    (prefix,) = (rivet.folder / "output").iterdir()
    output = rivet.output(f"output/{prefix.name}")
    assert output.manifest("orders")["row_count"] == 200
    assert output.manifest("big_orders")["row_count"] == 100


def test_the_demo_shows_what_it_promises():
    done = subprocess.run([sys.executable, str(REPOSITORY / "scripts" / "demo.py")], capture_output=True, text=True, timeout=120,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 success" in done.stderr and "DuckDB reads orders: 250,000 rows" in done.stdout
