"""What a program asks of the server while it runs: long statements, and snapshots that hold back VACUUM."""
from __future__ import annotations

import threading
from dataclasses import dataclass

import psycopg

LOOKS_PER_SECOND = 20

# Each look takes a transaction id itself, so that age(backend_xmin) is a time too: in looks.
LOOK = """
SELECT pg_current_xact_id(),
       coalesce(max(extract(epoch FROM clock_timestamp() - query_start)) FILTER (WHERE state = 'active'), 0)::float8,
       coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::float8,
       coalesce(max(age(backend_xmin)), 0)
  FROM pg_stat_activity
 WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"""


@dataclass(frozen=True)
class Activity:
    """The greatest of what was seen, over all sessions of the database."""

    statement_s: float = 0
    transaction_s: float = 0
    xmin_age: int = 0  # transactions, of which there are LOOKS_PER_SECOND

    def __or__(self, other: Activity) -> Activity:
        return Activity(max(self.statement_s, other.statement_s), max(self.transaction_s, other.transaction_s),
                        max(self.xmin_age, other.xmin_age))


class ActivityWatch:
    """Looks at the sessions of a database, other than its own, from entering to leaving; then `seen` is what there was."""

    def __init__(self, conninfo: str):
        self._conninfo = conninfo
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._failure: Exception | None = None
        self.seen = Activity()

    def __enter__(self) -> ActivityWatch:
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._done.set()
        self._thread.join()
        if self._failure:
            raise self._failure

    def _look(self) -> None:
        try:
            with psycopg.connect(self._conninfo, autocommit=True) as connection:
                while not self._done.wait(1 / LOOKS_PER_SECOND):
                    self.seen |= Activity(*connection.execute(LOOK).fetchone()[1:])
        except psycopg.Error as failure:
            self._failure = failure
