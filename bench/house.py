"""Starts the process as `tocsin run` does, with one chat platform more: the one of bench/platform.py over HTTP.

`python -m bench.house PLATFORM`, where PLATFORM is its address; everything else comes from TOCSIN_* variables.
"""

import asyncio
import sys

import uvloop
from aiohttp import ClientSession

from bot.platforms.contract import Inbox, Pace
from bot.run import run
from bot.settings import load
from bot.wiring import real_parts
from cards.codec import encode
from cards.model import Card


class HttpPlatform:
    """A chat platform that takes cards over HTTP and never says anything."""

    def __init__(self, url: str, session: ClientSession) -> None:
        self._url = url
        self._session = session

    @property
    def name(self) -> str:
        return "bench"

    @property
    def pace(self) -> Pace:
        return Pace(per_second=1_000.0)

    async def post(self, room: str, thread: str, card: Card, key: str) -> str:
        """POST /cards."""
        body = {"room": room, "thread": thread, "key": key, "card": encode(card)}
        async with self._session.post(f"{self._url}/cards", json=body) as answer:
            return str((await answer.json())["message"])

    async def edit(self, room: str, message: str, card: Card) -> str:
        """POST /cards/{message}."""
        async with self._session.post(f"{self._url}/cards/{message}", json={"card": encode(card)}) as answer:
            answer.raise_for_status()
        return message

    async def run(self, inbox: Inbox) -> None:
        """Nothing comes in here."""
        await asyncio.Event().wait()


async def main(url: str) -> None:
    """Until SIGTERM."""
    async with ClientSession() as session:
        await run(load(None), real_parts(platforms=(HttpPlatform(url, session),)))


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(sys.argv[1]))
