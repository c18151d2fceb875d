"""What the end-to-end tests share: running the program, writing configs, reading its output with other readers."""
from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import xxhash

REPOSITORY = Path(__file__).resolve().parents[2]
RUN_TIMEOUT_S = 400


def rivet_binary() -> Path:
    """The program under test: $RIVET_BIN, else build/rivet."""
    binary = Path(os.environ.get("RIVET_BIN", REPOSITORY / "build" / "rivet"))
    assert binary.is_file(), f"{binary} is not there: run `make build`, or set RIVET_BIN"
    return binary


def wait_until(holds, process: subprocess.Popen | None = None, timeout: float = 30) -> None:
    """Waits until `holds()` is true. `process` must not end before."""
    deadline = time.monotonic() + timeout
    while not holds():
        assert process is None or process.poll() is None, f"it ended with {process.returncode}: {process.communicate()}"
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


@dataclass(frozen=True)
class Finished:
    """How a run of the program ended. `code` is negative when a signal ended it."""

    code: int
    stdout: str
    stderr: str

    def json(self):
        """stdout as the one JSON document it must be."""
        return json.loads(self.stdout)

    def error(self) -> dict:
        """The object that --json-errors puts on stderr: its last line that is JSON."""
        lines = [line for line in self.stderr.splitlines() if line.startswith("{")]
        assert lines, f"no JSON on stderr:\n{self.stderr}"
        return json.loads(lines[-1])


@dataclass
class Rivet:
    """Runs the program in a folder of its own, which also holds its config, state and output."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def command(self, *args: str | Path) -> list[str]:
        return [str(rivet_binary()), *map(str, args)]

    def environment(self, extra: dict[str, str] | None = None) -> dict[str, str]:
        """A small environment: nothing of the caller's RIVET_, PG or colour variables gets in."""
        kept = {name: os.environ[name] for name in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS") if name in os.environ}
        return {**kept, "HOME": str(self.folder), "LC_ALL": "C.UTF-8", **self.env, **(extra or {})}

    def __call__(self, *args: str | Path, env: dict[str, str] | None = None, timeout: float = RUN_TIMEOUT_S) -> Finished:
        """Runs to the end and returns how it went, whatever that is."""
        done = subprocess.run(self.command(*args), cwd=self.folder, env=self.environment(env), stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=timeout)
        return Finished(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def ok(self, *args: str | Path, **options) -> Finished:
        """Runs and requires exit code 0."""
        done = self(*args, **options)
        assert done.code == 0, f"rivet {' '.join(map(str, args))} ended with {done.code}\n{done.stdout}\n{done.stderr}"
        return done

    def start(self, *args: str | Path, env: dict[str, str] | None = None) -> subprocess.Popen:
        """Starts it in the background; the caller waits for it."""
        return subprocess.Popen(self.command(*args), cwd=self.folder, env=self.environment(env), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def killed_at(self, point: str, *args: str | Path, env: dict[str, str] | None = None) -> Finished:
        """Runs with RIVET_TEST_PANIC_AT=point and requires that it died of SIGKILL there."""
        done = self(*args, env={"RIVET_TEST_PANIC_AT": point, **(env or {})})
        assert done.code == -signal.SIGKILL, f"it did not die at {point} but ended with {done.code}\n{done.stderr}"
        return done

    def killed_after(self, seconds: float, *args: str | Path) -> bool:
        """Runs and sends SIGKILL after so long. Whether it died of that: it may have ended before."""
        process = self.start(*args)
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return process.returncode == -signal.SIGKILL

    def killed_at_random_times(self, deaths: int, choose: random.Random, *args: str | Path) -> None:
        """Runs it once to its end, then again and again until so many runs have been killed."""
        began = time.monotonic()
        self.ok(*args)
        whole_run = time.monotonic() - began
        while deaths > 0:
            if self.killed_after(choose.uniform(0.01, whole_run), *args):
                deaths -= 1
            else:
                whole_run *= 0.8  # the first run was slow

    # -- config

    def config(self, source: dict, *exports: dict, name: str = "rivet.yaml", **root) -> Path:
        """Writes a config file. JSON is YAML, and needs no library to write."""
        path = self.folder / name
        path.write_text(json.dumps({"source": source, "exports": list(exports), **root}, ensure_ascii=False, indent=2))
        return path

    def output(self, path: str = "output") -> Output:
        """What lies at a local destination of this folder."""
        return Output(self.folder / path)

    # -- state

    def state(self, query: str, *values) -> list[tuple]:
        """Asks the state store with SQL, read-only."""
        store = self.folder / ".rivet_state.db"
        with closing(sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)) as connection:
            return connection.execute(query, values).fetchall()

    def summary(self, run_id: str) -> dict:
        return json.loads((self.folder / ".rivet" / "runs" / run_id / "summary.json").read_text())


def finished(process: subprocess.Popen, timeout: float = 60) -> Finished:
    """How a started run ends."""
    stdout, stderr = process.communicate(timeout=timeout)
    return Finished(process.returncode, stdout, stderr)


@contextmanager
def paused(rivet: Rivet, path: Path, *args: str | Path, point: str = "batch_written"):
    """A run that waits at a point of the pipeline; the with-block gets it and what lets it go on."""
    gate, reached = rivet.folder / "gate", rivet.folder / "gate.reached"
    process = rivet.start("run", "-c", path, "--json-errors", *args, env={"RIVET_TEST_PAUSE_AT": f"{point}={gate}"})
    try:
        wait_until(lambda: reached.exists() or process.poll() is not None)
        assert process.poll() is None, process.communicate()
        yield process, gate.touch
    finally:
        gate.touch()
        if process.poll() is None:
            process.kill()
            process.communicate()
        for left in (gate, reached):
            left.unlink()


def export(name: str, *, path: str = "./output", format: str = "parquet", **keys) -> dict:
    """An entry of `exports:` with a local destination; `keys` adds to it or replaces."""
    return {"name": name, "mode": "full", "format": format, "destination": {"type": "local", "path": path}, **keys}


def marker_of(manifest: bytes) -> str:
    """The only content of _SUCCESS that vouches for these manifest bytes."""
    return f"xxh3:{xxhash.xxh3_64_hexdigest(manifest)}\n"


@dataclass(frozen=True)
class Output:
    """A local prefix as a reader sees it who follows the manifest."""

    folder: Path

    def manifest_bytes(self, export_name: str) -> bytes:
        return (self.folder / f"manifest.{export_name}.json").read_bytes()

    def manifest(self, export_name: str) -> dict:
        """The authoritative manifest. REQUIRES that its completion marker vouches for it."""
        raw = self.manifest_bytes(export_name)
        marker = (self.folder / f"_SUCCESS.{export_name}").read_text()
        assert marker == marker_of(raw), f"_SUCCESS.{export_name} does not vouch for manifest.{export_name}.json"
        return json.loads(raw)

    def parts(self, export_name: str) -> list[Path]:
        """Files that count, in the order of the manifest; each must be what the manifest says."""
        paths = []
        for part in self.manifest(export_name)["parts"]:
            assert part["status"] == "committed", part
            path = self.folder / part["path"]
            content = path.read_bytes()
            assert len(content) == part["size_bytes"], f"{path} has {len(content)} bytes, the manifest says {part['size_bytes']}"
            assert f"xxh3:{xxhash.xxh3_64_hexdigest(content)}" == part["content_fingerprint"], f"{path}: other bytes than listed"
            paths.append(path)
        return paths

    def table(self, export_name: str) -> pa.Table:
        """All rows, read by pyarrow."""
        parts = self.parts(export_name)
        assert parts, f"{export_name} has no parts"
        return pa.concat_tables([pq.ParquetFile(part).read() for part in parts])

    def duckdb_table(self, export_name: str) -> pa.Table:
        """All rows, read by DuckDB."""
        parts = [str(part) for part in self.parts(export_name)]
        with duckdb.connect() as connection:
            return connection.read_parquet(parts).to_arrow_table()

    def by_name(self, export_name: str, select: str) -> list[tuple]:
        """`SELECT select` of all rows, whatever columns each part has; one that a part lacks is NULL there. In order."""
        parts = [str(part) for part in self.parts(export_name)]
        with duckdb.connect() as connection:
            return connection.execute(f"SELECT {select} FROM read_parquet($1, union_by_name = true) ORDER BY ALL", [parts]).fetchall()

    def names(self) -> set[str]:
        """Every file below the prefix, hidden ones too."""
        return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file()}

    def unfinished(self) -> set[str]:
        """Dot-files: parts that were never published. There must be none after a clean end."""
        return {name for name in self.names() if Path(name).name.startswith(".")}


def rows_of(table: pa.Table, key: str = "id") -> list[tuple]:
    """Rows as tuples of Python values in the order of the key column."""
    records = [tuple(row.values()) for row in table.to_pylist()]
    position = table.column_names.index(key)
    return sorted(records, key=lambda row: row[position])
