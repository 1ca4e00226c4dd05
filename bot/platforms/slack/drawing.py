"""Draws cards, forms and words for Slack: buttons sealed, charts as pictures, words in the reader's language."""

from collections.abc import Mapping
from typing import Any

from bot.platforms.contract import Kit
from bot.platforms.slack.payload import Json, text
from bot.platforms.slack.pictures import Pictures
from cards.model import Ask, Button, Buttons, Card, Prose
from cards.render import slack
from cards.words import Words
from engine.model import Phrase

WHERE = "slack"
"""The action under which a form's surroundings are sealed."""


class Easel:
    """The renderer with what it needs from the house."""

    def __init__(self, kit: Kit, pictures: Pictures) -> None:
        self._kit = kit
        self._pictures = pictures

    async def card(self, card: Card, *, pictures: bool = True) -> dict[str, Any]:
        """The parts of chat.postMessage and chat.update."""
        files = await self._pictures.of(slack.charts(card), card.language) if pictures else {}
        return slack.message(card, self._stage(card.language, files)).payload

    def word(self, words: str) -> dict[str, Any]:
        """A word to one person."""
        return dict(slack.ephemeral(words))

    def form(self, ask: Ask, language: str, room: str, thread: str) -> dict[str, Any]:
        """A question as a modal, which remembers what it is about and where it was opened."""
        about = self._kit.seal.close(ask.action, ask.value)
        where = self._kit.seal.close(WHERE, {"room": room, "thread": thread})
        return dict(slack.modal(ask, self._stage(language), f"{about} {where}"))

    async def invitation(self, ask: Ask, language: str) -> dict[str, Any]:
        """A question as a card with the button that opens its form, for where no form can be opened."""
        button = Buttons((Button(ask.action, ask.submit, ask.value, "primary"),), approval=True)
        blocks = (Prose(ask.question, strong=True), button)
        return await self.card(Card(title=ask.submit, summary=ask.question, blocks=blocks, language=language))

    def opened(self, view: Json) -> tuple[str, dict[str, str], str, str] | None:
        """Action, value, room and thread of a form that comes back; None for one this house did not open."""
        about, _, where = text(view, "private_metadata").partition(" ")
        first, second = self._kit.seal.open(about), self._kit.seal.open(where)
        if first is None or second is None or second[0] != WHERE:
            return None
        return *first, second[1].get("room", ""), second[1].get("thread", "")

    def errors(self, view: Json, words: str) -> dict[str, Any]:
        """What is shown in a form that was refused."""
        return dict(slack.errors(view, words, "word"))

    def home(self, cards: tuple[Card, ...], language: str) -> dict[str, Any]:
        """The home tab."""
        return dict(slack.home(cards, self._stage(language)))

    def say(self, phrase: Phrase, language: str) -> str:
        """A phrase in a language."""
        return Words(language).say(phrase)

    def _stage(self, language: str, files: Mapping[int, str] | None = None) -> slack.Stage:
        return slack.Stage(self._kit.public_url, self._kit.seal.close, files or {}, language)
