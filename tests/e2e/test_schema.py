"""The JSON Schema of the configuration, judged by a validator of its own: it takes what the program takes, and refuses what it refuses."""
from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import jsonschema
import pytest
import yaml

from helpers import REPOSITORY, Rivet, export
from modes import SHAPES
from pilot import PILOT

EXAMPLES = sorted((REPOSITORY / "examples").glob("*.yaml"))

EVERY_KEY = """
source:
  type: postgres
  host: 127.0.0.1
  port: 5432
  user: ann
  password: 12345                       # a password may look like a number
  database: shop
  environment: production
  tls: {mode: require, accept_invalid_certs: true, accept_invalid_hostnames: true}
  tuning: &tuning {profile: safe, batch_size: 10, throttle_ms: 0, max_mb_per_s: 2.5, statement_timeout_s: 0, max_retries: 2,
    retry_backoff_ms: 5, lock_timeout_s: 1, memory_threshold_mb: 0, max_value_mb: 1, adaptive: true, min_parallel: 1,
    max_batch_memory_mb: 64, on_batch_memory_exceeded: fail}
parallel_exports: false
namespace: sales
tags: {site: berlin, level: 2}
gates:
  - {name: ready, sql: SELECT true, namespace: ops, tags: {team: data}}
  - {name: there, manifest: b, depends_on: [b]}
  - {name: said, command: [test, x, '=', x], depends_on: {quorum: 1, of: [ready, there], on_satisfied: let_run}}
parallel_export_processes: True
notifications:
  slack: {webhook_url: 'https://hooks.example.org/T0/B0/abc', on: [failure, schema_change, degraded]}
  webhook:
    url: http://127.0.0.1:9/hook
    on: [success, failure]
    headers: {X-Team: data, X-Number: 5}
exports:
  - name: 2026
    table: public.orders
    mode: time_window
    time_column: at
    time_column_type: unix
    days_window: 7
    format: csv
    compression: none
    destination: {type: local, path: 'out/{date}'}
    max_file_size: 1024
    wave: 2
    depends_on: {any_of: [said, b], on_satisfied: cancel_remaining}
    namespace: other
    tags: {site: paris}
    parallel_safe: no_quotes_needed
    target: bq
  - name: b
    query: SELECT 1
    format: parquet
    compression: gzip
    compression_level: 0
    verify: content
    meta_columns: {exported_at: true, row_hash: [id]}
    quality: {row_count_min: 1, row_count_max: 2, null_ratio_max: {'odd name': 0.5}, unique_columns: [id], unique_max_entries: 5}
    parquet: {row_group_strategy: fixed_rows, row_group_rows: 5, target_row_group_mb: 64, max_row_group_mb: 128}
    tuning: *tuning
    shape_drift_warn_factor: 0
    consistency: snapshot
    chunk_dense: false
    destination: {type: local, path: out}
""".replace("parallel_safe: no_quotes_needed", "parallel_safe: false")


class Yaml12(yaml.SafeLoader):
    """YAML as editors and the program read it: `on` is a word, and a day is text."""


Yaml12.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}
Yaml12.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def read(text: str):
    return yaml.load(text, Loader=Yaml12)


@pytest.fixture(scope="module")
def schema(tmp_path_factory) -> dict:
    return Rivet(tmp_path_factory.mktemp("schema")).ok("schema", "config").json()


@pytest.fixture(params=[jsonschema.Draft202012Validator, jsonschema.Draft7Validator], ids=["2020-12", "draft-07"])
def validator(request, schema):
    """Editors read the schema as draft-07, whatever it says it is."""
    request.param.check_schema(schema)
    return request.param(schema)


def problems(validator, document) -> list[str]:
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(document)]


# -- what is right


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_valid(validator, path):
    assert problems(validator, read(path.read_text())) == []


@pytest.mark.parametrize("text", [PILOT, EVERY_KEY], ids=["pilot", "every key"])
def test_configurations_that_the_program_takes_are_valid(validator, text, rivet):
    assert problems(validator, read(text)) == []
    (rivet.folder / "rivet.yaml").write_text(text)
    loaded = rivet("run", "-c", "rivet.yaml", "-e", "nobody", env={"DATABASE_URL": "postgresql://localhost/shop"})
    assert "there is no export 'nobody'" in loaded.stderr  # said after the file was found right


@pytest.mark.parametrize("shape", SHAPES)
def test_every_mode_of_the_tests_is_valid(validator, shape):
    document = {"source": {"type": "sqlite", "path": "x"}, "exports": [export("orders", table="orders", **SHAPES[shape])]}
    assert problems(validator, document) == []


def test_any_scalar_may_be_a_placeholder(validator, rivet):
    keys = {"parallel": "${PARALLEL}", "skip_empty": "${SKIP}", "compression": "${CODEC}", "shape_drift_warn_factor": "${FACTOR}",
            "wave": "${TENS}0"}
    text = "source: {type: sqlite, path: x}\nexports:\n  - name: a\n    table: a\n    format: parquet\n"
    text += "    destination: {type: local, path: out}\n" + "".join(f"    {key}: {value}\n" for key, value in keys.items())
    assert problems(validator, read(text)) == []
    (rivet.folder / "rivet.yaml").write_text(text)
    values = {"PARALLEL": "2", "SKIP": "true", "CODEC": "lz4", "FACTOR": "1.5", "TENS": "3"}
    assert "there is no export 'nobody'" in rivet("run", "-c", "rivet.yaml", "-e", "nobody", env=values).stderr


# -- what is wrong

SOURCE = {"type": "sqlite", "path": "source.db"}
BAD_EXPORTS = [
    {"compresion": "zstd"}, {"mode": "ful"}, {"format": "xlsx"}, {"parallel": 0}, {"parallel": "two"}, {"parallel": 2000},
    {"skip_empty": "maybe"}, {"skip_empty": 1}, {"wave": 1.5}, {"wave": [1]}, {"name": ""}, {"name": {"a": 1}},
    {"destination": {"type": "local", "path": "x", "pth": "y"}}, {"destination": {"path": "x"}}, {"destination": "out"},
    {"destination": {"type": "ftp", "path": "x"}}, {"columns": ["a"]}, {"columns": {"a": ["text"]}},
    {"quality": {"row_count_min": -1}}, {"quality": {"unique_columns": "id"}}, {"quality": {"unique_columns": []}},
    {"quality": {"unique_columns": ["id", "id"]}}, {"quality": {"null_ratio_max": {"a": 2}}}, {"quality": {"rows": 1}},
    {"tuning": {"batch_size": 0}}, {"tuning": {"profil": "fast"}}, {"tuning": {"max_mb_per_s": 0}}, {"tuning": "fast"},
    {"parquet": {"row_group_strategy": "big"}}, {"meta_columns": {"row_hash": "maybe"}}, {"meta_columns": {"row_hash": []}},
    {"chunk_by_key": []}, {"shape_drift_warn_factor": -1}, {"load": {"pkk": "id"}}, {"cdc": {"sloot": "x"}}, {"throttle_ms": 1},
    {"depends_on": "b"}, {"depends_on": []}, {"depends_on": ["b", "b"]}, {"depends_on": {}}, {"depends_on": {"any_of": []}},
    {"depends_on": {"quorum": 0, "of": ["b"]}}, {"depends_on": {"any_of": ["b"], "on_satisfied": "stop"}}, {"tags": ["a"]}, {"namespace": ""},
]
BAD_FILES = [
    {}, {"source": SOURCE}, {"source": SOURCE, "exports": []}, {"source": SOURCE, "exports": {}}, {"exports": [export("a", table="a")]},
    {"source": SOURCE, "exports": [{"name": "a", "table": "a", "format": "csv"}]},
    {"source": SOURCE, "exports": [export("a")]},
    {"source": {"path": "x"}, "exports": [export("a", table="a")]},
    {"source": {**SOURCE, "type": "oracle"}, "exports": [export("a", table="a")]},
    {"source": {**SOURCE, "batch_size": 5}, "exports": [export("a", table="a")]},
    {"source": {"type": "postgres", "host": "localhost", "user": "u", "database": "d", "port": 70000}, "exports": [export("a", table="a")]},
    {"source": SOURCE, "exports": [export("a", table="a")], "parallel_exports": 2},
    {"source": SOURCE, "exports": [export("a", table="a")], "exprots": []},
    {"source": SOURCE, "exports": [export("a", table="a")], "gates": []},
    {"source": SOURCE, "exports": [export("a", table="a")], "gates": [{"name": "g"}]},
    {"source": SOURCE, "exports": [export("a", table="a")], "gates": [{"sql": "SELECT 1"}]},
    {"source": SOURCE, "exports": [export("a", table="a")], "gates": [{"name": "g", "command": []}]},
    {"source": SOURCE, "exports": [export("a", table="a")], "notifications": {"mail": {}}},
    {"source": SOURCE, "exports": [export("a", table="a")], "notifications": {"slack": {"on": ["failure"]}}},
    {"source": SOURCE, "exports": [export("a", table="a")], "notifications": {"webhook": {"url": "http://localhost/x", "on": ["never"]}}},
]


def label(document: dict) -> str:
    return json.dumps(document)[:60]


@pytest.mark.parametrize("document", [{"source": SOURCE, "exports": [export("a", table="a") | bad]} for bad in BAD_EXPORTS] + BAD_FILES, ids=label)
def test_what_the_program_refuses_is_refused(validator, rivet, document):
    assert problems(validator, document), document
    sqlite3.connect(rivet.folder / "source.db").execute("CREATE TABLE a (id INTEGER PRIMARY KEY)")
    path = rivet.folder / "rivet.yaml"
    path.write_text(json.dumps(document))
    done = rivet("run", "-c", path)
    assert done.code == 1 and "rivet.yaml:" in done.stderr, done
    assert not (rivet.folder / "output").exists()


def test_the_schema_passes_unharmed_through_redaction(schema):
    assert "***" not in json.dumps(schema)


# -- the command line


def commands_below(command: dict, path: tuple = ()) -> list[tuple]:
    found = [(path, command)]
    for below in command["commands"]:
        found += commands_below(below, (*path, below["name"]))
    return found


def test_the_command_line_is_described_as_its_help_says(rivet):
    document = rivet.ok("schema", "cli").json()
    for path, command in commands_below(document):
        if not command["available"]:
            assert rivet(*path).code == 1
            continue
        text = rivet.ok(*path, "--help").stdout
        for option in command["options"]:
            assert all(name in text for name in option["names"]), (path, option)
            assert option["value"] is None or option["value"] != "", option
        for below in command["commands"]:
            assert f"  {below['name']} " in text, (path, below["name"])


def test_the_command_line_tells_what_an_option_takes(rivet):
    document = rivet.ok("schema", "cli").json()
    commands = {" ".join(path): command for path, command in commands_below(document)}
    options = {path: {option["names"][-1]: option for option in command["options"]} for path, command in commands.items()}
    assert options["run"]["--config"] | {"description": ""} == {
        "names": ["-c", "--config"], "description": "", "positional": False, "required": True, "repeatable": False, "value": "FILE"}
    assert options["run"]["--param"]["repeatable"] and not options["run"]["--param"]["required"]
    assert options["run"]["--parallel-export-processes"]["excludes"] == ["--parallel-exports"]
    assert options["validate"]["--depth"]["choices"] == ["light", "sample", "full"]
    assert options["validate"]["--depth"]["default"] == "full"
    assert options["metrics"]["--limit"]["constraint"] == "[1 - 1000000]" and options["metrics"]["--limit"]["value"] == "INT"
    assert options["run"]["--json"]["value"] is None
    assert commands["state reset-chunks"]["option_rules"] == [{"options": ["--export", "--stuck-checkpoints"], "at_least": 1, "at_most": 1}]
    assert commands["state"]["needs_command"] and "complete-exports" not in commands
    assert {entry["code"] for entry in document["exit_codes"]} == {0, 1, 2, 3, 4, 130}
