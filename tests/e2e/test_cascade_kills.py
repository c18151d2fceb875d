"""Random graphs worked off by many processes that are killed all the time. What must come out is what a topological evaluation of the graph
says; nothing is stuck, wrong or doubled. Short, with a fixed seed; RIVET_SOAK=1 (`make soak`) makes it long, with a new seed."""
import os
import random
import signal
import sqlite3
import time
from contextlib import closing

import pytest

from helpers import export
from servers import PostgresServer

SOAK = bool(os.environ.get("RIVET_SOAK"))
SEED = int(os.environ.get("RIVET_SOAK_SEED", random.SystemRandom().randrange(2**31))) if SOAK else 20261122
KILLS = 1_000 if SOAK else 40
GRAPHS, NODES = (20, 70) if SOAK else (4, 25)
PATIENCE_S = 1_800 if SOAK else 240


@pytest.fixture
def own_server():
    """A server that no other test needs."""
    with PostgresServer() as server:
        server.create_database("state")
        yield server


class Graph:
    """Gates that are open or shut, and who waits for whom."""

    def __init__(self, name, choose, choices):
        self.name, self.waits, self.opens = name, {}, {}
        for i in range(NODES):
            node = f"n{i:03}"
            self.opens[node] = choose.random() < 0.85
            ups = choose.sample(sorted(self.waits), min(len(self.waits), choose.choice([0, 1, 1, 2, 2, 3, 5])))
            self.waits[node] = self.policy(sorted(ups), choose, choices) if ups else None

    @staticmethod
    def policy(ups, choose, choices):
        kind = choose.choice(["all_of", "any_of", "quorum"])
        if kind == "all_of":
            return ups
        choice = {"on_satisfied": choose.choice(choices)}
        return {"any_of": ups, **choice} if kind == "any_of" else {"quorum": choose.randint(1, len(ups)), "of": ups, **choice}

    def config(self):
        gates = [{"name": node, "sql": f"SELECT {int(self.opens[node])}", **({"depends_on": wait} if wait else {})}
                 for node, wait in self.waits.items()]
        last = [node for node in self.waits]
        return gates, {"any_of": last[-3:], "on_satisfied": "let_run"}

    def expected(self):
        """The outcome of every node, when nobody is stopped: nodes come after what they wait for."""
        out = {}
        for node, wait in self.waits.items():
            ups, needed = self.needed(wait)
            satisfied = sum(out[up] == "success" for up in ups) >= needed
            out[node] = ("success" if self.opens[node] else "failed") if satisfied else "skipped"
        return out

    @staticmethod
    def needed(wait):
        if not wait:
            return [], 0
        if isinstance(wait, list):
            return wait, len(wait)
        return (wait["any_of"], 1) if "any_of" in wait else (wait["of"], wait["quorum"])


class Fleet:
    """Supervisors and workers; whoever is killed is replaced."""

    def __init__(self, rivet, choose, workers, supervisors):
        self.rivet, self.choose, self.kills = rivet, choose, 0
        self.commands = [["worker", "--slots", "4", "--lease", "2s", "--no-supervise"]] * workers + [["supervise", "--grace", "2s"]] * supervisors
        self.processes = [self.start(command) for command in self.commands]

    def start(self, command):
        process = self.rivet.start(*command)
        process.stdout.close()
        process.stderr.close()
        return process

    def kill_one(self):
        at = self.choose.randrange(len(self.processes))
        self.processes[at].kill()
        self.processes[at].wait()
        self.processes[at] = self.start(self.commands[at])
        self.kills += 1

    def revive(self):
        """Those that ended by themselves, because the server was gone for too long."""
        for at, process in enumerate(self.processes):
            if process.poll() is not None:
                self.processes[at] = self.start(self.commands[at])

    def end(self):
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait(timeout=60)


def submit_all(rivet, graphs):
    with closing(sqlite3.connect(rivet.folder / "shop.db")) as db, db:
        db.execute("CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY)")
    runs = {}
    for graph in graphs:
        gates, last = graph.config()
        path = rivet.config({"type": "sqlite", "path": "shop.db"}, export("t", table="t", path=f"./out/{graph.name}", depends_on=last),
                            name=f"{graph.name}.yaml", gates=gates)
        runs[graph.name] = rivet.ok("submit", "-c", path, "--json", "--max-attempts", "1000").json()["run_id"]
    return runs


def all_ended(rows):
    return rows("SELECT count(*) FROM rivet.node WHERE phase <> 'terminal'") == [(0,)]


def check_invariants(rivet, rows):
    """As the tables say it, by other means than the program's."""
    rivet.ok("audit", "--settled-ms", "0")
    assert rows("SELECT node_id, round FROM rivet.outbox GROUP BY 1, 2 HAVING count(*) > 1") == []
    assert rows("SELECT n.node_id FROM rivet.node n LEFT JOIN rivet.outbox o ON o.node_id = n.node_id AND o.round = n.round "
                "WHERE (n.phase = 'terminal') <> (o.node_id IS NOT NULL)") == []
    assert rows("SELECT e.up_id FROM rivet.dep_edge e JOIN rivet.node u ON u.node_id = e.up_id WHERE u.phase = 'terminal' AND "
                "(e.verdict IS NULL OR (e.verdict = 's') <> (u.outcome = 'success'))") == []
    assert rows("SELECT g.node_id FROM rivet.dep_group g JOIN rivet.dep_edge e ON e.down_id = g.node_id GROUP BY g.node_id, g.n_success, "
                "g.n_negative HAVING count(*) FILTER (WHERE e.verdict = 's') <> g.n_success OR "
                "count(*) FILTER (WHERE e.verdict = 'n') <> g.n_negative") == []
    assert rows("SELECT event_id FROM rivet.outbox WHERE dispatched_at IS NULL") == []
    assert rows("SELECT a.node_id FROM rivet.node_attempt a JOIN rivet.dep_group g ON g.node_id = a.node_id WHERE a.round = 0 AND "
                "(g.decided_at IS NULL OR a.started_at < g.decided_at)") == [], "a node was begun before it was decided"
    assert rows("SELECT count(*) FROM rivet.alarm") == [(0,)]


def torment(rows, fleet, choose, kills):
    deadline = time.monotonic() + PATIENCE_S
    while fleet.kills < kills or not all_ended(rows):
        assert time.monotonic() < deadline, rows("SELECT run_id, name, phase, owner, reason FROM rivet.node WHERE phase <> 'terminal' LIMIT 20")
        if fleet.kills < kills:
            fleet.kill_one()
        if choose.random() < 0.3:
            rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rivet' ORDER BY random() LIMIT 2")
        fleet.revive()
        time.sleep(choose.uniform(0.0, 0.15))


@pytest.mark.parametrize("choices", [["let_run"], ["let_run", "cancel_remaining"]], ids=["let_run", "cancel_remaining"])
def test_three_supervisors_and_eight_workers_under_kills(rivet, pg_db, choices):
    print(f"seed {SEED}")
    choose = random.Random(SEED)
    rivet.env["RIVET_STATE_URL"] = pg_db.url
    graphs = [Graph(f"g{i:02}", choose, choices) for i in range(GRAPHS)]
    runs = submit_all(rivet, graphs)
    fleet = Fleet(rivet, choose, workers=8, supervisors=3)
    try:
        torment(pg_db.rows, fleet, choose, KILLS)
    finally:
        fleet.end()
    rivet.ok("supervise", "--once")
    check_invariants(rivet, pg_db.rows)
    for graph in graphs:
        status = rivet.ok("status", runs[graph.name], "--json").json()
        found = {node["name"]: node["outcome"] for node in status["nodes"] if node["kind"] == "gate"}
        if choices == ["let_run"]:
            assert found == graph.expected()
        assert status["state"] in ("done", "failed")


def test_the_server_is_shut_down_at_once_under_load(rivet, own_server):
    """pg_ctl -m immediate, and kill -9: what was committed is there after recovery, and everything goes on."""
    choose = random.Random(SEED + 1)
    rivet.env["RIVET_STATE_URL"] = own_server.url("state")

    def rows(query):
        with own_server.connect("state") as connection:
            return connection.execute(query).fetchall()

    graphs = [Graph(f"g{i:02}", choose, ["let_run"]) for i in range(GRAPHS)]
    runs = submit_all(rivet, graphs)
    fleet = Fleet(rivet, choose, workers=4, supervisors=2)
    crashes = 5 if SOAK else 2
    try:
        for crash in range(crashes):
            time.sleep(choose.uniform(0.5, 2.0))
            own_server.stop_at_once() if crash % 2 == 0 else own_server.kill()
            own_server.start()
        deadline = time.monotonic() + PATIENCE_S
        while not all_ended(rows):
            assert time.monotonic() < deadline
            fleet.revive()
            time.sleep(0.2)
    finally:
        fleet.end()
    rivet.ok("supervise", "--once")
    check_invariants(rivet, rows)
    for graph in graphs:
        nodes = rivet.ok("status", runs[graph.name], "--json").json()["nodes"]
        assert {node["name"]: node["outcome"] for node in nodes if node["kind"] == "gate"} == graph.expected()
