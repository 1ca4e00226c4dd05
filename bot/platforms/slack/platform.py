"""Lets Tocsin live in Slack: cards into threads, edits in place, and what people do there back to the house."""

import asyncio
import logging
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from aiohttp import web

from bot.platforms.contract import Deed, Inbox, Kit, Pace
from bot.platforms.slack import groups
from bot.platforms.slack.answers import SILENT, Answers
from bot.platforms.slack.api import Api
from bot.platforms.slack.callback import PATH, Callback
from bot.platforms.slack.drawing import Easel
from bot.platforms.slack.inbound import NAME, Translator
from bot.platforms.slack.patience import Patience
from bot.platforms.slack.payload import Json, text
from bot.platforms.slack.people import People
from bot.platforms.slack.pictures import Pictures
from bot.platforms.slack.recall import EVENT, TS, Recall
from bot.platforms.slack.reception import Desk, Reception
from bot.platforms.slack.refusals import GONE, Refused, Unanswered
from bot.platforms.slack.rehearsal import delivery
from bot.settings import Slack
from cards.model import Card
from engine.errors import PlatformBusy, PlatformError, SettingsError
from engine.model import Phrase

log = logging.getLogger("tocsin.slack")

PER_SECOND = 0.9
"""Slack takes about one message per second into a channel, and answers people in it besides."""
PATIENCE = Patience()
RETRY = 30.0
"""Seconds until Slack is asked again who we are, where it does not let us in."""


class SlackPlatform:
    """Slack by Socket Mode, or by HTTP where only a signing secret is set. A message reference is its ts."""

    def __init__(self, settings: Slack, kit: Kit, patience: Patience = PATIENCE) -> None:
        self._settings = settings
        self._kit = kit
        self._patience = patience
        self._api = Api(settings, kit.session, kit.clock)
        self._recall = Recall(self._api)
        self._easel = Easel(kit, Pictures(self._api))
        self._translator = Translator(kit, People(self._api, kit.clock), self._easel)
        answers = Answers(self._api, self._easel, kit)
        self._reception = Reception(settings, kit, Desk(self._translator, answers, self._easel, self._api))
        self._callback = _callback(settings, kit)
        self._line: Any = None

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

    @property
    def alive(self) -> bool:
        """Whether the connection by which Slack reaches us stands."""
        return bool(self._line is not None and self._line.alive) or self._callback is not None

    @property
    def trouble(self) -> str:
        """What keeps people's words from us, in a few words; "" where nothing does."""
        return "" if self.alive else "not connected; tokens and network are looked at in the log"

    async def post(self, room: str, thread: str, card: Card, key: str) -> str:
        """Post a card. One that stands there under this key, perhaps because an answer got lost, is edited instead."""
        if known := await self._recall.find(room, thread, key):
            return await self.edit(room, known, card)
        metadata = {"event_type": EVENT, "event_payload": {"key": key}}
        where = {"channel": room} | ({"thread_ts": thread} if thread else {})
        try:
            answer = await self._shown("chat.postMessage", card, **where, **SILENT, metadata=metadata)
        except (Unanswered, asyncio.CancelledError):
            self._recall.doubt(room, thread)
            raise
        message = text(answer, "ts")
        self._recall.keep(room, thread, key, message)
        return message

    async def edit(self, room: str, message: str, card: Card) -> str:
        """Replace a card in place."""
        if not TS.fullmatch(message):
            raise PlatformError(Phrase(word="error.no_message", values={"message": message[:40]}))
        try:
            await self._shown("chat.update", card, channel=room, ts=message)
        except Refused as refused:
            if refused.code not in GONE or not await self._kit.incident_at(room, message):
                raise
            return await self._again(room, message, card)
        return message

    async def members(self, group: str) -> frozenset[str]:
        """The people in a user group."""
        return await groups.members(self._api, group)

    async def run(self, inbox: Inbox) -> None:
        """Listen until cancelled."""
        self._reception.inbox = inbox
        app_module = await asyncio.to_thread(import_module, "bot.platforms.slack.app")
        itself = await self._who_am_i()
        self._translator.bot = text(itself, "user_id")
        bolt = app_module.bolt(await self._api.client(), self._reception.take, itself)
        if self._callback is not None:
            await self._by_http(bolt, self._callback)
        else:
            await self._by_socket(bolt)

    async def rehearse(self, deed: Deed, inbox: Inbox) -> None:
        """Read what Slack would send for this, and hand it in; the tester gets no answer, for nobody reads it."""
        workspace = text(await self._api.itself(), "team_id")
        arrival = await self._translator.read(delivery(deed, self._kit.seal, self._translator.bot, workspace))
        if arrival is None or not arrival.events:
            raise PlatformError(Phrase(word="slack.stale"))
        for event in arrival.events:
            await inbox.receive(event)

    async def _again(self, room: str, message: str, card: Card) -> str:
        """Post a card of ours that somebody deleted, or that may not be edited any more, once more in its thread: a
        decision may hang on it. One whose thread is not known any more stays so, and does not hold up the others."""
        place = self._recall.stood(room, message)
        if place is None:
            log.warning("a card in %s was deleted or is closed to edits, and stays so", room)
            return message
        return await self.post(room, place[0], card, place[1])

    async def _by_http(self, bolt: Any, callback: Callback) -> None:
        requests = import_module("slack_bolt.request.async_request")

        async def dispatch(body: str, headers: dict[str, str]) -> web.Response:
            answer = await bolt.async_dispatch(requests.AsyncBoltRequest(body=body, headers=headers))
            kind = answer.first_headers().get("content-type", "text/plain").partition(";")[0]
            return web.Response(status=answer.status, text=answer.body or "", content_type=kind)

        log.info("Slack is expected at %s%s", self._kit.public_url, PATH)
        callback.dispatch = dispatch
        try:
            await asyncio.Event().wait()
        finally:
            callback.dispatch = None

    async def _by_socket(self, bolt: Any) -> None:
        line_module = await asyncio.to_thread(import_module, "bot.platforms.slack.line")
        token = self._settings.app_token.get_secret_value()
        self._line = line_module.Line(bolt, self._api, token, self._kit.clock, self._patience)
        try:
            await self._line.hold()
        finally:
            self._line = None

    async def _who_am_i(self) -> Json:
        """What auth.test says of the bot; asked until Slack answers."""
        while True:
            try:
                return await self._api.itself()
            except PlatformBusy as busy:
                log.warning("Slack does not answer, trying again in %.0f s: %s", busy.retry_after, busy)
                await self._kit.clock.sleep(busy.retry_after)
            except PlatformError as error:
                log.warning("Slack does not let Tocsin in, trying again in %.0f s: %s", RETRY, error)
                await self._kit.clock.sleep(RETRY)

    async def _shown(self, method: str, card: Card, **where: Any) -> Json:
        """Send a card with its pictures; without them where Slack cannot show these (yet)."""
        payload = await self._easel.card(card)
        try:
            return await self._api.call(method, **where, **payload)
        except Refused as refused:
            bare = await self._easel.card(card, pictures=False)
            if refused.code not in ("invalid_blocks", "invalid_attachments") or bare == payload:
                raise
            log.warning("Slack does not show the pictures of a card, so it goes without: %s", refused)
            return await self._api.call(method, **where, **bare)


def _callback(settings: Slack, kit: Kit) -> Callback | None:
    """The HTTP door where Slack is to use it. SettingsError where Slack has no way in at all."""
    if find_spec("slack_bolt") is None:
        raise SettingsError(Phrase(word="slack.error.no_sdk"))
    if settings.app_token.get_secret_value():
        return None
    if not settings.signing_secret.get_secret_value():
        raise SettingsError(Phrase(word="slack.error.no_way_in"))
    callback = Callback(settings, kit.clock)
    kit.app.router.add_post(PATH, callback.handle)
    return callback
