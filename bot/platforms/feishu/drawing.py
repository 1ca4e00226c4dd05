"""Draws cards for Feishu: both languages into one, buttons sealed, and short words for toasts."""

from collections.abc import Mapping
from typing import Any

from bot.platforms.contract import Kit
from cards.model import Ask, Card
from cards.render import feishu
from cards.render.feishu.markup import mention
from cards.words import Words
from engine.errors import StoreError, UnknownName
from engine.model import Phrase
from handlers.inbound import Answer

LANGUAGES = ("zh", "en")


class Easel:
    """The renderer with what it needs from the house. What it draws is JSON, ready to be sent."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._stage = feishu.Stage(public_url=kit.public_url, close=kit.seal.close)

    async def card(self, card: Card, slot: str, room: str) -> str:
        """A card in both languages where it is a part of an incident that can be drawn again, its own first; in one
        where that was chosen for the room."""
        return feishu.wire(feishu.card(await self._in_each(card, slot, room), self._stage).document)

    async def outdated(self, card: Card, slot: str, room: str) -> str:
        """What an old card shows once it stands further down."""
        return feishu.wire(feishu.outdated(await self._in_each(card, slot, room), self._stage).document)

    def both(self, cards: Mapping[str, Card]) -> dict[str, Any]:
        """A card that stands for itself, in the languages given, as a document."""
        return feishu.card(cards, self._stage).document

    def form(self, ask: Ask, person: str) -> str:
        """A form as a card that names the person it is meant for (ou_…); whoever else sends it is judged anew."""
        document = feishu.form(ask, self._stage)
        if named := mention(person):
            document["body"]["elements"].insert(0, {"tag": "markdown", "content": named})
        return feishu.wire(document)

    def toast(self, answer: Answer) -> Mapping[str, Any]:
        """The short answer to a click, in both languages; nothing where nothing is to be said."""
        if answer.phrase is None or answer.tone == "quiet":
            return {}
        return feishu.toast(answer.tone, said(answer.phrase))

    async def _in_each(self, card: Card, slot: str, room: str) -> dict[str, Card]:
        own = Words(card.language).language
        cards = {own: card}
        for language in () if card.plain or self._kit.chosen_for(f"feishu:{room}") else LANGUAGES:
            if language != own and slot and (other := await self._drawn(card.incident, slot, language)) is not None:
                cards[language] = other
        return cards

    async def _drawn(self, incident: str, slot: str, language: str) -> Card | None:
        try:
            return await self._kit.draw(incident, slot, language)
        except (UnknownName, StoreError):
            return None


def said(phrase: Phrase) -> dict[str, str]:
    """A phrase in each language."""
    return {language: Words(language).say(phrase) for language in LANGUAGES}
