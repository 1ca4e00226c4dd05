"""Receives verified deliveries: who may speak here, one answer in time, and late work that goes on behind it."""

import asyncio
import logging
from collections.abc import Mapping
from itertools import count
from typing import Any

from bot.platforms.contract import Inbox, Kit
from bot.platforms.feishu.answers import Answers
from bot.platforms.feishu.envelope import AGAIN, TAKEN, Envelope, Reply, part, text
from bot.platforms.feishu.inbound import CLICK, Translator, Unsealed
from bot.settings import Feishu
from cards.words import Words
from engine.errors import PlatformBusy, PlatformError, StoreError
from handlers.inbound import Answer, ButtonPressed, FormSent, Inbound

log = logging.getLogger("tocsin.feishu")

DEADLINE = 2.5
"""Seconds after which a delivery is answered, done or not; Feishu waits 3 and then tells the person it failed."""


class Reception:
    """Takes each delivery to the inbox. What is not answered in time goes on, and is answered in the thread."""

    def __init__(self, settings: Feishu, kit: Kit, translator: Translator, answers: Answers) -> None:
        self._settings = settings
        self._kit = kit
        self._translator = translator
        self._answers = answers
        self._numbers = count(1)
        self._strangers: set[str] = set()
        self.inbox: Inbox | None = None

    async def take(self, envelope: Envelope) -> Reply:
        """Answer a delivery within 2.5 s. Whatever is none of our business is taken as well, or it would come again."""
        if self.inbox is None:
            return AGAIN
        if not envelope.id or not self._welcome(envelope):
            return TAKEN
        ready: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        work = _Work(self, envelope, self.inbox, ready)
        self._kit.crew.start(f"feishu delivery {next(self._numbers)}", work.do, work.failed)
        await asyncio.wait({ready}, timeout=DEADLINE)
        if ready.done():
            return ready.result()
        ready.cancel()  # whoever worked on it sees that nobody waits any more
        return Reply(body=self._answers.word("feishu.still_working")) if envelope.kind == CLICK else AGAIN

    async def work(self, envelope: Envelope, inbox: Inbox, ready: "asyncio.Future[Reply]") -> None:
        """Translate, hand in, answer; then do what the answer asks for besides."""
        try:
            event = await self._translator.event(envelope)
        except Unsealed:
            _set(ready, Reply(body=self._answers.word("feishu.error.stale_button", "refused")))
            return
        except PlatformError as error:
            log.warning("a delivery of Feishu (%s) could not be read: %s", envelope.kind, Words("en").say(error.phrase))
            _set(ready, AGAIN if isinstance(error, PlatformBusy) else TAKEN)
            return
        if event is None:
            _set(ready, TAKEN)
            return
        try:
            answer = await inbox.receive(event)
        except StoreError as error:
            _set(
                ready,
                Reply(body=self._answers.at_once(event, Answer(tone="refused", phrase=error.phrase)))
                if envelope.kind == CLICK
                else AGAIN,
            )
            return
        await self._tell(envelope, event, answer, ready)

    def broke(self, envelope: Envelope, ready: "asyncio.Future[Reply]") -> None:
        """Answer a delivery whose work broke off."""
        click = Reply(body=self._answers.word("feishu.broke", "refused"))
        _set(ready, click if envelope.kind == CLICK else AGAIN)

    async def _tell(self, envelope: Envelope, event: Inbound, answer: Answer, ready: "asyncio.Future[Reply]") -> None:
        """A click is answered on the spot, as far as that goes; the rest, and all else, in the thread."""
        clicked = isinstance(event, ButtonPressed | FormSent)
        in_time = _set(ready, Reply(body=self._answers.at_once(event, answer)) if clicked else TAKEN)
        try:
            await self._answers.in_thread(envelope, event, answer, spoken=clicked and in_time)
        except PlatformError as error:
            log.warning("an answer could not be given in Feishu: %s", Words("en").say(error.phrase))

    def _welcome(self, envelope: Envelope) -> bool:
        if envelope.app and envelope.app != self._settings.app_id:
            log.warning("a delivery was for another app; it is left")
            return False
        tenants = {tenant for tenant in (envelope.tenant, *_tenants(envelope.event)) if tenant}
        if not self._settings.tenants or (tenants and tenants <= self._settings.tenants):
            return True
        for tenant in tenants - self._settings.tenants - self._strangers:
            log.warning("tenant %s is not in TOCSIN_FEISHU__TENANTS; what it sends is left", tenant[:40])
            if len(self._strangers) < 1_000:
                self._strangers.add(tenant)
        return False


class _Work:
    """One delivery being worked on, as the crew wants it."""

    def __init__(self, reception: Reception, envelope: Envelope, inbox: Inbox, ready: "asyncio.Future[Reply]") -> None:
        self._reception = reception
        self._envelope = envelope
        self._inbox = inbox
        self._ready = ready

    async def do(self) -> None:
        await self._reception.work(self._envelope, self._inbox, self._ready)

    async def failed(self, name: str, error: Exception) -> None:
        """What broke is delivered again; a person who clicked can press again."""
        self._reception.broke(self._envelope, self._ready)


def _set(ready: "asyncio.Future[Reply]", reply: Reply) -> bool:
    """Give the answer; whether somebody still waited for it."""
    if ready.done():
        return False
    ready.set_result(reply)
    return True


def _tenants(event: Mapping[str, Any]) -> tuple[str, ...]:
    """The tenants of the people in an event: somebody from outside may be in a shared chat."""
    return text(event, "sender", "tenant_key"), text(event, "operator", "tenant_key"), text(part(event), "tenant_key")
