#!/usr/bin/env python3
"""The closing line of the tests counts what ran, and takes a test that skips itself neither for passed nor for failed."""
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
import tally  # noqa: E402

REPORT = """<testsuite>
<testcase name="passes" classname="passes" status="run"/>
<testcase name="skips itself" classname="x" status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/></testcase>
<testcase name="skipped by pytest" classname="x"><skipped message="no reason"/></testcase>
<testcase name="has no program" classname="x" status="notrun"><skipped message="Unable to find executable"/></testcase>
<testcase name="fails" classname="x" status="fail"><failure message="Failed"/><system-out>a.cpp:1: Failure</system-out></testcase>
<testcase name="breaks" classname="x"><error message="boom"/></testcase>
</testsuite>"""


class Tally(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.report = Path(folder.name) / "unit.xml"
        self.report.write_text(REPORT)

    def test_counts(self):
        self.assertEqual(tally.count(self.report), (1, 3))

    def test_names_what_failed(self):
        self.assertEqual(tally.failures(self.report),
                         ["x::has no program: it says nothing", "x::fails: a.cpp:1: Failure", "x::breaks: boom"])


if __name__ == "__main__":
    unittest.main()
