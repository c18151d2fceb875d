"""Every gate holds in every mode, however the rows are spread over units: case 37, gates that one way of reading had and another not."""
import pytest

from cells import Cells
from conftest import Database
from helpers import export, rows_of
from modes import ADDING_SHAPES, COLUMNS, SMALL_ROWS, SMALL_SHAPES, postgres_orders
from test_shapes import flip, row_hash

every_shape = pytest.mark.parametrize("shape", SMALL_SHAPES)
# Facts of the rows: one in 40 has no `seq`, one in 50 no `at`.
NULL_RATIO = {"seq": 1 / 40, "at": 1 / 50}


@pytest.fixture(scope="module")
def orders(pg):
    """`orders`, which nobody writes to, and `changed`: one more column, another type, one note of several times the length."""
    database = Database(pg, "orders_for_gates")
    pg.create_database(database.name)
    source = postgres_orders(database, SMALL_ROWS)
    database.execute("CREATE TABLE changed (LIKE orders INCLUDING ALL)", "INSERT INTO changed SELECT * FROM orders",
                     "ALTER TABLE changed ADD extra date, ALTER seq TYPE bigint", "UPDATE changed SET note = repeat('x', 400) WHERE id = -29997",
                     "ANALYZE changed")
    database.cells = Cells(COLUMNS, source.expected())
    yield database
    pg.drop_database(database.name)


@pytest.fixture
def config(rivet, orders):
    """Writes the config of one shape; more keys lie over it."""
    def write(shape, table="orders", **keys):
        return rivet.config(orders.source, export("orders", table=table, **SMALL_SHAPES[shape], **keys))
    return write


def fails(rivet, path, code, exit_class, *says):
    """The run fails as it must; nothing of it is in sight."""
    done = rivet("run", "-c", path, "--json-errors")
    error = done.error()
    assert (done.code, error["exit_class"]) == (code, exit_class), done
    for text in says:
        assert text in error["error"], error
    visible = {name for name in rivet.output().names() if name.endswith(".parquet") and not name.startswith("_quarantine/")}
    assert visible <= {path for (path,) in rivet.state("SELECT path FROM part WHERE generation_added IS NOT NULL")}
    assert rivet.output().unfinished() == set()


@every_shape
def test_case_37_row_counts_are_those_of_all_units(rivet, config, shape):
    fails(rivet, config(shape, quality={"row_count_min": SMALL_ROWS + 1}), 3, "data_integrity", "row_count_min", str(SMALL_ROWS))
    fails(rivet, config(shape, quality={"row_count_max": SMALL_ROWS - 1}), 3, "data_integrity", "row_count_max", str(SMALL_ROWS))


@every_shape
def test_null_ratios_are_those_of_all_units(rivet, config, shape):
    """A unit of nothing but NULL keys has a ratio of 1, most others one of 0."""
    fails(rivet, config(shape, quality={"null_ratio_max": {"seq": NULL_RATIO["seq"] - 0.0001, "at": 0}}), 3, "data_integrity", "seq", "at")
    holds = {"null_ratio_max": {**NULL_RATIO, "id": 0}, "row_count_min": SMALL_ROWS, "row_count_max": SMALL_ROWS}
    rivet.ok("run", "-c", config(shape, quality=holds))


@every_shape
def test_drift_fails_or_warns(rivet, orders, config, shape):
    rivet.ok("run", "-c", config(shape))
    before = rivet.output().manifest_bytes("orders")
    fails(rivet, config(shape, "changed", on_schema_drift="fail"), 4, "schema_drift", "extra", "seq")
    assert rivet.output().manifest_bytes("orders") == before
    warned = rivet.ok("run", "-c", config(shape, "changed", on_schema_drift="warn"))
    assert any("warning:" in line and "extra" in line and "seq" in line for line in warned.stderr.splitlines()), warned.stderr
    assert [column["name"] for column in rivet.output().manifest("orders")["columns"]] == [*COLUMNS, "extra"]
    if shape not in ADDING_SHAPES:  # those keep the parts of before, with the columns of before
        assert rivet.output().table("orders").column_names == [*COLUMNS, "extra"]


@every_shape
def test_a_longer_value_in_any_unit_is_told(rivet, config, shape):
    rivet.ok("run", "-c", config(shape))
    if shape in ADDING_SHAPES:
        rivet.ok("state", "reset", "-c", config(shape), "-e", "orders")
    assert "column note: its longest value grew from" in rivet.ok("run", "-c", config(shape, "changed")).stderr
    assert "longest value" not in rivet.ok("run", "-c", config(shape, "changed")).stderr


@every_shape
def test_the_row_hash_does_not_depend_on_the_unit(rivet, orders, config, shape):
    rivet.ok("run", "-c", config(shape, meta_columns={"row_hash": ["id", "code"]}), "--validate")
    table = rivet.output().table("orders")
    orders.cells.assert_equal(table)
    hashes = rows_of(table.select(["id", "code", "_rivet_row_hash"]))
    assert hashes == [(id, code, row_hash(str(id), code)) for id, code, *_ in orders.cells.rows]


@every_shape
def test_max_file_size_holds_within_each_unit(rivet, orders, config, shape):
    limit = 8 << 10
    rivet.ok("run", "-c", config(shape, max_file_size="8KB"), "--validate")
    manifest = rivet.output().manifest("orders")
    units = rivet.state("SELECT count(*) FROM unit")[0][0]
    assert manifest["part_count"] > units
    assert max(part["size_bytes"] for part in manifest["parts"]) <= 1.3 * limit
    assert sum(part["rows"] for part in manifest["parts"]) == SMALL_ROWS
    orders.cells.assert_equal(rivet.output().table("orders"))


@every_shape
def test_verify_content_and_validation_read_every_part(rivet, config, shape):
    """`verify: content` takes nothing on trust; a flipped bit in the last part of the last unit is found."""
    path = config(shape, verify="content")
    rivet.ok("run", "-c", path, "--validate")
    rivet.ok("validate", "-c", path, "--depth", "full")
    unread = rivet("validate", "-c", path, "--depth", "light", "--format", "json")
    sampled = rivet("validate", "-c", path, "--depth", "sample", "--format", "json")
    assert (unread.code, sampled.code) == (0, 3), "the sample compares sizes only, which does not meet verify: content"
    last = rivet.output().parts("orders")[-1]
    flip(last)
    damaged = rivet("validate", "-c", path, "--depth", "full", "--format", "json")
    assert damaged.code == 3
    failures = damaged.json()["exports"][0]["verification"]["failures"]
    assert {(finding["code"], finding["key"]) for finding in failures} == {("RIVET_VERIFY_PART_CHECKSUM_MISMATCH", last.name)}, failures


@every_shape
def test_unique_columns_hold_over_all_units(rivet, config, shape):
    """A value that is unique within each unit and not over all of them is found."""
    path = config(shape, quality={"unique_columns": ["region"]})
    done = rivet("run", "-c", path, "--json-errors")
    assert done.code == 3 and "region" in done.error()["error"], done
    assert not [name for name in rivet.output().names() if name.endswith(".parquet") and not name.startswith("_quarantine/")]
