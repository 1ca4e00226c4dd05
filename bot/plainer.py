"""Says a card more plainly each time, for a platform that refuses it for good as it is."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from cards.model import Addressee, Buttons, Card, Link, Prose
from cards.words import Words

Manner = Literal["whole", "unnamed", "short", "bare"]
"""How a card is said: as it is; mentioning nobody; as a short text under its title; as one of our own words alone."""


def manners(card: Card) -> Iterator[tuple[Manner, Card]]:
    """The card itself, then what may be taken where that is not. Whom it mentions is then named; and what stood in the
    text is left to the page, for nobody knows which of its words was refused."""
    yield "whole", card
    if any(person.accounts for person in card.to):
        yield "unnamed", replace(card, to=tuple(Addressee(person.name) for person in card.to))
    yield "short", _short(card, card.title)
    yield "bare", _short(card, card.incident or "Tocsin")


def _short(card: Card, title: str) -> Card:
    words = Words(card.language)
    page = Link(words.text("button.view"), f"/incidents/{card.incident}" if card.incident else "/")
    blocks = (Prose(words.text("outbox.on_the_page")), Buttons((page,)))
    return replace(card, title=title, summary=title, blocks=blocks, to=(), plain=True)
