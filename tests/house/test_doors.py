"""Checks that every command a reader is told to type exists, and that every command there is, is told of."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.house.source import ROOT, name, tracked

TARGET = re.compile(r"^([a-z-]+):.*?## (.+)$", re.MULTILINE)
MAKE = re.compile(r"(?:^|[`\s])make ([a-z][a-z-]*)")
TOCSIN = re.compile(r"(?:^\$? *|`)(?:\.venv/bin/)?tocsin ([a-z][a-z-]*)", re.MULTILINE)
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)


def documents() -> list[Path]:
    return [
        path for path in tracked() if path.suffix == ".md" and path.relative_to(ROOT).parts[0] in ("docs", path.name)
    ]


def readmes() -> list[Path]:
    return [path for path in documents() if path.name.startswith("README")]


def code_in(path: Path) -> str:
    """What a document shows as code: fenced blocks and words in backticks."""
    return "\n".join(CODE.findall(path.read_text(encoding="utf-8")))


@cache
def targets() -> dict[str, str]:
    return dict(TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))


@cache
def commands() -> frozenset[str]:
    """What `tocsin --help` offers; empty until there is a command line."""
    if not (ROOT / "bot" / "__main__.py").exists():
        return frozenset()
    told = subprocess.run(
        [sys.executable, "-m", "bot", "--help"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    ).stdout
    listed = re.search(r"\{([a-z][a-z,-]*)\}", told)
    assert listed, f"tocsin --help lists no commands:\n{told}"
    return frozenset(listed[1].split(","))


def test_make_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert phony
    assert set(phony[1].split()) == targets().keys()
    told = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert all(f"make {target} " in told for target in targets())


@pytest.mark.parametrize("path", documents(), ids=name)
def test_every_make_command_in_a_document_exists(path: Path) -> None:
    unknown = set(MAKE.findall(code_in(path))) - targets().keys()
    assert not unknown, f"{name(path)} tells people to run make {sorted(unknown)}; the Makefile has no such target."


@pytest.mark.parametrize("path", documents(), ids=name)
def test_every_tocsin_command_in_a_document_exists(path: Path) -> None:
    unknown = set(TOCSIN.findall(code_in(path))) - commands() if commands() else set()
    assert not unknown, f"{name(path)} tells people to run tocsin {sorted(unknown)}; there is no such command."


@pytest.mark.parametrize("path", readmes(), ids=name)
def test_a_readme_opens_with_the_two_commands(path: Path) -> None:
    assert {"demo", "test"} <= set(MAKE.findall(code_in(path)))


@pytest.mark.parametrize("path", readmes(), ids=name)
def test_every_command_is_in_the_readme(path: Path) -> None:
    if path.parent == ROOT:
        untold = commands() - set(TOCSIN.findall(code_in(path)))
        assert not untold, f"{name(path)} says nothing of tocsin {sorted(untold)}."
