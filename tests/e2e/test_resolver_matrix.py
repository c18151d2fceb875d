"""What one command accepts, every command accepts, and for the same reason (case 35): all go through one resolver."""
import re

import pytest

from helpers import Rivet, export
from modes import postgres_orders, sqlite_orders

ROWS = 300


def run(rivet, path):
    return rivet("run", "-c", path, "--json-errors")


def check(rivet, path):
    return rivet("check", "-c", path, "--json-errors")


def plan(rivet, path):
    """Leaves the plan for `apply_plan`, or none when it was refused."""
    (rivet.folder / "plan.json").unlink(missing_ok=True)
    return rivet("plan", "-c", path, "-o", "plan.json", "--json-errors")


def apply_plan(rivet, path):
    """Carries out what `plan` allowed; what it refused is refused."""
    planned = plan(rivet, path)
    return rivet("apply", "plan.json", "--json-errors") if planned.code == 0 else planned


def apply_config(rivet, path):
    return rivet("apply", path, "--json-errors")


# The first is what the others are held against.
COMMANDS = {"run": run, "check": check, "plan": plan, "apply": apply_config, "apply plan": apply_plan}

CONFIGS = {
    # what is accepted
    "full": {},
    "full_query": {"query": "SELECT id, code FROM orders"},
    "full_snapshot": {"consistency": "snapshot"},
    "full_meta": {"meta_columns": {"exported_at": True, "row_hash": True}},
    "csv": {"format": "csv"},
    "gzip": {"compression": "gzip"},
    "quality": {"quality": {"row_count_min": 1, "unique_columns": ["id"]}},
    "range": {"mode": "chunked", "chunk_column": "id", "chunk_size": 100},
    "range_count": {"mode": "chunked", "chunk_column": "id", "chunk_count": 3},
    "range_checkpoint": {"mode": "chunked", "chunk_column": "id", "chunk_size": 100, "chunk_checkpoint": True, "parallel": 2},
    "keyset": {"mode": "chunked", "chunk_by_key": "code", "chunk_size": 100},
    "keyset_composite": {"mode": "chunked", "chunk_by_key": ["region", "seq"], "chunk_size": 100},
    "keyset_nullable": {"mode": "chunked", "chunk_by_key": "at", "chunk_size": 100},
    "dense": {"mode": "chunked", "chunk_column": "code", "chunk_dense": True, "chunk_size": 100},
    "days": {"mode": "chunked", "chunk_column": "at", "chunk_by_days": 30},
    "chosen": {"mode": "chunked", "chunk_size": 100},
    "text_range": {"mode": "chunked", "chunk_column": "code", "chunk_size": 100},
    "incremental": {"mode": "incremental", "cursor_column": "id"},
    "incremental_nullable": {"mode": "incremental", "cursor_column": "at"},
    "coalesce": {"mode": "incremental", "cursor_column": "seq", "cursor_fallback_column": "id", "incremental_cursor_mode": "coalesce"},
    "keyset_incremental": {"mode": "chunked", "chunk_by_key": "id", "keyset_incremental": True, "chunk_size": 100},
    "time_window": {"mode": "time_window", "time_column": "at", "days_window": 5000},
    "partitions": {"partition_by": "at", "partition_granularity": "month", "path": "./out/{partition}"},
    "override": {"columns": {"price": "text"}},
    "nothing_to_read": {"query": "SELECT * FROM orders WHERE id < -999999999", "mode": "chunked", "chunk_column": "id"},
    # what is refused
    "no_table": {"table": "nope"},
    "no_column_in_query": {"query": "SELECT nope FROM orders"},
    "syntax": {"query": "SELEC * FROM orders"},
    "no_chunk_column": {"mode": "chunked", "chunk_column": "nope"},
    "no_key_column": {"mode": "chunked", "chunk_by_key": ["region", "nope"]},
    "no_cursor": {"mode": "incremental", "cursor_column": "nope"},
    "no_fallback": {"mode": "incremental", "cursor_column": "at", "cursor_fallback_column": "nope", "incremental_cursor_mode": "coalesce"},
    "fallback_of_other_type": {"mode": "incremental", "cursor_column": "at", "cursor_fallback_column": "code",
                               "incremental_cursor_mode": "coalesce"},
    "days_of_text": {"mode": "chunked", "chunk_column": "note", "chunk_by_days": 3},
    "window_of_text": {"mode": "time_window", "time_column": "region", "days_window": 3},
    "no_window_column": {"mode": "time_window", "time_column": "nope", "days_window": 3},
    "partition_of_text": {"partition_by": "region", "path": "./out/{partition}"},
    "no_partition_column": {"partition_by": "nope", "path": "./out/{partition}"},
    "quality_of_nothing": {"quality": {"unique_columns": ["nope"]}},
    "hash_of_nothing": {"meta_columns": {"row_hash": ["nope"]}},
    "override_of_nothing": {"columns": {"nope": "text"}},
    "override_of_no_type": {"columns": {"id": "frobnicate"}},
    "s3": {"destination": {"type": "s3", "bucket": "b"}},
    "cdc": {"mode": "cdc"},
    "chunked_query_without_key": {"query": "SELECT code FROM orders", "mode": "chunked"},
    "too_many_chunks": {"mode": "chunked", "chunk_column": "id", "chunk_count": 0},
    "two_keys": {"mode": "chunked", "chunk_column": "id", "chunk_by_key": "code"},
    "cursor_without_mode": {"cursor_column": "id"},
}


@pytest.fixture(params=["postgres", "sqlite"])
def engine(request, rivet):
    if request.param == "sqlite":
        return sqlite_orders(rivet.folder, ROWS)
    return postgres_orders(request.getfixturevalue("pg_db"), ROWS)


def answer(done, folder) -> tuple:
    """How a command took it: exit code and, when refused, class, code and message, whatever the folder."""
    assert done.code in (0, 1), done
    if done.code == 0:
        return (0,)
    error = done.error()
    return 1, error["exit_class"], error["code"], re.sub(r"^(export '[^']*': )+", "", error["error"]).replace(str(folder), "")


@pytest.mark.parametrize("name", CONFIGS)
def test_no_command_refuses_what_another_accepts(rivet, engine, name):
    keys = {"table": "orders"} | CONFIGS[name]
    if "query" in keys:
        del keys["table"]
    answers = {}
    for number, (command, act) in enumerate(COMMANDS.items()):
        alone = Rivet(rivet.folder / str(number))
        alone.folder.mkdir()
        answers[command] = answer(act(alone, alone.config(engine.source, export("orders", **keys))), alone.folder)
    assert answers == dict.fromkeys(answers, answers["run"])


def test_the_matrix_has_both_kinds(rivet, pg_db):
    """A matrix in which everything is accepted, or nothing, would prove little."""
    source = postgres_orders(pg_db, ROWS).source
    codes = []
    for keys in CONFIGS.values():
        keys = {"table": "orders"} | keys
        if "query" in keys:
            del keys["table"]
        codes.append(check(rivet, rivet.config(source, export("orders", **keys))).code)
    assert codes.count(0) >= 15 and codes.count(1) >= 15
