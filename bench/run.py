#!/usr/bin/env python3
"""Measures the program against a drained COPY: wall, client CPU, peak memory, output size.

Both programs use one TCP connection to 127.0.0.1 and run in turn (A B A B ...), after one warm-up each that is not counted. The
ratio is the median of the ratios pair by pair, so that a slow moment of the machine weighs on both sides. CPU seconds and peak
RSS are the kernel's own figures for the client process (wait4). rivet runs with default settings: Parquet, zstd, digest on.

During the run that is not counted, pg_stat_activity is looked at 20 times a second: the longest statement and transaction, and how far
the oldest snapshot held back VACUUM.

The table "proof" is `narrow` in 30 chunks once more: what `rivet reconcile` of it takes, against a COUNT of each chunk on an open
connection and against the extraction, and what its digests take.

The row "zstd-3 alone" tells how fast this machine compresses: the CPU seconds one thread needs for the pages of rivet's own output,
already encoded, 1 MiB at a time, with the codec that rivet uses.
"""
from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from activity import LOOKS_PER_SECOND, Activity, ActivityWatch
from cluster import SQLITE_ROWS, TABLES, BenchCluster, bench_folder, prepare_sqlite, say

ROOT = Path(__file__).resolve().parents[1]
MB = 1_000_000


@dataclass(frozen=True)
class Target:
    """What the issue asks of one table; absent values are not judged."""

    ratio: float | None = None
    single: float | None = None
    cpu_s: float | None = None
    peak_mb: float | None = None
    output_mb: float | None = None
    rows_per_s: float | None = None


TARGETS = {
    "narrow": Target(ratio=1.00, cpu_s=2.6, peak_mb=110, output_mb=112),
    "wide": Target(ratio=1.50, cpu_s=2.3, peak_mb=110, output_mb=245),
    "narrow4": Target(peak_mb=110),
    "wide4": Target(peak_mb=110),
    "changing": Target(),
    "sqlite": Target(rows_per_s=1_000_000),
}
# The same table in other modes: keys of the export, and what is asked of it. `single` is the ratio to the plain run.
VARIANTS = {
    "narrow": {
        "parallel: 2": {"parallel": 2},
        "parallel: 4": {"parallel": 4},
        "30 chunks": {"mode": "chunked", "chunk_column": "l_orderkey", "chunk_count": 30},
        "keyset": {"mode": "chunked", "chunk_by_key": "l_orderkey", "chunk_size": 100_000},
    },
}
INCREMENTAL = {"mode": "incremental", "cursor_column": "l_updated_at"}
CHANGED = 0.01  # of the rows, before a later incremental run
VARIANT_TARGETS = {"parallel: 2": Target(ratio=0.85), "parallel: 4": Target(peak_mb=180), "30 chunks": Target(single=1.10)}
FLATNESS = 1.15  # peak at four times the rows, against the peak at one


@dataclass(frozen=True)
class Sample:
    """One run of one program."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    output_mb: float = 0


@dataclass(frozen=True)
class Result:
    """Medians of one program on one table; `ratio` is absent for the yardstick itself."""

    table: str
    program: str
    rows: int
    wall_s: float
    cpu_s: float
    peak_mb: float
    output_mb: float
    ratio: float | None  # to the drained COPY
    samples: list[Sample]
    activity: Activity | None = None


class ProgramFailed(RuntimeError):
    pass


def measure(command: list[str], folder: Path) -> Sample:
    """Runs a program to its end, its output to a file, and takes the kernel's account of it.

    `time` stands between: a child of this process would begin with our own peak RSS on its account.
    """
    peak_file = folder / "peak"
    with (folder / "program.log").open("w+") as log:
        began = time.perf_counter()
        child = subprocess.Popen(["/usr/bin/time", "-o", str(peak_file), "-f", "%M", *command], stdin=subprocess.DEVNULL,
                                 stdout=log, stderr=log)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            log.seek(0)
            raise ProgramFailed(f"{' '.join(command)} ended with {child.returncode}\n{log.read()}")
    return Sample(wall, usage.ru_utime + usage.ru_stime, int(peak_file.read_text()) * 1024 / MB)


class DrainedCopy:
    """The yardstick."""

    name = "drained COPY"

    def __init__(self, conninfo: str, table: str, folder: Path):
        self.folder = folder
        self.command = [str(ROOT / "build" / "drain_copy"), conninfo, table]

    def run(self) -> Sample:
        return measure(self.command, self.folder)


class RivetRun:
    """`rivet run` of one table into a fresh folder each time, so that no earlier state helps or hurts."""

    name = "rivet"

    def __init__(self, source: dict, table: str, folder: Path, keys: dict | None = None):
        self.source = source
        self.table = table
        self.folder = folder
        self.keys = keys or {}

    def run(self) -> Sample:
        shutil.rmtree(self.folder / "rivet", ignore_errors=True)
        return self.run_again()

    def run_again(self) -> Sample:
        """A run that finds what earlier ones left."""
        work = self.folder / "rivet"
        work.mkdir(exist_ok=True)
        before = {path: path.stat().st_size for path in self.output()}
        export = {"name": self.table, "table": self.table, "format": "parquet",
                  "destination": {"type": "local", "path": str(work / "output")}, **self.keys}
        config = work / "bench.yaml"
        config.write_text(json.dumps({"source": self.source, "exports": [export]}))
        sample = measure([rivet_program(), "run", "-c", str(config)], self.folder)
        return Sample(sample.wall_s, sample.cpu_s, sample.peak_mb, sum(path.stat().st_size for path in self.output() if path not in before) / MB)

    def output(self) -> list[Path]:
        """What the latest run wrote."""
        return list((self.folder / "rivet" / "output").rglob("*.parquet"))


class Reconcile:
    """`rivet reconcile` of what `first` has exported."""

    def __init__(self, first: RivetRun, depth: str):
        self.first = first
        self.depth = depth

    def run(self) -> Sample:
        config = self.first.folder / "rivet" / "bench.yaml"
        return measure([rivet_program(), "reconcile", "-c", str(config), "-e", self.first.table, "--depth", self.depth],
                       self.first.folder)


class BareCounts:
    """The yardstick of reconciling by count: a COUNT for each unit of what `first` has exported, on one connection."""

    def __init__(self, first: RivetRun, conninfo: str, key: str):
        self.first = first
        self.conninfo = conninfo
        self.key = key

    def run(self) -> Sample:
        with closing(sqlite3.connect(self.first.folder / "rivet" / ".rivet_state.db")) as state:
            units = state.execute("SELECT start_key, end_key FROM unit ORDER BY unit_index").fetchall()
        wall = 0.0
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            for first, last in units:
                began = time.perf_counter()
                connection.execute(f"SELECT count(*) FROM {self.first.table} WHERE {self.key} BETWEEN {int(first)} AND {int(last)}").fetchone()
                wall += time.perf_counter() - began
        return Sample(wall, 0, 0)


class LaterRun:
    """What comes after an incremental run: some rows change, and it runs again. Only that run is measured."""

    def __init__(self, first: RivetRun, cluster: BenchCluster):
        self.first = first
        self.cluster = cluster

    def run(self) -> Sample:
        self.cluster.change(self.first.table, CHANGED)
        return self.first.run_again()


def rivet_program() -> str:
    return os.environ.get("RIVET_BIN", str(ROOT / "build" / "rivet"))


def digest_alone_s(run: RivetRun) -> float:
    """CPU seconds to digest what the run wrote, once more, and nothing else."""
    done = subprocess.run([ROOT / "build" / "digest_alone", run.folder / "rivet" / "output", run.table], check=True, capture_output=True,
                          text=True)
    return float(done.stdout)


def zstd_alone_s(files: list[Path]) -> float:
    """CPU seconds to compress what these files hold, encoded as they are, and nothing else."""
    codec = pa.Codec("zstd", compression_level=3)
    seconds = 0.0
    for path in files:
        file = pq.ParquetFile(path)
        first = file.metadata.row_group(0)
        columns = [first.column(i) for i in range(first.num_columns)]
        dictionaries = [c.path_in_schema for c in columns if c.has_dictionary_page]
        for group in range(file.num_row_groups):
            sink = pa.BufferOutputStream()
            pq.write_table(file.read_row_group(group), sink, compression="none", use_dictionary=dictionaries)
            pages = sink.getvalue()
            began = time.process_time()
            for at in range(0, pages.size, 1 << 20):
                codec.compress(pages.slice(at, min(1 << 20, pages.size - at)))
            seconds += time.process_time() - began
    return seconds


def median_of(table: str, program: str, rows: int, samples: list[Sample], against: list[Sample] | None,
              activity: Activity | None = None) -> Result:
    def middle(name: str) -> float:
        return statistics.median(getattr(sample, name) for sample in samples)

    ratio = statistics.median(a.wall_s / b.wall_s for a, b in zip(samples, against)) if against else None
    return Result(table, program, rows, middle("wall_s"), middle("cpu_s"), middle("peak_mb"), middle("output_mb"), ratio, samples,
                  activity)


def in_turn(programs: list, runs: int) -> list[list[Sample]]:
    """`runs` rounds; the samples of each program."""
    rounds = [[program.run() for program in programs] for _ in range(runs)]
    return [list(samples) for samples in zip(*rounds)]


def watched(program, conninfo: str) -> Activity:
    """The program's warm-up, and what the server had of it."""
    with ActivityWatch(conninfo) as watch:
        program.run()
    return watch.seen


def bench_table(cluster: BenchCluster, name: str, runs: int, folder: Path) -> list[Result]:
    cluster.prepare(name)
    say(f"{name}: {TABLES[name].rows:,} rows, {cluster.heap_bytes(name) / MB:.0f} MB heap, {runs} runs each")
    source = {"type": "postgres", "url": cluster.url()}
    variants = VARIANTS.get(name, {})
    programs = [DrainedCopy(cluster.conninfo(), name, folder), RivetRun(source, name, folder),
                *(RivetRun(source, name, folder, keys) for keys in variants.values())]
    activities = [watched(program, cluster.conninfo()) for program in programs]
    drained, *others = in_turn(programs, runs)
    rows = TABLES[name].rows
    alone = zstd_alone_s(programs[-1].output())
    return [median_of(name, "drained COPY", rows, drained, None, activities[0]),
            *(median_of(name, program, rows, samples, drained, activity)
              for program, samples, activity in zip(["rivet", *variants], others, activities[1:])),
            Result(name, "zstd-3 alone", rows, alone, alone, 0, 0, None, [])]


def bench_incremental(cluster: BenchCluster, name: str, runs: int, folder: Path) -> list[Result]:
    cluster.prepare(name)
    say(f"{name}: incremental, {CHANGED:.0%} of the rows change before a later run, {runs} runs each")
    first = RivetRun({"type": "postgres", "url": cluster.url()}, name, folder, INCREMENTAL)
    later = LaterRun(first, cluster)
    activity = watched(first, cluster.conninfo())
    cluster.change(name, CHANGED)
    with ActivityWatch(cluster.conninfo()) as watch:
        first.run_again()
    firsts, laters = in_turn([first, later], runs)
    rows = TABLES[name].rows
    return [median_of(name, "incremental", rows, firsts, None, activity),
            median_of(name, "later run", int(rows * CHANGED), laters, None, watch.seen)]


def bench_proof(cluster: BenchCluster, runs: int, folder: Path) -> list[Result]:
    """What it costs to prove an extraction, while it runs and afterwards."""
    table, key = "narrow", "l_orderkey"
    cluster.prepare(table)
    say(f"proof: {table} in 30 chunks, {runs} runs each")
    first = RivetRun({"type": "postgres", "url": cluster.url()}, table, folder, VARIANTS[table]["30 chunks"])
    counts, count, content = BareCounts(first, cluster.conninfo(), key), Reconcile(first, "count"), Reconcile(first, "content")
    activities = [watched(program, cluster.conninfo()) for program in (first, counts, count, content)]
    firsts, bare, counted, compared = in_turn([first, counts, count, content], runs)
    rows = TABLES[table].rows
    digest = digest_alone_s(first)
    return [median_of("proof", "extraction", rows, firsts, None, activities[0]),
            median_of("proof", "bare counts", rows, bare, None, activities[1]),
            median_of("proof", "count", rows, counted, bare, activities[2]),
            median_of("proof", "content", rows, compared, firsts, activities[3]),
            Result("proof", "digest alone", rows, digest, digest, 0, 0, None, [])]


def bench_sqlite(runs: int, folder: Path) -> list[Result]:
    path = prepare_sqlite(bench_folder())
    say(f"sqlite: {SQLITE_ROWS:,} rows, {runs} runs")
    program = RivetRun({"type": "sqlite", "path": str(path)}, "small", folder)
    program.run()
    (samples,) = in_turn([program], runs)
    return [median_of("sqlite", "rivet", SQLITE_ROWS, samples, None)]


def print_results(results: list[Result]) -> None:
    print(f"\n{'table':<9}{'program':<14}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}{'out MB':>8}{'ratio':>7}{'rows/s':>12}")
    for r in results:
        ratio = f"{r.ratio:.2f}" if r.ratio is not None else "-"
        size = f"{r.output_mb:.0f}" if r.output_mb else "-"
        peak = f"{r.peak_mb:.0f}" if r.peak_mb else "-"
        print(f"{r.table:<9}{r.program:<14}{r.wall_s:>8.2f}{r.cpu_s:>8.2f}{peak:>9}{size:>8}{ratio:>7}{r.rows / r.wall_s:>12,.0f}")


def print_activity(results: list[Result]) -> None:
    print(f"\n{'table':<9}{'program':<14}{'statement s':>13}{'transaction s':>15}{'xmin age':>10}   ({LOOKS_PER_SECOND} transactions a second)")
    for r in results:
        if r.activity:
            print(f"{r.table:<9}{r.program:<14}{r.activity.statement_s:>13.2f}{r.activity.transaction_s:>15.2f}{r.activity.xmin_age:>10}")


def verdicts(results: list[Result]) -> list[tuple[bool, str]]:
    """Each target with whether it is met."""
    rivet = {r.table: r for r in results if r.program == "rivet"}
    lines = []

    def judge(table: str, what: str, value: float, limit: float | None, digits: int, at_least: bool = False) -> None:
        if limit is not None:
            met = value >= limit if at_least else value <= limit
            bound = "at least" if at_least else "at most"
            lines.append((met, f"{table}: {what} {value:,.{digits}f} ({bound} {limit:,.{digits}f})"))

    for r in results:
        target = VARIANT_TARGETS.get(r.program)
        if target is None:
            continue
        what = f"{r.table}, {r.program}"
        judge(what, "wall, of the drained COPY,", r.ratio, target.ratio, 2)
        judge(what, "wall, of the plain run,", r.wall_s / rivet[r.table].wall_s, target.single, 2)
        judge(what, "peak RSS MB", r.peak_mb, target.peak_mb, 0)

    for table, r in rivet.items():
        target = TARGETS[table]
        if r.ratio is not None:
            judge(table, "wall, of the drained COPY,", r.ratio, target.ratio, 2)
        judge(table, "client CPU s", r.cpu_s, target.cpu_s, 2)
        judge(table, "peak RSS MB", r.peak_mb, target.peak_mb, 0)
        judge(table, "output MB", r.output_mb, target.output_mb, 1)
        judge(table, "rows/s", r.rows / r.wall_s, target.rows_per_s, 0, at_least=True)
        if table.endswith("4") and table[:-1] in rivet:
            judge(table, "peak RSS, of the peak at a quarter of the rows,", r.peak_mb / rivet[table[:-1]].peak_mb, FLATNESS, 2)
    return lines


def judge_proof(results: list[Result]) -> list[tuple[bool, str]]:
    proof = {r.program: r for r in results if r.table == "proof"}
    if not proof:
        return []
    extraction, digest = proof["extraction"], proof["digest alone"]
    values = [("reconcile --depth count, of the bare counts,", proof["count"].ratio, 1.20),
              ("reconcile --depth content, of the extraction,", proof["content"].ratio, 1.15),
              ("digest, of the extraction's client CPU,", digest.cpu_s / extraction.cpu_s, 0.15),
              ("digest, of its wall if nothing overlapped,", digest.cpu_s / extraction.wall_s, 0.05)]
    return [(value <= limit, f"proof: {what} {value:.2f} (at most {limit:.2f})") for what, value, limit in values]


def save(results: list[Result]) -> Path:
    now = datetime.now(timezone.utc)
    path = ROOT / "bench" / f"results-{now:%Y%m%dT%H%M%SZ}.json"
    machine = {"cpus": os.cpu_count(), "kernel": platform.release(), "load_at_end": os.getloadavg()}
    path.write_text(json.dumps({"at": now.isoformat(), "machine": machine, "results": [asdict(r) for r in results]}, indent=2))
    return path


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each program (default 5)")
    parser.add_argument("--quick", action="store_true", help="three runs, and neither the tables of four times the rows nor SQLite")
    parser.add_argument("--only", action="append", choices=[*TARGETS, "proof"], help="measure only this table; repeatable")
    parser.add_argument("--save", action="store_true", help="write bench/results-<time>.json with every sample")
    parser.add_argument("--keep", action="store_true", help="leave the cluster running afterwards")
    parser.add_argument("--prepare", action="store_true", help="only make cluster and tables")
    return parser.parse_args()


def bench(cluster: BenchCluster, table: str, runs: int, folder: Path) -> list[Result]:
    if table == "sqlite":
        return bench_sqlite(runs, folder)
    if table == "proof":
        return bench_proof(cluster, runs, folder)
    if table == "changing":
        return bench_incremental(cluster, table, runs, folder)
    return bench_table(cluster, table, min(runs, 3) if table.endswith("4") else runs, folder)


def run_benches(cluster: BenchCluster, tables: list[str], runs: int) -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="rivet-bench-out-", dir="/tmp") as scratch:
        results = []
        for table in tables:
            results += bench(cluster, table, runs, Path(scratch))
        return results


def main() -> int:
    options = parse_arguments()
    tables = options.only or (["narrow", "wide", "changing", "proof"] if options.quick else [*TARGETS, "proof"])
    runs = min(options.runs, 3) if options.quick else options.runs
    with BenchCluster(bench_folder(), keep=options.keep) as cluster:
        if options.prepare:
            for table in tables:
                prepare_sqlite(bench_folder()) if table == "sqlite" else cluster.prepare("narrow" if table == "proof" else table)
            return 0
        try:
            results = run_benches(cluster, tables, runs)
        except ProgramFailed as failure:
            print(f"bench: {failure}", file=sys.stderr)
            return 1
    print_results(results)
    print_activity(results)
    print(f"\nTCP loopback, one connection, default settings; load average now {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs\n")
    for met, line in verdicts(results) + judge_proof(results):
        print(f"  {'pass' if met else 'MISS'}  {line}")
    if options.save:
        print(f"\nsamples: {save(results).relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
