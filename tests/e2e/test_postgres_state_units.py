"""The unit tests of the state store on a real server: every suite that also runs over a file, and those of its own."""
import json
import os
import subprocess

from helpers import rivet_binary
from servers import PostgresServer

# What is about the file under a store, or about an older version that only files can have.
ABOUT_FILES = ("StoreFileTest.*", "MemoryTest.AStoreOfVersion2IsBroughtUpToDate")


def test_the_store_against_a_server(tmp_path):
    program = rivet_binary()  # `make unit` names state_test
    report = tmp_path / "report.json"
    with PostgresServer() as server:
        server.create_database("state")
        done = subprocess.run([program, f"--gtest_filter=*-{':'.join(ABOUT_FILES)}", f"--gtest_output=json:{report}"], text=True,
                              env={**os.environ, "RIVET_TEST_POSTGRES": f"{server.host} {server.port} {server.user} state"},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    tests = [test for suite in json.loads(report.read_text())["testsuites"] for test in suite["testsuite"]]
    assert len(tests) > 100 and {test["result"] for test in tests} == {"COMPLETED"}, done.stdout
