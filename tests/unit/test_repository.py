"""The repository as others get it: what the locks pin, what a wheel holds, nothing of the machine it was made on."""

import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def pins(lock: str) -> dict[str, str]:
    """Version by canonical name; a line that is no exact pin fails."""
    lines = (line.split("#")[0].strip() for line in (ROOT / lock).read_text(encoding="utf-8").splitlines())
    found: dict[str, str] = {}
    for line in filter(None, lines):
        requirement = Requirement(line)
        (specifier,) = requirement.specifier
        assert specifier.operator == "=="
        assert not requirement.url
        found[canonicalize_name(requirement.name)] = specifier.version
    return found


def tracked_files() -> Iterator[tuple[Path, str]]:
    """Every text file in git, by its path in the repository."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        path = ROOT / name
        if path.is_file() and b"\0" not in (content := path.read_bytes()):
            yield Path(name), content.decode()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_exactly_and_says_nothing_about_where_from(lock: str) -> None:
    assert pins(lock)
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.findall(r"^\s*-.*|.*://.*|.*\s/.*", text, re.MULTILINE)


def test_the_locks_satisfy_pyproject() -> None:
    project = pyproject()
    groups = project["dependency-groups"]
    wanted = {
        LOCKS[0]: project["project"]["dependencies"] + project["build-system"]["requires"],
        LOCKS[1]: project["project"]["dependencies"] + groups["dev"] + groups["benchmarks"],
    }
    for lock, requirements in wanted.items():
        locked = pins(lock)
        for requirement in map(Requirement, requirements):
            version = locked.get(canonicalize_name(requirement.name), "nothing")
            assert version in requirement.specifier, f"{lock} has {version} for {requirement}: run make lock"


def test_tests_run_with_the_versions_that_people_run() -> None:
    assert pins(LOCKS[0]).items() <= pins(LOCKS[1]).items()


def test_no_file_names_a_registry_or_a_path_of_somebodys_machine() -> None:
    places = [r"pypi\.org", r"pythonhosted\.org", r"registry\.npmjs\.org", r"/home/\w", r"/Users/\w"]
    here = [re.escape(f"{path}/") for path in (ROOT, Path.home()) if len(path.parts) > 1]
    forbidden = re.compile("|".join(places + here))
    found = {f"{path}: {match[0]}" for path, text in tracked_files() for match in forbidden.finditer(text)}
    assert not found


def test_a_wheel_has_every_package_its_types_and_its_data(tmp_path: Path) -> None:
    """Built from what git has, by the pinned setuptools, so that a file left out here is left out for users."""
    for path, _ in tracked_files():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes((ROOT / path).read_bytes())
    command = "-m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir out ."
    subprocess.run([sys.executable, *command.split()], cwd=tmp_path, check=True, capture_output=True)
    (wheel,) = (tmp_path / "out").glob("andon-*.whl")
    packaged = set(zipfile.ZipFile(wheel).namelist())
    packages = {"bot", "handlers", "runtime"}
    assert {str(path) for path, _ in tracked_files() if path.parts[0] in packages} <= packaged
    assert {f"{package}/py.typed" for package in packages} <= packaged
