"""Rows of the cascade as a store holds them: runs in any state, also in those that should not be."""
from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass

from helpers import Rivet

MICROS = 1_000_000
TABLES = ("cascade_run", "node", "dep_group", "dep_edge", "outbox", "node_attempt", "worker", "alarm")


def now() -> int:
    return time.time_ns() // 1_000


@dataclass(frozen=True)
class Store:
    """The tables of a migrated store, in a file or, with `database`, on a server."""

    rivet: Rivet
    database: object = None

    def rows(self, query: str) -> list[tuple]:
        if self.database:
            with self.database.connect() as connection:
                connection.execute("SET search_path TO rivet")
                return connection.execute(query).fetchall()
        return self.rivet.state(query)

    def write(self, *statements: str) -> None:
        """All of them in one transaction."""
        if self.database:
            with self.database.connect() as connection, connection.transaction():
                connection.execute("SET LOCAL search_path TO rivet")
                for statement in statements:
                    connection.execute(statement)
            return
        with closing(sqlite3.connect(self.rivet.folder / ".rivet_state.db", timeout=30)) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    def everything(self) -> dict[str, list[str]]:
        return {table: sorted(map(repr, self.rows(f"SELECT * FROM {table}"))) for table in TABLES}


def text(value) -> str:
    """As an SQL literal."""
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    return "'" + (json.dumps(value) if isinstance(value, dict) else value).replace("'", "''") + "'"


def insert(table: str, **values) -> str:
    return f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(map(text, values.values()))})"


@dataclass
class Run:
    """A run written row by row: nothing of it is derived."""

    store: Store
    run_id: str
    name_space: str = ""
    tags: dict | None = None
    ids: dict[str, int] | None = None

    def __post_init__(self):
        self.tags, self.ids = self.tags or {}, {}
        self.store.write(insert("cascade_run", run_id=self.run_id, namespace=self.name_space, tags=self.tags, payload="", payload_hash="",
                                state="open", submitted_at=now()))

    def node(self, name: str, after=(), phase: str | None = None, outcome: str | None = None, kind="export", policy="all_of", k=None,
             let_run=False, age_s: float = 0, event=True, undispatched=False, owner="w1", **values) -> int:
        """A node that waits for those named by `after`. One with an outcome has ended `age_s` ago; its event is there, and closed
        unless it is `undispatched`. None of its edges has a verdict."""
        phase = phase or ("terminal" if outcome else "blocked" if after else "runnable")
        at = now() - int(age_s * MICROS)
        lease = {"owner": owner, "lease_until": now() + 60 * MICROS, "attempts": 1, "epoch": 1} if phase == "active" else {}
        columns = {"namespace": self.name_space, "tags": self.tags, "max_attempts": 5, "updated_at": at, **lease, **values}
        self.store.write(insert("node", run_id=self.run_id, name=name, kind=kind, phase=phase, outcome=outcome, **columns))
        node_id = self.store.rows(f"SELECT node_id FROM node WHERE run_id = '{self.run_id}' AND name = '{name}'")[0][0]
        statements = []
        if after:
            needed = {"all_of": len(after), "any_of": 1}.get(policy, k)
            statements.append(insert("dep_group", node_id=node_id, kind=policy, k=needed, n=len(after),
                                     on_satisfied="let_run" if let_run or policy == "all_of" else "cancel_remaining"))
            statements += [insert("dep_edge", down_id=node_id, up_id=self.ids[up]) for up in after]
        if outcome and event:
            statements.append(insert("outbox", node_id=node_id, round=0, outcome=outcome, namespace=columns["namespace"],
                                     tags=columns["tags"], committed_at=at, dispatched_at=None if undispatched else at))
        self.store.write(*statements)
        self.ids[name] = node_id
        return node_id

    def end(self, name: str, outcome: str, age_s: float = 0) -> None:
        """Ends it with an event that nobody has dispatched."""
        at = now() - int(age_s * MICROS)
        self.store.write(f"UPDATE node SET phase = 'terminal', outcome = '{outcome}', owner = NULL, lease_until = NULL, updated_at = {at} "
                         f"WHERE node_id = {self.ids[name]}",
                         "INSERT INTO outbox (node_id, round, outcome, namespace, tags, committed_at) SELECT node_id, round, outcome, "
                         f"namespace, tags, {at} FROM node WHERE node_id = {self.ids[name]}")

    def give_verdict(self, down: str, up: str, verdict: str, **group) -> None:
        """As a dispatched event would have; `group` is what it made of the group's columns."""
        changes = ", ".join(f"{column} = {text(value)}" for column, value in group.items())
        self.store.write(f"UPDATE dep_edge SET verdict = '{verdict}', up_round = 0, resolved_at = {now()} WHERE down_id = {self.ids[down]} "
                         f"AND up_id = {self.ids[up]}",
                         *([f"UPDATE dep_group SET {changes} WHERE node_id = {self.ids[down]}"] if changes else []))

    def worker(self, name: str = "w1", name_space: str = "", tags: dict | None = None, seen_s_ago: float = 0) -> None:
        seen = now() - int(seen_s_ago * MICROS)
        self.store.write(insert("worker", worker_id=name, host="here", pid=1, slots=2, namespace=name_space, tags=tags or {},
                                started_at=seen, seen_at=seen))

    def states(self) -> dict[str, str]:
        """Outcome, else phase, of each node."""
        return dict(self.store.rows(f"SELECT name, coalesce(outcome, phase) FROM node WHERE run_id = '{self.run_id}'"))
