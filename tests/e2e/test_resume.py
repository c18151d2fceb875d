"""`--resume` and `--force`: what is gone on with, and what is not replaced unasked."""
import pytest

from helpers import export


@pytest.fixture
def path(rivet, pg_db):
    pg_db.execute("CREATE TABLE t (id bigint PRIMARY KEY)", "INSERT INTO t SELECT generate_series(1, 1000)", "ANALYZE t")
    return rivet.config(pg_db.source, export("t", table="t", mode="chunked", chunk_column="id", chunk_size=100, chunk_checkpoint=True))


def killed(rivet, path, point="unit_committed"):
    assert rivet("run", "-c", path, env={"RIVET_TEST_PANIC_AT": point}).code != 0


def attempts(rivet):
    """How often each unit of the newest run was tried."""
    return [n for (n,) in rivet.state("SELECT attempts FROM unit WHERE run_id = (SELECT run_id FROM run ORDER BY rowid DESC LIMIT 1) ORDER BY unit_index")]


def test_a_dead_run_is_gone_on_with(rivet, path):
    killed(rivet, path)
    rivet.ok("run", "-c", path, "--resume", "--validate")
    assert rivet.output().manifest("t")["row_count"] == 1000
    assert rivet.state("SELECT count(*) FROM run") == [(1,)]
    assert attempts(rivet)[0] == 1, "what was committed is not read again"


def test_nothing_to_resume(rivet, path):
    done = rivet("run", "-c", path, "--resume", "--json-errors")
    assert done.code == 1
    assert "no unfinished run" in done.error()["error"]


def test_a_complete_result_is_not_replaced_unasked(rivet, path):
    rivet.ok("run", "-c", path)
    before = rivet.output().manifest_bytes("t")
    done = rivet("run", "-c", path, "--resume", "--json-errors")
    assert (done.code, done.error()["code"]) == (1, "RIVET_RESULT_STANDS")
    assert rivet.output().manifest_bytes("t") == before
    rivet.ok("run", "-c", path, "--resume", "--force")
    assert rivet.output().manifest("t")["generation"] == 2


def test_a_dead_run_beside_a_complete_result(rivet, path):
    rivet.ok("run", "-c", path)
    killed(rivet, path)
    done = rivet("run", "-c", path, "--resume", "--json-errors")
    assert done.error()["code"] == "RIVET_RESULT_STANDS"
    rivet.ok("run", "-c", path, "--resume", "--force", "--validate")
    assert rivet.output().manifest("t")["generation"] == 2
    assert rivet.state("SELECT count(*) FROM run") == [(2,)]


def test_a_plain_run_goes_on_with_a_dead_one_and_says_so(rivet, path):
    rivet.ok("run", "-c", path)
    killed(rivet, path)
    done = rivet.ok("run", "-c", path)
    assert "going on with run" in done.stderr
    assert rivet.state("SELECT count(*) FROM run") == [(2,)]


def test_a_changed_plan_is_not_gone_on_with(rivet, path, pg_db):
    killed(rivet, path)
    other = rivet.config(pg_db.source, export("t", table="t", mode="chunked", chunk_column="id", chunk_size=250))
    done = rivet("run", "-c", other, "--resume", "--json-errors")
    assert done.code == 1
    rivet.ok("run", "-c", other, "--validate")
    assert rivet.output().manifest("t")["row_count"] == 1000


def test_an_incremental_run_that_died_later_needs_no_force(rivet, pg_db):
    pg_db.execute("CREATE TABLE t (id bigint PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    path = rivet.config(pg_db.source, export("t", table="t", mode="incremental", cursor_column="id"))
    rivet.ok("run", "-c", path)
    pg_db.execute("INSERT INTO t VALUES (2)")
    killed(rivet, path)
    rivet.ok("run", "-c", path, "--resume", "--validate")
    assert rivet.output().manifest("t")["row_count"] == 2


def parts_of_dead_run(rivet):
    return sorted(rivet.folder.glob("output/*.parquet"))


@pytest.mark.parametrize("damage", ["missing", "cut", "flipped", "stranger"])
def test_parts_of_a_dead_run_are_looked_at(rivet, pg_db, path, damage):
    """M8: what matches is kept; what is missing or differs is written again; what nobody listed is put aside."""
    if damage == "flipped":
        path = rivet.config(pg_db.source, export("t", table="t", mode="chunked", chunk_column="id", chunk_size=100, verify="content"))
    killed(rivet, path, "unit_committed:3")
    victim, *kept = parts_of_dead_run(rivet)
    content = victim.read_bytes()
    if damage == "missing":
        victim.unlink()
    elif damage == "cut":
        victim.write_bytes(content[:-1])
    elif damage == "flipped":
        victim.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
    else:
        victim.with_name(victim.name.replace("_e1", "_e7")).write_bytes(content)
    done = rivet.ok("run", "-c", path, "--resume", "--validate")
    assert rivet.output().manifest("t")["row_count"] == 1000
    assert sorted(rivet.output().table("t").column("id").to_pylist()) == list(range(1, 1001))
    assert all(part in rivet.output().parts("t") for part in kept)
    assert ("reading unit 0 again" in done.stderr) == (damage != "stranger")
    assert parts_of_dead_run(rivet) == sorted(rivet.output().parts("t")), "nothing unlisted is in the readers' way"
    assert rivet.state("SELECT count(*) FROM run") == [(1,)]
