"""Real servers for the tests: PostgreSQL and pgbouncer on loopback, in temporary directories, stopped by process id.

Nothing here needs a service of the machine: a cluster is made with initdb, listens on a free port of 127.0.0.1 and on a
socket in its own folder, and is gone with that folder. PostgreSQL refuses to run as root, so root steps down to the
`postgres` user that the distribution package brings.
"""
from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
import psycopg.conninfo
import psycopg.sql

SERVER_USER = "postgres"
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30


class ServerError(RuntimeError):
    """A server could not be made, started or stopped; the text ends with what its log says."""


def find_binary(name: str) -> str:
    """Absolute path of a server program. A missing one fails the suite: `scripts/setup.sh` installs them."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which(name, path=os.pathsep.join([*map(str, folders), os.environ.get("PATH", ""), "/usr/sbin"]))
    if not found:
        raise ServerError(f"{name} is not installed: run scripts/setup.sh")
    return found


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def unprivileged(command: list[str]) -> list[str]:
    """The command as SERVER_USER when we are root, else as it is."""
    if os.geteuid() != 0:
        return command
    return ["setpriv", f"--reuid={SERVER_USER}", f"--regid={SERVER_USER}", "--init-groups", *command]


def make_folder(prefix: str) -> Path:
    """A temporary folder with a short path (socket names have 107 bytes) that the server user owns."""
    folder = Path(tempfile.mkdtemp(prefix=f"{prefix}-", dir="/tmp"))
    if os.geteuid() == 0:
        shutil.chown(folder, SERVER_USER, SERVER_USER)
    return folder


def give_to_server(path: Path, mode: int) -> None:
    """Hands a file to the server user with exactly this mode."""
    path.chmod(mode)
    if os.geteuid() == 0:
        shutil.chown(path, SERVER_USER, SERVER_USER)


def run_checked(command: list[str], **options) -> str:
    """Runs a program to its end and returns its output; ServerError when it fails."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode:
        raise ServerError(f"{command[0]} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def tail(path: Path, lines: int = 30) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else "(no log)"


def settings(values: dict[str, object]) -> str:
    """`name = 'value'` lines of a PostgreSQL configuration file."""
    return "".join("{} = '{}'\n".format(name, str(value).replace("'", "''")) for name, value in values.items())


def children_of(pid: int) -> list[int]:
    """Process ids of the direct children."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Process:
    """A server process of ours, known by its id."""

    def __init__(self, command: list[str], log: Path, cwd: Path):
        with log.open("ab") as out:
            self._popen = subprocess.Popen(unprivileged(command), stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=cwd,
                                           start_new_session=True)

    @property
    def pid(self) -> int:
        return self._popen.pid

    def is_alive(self) -> bool:
        return self._popen.poll() is None

    def end(self, number: signal.Signals) -> None:
        """Sends the signal and waits for the end; after STOP_TIMEOUT_S it kills."""
        if not self.is_alive():
            return
        self._popen.send_signal(number)
        try:
            self._popen.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()


def answers(process: Process, conninfo: str) -> bool:
    """Waits until the server takes connections; false when it ended, or took too long."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.is_alive():
        try:
            psycopg.connect(conninfo).close()
            return True
        except psycopg.OperationalError:
            time.sleep(0.05)
    return False


@dataclass
class Certificates:
    """A certificate authority of our own and a server certificate for `localhost` (not for 127.0.0.1 by name)."""

    folder: Path
    ca_file: Path = field(init=False)
    cert_file: Path = field(init=False)
    key_file: Path = field(init=False)

    def __post_init__(self):
        self.ca_file = self.folder / "ca.crt"
        self.cert_file = self.folder / "server.crt"
        self.key_file = self.folder / "server.key"
        self._make()

    def _make(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        ca_key, request, extension = self.folder / "ca.key", self.folder / "server.csr", self.folder / "server.ext"
        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        run_checked(["openssl", "req", "-x509", *new_key, "-days", "30", "-subj", "/CN=rivet test authority", "-keyout",
                     str(ca_key), "-out", str(self.ca_file)])
        run_checked(["openssl", "req", *new_key, "-subj", "/CN=localhost", "-keyout", str(self.key_file), "-out", str(request)])
        extension.write_text("subjectAltName = DNS:localhost\n")
        run_checked(["openssl", "x509", "-req", "-in", str(request), "-CA", str(self.ca_file), "-CAkey", str(ca_key),
                     "-CAcreateserial", "-days", "30", "-extfile", str(extension), "-out", str(self.cert_file)])
        give_to_server(self.key_file, 0o600)


class PostgresServer:
    """One PostgreSQL cluster. Use as a context manager, or call start() and close().

    `config` adds to or replaces settings of postgresql.conf. With `password` every TCP connection needs it (SCRAM); without,
    everybody is trusted. With `tls` the server offers TLS by a certificate of its own authority (`certificates.ca_file`);
    `tls_only` refuses plain TCP connections. With `data_dir` the cluster lives there, is reused when it exists and stays.
    """

    user = "rivet"

    def __init__(self, *, config: dict[str, object] | None = None, password: str | None = None, tls: bool = False,
                 tls_only: bool = False, fsync: bool = False, data_dir: Path | None = None, port: int | None = None):
        self.host = "127.0.0.1"
        self.port = port or free_port()
        self.password = password
        self.tls_only = tls_only
        self.certificates: Certificates | None = None
        self._keeps_folder = data_dir is not None
        self.folder = data_dir if data_dir else make_folder("rivet-pg")
        self.data = self.folder / "data"
        self.log_file = self.folder / "server.log"
        self._process: Process | None = None
        self._config = {
            "listen_addresses": self.host, "port": self.port, "unix_socket_directories": self.folder,
            "fsync": "on" if fsync else "off", "shared_buffers": "64MB", "max_connections": 60, **(config or {}),
        }
        if not (self.data / "PG_VERSION").exists():
            self._initdb()
        if tls or tls_only:
            self.certificates = Certificates(self.folder / "tls")
            self._config |= {"ssl": "on", "ssl_cert_file": self.certificates.cert_file, "ssl_key_file": self.certificates.key_file}
        self._write_config()

    # -- life cycle

    def start(self) -> PostgresServer:
        """Starts the server and returns once it answers."""
        self._process = Process([find_binary("postgres"), "-D", str(self.data)], self.log_file, self.folder)
        if answers(self._process, self.admin_conninfo()):
            return self
        self.kill()
        raise ServerError(f"PostgreSQL did not start:\n{tail(self.log_file)}")

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, clients are told."""
        self._end(signal.SIGINT)

    def stop_at_once(self) -> None:
        """Immediate shutdown (pg_ctl -m immediate): no checkpoint, the next start recovers."""
        self._end(signal.SIGQUIT)

    def kill(self) -> None:
        """`kill -9` of the server: clients just see their connections close."""
        backends = children_of(self.pid) if self._process else []
        self._end(signal.SIGKILL)
        for backend in backends:
            with contextlib.suppress(ProcessLookupError):
                os.kill(backend, signal.SIGKILL)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def restart(self) -> None:
        self.stop()
        self.start()

    def close(self) -> None:
        """Stops the server; removes the cluster unless it was given a place of its own."""
        self.stop()
        if not self._keeps_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> PostgresServer:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        assert self._process, "the server is not running"
        return self._process.pid

    # -- connecting

    def url(self, database: str = "postgres", *, user: str | None = None, password: str | None = None) -> str:
        """The URL a config names: `postgresql://user[:password]@127.0.0.1:port/database`, percent-encoded."""
        secret = password if password is not None else self.password
        login = quote(user or self.user, safe="") + (f":{quote(secret, safe='')}" if secret is not None else "")
        return f"postgresql://{login}@{self.host}:{self.port}/{quote(database, safe='')}"

    def admin_conninfo(self, database: str = "postgres") -> str:
        """How the tests themselves connect: by the socket, which is always trusted."""
        return psycopg.conninfo.make_conninfo(host=str(self.folder), port=self.port, user=self.user, dbname=database)

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """A connection in autocommit mode."""
        return psycopg.connect(self.admin_conninfo(database), autocommit=True)

    def create_database(self, name: str) -> None:
        with self.connect() as connection:
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))

    def drop_database(self, name: str) -> None:
        with self.connect() as connection:
            connection.execute(psycopg.sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(psycopg.sql.Identifier(name)))

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    # -- inside

    def _initdb(self) -> None:
        command = [find_binary("initdb"), "-D", str(self.data), "-U", self.user, "-A", "trust", "-E", "UTF8",
                   "--locale=C.UTF-8", "--no-sync"]
        if self.password is not None:
            secret = self.folder / "password"
            secret.write_text(self.password + "\n", encoding="utf-8")
            give_to_server(secret, 0o600)
            command.append(f"--pwfile={secret}")
        run_checked(unprivileged(command), cwd=self.folder)

    def _write_config(self) -> None:
        override = self.data / "rivet.conf"
        override.write_text(settings(self._config))
        give_to_server(override, 0o600)
        main = self.data / "postgresql.conf"
        if "include 'rivet.conf'" not in main.read_text():
            with main.open("a") as out:
                out.write("include 'rivet.conf'\n")
        method = "scram-sha-256" if self.password is not None else "trust"
        kind = "hostssl" if self.tls_only else "host"
        (self.data / "pg_hba.conf").write_text(
            f"local all all trust\nlocal replication all trust\n{kind} all all 127.0.0.1/32 {method}\n")

    def _end(self, number: signal.Signals) -> None:
        if self._process:
            self._process.end(number)
            self._process = None


class Standby(PostgresServer):
    """A hot standby of a running PostgresServer, copied from it now; it follows the primary until it is paused."""

    def __init__(self, primary: PostgresServer):
        folder = make_folder("rivet-standby")
        run_checked(unprivileged([find_binary("pg_basebackup"), "-D", str(folder / "data"), "-d", primary.admin_conninfo(), "-R", "-X", "stream",
                                  "-c", "fast", "--no-sync"]), cwd=folder)
        super().__init__(data_dir=folder)
        self.primary = primary
        self._keeps_folder = False

    def catch_up(self) -> None:
        """Returns once everything the primary has written until now is replayed here."""
        with self.primary.connect() as primary, self.connect() as here:
            primary.execute("SELECT txid_current()")  # a commit, so that what was left in buffers is sent
            (written,) = primary.execute("SELECT pg_current_wal_insert_lsn()").fetchone()
            self._wait(here, f"SELECT pg_last_wal_replay_lsn() >= '{written}'")

    def pause(self) -> None:
        """Nothing is replayed any more, until resume()."""
        with self.connect() as here:
            here.execute("SELECT pg_wal_replay_pause()")
            self._wait(here, "SELECT pg_get_wal_replay_pause_state() = 'paused'")

    def resume(self) -> None:
        with self.connect() as here:
            here.execute("SELECT pg_wal_replay_resume()")

    def _wait(self, connection: psycopg.Connection, query: str) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not connection.execute(query).fetchone()[0]:
            if time.monotonic() > deadline:
                raise ServerError(f"the standby does not get there: {query}\n{tail(self.log_file)}")
            time.sleep(0.01)


class PgBouncer:
    """pgbouncer in transaction mode before a PostgresServer: each transaction may meet another server session."""

    def __init__(self, server: PostgresServer, *, pool_size: int = 2):
        self.server = server
        self.host = "127.0.0.1"
        self.port = free_port()
        self.folder = make_folder("rivet-bouncer")
        self.log_file = self.folder / "pgbouncer.log"
        self._process: Process | None = None
        self._write_config(pool_size)

    def _write_config(self, pool_size: int) -> None:
        users, config = self.folder / "users.txt", self.folder / "pgbouncer.ini"
        users.write_text(f'"{self.server.user}" "{self.server.password or ""}"\n')
        config.write_text(
            f"[databases]\n* = host={self.server.host} port={self.server.port}\n"
            f"[pgbouncer]\nlisten_addr = {self.host}\nlisten_port = {self.port}\nunix_socket_dir =\n"
            f"auth_type = {'trust' if self.server.password is None else 'plain'}\nauth_file = {users}\n"
            f"pool_mode = transaction\ndefault_pool_size = {pool_size}\nlogfile =\npidfile =\n")
        for path in (users, config):
            give_to_server(path, 0o600)

    def url(self, database: str = "postgres") -> str:
        return self.server.url(database).replace(f":{self.server.port}/", f":{self.port}/")

    def start(self) -> PgBouncer:
        """Starts pgbouncer and returns once it lets clients through."""
        self._process = Process([find_binary("pgbouncer"), str(self.folder / "pgbouncer.ini")], self.log_file, self.folder)
        if answers(self._process, self.url()):
            return self
        self.close()
        raise ServerError(f"pgbouncer did not start:\n{tail(self.log_file)}")

    def close(self) -> None:
        if self._process:
            self._process.end(signal.SIGINT)
            self._process = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> PgBouncer:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_) -> None:
        self.close()
