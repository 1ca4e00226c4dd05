"""Draws a silence: what is quiet, until when, who wanted it and why, and the way to end it."""

from dataclasses import dataclass
from datetime import datetime

from cards.model import Button, Buttons, Card, Facts, Link
from cards.words import Words


@dataclass(frozen=True)
class Silenced:
    """A silence as it was set; `matchers` are written as Alertmanager writes them."""

    incident: str
    id: str
    matchers: str
    until: datetime
    by: str
    reason: str
    link: str


def silence(set: Silenced, words: Words) -> Card:
    """The card of one silence."""
    title = words.text("silence_card.title", until=words.moment(set.until))
    pairs = (
        ("silence_card.matchers", set.matchers),
        ("silence_card.until", words.moment(set.until)),
        ("silence_card.by", set.by),
        ("silence_card.reason", set.reason),
        ("silence_card.id", set.id),
    )
    end = Button("unsilence", words.text("button.unsilence"), {"incident": set.incident, "silence": set.id})
    row = Buttons((end, Link(words.text("button.open_source", source="Alertmanager"), set.link)))
    facts = Facts(tuple((words.text(word), value) for word, value in pairs))
    return Card(title, title, tone="info", blocks=(facts, row), incident=set.incident, language=words.language)
