"""Lets Tocsin live in Feishu (Lark): cards into threads, edits in place, and what people do there back to the house."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec

from bot.platforms.contract import Deed, Inbox, Kit, Pace
from bot.platforms.feishu import groups
from bot.platforms.feishu.answers import Answers
from bot.platforms.feishu.api import Api
from bot.platforms.feishu.chats import Chats, Sent
from bot.platforms.feishu.drawing import Easel
from bot.platforms.feishu.envelope import text
from bot.platforms.feishu.inbound import NAME, Translator, Unsealed
from bot.platforms.feishu.line import Line
from bot.platforms.feishu.reception import Reception
from bot.platforms.feishu.references import Reference, read, slot_of, uuid
from bot.platforms.feishu.refusals import GONE, OLD, Refused
from bot.platforms.feishu.rehearsal import delivery
from bot.settings import Feishu
from cards.model import Card
from engine.errors import PlatformError, SettingsError
from engine.model import Phrase

log = logging.getLogger("tocsin.feishu")

PER_SECOND = 4.0
"""Feishu takes 5 messages per second into a group, counted over all bots in it; one is left for answers."""
PATH = "/chat/feishu/events"
"""Where events and clicks come to without a long connection."""
EDITABLE = timedelta(days=13, hours=12)
"""Feishu edits a card for 14 days; one about to stop is posted again before a decision on it gets stuck."""


class FeishuPlatform:
    """Feishu by its long connection, or by callbacks where a verification token and an encrypt key are set."""

    def __init__(self, settings: Feishu, kit: Kit) -> None:
        self._settings = settings
        self._kit = kit
        api = Api(settings, kit.session, kit.clock)
        self._api = api
        self._chats = Chats(api)
        self._easel = Easel(kit)
        self._bot = ""
        self._bot_asked = asyncio.Lock()
        self._translator = translator = Translator(kit, self._chats, settings.app_id, self._who_am_i)
        answers = Answers(self._chats, self._easel, kit)
        self._reception = Reception(settings, kit, translator, answers)
        self._by_callback = _by_callback(settings)
        needs("cryptography" if self._by_callback else "lark_oapi")
        if self._by_callback:
            # Imported where it is used, so that the sentence above is what a person sees without it.
            callback = import_module("bot.platforms.feishu.callback").Callback(
                settings, self._reception.take, kit.clock
            )
            kit.app.router.add_post(PATH, callback.handle)

    @property
    def name(self) -> str:
        return NAME

    @property
    def pace(self) -> Pace:
        return Pace(per_second=PER_SECOND)

    @property
    def inbox(self) -> Inbox | None:
        """Where what people do is handed in; None until `run` was called."""
        return self._reception.inbox

    async def post(self, room: str, thread: str, card: Card, key: str) -> str:
        """Post a card in both languages; Feishu recognises a repetition of the same key for an hour."""
        slot = slot_of(key, card.incident)
        drawn = await self._easel.card(card, slot, room)
        if not thread:
            return str(Reference(await self._chats.send(room, drawn, uuid(room, key))))
        hangs_on = read(thread)
        if not hangs_on.first or (await self._chats.find(hangs_on.message)).room != room:
            raise PlatformError(Phrase(word="error.no_thread", values={"thread": thread[:40], "room": room}))
        message = await self._chats.reply(hangs_on.message, drawn, uuid(room, key))
        return str(Reference(message, slot=slot, first=False))

    async def edit(self, room: str, message: str, card: Card) -> str:
        """Replace a card in place. One that Feishu no longer edits, or will not much longer, is posted again in its
        thread, and the old one says so where it still can."""
        reference = read(message)
        shown = await self._chats.find(reference.message)
        if shown.room != room:
            raise PlatformError(Phrase(word="error.no_message", values={"message": message[:40]}))
        if self._kit.clock.now() - shown.at > EDITABLE:
            return await self._again(reference, shown, card)
        try:
            await self._chats.edit(reference.message, await self._easel.card(card, reference.slot, room))
        except Refused as refused:
            if refused.code in OLD | GONE:
                return await self._again(reference, shown, card)
            raise
        return message

    async def insist(self, room: str, message: str, accounts: Sequence[str]) -> frozenset[str]:
        """Mark a message as urgent, within Feishu alone: it costs nothing, and asks for attention until it was seen."""
        reference = read(message)
        if (await self._chats.find(reference.message)).room != room:
            raise PlatformError(Phrase(word="error.no_message", values={"message": message[:40]}))
        return await self._chats.insist(reference.message, accounts)

    async def members(self, group: str) -> frozenset[str]:
        """The people in a user group."""
        return await groups.members(self._api, group)

    async def run(self, inbox: Inbox) -> None:
        """Listen until cancelled."""
        self._reception.inbox = inbox
        if self._by_callback:
            log.info("Feishu is expected at %s%s", self._kit.public_url, PATH)
            await asyncio.Event().wait()
        else:
            await Line(self._settings, self._reception.take, self._kit.clock).hold()

    async def rehearse(self, deed: Deed, inbox: Inbox) -> None:
        """Read what Feishu would send for this, and hand it in; the tester gets no answer, for nobody reads it."""
        sent = delivery(deed, self._kit.seal, await self._who_am_i(), self._settings.app_id)
        try:
            event = await self._translator.event(sent)
        except Unsealed:
            event = None
        if event is None:
            raise PlatformError(Phrase(word="feishu.error.stale_button"))
        await inbox.receive(event)

    async def _again(self, reference: Reference, shown: Sent, card: Card) -> str:
        """Post a card anew; a repetition of this, after an answer that got lost, is the same message."""
        drawn = await self._easel.card(card, reference.slot, shown.room)
        key = uuid(shown.room, "again", reference.message)
        try:
            message = await self._chats.reply(shown.root or shown.id, drawn, key)
        except Refused as refused:
            if refused.code not in GONE:
                raise
            message = await self._chats.send(shown.room, drawn, key)
            return str(Reference(message, slot=reference.slot, first=reference.first))
        try:
            await self._chats.edit(shown.id, await self._easel.outdated(card, reference.slot, shown.room))
        except PlatformError as error:
            log.info("an outdated card in Feishu could not be marked: %s", error)
        return str(Reference(message, slot=reference.slot, first=reference.first, again=reference.first))

    async def _who_am_i(self) -> str:
        """The bot's own open id, by which its mentions are told from others; "" while Feishu does not say."""
        async with self._bot_asked:
            if not self._bot:
                try:
                    self._bot = text(await self._api.call("GET", "/open-apis/bot/v3/info"), "bot", "open_id")
                except PlatformError as error:
                    log.warning("Feishu does not say who its bot is: %s", error)
            return self._bot


def needs(package: str) -> None:
    """SettingsError where this package is not installed; nothing is imported."""
    if find_spec(package) is None:
        raise SettingsError(Phrase(word="feishu.error.no_package", values={"package": package}))


def _by_callback(settings: Feishu) -> bool:
    """Whether callbacks are meant. SettingsError where only half of what they need is set."""
    halves = bool(settings.verification_token.get_secret_value()), bool(settings.encrypt_key.get_secret_value())
    if any(halves) and not all(halves):
        raise SettingsError(Phrase(word="feishu.error.half_callback"))
    return all(halves)
