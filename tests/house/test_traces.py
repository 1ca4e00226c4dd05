"""Checks that no tracked file carries an address that is good on one machine only, or a secret."""

import re
from pathlib import Path

import pytest

from tests.house.source import name, tracked

ONE_MACHINE_ONLY = re.compile(
    r"(?<![\w.])/(root|work|Users/\w+|home/\w+|opt/pypi[\w-]*)/"
    r"|file:///"
    r"|https?://[^\s\"']*/simple\b"
    r"|index-url[ =]+\S+://"
    r"|\.\./shared\b"
)

SECRETS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bxox[abprs]-\d{9,}-\w{10,}|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bAKIA[0-9A-Z]{16}\b"
)

CAPTURES = "payloads"
"""Folders of this name hold what other systems really sent; their paths are theirs."""


def texts() -> list[Path]:
    kept = [path for path in tracked() if CAPTURES not in path.parts and path != Path(__file__).resolve()]
    return [path for path in kept if path.suffix not in {".png", ".jpg", ".gif", ".ico", ".woff2", ".otf", ".gz"}]


@pytest.mark.parametrize("path", texts(), ids=name)
def test_is_good_on_any_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = [
        f"line {text.count(chr(10), 0, match.start()) + 1}: {match[0]}" for match in ONE_MACHINE_ONLY.finditer(text)
    ]
    assert not found, f"{name(path)} names what exists on one machine only: {found}"
    assert not SECRETS.search(text), f"{name(path)} holds what looks like a secret."


@pytest.mark.parametrize(
    "line",
    ["cd /root/project", "--find-links file:///wheels", "https://mirror.example/simple/numpy", "see ../shared/x"],
)
def test_an_address_of_one_machine_is_seen(line: str) -> None:
    assert ONE_MACHINE_ONLY.search(line)
