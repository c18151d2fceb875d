#!/usr/bin/env python3
"""Adds up the JUnit reports of a test run and prints one closing line: `N passed, N failed`.

usage: tally.py REPORT_FOLDER [BROKEN_STEP ...]

A step that failed without a failed test in its report (a build that broke, a linter) counts as one failure.
"""
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def is_failed(case: ElementTree.Element) -> bool:
    """A test that CTest could not run counts as failed: its program is missing."""
    return case.find("failure") is not None or case.find("error") is not None or case.get("status") in ("fail", "notrun")


def count(report: Path) -> tuple[int, int]:
    """Passed and failed tests of one report; skipped ones are neither."""
    cases = list(ElementTree.parse(report).iter("testcase"))
    failed = sum(is_failed(case) for case in cases)
    skipped = sum(not is_failed(case) and case.find("skipped") is not None for case in cases)
    return len(cases) - failed - skipped, failed


def main(folder: str, *broken: str) -> int:
    passed = failed = 0
    for step in ("unit", "unit-dev", "e2e"):
        report = Path(folder) / f"{step}.xml"
        step_passed, step_failed = count(report) if report.exists() else (0, 0)
        passed += step_passed
        failed += step_failed or int(step in broken or not report.exists())
    failed += sum(step not in ("unit", "unit-dev", "e2e") for step in broken)
    if broken:
        print("failed steps:", " ".join(broken))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or broken else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
