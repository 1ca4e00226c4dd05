"""Gives people their answers: a toast on the spot where they clicked, else a card in the thread, in both languages."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from bot.platforms.contract import Kit
from bot.platforms.feishu.chats import Chats
from bot.platforms.feishu.drawing import Easel, said
from bot.platforms.feishu.envelope import Envelope, text
from bot.platforms.feishu.references import uuid
from cards.model import Card, Prose
from cards.render.feishu import wire
from cards.words import Words
from engine.errors import PlatformBusy
from engine.model import Phrase
from handlers.inbound import AlertReceived, Answer, CommandTyped, FormSent, Inbound, MessageSaid, Place

TRIES = 4


class Answers:
    """What the inbox answered, as Feishu shows it to the person who is meant."""

    def __init__(self, chats: Chats, easel: Easel, kit: Kit) -> None:
        self._chats = chats
        self._easel = easel
        self._kit = kit

    def at_once(self, event: Inbound, answer: Answer) -> Mapping[str, Any]:
        """The body that answers a click. A form that was taken gives way to what came of it, so that nobody fills it
        in again."""
        if answer.form is not None:
            return self.word("feishu.form_follows")
        body = self._easel.toast(answer)
        if not isinstance(event, FormSent) or not _is_settled(event, answer):
            return body
        return {**body, "card": {"type": "raw", "data": self._easel.both(_spoken(answer, event.at))}}

    def word(self, word: str, tone: Literal["ok", "refused"] = "ok") -> Mapping[str, Any]:
        """A word of this platform's own that answers a click."""
        return self._easel.toast(Answer(tone=tone, phrase=Phrase(word=word)))

    async def in_thread(self, envelope: Envelope, event: Inbound, answer: Answer, *, spoken: bool) -> None:
        """Post what the answer holds under the message it answers: the form, the card, and the words where they were
        not said yet; to the person alone what others there may not read. A repetition of the same delivery posts
        nothing twice."""
        if answer.tone == "quiet" or isinstance(event, AlertReceived):
            return
        person = event.account.id
        to, under = (person, "") if answer.alone else (event.at.room, _under(envelope, event.at))
        if answer.form is not None:
            await self._post(envelope, to, under, self._easel.form(answer.form, person), "form")
        if answer.card is not None:
            await self._post(envelope, to, under, await self._easel.card(answer.card, "", to), "card")
        if answer.phrase is not None and not spoken:
            word = wire(self._easel.both(_spoken(answer, event.at)))
            if _is_settled(event, answer):
                await self._chats.edit(_under(envelope, event.at), word)
            else:
                await self._post(envelope, to, under, word, "word")
        if answer.alone and isinstance(event, MessageSaid | CommandTyped):
            aside = _spoken(Answer(phrase=Phrase(word="command.answered_alone")), replace(event.at, incident=""))
            beneath = _under(envelope, event.at)
            await self._post(envelope, event.at.room, beneath, wire(self._easel.both(aside)), "aside")

    async def _post(self, envelope: Envelope, to: str, under: str, drawn: str, what: str) -> None:
        """Under the message that was written or clicked; to the chat or person where there is none. PlatformError."""
        key = uuid("answer", envelope.id, what)
        for left in reversed(range(TRIES)):
            try:
                if under:
                    await self._chats.reply(under, drawn, key)
                else:
                    await self._chats.send(to, drawn, key)
                return
            except PlatformBusy as busy:
                if not left:
                    raise
                await self._kit.clock.sleep(busy.retry_after)


def _under(envelope: Envelope, at: Place) -> str:
    """The message to answer under: the one that was written or clicked."""
    written, clicked = text(envelope.event, "message", "message_id"), text(envelope.event, "context", "open_message_id")
    return written or clicked or at.thread


def _is_settled(event: Inbound, answer: Answer) -> bool:
    """Whether the event is a form that was taken."""
    return isinstance(event, FormSent) and answer.tone == "ok" and answer.phrase is not None


def _spoken(answer: Answer, at: Place) -> dict[str, Card]:
    """The words of an answer as a small card, once per language."""
    refused = answer.tone == "refused"
    cards = {}
    for language, told in said(answer.phrase).items() if answer.phrase else ():
        title = Words(language).text("say.refused" if refused else "say.title")
        cards[language] = Card(
            title=title,
            summary=told,
            tone="warning" if refused else "neutral",
            blocks=(Prose(told, strong=refused),),
            incident=at.incident,
            language=language,
        )
    return cards
