"""Fixtures: real servers for the session, a database and a folder per test, the program under test."""
from __future__ import annotations

import itertools
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from helpers import Rivet, rivet_binary  # noqa: E402
from servers import PgBouncer, PostgresServer, find_binary, make_folder, unprivileged  # noqa: E402

TEST_TIMEOUT_S = 600
MEMORY = Path("/dev/shm")
ROOM_IN_MEMORY = 2 << 30
_numbers = itertools.count(1)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    """Folders of tests lie in memory where there is room: a run syncs every step, and that is most of the time of a small one."""
    if config.option.basetemp is None and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM_IN_MEMORY:
        config.option.basetemp = tempfile.mkdtemp(prefix="rivet-tests-", dir=MEMORY)


def pytest_sessionfinish(session, exitstatus):
    """What failed can be looked at."""
    folder = session.config.option.basetemp
    if exitstatus == 0 and folder and Path(folder).parent == MEMORY:
        shutil.rmtree(folder, ignore_errors=True)


def pytest_collection_modifyitems(items):
    """Nothing may hang: a test that does not say otherwise has TEST_TIMEOUT_S."""
    for item in items:
        if not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(TEST_TIMEOUT_S))


def pytest_sessionstart(session):
    """A missing program or server ends the session at once, with what to do about it, instead of skipping tests."""
    if session.config.option.collectonly:
        return
    try:
        rivet_binary()
        for name in ("postgres", "initdb", "pgbouncer", "openssl"):
            find_binary(name)
    except (AssertionError, RuntimeError) as missing:
        pytest.exit(str(missing), returncode=3)


@pytest.fixture(scope="session")
def pg():
    """A PostgreSQL server for the whole session, without passwords or TLS."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def pgbouncer(pg):
    """pgbouncer in transaction mode before `pg`."""
    with PgBouncer(pg) as bouncer:
        yield bouncer


@pytest.fixture(scope="session")
def pg_tls():
    """A PostgreSQL server that takes TCP connections over TLS with a password only."""
    with PostgresServer(password="s3cret/?#@%-pässword", tls_only=True) as server:
        yield server


class Database:
    """A fresh database on a test server."""

    def __init__(self, server: PostgresServer, name: str):
        self.server = server
        self.name = name

    @property
    def url(self) -> str:
        return self.server.url(self.name)

    @property
    def source(self) -> dict:
        """The `source:` block of a config."""
        return {"type": "postgres", "url": self.url}

    def connect(self):
        return self.server.connect(self.name)

    def execute(self, *statements: str) -> None:
        with self.connect() as connection:
            for statement in statements:
                connection.execute(statement)

    def rows(self, query: str) -> list[tuple]:
        with self.connect() as connection:
            return connection.execute(query).fetchall()


@pytest.fixture
def pg_db(pg):
    """An empty database, dropped after the test."""
    name = f"t{os.getpid()}_{next(_numbers)}"
    pg.create_database(name)
    yield Database(pg, name)
    pg.drop_database(name)


@pytest.fixture
def rivet(tmp_path) -> Rivet:
    """The program, with a fresh folder for config, state and output."""
    return Rivet(tmp_path)


class HumbleRivet(Rivet):
    def command(self, *args):
        return unprivileged(super().command(*args))


@pytest.fixture
def humble():
    """The program run by a user without privileges, in a folder of that user."""
    folder = make_folder("rivet-humble")
    yield HumbleRivet(folder)
    shutil.rmtree(folder)
