"""Holds the main cards of the worked example, in both languages and both renderings, against what was agreed."""

import pytest

from tests.cards.draw_golden import GOLDEN, pictures

PICTURES = dict(pictures())


@pytest.mark.parametrize("name", PICTURES)
def test_is_drawn_as_agreed(name: str) -> None:
    assert PICTURES[name] == (GOLDEN / name).read_text(encoding="utf-8"), "see tests/cards/draw_golden.py"


def test_nothing_old_lies_about() -> None:
    there = {path.relative_to(GOLDEN).as_posix() for path in GOLDEN.rglob("*") if path.is_file()}
    assert there == set(PICTURES)
