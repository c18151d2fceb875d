"""Ways to a PostgreSQL server: TLS modes, passwords from everywhere, pgbouncer, settings of role and database."""
from __future__ import annotations

import socket
import threading

import pytest

from conftest import Database
from helpers import export, rows_of
from servers import PostgresServer

ROWS = 500


@pytest.fixture
def tls_db(pg_tls):
    pg_tls.create_database("shop")
    database = Database(pg_tls, "shop")
    database.execute(f"CREATE TABLE t AS SELECT i AS id, 'row ' || i AS name FROM generate_series(1, {ROWS}) AS i")
    yield database
    pg_tls.drop_database("shop")


def source_of(server: PostgresServer, *, host: str = "localhost", **keys) -> dict:
    return {"type": "postgres", "host": host, "port": server.port, "user": server.user, "password_env": "SHOP_PASSWORD",
            "database": "shop", **keys}


def run(rivet, server, source, expect: int = 0):
    done = rivet("run", "-c", rivet.config(source, export("t", table="t")), "--validate", "--json-errors",
                 env={"SHOP_PASSWORD": server.password})
    assert done.code == expect, done.stderr
    return done


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_tls_modes_reach_the_server(rivet, pg_tls, tls_db, mode):
    tls = {"mode": mode} if mode == "require" else {"mode": mode, "ca_file": str(pg_tls.certificates.ca_file)}
    run(rivet, pg_tls, source_of(pg_tls, tls=tls))
    assert len(rows_of(rivet.output().table("t"))) == ROWS


def test_verify_full_refuses_a_certificate_of_another_name(rivet, pg_tls, tls_db):
    tls = {"mode": "verify-full", "ca_file": str(pg_tls.certificates.ca_file)}
    done = run(rivet, pg_tls, source_of(pg_tls, host="127.0.0.1", tls=tls), expect=1)
    assert "127.0.0.1" in done.error()["error"], done.stderr
    assert not rivet.output().names()
    run(rivet, pg_tls, source_of(pg_tls, host="127.0.0.1", tls={**tls, "mode": "verify-ca"}))


@pytest.mark.parametrize("mode", ["verify-ca", "verify-full"])
def test_an_unknown_authority_is_refused(rivet, pg_tls, tls_db, mode):
    done = run(rivet, pg_tls, source_of(pg_tls, tls={"mode": mode}), expect=1)
    assert "certificate" in done.stderr
    assert pg_tls.password not in done.stderr + done.stdout


def test_plain_text_is_refused_by_the_server_with_its_reason(rivet, pg_tls, tls_db):
    done = run(rivet, pg_tls, source_of(pg_tls, tls={"mode": "disable"}), expect=1)
    assert "no encryption" in done.stderr


def test_a_weaker_sslmode_of_the_url_does_not_win(rivet, pg_tls, tls_db):
    source = {"type": "postgres", "url": pg_tls.url("shop") + "?sslmode=disable", "tls": {"mode": "require"}}
    run(rivet, pg_tls, source)


def test_a_remote_host_is_not_asked_in_plain_text(rivet):
    """No packet leaves: the decision falls before any name is looked up."""
    source = {"type": "postgres", "host": "db.invalid", "user": "u", "password_env": "SHOP_PASSWORD", "database": "shop"}
    done = rivet("run", "-c", rivet.config(source, export("t", table="t")), env={"SHOP_PASSWORD": "x"})
    assert done.code != 0
    assert "mode: disable" in done.stderr and "verify-full" in done.stderr, done.stderr


def test_pgbouncer_in_transaction_mode(rivet, pgbouncer, pg):
    pg.create_database("pooled")
    try:
        database = Database(pg, "pooled")
        database.execute(f"CREATE TABLE t AS SELECT i AS id, (i::numeric / 8)::numeric(10,3) AS eighth FROM generate_series(1, {ROWS}) AS i")
        source = {"type": "postgres", "url": pgbouncer.url("pooled")}
        path = rivet.config(source, export("t", table="t"), export("q", query="SELECT id FROM t WHERE id > 100"))
        for _ in range(3):
            rivet.ok("run", "-c", path, "--validate")
        assert rows_of(rivet.output().table("t")) == database.rows("SELECT * FROM t ORDER BY id")
        assert len(rows_of(rivet.output().table("q"))) == ROWS - 100
        with pg.connect("pooled") as connection:
            left = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = 'pooled' AND xact_start IS NOT NULL "
                                      "AND pid <> pg_backend_pid()").fetchone()
        assert left == (0,), "a transaction was left open behind the pool"
    finally:
        pg.drop_database("pooled")


def test_settings_left_behind_in_a_pooled_session_do_not_matter(rivet, pgbouncer, pg):
    """In transaction mode another client's SET may still stand in the session we are given."""
    import psycopg

    pg.create_database("dirty")
    try:
        Database(pg, "dirty").execute("CREATE TABLE t AS SELECT 1 AS id, now() AS at, interval '1 day 2 hours' AS i, 0.1::float8 AS f")
        with psycopg.connect(pgbouncer.url("dirty"), autocommit=True, prepare_threshold=None) as other:
            for setting in ("TimeZone = 'Asia/Kathmandu'", "IntervalStyle = 'sql_standard'", "extra_float_digits = -15",
                            "statement_timeout = 1", "search_path = nowhere"):
                other.execute(f"SET {setting}")
        path = rivet.config({"type": "postgres", "url": pgbouncer.url("dirty")}, export("t", table="public.t"))
        rivet.ok("run", "-c", path, "--validate")
        (row,) = rivet.output().table("t").to_pylist()
        assert (row["i"], row["f"]) == ("P1DT2H", 0.1)
    finally:
        pg.drop_database("dirty")


def test_a_peer_that_is_not_postgres(rivet):
    """Something else listens there and says nonsense."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def answer():
            peer, _ = listener.accept()
            with peer:
                peer.recv(100)
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        url = f"postgresql://u@127.0.0.1:{listener.getsockname()[1]}/d?sslmode=disable"
        done = rivet("run", "-c", rivet.config({"type": "postgres", "url": url}, export("t", table="t", tuning={"max_retries": 0})))
    assert done.code == 2 and "check host and port" in done.stderr
    assert not rivet.output().names()
