"""Checks that what the documents show can be used as it stands: team files, settings, and the first connection."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from bot.settings import load
from bot.teams import TeamFiles, read_team
from cards.words import PART, table
from engine.diagnosis.patterns import PATTERNS, Pattern
from tests.house.source import ROOT, name, tracked

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
TEAM_PAGE = ROOT / "docs" / "how-to" / "team-files.md"
DIAGNOSIS_PAGE = ROOT / "docs" / "how-to" / "diagnosis.md"


def documents() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".md"]


def blocks(path: Path, language: str) -> list[str]:
    """The fenced blocks of a document that are written in this language."""
    return [text for kind, text in BLOCK.findall(path.read_text(encoding="utf-8")) if kind == language]


def test_the_team_files_shown_are_a_team(tmp_path: Path) -> None:
    folder = tmp_path / "trade"
    folder.mkdir()
    files = ("team.yaml", "services.yaml", "policy.yaml", "patterns.yaml")
    for file, text in zip(files, blocks(TEAM_PAGE, "yaml"), strict=True):
        (folder / file).write_text(text, encoding="utf-8")
    team = read_team(folder).team
    assert team.member("alice")
    assert team.services["payment-service"].remedies
    assert team.faults


def fault(pattern: Pattern) -> str:
    """A pattern as its row on the page about diagnosis."""
    whole = table("en")[f"pattern.{pattern.category}.title"]
    said = PART.sub(lambda part: "" if "{since}" in part[0] else part[1], whole)
    for gap, what in (("service", "the service"), ("peer", "a neighbour"), ("version", "a version")):
        said = said.replace(f"{{{gap}}}", what)
    return f"| `{pattern.category}` | {said} | {', '.join(pattern.offers) or '–'} |"


def test_the_page_lists_every_fault_as_the_code_has_it() -> None:
    text = DIAGNOSIS_PAGE.read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert rows == [fault(pattern) for pattern in PATTERNS]


@pytest.mark.parametrize("path", documents(), ids=name)
def test_settings_files_shown_can_be_read(path: Path, tmp_path: Path) -> None:
    for number, text in enumerate(blocks(path, "toml")):
        config = tmp_path / f"{number}.toml"
        config.write_text(text, encoding="utf-8")
        assert tomllib.loads(text)
        assert load(config).http.port


@pytest.mark.parametrize("path", [ROOT / "README.md", ROOT / "README.zh-CN.md"], ids=name)
def test_the_first_connection_writes_a_room_and_a_person(path: Path, tmp_path: Path) -> None:
    (shown,) = (text for text in blocks(path, "sh") if "teams/default" in text)
    lines = [line for line in shown.splitlines() if not line.endswith("tocsin run")]
    subprocess.run(["sh", "-euc", "\n".join(lines)], cwd=tmp_path, check=True)
    teams = TeamFiles(tmp_path / "tocsin-data" / "teams")
    assert teams.reload() == ()
    assert teams.team("default").rooms == ("console:main",)
    assert teams.team("default").member("alice")
