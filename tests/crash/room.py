"""Is the chat platform, as a process of its own: rooms whose posts are recognised by key, counting every call.

Started as `python -m tests.crash.room`; prints its address. `PlatformOverHttp` is the bot's side of it.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientError, ClientSession, web

from bot.platforms.contract import Inbox, Pace
from cards.codec import encode
from cards.model import Card
from engine.errors import PlatformError
from engine.model import Phrase
from tests.crash.target import serve

NAME = "room"


@dataclass
class Room:
    """One room: messages in order, the keys they were posted under, and how often each was posted and edited."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    posts: Counter[str] = field(default_factory=Counter)
    edits: Counter[str] = field(default_factory=Counter)

    def post(self, thread: str, key: str, card: dict[str, Any]) -> str:
        """A message's reference; the first post of a key makes it, later ones find it."""
        self.posts[key] += 1
        known = next((message for message in self.messages if message["key"] == key), None)
        if known is None:
            known = {"id": f"m{len(self.messages) + 1}", "key": key, "thread": thread, "card": card}
            self.messages.append(known)
        return known["id"]

    def edit(self, reference: str, card: dict[str, Any]) -> None:
        """Replace a card; web.HTTPNotFound where there is no such message."""
        known = next((message for message in self.messages if message["id"] == reference), None)
        if known is None:
            raise web.HTTPNotFound
        self.edits[known["key"]] += 1
        known["card"] = card


class Rooms:
    """All rooms of this process, by name."""

    def __init__(self) -> None:
        self._rooms: dict[str, Room] = {}

    def application(self) -> web.Application:
        app = web.Application(client_max_size=8 * 1024 * 1024)
        app.router.add_get("/{room}", self._read)
        app.router.add_post("/{room}", self._post)
        app.router.add_put("/{room}/{message}", self._edit)
        return app

    def _room(self, request: web.Request) -> Room:
        return self._rooms.setdefault(request.match_info["room"], Room())

    async def _read(self, request: web.Request) -> web.Response:
        room = self._room(request)
        return web.json_response({"messages": room.messages, "posts": room.posts, "edits": room.edits})

    async def _post(self, request: web.Request) -> web.Response:
        body = await request.json()
        return web.json_response({"id": self._room(request).post(body["thread"], body["key"], body["card"])})

    async def _edit(self, request: web.Request) -> web.Response:
        self._room(request).edit(request.match_info["message"], (await request.json())["card"])
        return web.json_response({})


class PlatformOverHttp:
    """A Platform of the contract over such a process."""

    def __init__(self, address: str, session: ClientSession) -> None:
        self._address = address
        self._session = session

    @property
    def name(self) -> str:
        return NAME

    @property
    def pace(self) -> Pace:
        return Pace(per_second=2_000.0)

    async def post(self, room: str, thread: str, card: Card, key: str) -> str:
        answer = await self._call("POST", room, {"thread": thread, "key": key, "card": encode(card)})
        return str(answer["id"])

    async def edit(self, room: str, message: str, card: Card) -> str:
        await self._call("PUT", f"{room}/{message}", {"card": encode(card)})
        return message

    async def run(self, inbox: Inbox) -> None:
        """Nothing comes in over this platform: the operator of the test walks through the front door itself."""
        await asyncio.Event().wait()

    async def _call(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            async with self._session.request(method, f"{self._address}/{path}", json=body) as answer:
                answer.raise_for_status()
                heard: dict[str, Any] = await answer.json()
        except ClientError as error:
            raise PlatformError(Phrase(word="error.platform", values={"reason": type(error).__name__})) from error
        return heard


if __name__ == "__main__":
    asyncio.run(serve(Rooms().application()))
