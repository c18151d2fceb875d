"""State on PostgreSQL: everything a run needs of it, on a server that several share, that restarts, that loses replies."""
from __future__ import annotations

import random
import sqlite3
from contextlib import closing

import pytest

from helpers import export, finished, paused, wait_until
from servers import PgBouncer, PostgresServer, free_port
from tcp_proxy import DOWN, UP, Cut, Loss, TcpProxy

ROWS = 1_000
VERSION = 5  # of the schema
COMMITTED = b"COMMIT\0"
TABLES = ("run", "unit", "unit_replaced", "part", "generation", "recent_key", "unit_hashes", "journal_event", "export_state",
          "export_position", "export_metrics", "export_schema", "export_shape", "export_progression", "export_harm", "run_aggregate")


@pytest.fixture
def source(rivet):
    path = rivet.folder / "shop.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT NOT NULL)")
        db.executemany("INSERT INTO orders VALUES (?, ?)", [(i, f"n{i}") for i in range(1, ROWS + 1)])
    return {"type": "sqlite", "path": str(path)}


def chunked(**keys):
    return export("orders", table="orders", mode="chunked", chunk_column="id", chunk_size=200, chunk_checkpoint=True, **keys)


@pytest.fixture
def path(rivet, source, pg_db):
    rivet.env["RIVET_STATE_URL"] = pg_db.url
    return rivet.config(source, chunked())


def ids(rivet, output="output"):
    return sorted(rivet.output(output).table("orders").column("id").to_pylist())


def everything(database):
    """Every row of every table, in an order of their own."""
    with database.connect() as connection:
        return {table: sorted(map(repr, connection.execute(f"SELECT * FROM rivet.{table}").fetchall())) for table in TABLES}


def everything_in_file(file):
    with closing(sqlite3.connect(file)) as db:
        return {table: sorted(map(repr, db.execute(f"SELECT * FROM {table}").fetchall())) for table in TABLES}


def check_whole(rivet, database, runs=1):
    """The output holds every row once, and the state tells one story about it."""
    assert ids(rivet) == list(range(1, ROWS + 1))
    rivet.ok("validate", "-c", rivet.folder / "rivet.yaml")
    assert database.rows("SELECT count(*), min(stage), max(stage) FROM rivet.run") == [(runs, "published", "published")]
    assert database.rows("SELECT run_id FROM rivet.journal_event GROUP BY run_id HAVING max(sequence) <> count(*)") == []
    assert database.rows("SELECT count(*) FROM rivet.part WHERE generation_added IS NOT NULL AND generation_superseded IS NULL") == [(5,)]


class TestRuns:
    def test_a_run_keeps_its_state_there_and_nowhere_else(self, rivet, path, pg_db):
        rivet.ok("run", "-c", path)
        check_whole(rivet, pg_db)
        assert not (rivet.folder / ".rivet_state.db").exists()
        assert rivet.ok("state", "chunks", "-e", "orders", "-c", path, "--json").json()["status"] == "completed"
        assert pg_db.rows("SELECT status, count(*) FROM rivet.chunk_task GROUP BY 1") == [("completed", 5)]
        assert [row[0] for row in pg_db.rows("SELECT journal_json::json ->> 'export_name' FROM rivet.run_journal")] == ["orders"]

    def test_a_second_incremental_run_goes_on_from_the_first(self, rivet, source, pg_db):
        rivet.env["RIVET_STATE_URL"] = pg_db.url
        path = rivet.config(source, export("orders", table="orders", mode="incremental", cursor_column="id"))
        rivet.ok("run", "-c", path)
        with closing(sqlite3.connect(source["path"])) as db, db:
            db.execute("INSERT INTO orders VALUES (5000, 'new')")
        done = rivet.ok("run", "-c", path, "--json").json()
        assert done["total_rows"] == 1
        assert ids(rivet) == [*range(1, ROWS + 1), 5000]
        assert pg_db.rows("SELECT last_cursor_value FROM rivet.export_state") == [("5000",)]

    @pytest.mark.parametrize("point", ["run_started", "unit_claimed", "unit_committed", "before_seal"])
    def test_a_killed_run_is_gone_on_with(self, rivet, path, pg_db, point):
        rivet.killed_at(point, "run", "-c", path)
        rivet.ok("run", "-c", path, "--resume")
        check_whole(rivet, pg_db)

    @pytest.mark.parametrize("point", ["sealed", "before_published"])
    def test_a_sealed_run_is_published_by_the_next_one(self, rivet, path, pg_db, point):
        rivet.killed_at(point, "run", "-c", path)
        rivet.ok("run", "-c", path)
        check_whole(rivet, pg_db, runs=2)
        assert pg_db.rows("SELECT max(generation) FROM rivet.generation") == [(2,)]

    def test_reconcile_and_repair(self, rivet, path, source, pg_db):
        rivet.ok("run", "-c", path)
        with closing(sqlite3.connect(source["path"])) as db, db:
            db.execute("DELETE FROM orders WHERE id = 300")
        assert rivet("reconcile", "-c", path, "-e", "orders", "--depth", "content").code == 3
        rivet.ok("repair", "-c", path, "-e", "orders", "--auto", "--execute")
        assert ids(rivet) == [i for i in range(1, ROWS + 1) if i != 300]
        assert pg_db.rows("SELECT max(generation) FROM rivet.generation") == [(2,)]
        rivet.ok("reconcile", "-c", path, "-e", "orders", "--depth", "content")

    def test_first_starts_at_once(self, rivet, source, pg_db):
        rivet.env["RIVET_STATE_URL"] = pg_db.url
        paths = [rivet.config(source, export(f"orders{i}", table="orders", path=f"./out{i}"), name=f"c{i}.yaml") for i in range(4)]
        for process in [rivet.start("run", "-c", path) for path in paths]:
            done = finished(process)
            assert done.code == 0, done.stderr
        assert pg_db.rows("SELECT count(*) FROM rivet.run WHERE stage = 'published'") == [(4,)]

    def test_a_living_run_is_joined_and_every_unit_read_once(self, rivet, path, pg_db):
        with paused(rivet, path) as (first, go_on):
            assert rivet("run", "-c", path).code == 1, "somebody holds it"
            second = rivet.start("run", "-c", path, "--resume")
            wait_until(lambda: pg_db.rows("SELECT count(*) FROM rivet.unit WHERE status = 'completed'") == [(4,)])
            go_on()
            assert finished(first).code == 0
            assert finished(second).code == 0
        check_whole(rivet, pg_db)
        assert pg_db.rows("SELECT max(attempts), max(epoch) FROM rivet.unit") == [(1, 1)]

    def test_another_schema_is_another_store(self, rivet, path, pg_db):
        rivet.ok("run", "-c", path)
        other = {"RIVET_STATE_URL": pg_db.url + "?schema=of%20b"}
        assert rivet.ok("state", "show", "-c", path, "--json", env=other).json() == []
        assert pg_db.rows('SELECT count(*) FROM "of b".run') == [(0,)]


class TestServers:
    def test_through_pgbouncer(self, rivet, source, pg_db, pg):
        with PgBouncer(pg) as bouncer:
            rivet.env["RIVET_STATE_URL"] = bouncer.url(pg_db.name)
            path = rivet.config(source, chunked(parallel=3))
            rivet.ok("run", "-c", path)
            check_whole(rivet, pg_db)
            rivet.ok("run", "-c", path)
            done = rivet.ok("state", "check", "--json").json()
            assert done["ok"] and done["server"]["through_pooler"]

    def test_a_restart_in_the_middle(self, rivet, source):
        with PostgresServer(fsync=True) as server:
            rivet.env["RIVET_STATE_URL"] = server.url()
            path = rivet.config(source, chunked())
            with paused(rivet, path) as (process, go_on):
                server.kill()
                go_on()
                server.start()
                done = finished(process)
                assert done.code == 0, done.stderr
            assert ids(rivet) == list(range(1, ROWS + 1))
            with server.connect() as connection:
                assert connection.execute("SELECT count(*), max(stage) FROM rivet.run").fetchall() == [(1, "published")]

    @pytest.mark.parametrize("lost", [UP, DOWN, "commit"])
    def test_whatever_is_lost_every_change_is_made_once(self, rivet, source, pg, lost):
        """Cuts at any byte of either way, or right before replies to COMMIT: what was done is not known then."""
        choose = random.Random(11)
        direction = UP if lost == UP else DOWN
        never = Loss(DOWN, COMMITTED, 0)
        with TcpProxy(pg.port) as proxy:
            events = None
            for number in range(12):
                name = f"lost_{lost}_{number}"
                pg.create_database(name)
                rivet.env["RIVET_STATE_URL"] = proxy.url(pg.url(name))
                path = rivet.config(source, chunked(path=f"./{name}"))
                # The first run is left alone and says how many bytes there are.
                if events is None:
                    proxy.arm(never)
                elif lost == "commit":
                    proxy.arm(*(Loss(DOWN, COMMITTED, at) for at in choose.sample(range(1, commits), 5)))
                else:
                    proxy.arm(*(Cut(direction, at) for at in choose.sample(range(300, size), 3)))
                rivet.ok("run", "-c", path)
                assert ids(rivet, name) == list(range(1, ROWS + 1))
                with pg.connect(name) as connection:
                    # Two units are under way at once: their entries come in any order.
                    told = connection.execute("SELECT event_name, chunk_index, count(*) FROM rivet.journal_event GROUP BY 1, 2 ORDER BY 1, 2").fetchall()
                    assert connection.execute("SELECT max(sequence) - count(*) FROM rivet.journal_event").fetchone() == (0,)
                    assert connection.execute("SELECT count(*), max(generation), max(stage) FROM rivet.run").fetchall() == [(1, 1, "published")]
                    assert connection.execute("SELECT max(epoch), max(attempts), count(*) FROM rivet.unit").fetchall() == [(1, 1, 5)]
                if events is None:
                    events, size, commits = told, proxy.passed[direction], proxy.seen[DOWN, COMMITTED]
                    assert commits > 20
                else:
                    assert proxy.cuts_made > 0
                    assert told == events, "an entry is missing, or there twice"
                pg.drop_database(name)


def refusal(rivet, path, url, *args):
    done = rivet("run", "-c", path, "--json-errors", *args, env={"RIVET_STATE_URL": url})
    assert "geheim" not in done.stderr + done.stdout
    return done.code, done.error()["error"]


class TestRefusals:
    def test_a_wrong_password(self, rivet, path):
        with PostgresServer(password="right") as server:
            code, told = refusal(rivet, path, server.url(password="geheim!?#"))
        assert code == 1 and "password authentication failed" in told

    def test_an_unreachable_server(self, rivet, path):
        code, told = refusal(rivet, path, f"postgresql://u:geheim@127.0.0.1:{free_port()}/x")
        assert code == 2 and "refused" in told and "@127.0.0.1:" in told

    def test_no_such_database(self, rivet, path, pg):
        code, told = refusal(rivet, path, pg.url("nowhere", password="geheim"))
        assert code == 1 and "nowhere" in told

    def test_a_user_who_may_not(self, rivet, path, pg_db, pg):
        pg_db.execute("DO $$ BEGIN CREATE ROLE humble LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        url = pg.url(pg_db.name, user="humble")
        code, told = refusal(rivet, path, url)
        assert code == 1 and "permission denied" in told
        done = rivet("state", "check", env={"RIVET_STATE_URL": url})
        assert done.code == 1 and "cannot be written" in done.stderr

    @pytest.mark.parametrize("url, told", [("mysql://u:geheim@localhost/x", "must begin with postgresql://"),
                                           ("postgresql://u:geheim@db.example.org/x", "names no sslmode"),
                                           ("postgresql://u:geheim@localhost/x?nonsense=1", "nonsense")])
    def test_a_url_that_will_not_do(self, rivet, path, url, told):
        code, text = refusal(rivet, path, url)
        assert code == 1 and told in text

    def test_tables_of_another_program(self, rivet, path, pg_db):
        pg_db.execute("CREATE SCHEMA rivet", "CREATE TABLE rivet.schema_version (version text)")
        done = rivet("run", "-c", path, "--json-errors")
        assert done.code == 3 and "no state store" in done.error()["error"]


class TestLooking:
    def test_check_plan_and_doctor_make_nothing(self, rivet, path, pg_db):
        for command in (["check", "-c", path], ["plan", "-c", path], ["doctor", "-c", path], ["state", "check"]):
            rivet.ok(*command)
            assert pg_db.rows("SELECT count(*) FROM pg_namespace WHERE nspname = 'rivet'") == [(0,)], command

    def test_check_plan_and_doctor_see_what_is_there_and_leave_it(self, rivet, source, pg_db):
        rivet.env["RIVET_STATE_URL"] = pg_db.url
        path = rivet.config(source, export("orders", table="orders", mode="incremental", cursor_column="id"))
        rivet.ok("run", "-c", path)
        before = everything(pg_db)
        assert str(ROWS) in rivet.ok("plan", "-c", path).stdout
        rivet.ok("check", "-c", path)
        assert "PostgreSQL" in rivet.ok("doctor", "-c", path).stdout
        assert everything(pg_db) == before

    def test_migrate_says_from_where_to_where(self, rivet, path, pg_db):
        assert "no tables yet" in rivet.ok("state", "check").stdout
        assert f"created with version {VERSION}" in rivet.ok("state", "migrate").stdout
        assert f"version {VERSION} already" in rivet.ok("state", "migrate").stdout
        done = rivet.ok("state", "check", "--json").json()
        assert done["version"] == VERSION and done["writable"] and done["ok"] and not done["server"]["through_pooler"]
        pg_db.execute("INSERT INTO rivet.schema_version VALUES (77)")
        for command in ("check", "migrate"):
            done = rivet("state", command)
            assert done.code == 3 and "version 77" in done.stderr

    def test_of_a_file_too(self, rivet, source):
        path = rivet.config(source, chunked())
        assert "no tables yet" in rivet.ok("state", "check", "-c", path).stdout
        assert not (rivet.folder / ".rivet_state.db").exists()
        assert rivet("state", "check").code == 1, "nothing says which"
        assert f"created with version {VERSION}" in rivet.ok("state", "migrate", "-c", path).stdout
        assert rivet.ok("state", "check", "-c", path, "--json").json()["server"] is None
        assert f"version {VERSION}" in rivet.ok("state", "check").stdout, "the file in this folder, when nothing says which"


class TestCopy:
    def test_to_the_server_and_back(self, rivet, source, pg_db):
        path = rivet.config(source, export("orders", table="orders", mode="incremental", cursor_column="id"))
        rivet.ok("run", "-c", path)
        rivet.killed_at("sealed", "run", "-c", path)
        before = everything_in_file(rivet.folder / ".rivet_state.db")
        done = rivet.ok("state", "copy", "--from", path, "--to", pg_db.url)
        assert f"{sum(map(len, before.values()))} rows" in done.stdout
        assert {table: len(rows) for table, rows in everything(pg_db).items()} == {table: len(rows) for table, rows in before.items()}
        rivet.ok("state", "copy", "--from", pg_db.url, "--to", rivet.folder / "back.db")
        assert everything_in_file(rivet.folder / "back.db") == before
        rivet.ok("run", "-c", path, env={"RIVET_STATE_URL": pg_db.url})
        assert ids(rivet) == list(range(1, ROWS + 1))

    def test_only_into_an_empty_store(self, rivet, path, pg_db):
        rivet.ok("run", "-c", path)
        before = everything(pg_db)
        file = rivet.folder / "other.db"
        rivet.ok("state", "copy", "--from", pg_db.url, "--to", file)
        done = rivet("state", "copy", "--from", file, "--to", pg_db.url)
        assert done.code == 1 and "is not empty" in done.stderr
        assert everything(pg_db) == before

    def test_from_nothing(self, rivet, pg_db):
        for place in (rivet.folder, rivet.folder / "none.db", pg_db.url):
            done = rivet("state", "copy", "--from", place, "--to", rivet.folder / "new.db")
            assert done.code == 1 and "there is no state store" in done.stderr
            assert not (rivet.folder / "new.db").exists()
