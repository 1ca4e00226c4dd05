"""Checks that everything a diagnosis says has words, in both languages, and reads as sentences."""

import string
from datetime import UTC, datetime
from typing import Any

import pytest

from cards.words import table
from engine.diagnosis.families import called
from engine.diagnosis.patterns import PATTERNS
from engine.model import Change, Diagnosis, Evidence, Phrase, Quantity
from tests.engine.diagnosis.scenes import SCENES, Scene, false_alarm
from tests.engine.diagnosis.test_patterns import verdicts

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
    return template.replace("⟦", "").replace("⟧", "").format(**values)


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
    assert lines[1].startswith("故障之前有变更：till 于 2026-03-04T12:00:24+00:00 灰度发布，早于故障 10")
    assert 4 <= len(lines) <= 8


def test_a_release_is_not_called_a_switch():
    found = SCENES["deploy_db_regression"]().verdict()
    switched = next(each for each in found.hypotheses if each.category == "feature_flag")
    assert switched.title.word == "pattern.feature_flag.title_unknown"
    assert "v2" not in say("zh_CN", switched.title)


def test_what_the_cause_brings_about_is_called_a_consequence():
    found = verdicts("slow_query", "cpu_saturation")
    assert found.cause
    course = next(each for each in found.hypotheses[1:] if each.category == "cpu_saturation")
    first = course.contradicting[0]
    assert first.phrase.word == "diagnosis.against.course"
    assert first.phrase.values["cause"] == found.cause.title
    assert first.evidence_ids


def test_a_figure_is_told_with_what_the_log_says_of_it_and_no_sentence_twice():
    found = SCENES["deploy_db_regression"]().verdict()
    assert found.cause
    shown = [claim.phrase.values["what"] for claim in found.cause.supporting]
    assert any(isinstance(what, Phrase) and what.word == "diagnosis.with_log" for what in shown)
    figures = [what.values["what"] if what.word == "diagnosis.with_log" else what for what in shown]
    assert len({figure.model_dump_json() for figure in figures}) == len(figures)


def test_a_change_without_a_version_is_called_by_what_it_says_of_itself():
    at = datetime(2026, 3, 4, tzinfo=UTC)
    bare = Change(id="c1", service="till", kind="commit", at=at)
    assert called(bare) == "c1"
    assert called(bare.model_copy(update={"note": "pin modules"})) == "“pin modules”"
    assert called(bare.model_copy(update={"note": "pin modules", "version": "v2"})) == "v2"


def test_the_sequence_is_in_order_of_time_and_begins_with_the_change():
    scene: Scene = SCENES["deploy_db_regression"]()
    found = scene.verdict()
    onsets = {each.id: each.onset for each in scene.evidence()}
    order = [onsets[claim.evidence_ids[0]] for claim in found.sequence]
    assert order == sorted(order, key=lambda at: (at is None, at))
    assert found.sequence[0].evidence_ids == ("ev_change_1",)
    assert found.sequence[0].phrase.values["offset"] == Quantity(value=10.0, unit="seconds")
