"""Checks that the locks hold every dependency, exactly and by hash, and agree with each other."""

import re
import tomllib

import pytest

from tests.house.source import ROOT
from tests.house.test_third_parties import distribution

PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^ ;\\]+)", re.MULTILINE)
LOCKS = ("run.lock", "dev.lock", "real.lock")


def read(lock: str) -> str:
    return (ROOT / "requirements" / lock).read_text(encoding="utf-8")


def versions(lock: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for package, version in PINNED.findall(read(lock)):
        found.setdefault(distribution(package), set()).add(version)
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_every_version_is_exact_and_hashed(lock: str) -> None:
    entries = re.split(r"\n(?=[A-Za-z0-9])", read(lock).split("\n", 2)[2])
    assert entries
    for entry in entries:
        assert PINNED.match(entry), entry[:80]
        assert "--hash=sha256:" in entry, entry[:80]


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_an_address(lock: str) -> None:
    assert "://" not in read(lock)
    assert not re.search(r"^--", read(lock), re.MULTILINE), "an option in a lock binds it to an index"


def test_the_locks_are_those_of_pyproject() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = {
        "run.lock": pyproject["project"]["dependencies"],
        "dev.lock": pyproject["project"]["dependencies"] + pyproject["dependency-groups"]["dev"],
        "real.lock": pyproject["dependency-groups"]["real"],
    }
    for lock, requirements in needed.items():
        missing = {distribution(requirement) for requirement in requirements} - versions(lock).keys()
        assert not missing, f"requirements/{lock} lacks {sorted(missing)}: run make lock."


@pytest.mark.parametrize("lock", ["run.lock", "real.lock"])
def test_the_locks_agree(lock: str) -> None:
    every = versions("dev.lock")
    for package, version in versions(lock).items():
        assert every.get(package, version) == version, f"{package} differs between {lock} and dev.lock"
