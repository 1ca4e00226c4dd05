"""Keeps the browser room: cards and what people say go into the room's log, and whoever looks is woken."""

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from bot.platforms.contract import Deed, Inbox, Pace
from cards.codec import decode, encode
from cards.model import Card
from cards.words import folder_of
from engine.errors import PlatformBusy, PlatformError, StoreError, UnknownName
from engine.masking import mask
from engine.model import Phrase
from engine.ports import Clock
from engine.team import Account
from handlers.inbound import ButtonPressed, MessageSaid, Place
from store.rooms import Message, RoomLog, Sessions

NAME = "console"
AUTHOR = "tocsin"
MOST_LISTENERS = 256
STORE_RETRY = 5.0
LINK_LASTS = timedelta(minutes=15)
TOKEN_BYTES = 32
THREADS_SEARCHED = 500

Redraw = Callable[[str, str, str], Awaitable[Card | None]]
"""(incident, slot, language) → the card as it stands now; None where there is nothing to show."""


class ConsolePlatform:
    """The browser room as a chat platform. A message reference is the id of the message in the room's log."""

    def __init__(self, room_log: RoomLog, sessions: Sessions, clock: Clock, redraw: Redraw) -> None:
        self.log = room_log
        self.sessions = sessions
        self._clock = clock
        self._redraw = redraw
        self._bells: dict[str, set[asyncio.Event]] = {}
        self._inbox: Inbox | None = None
        self.closing = False

    @property
    def name(self) -> str:
        return NAME

    @property
    def pace(self) -> Pace:
        return Pace(per_second=1000.0)

    @property
    def inbox(self) -> Inbox | None:
        """Where what people do is handed in; None until `run` was called."""
        return self._inbox

    async def post(self, room: str, thread: str, card: Card, key: str) -> str:
        """Keep a card; the first one under a key stands. PlatformError for a thread that is none of this room."""
        slot = key.removeprefix(f"{card.incident}/") if card.incident else ""
        body = {"card": encode(card), "incident": card.incident, "slot": slot}
        return str((await self._keep(room, thread, key, AUTHOR, body)).id)

    async def edit(self, room: str, message: str, card: Card) -> str:
        """Replace a card in place."""
        known = await self._known(room, message)
        try:
            await self.log.edit(known.id, known.body | {"card": encode(card)})
        except StoreError as error:
            raise PlatformBusy(error.phrase, STORE_RETRY) from error
        self.wake(room)
        return message

    async def say(self, room: str, thread: str, account: Account, text: str, key: str) -> Message:
        """Keep what a person said, under a key that makes a repeated sending one message."""
        return await self._keep(room, thread, key, account.id, {"text": mask(text), "name": account.name})

    async def run(self, inbox: Inbox) -> None:
        """Keep the inbox and wait; the pages hand in what people do."""
        self._inbox = inbox
        await asyncio.Event().wait()

    async def rehearse(self, deed: Deed, inbox: Inbox) -> None:
        """Hand in what the pages would: they sign people in, and nobody signs in as a tester."""
        account = Account(platform=NAME, id=deed.person)
        at = Place(NAME, deed.room)
        if deed.action:
            await inbox.receive(ButtonPressed(deed.id, at, account, deed.action, dict(deed.value)))
        else:
            await inbox.receive(MessageSaid(deed.id, at, account, deed.text, mentions_bot=True))

    async def card(self, message: Message, language: str) -> Card:
        """The card of a message in the viewer's language, as it stands now; the stored one where it cannot be drawn."""
        stored = decode(message.body["card"])
        incident, slot = str(message.body.get("incident", "")), str(message.body.get("slot", ""))
        if not incident or not slot or folder_of(stored.language) == folder_of(language):
            return stored
        try:
            return await self._redraw(incident, slot, language) or stored
        except UnknownName:
            return stored

    async def thread_of(self, room: str, incident: str) -> Message | None:
        """The first message of an incident's thread in this room, among the newest 500 threads."""
        threads = await self.log.threads(room, THREADS_SEARCHED)
        return next((root for root in threads if root.body.get("incident") == incident), None)

    @contextmanager
    def listening(self, room: str) -> Iterator[asyncio.Event]:
        """A bell that rings whenever something changes in this room. PlatformBusy when too many listen already."""
        if sum(map(len, self._bells.values())) >= MOST_LISTENERS:
            raise PlatformBusy(Phrase(word="web.too_many_listeners"), STORE_RETRY)
        bell = asyncio.Event()
        self._bells.setdefault(room, set()).add(bell)
        try:
            yield bell
        finally:
            self._bells[room].discard(bell)
            if not self._bells[room]:
                del self._bells[room]

    def wake(self, room: str) -> None:
        """Ring the bells of everybody who looks at this room."""
        for bell in self._bells.get(room, ()):
            bell.set()

    def close(self) -> None:
        """Let everybody who listens go."""
        self.closing = True
        for room in tuple(self._bells):
            self.wake(room)

    async def _keep(self, room: str, thread: str, key: str, author: str, body: dict[str, Any]) -> Message:
        try:
            message = await self.log.post(room, _number(room, thread), key, author, body, self._clock.now())
        except UnknownName as error:
            raise PlatformError(error.phrase) from error
        except StoreError as error:
            raise PlatformBusy(error.phrase, STORE_RETRY) from error
        self.wake(room)
        return message

    async def _known(self, room: str, message: str) -> Message:
        known = await self.log.message(_number(room, message))
        if known is None or known.room != room:
            raise PlatformError(Phrase(word="error.no_message", values={"message": message[:40]}))
        return known


def _number(room: str, reference: str) -> int:
    """The id behind a reference, 0 for none. PlatformError for one this platform never gave."""
    if not reference:
        return 0
    if not reference.isascii() or not reference.isdigit() or len(reference) > 15:
        raise PlatformError(Phrase(word="error.no_thread", values={"thread": reference[:40], "room": room}))
    return int(reference)


def newest(messages: Sequence[Message], floor: int = 0) -> int:
    """The highest revision among these messages, at least `floor`."""
    return max((message.revision for message in messages), default=floor) if messages else floor


def digest(token: str) -> str:
    """How a token is known in the store."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


async def issue_link(sessions: Sessions, person_id: str, public_url: str, clock: Clock) -> str:
    """A link that signs this person in to the browser room, once, within 15 minutes."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    account = Account(platform=NAME, id=person_id)
    await sessions.issue(digest(token), account.model_dump_json(), clock.now() + LINK_LASTS, one_time=True)
    return f"{public_url.rstrip('/')}/sign-in?{urlencode({'token': token})}"
