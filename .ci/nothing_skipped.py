"""Fails when pytest's report (its JUnit XML is the argument) shows a test that was skipped, or no test at all.

A skipped test is a promise that nobody checked, and on a machine that can install anything there is no reason for one.
Silent when all is well, so that pytest's closing line stays the last one.
"""

import sys
from xml.etree import ElementTree as ET


def skipped(report: ET.Element) -> list[str]:
    """Each skipped test or file: the line that did it and its reason. What was expected to fail did run."""
    return [
        f"{test.get('classname')} {test.get('name')} at {skip.text}"
        for test in report.iter("testcase")
        for skip in test.iter("skipped")
        if skip.get("type") != "pytest.xfail"
    ]


def main(path: str) -> None:
    report = ET.parse(path).getroot()  # noqa: S314 - pytest wrote it a moment ago
    if report.find(".//testcase") is None:
        sys.exit("The report has no tests in it.")
    if missed := skipped(report):
        sys.exit("\n".join(["In CI every test must run. These were skipped:", *missed]))


if __name__ == "__main__":
    main(sys.argv[1])
