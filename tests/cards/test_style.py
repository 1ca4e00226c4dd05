"""Holds cards to their style: short, structured, grounded in evidence, and a proposal before any change."""

import re
from collections.abc import Iterator

import pytest

from cards.model import Button, Buttons, Card, Change, Facts, Findings, Prose
from cards.views import draw, slots
from cards.words import Words
from engine.incident import Incident, fold
from engine.model import Claim
from tests.cards.factory import TEAM, Story, said, unclear_example, worked_example

LONGEST_TITLE, LONGEST_SUMMARY, LONGEST_PARAGRAPH, MOST_OPEN_FINDINGS = 160, 260, 420, 6
CITED = re.compile(r"\[(ev_\w+(?:, ev_\w+)*)\]$")
STORIES = [
    pytest.param(story, language, id=f"{story.__name__}-{language}")
    for story in (worked_example, unclear_example)
    for language in ("zh", "en")
]
EVERY = pytest.mark.parametrize("story, language", STORIES)


def moments(told: Story) -> Iterator[Incident]:
    """The incident after every entry of its timeline."""
    for upto in range(1, len(told.entries) + 1):
        yield fold(told.entries[:upto])


def cards(told: Story) -> Iterator[tuple[Incident, str, Card]]:
    """Every card that ever stood in the thread."""
    for state in moments(told):
        for slot in slots(state):
            card = draw(state, slot, Words(told.language), TEAM)
            if card is not None:
                yield state, slot, card


@EVERY
def test_a_card_is_a_short_structured_summary_and_what_is_long_is_folded(story: object, language: str) -> None:
    for _, slot, card in cards(story(language)):  # type: ignore[operator]
        assert len(card.title) <= LONGEST_TITLE, slot
        assert "\n" not in card.summary
        assert len(card.summary) <= LONGEST_SUMMARY, slot
        paragraphs = [block.text for block in card.blocks if isinstance(block, Prose)]
        assert all(len(text) <= LONGEST_PARAGRAPH for text in paragraphs), slot
        found = [block for block in card.blocks if isinstance(block, Findings)]
        assert sum(len(block.findings) for block in found) <= MOST_OPEN_FINDINGS, slot


@EVERY
def test_every_reason_cites_evidence_that_is_there(story: object, language: str) -> None:
    words = Words(language)
    reasons = {words.text("diagnosis_card.why"), words.text("diagnosis_card.for_it"), words.text("diagnosis_card.what")}
    checked = 0
    for state, slot, card in cards(story(language)):  # type: ignore[operator]
        if slot != "diagnosis":
            continue
        held = state.sweep or (state.first_look.sweep if state.first_look else None)
        known = {each.id for each in held.evidence} if held else set()
        for facts in (block for block in card.blocks if isinstance(block, Facts)):
            for line in (line for name, value in facts.pairs if name in reasons for line in value.split("\n")):
                cited = CITED.search(line)
                assert cited, line
                assert set(cited[1].split(", ")) <= known
                checked += 1
    assert checked


@EVERY
def test_nothing_can_be_approved_that_cannot_be_reviewed(story: object, language: str) -> None:
    """Beside every button that approves stand what would be done, the digest it is bound to, and the evidence."""
    words = Words(language)
    for _, _, card in cards(story(language)):  # type: ignore[operator]
        rows = [block for block in card.blocks if isinstance(block, Buttons)]
        if not any(isinstance(each, Button) and each.action == "approve" for row in rows for each in row.buttons):
            continue
        assert any(isinstance(block, Change) and block.text for block in card.blocks)
        (facts,) = [dict(block.pairs) for block in card.blocks if isinstance(block, Facts)]
        for name in ("digest", "evidence", "risk", "target"):
            assert facts[words.text(f"fact.{name}")], name


def test_the_style_holds_for_endless_texts_as_well() -> None:
    told = worked_example("en")
    state = told.fold("hypothesis.generated")
    assert state.diagnosis is not None
    cause = state.diagnosis.hypotheses[0]
    endless = tuple(Claim(phrase=said("because " * 400), evidence_ids=("ev_metric_1",)) for _ in range(9))
    found = state.diagnosis.model_copy(
        update={"hypotheses": (cause.model_copy(update={"supporting": endless, "contradicting": endless}),)}
    )
    card = draw(state.model_copy(update={"diagnosis": found}), "diagnosis", Words("en"), TEAM)
    assert card is not None
    (facts,) = [block for block in card.blocks if isinstance(block, Facts)]
    assert len(facts.pairs) == 5
    assert max(len(line) for _, value in facts.pairs for line in value.split("\n")) < 200
    assert sum(value.count("\n") + 1 for _, value in facts.pairs) <= 12
