"""The mutation test: whatever single value is changed, in the source, in what is recorded or in what landed, is found and named exactly."""
from __future__ import annotations

import csv
import io
import json
import random
import re
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import test_reconcile
from helpers import Rivet, export, marker_of
from test_reconcile import ENGINES, rewrite, rows_in, without_row
from torture import CUT, LONG, PostgresTorture, SqliteTorture

FORMATS = ["parquet", "csv"]
ALL_ROWS = ("--max-differences", "100000")


@pytest.fixture(params=ENGINES)
def torture(request, tmp_path):
    """A table with a column of every type of the engine."""
    return SqliteTorture(tmp_path / "torture.sqlite") if request.param == "sqlite" else PostgresTorture(request.getfixturevalue("pg_db"))


def exported(rivet: Rivet, torture, chunk_size: int = 40, **keys) -> Path:
    path = rivet.config(torture.source, export("t", table="t", columns=torture.overrides, **(
        {"mode": "chunked", "chunk_column": "id", "chunk_size": chunk_size, "parallel": 2} | keys)))
    rivet.ok("run", "-c", path)
    return path


def reconcile(rivet: Rivet, path: Path, *args: str, depth: str = "content") -> tuple[int, dict]:
    return test_reconcile.reconcile(rivet, path, *args, depth=depth, name="t")


def validate(rivet: Rivet, path: Path) -> tuple[int, list[dict]]:
    """How `validate --depth full` ends, and the failures that it tells of this one export."""
    done = rivet("validate", "-c", path, "--depth", "full", "--format", "json")
    (told,) = done.json()["exports"]
    assert told["export_name"] == "t"
    return done.code, [failure for failure in told["verification"]["failures"] if failure["kind"] != "untracked_object"]


def assert_all_well(rivet: Rivet, path: Path) -> None:
    for depth in ("count", "content"):
        code, report = reconcile(rivet, path, depth=depth)
        assert code == 0 and report["verified"], report
        assert report["summary"]["matches"] == report["summary"]["total_partitions"] > 0
    assert validate(rivet, path) == (0, [])


def named_columns(detail: str) -> set[str]:
    """The columns that a sentence about a part blames for other values, or for being unreadable."""
    found = re.search(r"differs in column ([\w, ]+)(?:;|$)|; column ([\w, ]+) cannot be read(?:;|$)", detail)
    return set((found[1] or found[2]).split(", ")) if found else set()


def shown(text: str | None) -> str | None:
    """As a report has it: long texts are cut."""
    return CUT if text is not None and len(text) == len(LONG) else text


def differences(report: dict) -> dict[str, dict]:
    """Rows of a report by their id, whose columns alone differ."""
    rows = rows_in(report)
    assert all(row["change"] == "changed" for row in rows)
    by_id = {row["key"]["id"]: row["columns"] for row in rows}
    assert len(by_id) == len(rows)
    return by_id


def unit_of(report: dict, key: int) -> dict:
    (unit,) = [unit for unit in report["partitions"] if int(unit["start_key"]) <= key <= int(unit["end_key"])]
    return unit


def assert_names_changes(report: dict, changes, cause: str, landed: str, source: str) -> None:
    """Every change in its row, column and unit with both texts, and nothing else."""
    assert report["export_name"] == "t"
    assert differences(report) == {str(change.id): {change.column: {"landed": shown(getattr(change, landed)), "source": shown(getattr(change, source))}}
                                   for change in changes}
    assert {row["cause"] for row in rows_in(report)} == {cause}
    blamed = {}
    for change in changes:
        blamed.setdefault(unit_of(report, change.id)["unit_index"], set()).add(change.column)
    units = {unit["unit_index"]: set(unit["columns"]) for unit in report["partitions"] if unit["status"] == "mismatch"}
    assert units == blamed
    assert report["summary"]["mismatches"] == len(blamed) and report["summary"]["unknown"] == 0


# -- landed files


RAW_FIELD = re.compile(r'("[^"]*(?:""[^"]*)*"|[^,\n"]*)([,\n])')


def read_raw_csv(path: Path) -> list[list[str]]:
    """Lines of fields as they stand in the file, quotes and all; the first line has the names."""
    text, lines, fields = path.read_bytes().decode(), [], []
    for field, end in RAW_FIELD.findall(text):
        fields.append(field)
        if end == "\n":
            lines.append(fields)
            fields = []
    assert "".join(",".join(line) + "\n" for line in lines) == text
    return lines


def write_raw_csv(path: Path, lines: list[list[str]]) -> None:
    path.write_bytes("".join(",".join(line) + "\n" for line in lines).encode())


def raw(text: str | None) -> str:
    """A field as docs/types.md wants it."""
    if text is None:
        return ""
    return '"' + text.replace('"', '""') + '"' if text == "" or re.search('[",\r\n]', text) else text


def change_csv(part: Path, changes: dict[int, object]) -> None:
    """Puts the later text of each change into the file."""
    lines = read_raw_csv(part)
    names = lines[0]
    for line in lines[1:]:
        if change := changes.get(int(line[names.index("id")])):
            assert line[names.index(change.column)] == raw(change.was)
            line[names.index(change.column)] = raw(change.now)
    write_raw_csv(part, lines)


def change_parquet(part: Path, changes: dict[int, object], later: pa.Table) -> None:
    """Takes the cell of each change from a table that has its later value."""
    table = pq.ParquetFile(part).read()
    ids, later_ids = table["id"].to_pylist(), later["id"].to_pylist()
    for position, name in enumerate(table.column_names):
        column = table.column(position).combine_chunks()
        pieces = [later[name].combine_chunks().slice(later_ids.index(key), 1) if key in changes and changes[key].column == name
                  else column.slice(row, 1) for row, key in enumerate(ids)]
        if any(key in changes and changes[key].column == name for key in ids):
            table = table.set_column(position, table.schema.field(position), pa.chunked_array(pieces, column.type).combine_chunks())
    pq.write_table(table, part)


class TestEveryType:
    @pytest.mark.parametrize("format", FORMATS)
    def test_in_the_source(self, rivet, torture, format):
        path = exported(rivet, torture, format=format)
        assert {change.column for change in torture.changes} == set(torture.columns)
        assert len(rivet.output().parts("t")) > 3
        assert_all_well(rivet, path)
        torture.apply(torture.changes)
        code, report = reconcile(rivet, path, *ALL_ROWS)
        assert code == 3, report
        assert_names_changes(report, torture.changes, "drift", landed="was", source="now")
        torture.revert(torture.changes)
        assert_all_well(rivet, path)

    @pytest.mark.parametrize("format", FORMATS)
    def test_in_landed_values(self, rivet, torture, format):
        torture.apply(torture.changes)
        exported(rivet, torture)
        later = rivet.output().table("t")
        torture.revert(torture.changes)
        path = exported(rivet, torture, format=format, path="./landed")
        changes = {change.id: change for change in torture.changes}
        parts = rivet.output("landed").parts("t")
        for part in parts:
            change_csv(part, changes) if format == "csv" else change_parquet(part, changes, later)
        code, report = reconcile(rivet, path, *ALL_ROWS)
        assert code == 3, report
        assert_names_changes(report, torture.changes, "corruption", landed="now", source="was")
        code, failures = validate(rivet, path)
        assert code == 3
        blamed = {unit["damaged_parts"][0].split(":")[0]: set(unit["columns"]) for unit in report["partitions"] if unit["status"] == "mismatch"}
        assert {failure["key"]: named_columns(failure["detail"]) for failure in failures} == blamed

    def test_in_one_value_at_a_time(self, rivet, torture):
        """A sum may not hide behind another that is wrong too."""
        path = exported(rivet, torture, chunk_size=1_000)
        for change in random.Random(7).sample(torture.changes, 12):
            torture.apply([change])
            code, report = reconcile(rivet, path)
            assert code == 3
            assert_names_changes(report, [change], "drift", landed="was", source="now")
            torture.revert([change])
        assert reconcile(rivet, path)[0] == 0


# -- recorded digests


def with_flipped_bit(digest: str, field: int, choose: random.Random) -> str:
    """`v1:<rows>:<32 hex>:<16 hex>...` with another bit in one column's sum; field -1 is the value, -2 the number of rows."""
    version, rows, value, *sums = digest.split(":")
    if field == -2:
        rows = str(int(rows) ^ 1)
    elif field == -1:
        value = f"{int(value, 16) ^ 1 << choose.randrange(128):032x}"
    else:
        sums[field] = f"{int(sums[field], 16) ^ 1 << choose.randrange(64):016x}"
    return ":".join([version, rows, value, *sums])


def in_state(rivet: Rivet, *statement) -> None:
    with closing(sqlite3.connect(rivet.folder / ".rivet_state.db")) as state, state:
        assert state.execute(*statement).rowcount == 1


def write_manifest(output, manifest: dict) -> None:
    """As the run would have written it, with the marker that vouches for it."""
    content = json.dumps(manifest).encode()
    (output.folder / "manifest.t.json").write_bytes(content)
    (output.folder / "_SUCCESS.t").write_text(marker_of(content))


def sum_up(manifest: dict) -> None:
    """Makes the totals those of the parts again."""
    parts = [part["digest"].split(":") for part in manifest["parts"]]
    halves = [sum(int(part[2][at:at + 16], 16) for part in parts) % 2**64 for at in (0, 16)]
    manifest["digest"]["value"] = "".join(f"{half:016x}" for half in halves)
    for column, checksum in enumerate(manifest["column_checksums"]):
        checksum["checksum"] = str(sum(int(part[3 + column], 16) for part in parts) % 2**64)


class TestEveryRecordedSum:
    """A unit and a part for each column, in each of which the sum of that column is wrong by one bit; the last ones are as they were."""

    @pytest.fixture
    def units(self, rivet, torture):
        path = exported(rivet, torture, chunk_size=3)
        columns = ["id", *torture.columns]
        assert rivet.state("SELECT count(*) FROM unit")[0][0] > len(columns) + 2
        return path, columns

    def test_in_a_unit(self, rivet, units):
        path, columns = units
        choose = random.Random(1)
        digests = dict(rivet.state("SELECT unit_index, digest FROM unit"))
        fields = [*range(len(columns)), -1, -2]
        for index, field in enumerate(fields):
            in_state(rivet, "UPDATE unit SET digest = ? WHERE unit_index = ?", (with_flipped_bit(digests[index], field, choose), index))
        code, report = reconcile(rivet, path)
        assert code == 3 and rows_in(report) == []
        assert {unit["unit_index"]: unit["columns"] for unit in report["partitions"] if unit["status"] == "mismatch"} == {
            index: [columns[field]] if field >= 0 else [] for index, field in enumerate(fields)}
        assert {cause for unit in report["partitions"] for cause in unit["causes"]} == {"record"}
        assert not any("damaged_parts" in unit for unit in report["partitions"])

    def test_in_a_part(self, rivet, units):
        path, columns = units
        choose = random.Random(2)
        paths = dict(rivet.state("SELECT unit_index, path FROM part"))
        digests = dict(rivet.state("SELECT unit_index, digest FROM part"))
        fields = [*range(len(columns)), -1]
        for index, field in enumerate(fields):
            in_state(rivet, "UPDATE part SET digest = ? WHERE unit_index = ?", (with_flipped_bit(digests[index], field, choose), index))
        code, report = reconcile(rivet, path)
        assert code == 3
        damaged = {unit["unit_index"]: unit["damaged_parts"] for unit in report["partitions"] if unit["status"] == "mismatch"}
        assert set(damaged) == set(range(len(fields)))
        for index, field in enumerate(fields):
            (told,) = damaged[index]
            assert told.startswith(paths[index] + ": ")
            assert named_columns(told) == {columns[field]} if field >= 0 else "pairing" in told

    def test_in_the_manifest(self, rivet, units):
        path, columns = units
        choose = random.Random(3)
        manifest = rivet.output().manifest("t")
        fields = [*range(len(columns)), -1]
        for part, field in zip(manifest["parts"], fields):
            part["digest"] = with_flipped_bit(part["digest"], field, choose)
        sum_up(manifest)
        write_manifest(rivet.output(), manifest)
        code, failures = validate(rivet, path)
        assert code == 3
        assert {failure["kind"] for failure in failures} == {"value_checksum_mismatch"}
        told = {failure["key"]: failure["detail"] for failure in failures}
        assert set(told) == {part["path"] for part in manifest["parts"][:len(fields)]}
        for part, field in zip(manifest["parts"], fields):
            assert named_columns(told[part["path"]]) == {columns[field]} if field >= 0 else "pairing" in told[part["path"]]

    def test_sums_that_do_not_add_up(self, rivet, units):
        path, columns = units
        for change in (lambda it: it["parts"][5].update(digest=with_flipped_bit(it["parts"][5]["digest"], 3, random.Random(4))),
                       lambda it: it["digest"].update(value=f"{int(it['digest']['value'], 16) ^ 1:032x}"),
                       lambda it: it["column_checksums"][4].update(checksum=str(int(it["column_checksums"][4]["checksum"]) ^ 1)),
                       lambda it: it["digest"].update(rows=it["digest"]["rows"] + 1)):
            manifest = rivet.output().manifest("t")
            kept = json.dumps(manifest)
            change(manifest)
            write_manifest(rivet.output(), manifest)
            code, failures = validate(rivet, path)
            assert code == 3 and {failure["kind"] for failure in failures} == {"manifest_inconsistent"}
            write_manifest(rivet.output(), json.loads(kept))
        assert validate(rivet, path) == (0, [])


# -- bits of landed files


def page_ranges(part: Path) -> dict[str, tuple[int, int]]:
    """Where each column's pages lie, and the footer."""
    metadata, size = pq.ParquetFile(part).metadata, part.stat().st_size
    ranges = {}
    for number in range(metadata.num_columns):
        chunk = metadata.row_group(0).column(number)
        start = min(offset for offset in (chunk.data_page_offset, chunk.dictionary_page_offset) if offset)
        ranges.setdefault(chunk.path_in_schema.split(".")[0], (start, start + chunk.total_compressed_size))
    return {**ranges, "footer": (size - metadata.serialized_size - 8, size - 8)}


def offset_in(part: Path, format: str, column: str, choose: random.Random) -> tuple[int, str | None]:
    """Somewhere in a file: in the pages of the column, which is then told, in the footer, at its ends, or anywhere."""
    size = part.stat().st_size
    ranges = page_ranges(part) if format == "parquet" else {}
    where = choose.choice(["pages", "pages", "pages", "footer", "ends", "anywhere"])
    if where == "ends":
        return choose.choice([0, 3, size - 1, size - 4, size - 5, size - 8]), None
    if where == "pages" and ranges:
        return choose.randrange(*ranges[column]), column
    if where == "footer" and ranges:
        return choose.randrange(*ranges["footer"]), None
    return choose.randrange(size), None


class TestEveryByte:
    @pytest.mark.parametrize("format, compression", [("parquet", "zstd"), ("parquet", "none"), ("csv", "none")])
    def test_a_flipped_bit_is_found_wherever_it_is(self, rivet, torture, format, compression):
        """One in each part at a time, until every part has had its share."""
        choose = random.Random(f"{format} {compression}")
        path = exported(rivet, torture, chunk_size=10, format=format, **({} if format == "csv" else {"compression": compression}))
        parts = rivet.output().parts("t")
        whole = {part: part.read_bytes() for part in parts}
        columns = ["id", *torture.columns]
        named = 0
        for round in range(4):
            flipped = {part: offset_in(part, format, columns[(round * len(parts) + i) % len(columns)], choose) for i, part in enumerate(parts)}
            for part, (offset, _) in flipped.items():
                changed = bytearray(whole[part])
                changed[offset] ^= 1 << choose.randrange(8)
                part.write_bytes(changed)
            code, failures = validate(rivet, path)
            assert code == 3
            assert {failure["key"] for failure in failures} == {part.name for part in parts} and len(failures) == len(parts)
            assert {failure["kind"] for failure in failures} == {"part_checksum_mismatch"}
            code, report = reconcile(rivet, path, *ALL_ROWS)
            assert code == 3 and report["summary"]["mismatches"] == len(parts) == report["summary"]["total_partitions"]
            units = {unit["damaged_parts"][0].split(":")[0]: unit for unit in report["partitions"]}
            for failure in failures:
                part = next(part for part in parts if part.name == failure["key"])
                unit, blamed, (_, hit) = units[part.name], named_columns(failure["detail"]), flipped[part]
                assert "corruption" in unit["causes"] and named_columns(unit["damaged_parts"][0]) == blamed
                if hit:
                    assert blamed == {hit} or not blamed and "the values are those" in failure["detail"], (flipped[part], failure)
                if blamed and "cannot be read" not in failure["detail"]:
                    assert set(unit["columns"]) == blamed
                    assert {name for row in unit["rows"] for name in row.get("columns", ["id"])} == blamed
                named += bool(blamed)
            for part, content in whole.items():
                part.write_bytes(content)
        assert named > len(parts), "hardly a value was changed"
        assert_all_well(rivet, path)

    @pytest.mark.parametrize("format", FORMATS)
    def test_a_file_that_is_cut_or_grows(self, rivet, torture, format):
        path = exported(rivet, torture, format=format)
        part = rivet.output().parts("t")[1]
        content = part.read_bytes()
        for changed in (content[:-1], content[:len(content) // 2], b"", content + b"\n", content + content):
            part.write_bytes(changed)
            code, failures = validate(rivet, path)
            assert code == 3 and [(failure["kind"], failure["key"]) for failure in failures] == [("part_size_mismatch", part.name)]
            code, report = reconcile(rivet, path)
            assert code == 3 and [unit["damaged_parts"][0].split(":")[0] for unit in report["partitions"] if unit["status"] == "mismatch"] == [part.name]


# -- rows by the hash beside them


class TestRowHashes:
    """Without a source, `validate` names the rows of a part whose hash does not fit."""

    @pytest.fixture
    def hashed(self, rivet, pg_db):
        """What exports table `t` with row hashes, and tells the configuration and the newest part."""
        pg_db.execute("CREATE TABLE t (id int PRIMARY KEY, a text, b double precision)",
                      "INSERT INTO t SELECT i, CASE WHEN i % 5 > 0 THEN 'a' || i END, i / 7.0 FROM generate_series(1, 30) i")

        def run(row_hash: bool | list[str] = True, **keys):
            path = rivet.config(pg_db.source, export("t", table="t", meta_columns={"row_hash": row_hash}, **keys))
            rivet.ok("run", "-c", path)
            return path, rivet.output().parts("t")[-1]

        return run

    @staticmethod
    def damage(part: Path, column: str, *rows: int) -> None:
        """Puts another value into rows that are counted from 1."""
        if part.suffix == ".csv":
            names, *lines = read_raw_csv(part)
            for row in rows:
                lines[row - 1][names.index(column)] = "1" + lines[row - 1][names.index(column)]
            write_raw_csv(part, [names, *lines])
            return

        def edit(table):
            field, values = table.schema.field(column), table[column].to_pylist()
            for row in rows:
                values[row - 1] = "x" if field.type == pa.string() else (values[row - 1] or 0) + 1
            return table.set_column(table.column_names.index(column), field, pa.array(values, field.type))

        rewrite(part, edit)

    @pytest.mark.parametrize("format", FORMATS)
    @pytest.mark.parametrize("column, rows, told", [
        ("a", (4,), "1 row of the part: 4"), ("a", (5, 17, 30), "3 rows of the part: 5, 17, 30"), ("b", (1, 2), "2 rows of the part: 1, 2"),
        ("b", tuple(range(3, 15)), "12 rows of the part: 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, ...")])
    def test_name_the_rows(self, rivet, hashed, format, column, rows, told):
        path, part = hashed(format=format)
        self.damage(part, column, *rows)
        code, (failure,) = validate(rivet, path)
        assert code == 3 and named_columns(failure["detail"]) == {column}
        assert failure["detail"].endswith(f"; row hashes do not fit in {told}")

    def test_a_hash_that_is_wrong_itself(self, rivet, hashed):
        path, part = hashed()
        self.damage(part, "_rivet_row_hash", 7)
        code, (failure,) = validate(rivet, path)
        assert code == 3 and failure["detail"].endswith("the values are those that were recorded; row hashes do not fit in 1 row of the part: 7")
        assert reconcile(rivet, path)[0] == 3

    def test_say_nothing_about_what_they_do_not_cover(self, rivet, hashed):
        path, part = hashed(["id", "a"])
        self.damage(part, "b", 3)
        code, (failure,) = validate(rivet, path)
        assert code == 3 and named_columns(failure["detail"]) == {"b"} and "row hashes" not in failure["detail"]

    def test_each_part_has_those_of_its_run(self, rivet, pg_db, hashed):
        keys = {"mode": "incremental", "cursor_column": "id"}
        _, first = hashed(["a", "id"], **keys)
        pg_db.execute("INSERT INTO t SELECT i, 'later', i FROM generate_series(31, 40) i")
        path, second = hashed(["b"], **keys)
        assert first != second
        self.damage(first, "a", 6)
        self.damage(second, "b", 2)
        code, failures = validate(rivet, path)
        assert code == 3
        assert {failure["key"]: failure["detail"].split("; ")[-1] for failure in failures} == {
            first.name: "row hashes do not fit in 1 row of the part: 6", second.name: "row hashes do not fit in 1 row of the part: 2"}


# -- floats that compare as equal


def floats(kind: pa.DataType, *values: bytes) -> pa.Array:
    """An array of exactly these bits."""
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(b"".join(values))])


@pytest.mark.parametrize("kind, code, other_nan", [("real", "<f", "0100a0ff"), ("double precision", "<d", "010000000000f4ff")])
def test_another_nan_is_the_same_value_in_other_bytes(rivet, pg_db, kind, code, other_nan):
    pg_db.execute(f"CREATE TABLE t (id int PRIMARY KEY, v {kind} NOT NULL)", "INSERT INTO t VALUES (1, 'NaN'), (2, '-0'), (3, 1.5)")
    path = rivet.config(pg_db.source, export("t", table="t", compression="none"))
    rivet.ok("run", "-c", path)
    part = rivet.output().parts("t")[0]
    zero, minus_zero, other, nan = (struct.pack(code, value) for value in (0.0, -0.0, 1.5, float("nan")))

    def land(*values):
        rewrite(part, lambda table: table.set_column(1, table.schema.field(1), floats(table.schema.field(1).type, *values)))

    land(bytes.fromhex(other_nan), minus_zero, other)
    assert pq.ParquetFile(part).read()["v"].chunk(0).buffers()[1].to_pybytes().startswith(bytes.fromhex(other_nan))
    code, report = reconcile(rivet, path)
    assert code == 3 and rows_in(report) == [] and report["partitions"][0]["columns"] == []
    assert "the values are right" in report["partitions"][0]["note"] and report["partitions"][0]["causes"] == ["corruption"]
    code, failures = validate(rivet, path)
    assert code == 3 and "the values are those that were recorded" in failures[0]["detail"]
    land(nan, zero, other)
    code, report = reconcile(rivet, path)
    assert code == 3 and differences(report) == {"2": {"v": {"landed": "0", "source": "-0"}}}


# -- rows without a key, some of them alike, in several units


class TestAlike:
    """The rows of TestTwins in each of three units, which are all that tells them apart."""

    CUTS = 3

    @pytest.fixture(params=ENGINES)
    def source(self, request, tmp_path):
        rows = [(cut, *row) for cut in range(1, self.CUTS + 1) for row in test_reconcile.TestTwins.ROWS]
        if request.param == "sqlite":
            with closing(sqlite3.connect(tmp_path / "alike.sqlite")) as connection, connection:
                connection.execute("CREATE TABLE t (cut INTEGER NOT NULL, name TEXT, value REAL)")
                connection.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
            return {"type": "sqlite", "path": str(tmp_path / "alike.sqlite")}
        database = request.getfixturevalue("pg_db")
        with database.connect() as connection:
            connection.execute("CREATE TABLE t (cut integer NOT NULL, name text, value double precision)")
            connection.cursor().executemany("INSERT INTO t VALUES (%s, %s, %s)", rows)
        return database.source

    @pytest.fixture(params=FORMATS)
    def output(self, request, rivet, source):
        """The configuration, the format and the parts."""
        path = rivet.config(source, export("t", table="t", mode="chunked", chunk_column="cut", chunk_size=1, format=request.param))
        rivet.ok("run", "-c", path)
        assert reconcile(rivet, path)[0] == 0
        parts = rivet.output().parts("t")
        assert len(parts) == self.CUTS
        return path, request.param, parts

    @staticmethod
    def change_rows(part: Path, format: str, change) -> None:
        """Puts other rows into a part; `change` gets those that it has as (cut, name, value)."""
        if format == "parquet":
            table = pq.ParquetFile(part).read()
            columns = zip(*change([tuple(row.values()) for row in table.to_pylist()]))
            pq.write_table(pa.Table.from_arrays([pa.array(column, field.type) for column, field in zip(columns, table.schema)], schema=table.schema), part)
            return
        names, *lines = read_raw_csv(part)
        rows = [tuple(row) for row in csv.reader(io.StringIO(part.read_bytes().decode(), newline=""))][1:]
        as_values = [(int(cut), None if line[1] == "" else name, float(value) if value else None) for (cut, name, value), line in zip(rows, lines)]
        texts = {repr(row[2]): line[2] for row, line in zip(as_values, lines)}
        write_raw_csv(part, [names, *([str(cut), raw(name), texts[repr(value)]] for cut, name, value in change(as_values))])

    @pytest.mark.parametrize("edit", test_reconcile.TestTwins.EDITS)
    def test_in_one_of_the_units(self, rivet, source, output, edit):
        path, format, parts = output
        change, missing, extra = test_reconcile.TestTwins.EDITS[edit]
        self.change_rows(parts[1], format, lambda rows: [(2, *row) for row in change([row[1:] for row in rows])])
        if source["type"] == "sqlite" and edit in test_reconcile.TestTwins.NOT_IN_SQLITE:
            missing = extra = 0
        code, report = reconcile(rivet, path)
        assert code == (3 if missing + extra or format == "parquet" else 0)
        changed = min(missing, extra)
        differences = report["summary"]["differences"]
        assert [differences[change] for change in ("changed", "missing", "extra")] == [changed, missing - changed, extra - changed]
        assert [unit["unit_index"] for unit in report["partitions"] if unit["status"] == "mismatch"] == ([1] if code else [])
        assert {row["key"]["cut"] for row in rows_in(report)} <= {"2"}

    def test_rows_that_changed_places_between_units(self, rivet, output):
        path, format, parts = output
        self.change_rows(parts[0], format, lambda rows: [(3, *rows[0][1:]), *rows[1:]])
        self.change_rows(parts[2], format, lambda rows: [(1, *rows[0][1:]), *rows[1:]])
        code, report = reconcile(rivet, path)
        assert code == 3
        assert sorted((unit["unit_index"], row["change"], row["key"]["cut"]) for unit in report["partitions"] for row in unit.get("rows", [])) == [
            (0, "extra", "3"), (0, "missing", "1"), (2, "extra", "1"), (2, "missing", "3")]

    def test_a_value_that_moved_between_two_rows(self, rivet, output):
        path, format, parts = output

        def change(rows):
            a, b = rows[1], rows[2]
            return [rows[0], (*a[:2], b[2]), (*b[:2], a[2]), *rows[3:]]

        self.change_rows(parts[1], format, change)
        code, report = reconcile(rivet, path)
        assert code == 3 and report["summary"]["differences"]["changed"] == 2 == len(rows_in(report))
        (unit,) = [unit for unit in report["partitions"] if unit["status"] == "mismatch"]
        assert unit["unit_index"] == 1 and unit["columns"] == [] and "pairing" in unit["note"]
        code, failures = validate(rivet, path)
        assert code == 3 and "pairing" in failures[0]["detail"]


# -- keys


POSTGRES_KEYS = {
    "integer": ("id integer", "SELECT i * 7 - 150 AS id"),
    "least bigint": ("id bigint", "SELECT CASE i WHEN 1 THEN -9223372036854775808 WHEN 40 THEN 9223372036854775807 ELSE i - 20 END AS id"),
    "smallint": ("id smallint", "SELECT (i - 20) * 1600 AS id"),
    "date": ("id date", "SELECT date '1969-12-20' + i AS id"),
    "uuid": ("id uuid", "SELECT md5(i::text)::uuid AS id"),
    "text": ("id text", "SELECT (ARRAY['', ' ', 'é', 'e\u0301', E'a\\nb', 'a,\"b\"', 'NULL', '🚲'])[1 + i % 8] || CASE WHEN i >= 8 THEN i::text ELSE '' END AS id"),
    "numeric": ("id numeric(20,5)", "SELECT (i - 20) * 100000.00001 AS id"),
    "numeric without precision": ("id numeric", "SELECT (i - 20) * 0.30 AS id"),
    "timestamp": ("id timestamp", "SELECT timestamp '1969-12-31 23:59:59.999990' + i * interval '1 us' AS id"),
    "timestamptz": ("id timestamptz", "SELECT timestamptz '2024-10-27 00:00+00' + i * interval '1 min' AS id"),
    "double": ("id double precision", "SELECT (i - 20) / 7.0 AS id"),
    "bytea": ("id bytea", "SELECT decode(md5(i::text), 'hex') AS id"),
    "boolean and text": ("a boolean, b text", "SELECT i % 2 = 0 AS a, chr(64 + i) AS b"),
    "three columns": ("a date, b integer, c uuid", "SELECT date '2024-01-01' + i % 3 AS a, -i % 5 AS b, md5(i::text)::uuid AS c"),
    "inet": ("id inet", "SELECT ('10.0.0.' || i || '/24')::inet AS id"),
}
SQLITE_KEYS = {
    "integer": ("id INTEGER", lambda i: [i * 7 - 150]),
    "text": ("id TEXT NOT NULL", lambda i: [["", " ", "é", "e\u0301", "a\nb", 'a,"b"', "NULL", "🚲"][i % 8] + (str(i) if i >= 8 else "")]),
    "date": ("id DATE NOT NULL", lambda i: [f"2024-{1 + i % 12:02}-{1 + i // 12:02}"]),
    "real": ("id REAL NOT NULL", lambda i: [(i - 20) / 7]),
    "blob": ("id BLOB NOT NULL", lambda i: [bytes([i, 255 - i])]),
    "decimal": ("id DECIMAL(10,2) NOT NULL", lambda i: [(i - 20) * 25 / 100]),
    "composite": ("a TEXT NOT NULL, b INTEGER NOT NULL", lambda i: ["ab"[i % 2], -i]),
}
KEY_ROWS = 40


class TestKeys:
    """One value is changed in the source and one row is taken from a landed file."""

    @pytest.fixture(params=[("postgres", kind) for kind in POSTGRES_KEYS] + [("sqlite", kind) for kind in SQLITE_KEYS], ids="-".join)
    def keyed(self, request, tmp_path):
        """The source, and what changes the note of the row with a number."""
        engine, kind = request.param
        if engine == "postgres":
            return self.in_postgres(request.getfixturevalue("pg_db"), *POSTGRES_KEYS[kind])
        return self.in_sqlite(tmp_path / "keyed.sqlite", *SQLITE_KEYS[kind])

    def in_postgres(self, database, columns, select):
        names = ", ".join(column.split()[0] for column in columns.split(", "))
        database.execute(f"CREATE TABLE t (note text, number int NOT NULL, {columns}, PRIMARY KEY ({names}))",
                         f"INSERT INTO t SELECT 'n' || i, i, k.* FROM generate_series(1, {KEY_ROWS}) i, LATERAL ({select}) k", "ANALYZE t")
        return database.source, lambda number: database.execute(f"UPDATE t SET note = note || ' ' WHERE number = {number}")

    def in_sqlite(self, path, columns, key_of):
        names = [column.split()[0] for column in columns.split(", ")] if "(" not in columns else ["id"]

        def execute(statement, rows=((),)):
            with closing(sqlite3.connect(path)) as connection, connection:
                connection.executemany(statement, rows)

        execute(f"CREATE TABLE t (note TEXT, number INTEGER NOT NULL, {columns}, PRIMARY KEY ({', '.join(names)}))")
        rows = [[f"n{i}", i, *key_of(i)] for i in range(1, KEY_ROWS + 1)]
        execute(f"INSERT INTO t VALUES ({', '.join('?' * len(rows[0]))})", rows)
        return {"type": "sqlite", "path": str(path)}, lambda number: execute(f"UPDATE t SET note = note || ' ' WHERE number = {number}")

    @staticmethod
    def keys_by_number(rivet, source) -> dict[int, dict[str, str]]:
        """The keys as CSV has them."""
        rivet.ok("run", "-c", rivet.config(source, export("keys", table="t", format="csv", path="./keys")))
        (part,) = rivet.output("keys").parts("keys")
        rows = csv.DictReader(io.StringIO(part.read_bytes().decode(), newline=""))
        return {int(row["number"]): {name: value for name, value in row.items() if name not in ("note", "number")} for row in rows}

    @pytest.mark.parametrize("format, shape", [("parquet", "full"), ("csv", "keyset")])
    def test_name_exactly_the_rows_that_differ(self, rivet, keyed, format, shape):
        source, change_note = keyed
        keys = self.keys_by_number(rivet, source)
        assert len(keys) == KEY_ROWS == len({tuple(key.values()) for key in keys.values()})
        by_key = {"mode": "chunked", "chunk_by_key": list(keys[1]), "chunk_size": 15} if shape == "keyset" else {}
        path = rivet.config(source, export("t", table="t", format=format, **by_key))
        for changed, lost in ((1, KEY_ROWS), (17, 18)):
            rivet.ok("run", "-c", path)
            assert reconcile(rivet, path)[0] == 0
            parts = rivet.output().parts("t")
            assert len(parts) >= 3 if by_key else len(parts) == 1
            notes = [note for part in parts if (note := self.take_row(part, format, lost, changed))]
            change_note(changed)
            code, report = reconcile(rivet, path)
            assert code == 3
            assert {(row["change"], *row["key"].items()) for row in rows_in(report)} == {
                ("missing", *keys[lost].items()), ("changed", *keys[changed].items())}
            assert len(rows_in(report)) == 2
            (columns,) = [row["columns"] for row in rows_in(report) if row["change"] == "changed"]
            assert columns == {"note": {"landed": notes[0], "source": notes[0] + " "}}

    @staticmethod
    def take_row(part: Path, format: str, lost: int, changed: int) -> str | None:
        """Takes a row from the file if it is there; the note of another, if that is there."""
        if format == "parquet":
            table = pq.ParquetFile(part).read()
            numbers, notes = table["number"].to_pylist(), table["note"].to_pylist()
            rewrite(part, without_row(numbers.index(lost)))
            return notes[numbers.index(changed)]
        names, *lines = read_raw_csv(part)
        at = names.index("number")
        write_raw_csv(part, [names, *(line for line in lines if line[at] != str(lost))])
        return next((line[names.index("note")] for line in lines if line[at] == str(changed)), None)
