#!/usr/bin/env python3
"""Checks that the sources include only what src/CMakeLists.txt allows, and that every file begins as agreed.

The rules (CONTRIBUTING.md, "How the code reads"):
  * a layer includes itself and what its DEPENDS reach; there is no cycle;
  * engines (sub-folders of source, format, destination, state) are named by cli/registry.cpp and the layer's own tests only, but for what they share (ENGINE_COMMON);
  * a vendor's C header is included below its own folder only; Arrow stays out of the layers that plan and report;
  * the first line is the licence, the second says why the file exists.

Prints one line per problem as file:line and exits 1 when there is any.
"""
import re
import sys
from dataclasses import dataclass
from pathlib import Path

LICENCE_LINE = "// SPDX-License-Identifier: Apache-2.0"
ENGINE_COMMON = {"state/sql"}  # what the engines of a layer share
ENGINE_LAYERS = {"source", "format", "destination", "state"}
REGISTRY = "cli/registry.cpp"
NOT_LAYERS = {"arrow", "parquet", "options"}  # libraries of cmake/Dependencies.cmake under our prefix
ARROW_FREE = {"base", "model", "config", "plan", "state", "report", "notify", "cascade", "cli"}

# header pattern -> the folders that may include it
VENDOR_HEADERS = {
    r"libpq-fe\.h|libpq/.*|pg_.*\.h|postgres.*\.h": ("pq", "source/postgres", "state/postgres"),
    r"sqlite3(ext)?\.h": ("source/sqlite", "state/sqlite"),
    r"(mysql|mariadb)(/.*|\.h)": ("source/mysql",),
    r"sql(ext|types|ucode)?\.h|sqlfront\.h|sybdb\.h|msodbcsql\.h": ("source/mssql",),
    r"arrow/filesystem/(s3|gcs|azure).*|aws/.*|google/cloud/.*|azure/.*": ("destination/object_store",),
    r"parquet/.*": ("format/parquet",),
    r"yaml-cpp/.*": ("config",),
    r"curl/.*": ("notify",),
    r"CLI/.*": ("cli",),
}


@dataclass(frozen=True)
class Include:
    """One #include directive: the path between its delimiters and whether these are quotes."""

    line: int
    path: str
    quoted: bool


def read_graph(cmake_lists: str) -> dict[str, set[str]]:
    """The direct layer dependencies that the rivet_library() calls state."""
    calls = re.findall(r"^\s*rivet_library\(\s*(\w+)(?:\s+COLD)?(?:\s+DEPENDS\s+([^)]*))?\)", cmake_lists, re.MULTILINE)
    return {layer: set(re.findall(r"\brivet_(\w+)", depends)) - NOT_LAYERS for layer, depends in calls}


def find_cycle(graph: dict[str, set[str]]) -> list[str]:
    """The layers of one dependency cycle in order, or an empty list."""
    done: set[str] = set()

    def visit(layer: str, path: list[str]) -> list[str]:
        if layer in path:
            return [*path[path.index(layer):], layer]
        if layer in done:
            return []
        for below in sorted(graph.get(layer, ())):
            if cycle := visit(below, [*path, layer]):
                return cycle
        done.add(layer)
        return []

    return next((cycle for layer in sorted(graph) if (cycle := visit(layer, []))), [])


def reachable(graph: dict[str, set[str]], layer: str) -> set[str]:
    """The layer itself and everything below it."""
    seen: set[str] = set()
    todo = [layer]
    while todo:
        current = todo.pop()
        if current not in seen:
            seen.add(current)
            todo.extend(graph.get(current, ()) & graph.keys())
    return seen


def read_includes(text: str) -> list[Include]:
    pattern = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
    matches = ((number, pattern.match(line)) for number, line in enumerate(text.splitlines(), 1))
    return [Include(number, match[2], match[1] == '"') for number, match in matches if match]


def engine_of(path: str) -> str:
    """`source/postgres` for a file of that engine, an empty string for a file of no engine."""
    parts = path.split("/")
    return "/".join(parts[:2]) if len(parts) > 2 and parts[0] in ENGINE_LAYERS else ""


def is_test_of(file: str, layer: str) -> bool:
    """A layer's own tests may name its engines: they run one suite over all of them."""
    return file.startswith(f"{layer}/") and file.endswith(("_test.cpp", "_fixture.hpp"))


def check_own_include(file: str, include: Include, graph: dict[str, set[str]], src: Path) -> str:
    """What is wrong with a quoted include; empty when nothing is."""
    target = include.path.split("/")[0]
    if target not in graph:
        return f'"{include.path}" does not start with a layer: include ours by path from src/'
    if not (src / include.path).is_file():
        return f'"{include.path}" does not exist'
    layer = file.split("/")[0]
    if layer in graph and target not in reachable(graph, layer):
        return f'layer {layer} may not know layer {target} ("{include.path}"); see src/CMakeLists.txt'
    engine = engine_of(include.path)
    if engine in ENGINE_COMMON and engine_of(file).startswith(f"{target}/"):
        return ""
    if engine and engine_of(file) != engine and file != REGISTRY and not is_test_of(file, target):
        return f'"{include.path}" belongs to engine {engine}, which only {REGISTRY} may name'
    return ""


def check_vendor_include(file: str, include: Include) -> str:
    """What is wrong with an include of somebody else's header; empty when nothing is."""
    layer = file.split("/")[0]
    if layer in ARROW_FREE and re.match(r"(arrow|parquet)/", include.path):
        return f"<{include.path}>: layer {layer} stays free of Arrow"
    for pattern, folders in VENDOR_HEADERS.items():
        if re.fullmatch(pattern, include.path) and not file.startswith(tuple(f"{folder}/" for folder in folders)):
            return f"<{include.path}> is included below {' and '.join(folders)} only"
    return ""


def check_heading(lines: list[str]) -> str:
    if not lines or lines[0] != LICENCE_LINE:
        return f"the first line is not '{LICENCE_LINE}'"
    if len(lines) < 2 or not re.match(r"// \S", lines[1]):
        return "the second line does not say in one sentence why the file exists"
    return ""


def check_file(path: Path, src: Path, graph: dict[str, set[str]]) -> list[str]:
    file = path.relative_to(src).as_posix()
    text = path.read_text(encoding="utf-8")
    problems = [f"src/{file}:1: {message}" for message in [check_heading(text.splitlines())] if message]
    for include in read_includes(text):
        message = check_own_include(file, include, graph, src) if include.quoted else check_vendor_include(file, include)
        if message:
            problems.append(f"src/{file}:{include.line}: {message}")
    return problems


def check_tree(src: Path) -> list[str]:
    """All problems below a src folder."""
    graph = read_graph((src / "CMakeLists.txt").read_text(encoding="utf-8"))
    problems = []
    for layer, below in sorted(graph.items()):
        problems += [f"src/CMakeLists.txt: {layer} depends on {name}, which is no layer" for name in sorted(below - graph.keys())]
    if cycle := find_cycle(graph):
        problems.append(f"src/CMakeLists.txt: cycle {' -> '.join(cycle)}")
    for path in sorted([*src.rglob("*.hpp"), *src.rglob("*.cpp")]):
        problems += check_file(path, src, graph)
    return problems


def main() -> int:
    src = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2] / "src"
    problems = check_tree(src)
    print("\n".join(problems) or "include graph: as agreed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
