"""Checks that whatever people read exists in every language, with the same gaps, and that nothing is dead."""

import re

import pytest

from tests.house.words import GAP, SINGLE, gaps, languages, mentions, phrases, uses, written

EXPECTED = {"en", "zh_CN"}


def test_both_languages_are_there_together() -> None:
    there = set(languages())
    assert not there or there >= EXPECTED, f"cards/languages has {sorted(there)}, needs {sorted(EXPECTED)}"


@pytest.mark.parametrize("language", languages())
def test_every_language_has_the_same_keys(language: str) -> None:
    reference, here = phrases("en"), phrases(language)
    lacking = [key for key in reference.keys() - here.keys() if not key.endswith(SINGLE)]
    assert not lacking, f"{language} lacks {sorted(lacking)}"
    more = [key for key in here.keys() - reference.keys() if key.removesuffix(SINGLE) not in reference]
    assert not more, f"en lacks {sorted(more)}"


@pytest.mark.parametrize("language", languages())
def test_every_language_has_the_same_gaps(language: str) -> None:
    reference, here = phrases("en"), phrases(language)
    differing = {
        key: (sorted(gaps(reference[key])), sorted(gaps(here[key])))
        for key in reference.keys() & here.keys()
        if not key.endswith(SINGLE) and gaps(reference[key]) != gaps(here[key])
    }
    assert not differing, f"{language} has other gaps than en (en, {language}): {differing}"


@pytest.mark.parametrize("language", languages())
def test_the_phrase_for_one_belongs_to_a_phrase_for_many(language: str) -> None:
    here = phrases(language)
    stray = [
        key
        for key, phrase in here.items()
        if key.endswith(SINGLE) and not gaps(phrase) <= gaps(here.get(key.removesuffix(SINGLE), ""))
    ]
    assert not stray, f"{language}: {stray}"


@pytest.mark.parametrize("language", languages())
def test_every_phrase_is_written_once_and_says_something(language: str) -> None:
    keys = [key for key, _, _ in written(language)]
    assert len(keys) == len(set(keys)), f"{language}: twice: {sorted({key for key in keys if keys.count(key) > 1})}"
    # What stands between two sentences is nothing in Chinese and a space in English.
    empty = [key for key, phrase, _ in written(language) if not phrase.strip() and key != "list.space"]
    assert not empty, f"{language}: {empty}"
    broken = [key for key, phrase, _ in written(language) if re.search(r"[{}]", GAP.sub("", phrase))]
    assert not broken, f"{language}: a brace that is no gap in {broken}"


@pytest.mark.parametrize("language", languages())
def test_every_key_the_code_asks_for_exists(language: str) -> None:
    known = phrases(language)
    missing = {f"{use.place}: {use.key}" for use in uses() if not any(use.pattern.fullmatch(key) for key in known)}
    assert not missing, f"{language} has no phrase for {sorted(missing)}"


@pytest.mark.parametrize("language", languages())
def test_every_gap_is_filled(language: str) -> None:
    """Where key and values are both written out, the values cover the gaps of the phrase."""
    known = phrases(language)
    unfilled = {
        f"{use.place}: {key} lacks {sorted(gaps(known[key]) - use.gaps)}"
        for use in uses()
        if use.gaps is not None and (key := use.key.strip("'\"")) in known and gaps(known[key]) - use.gaps
    }
    assert not unfilled, sorted(unfilled)


@pytest.mark.parametrize("language", languages())
def test_no_phrase_is_dead(language: str) -> None:
    """Every key stands somewhere in the code, written out or as the frame of an f-string."""
    asked = mentions()
    dead = [
        key
        for key in phrases(language)
        if not any(pattern.fullmatch(key.removesuffix(SINGLE)) or pattern.fullmatch(key) for pattern in asked)
    ]
    assert not dead, f"{language}: nothing asks for {sorted(dead)}"


def test_gaps_are_read_as_they_are_written() -> None:
    assert gaps("{service} went from {before} to {after_2}, not {Service}") == {"service", "before", "after_2"}
