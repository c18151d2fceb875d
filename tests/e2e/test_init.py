"""`rivet init`: what it writes for odd databases runs as it is, what it tells about plain ones, and how it refuses."""
from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing

import pytest

from helpers import Output, finished, wait_until

COMMANDS = [("check",), ("plan", "--no-annotate"), ("run", "--validate")]  # each must take what init writes, as it is
HOSTILE = ["plain", "yes", "null", "~", "123", "1e3", "a: b", "#x", "- x", "a.b", "..", ".hidden", "sp ace", " edge ", 'q"uote', "it's",
           "back\\slash", "sl/ash", "new\nline", "tab\tbed", "${VAR}", "$${HOME}", "${", "{partition}", "{date}", "größe", "表", "\u2028sep",
           "Case", "CASE", "case", "-dash", "?", "---", "x" * 63, "select", "%s", "*", "[x]"]


# -- reading what init wrote


def unquoted(text: str) -> str:
    """The value of a YAML scalar as init writes it."""
    if not text.startswith('"'):
        return text.split("  #")[0]
    quoted = re.match(r'"(?:[^"\\]|\\.)*"', text)[0]
    return json.loads(re.sub(r"\\x(..)", r"\\u00\1", quoted)).replace("$${}{", "${")


def parts_of(name: str) -> tuple[str, ...]:
    """`schema.table` taken apart."""
    parts = re.findall(r'"((?:[^"]|"")*)"|([^."]+)', name)
    return tuple(quoted.replace('""', '"') if quoted else plain for quoted, plain in parts)


def exports_of(config: str) -> list[dict]:
    """Name, table (or query), mode and path of each export."""
    exports = []
    for line in config.splitlines():
        if line.startswith("  - name: "):
            exports.append({"name": unquoted(line[10:])})
        elif found := re.match(r"    (table|query|mode): (.*)|      (path): (.*)", line):
            exports[-1][found[1] or found[3]] = unquoted(found[2] or found[4])
    return exports


def run_all(rivet, *, config: str = "rivet.yaml", env=None, commands=COMMANDS) -> dict[str, tuple[str, int]]:
    """Gives the file to every command, the last of which runs it, then tells rows by export name, read back from what was written."""
    for command in commands:
        rivet.ok(command[0], "-c", config, *command[1:], env=env)
    landed = {}
    for export in exports_of((rivet.folder / config).read_text()):
        output = Output(rivet.folder / export["path"])
        rows = sum(part["rows"] for part in output.manifest(export["name"])["parts"])
        assert rows == 0 or output.duckdb_table(export["name"]).num_rows == rows, export
        landed[export["name"]] = (export.get("table", ""), rows)
    return landed


# -- PostgreSQL: a schema of odd tables


def ident(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


TYPES = """CREATE TYPE mood AS ENUM ('sad', 'it''s, ok'); CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN money_text AS numeric; CREATE TYPE pair AS (a int, b text)"""

ODD_TABLES = {
    "t_ints": ("a smallint, b int, c bigint, d oid", "1, 2, 3, 4"),
    "t_floats": ("a real, b double precision", "'NaN', '-Infinity'"),
    "t_numeric": ("id int primary key, price numeric, exact numeric(10,2), wide numeric(60,20), huge numeric(200,100), neg numeric(5,-2)",
                  "1, 123456789012345678901234567890123456789012345.000000000000000000000001, 1.25, 2, 3, 1200"),
    "t_numeric_nan": ("price numeric", "'NaN'"),
    "t_texts": ("a text, b varchar(5), c char(4), d name, e \"char\"", "E'a\\nb', 'x', 'y', 'n', 'c'"),
    "t_bytes": ("a bytea, b bit(3), c varbit", "'\\x00ff', B'101', B'1'"),
    "t_times": ("a date, b time, c timetz, d timestamp, e timestamptz, f interval",
                "'2024-02-29', '01:02:03', '01:02:03+02', '2024-01-01', '2024-01-01 00:00+02', '1 mon 2 days'"),
    "t_json": ("a json, b jsonb, c xml", "'{\"a\": 1}', '[1]', '<a/>'"),
    "t_net": ("a inet, b cidr, c macaddr, d uuid", "'10.0.0.1', '10.0.0.0/8', '08:00:2b:01:02:03', gen_random_uuid()"),
    "t_geo": ("a point, b box, c path, d money, e tsvector, f pg_lsn", "'(1,2)', '(1,2),(3,4)', '[(1,2)]', 12.5, 'a b', '0/1'"),
    "t_ranges": ("a int4range, b tstzrange, c nummultirange", "'[1,5)', '[2024-01-01,)', '{[1,2)}'"),
    "t_arrays": ("a int[], b text[], c numeric[], d int[][], e mood[]", "'{1,NULL}', '{a}', '{1.5}', '{{1,2},{3,4}}', '{sad}'"),
    "t_only_lists": ("a int[]", "'{1}'"),
    "t_enum": ("a mood primary key", "'sad'"),
    "t_domain": ("a positive primary key, b money_text", "1, 2.5"),
    "t_composite": ("a pair, b pair[]", "ROW(1, 'x'), ARRAY[ROW(1, 'x')::pair]"),
    "t_generated": ("id int generated always as identity primary key, a int default 1, b int generated always as (2) stored", None),
    "t_serial": ("id bigserial primary key, note text default 'n'", None),
    "t_no_key": ("a int, b text", "1, 'x'"),
    "t_all_null": ("a int, b numeric, c timestamptz, d text, e bytea", "NULL, NULL, NULL, NULL, NULL"),
    "t_empty": ("id int primary key, updated_at timestamptz", None),
    "t_uuid_key": ("id uuid primary key, v int", "gen_random_uuid(), 1"),
    "t_text_key": ("code text primary key, v int", "'x', 1"),
    "t_composite_key": ("a int, b text, v int, primary key (a, b)", "1, 'x', 2"),
    "t_nullable_unique": ("a int unique, b text", "NULL, 'x'"),
    "t_desc_key": ("a int not null, b int not null", "1, 2"),
    "t_bytes_key": ("k bytea primary key", "'\\x01'"),
    "t_bool_key": ("k boolean primary key", "true"),
    "t_numeric_key": ("k numeric primary key", "1.5"),
    "t_date_key": ("k date primary key", "'2024-01-01'"),
    "t_float_key": ("k float8 primary key", "'NaN'"),
    "t_updated": ("id int primary key, updated_at timestamptz, created_at timestamptz not null default now()", "1, NULL"),
    "t_indexed_time": ("id int primary key, seen timestamptz", "1, now()"),
    "t_own_columns": ("_rivet_row_hash text, _rivet_exported_at text", "'a', 'b'"),
    "t_odd_columns": (", ".join(f"{ident(name)} int" for name in HOSTILE[:30]), ", ".join("1" for _ in HOSTILE[:30])),
    "t_wide": (", ".join(f"c{i} int default {i}" for i in range(600)), None),
    "t_unlogged": ("id int primary key", "1"),
    "t_partial_key": ("a int, b int", "1, 1"),
    "t_expression_key": ("a text", "'A'"),
    "t_check": ("a int check (a > 0)", "1"),
}
OTHER = """
INSERT INTO t_generated DEFAULT VALUES; INSERT INTO t_serial DEFAULT VALUES; INSERT INTO t_wide DEFAULT VALUES;
CREATE UNIQUE INDEX ON t_desc_key (a DESC, b ASC); CREATE INDEX ON t_indexed_time (seen);
CREATE UNIQUE INDEX ON t_partial_key (a) WHERE b > 0; CREATE UNIQUE INDEX ON t_expression_key (lower(a));
CREATE TABLE parted (id int, at date not null, primary key (id, at)) PARTITION BY RANGE (at);
CREATE TABLE parted_a PARTITION OF parted FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE parted_b PARTITION OF parted FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY HASH (id);
CREATE TABLE parted_b0 PARTITION OF parted_b FOR VALUES WITH (MODULUS 1, REMAINDER 0);
INSERT INTO parted SELECT i, '2024-12-30'::date + i FROM generate_series(1, 5) i;
CREATE TABLE parted_empty (id int) PARTITION BY LIST (id);
CREATE TABLE parent (id int primary key, kind text); CREATE TABLE child (extra int) INHERITS (parent);
INSERT INTO parent VALUES (1, 'p'); INSERT INTO child VALUES (1, 'c', 9), (2, 'c', 9);
CREATE VIEW v_plain AS SELECT id, price FROM t_numeric; CREATE VIEW v_union AS SELECT 1 AS a UNION ALL SELECT 2;
CREATE VIEW v_empty AS SELECT * FROM t_no_key WHERE false; CREATE VIEW v_times AS SELECT updated_at, created_at FROM t_updated;
CREATE MATERIALIZED VIEW m_filled AS SELECT i AS id FROM generate_series(1, 3) i;
CREATE UNIQUE INDEX ON m_filled (id); CREATE MATERIALIZED VIEW m_unfilled AS SELECT 1 AS a WITH NO DATA;
CREATE TABLE no_columns ();
CREATE TABLE secured (id int primary key); INSERT INTO secured VALUES (1); ALTER TABLE secured ENABLE ROW LEVEL SECURITY;
CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing; CREATE FOREIGN TABLE f_broken (a int) SERVER nowhere;
CREATE TABLE big (id bigint primary key, at timestamptz, v text);
INSERT INTO big SELECT i * 1000, now() + i * interval '1 s', 'v' || i FROM generate_series(1, 120000) i;
CREATE TABLE big_keyless (at timestamptz not null, v int); INSERT INTO big_keyless SELECT now() + i * interval '1 s', i FROM generate_series(1, 120000) i;
CREATE TABLE big_pair (a int, b text, primary key (a, b)); INSERT INTO big_pair SELECT i, 'x' || i FROM generate_series(1, 120000) i;
CREATE TABLE big_text (k text primary key, t1 text, t2 text, t3 text, t4 jsonb); INSERT INTO big_text SELECT 'k' || i FROM generate_series(1, 110000) i;
CREATE SCHEMA "other.schema"; CREATE TABLE "other.schema"."t_no_key" (a int); INSERT INTO "other.schema".t_no_key VALUES (1), (2), (3);
CREATE TABLE "other.schema"."Only ""here" (a int);
"""
LEFT_OUT = {"no_columns", "f_broken", "m_unfilled"}  # neither has rows to export
PARTITIONS = {"parted_a", "parted_b", "parted_b0"}


def make_odd_schema(pg_db) -> None:
    with pg_db.connect() as connection:
        connection.execute(TYPES)
        for name, (columns, values) in ODD_TABLES.items():
            connection.execute(f"CREATE {'UNLOGGED ' if name == 't_unlogged' else ''}TABLE {name} ({columns})")
            if values:
                connection.execute(f"INSERT INTO {name} VALUES ({values})")
        for number, name in enumerate(HOSTILE):
            connection.execute(f"CREATE TABLE {ident(name)} (id int primary key, n int)")
            connection.execute(f"INSERT INTO {ident(name)} SELECT i, i FROM generate_series(1, {number + 1}) i")
        connection.execute(OTHER)
        connection.execute("ANALYZE")


def counts(pg_db) -> dict[tuple[str, str], int]:
    names = pg_db.rows("SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                       "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname IN ('public', 'other.schema')")
    left_out = LEFT_OUT | PARTITIONS
    return {(schema, name): pg_db.rows(f"SELECT count(*) FROM {ident(schema)}.{ident(name)}")[0][0]
            for schema, name in names if name not in left_out}


def test_the_scaffold_of_an_odd_schema_runs_as_it_is(rivet, pg_db):
    make_odd_schema(pg_db)
    done = rivet.ok("init", "--source", pg_db.url, "-o", "rivet.yaml", env={"VAR": "gone"})
    for name in LEFT_OUT:
        assert re.search(rf"warning: .*\b{name} is left out: ", done.stderr), name
    landed = run_all(rivet, env={"VAR": "gone"})
    found = {}
    for table, rows in landed.values():
        parts = parts_of(table)
        found[parts if len(parts) == 2 else ("public", *parts)] = rows
    assert found == counts(pg_db)
    assert len(found) > 90


def test_each_mode_can_be_forced_and_what_it_cannot_do_falls_back(rivet, pg_db):
    make_odd_schema(pg_db)
    for mode in ("full", "chunked", "incremental"):
        rivet.ok("init", "--source", pg_db.url, "-o", f"{mode}.yaml", "--mode", mode, "--schema", "public", "--include", "t_updated",
                 "--include", "v_union", "--include", "t_only_lists", "--include", "t_json", "--include", "select")
        config = (rivet.folder / f"{mode}.yaml").read_text().replace("./output/", f"./output-{mode}/")
        (rivet.folder / f"{mode}.yaml").write_text(config)
        exports = {export["name"]: export for export in exports_of(config)}
        assert exports["t_updated"]["mode"] == mode
        assert exports["v_union"]["mode"] == ("chunked" if mode == "chunked" else "full")
        landed = run_all(rivet, config=f"{mode}.yaml", commands=COMMANDS[1:])
        assert landed["t_updated"][1] == 1 and landed["v_union"][1] == 2, mode
        if mode != "full":
            assert f"mode {mode} is not possible here" in config


def test_a_time_window_needs_a_time(rivet, pg_db):
    pg_db.execute("CREATE TABLE a (id int primary key, at date)", "INSERT INTO a VALUES (1, current_date), (2, '2000-01-01')", "CREATE TABLE b (id int)")
    rivet.ok("init", "--source", pg_db.url, "-o", "rivet.yaml", "--mode", "time_window")
    assert [export["mode"] for export in exports_of((rivet.folder / "rivet.yaml").read_text())] == ["time_window", "full"]
    assert {name: rows for name, (_, rows) in run_all(rivet).items()} == {"a": 1, "b": 0}


def test_what_large_tables_are_cut_by(rivet, pg_db):
    make_odd_schema(pg_db)
    tables = {table["table"]: table for table in rivet.ok("init", "--source", pg_db.url, "--discover", "--schema", "public").json()["tables"]}
    assert (tables["big"]["suggested_mode"], tables["big"]["suggested_chunk_by_key"]) == ("chunked", ["id"])
    assert any("sparse" in note for note in tables["big"]["notes"])
    assert tables["big_pair"]["suggested_chunk_by_key"] == ["a", "b"]
    assert tables["big_text"]["suggested_chunk_by_key"] == ["k"]
    assert tables["big_keyless"]["suggested_mode"] == "incremental"
    assert "indexed" in tables["t_indexed_time"]["cursor_candidates"][0]["reasons"]
    assert tables["parted"]["row_estimate"] == 5 and tables["parted"]["kind"] == "partitioned table"
    assert tables["parent"]["notes"] and not PARTITIONS & set(tables)


# -- the document for scripts


@pytest.fixture
def shop(pg_db):
    pg_db.execute(
        "create table users(id int primary key, name text)",
        "create table orders(id bigint primary key, user_id int, product text, price numeric, status text, "
        "created_at timestamptz default now(), updated_at timestamptz)",
        "insert into orders select i, i % 997, 'p' || (i % 50), 1.5, 'new', '2026-01-01'::timestamptz, '2026-01-02'::timestamptz "
        "from generate_series(1, 150000) i",
        "create table orders_coalesce(id bigint primary key, product text, price numeric, updated_at timestamptz, created_at timestamptz not null)",
        "insert into orders_coalesce select i, 'p', 1, null, now() from generate_series(1, 2000) i", "analyze")
    return pg_db


def test_discovery_has_the_fields_and_scores_that_scripts_read(rivet, shop):
    document = rivet.ok("init", "--source", shop.url, "--discover").json()
    assert list(document)[:4] == ["rivet_version", "source_type", "scope", "tables"]
    assert (document["source_type"], document["scope"]) == ("postgres", 'PostgreSQL schema "public" (3 objects)')
    orders, coalesce, users = document["tables"]
    assert (orders["schema"], orders["table"], orders["row_estimate"], orders["suggested_mode"]) == ("public", "orders", 150_000, "chunked")
    assert orders["total_bytes"] == shop.rows("SELECT pg_total_relation_size('orders')")[0][0]
    assert orders["cursor_candidates"] == [
        {"column": "updated_at", "data_type": "timestamp with time zone", "is_nullable": True, "is_primary_key": False, "score": 71,
         "reasons": ["timestamp_type", "name_suggests_updated", "nullable"]},
        {"column": "created_at", "data_type": "timestamp with time zone", "is_nullable": True, "is_primary_key": False, "score": 52,
         "reasons": ["timestamp_type", "name_suggests_created", "nullable"]},
        {"column": "id", "data_type": "bigint", "is_nullable": False, "is_primary_key": True, "score": 30,
         "reasons": ["integer_monotonic", "primary_key"]}]
    assert orders["chunk_candidates"] == [{"column": "id", "data_type": "bigint", "is_primary_key": True, "score": 60},
                                          {"column": "user_id", "data_type": "integer", "is_primary_key": False, "score": 20}]
    assert [note for note in orders["notes"] if "no index" in note] == orders["notes"] and "suggested_cursor_fallback_column" not in orders
    assert [candidate["score"] for candidate in coalesce["cursor_candidates"]] == [72, 61, 30]
    assert coalesce["suggested_cursor_fallback_column"] == "created_at" and coalesce["suggested_mode"] == "full"
    assert len(coalesce["notes"]) == 1 and "coalesce" in coalesce["notes"][0]
    assert (users["row_estimate"], users["suggested_mode"]) == (0, "full")
    assert [candidate["score"] for candidate in users["cursor_candidates"]] == [27]
    assert document["skipped"] == []


def test_an_indexed_cursor_ranks_higher(rivet, shop):
    shop.execute("CREATE INDEX ON orders (updated_at)", "CREATE INDEX ON orders (created_at) WHERE created_at IS NOT NULL")
    orders = rivet.ok("init", "--source", shop.url, "--discover", "--table", "orders").json()["tables"][0]
    assert [candidate["score"] for candidate in orders["cursor_candidates"]] == [81, 52, 30]
    assert orders["notes"] == []


def test_scope_by_table_schema_and_pattern(rivet, shop):
    shop.execute("CREATE SCHEMA old", "CREATE TABLE old.orders (id int)", "CREATE TABLE old.gone (id int)")

    def found(*args):
        document = rivet.ok("init", "--source", shop.url, "--discover", *args).json()
        return [f"{table['schema']}.{table['table']}" for table in document["tables"]]

    assert found("--table", "orders") == ["public.orders"]
    assert found("--table", "old.orders", "--table", "users") == ["old.orders", "public.users"]
    assert found("--schema", "old") == ["old.gone", "old.orders"]
    assert found("--schema", "old", "--table", "orders") == ["old.orders"]
    assert found("--include", "orders*", "--exclude", "old.*") == ["public.orders", "public.orders_coalesce"]
    done = rivet.ok("init", "--source", shop.url, "--discover", "--exclude", "tmp_*")
    assert "--exclude 'tmp_*' fits no table" in done.stderr and len(done.json()["tables"]) == 5


# -- SQLite


def test_the_scaffold_of_an_odd_sqlite_file_runs_as_it_is(rivet):
    statements = [
        "CREATE TABLE plain (id INTEGER PRIMARY KEY, name TEXT, at TIMESTAMP)", "INSERT INTO plain VALUES (1, 'a', '2024-01-01 00:00:00'), (9, 'b', NULL)",
        "CREATE TABLE no_rowid (code TEXT PRIMARY KEY, v INT) WITHOUT ROWID", "INSERT INTO no_rowid VALUES ('x', 1), ('y', 2)",
        "CREATE TABLE strict_one (a INT, b REAL, c TEXT, d BLOB, e ANY) STRICT", "INSERT INTO strict_one VALUES (1, 2.5, 'x', x'00', 'any')",
        "CREATE TABLE untyped (a, b, c)", "INSERT INTO untyped VALUES (1, 'x', NULL), (2, 'y', NULL)",
        "CREATE TABLE mixed (a, b)", "INSERT INTO mixed VALUES (1, 'x'), ('text', 2.5), (NULL, 3)",
        "CREATE TABLE mixed_blobs (id INTEGER PRIMARY KEY, a)", "INSERT INTO mixed_blobs VALUES (1, x'00ff'), (2, 'text'), (3, 5)",
        "CREATE TABLE dates (a DATE, b TIME, c DATETIME, d BOOLEAN)", "INSERT INTO dates VALUES ('2024-01-01', '01:02:03', '2024-01-01T00:00:00', 1), ('no date', 5, 1700000000, 'maybe')",
        "CREATE TABLE misfits (id INTEGER PRIMARY KEY, n INT, r REAL, b BLOB, t TEXT)",
        "INSERT INTO misfits VALUES (1, 'n/a', 1.5, x'00', 'x'), (2, 2.5, 'none', 'text', x'ff'), (3, 4, 5, NULL, NULL)",
        "CREATE TABLE bad_integers (n INT, ${VAR} INT)".replace("${VAR}", '"${VAR}"'), "INSERT INTO bad_integers VALUES ('', 'x'), (1, 2)",
        "CREATE TABLE decimals (a DECIMAL(10,2), b NUMERIC, c DECIMAL(3,1))", "INSERT INTO decimals VALUES (1.25, 2, 1234.56), (2, 'x', 1)",
        "CREATE TABLE generated (a INT, b INT GENERATED ALWAYS AS (a * 2), c INT AS (a + 1) STORED)", "INSERT INTO generated (a) VALUES (1)",
        "CREATE TABLE empty (id INTEGER PRIMARY KEY, v)",
        "CREATE TABLE pair_key (a INT NOT NULL, b TEXT NOT NULL, PRIMARY KEY (a, b))", "INSERT INTO pair_key VALUES (1, 'x')",
        "CREATE TABLE nulls_in_key (a TEXT PRIMARY KEY)", "INSERT INTO nulls_in_key VALUES (NULL), (NULL), ('x')",
        "CREATE TABLE auto (id INTEGER PRIMARY KEY AUTOINCREMENT)", "INSERT INTO auto DEFAULT VALUES",
        "CREATE TABLE rowid_hidden (rowid TEXT, _rowid_ TEXT, oid TEXT)", "INSERT INTO rowid_hidden VALUES ('a', 'b', 'c')",
        "CREATE TABLE own_columns (_rivet_row_hash TEXT)", "INSERT INTO own_columns VALUES ('x')",
        "CREATE TABLE sparse (id INTEGER PRIMARY KEY)", "INSERT INTO sparse VALUES (1), (9000000000000000000)",
        "CREATE TABLE negative (id INTEGER PRIMARY KEY)", "INSERT INTO negative VALUES (-5)",
        "CREATE VIEW v AS SELECT id, name FROM plain", "CREATE VIEW v_expression AS SELECT count(*) AS n, max(at) AS m FROM plain",
        "CREATE VIEW v_broken AS SELECT * FROM nowhere", "CREATE VIEW v_no_function AS SELECT nonsense(1) AS a",
        "CREATE VIRTUAL TABLE search USING fts5(title, body)", "INSERT INTO search VALUES ('hello', 'world')",
        "CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1)", "INSERT INTO boxes VALUES (1, 0, 1)",
        "CREATE TABLE big (id INTEGER PRIMARY KEY, v TEXT)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120000) INSERT INTO big SELECT i, 'v' FROM n",
        "CREATE TABLE big_keyless (v TEXT)", "INSERT INTO big_keyless SELECT v FROM big",
    ]
    hostile = [name for name in HOSTILE if name not in ("CASE", "case", "plain")]  # names that SQLite has already
    with closing(sqlite3.connect(rivet.folder / "odd.db")) as connection, connection:
        for statement in statements + [f"CREATE TABLE {ident(name)} (a INT)" for name in hostile]:
            connection.execute(statement)
        for name in hostile:
            connection.execute(f"INSERT INTO {ident(name)} VALUES (1)")
        skipped = {"v_broken", "v_no_function"}
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite~_%' ESCAPE '~' "
                                                      "AND name NOT LIKE 'search~_%' ESCAPE '~' AND name NOT LIKE 'boxes~_%' ESCAPE '~'")]
        expected = {name: connection.execute(f"SELECT count(*) FROM {ident(name)}").fetchone()[0] for name in names if name not in skipped}
    done = rivet.ok("init", "--source", "odd.db", "-o", "rivet.yaml")
    assert all(f"warning: main.{name} is left out" in done.stderr for name in skipped)
    landed = run_all(rivet)
    by_table = {parts_of(table)[-1] if table else name: rows for name, (table, rows) in landed.items()}
    assert by_table == expected
    tables = {table["table"]: table for table in rivet.ok("init", "--source", "odd.db", "--discover").json()["tables"]}
    assert tables["bad_integers"]["suggested_columns"] == {"n": "text", "${VAR}": "text"}
    modes = {export["name"]: export["mode"] for export in exports_of((rivet.folder / "rivet.yaml").read_text())}
    assert (modes["big"], modes["sparse"], modes["big_keyless"]) == ("chunked", "full", "full")


@pytest.mark.parametrize("way", ["sqlite:shop.db", "sqlite://{folder}/shop.db", "shop.db", "{folder}/shop.db", "env", "file"])
def test_the_ways_to_name_a_sqlite_file(rivet, way):
    with closing(sqlite3.connect(rivet.folder / "shop.db")) as connection, connection:
        connection.execute("CREATE TABLE t (a INT)")
    way = way.format(folder=rivet.folder)
    env = {"SHOP": "sqlite:../shop.db"}
    (rivet.folder / "url.txt").write_text("sqlite:../shop.db\n")
    source = {"env": ("--source-env", "SHOP"), "file": ("--source-file", "url.txt")}.get(way, ("--source", way))
    rivet.ok("init", *source, "-o", "conf/rivet.yaml", env=env)
    rivet.ok("run", "-c", "conf/rivet.yaml", env=env)


def test_output_to_stdout_and_over_a_file(rivet):
    with closing(sqlite3.connect(rivet.folder / "shop.db")) as connection, connection:
        connection.execute("CREATE TABLE t (a INT)")
    text = rivet.ok("init", "--source", "shop.db").stdout
    (rivet.folder / "rivet.yaml").write_text("mine")
    done = rivet("init", "--source", "shop.db", "-o", "rivet.yaml")
    assert done.code == 1 and "rivet.yaml exists" in done.stderr and "--force" in done.stderr
    assert (rivet.folder / "rivet.yaml").read_text() == "mine"
    rivet.ok("init", "--source", "shop.db", "-o", "rivet.yaml", "--force")
    assert (rivet.folder / "rivet.yaml").read_text() == text
    assert text.startswith("# yaml-language-server: $schema=./rivet.schema.json\n")


def test_rivets_own_state_is_not_data(rivet):
    with closing(sqlite3.connect(rivet.folder / "shop.db")) as connection, connection:
        connection.execute("CREATE TABLE t (a INT)")
    rivet.ok("init", "--source", "shop.db", "-o", "rivet.yaml")
    rivet.ok("run", "-c", "rivet.yaml")
    with closing(sqlite3.connect(rivet.folder / ".rivet_state.db")) as connection, connection:
        connection.execute("CREATE TABLE mine (a INT)")
    document = rivet.ok("init", "--source", ".rivet_state.db", "--discover").json()
    assert [table["table"] for table in document["tables"] if table["kind"] == "table"] == ["mine"]


# -- secrets


def test_a_password_is_never_written(rivet, pg_tls):
    url, tls = pg_tls.url(), ("--tls", "verify-ca", "--tls-ca", pg_tls.certificates.ca_file)
    with pg_tls.connect() as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS t_init (a int)")
    done = rivet.ok("init", "--source", url, *tls, "-o", "rivet.yaml", "--table", "t_init")
    config = (rivet.folder / "rivet.yaml").read_text()
    assert "url_env: DATABASE_URL" in config and "mode: verify-ca" in config
    for text in (config, done.stderr, done.stdout):
        assert "s3cret" not in text
    rivet.ok("run", "-c", "rivet.yaml", env={"DATABASE_URL": url})
    document = rivet.ok("init", "--source-env", "PGURL", *tls, "--discover", "--table", "t_init", env={"PGURL": url}).json()
    assert document["tls_mode"] == "verify-ca"
    assert "url_env: PGURL" in rivet.ok("init", "--source-env", "PGURL", *tls, "--table", "t_init", env={"PGURL": url}).stdout


def test_a_password_that_is_a_word_of_the_file_does_not_break_it(rivet, pg_db):
    pg_db.execute("CREATE TABLE orders (id int)")
    url = pg_db.url.replace("@", ":orders@", 1)  # the server trusts everybody
    text = rivet.ok("init", "--source", url).stdout
    assert "table: orders\n" in text and "***" not in text


def test_wrong_passwords_and_servers_that_are_not_there(rivet, pg_tls):
    tls = ("--tls", "verify-ca", "--tls-ca", pg_tls.certificates.ca_file)
    done = rivet("init", "--source", pg_tls.url(password="wrong-one"), *tls, "--json-errors")
    assert done.code == 1 and done.error()["kind"] == "auth" and "wrong-one" not in done.stderr
    assert rivet("init", "--source", "postgresql://ann@127.0.0.1:1/shop").code == 2
    done = rivet("init", "--source", "postgresql://ann@db.example.invalid/shop")
    assert done.code == 1 and "--tls" in done.stderr
    assert rivet("init", "--source", pg_tls.url("nowhere"), *tls).code == 1


# -- what cannot be read


def test_tables_out_of_reach_are_named_with_the_grant_to_ask_for(rivet, pg, pg_db):
    pg_db.execute("CREATE TABLE open (a int)", "CREATE TABLE secret (a int)", "CREATE SCHEMA closed", "CREATE TABLE closed.t (a int)",
                  "CREATE VIEW leak AS SELECT * FROM secret", "CREATE ROLE reader LOGIN", "GRANT SELECT ON open, leak TO reader")
    try:
        url = pg.url(pg_db.name, user="reader")
        done = rivet.ok("init", "--source", url, "-o", "rivet.yaml")
        assert "public.secret is left out: no SELECT privilege: GRANT SELECT ON secret TO reader" in done.stderr
        assert "GRANT USAGE ON SCHEMA closed TO reader" in done.stderr
        assert set(run_all(rivet)) == {"open", "leak"}
        assert "# Left out: public.secret" in (rivet.folder / "rivet.yaml").read_text()
        skipped = rivet.ok("init", "--source", url, "--discover").json()["skipped"]
        assert [(entry["schema"], entry["table"]) for entry in skipped] == [("closed", "t"), ("public", "secret")]
        done = rivet("init", "--source", url, "--table", "secret", "--json-errors")
        assert (done.code, done.error()["kind"]) == (1, "auth") and "GRANT SELECT" in done.stderr
    finally:
        pg_db.execute("DROP OWNED BY reader", "DROP ROLE reader")


@pytest.mark.parametrize("change", ["DROP VIEW v", "DROP VIEW v; ALTER TABLE t DROP COLUMN b",
                                    "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION g() CASCADE"])
def test_a_view_that_vanishes_during_discovery_is_skipped(rivet, pg_db, change):
    pg_db.execute("CREATE TABLE t (a int, b int)", "CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1'",
                  "CREATE VIEW v AS SELECT b, g() AS g FROM t")
    gate, reached = rivet.folder / "gate", rivet.folder / "gate.reached"
    process = rivet.start("init", "--source", pg_db.url, "--discover", env={"RIVET_TEST_PAUSE_AT": f"catalogue_listed={gate}"})
    wait_until(reached.exists, process)
    pg_db.execute(*change.split("; "))
    gate.touch()
    done = finished(process)
    assert done.code == 0, done.stderr
    assert [table["table"] for table in done.json()["tables"]] == ["t"]
    assert [entry["table"] for entry in done.json()["skipped"]] == ["v"] and "public.v is left out" in done.stderr


def test_a_server_that_goes_away_during_discovery_ends_it(rivet, pg_db):
    pg_db.execute("CREATE TABLE t (a int)")
    gate, reached = rivet.folder / "gate", rivet.folder / "gate.reached"
    process = rivet.start("init", "--source", pg_db.url, "-o", "rivet.yaml", env={"RIVET_TEST_PAUSE_AT": f"catalogue_listed={gate}"})
    wait_until(reached.exists, process)
    pg_db.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{pg_db.name}' AND pid <> pg_backend_pid()")
    gate.touch()
    assert finished(process).code == 2
    assert not (rivet.folder / "rivet.yaml").exists()


# -- bad input


def test_names_that_are_not_there_come_with_the_nearest(rivet, shop):
    for args, hint in [(("--table", "order"), "did you mean 'orders'?"), (("--schema", "publik"), "did you mean 'public'?"),
                       (("--include", "user?"), None), (("--include", "oders_*"), "did you mean 'orders'?"), (("--exclude", "*"), "narrow"),
                       (("--table", "a.b.c"), "schema.table")]:
        done = rivet("init", "--source", shop.url, *args, "-o", "rivet.yaml")
        if hint is None:
            assert done.code == 0, args
            (rivet.folder / "rivet.yaml").unlink()
        else:
            assert done.code == 1 and hint in done.stderr, (args, done.stderr)
            assert not (rivet.folder / "rivet.yaml").exists()


def test_an_empty_database_has_nothing_to_export(rivet, pg_db):
    done = rivet("init", "--source", pg_db.url)
    assert (done.code, done.stdout) == (1, "") and "there are no tables" in done.stderr


def test_usage(rivet, pg_db):
    assert rivet("init").code == 2
    assert rivet("init", "--source", pg_db.url, "--source-env", "X").code == 2
    assert rivet("init", "--source", pg_db.url, "--mode", "nonsense").code == 2
    for args, said in [(("--source-env", "NOT_SET"), "'NOT_SET' is not set"), (("--source-file", "missing.txt"), "missing.txt"),
                       (("--source", "mysql://ann@localhost/shop"), "mysql"), (("--source", "nonsense"), "scheme"),
                       (("--source", "missing.db"), "missing.db"), (("--source", pg_db.url, "--mode", "cdc"), "--mode cdc"),
                       (("--source", pg_db.url, "--s3-bucket", "b"), "--s3-bucket"), (("--source", pg_db.url, "--gcs-bucket", "b"), "--gcs-bucket"),
                       (("--source", pg_db.url, "--tls-ca", "missing.crt"), "missing.crt")]:
        done = rivet("init", *args)
        assert (done.code, done.stdout) == (1, "") and said in done.stderr, (args, done.stderr)


@pytest.mark.parametrize("output", [".", "file/below.yaml"])
def test_an_output_that_cannot_be_written_is_told_before_anything_is_asked(rivet, output):
    (rivet.folder / "file").write_text("")
    done = rivet("init", "--source", "postgresql://ann@127.0.0.1:1/shop", "-o", output)
    assert done.code == 1, done.stderr
