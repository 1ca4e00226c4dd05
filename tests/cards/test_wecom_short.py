"""Checks that no cut of a short WeCom message takes what matters most: how things stand, the result, what to do."""

import re
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards.model import Card, Facts, Prose
from cards.render.wecom import Drawn, Stage, render
from cards.render.wecom.safe import plain
from cards.views import draw, slots
from cards.words import Words
from engine.incident import Incident, fold
from tests.cards import strategies
from tests.cards.factory import PLAN, TEAM, Story, unclear_example, worked_example
from tests.cards.test_wecom import ANY, HERE, SEAL

SHORT = 2_048
"""Bytes of a message of a self-built app."""
STORIES = {"worked": worked_example, "unclear": unclear_example}


def short(card: Card) -> Drawn:
    return render(card, Stage(SEAL.close, HERE, "n0nce", longest=SHORT, mentions=False))


def lost(card: Card, text: str) -> list[str]:
    """What must not be missing in the short text of a card, and is: the title, each strong sentence, the link."""
    wanted = [plain(card.title), *(plain(said) for said in strong(card.blocks)), _page(card)]
    return [each for each in wanted if not all(row in text for row in each.split("\n"))]


def strong(blocks: Iterable[object]) -> list[str]:
    return [block.text for block in blocks if isinstance(block, Prose) and block.strong]


def _page(card: Card) -> str:
    return f"]({HERE}/incidents/{card.incident})"


def at_every_moment(story: Story) -> list[Incident]:
    return [fold(story.entries[:count]) for count in range(1, len(story.entries) + 1)]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", STORIES)
def test_every_card_of_an_incident_says_what_matters_at_every_moment(name: str, language: str) -> None:
    for incident in at_every_moment(STORIES[name](language)):
        for slot in slots(incident):
            card = draw(incident, slot, Words(language), TEAM)
            assert card is not None
            text = short(card).markdown
            assert len(text.encode()) <= SHORT
            assert lost(card, text) == [], slot


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_executed_plan_shows_its_receipt_whole(language: str) -> None:
    incident = worked_example(language).fold("action.executed")
    receipt = incident.proposals[PLAN].execution
    assert receipt is not None
    assert receipt.receipt is not None
    card = draw(incident, f"plan:{PLAN}", Words(language), TEAM)
    assert card is not None
    text = short(card).markdown
    assert receipt.receipt.id in text
    assert text.index(receipt.receipt.id) < text.index(Words(language).text("fact.evidence"))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_long_diagnosis_still_says_what_to_do(language: str) -> None:
    card = draw(worked_example(language).fold(), "diagnosis", Words(language), TEAM)
    assert card is not None
    facts = next(block for block in card.blocks if isinstance(block, Facts))
    name, what_to_do = facts.pairs[-1]
    long = tuple((label, "连接池耗尽，请求等待，" * 60) for label, _ in facts.pairs[:-1])
    blocks = (card.blocks[0], Facts((*long, (name, what_to_do))), *card.blocks[2:])
    text = short(Card(card.title, card.summary, blocks=blocks, incident=card.incident, language=language)).markdown
    assert all(re.search(f"^> .*{re.escape(label)}", text, re.MULTILINE) for label, _ in facts.pairs)
    assert plain(what_to_do).split("\n")[0] in text


sentences = st.text(st.sampled_from("已回滚成功 abc.，"), min_size=1, max_size=40).map(str.strip).filter(bool)


@ANY
@given(st.lists(strategies.blocks, max_size=6), st.lists(st.tuples(st.integers(0, 9), sentences), max_size=4))
def test_whatever_stands_around_them_strong_sentences_stay(blocks: list[object], said: list[tuple[int, str]]) -> None:
    filled: list[object] = [block for block in blocks if not strong([block])]
    for place, text in said:
        filled.insert(place, Prose(text, strong=True))
    card = Card("P1 · payment", "P1", "bad", tuple(filled), "inc_5f0a1c22", "zh")  # type: ignore[arg-type]
    text = short(card).markdown
    assert len(text.encode()) <= SHORT
    assert lost(card, text) == []
