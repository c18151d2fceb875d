#!/usr/bin/env python3
"""Adds up the JUnit reports of a test run: names what failed, then prints one closing line, `N passed, N failed`.

usage: tally.py REPORT_FOLDER [BROKEN_STEP ...]

A step that failed without a failed test in its report (a build that broke, a linter) counts as one failure.
"""
from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

STEPS = ("unit", "unit-on-server", "e2e")
LONGEST_LINE = 300
COMPLAINTS = (": Failure", "ERROR: ", "runtime error: ")


def is_skipped(case: ElementTree.Element) -> bool:
    """A test that chose not to run. CTest says the same of one whose program is missing, with another message."""
    skipped = case.find("skipped")
    if skipped is None:
        return False
    return case.get("status") != "notrun" or skipped.get("message", "").startswith("SKIP_")


def is_failed(case: ElementTree.Element) -> bool:
    if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
        return True
    return case.get("status") == "notrun" and not is_skipped(case)


def first_line(case: ElementTree.Element) -> str:
    """What went wrong, in one line: what the failure says; for a program that only prints, its first complaint or last line."""
    told = next((kind for kind in (case.find("failure"), case.find("error")) if kind is not None), None)
    said = lines_of(told.get("message"), told.text) if told is not None else []
    if said and said != ["Failed"]:
        return said[0][:LONGEST_LINE]
    printed = lines_of(case.findtext("system-out"))
    complaints = [line for line in printed if any(word in line for word in COMPLAINTS)]
    return (complaints + printed[-1:] + said + ["it says nothing"])[0][:LONGEST_LINE]


def lines_of(*texts: str | None) -> list[str]:
    return [line.strip() for text in texts if text for line in text.splitlines() if line.strip()]


def name_of(case: ElementTree.Element) -> str:
    """CTest gives a test its name twice."""
    group, name = case.get("classname"), case.get("name")
    return name if group in (None, "", name) else f"{group}::{name}"


def failures(report: Path) -> list[str]:
    """A line for each failed test of one report."""
    return [f"{name_of(case)}: {first_line(case)}" for case in ElementTree.parse(report).iter("testcase") if is_failed(case)]


def count(report: Path) -> tuple[int, int]:
    """Passed and failed tests of one report; skipped ones are neither."""
    cases = list(ElementTree.parse(report).iter("testcase"))
    failed = sum(is_failed(case) for case in cases)
    skipped = sum(not is_failed(case) and is_skipped(case) for case in cases)
    return len(cases) - failed - skipped, failed


def main(folder: str, *broken: str) -> int:
    passed = failed = 0
    failed_tests = []
    for step in STEPS:
        report = Path(folder) / f"{step}.xml"
        step_passed, step_failed = count(report) if report.exists() else (0, 0)
        failed_tests += [f"{step}: {line}" for line in failures(report)] if report.exists() else []
        passed += step_passed
        failed += step_failed or int(step in broken or not report.exists())
    failed += sum(step not in STEPS for step in broken)
    for line in failed_tests:
        print("failed:", line)
    if broken:
        print("failed steps:", " ".join(broken))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or broken else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
