"""Checks that an incident goes on in a thread whose first message somebody deleted in Slack."""

import asyncio

from bot.crew import Crew
from bot.outbox import Outbox
from bot.platforms.slack.platform import SlackPlatform
from cards.model import Card
from tests.bot.platforms.slack.conftest import Lent
from tests.contracts.platform import ROOM, card
from tests.fakes.clock import FakeClock, settle
from tests.fakes.slack_server import SlackServer
from tests.fakes.store import FakePosts


async def test_what_follows_a_deleted_header_stands_under_a_new_one(
    platform: SlackPlatform, slack: SlackServer, lent: Lent
) -> None:
    async def draw(incident: str, slot: str, room: str) -> Card | None:
        return card(slot)

    posts = FakePosts()

    async def until_all_is_shown() -> None:
        async with asyncio.timeout(20):
            while await posts.rooms_due():
                await settle()

    async with Crew() as crew:
        outbox = Outbox(posts, {"slack": platform}, draw, crew, FakeClock(auto=True))
        await outbox.want(f"slack:{ROOM}", "inc_1", ("header", "evidence"))
        await until_all_is_shown()
        first, _ = slack.shown(ROOM)
        lent.threads[ROOM, first.ts] = "inc_1"
        first.deleted = True
        await outbox.want(f"slack:{ROOM}", "inc_1", ("diagnosis",))
        await until_all_is_shown()
        *_, header, diagnosis = slack.shown(ROOM)
        assert (header.title, header.thread_ts, diagnosis.title, diagnosis.thread_ts) == (
            "header",
            "",
            "diagnosis",
            header.ts,
        )
        assert (outbox.refused, outbox.failing) == ({}, {})
