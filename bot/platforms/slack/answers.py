"""Gives people their answers: at once where the delivery itself carries one, else to them alone, in the thread."""

import logging
from collections.abc import Mapping
from typing import Any

from bot.platforms.contract import Kit
from bot.platforms.slack.api import Api
from bot.platforms.slack.arrival import Doorstep, Reply
from bot.platforms.slack.drawing import Easel
from bot.platforms.slack.refusals import LATE, Refused
from cards.model import Ask, Card
from engine.errors import PlatformBusy, PlatformError
from engine.model import Phrase
from handlers.inbound import Answer

log = logging.getLogger("tocsin.slack")

TRIES = 3
SILENT = {"unfurl_links": False, "unfurl_media": False}
"""No preview of any address: it may come from an alert."""
ALONE: Mapping[str, Any] = {"response_type": "ephemeral", "replace_original": False}


class Answers:
    """What the inbox answered, as Slack shows it to the person who is meant."""

    def __init__(self, api: Api, easel: Easel, kit: Kit) -> None:
        self._api = api
        self._easel = easel
        self._kit = kit

    async def at_once(self, step: Doorstep, answer: Answer) -> Reply | None:
        """What the delivery itself is answered with, where that says all there is to say; else None."""
        if answer.tone == "quiet" or answer.form is not None or answer.phrase is None or answer.card is not None:
            return None
        words = self._easel.say(answer.phrase, self.language(step))
        if step.kind == "form" and answer.tone == "refused" and step.view is not None:
            return Reply(body=self._easel.errors(step.view, words))
        if step.kind == "command":
            return Reply(body={"response_type": "ephemeral", **self._easel.word(words)})
        return None

    async def give(self, step: Doorstep, answer: Answer) -> None:
        """Open the form, show the card, say the word. PlatformError."""
        if answer.tone == "quiet":
            return
        if step.kind == "home":
            await self._publish(step, answer)
            return
        if answer.form is not None:
            await self._open(step, answer.form)
        if answer.card is not None:
            await self._show(step, answer.card)
        if answer.phrase is not None:
            await self.say(step, answer.phrase)

    async def say(self, step: Doorstep, phrase: Phrase) -> None:
        """Say something to this person alone. PlatformError."""
        await self._to(step, self._easel.word(self._easel.say(phrase, self.language(step))))

    async def open(self, step: Doorstep, view: dict[str, Any]) -> bool:
        """Open a form; whether it was still time for it. PlatformError."""
        if not step.trigger:
            return False
        try:
            await self._api.call("views.open", trigger_id=step.trigger, view=view)
        except Refused as refused:
            if refused.code in LATE:
                return False
            raise
        return True

    def language(self, step: Doorstep) -> str:
        """The language chosen for the room, else the one the person reads, else that of the room's team."""
        if step.language:
            return step.language
        return self._kit.language_of(f"slack:{step.room}") or "en"

    async def _open(self, step: Doorstep, ask: Ask) -> None:
        language = self.language(step)
        if not await self.open(step, self._easel.form(ask, language, step.room, step.thread)):
            await self._to(step, await self._easel.invitation(ask, language))

    async def _show(self, step: Doorstep, card: Card) -> None:
        if step.kind == "press" and not step.room:
            # It was pressed on the home tab.
            view = self._easel.home((card,), self.language(step))
            await self._api.call("views.publish", user_id=step.person, view=view)
        else:
            await self._to(step, await self._easel.card(card))

    async def _publish(self, step: Doorstep, answer: Answer) -> None:
        """Show the answer as this person's home tab."""
        language = self.language(step)
        cards = (answer.card,) if answer.card else ()
        if not cards and answer.phrase is not None:
            words = self._easel.say(answer.phrase, language)
            cards = (Card(title=words, summary=words, language=language),)
        await self._api.call("views.publish", user_id=step.person, view=self._easel.home(cards, language))

    async def _to(self, step: Doorstep, payload: dict[str, Any]) -> None:
        for left in reversed(range(TRIES)):
            try:
                await self._send(step, payload)
                return
            except PlatformBusy as busy:
                if not left:
                    raise
                await self._kit.clock.sleep(busy.retry_after)

    async def _send(self, step: Doorstep, payload: dict[str, Any]) -> None:
        """To this person alone where the bot may speak; else by the address the press came with; else directly."""
        thread = {"thread_ts": step.thread} if step.thread else {}
        direct = not step.room or step.room.startswith("D")
        if direct:
            await self._api.call("chat.postMessage", channel=step.room or step.person, **thread, **SILENT, **payload)
            return
        try:
            await self._api.call("chat.postEphemeral", channel=step.room, user=step.person, **thread, **payload)
        except PlatformBusy:
            raise
        except PlatformError as error:
            log.info("an answer goes another way than through the room: %s", error)
            if step.respond:
                await self._api.respond(step.respond, {**ALONE, **payload})
            else:
                await self._api.call("chat.postMessage", channel=step.person, **SILENT, **payload)
