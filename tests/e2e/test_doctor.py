"""`rivet doctor`: what it finds out, what it fails on, and that it leaves nothing behind."""
import json
import socket
import sqlite3

import pytest

from helpers import export
from servers import PgBouncer, PostgresServer, Standby


@pytest.fixture
def table(pg_db):
    pg_db.execute("CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    return pg_db


def files(rivet) -> dict:
    return {path.relative_to(rivet.folder): path.read_bytes() if path.is_file() else None for path in rivet.folder.rglob("*")}


def examined(rivet, path, *args, code=0) -> dict[str, dict]:
    """The checks of the JSON report by name. Nothing may have changed."""
    before = files(rivet)
    done = rivet("doctor", "-c", path, "--json", *args)
    assert done.code == code, done
    assert files(rivet) == before, "it left something behind"
    report = done.json()
    assert list(report) == ["config_path", "all_ok", "checks"]
    assert report["config_path"] == str(path) and report["all_ok"] == (code == 0)
    for check in report["checks"]:
        assert check.keys() <= {"name", "ok", "detail", "hint"} and isinstance(check["ok"], bool)
    return {check["name"]: check for check in report["checks"]}


def failed(checks: dict) -> list[str]:
    return [name for name, check in checks.items() if not check["ok"]]


def test_all_is_well(rivet, table):
    path = rivet.config(table.source, export("t", table="t", mode="chunked", chunk_column="id", parallel=2),
                        export("parts", query="SELECT id, date '2026-01-01' AS d FROM t", partition_by="d", path="./parts/{partition}"))
    checks = examined(rivet, path)
    assert list(checks)[0] == "Config parsed successfully"
    assert checks["Source auth (Postgres)"]["detail"].startswith("PostgreSQL 1")
    assert checks["Source TLS"]["detail"].startswith("off")
    assert checks["Pooler"]["detail"] == "none" and checks["Source role"]["detail"] == "primary"
    assert "hint" not in checks["Clock"]
    assert "does not exist yet" in checks["Destination Local(./output)"]["detail"]
    assert "free" in checks["Destination Local(./parts/{partition})"]["detail"]
    assert "does not exist yet" in checks["State store"]["detail"]
    assert checks["Export t can be read"]["ok"] and checks["Export parts can be read"]["ok"]
    rivet.ok("run", "-c", path)
    checks = examined(rivet, path)
    assert "does not exist" not in checks["State store"]["detail"] + checks["Destination Local(./output)"]["detail"]
    text = rivet.ok("doctor", "-c", path).stdout
    assert text.count("✓") == len(checks) and "✗" not in text


def test_sqlite(rivet):
    with sqlite3.connect(rivet.folder / "s.db") as db:
        db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)")
    checks = examined(rivet, rivet.config({"type": "sqlite", "path": str(rivet.folder / "s.db")}, export("t", table="t")))
    assert checks["Source auth (SQLite)"]["detail"].startswith("SQLite 3")
    assert "Pooler" not in checks and "Source TLS" not in checks
    gone = rivet.config({"type": "sqlite", "path": str(rivet.folder / "gone.db")}, export("t", table="t"))
    assert failed(examined(rivet, gone, code=1)) == ["Source auth (SQLite)"]


def test_a_configuration_with_problems(rivet, table):
    path = rivet.config(table.source, {**export("t", table="t"), "fromat": "csv"}, export("t", table="t"))
    checks = examined(rivet, path, code=1)
    assert list(checks) == ["Config parsed successfully"]
    detail = checks["Config parsed successfully"]["detail"]
    assert "fromat" in detail and str(path) in detail
    missing = rivet("doctor", "-c", rivet.folder / "none.yaml", "--json")
    assert missing.code == 1 and missing.json()["all_ok"] is False


def test_a_variable_that_is_not_set(rivet, table):
    path = rivet.config({"type": "postgres", "url": "${DATABASE_URL}"}, export("t", table="t"))
    checks = examined(rivet, path, code=1)
    assert failed(checks) == ["Config parsed successfully"] and "DATABASE_URL" in str(checks)


def test_tables_that_cannot_be_read(rivet, table):
    role = f"poor_{table.name}"
    table.execute("CREATE TABLE secret (id int)", f"CREATE ROLE {role} LOGIN", f"GRANT SELECT ON t TO {role}")
    try:
        path = rivet.config({"type": "postgres", "url": table.server.url(table.name, user=role)}, export("t", table="t"),
                            export("secret", table="secret"), export("gone", table="gone"),
                            export("column", query="SELECT nope FROM t"))
        checks = examined(rivet, path, code=1)
        assert failed(checks) == ["Export secret can be read", "Export gone can be read", "Export column can be read"]
        assert "permission denied" in checks["Export secret can be read"]["detail"]
        assert "GRANT SELECT" in checks["Export secret can be read"]["hint"]
    finally:
        table.execute(f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_a_wrong_password_and_tls(rivet, pg_tls):
    def config(password):
        return rivet.config({"type": "postgres", "url": pg_tls.url(password=password), "tls": {"mode": "require"}},
                            export("t", table="pg_class"))
    wrong = examined(rivet, config("not-the-password"), code=1)
    assert failed(wrong) == ["Source auth (Postgres)"] and "not-the-password" not in str(wrong)
    assert wrong["Destination Local(./output)"]["ok"], "the rest is looked at all the same"
    right = examined(rivet, config(pg_tls.password))
    assert right["Source TLS"]["detail"].startswith("TLSv1.")


def test_a_server_that_is_down_is_a_transient_failure(rivet, pg):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = pg.url().replace(f":{pg.port}/", f":{taken.getsockname()[1]}/")
        path = rivet.config({"type": "postgres", "url": url}, export("t", table="t"))
        assert failed(examined(rivet, path, code=2)) == ["Source auth (Postgres)"]
        path = rivet.config({"type": "postgres", "url": url}, {**export("t", table="t"), "destination": {"type": "s3", "bucket": "b"}})
        examined(rivet, path, code=1)


def test_too_few_connections(rivet, table):
    role = f"lone_{table.name}"
    table.execute(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 2", f"GRANT SELECT ON t TO {role}")
    try:
        path = rivet.config({"type": "postgres", "url": table.server.url(table.name, user=role)},
                            export("t", table="t", mode="chunked", chunk_column="id", parallel=8))
        checks = examined(rivet, path, code=2)
        assert failed(checks) == ["Connections"] and checks["Connections"]["detail"].startswith("2 can be had, 8 wanted")
    finally:
        table.execute(f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_a_pooler_in_transaction_mode_is_told(rivet, table, pgbouncer):
    path = rivet.config({"type": "postgres", "url": pgbouncer.url(table.name)}, export("t", table="t"))
    pooler = examined(rivet, path)["Pooler"]
    assert "transaction mode" in pooler["detail"] and "consistency: snapshot" in pooler["hint"]


@pytest.mark.parametrize("pool_size", [1, 2])
def test_a_pooler_that_keeps_a_session_for_each_client(rivet, table, pool_size):
    class Sessions(PgBouncer):
        def _write_config(self, size):
            super()._write_config(size)
            config = self.folder / "pgbouncer.ini"
            config.write_text(config.read_text().replace("pool_mode = transaction", "pool_mode = session"))

    with Sessions(table.server, pool_size=pool_size) as bouncer:
        path = rivet.config({"type": "postgres", "url": bouncer.url(table.name)}, export("t", table="t"))
        pooler = examined(rivet, path)["Pooler"]
        assert "each client" in pooler["detail"] and "hint" not in pooler


def test_a_standby_says_how_far_it_is_behind(rivet):
    with PostgresServer() as primary, Standby(primary) as standby:
        with primary.connect() as connection:
            connection.execute("CREATE TABLE t AS SELECT 1 AS id")
        standby.catch_up()
        path = rivet.config({"type": "postgres", "url": standby.url()}, export("t", table="t"))
        assert examined(rivet, path)["Source role"]["detail"].startswith("standby, 0ms behind")


def test_folders_that_cannot_be_written(humble):
    with sqlite3.connect(humble.folder / "s.db") as db:
        db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)")
    path = humble.config({"type": "sqlite", "path": str(humble.folder / "s.db")}, export("t", table="t"))
    for file in (path, humble.folder / "s.db"):
        file.chmod(0o644)
    humble.folder.chmod(0o555)
    assert failed(examined(humble, path, code=1)) == ["Destination Local(./output)", "State store"]
    humble.folder.chmod(0o777)
    humble.ok("run", "-c", path)
    humble.folder.chmod(0o555)
    checks = examined(humble, path, code=1)
    assert failed(checks) == ["State store"] and "writable" in checks["State store"]["hint"]
    humble.folder.chmod(0o777)


def test_a_state_store_that_is_none(rivet, table):
    path = rivet.config(table.source, export("t", table="t"))
    (rivet.folder / ".rivet_state.db").write_text("this is not a database, whatever its name says" * 100)
    assert failed(examined(rivet, path, code=1)) == ["State store"]


def test_receivers_are_named_and_not_called(rivet, table):
    with socket.create_server(("127.0.0.1", 0)) as receiver:
        receiver.settimeout(0.2)
        url = f"http://127.0.0.1:{receiver.getsockname()[1]}/hook"
        path = rivet.config(table.source, export("t", table="t"),
                            notifications={"webhook": {"url_env": "HOOK", "on": ["failure"]}})
        rivet.env["HOOK"] = url
        notifications = examined(rivet, path)["Notifications"]
        assert "webhook" in notifications["detail"] and url not in str(notifications)
        with pytest.raises(TimeoutError):
            receiver.accept()
