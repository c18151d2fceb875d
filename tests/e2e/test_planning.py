"""What planning asks of a PostgreSQL server: neither a sort nor a count of the table, whatever it is cut by.

The server logs the plan of every statement that it executes (auto_explain); the tests read them back.
"""
import json
import re

import pytest

from helpers import export
from servers import PostgresServer

ROWS = 300_000
TABLE = "big"


@pytest.fixture(scope="module")
def server():
    explained = {"session_preload_libraries": "auto_explain", "auto_explain.log_min_duration": 0, "auto_explain.log_format": "json",
                 "autovacuum": "off"}
    with PostgresServer(config=explained) as started:
        with started.connect() as connection:
            connection.execute(
                f"CREATE TABLE {TABLE} (code text PRIMARY KEY, region text NOT NULL, seq integer NOT NULL, at timestamp, UNIQUE (region, seq))")
            connection.execute(
                f"INSERT INTO {TABLE} SELECT md5(g::text), 'r' || g %% 50, g, timestamp '2024-01-01' + g * interval '1 s' "
                f"FROM generate_series(1, %s) g", (ROWS,), prepare=False)
            connection.execute(f"CREATE INDEX ON {TABLE} (at)")
        yield started


class Node:
    """A node of a plan and what is below it."""

    def __init__(self, fields: dict):
        self.kind = fields["Node Type"]
        self.relation = fields.get("Relation Name")
        self.below = [Node(child) for child in fields.get("Plans", [])]

    def everywhere(self):
        yield self
        for child in self.below:
            yield from child.everywhere()

    def takes_the_table(self) -> bool:
        """Whether rows of the table come up here without a LIMIT in between."""
        return self.relation == TABLE or any(child.kind != "Limit" and child.takes_the_table() for child in self.below)


class PlanLog:
    """The plans of what the server has executed since this was made; to EXPLAIN is not to execute."""

    def __init__(self, server: PostgresServer):
        self.server = server
        self.begin = len(server.log())

    def statements(self) -> list[tuple[str, Node]]:
        found = re.findall(r"plan:\n((?:\t.*\n)+)", self.server.log()[self.begin:])
        logged = [json.loads(re.sub(r"^\t", "", text, flags=re.M)) for text in found]
        return [(entry["Query Text"], Node(entry["Plan"])) for entry in logged if not entry["Query Text"].startswith("EXPLAIN")]


KEYS = {
    "text": {"chunk_by_key": "code"},
    "text_column": {"chunk_column": "code"},
    "composite": {"chunk_by_key": ["region", "seq"]},
    "nullable": {"chunk_by_key": "at"},
    "chosen": {},
}


@pytest.mark.parametrize("state", ["loaded", "vacuumed", "analysed"])
@pytest.mark.parametrize("key", KEYS)
def test_neither_sorts_nor_counts_the_table(rivet, server, key, state):
    with server.connect() as connection:
        connection.execute("DELETE FROM pg_statistic WHERE starelid = %s::regclass", (TABLE,))
        if state != "loaded":
            connection.execute(f"VACUUM {'(ANALYZE) ' if state == 'analysed' else ''}{TABLE}")
    path = rivet.config({"type": "postgres", "url": server.url()},
                        export(TABLE, table=TABLE, mode="chunked", chunk_size=ROWS // 6, **KEYS[key]))
    log = PlanLog(server)
    rivet.ok("run", "-c", path)
    statements = log.statements()
    assert any(TABLE in query and query.startswith("COPY") for query, _ in statements), "the log does not show the reads"
    for query, plan in statements:
        bad = [node.kind for node in plan.everywhere()
               if node.kind in ("Sort", "Incremental Sort", "Aggregate", "WindowAgg") and node.takes_the_table()]
        assert not bad, f"{bad} in the plan of {query}"
        if not query.startswith("COPY"):
            assert "Seq Scan" not in [node.kind for node in plan.everywhere() if node.relation == TABLE], query
    assert rivet.output().manifest(TABLE)["row_count"] == ROWS
    assert rivet.state("SELECT count(*) FROM unit")[0][0] >= 4, "it was not cut"


def test_a_sort_of_the_table_is_seen(server):
    """The check above can fail."""
    log = PlanLog(server)
    with server.connect() as connection:
        connection.execute(f"SELECT * FROM {TABLE} ORDER BY md5(code) LIMIT 1")
    (_, plan), = log.statements()
    assert [node for node in plan.everywhere() if node.kind == "Sort" and node.takes_the_table()]
