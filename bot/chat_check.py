"""Asks the chat platforms that are set up what an administrator still has to do there, by the vendor's own names."""

from collections.abc import AsyncIterator, Sequence

from aiohttp import ClientSession, ClientTimeout

from bot.clock import SystemClock
from bot.settings import Settings
from engine.model import Phrase

TIMEOUT = 10.0
"""Seconds one answer of a platform may take."""


async def ask_platforms(settings: Settings, rooms: Sequence[str]) -> AsyncIterator[tuple[str, tuple[Phrase, ...]]]:
    """(platform, what is wrong) for each that is set up; `rooms` are "platform:room". The SDKs are imported only then.

    WeCom lets a bot have one connection, so asking would take it from the bot that runs: what is wrong there stands in
    the answer of `/readyz`, as degraded."""
    clock = SystemClock()
    async with ClientSession(timeout=ClientTimeout(total=TIMEOUT)) as session:
        if settings.slack.bot_token.get_secret_value():
            from bot.platforms.slack import examination as slack

            yield "slack", await slack.examine(settings.slack, session, clock, _of("slack", rooms))
        if settings.feishu.app_id:
            from bot.platforms.feishu import examination as feishu

            yield "feishu", await feishu.examine(settings.feishu, session, clock, _of("feishu", rooms))


def _of(platform: str, rooms: Sequence[str]) -> tuple[str, ...]:
    named = (room.partition(":") for room in rooms)
    return tuple(dict.fromkeys(name for owner, _, name in named if owner == platform))
