"""The unit tests of PostgreSQL sessions that need a real server: bounds, coalesced keys, row versions, the horizon."""
import json
import os
import subprocess

from helpers import rivet_binary
from servers import PostgresServer


def test_sessions_against_a_server(tmp_path):
    program = rivet_binary()  # `make unit` names source_test
    report = tmp_path / "report.json"
    with PostgresServer(config={"max_prepared_transactions": 5}) as server:
        server.create_database("sessions")
        done = subprocess.run([program, "--gtest_filter=PostgresSession.*", f"--gtest_output=json:{report}"], text=True,
                              env={**os.environ, "RIVET_TEST_POSTGRES": f"{server.host} {server.port} {server.user} sessions"},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    tests = [test for suite in json.loads(report.read_text())["testsuites"] for test in suite["testsuite"]]
    assert len(tests) > 10 and {test["result"] for test in tests} == {"COMPLETED"}, done.stdout
