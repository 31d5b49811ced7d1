"""CI believes a green run only when nothing was skipped; this is the check that reads pytest's report."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECK = Path(__file__).parents[2] / ".ci" / "nothing_skipped.py"

RAN = "def test_ran(): pass\n"
EXPECTED_TO_FAIL = "import pytest\n@pytest.mark.xfail(reason='known')\ndef test_known(): raise ValueError\n"
SKIPPED = "import pytest\n@pytest.mark.skip(reason='no browser here')\ndef test_page(): pass\n"
SKIPPED_FILE = "import pytest\npytest.skip('no database here', allow_module_level=True)\n"


def verdict(folder: Path, *tests: str) -> tuple[int, str]:
    """Exit code and words of the check after pytest ran `tests`, each a file."""
    for number, text in enumerate(tests):
        (folder / f"test_{number}.py").write_text(text, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    report = str(folder / "report.xml")
    pytest_run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junit-xml={report}", str(folder)]
    environ = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    subprocess.run(pytest_run, check=False, capture_output=True, env=environ)
    done = subprocess.run([sys.executable, str(CHECK), report], check=False, capture_output=True, text=True)
    return done.returncode, done.stderr


def test_a_run_without_skips_passes_in_silence(tmp_path: Path) -> None:
    assert verdict(tmp_path, RAN, EXPECTED_TO_FAIL) == (0, "")


@pytest.mark.parametrize(("text", "reason"), [(SKIPPED, "no browser here"), (SKIPPED_FILE, "no database here")])
def test_a_skipped_test_or_file_fails_with_its_reason(tmp_path: Path, text: str, reason: str) -> None:
    code, words = verdict(tmp_path, RAN, text)
    assert code == 1
    assert reason in words


def test_a_run_without_tests_fails(tmp_path: Path) -> None:
    assert verdict(tmp_path) == (1, "The report has no tests in it.\n")
