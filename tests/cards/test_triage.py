"""Checks the triage card: every field it promises, from the first alert to the diagnosis, in both languages."""

import pytest

from cards.model import Card, Facts, Fold
from cards.render import text
from cards.views import draw
from cards.words import Words
from engine.incident import Incident
from engine.model import Phrase
from engine.team import Service
from tests.cards.factory import TEAM, unclear_example, worked_example

SERVICE = Service(
    name="payment-service",
    owner="payments",
    health_url="http://pay/healthz",
    log_paths=("/var/log/pay.log",),
    repository="shop/payment",
    language="java",
)
DESCRIBED = TEAM.model_copy(update={"services": {"payment-service": SERVICE}})
BOTH = pytest.mark.parametrize("language", ["zh", "en"])


def triage(incident: Incident, language: str = "en") -> Card:
    card = draw(incident, "triage", Words(language), DESCRIBED)
    assert card is not None
    return card


def facts(card: Card) -> dict[str, str]:
    return dict(next(block for block in card.blocks if isinstance(block, Facts)).pairs)


@BOTH
def test_it_says_what_kind_how_bad_what_tells_so_what_was_done_and_what_is_next(language: str) -> None:
    words = Words(language)
    story = unclear_example(language).fold()
    how = Phrase(word="error.plain", values={"text": "found by its label app"})
    card = triage(story.model_copy(update={"resolved_by": how}), language)
    said = facts(card)
    assert said[words.text("fact.service")] == "payment-service\nfound by its label app"
    assert said[words.text("triage.error_type")] == words.text("triage.api_error")
    assert said[words.text("fact.severity")] == words.text("severity.P1")
    assert "[ev_metric_1]" in said[words.text("triage.error_summary")]
    assert "[ev_log_1]" in said[words.text("triage.key_indicators")]
    assert "jaeger" in said[words.text("checklist.silent")]
    assert said[words.text("checklist.looked")]
    assert said[words.text("triage.recommended")].startswith("• ")
    (fold,) = [block for block in card.blocks if isinstance(block, Fold)]
    shown = text.render(card).body
    for known in ("payments", "http://pay/healthz", "/var/log/pay.log", "shop/payment", "java"):
        assert known in shown
    assert fold.title == words.text("triage.catalogue")
    assert words.text("triage.api_error") in card.summary


@BOTH
def test_what_nobody_knows_yet_is_said_to_be_so(language: str) -> None:
    words = Words(language)
    said = facts(triage(worked_example(language).fold("alert.normalized"), language))
    assert said[words.text("triage.error_type")] == words.text("triage.no_error_seen")
    assert said[words.text("triage.key_indicators")] == words.text("triage.none")
    assert said[words.text("checklist.looked")] == words.text("triage.nothing_asked")
    assert said[words.text("triage.recommended")] == words.text("triage.no_advice")


def test_the_header_says_what_kind_of_error_it_is_as_soon_as_that_shows() -> None:
    story, words = worked_example("en"), Words("en")
    for upto, shows in (("alert.normalized", False), ("evidence.collected", True)):
        header = draw(story.fold(upto), "header", words, TEAM)
        assert header is not None
        assert (words.text("fact.error") in facts(header)) is shows
