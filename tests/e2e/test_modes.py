"""Every way to cut a relation gives every row once, each cell exact, whatever the key; and what is impossible is refused."""
import threading
import time

import pytest

from helpers import export, rows_of
from modes import COLUMNS, QUERY_SHAPES, ROWS, SHAPES, keys_for, postgres_orders, sqlite_orders


@pytest.fixture(params=["postgres", "sqlite"])
def orders(request, tmp_path):
    if request.param == "sqlite":
        return sqlite_orders(tmp_path)
    return postgres_orders(request.getfixturevalue("pg_db"))


def landed(rivet, name="orders"):
    return rows_of(rivet.output().table(name).select(COLUMNS))


def comparable(rows, orders, keys):
    if "columns" not in keys:
        return rows
    return [tuple(str(value) if name == "at" and value is not None else value for name, value in zip(COLUMNS, row)) for row in rows]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_row_once(rivet, orders, shape):
    keys = keys_for(orders, SHAPES[shape])
    path = rivet.config(orders.source, export("orders", table="orders", **keys))
    done = rivet.ok("run", "-c", path, "--validate", "--json")
    assert comparable(landed(rivet), orders, keys) == orders.expected()
    manifest = rivet.output().manifest("orders")
    assert manifest["row_count"] == ROWS == sum(part["rows"] for part in manifest["parts"])
    units = rivet.state("SELECT count(*), sum(status = 'completed') FROM unit")[0]
    assert units[0] == units[1]
    if shape.startswith(("range", "keyset", "dense", "days", "chosen")):
        assert units[0] > 3, "it was not cut"
    assert done.code == 0


@pytest.mark.parametrize("shape", QUERY_SHAPES)
def test_every_row_of_a_query_once(rivet, orders, shape):
    keys = keys_for(orders, QUERY_SHAPES[shape])
    query = f"SELECT {', '.join(COLUMNS)} FROM orders WHERE id % 2 = 0 -- only even ones"
    path = rivet.config(orders.source, export("orders", query=query, **keys))
    rivet.ok("run", "-c", path, "--validate")
    expected = [row for row in orders.expected() if row[0] % 2 == 0]
    assert comparable(landed(rivet), orders, keys) == expected


@pytest.mark.parametrize("shape", ["full", "range_parallel", "keyset_composite"])
def test_csv_in_every_mode(rivet, orders, shape):
    path = rivet.config(orders.source, export("orders", table="orders", format="csv", **keys_for(orders, SHAPES[shape])))
    rivet.ok("run", "-c", path, "--validate")
    assert sum(part["rows"] for part in rivet.output().manifest("orders")["parts"]) == ROWS


@pytest.mark.parametrize("shape", SHAPES)
def test_an_empty_table(rivet, pg_db, tmp_path, shape):
    keys = SHAPES[shape]
    pg_db.execute("CREATE TABLE orders (id bigint PRIMARY KEY, code text NOT NULL UNIQUE, region text NOT NULL, seq integer, "
                  "at timestamp, price numeric(12,2) NOT NULL, note text)")
    path = rivet.config(pg_db.source, export("orders", table="orders", **keys))
    rivet.ok("run", "-c", path, "--validate")
    manifest = rivet.output().manifest("orders")
    assert (manifest["row_count"], manifest["part_count"]) == (0, 0)


class TestKeysOfEveryKind:
    """A unit's boundaries are compared by the server, in its own order."""

    TYPES = {
        "bigint_extremes": ("bigint", "unnest(ARRAY[-9223372036854775808, -1, 0, 1, 9223372036854775807]::bigint[])"),
        "text_c": ('text COLLATE "C"', "chr(65 + g % 58) || g || '''\"' FROM generate_series(1, 3000) g"),
        "text_icu": ('text COLLATE "de-x-icu"', "(ARRAY['ä','a','Z','z','ß','ss','Ä','_'])[1 + g % 8] || g FROM generate_series(1, 3000) g"),
        "text_nondeterministic": ("text COLLATE ci", "(CASE WHEN g % 2 = 0 THEN 'Key' ELSE 'kEY' END) || (g / 2) FROM generate_series(1, 3000) g"),
        "char": ("char(8)", "left(md5(g::text), 1 + g % 8) FROM generate_series(1, 3000) g"),
        "varchar": ("varchar(12)", "left(md5(g::text), 12) FROM generate_series(1, 3000) g"),
        "uuid": ("uuid", "md5(g::text)::uuid FROM generate_series(1, 3000) g"),
        "numeric": ("numeric(20,6)", "(g * 7919 % 3001 - 1500) / 7.0 FROM generate_series(1, 3000) g"),
        "timestamptz": ("timestamptz", "'2024-03-31 00:30:00+00'::timestamptz + g * interval '7 minutes' FROM generate_series(1, 3000) g"),
        "date": ("date", "date '2024-02-27' + g % 90 FROM generate_series(1, 3000) g"),
        "enum": ("mood", "(enum_range(NULL::mood))[1 + g % 3] FROM generate_series(1, 3000) g"),
        "bytea": ("bytea", "decode(md5(g::text), 'hex') FROM generate_series(1, 3000) g"),
        "boolean": ("boolean", "g % 2 = 0 FROM generate_series(1, 3000) g"),
        "float8": ("double precision", "(CASE g % 5 WHEN 0 THEN 'Infinity' WHEN 1 THEN '-0.0' ELSE g * 0.1 END)::float8 FROM generate_series(1, 3000) g"),
    }

    @pytest.mark.parametrize("analysed", [True, False], ids=["statistics", "walk"])
    @pytest.mark.parametrize("indexed", [True, False], ids=["indexed", "plain"])
    @pytest.mark.parametrize("kind", TYPES)
    def test_every_row_is_in_one_unit(self, rivet, pg_db, kind, indexed, analysed):
        declared, values = self.TYPES[kind]
        pg_db.execute("CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
                      "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')",
                      f"CREATE TABLE t (n bigint GENERATED ALWAYS AS IDENTITY, k {declared})",
                      f"INSERT INTO t (k) SELECT {values}", "INSERT INTO t (k) VALUES (NULL), (NULL)")
        if indexed:
            pg_db.execute("CREATE INDEX ON t (k)")
        if analysed:
            pg_db.execute("ANALYZE t")
        path = rivet.config(pg_db.source, export("t", table="t", mode="chunked", chunk_by_key="k", chunk_count=7, parallel=2))
        rivet.ok("run", "-c", path)
        numbers = sorted(rivet.output().table("t").column("n").to_pylist())
        assert numbers == [n for (n,) in pg_db.rows("SELECT n FROM t ORDER BY n")]
        units = rivet.state("SELECT count(*) FROM unit")[0][0]
        assert units >= 3, "neither cut nor a unit for NULL"


class TestBadKeys:
    def test_a_snapshot_that_cannot_be_shared_is_refused(self, rivet, tmp_path):
        orders = sqlite_orders(tmp_path)
        path = rivet.config(orders.source, export("orders", table="orders", **SHAPES["range_snapshot"]))
        done = rivet("run", "-c", path, "--json-errors")
        if done.code == 0:  # an engine that can share one must also be right
            assert landed(rivet) == orders.expected()
            return
        assert done.code == 1
        assert "consistency" in done.error()["error"]

    @pytest.mark.parametrize("keys, says", [
        ({"chunk_column": "nope"}, "'nope' is not a column"),
        ({"chunk_by_key": ["id", "nope"]}, "'nope' is not a column"),
        ({"chunk_column": "code", "chunk_by_days": 3}, "not a date"),
        ({"chunk_by_days": 3}, "chunk_column"),
    ])
    def test_a_key_that_is_not_there(self, rivet, pg_db, keys, says):
        pg_db.execute("CREATE TABLE t (id bigint PRIMARY KEY, code text)")
        path = rivet.config(pg_db.source, export("t", table="t", mode="chunked", **keys))
        done = rivet("run", "-c", path, "--json-errors")
        assert done.code == 1
        assert says in done.error()["error"]

    def test_stdout_takes_no_chunks(self, rivet, pg_db):
        pg_db.execute("CREATE TABLE t (id bigint PRIMARY KEY)")
        path = rivet.config(pg_db.source, {"name": "t", "table": "t", "mode": "chunked", "chunk_column": "id", "format": "csv",
                                           "destination": {"type": "stdout"}})
        done = rivet("run", "-c", path, "--json-errors")
        assert done.code == 1
        assert "stdout" in done.error()["error"]


class TestWhileRowsChange:
    ACCOUNTS = 2_000

    def config(self, rivet, database, accounts=ACCOUNTS, **keys):
        database.execute("CREATE TABLE accounts (id bigint PRIMARY KEY, balance bigint NOT NULL, filler text) WITH (fillfactor = 10)",
                         f"INSERT INTO accounts SELECT g, 1000, repeat('x', 300) FROM generate_series(1, {accounts}) g", "ANALYZE accounts")
        return rivet.config(database.source, export("accounts", table="accounts", **keys))

    @staticmethod
    def transfers(database, stop, accounts):
        with database.connect() as connection:
            connection.autocommit = True
            step = 0
            while not stop.is_set():
                step += 1
                a, b = 1 + step * 7 % accounts, 1 + step * 13 % accounts
                connection.execute("UPDATE accounts SET balance = balance + CASE id WHEN %s THEN -1 ELSE 1 END WHERE id IN (%s, %s)",
                                   (a, a, b)) if a != b else None

    INSTANTS = {"pages": {"parallel": 3},
                "range": {"mode": "chunked", "chunk_column": "id", "chunk_size": 100, "parallel": 3, "consistency": "snapshot"},
                "key": {"mode": "chunked", "chunk_by_key": "id", "chunk_count": 6, "parallel": 2, "consistency": "snapshot"},
                "dense": {"mode": "chunked", "chunk_column": "id", "chunk_dense": True, "chunk_size": 120, "parallel": 2, "consistency": "snapshot"}}
    RUNS = 25

    @pytest.mark.parametrize("shape", INSTANTS)
    def test_a_shared_snapshot_is_one_instant(self, rivet, pg_db, shape):
        """Money only moves: any single instant has the same sum, in 100 of 100 runs of four shapes."""
        path = self.config(rivet, pg_db, accounts=600, **self.INSTANTS[shape])
        stop = threading.Event()
        writers = [threading.Thread(target=self.transfers, args=(pg_db, stop, 600)) for _ in range(2)]
        for writer in writers:
            writer.start()
        seen = set()
        try:
            for number in range(self.RUNS):
                rivet.ok("run", "-c", path)
                balances = rivet.output().table("accounts").column("balance").to_pylist()
                assert (len(balances), sum(balances)) == (600, 1000 * 600), f"run {number}"
                seen.add(tuple(balances))
        finally:
            stop.set()
            for writer in writers:
                writer.join()
        assert len(seen) > self.RUNS // 2, "money must move between the runs"
        assert rivet.state("SELECT min(n) > 3 FROM (SELECT count(*) AS n FROM unit GROUP BY run_id)") == [(1,)], "it was not cut"

    def test_rows_that_stay_are_neither_lost_nor_doubled(self, rivet, pg_db):
        path = self.config(rivet, pg_db, mode="chunked", chunk_column="id", chunk_size=50, parallel=3)
        stop = threading.Event()

        def churn():
            with pg_db.connect() as connection:
                connection.autocommit = True
                number = self.ACCOUNTS
                while not stop.is_set():
                    number += 1
                    connection.execute("INSERT INTO accounts VALUES (%s, 0, '')", (number,))
                    connection.execute("DELETE FROM accounts WHERE id = %s AND id > %s", (number - 20, self.ACCOUNTS))
                    connection.execute("UPDATE accounts SET filler = %s WHERE id = %s", (str(time.time()), 1 + number % self.ACCOUNTS))

        writer = threading.Thread(target=churn)
        writer.start()
        try:
            for _ in range(5):
                rivet.ok("run", "-c", path)
                ids = [i for i in rivet.output().table("accounts").column("id").to_pylist() if i <= self.ACCOUNTS]
                assert sorted(ids) == list(range(1, self.ACCOUNTS + 1))
        finally:
            stop.set()
            writer.join()
