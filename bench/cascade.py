#!/usr/bin/env python3
"""Measures the cascade on a PostgreSQL server of its own with the server's default durability (fsync on): every number beside its target.

Each measurement is a process of its own (build/cascade_bench) on a fresh schema; what is printed is the median of the runs, with the
least and the greatest. What an idle supervisor costs is counted by the server: pg_stat_statements, utility statements included.
"""
from __future__ import annotations

import argparse
import json
import os
import platform
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from servers import PostgresServer  # noqa: E402

PROGRAM, RIVET = ROOT / "build" / "cascade_bench", ROOT / "build" / "rivet"
CONFIG = {"shared_buffers": "256MB", "max_wal_size": "4GB", "shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track_utility": "on"}
WORKERS = 16
LEASE_S = 2


@dataclass(frozen=True)
class Row:
    """A number that is printed: `key` of what the steps print, and its target."""

    name: str
    key: str
    unit: str
    target: float | None = None
    at_most: bool = True

    def verdict(self, value: float) -> str:
        if self.target is None:
            return ""
        return "met" if (value <= self.target if self.at_most else value >= self.target) else "MISSED"

    def wanted(self) -> str:
        return "" if self.target is None else f"{'<=' if self.at_most else '>='} {self.target:g}"


@dataclass(frozen=True)
class Measure:
    """Steps that are run one after the other on one fresh schema; the last one prints the numbers."""

    name: str
    steps: tuple[tuple[object, ...], ...]
    rows: tuple[Row, ...]

    def run(self, server: PostgresServer, schema: str) -> dict:
        """What the last step prints."""
        for step in self.steps:
            command = [str(PROGRAM), server.host, str(server.port), server.user, "postgres", schema, *map(str, step)]
            output = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True).stdout
        return json.loads(output)


class Recovery:
    """From the death of a worker to the moment at which another one has its node."""

    name = "recovery"
    rows = (Row(f"recovery after kill -9 of a worker, lease {LEASE_S} s", "s", "s", LEASE_S + 2),)

    def run(self, server: PostgresServer, schema: str) -> dict:
        with tempfile.TemporaryDirectory() as folder:
            config = {"source": {"type": "sqlite", "path": "shop.db"}, "gates": [{"name": "wait", "command": ["sleep", "5"]}],
                      "exports": [{"name": "t", "table": "t", "depends_on": ["wait"], "format": "csv", "destination": {"type": "local", "path": "out"}}]}
            Path(folder, "rivet.yaml").write_text(json.dumps(config))
            sqlite3.connect(Path(folder, "shop.db")).execute("CREATE TABLE t (id INTEGER PRIMARY KEY)").connection.close()
            env = {**os.environ, "RIVET_STATE_URL": f"{server.url('postgres')}?schema={schema}"}
            quiet = {"cwd": folder, "env": env, "stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            subprocess.run([RIVET, "submit", "-c", "rivet.yaml"], check=True, **quiet)
            work = [RIVET, "worker", "--lease", f"{LEASE_S}s"]
            with server.connect() as connection:
                first = subprocess.Popen(work, **quiet)
                self.started(connection, schema, 1)
                second = subprocess.Popen(work, **quiet)
                time.sleep(random.uniform(1, 2))  # anywhere between two heartbeats
                first.kill()
                killed = time.time()
                first.wait()
                again = self.started(connection, schema, 2)
                second.terminate()
                second.wait()
        return {"s": again - killed}

    @staticmethod
    def started(connection, schema: str, attempt: int) -> float:
        """When the attempt began, once it has."""
        while True:
            row = connection.execute(f"SELECT started_at FROM {schema}.node_attempt WHERE attempt = {attempt}").fetchone()
            if row:
                return row[0] / 1e6
            time.sleep(0.02)


MEASURES = (
    Measure("latency", (("latency", 200, 5),),
            (Row("finish -> child eligible at 200/s, p50", "p50_ms", "ms", 5), Row("finish -> child eligible at 200/s, p99", "p99_ms", "ms", 50))),
    Measure("drain", (("fill", 100_000, 32), ("drain",)), (Row("drain of 100,000 events, 32 to a child", "edges_per_s", "edges/s", 10_000, at_most=False),
             Row("the same, peak RSS of who sweeps", "peak_mb", "MiB"))),
    Measure("fan_in", (("fan_in", 10_000),), (Row("a group of 10,000 advanced", "s", "s", 0.2),)),
    Measure("idle", (("idle", 10),), (Row("idle supervisor, queries", "queries_per_s", "queries/s", 5),
             Row("the same with BEGIN and COMMIT", "with_control_per_s", "statements/s"), Row("idle supervisor, peak RSS", "peak_mb", "MiB"))),
    Measure("units", (("units", 2_000, WORKERS),), (Row(f"units claimed and committed, {WORKERS} workers", "units_per_s", "units/s", 1_500, at_most=False),)),
    Measure("nodes", (("nodes", 1_000, WORKERS),), (Row(f"runs of one node submitted, claimed, ended, {WORKERS} workers", "ops_per_s", "ops/s"),)),
    Recovery(),
    Measure("rss_10k", (("fill", 10_000, 32), ("supervise",)), (Row("supervisor with a backlog of 10,000 events, peak RSS", "peak_mb", "MiB"),)),
)


def fresh_schemas() -> Iterator[str]:
    number = 0
    while True:
        number += 1
        yield f"bench_{number}"


def run_once(server: PostgresServer, measure: Measure | Recovery, schema: str) -> dict:
    try:
        return measure.run(server, schema)
    finally:
        with server.connect() as connection:
            connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="runs of each measurement, of which the median is printed (default 5)")
    parser.add_argument("--only", nargs="+", choices=[measure.name for measure in MEASURES], help="only these measurements")
    args = parser.parse_args()
    chosen = [measure for measure in MEASURES if not args.only or measure.name in args.only]
    schemas = fresh_schemas()
    failed = 0
    with PostgresServer(fsync=True, config=CONFIG) as server:
        with server.connect() as connection:
            connection.execute("CREATE EXTENSION pg_stat_statements")
            (version,) = connection.execute("SHOW server_version").fetchone()
        print(f"PostgreSQL {version}, fsync on, {os.cpu_count()} cores, {platform.machine()}; median of {args.runs} (least - greatest)\n", flush=True)
        print(f"| {'measured':58} | {'value':>28} | {'target':>12} | {'':6} |\n|{'-' * 60}|{'-' * 30}|{'-' * 14}|{'-' * 8}|")
        for measure in chosen:
            samples = [run_once(server, measure, next(schemas)) for _ in range(args.runs)]
            for row in measure.rows:
                values = [sample[row.key] for sample in samples]
                value = statistics.median(values)
                failed += row.verdict(value) == "MISSED"
                shown = f"{value:,.4g} ({min(values):,.4g} - {max(values):,.4g}) {row.unit}"
                print(f"| {row.name:58} | {shown:>28} | {row.wanted():>12} | {row.verdict(value):6} |", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
