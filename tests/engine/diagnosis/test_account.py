"""Checks that everything a diagnosis says has words, in both languages, and reads as sentences."""

import string
from typing import Any

import pytest

from cards.words import table
from engine.diagnosis.patterns import PATTERNS
from engine.model import Diagnosis, Evidence, Phrase, Quantity
from tests.engine.diagnosis.scenes import SCENES, Scene, false_alarm

LANGUAGES = {name: table(name) for name in ("en", "zh_CN")}


def text(language: str, word: str) -> str:
    return LANGUAGES[language][word]


def say(language: str, phrase: Phrase) -> str:
    """A phrase in words; every gap must be filled."""
    values = {}
    for name, value in phrase.values.items():
        if isinstance(value, Phrase):
            values[name] = say(language, value) if not value.word.startswith("source.") else value.word
        else:
            values[name] = f"{value.value:.3g}" if isinstance(value, Quantity) else str(value)
    template = text(language, phrase.word)
    asked = {name for _, name, _, _ in string.Formatter().parse(template) if name}
    assert asked <= values.keys(), f"{phrase.word} lacks {asked - values.keys()}"
    return template.format(**values)


def phrases(evidence: tuple[Evidence, ...], diagnosis: Diagnosis) -> list[Phrase]:
    claims = [*diagnosis.sequence]
    for each in diagnosis.hypotheses:
        claims += [*each.supporting, *each.contradicting]
    titles = [each.title for each in diagnosis.hypotheses]
    said = [claim.phrase for claim in claims]
    return [*(e.summary for e in evidence), *titles, *said, *diagnosis.why_inconclusive, *diagnosis.next_steps]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scene", [*SCENES.values(), false_alarm], ids=lambda make: make.__name__)
def test_everything_said_has_words_and_no_open_gap(scene: Any, language: str):
    staged = scene()
    for keep in (lambda each: True, lambda each: each.kind != "log", lambda each: each.kind == "metric"):
        for phrase in phrases(staged.evidence(), staged.verdict(keep=keep)):
            said = say(language, phrase)
            assert said
            assert "{" not in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_pattern_and_clue_has_its_words(language: str):
    for pattern in PATTERNS:
        assert text(language, f"pattern.{pattern.category}.title")
        for step in (*pattern.next_steps, *(f"diagnosis.offer.{offer}" for offer in pattern.offers)):
            assert text(language, step)
        for clue in (*pattern.required, *pattern.supporting):
            assert text(language, f"diagnosis.clue.{clue.name}")
        for clue in pattern.required:
            assert text(language, f"diagnosis.missing.{clue.name}")
            assert text(language, f"diagnosis.ask.{clue.name}")


def test_the_cause_reads_as_a_senior_engineer_would_put_it():
    found = SCENES["deploy_db_regression"]().verdict()
    assert found.cause
    lines = [say("zh_CN", found.cause.title), *(say("zh_CN", claim.phrase) for claim in found.cause.supporting)]
    assert lines[0].startswith("till 的 v2 耗尽了数据库连接池，始于 2026-03-04T12:00:34+00:00")
    assert lines[1].startswith("变更在前：till 于 2026-03-04T12:00:24+00:00 有变更（灰度发布），早于故障 10")
    assert 4 <= len(lines) <= 8


def test_the_sequence_is_in_order_of_time_and_begins_with_the_change():
    scene: Scene = SCENES["deploy_db_regression"]()
    found = scene.verdict()
    onsets = {each.id: each.onset for each in scene.evidence()}
    order = [onsets[claim.evidence_ids[0]] for claim in found.sequence]
    assert order == sorted(order, key=lambda at: (at is None, at))
    assert found.sequence[0].evidence_ids == ("ev_change_1",)
    assert found.sequence[0].phrase.values["offset"] == Quantity(value=10.0, unit="seconds")
