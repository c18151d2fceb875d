"""An incremental export goes on when the columns of its table change: each part keeps, and is checked by, the columns it was written with."""
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers import marker_of, rows_of
from test_incremental import Table, incremental, rows_of_last_run, table  # noqa: F401 (a fixture)

FIRST = "INSERT INTO t VALUES (1, 'a', '2024-01-01 00:00:00'), (2, NULL, '2024-01-02 00:00:00')"


def ask(source: Table, query: str) -> list[tuple]:
    """What the source answers."""
    if source.source["type"] == "postgres":
        with psycopg.connect(source.source["url"]) as connection:
            return connection.execute(query).fetchall()
    with closing(sqlite3.connect(source.source["path"])) as connection:
        return connection.execute(query).fetchall()


def begin(rivet, source: Table, **keys) -> Path:
    """A first run of two rows; the config for later ones."""
    source.execute(FIRST)
    path = rivet.config(source.source, incremental(**keys))
    rivet.ok("run", "-c", path, "--validate")
    return path


def retype(source: Table, column: str, postgres: str, sqlite: str, using: str = "NULL") -> None:
    """Gives a column another type. SQLite needs a new table for that; both write every row anew."""
    if source.source["type"] == "postgres":
        source.execute(f"ALTER TABLE t ALTER {column} TYPE {postgres} USING {using}")
        return
    columns = {"id": "INTEGER PRIMARY KEY", "name": "TEXT", "at": "TEXT", column: sqlite}
    values = ", ".join(using if name == column else name for name in columns)
    source.execute("ALTER TABLE t RENAME TO former", f"CREATE TABLE t ({', '.join(f'{name} {type}' for name, type in columns.items())})",
                   f"INSERT INTO t SELECT {values} FROM former", "DROP TABLE former")


def go_on(rivet, path, source: Table, *, schemas: int = 1):
    """One more run after the columns changed: every row of the source is there once, and every part fits what the manifest says of it."""
    done = rivet.ok("run", "-c", path, "--validate")
    assert landed_by_name(rivet) == [key for (key,) in ask(source, "SELECT id FROM t ORDER BY id")]
    rivet.ok("validate", "-c", path, "--depth", "full")
    assert len(rivet.output().manifest("t").get("earlier_schemas", [])) == schemas
    return done


def landed_by_name(rivet):
    return [key for (key,) in rivet.output().by_name("t", "id")]


class TestColumnsThatChange:
    def test_an_added_column(self, rivet, table):
        path = begin(rivet, table)
        former = rivet.output().manifest("t")
        table.execute("ALTER TABLE t ADD COLUMN more TEXT", "INSERT INTO t VALUES (3, 'c', '2024-01-03 00:00:00', 'm')")
        done = go_on(rivet, path, table)
        assert "added more (text)" in done.stderr
        assert rows_of_last_run(rivet) == 1
        assert rivet.output().by_name("t", "id, name, more") == [(1, "a", None), (2, None, None), (3, "c", "m")]
        manifest = rivet.output().manifest("t")
        assert [column["name"] for column in manifest["columns"]] == ["id", "name", "at", "more"]
        assert manifest["earlier_schemas"] == [{"schema_fingerprint": former["schema_fingerprint"], "columns": former["columns"]}]
        assert [part.get("schema_fingerprint") for part in manifest["parts"]] == [former["schema_fingerprint"], None]
        assert [column["name"] for column in manifest["column_checksums"]] == ["id", "name", "at"]
        assert [column["name"] for column in manifest["digest"]["columns"]] == ["id", "name", "at"]

    def test_a_dropped_column(self, rivet, table):
        path = begin(rivet, table)
        table.execute("ALTER TABLE t DROP COLUMN name", "INSERT INTO t VALUES (3, '2024-01-03 00:00:00')")
        done = go_on(rivet, path, table)
        assert "removed name" in done.stderr
        assert rivet.output().by_name("t", "id, name") == [(1, "a"), (2, None), (3, None)]
        assert [column["name"] for column in rivet.output().manifest("t")["column_checksums"]] == ["id"], "a cell's hash depends on its place"

    def test_another_type(self, rivet, table):
        path = begin(rivet, table)
        retype(table, "name", "integer", "INTEGER")
        table.execute("INSERT INTO t VALUES (3, 7, '2024-01-03 00:00:00')")
        done = go_on(rivet, path, table)
        assert "name changed from text to int" in done.stderr
        assert rows_of_last_run(rivet) == 1, "rows that the server wrote anew are known"
        assert rivet.output().by_name("t", "id, name::text") == [(1, "a"), (2, None), (3, "7")]
        assert [column["name"] for column in rivet.output().manifest("t")["column_checksums"]] == ["id", "at"]

    def test_another_name(self, rivet, table):
        path = begin(rivet, table)
        table.execute("ALTER TABLE t RENAME COLUMN name TO label", "INSERT INTO t VALUES (3, 'c', '2024-01-03 00:00:00')")
        go_on(rivet, path, table)
        assert rivet.output().by_name("t", "id, name, label") == [(1, "a", None), (2, None, None), (3, None, "c")]

    def test_a_wider_key(self, rivet, table):
        if table.source["type"] == "postgres":
            table.execute("ALTER TABLE t ALTER id TYPE integer")
        path = begin(rivet, table)
        retype(table, "id", "bigint", "INTEGER PRIMARY KEY", using="id")
        table.execute("INSERT INTO t VALUES (3, 'c', '2024-01-03 00:00:00')")
        go_on(rivet, path, table, schemas=1 if table.source["type"] == "postgres" else 0)
        assert rows_of_last_run(rivet) == 1

    def test_there_and_back_again(self, rivet, table):
        path = begin(rivet, table)
        table.execute("ALTER TABLE t ADD COLUMN more TEXT", "INSERT INTO t VALUES (3, 'c', '2024-01-03 00:00:00', 'm')")
        go_on(rivet, path, table)
        table.execute("ALTER TABLE t DROP COLUMN more", "INSERT INTO t VALUES (4, 'd', '2024-01-04 00:00:00')")
        go_on(rivet, path, table)
        named = [part.get("schema_fingerprint") for part in rivet.output().manifest("t")["parts"]]
        assert [name is None for name in named] == [True, False, True], "the first run's columns are those of the newest"
        go_on(rivet, path, table)
        assert rows_of_last_run(rivet) == 0

    def test_every_run_another_schema(self, rivet, table):
        path = begin(rivet, table)
        for step in range(4):
            table.execute(f"ALTER TABLE t ADD COLUMN more{step} INTEGER DEFAULT {step}",
                          f"INSERT INTO t (id, name, at) VALUES ({3 + step}, 'n', '2024-02-0{1 + step} 00:00:00')")
            go_on(rivet, path, table, schemas=step + 1)
            assert rows_of_last_run(rivet) == 1
        assert rivet.output().by_name("t", "id, more3")[-2:] == [(5, None), (6, 3)]

    def test_a_reset_leaves_one_schema(self, rivet, table):
        path = begin(rivet, table)
        table.execute("ALTER TABLE t ADD COLUMN more TEXT")
        rivet.ok("state", "reset", "-c", path, "-e", "t")
        go_on(rivet, path, table, schemas=0)

    def test_csv(self, rivet, table):
        path = begin(rivet, table, format="csv")
        table.execute("ALTER TABLE t ADD COLUMN more TEXT", "INSERT INTO t VALUES (3, 'c', '2024-01-03 00:00:00', 'm')")
        rivet.ok("run", "-c", path, "--validate")
        rivet.ok("validate", "-c", path, "--depth", "full")
        headers = [part.read_text().splitlines()[0] for part in rivet.output().parts("t")]
        assert headers == ["id,name,at", "id,name,at,more"]

    def test_row_hashes_are_described_run_by_run(self, rivet, table):
        path = begin(rivet, table, meta_columns={"row_hash": True})
        table.execute("ALTER TABLE t ADD COLUMN more TEXT", "INSERT INTO t VALUES (3, 'c', '2024-01-03 00:00:00', 'm')")
        go_on(rivet, path, table)
        output = rivet.output()
        runs = [json.loads((output.folder / f"manifest-{part['run_id']}.json").read_text()) for part in output.manifest("t")["parts"]]
        covered = [run["row_hash"]["covered"] for run in runs]
        assert covered == [["id", "name", "at"], ["id", "name", "at", "more"]]

    def test_added_columns_may_come_later(self, rivet, table):
        begin(rivet, table)
        table.execute("INSERT INTO t VALUES (3, 'c', '2024-01-03 00:00:00')")
        path = rivet.config(table.source, incremental(meta_columns={"row_hash": True}))
        go_on(rivet, path, table)
        assert [column["name"] for column in rivet.output().manifest("t")["column_checksums"]] == ["id", "name", "at"], "of the source's columns"

    def test_null_where_there_is_none_any_more(self, rivet, pg_db):
        """The list of columns is about all parts that have it: what once was NULL is not a defect of an old part."""
        pg_db.execute("CREATE TABLE t (id bigint PRIMARY KEY, name text, at timestamp)", FIRST)
        path = rivet.config(pg_db.source, incremental(format="csv"))
        rivet.ok("run", "-c", path)
        pg_db.execute("UPDATE t SET name = 'b' WHERE name IS NULL", "ALTER TABLE t ALTER name SET NOT NULL", "INSERT INTO t VALUES (3, 'c', '2024-01-03')")
        rivet.ok("run", "-c", path, "--validate")
        assert [column["nullable"] for column in rivet.output().manifest("t")["columns"]] == [False, True, True]


class TestReaders:
    """What docs/manifest.md tells readers to do."""

    def test_pyarrow_and_polars_read_by_name(self, rivet, table):
        path = begin(rivet, table)
        table.execute("ALTER TABLE t DROP COLUMN name", "ALTER TABLE t ADD COLUMN more TEXT", "INSERT INTO t VALUES (3, '2024-01-03 00:00:00', 'm')")
        go_on(rivet, path, table)
        parts = rivet.output().parts("t")
        expected = [(1, "a", None), (2, None, None), (3, None, "m")]
        arrow = pa.concat_tables([pq.read_table(part) for part in parts], promote_options="permissive")
        assert rows_of(arrow.select(["id", "name", "more"])) == expected
        frame = pl.concat([pl.read_parquet(part) for part in parts], how="diagonal_relaxed")
        assert frame.select("id", "name", "more").sort("id").rows() == expected


class TestWhatIsSaid:
    def test_continue_says_nothing(self, rivet, table):
        path = begin(rivet, table, on_schema_drift="continue")
        table.execute("ALTER TABLE t ADD COLUMN more TEXT")
        assert "schema changed" not in go_on(rivet, path, table).stderr

    def test_fail_leaves_the_output_as_it_was(self, rivet, table):
        path = begin(rivet, table, on_schema_drift="fail")
        before, names = rivet.output().manifest_bytes("t"), rivet.output().names()
        table.execute("ALTER TABLE t ADD COLUMN more TEXT", "INSERT INTO t VALUES (3, 'c', '2024-01-03 00:00:00', 'm')")
        done = rivet("run", "-c", path, "--json-errors")
        assert (done.code, done.error()["exit_class"]) == (4, "schema_drift")
        assert "added more (text)" in done.error()["error"]
        assert (rivet.output().manifest_bytes("t"), rivet.output().names()) == (before, names)
        go_on(rivet, rivet.config(table.source, incremental()), table)

    def test_a_cursor_of_another_type_is_refused(self, rivet, table):
        path = begin(rivet, table)
        before = rivet.output().manifest_bytes("t")
        retype(table, "at", "integer", "INTEGER", using="id")
        done = rivet("run", "-c", path, "--json-errors")
        assert (done.code, done.error()["code"]) == (4, "RIVET_CURSOR_TYPE_CHANGED")
        assert rivet.output().manifest_bytes("t") == before
        rivet.ok("state", "reset", "-c", path, "-e", "t")
        go_on(rivet, path, table, schemas=0)

    def test_another_format_is_refused(self, rivet, table):
        path = begin(rivet, table)
        before = rivet.output().manifest_bytes("t")
        table.execute("INSERT INTO t VALUES (3, 'c', '2024-01-03 00:00:00')")
        failed = rivet("run", "-c", rivet.config(table.source, incremental(format="csv")), "--json-errors")
        assert (failed.code, failed.error()["code"]) == (1, "RIVET_APPEND_FORMAT_CHANGED")
        assert "are parquet" in failed.error()["error"] and "state reset -e t" in failed.error()["hint"]
        assert rivet.output().manifest_bytes("t") == before
        rivet.config(table.source, incremental())
        rivet.ok("run", "-c", path)
        assert landed_by_name(rivet) == [1, 2, 3]

    def test_a_wider_cursor_goes_on(self, rivet, table):
        if table.source["type"] == "postgres":
            table.execute("ALTER TABLE t ALTER id TYPE integer")
        path = begin(rivet, table, cursor_column="id")
        retype(table, "id", "bigint", "INTEGER PRIMARY KEY", using="id")
        table.execute("INSERT INTO t VALUES (3000000000, 'c', NULL)")
        go_on(rivet, path, table, schemas=1 if table.source["type"] == "postgres" else 0)


class TestDamage:
    def test_a_flipped_byte_in_an_old_part(self, rivet, table):
        path = begin(rivet, table)
        table.execute("ALTER TABLE t ADD COLUMN more TEXT", "INSERT INTO t VALUES (3, 'c', '2024-01-03 00:00:00', 'm')")
        go_on(rivet, path, table)
        old = rivet.output().parts("t")[0]
        content = bytearray(old.read_bytes())
        content[len(content) // 2] ^= 1
        old.write_bytes(content)
        done = rivet("validate", "-c", path, "--depth", "full", "--format", "json")
        assert done.code == 3
        assert old.name in done.stdout and "part_checksum_mismatch" in done.stdout

    def test_a_part_that_claims_another_schema(self, rivet, table):
        path = begin(rivet, table)
        table.execute("ALTER TABLE t RENAME COLUMN name TO label", "INSERT INTO t VALUES (3, 'c', '2024-01-03 00:00:00')")
        go_on(rivet, path, table)
        output = rivet.output()
        manifest = output.manifest("t")
        for part in manifest["parts"]:
            part.pop("schema_fingerprint", None)
        (output.folder / "manifest.t.json").write_text(json.dumps(manifest))
        (output.folder / "_SUCCESS.t").write_text(marker_of(output.manifest_bytes("t")))
        done = rivet("validate", "-c", path, "--depth", "full", "--format", "json")
        assert done.code == 3
        assert "no part was written with earlier schema" in done.stdout


class TestKilled:
    @pytest.mark.parametrize("point", ["unit_committed", "sealed", "before_published"])
    def test_and_then_the_columns_change(self, rivet, table, point):
        path = begin(rivet, table)
        table.execute("INSERT INTO t VALUES (3, 'c', '2024-01-03 00:00:00')")
        rivet.killed_at(point, "run", "-c", path)
        table.execute("ALTER TABLE t ADD COLUMN more TEXT", "INSERT INTO t VALUES (4, 'd', '2024-01-04 00:00:00', 'm')")
        go_on(rivet, path, table)
        assert rivet.output().unfinished() == set()

    @pytest.mark.parametrize("point", ["unit_committed", "manifest_written"])
    def test_in_the_run_after_the_change(self, rivet, table, point):
        path = begin(rivet, table)
        table.execute("ALTER TABLE t ADD COLUMN more TEXT", "INSERT INTO t VALUES (3, 'c', '2024-01-03 00:00:00', 'm')")
        rivet.killed_at(point, "run", "-c", path)
        go_on(rivet, path, table)


class TestRowsThatCannotBeRecognised:
    """Without a key all columns tell a row apart: when they change, rows may come twice, and none is lost."""

    def begin(self, rivet, source: Table, *columns: str):
        source.execute("DROP TABLE t", f"CREATE TABLE t (at TIMESTAMP, {', '.join(columns)})")
        entry = incremental(table=None, query="SELECT * FROM t")
        return rivet.config(source.source, {key: value for key, value in entry.items() if value is not None})

    def test_they_come_again_once_and_that_is_said(self, rivet, table):
        path = self.begin(rivet, table, "id BIGINT")
        table.execute("INSERT INTO t VALUES ('2024-01-01 00:00:00', 1), (NULL, 2)")
        rivet.ok("run", "-c", path)
        table.execute("ALTER TABLE t ADD COLUMN more TEXT", "INSERT INTO t VALUES ('2024-01-02 00:00:00', 3, 'm')")
        done = rivet.ok("run", "-c", path, "--validate")
        assert landed_by_name(rivet) == [1, 1, 2, 2, 3]
        assert "cannot be recognised" in done.stderr
        table.execute("INSERT INTO t VALUES (NULL, 4, 'n')")
        for _ in range(2):
            done = rivet.ok("run", "-c", path, "--validate")
            assert landed_by_name(rivet) == [1, 1, 2, 2, 3, 4]
            assert "cannot be recognised" not in done.stderr

    def test_a_new_row_is_not_taken_for_one_of_other_columns(self, rivet, table):
        path = self.begin(rivet, table, "b BIGINT")
        table.execute("INSERT INTO t VALUES ('2024-01-01 00:00:00', 5)")
        rivet.ok("run", "-c", path)
        table.execute("ALTER TABLE t DROP COLUMN b", "ALTER TABLE t ADD COLUMN d BIGINT", "INSERT INTO t VALUES ('2024-01-01 00:00:00', 5)")
        rivet.ok("run", "-c", path, "--validate")
        assert rivet.output().by_name("t", "b, d") == [(5, None), (None, 5), (None, None)]

    def test_a_table_that_the_server_wrote_anew(self, rivet, pg_db):
        """All versions are new ones then, as after an update of every row."""
        pg_db.execute("CREATE TABLE t (id integer, at timestamp)", "INSERT INTO t VALUES (1, '2024-01-01'), (2, NULL)")
        path = rivet.config(pg_db.source, incremental())
        rivet.ok("run", "-c", path)
        pg_db.execute("ALTER TABLE t ADD more text", "INSERT INTO t VALUES (3, '2024-01-03', 'm')")
        rivet.ok("run", "-c", path, "--validate")
        assert landed_by_name(rivet) == [1, 2, 3], "an added column leaves the versions as they are"
        pg_db.execute("ALTER TABLE t ALTER id TYPE bigint")
        rivet.ok("run", "-c", path, "--validate")
        assert landed_by_name(rivet) == [1, 1, 2, 2, 3, 3]

    def test_nor_for_one_of_another_key(self, rivet, table):
        other = "ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (number)"
        table.execute("DROP TABLE t", "CREATE TABLE t (id BIGINT NOT NULL PRIMARY KEY, number BIGINT NOT NULL, at TIMESTAMP)",
                      "INSERT INTO t VALUES (1, 7, '2024-01-01 00:00:00')")
        path = rivet.config(table.source, incremental())
        rivet.ok("run", "-c", path)
        if table.source["type"] == "postgres":
            table.execute(other)
        else:
            table.execute("ALTER TABLE t RENAME TO former", "CREATE TABLE t (id BIGINT NOT NULL, number BIGINT NOT NULL PRIMARY KEY, at TIMESTAMP)",
                          "INSERT INTO t SELECT * FROM former", "DROP TABLE former")
        table.execute("INSERT INTO t VALUES (2, 1, '2024-01-01 00:00:00')")
        rivet.ok("run", "-c", path, "--validate")
        assert set(rivet.output().by_name("t", "id, number")) == {(1, 7), (2, 1)}
