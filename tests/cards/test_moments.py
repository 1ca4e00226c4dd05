"""Checks that times are shown in the team's zone and name it, on cards, charts and forms, and are found again."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards import moments
from cards.model import Ask, Buttons, Card, Chart, Prose
from cards.render import html, text
from cards.render.course import course, spoken
from cards.render.scale import time_labels
from cards.views import draw
from cards.views.border import across
from cards.words import Words
from engine.model import Phrase
from tests.cards.factory import TEAM, worked_example

AT = datetime(2026, 3, 1, 10, 0, 5, tzinfo=UTC)
SHANGHAI = "Asia/Shanghai"
ZONES = ("UTC", SHANGHAI, "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Mars/Base")


@pytest.mark.parametrize(
    "zone, moment, clock",
    [
        ("UTC", "2026-03-01 10:00:05 UTC", "10:00:05 UTC"),
        (SHANGHAI, "2026-03-01 18:00:05 Asia/Shanghai", "18:00:05 UTC+8"),
        ("Asia/Kolkata", "2026-03-01 15:30:05 Asia/Kolkata", "15:30:05 UTC+5:30"),
        ("America/New_York", "2026-03-01 05:00:05 America/New_York", "05:00:05 UTC-5"),
        ("Mars/Base", "2026-03-01 10:00:05 UTC", "10:00:05 UTC"),
    ],
)
def test_a_moment_names_its_zone(zone: str, moment: str, clock: str) -> None:
    words = Words("en", zone)
    assert (words.moment(AT), words.clock(AT)) == (moment, clock)
    assert words.moment(None) == words.clock(None) == "—"


@given(st.integers(600_000_000, 3_800_000_000), st.sampled_from(ZONES), st.text())
def test_a_moment_is_found_again_in_finished_text(seconds: int, zone: str, around: str) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    written = moments.moment(at, zone)
    found = moments.found(f"{around} {written}; {around}")
    assert written in [part for part, _ in found]
    known = next(when for part, when in found if part == written)
    # An hour that a clock shows twice is told as the first of the two.
    assert abs(known - at) in (timedelta(0), timedelta(hours=1))


@given(st.text())
def test_no_text_breaks_the_search(said: str) -> None:
    assert isinstance(moments.found(f"{said} 2026-02-31 25:61:00 UTC"), list)


def test_a_moment_among_a_phrases_values_is_shown_in_the_zone_of_who_reads() -> None:
    for value in (AT.isoformat(timespec="seconds"), AT.isoformat()):
        phrase = Phrase(word="error.plain", values={"text": value})
        assert Words("en", SHANGHAI).say(phrase) == "18:00:05 UTC+8"
    told = Phrase(word="error.plain", values={"text": "2026-03-01 10:00:05 UTC"})
    assert Words("en", SHANGHAI).say(told) == "2026-03-01 18:00:05 Asia/Shanghai"
    for other in ("v2.3.1", "2026-03-01", "2026-13-41T10:00:05+00:00", "at 2026-03-01T10:00:05+00:00"):
        assert Words("en", SHANGHAI).say(Phrase(word="error.plain", values={"text": other})) == other


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("slot", ["header", "evidence", "diagnosis", "closing"])
def test_a_teams_cards_show_its_own_time_alone(language: str, slot: str) -> None:
    state = worked_example(language).fold("")
    card = draw(state, slot, Words(language, SHANGHAI), TEAM)
    assert card is not None
    drawn = text.render(card).body
    assert " UTC " not in drawn.replace("UTC+8", "")
    plain = draw(state, slot, Words(language), TEAM)
    assert "UTC+8" not in text.render(plain).body if plain else True


def test_a_chart_has_the_labels_of_its_zone() -> None:
    start = datetime(2026, 3, 1, 15, 0, tzinfo=UTC).timestamp()
    points = tuple((start + 600.0 * n, float(n)) for n in range(12))
    card = across(Card("t", "t", blocks=(Chart("errors", points, "%"),)), "inc_1", Words("en", SHANGHAI))
    (chart,) = card.blocks
    assert isinstance(chart, Chart)
    seen = course(chart)
    assert seen is not None
    assert seen.zone_name == "UTC+8"
    assert "(UTC+8)" in spoken(chart, seen)
    assert "23:00:00" in spoken(chart, seen)
    assert "23:00" in str(html.render(card, csrf="x").body)
    assert "UTC+8" in text.render(card).body


@given(st.integers(0, 4_000_000_000), st.integers(60, 40 * 86_400), st.sampled_from(ZONES[:6]))
def test_labels_are_round_on_the_clock_of_the_zone(start: int, span: int, zone: str) -> None:
    labels = time_labels(start, start + span, 8, zone)
    assert all(start <= at <= start + span for at, _ in labels)
    steps = {round(after - before) for (before, _), (after, _) in pairwise(labels)}
    assert len(steps) <= 1
    for step in steps:
        assert all((at + moments.ahead(start, zone)) % min(step, 3_600) < 1 for at, _ in labels)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_form_says_until_when_in_the_zone(language: str) -> None:
    ask = Ask("Execute?", "approvers", AT, "approve", "Go", {}, ())
    card = across(Card("t", "t", blocks=(ask, Prose("x"), Buttons(()))), "", Words(language, SHANGHAI))
    until = "2026-03-01 18:00:05 Asia/Shanghai"
    assert until in text.render(card).body
    assert until in str(html.render(card, csrf="x").body)
    assert isinstance(card.blocks[0], Ask)
    assert card.blocks[0].zone == SHANGHAI
