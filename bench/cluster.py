"""The benchmark's own PostgreSQL cluster and its tables, made once and kept in a folder between runs."""
from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg

BENCH = Path(__file__).resolve().parent
sys.path.insert(0, str(BENCH.parent / "tests" / "e2e"))

from servers import PostgresServer  # noqa: E402

PORT = 54999
DATABASE = "bench"
CONFIG = {"shared_buffers": "256MB", "max_wal_size": "8GB", "autovacuum": "off", "jit": "off", "fsync": "off"}


@dataclass(frozen=True)
class Table:
    """A table of the benchmark: `copies_of` repeats another one `copies` times."""

    name: str
    rows: int
    script: str = ""
    copies_of: str = ""
    copies: int = 0
    index: str = ""


TABLES = {
    table.name: table
    for table in (
        Table("narrow", 3_000_000, script="narrow.sql"),
        Table("wide", 400_000, script="wide.sql"),
        Table("narrow4", 12_000_000, copies_of="narrow", copies=4),
        Table("wide4", 1_600_000, copies_of="wide", copies=4),
        Table("changing", 3_000_000, copies_of="narrow", copies=1, index="l_updated_at"),
    )
}
SQLITE_ROWS = 3_000_000


def bench_folder() -> Path:
    """$RIVET_BENCH_DIR, else /tmp/rivet-bench."""
    return Path(os.environ.get("RIVET_BENCH_DIR", "/tmp/rivet-bench"))


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


class BenchCluster:
    """The cluster, running. Starts it when nobody has; then close() stops it again unless `keep` is set."""

    def __init__(self, folder: Path, *, keep: bool = False):
        self.folder = folder
        self.keep = keep
        self._server: PostgresServer | None = None
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")

    def __enter__(self) -> BenchCluster:
        if not self._answers():
            self._server = PostgresServer(data_dir=self.folder, port=PORT, config=CONFIG).start()
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone():
                connection.execute(f"CREATE DATABASE {DATABASE}")
        return self

    def __exit__(self, *_) -> None:
        if self._server and not self.keep:
            self._server.stop()

    def conninfo(self, database: str = DATABASE) -> str:
        """TCP over loopback: what both programs use."""
        return f"host=127.0.0.1 port={PORT} user=rivet dbname={database}"

    def url(self) -> str:
        return f"postgresql://rivet@127.0.0.1:{PORT}/{DATABASE}"

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self.conninfo("postgres"), connect_timeout=3) as connection:
                found = connection.execute("SHOW data_directory").fetchone()
        except psycopg.OperationalError:
            return False
        if Path(found[0]).resolve() != (self.folder / "data").resolve():
            raise RuntimeError(f"port {PORT} belongs to another cluster, in {found[0]}")
        return True

    # -- tables

    def prepare(self, name: str) -> None:
        """Makes the table unless it is complete; a broken-off attempt is made again."""
        table = TABLES[name]
        with psycopg.connect(self.conninfo(), autocommit=True) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS bench_ready (name text PRIMARY KEY, script text)")
            stamp = self._stamp(table)
            if connection.execute("SELECT 1 FROM bench_ready WHERE name = %s AND script = %s", (name, stamp)).fetchone():
                return
        if table.copies_of:
            self.prepare(table.copies_of)
        began = time.monotonic()
        say(f"making table {name} ({table.rows:,} rows), once")
        with psycopg.connect(self.conninfo(), autocommit=True) as connection:
            connection.execute(f"DROP TABLE IF EXISTS {name}")
            if table.script:
                self._make_from_script(connection, table)
            else:
                self._make_from_copies(connection, table)
            if table.index:
                connection.execute(f"CREATE INDEX ON {name} ({table.index})")
            connection.execute(f"VACUUM (ANALYZE) {name}")
            connection.execute("CHECKPOINT")
            connection.execute("INSERT INTO bench_ready VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET script = excluded.script",
                               (name, stamp))
        say(f"table {name}: {time.monotonic() - began:.0f} s")

    def change(self, name: str, share: float) -> None:
        """Gives a share of the rows, spread over the table, a cursor greater than any before; the space is used again."""
        with psycopg.connect(self.conninfo(), autocommit=True) as connection:
            connection.execute(f"UPDATE {name} SET l_updated_at = clock_timestamp() WHERE ctid IN "
                               f"(SELECT ctid FROM {name} TABLESAMPLE BERNOULLI ({100 * share}))")
            connection.execute(f"VACUUM {name}")

    def heap_bytes(self, name: str) -> int:
        with psycopg.connect(self.conninfo()) as connection:
            return connection.execute("SELECT pg_table_size(%s::regclass)", (name,)).fetchone()[0]

    @staticmethod
    def _stamp(table: Table) -> str:
        """What the table's content depends on."""
        base = TABLES[table.copies_of] if table.copies_of else table
        text = (BENCH / "sql" / "text_pool.sql").read_text() + (BENCH / "sql" / base.script).read_text()
        return f"{table.rows} {text}{table.index}"

    @staticmethod
    def _make_from_script(connection: psycopg.Connection, table: Table) -> None:
        connection.execute("DROP TABLE IF EXISTS bench_word, bench_sentence")
        connection.execute((BENCH / "sql" / "text_pool.sql").read_text())
        connection.execute((BENCH / "sql" / table.script).read_text().replace(":rows", str(table.rows)))

    @staticmethod
    def _make_from_copies(connection: psycopg.Connection, table: Table) -> None:
        connection.execute(f"CREATE TABLE {table.name} (LIKE {table.copies_of})")
        for _ in range(table.copies):
            connection.execute(f"INSERT INTO {table.name} SELECT * FROM {table.copies_of}")


def prepare_sqlite(folder: Path) -> Path:
    """A SQLite file with one table of three columns (integer, integer, text), made once."""
    path = folder / "bench.sqlite"
    if path.exists():
        return path
    say(f"making the SQLite table ({SQLITE_ROWS:,} rows), once")
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with closing(sqlite3.connect(draft)) as connection:
        connection.execute("CREATE TABLE small (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL, name TEXT NOT NULL)")
        rows = ((i, i * 2654435761 % 1_000_003, f"customer {i * 40503 % 65536:05d} of {i % 977}") for i in range(1, SQLITE_ROWS + 1))
        with connection:
            connection.executemany("INSERT INTO small VALUES (?, ?, ?)", rows)
    draft.rename(path)
    return path
