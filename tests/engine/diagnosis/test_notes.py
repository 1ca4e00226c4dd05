"""Checks that what sources say beside their figures is told and proves nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from cards.words import Words
from engine.diagnosis.calm import calm
from engine.diagnosis.notes import NOTES
from engine.diagnosis.signals import judge
from engine.model import Observation, Window
from engine.sources.notes import LONGEST, MOST_LINES, cut, note
from tests.engine.diagnosis.scenes import pool_leak

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
WINDOW = Window(start=START, split=START + timedelta(minutes=10), end=START + timedelta(minutes=20))
GAPS = {
    "label_mismatch": {"tried": "service", "found": "app=till-api", "label": "app", "value": "till-api"},
    "search_lag": {"split": "09:10:00 UTC"},
    "search_empty": {"split": "09:10:00 UTC"},
    "related_alerts": {"count": "2", "others": "3", "split": "09:10:00 UTC"},
    "other_alerts": {"others": "3", "split": "09:10:00 UTC"},
    "silenced": {"count": "1"},
    "merged": {"count": "2"},
    "not_allowed": {"kinds": "nodes, events", "namespace": "shop"},
    "workload_unknown": {"found": "till-api", "value": "till-api", "namespace": "shop"},
    "partial": {"count": "1"},
    "unknown_metrics": {"found": "app=till"},
    "commits_since": {"base": "a1", "head": "b2", "commits": "3", "files": "4", "added": "5", "removed": "6"},
    "out_of_sync": {"application": "till", "count": "1"},
    "sync_trouble": {"application": "till", "count": "1"},
}


def noted(what: str, **more: str) -> Observation:
    return note("loki", what, "till", "q", WINDOW, values={**GAPS[what], **more}, lines=("one",))


@pytest.mark.parametrize("what", sorted(NOTES))
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_note_can_be_said(what: str, language: str) -> None:
    (evidence,) = judge([noted(what)], WINDOW)
    said = Words(language).say(evidence.summary)
    assert "[" not in said
    assert (evidence.id, evidence.abnormal, evidence.excerpt) == ("ev_state_1", False, ("one",))


def test_a_note_changes_no_verdict() -> None:
    scene = pool_leak()
    before = scene.verdict()
    scene.observations.extend(noted(what) for what in NOTES)
    assert scene.verdict().model_dump() == before.model_dump()
    assert not calm(judge([noted("label_mismatch")], WINDOW), "till")


def test_a_backends_words_are_bounded_and_keep_no_secret() -> None:
    lines = tuple(f"password=hunter2-{'x' * 2_000}" for _ in range(MOST_LINES + 5))
    made = note("loki", "label_mismatch", "till", "q", WINDOW, values={"found": "a\n" * 900}, lines=lines)
    assert made.truncated
    assert len(made.state["lines"]) == MOST_LINES
    assert all(len(text) <= LONGEST for text in (*made.state["lines"], made.state["found"]))
    assert "hunter2" not in made.model_dump_json()


def test_what_is_cut_off_takes_no_part_of_a_secret_with_it() -> None:
    assert "hunter2" not in cut(f"{'word ' * 55} https://ci:{'hunter2' * 9}@git.example/shop")
    assert len(cut("y" * 9_000)) == LONGEST
