"""Remembers which of our messages stand where, and asks Slack where it cannot know: after a restart, or a lost answer.

Slack recognises no repetition by itself. Each message of ours therefore carries its key as metadata. What this process
posted it knows; a room or thread it has not read yet, or in which an answer got lost, is read once before the next
message goes there. So a message costs one call, and the first one into a room after a restart two.
"""

import logging
import re
from collections import OrderedDict
from typing import TypeVar

from bot.platforms.slack.api import Api
from bot.platforms.slack.payload import Json, part, parts, text
from bot.platforms.slack.refusals import Refused
from engine.errors import PlatformError
from engine.model import Phrase

log = logging.getLogger("tocsin.slack")

EVENT = "tocsin_card"
"""The type of our metadata."""
MOST = 5_000
"""Messages, and places, that are remembered."""
PAGE = 200
PAGES = 3
"""How far back a room is read for a message whose answer got lost: 600 messages."""
UNREADABLE = ("missing_scope", "not_in_channel")
"""Where the bot may post and not read: a scope is missing, or nobody invited it to a public channel."""
TS = re.compile(r"[0-9]{1,12}\.[0-9]{1,6}")

K = TypeVar("K")
V = TypeVar("V")

Place = tuple[str, str]
"""Room and thread ("" for the room itself); or room and message, or thread and key."""


class Recall:
    """Message by room, thread and key."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: OrderedDict[tuple[str, str, str], str] = OrderedDict()
        self._sure: OrderedDict[Place, None] = OrderedDict()
        self._places: OrderedDict[Place, Place] = OrderedDict()

    async def find(self, room: str, thread: str, key: str) -> str:
        """The message that stands there under this key; "" for none. PlatformError for a thread that is none."""
        if (room, thread) not in self._sure:
            await self._read(room, thread)
            _remember(self._sure, (room, thread), None)
        return self._known.get((room, thread, key), "")

    def keep(self, room: str, thread: str, key: str, message: str) -> None:
        """This message was posted by us just now. A thread that begins with it is ours from its first word."""
        self._know(room, thread, key, message)
        if not thread:
            _remember(self._sure, (room, message), None)

    def doubt(self, room: str, thread: str) -> None:
        """Something may stand there that we know nothing of."""
        self._sure.pop((room, thread), None)

    def stood(self, room: str, message: str) -> tuple[str, str] | None:
        """Thread and key of a message of ours that is gone, and which is forgotten thereby; None for an unknown one."""
        place = self._places.pop((room, message), None)
        if place is not None:
            self._known.pop((room, *place), None)
        return place

    def _know(self, room: str, thread: str, key: str, message: str) -> None:
        _remember(self._known, (room, thread, key), message)
        _remember(self._places, (room, message), (thread, key))

    async def _read(self, room: str, thread: str) -> None:
        try:
            if thread:
                await self._read_thread(room, thread)
            else:
                await self._pages("conversations.history", room, "", channel=room)
        except Refused as refused:
            if refused.code not in UNREADABLE:
                raise
            # Better a message twice than none at all.
            log.warning("repeated messages in %s cannot be recognised: %s", room, refused)

    async def _read_thread(self, room: str, thread: str) -> None:
        if not TS.fullmatch(thread):
            raise no_thread(room, thread)
        try:
            first = await self._pages("conversations.replies", room, thread, channel=room, ts=thread)
        except Refused as refused:
            if refused.code in ("thread_not_found", "message_not_found"):
                raise no_thread(room, thread) from None
            raise
        if text(first, "ts") != thread or text(first, "thread_ts") not in ("", thread):
            raise no_thread(room, thread)

    async def _pages(self, method: str, room: str, thread: str, **where: str) -> Json:
        """Take in what Slack tells, page by page; the first message of the first page."""
        bot = text(await self._api.itself(), "user_id")
        first: Json | None = None
        cursor = ""
        for _ in range(PAGES):
            asked = {**where, "limit": PAGE, "include_all_metadata": True} | ({"cursor": cursor} if cursor else {})
            answer = await self._api.ask(method, **asked)
            found = parts(answer, "messages")
            first = first if first is not None else next(iter(found), {})
            # Others may write the same metadata, but not in our name.
            for message in (message for message in found if text(message, "user") == bot):
                about = part(message, "metadata")
                if text(about, "event_type") == EVENT and (key := text(about, "event_payload", "key")):
                    self._know(room, thread, key, text(message, "ts"))
            cursor = text(answer, "response_metadata", "next_cursor")
            if not cursor:
                break
        return first or {}


def no_thread(room: str, thread: str) -> PlatformError:
    """The error for a reference that begins no thread of this room."""
    return PlatformError(Phrase(word="error.no_thread", values={"thread": thread[:40], "room": room}))


def _remember(table: OrderedDict[K, V], key: K, value: V) -> None:
    table[key] = value
    table.move_to_end(key)
    if len(table) > MOST:
        table.popitem(last=False)
