"""Checks that whatever people read exists in every language, with the same gaps, and that nothing is dead."""

from pathlib import Path

import pytest

from tests.house.words import LANGUAGES, files, gaps, mentions, phrases, uses

EXPECTED = ("en.toml", "zh_CN.toml")


def test_both_languages_are_there_together() -> None:
    there = {path.name for path in files()}
    assert not there or set(EXPECTED) <= there, f"cards/languages has {sorted(there)}, needs {EXPECTED}"


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_every_language_has_the_same_keys_and_gaps(path: Path) -> None:
    reference, here = phrases(LANGUAGES / "en.toml"), phrases(path)
    assert not reference.keys() - here.keys(), f"{path.name} lacks {sorted(reference.keys() - here.keys())}"
    assert not here.keys() - reference.keys(), f"en.toml lacks {sorted(here.keys() - reference.keys())}"
    differing = {
        key: (sorted(gaps(reference[key])), sorted(gaps(here[key])))
        for key in reference
        if gaps(reference[key]) != gaps(here[key])
    }
    assert not differing, f"{path.name} has other gaps than en.toml: {differing}"


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_no_phrase_is_empty(path: Path) -> None:
    empty = [key for key, phrase in phrases(path).items() if not phrase.strip()]
    assert not empty, f"{path.name}: {empty}"


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_every_key_the_code_asks_for_exists(path: Path) -> None:
    known = phrases(path)
    missing = {f"{use.place}: {use.key}" for use in uses() if not any(use.pattern.fullmatch(key) for key in known)}
    assert not missing, f"{path.name} has no phrase for {sorted(missing)}"


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_every_gap_is_filled(path: Path) -> None:
    """Where key and values are both written out, the values cover the gaps of the phrase."""
    known = phrases(path)
    unfilled = {
        f"{use.place}: {key} lacks {sorted(gaps(known[key]) - use.gaps)}"
        for use in uses()
        if use.gaps is not None
        for key in known
        if use.pattern.fullmatch(key) and key == use.key.strip("'\"") and gaps(known[key]) - use.gaps
    }
    assert not unfilled, sorted(unfilled)


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_no_phrase_is_dead(path: Path) -> None:
    """Every key stands somewhere in the code, written out or as the frame of an f-string."""
    asked = mentions()
    dead = [key for key in phrases(path) if not any(pattern.fullmatch(key) for pattern in asked)]
    assert not dead, f"{path.name}: nothing asks for {dead}"


def test_gaps_are_read_as_they_are_written() -> None:
    assert gaps("{service} is at {rate:.1%}, {{not}} {plan.title}") == {"service", "rate", "plan"}
