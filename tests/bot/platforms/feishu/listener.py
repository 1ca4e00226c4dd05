"""Runs the Feishu platform in a process of its own and measures how long its loop is held up, phase by phase.

`python -m tests.bot.platforms.feishu.listener DOMAIN`: connects, posts, is told over standard input which phase begins,
and prints one JSON object per phase.
"""

import asyncio
import json
import sys
import time
from typing import Any

from aiohttp import ClientSession, web

from bot.clock import SystemClock
from bot.crew import Crew
from bot.platforms.contract import Kit
from bot.platforms.feishu.platform import FeishuPlatform
from bot.platforms.seal import Seal
from bot.settings import Feishu
from cards.model import Card, Prose
from engine.errors import PlatformError
from tests.bot.platforms.feishu.stand import NoTeams
from tests.fakes.feishu_rest import APP_ID, APP_SECRET
from tests.fakes.platforms import FakeInbox

BEAT = 0.001
CHAT = "oc_trade"


class Pulse:
    """Wakes a thousand times a second and keeps the longest it came late."""

    def __init__(self) -> None:
        self.worst = 0.0

    async def beat(self) -> None:
        """For ever."""
        while True:
            before = time.perf_counter()
            await asyncio.sleep(BEAT)
            self.worst = max(self.worst, time.perf_counter() - before - BEAT)

    def taken(self) -> float:
        """Milliseconds of the worst since this was asked last."""
        worst, self.worst = self.worst, 0.0
        return round(worst * 1000, 2)


async def main(domain: str) -> None:
    async def nothing(*_: str) -> Any:
        return ""

    async def no_card(*_: str) -> Card | None:
        return None

    pulse = Pulse()
    async with ClientSession() as session, Crew() as crew, asyncio.TaskGroup() as group:
        beating = group.create_task(pulse.beat())
        settings = Feishu.model_validate({"app_id": APP_ID, "app_secret": APP_SECRET, "domain": domain})
        seal = Seal(b"k" * 32)
        kit = Kit(
            session, SystemClock(), crew, NoTeams(), seal, web.Application(), nothing, no_card, "http://127.0.0.1"
        )
        platform = FeishuPlatform(settings, kit)
        await asyncio.sleep(1.0)
        _print("idle", pulse)
        running = group.create_task(platform.run(FakeInbox()))
        commands = await _commands()
        while name := (await commands.readline()).decode().strip():
            if name == "tokens":
                await _post_through(platform)
            _print(name, pulse)
        running.cancel()
        beating.cancel()


async def _post_through(platform: FeishuPlatform) -> None:
    """Cards out while the token is renewed, slowly, again and again."""
    for number in range(8):
        card = Card(title=f"{number}", summary="x", blocks=(Prose("x"),))
        try:
            await platform.post(CHAT, "", card, f"announced/{number}")
        except PlatformError as error:
            print(error, file=sys.stderr)
        await asyncio.sleep(0.3)


async def _commands() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


def _print(name: str, pulse: Pulse) -> None:
    print(json.dumps({"phase": name, "worst_ms": pulse.taken()}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
