"""The harness itself: servers come up, refuse what they should, and leave nothing behind."""
from pathlib import Path

import psycopg
import pytest

from servers import PostgresServer


def test_a_killed_server_starts_again_and_is_gone_when_closed():
    with PostgresServer() as server:
        first = server.pid
        server.kill()
        with pytest.raises(psycopg.OperationalError):
            server.connect()
        server.start()
        assert server.pid != first
        with server.connect() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        last, folder = server.pid, server.folder
    assert not folder.exists() and not Path(f"/proc/{last}").exists()


def test_tls_server_refuses_plain_connections_and_wrong_passwords(pg_tls):
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(pg_tls.url() + "?sslmode=disable")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(pg_tls.url(password="wrong") + "?sslmode=require")
    verified = pg_tls.url().replace(pg_tls.host, "localhost") + f"?sslmode=verify-full&sslrootcert={pg_tls.certificates.ca_file}"
    with psycopg.connect(verified) as connection:
        assert connection.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone() == (True,)


def test_pgbouncer_shares_server_sessions(pg, pgbouncer):
    with psycopg.connect(pgbouncer.url(), autocommit=True) as one, psycopg.connect(pgbouncer.url(), autocommit=True) as two:
        sessions = [connection.execute("SELECT pg_backend_pid()").fetchone() for connection in (one, two)]
    assert sessions[0] == sessions[1]
