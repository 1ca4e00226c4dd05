"""Asks the chat platforms that are set up what an administrator still has to do there, by the vendor's own names."""

from collections.abc import AsyncIterator, Collection, Sequence

from aiohttp import ClientSession, ClientTimeout

from bot.clock import SystemClock
from bot.settings import Settings
from engine.model import Phrase

TIMEOUT = 10.0
"""Seconds one answer of a platform may take."""


async def ask_platforms(
    settings: Settings, rooms: Sequence[str], groups: Sequence[str] = (), urgent: Collection[str] = ()
) -> AsyncIterator[tuple[str, tuple[Phrase, ...]]]:
    """(platform, what is wrong) for each that is set up; `rooms` are "platform:room", `groups` the user groups teams
    name as "platform:group:id", `urgent` the platforms by which they call urgently. The SDKs are imported only then.

    WeCom lets an AI bot have one connection, so asking would take it from the bot that runs: what is wrong there
    stands in the answer of `/readyz`, as degraded."""
    clock = SystemClock()
    async with ClientSession(timeout=ClientTimeout(total=TIMEOUT)) as session:
        if settings.slack.bot_token.get_secret_value():
            from bot.platforms.slack import examination as slack

            named = _of("slack:group", groups)
            yield "slack", await slack.examine(settings.slack, session, clock, _of("slack", rooms), named)
        if settings.feishu.app_id:
            from bot.platforms.feishu import examination as feishu

            about = _of("feishu", rooms), _of("feishu:group", groups)
            wrong = await feishu.examine(settings.feishu, session, clock, *about, urgent="feishu" in urgent)
            yield "feishu", wrong
        if settings.wecom.bot_id or settings.wecom.corp_id:
            from bot.platforms.wecom import examination as wecom

            yield "wecom", await wecom.examine(settings.wecom, session, clock)


def nowhere(settings: Settings, rooms: Sequence[str]) -> tuple[Phrase, ...]:
    """The rooms of teams on platforms that are not set up, or that do not exist: nobody would ever read there."""
    up = {
        "console": True,
        "terminal": True,
        "slack": bool(settings.slack.bot_token.get_secret_value()),
        "feishu": bool(settings.feishu.app_id),
        "wecom": bool(settings.wecom.bot_id or settings.wecom.corp_id),
    }
    lost = [room for room in dict.fromkeys(rooms) if not up.get(room.partition(":")[0])]
    return tuple(Phrase(word="cli.check_no_platform", values={"room": room[:80]}) for room in lost)


def _of(platform: str, rooms: Sequence[str]) -> tuple[str, ...]:
    named = (room.removeprefix(f"{platform}:") for room in rooms if room.startswith(f"{platform}:"))
    return tuple(dict.fromkeys(named))
