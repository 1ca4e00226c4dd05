"""Checks a bad hour: Slack is away with hundreds of updates waiting, and what people see afterwards is right, once."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from bot.outbox import Outbox
from bot.platforms.slack.platform import SlackPlatform
from bot.platforms.slack.tiers import LONGEST, PER_MINUTE, Tiers
from cards.model import Card, Prose
from engine.errors import PlatformBusy
from tests.bot.platforms.slack.conftest import ROOM, lending, settings
from tests.fakes.clock import START, FakeClock, FakeIds
from tests.fakes.slack_server import SlackServer
from tests.fakes.store import FakeStore
from tests.stories.stage import LoopClock

INCIDENTS, SLOTS, ROUNDS = 5, ("header", "evidence", "diagnosis", "plan", "recovery"), 20
SPEED = 40.0


class Swift(LoopClock):
    """Forty seconds in one."""

    def now(self) -> datetime:
        return START + (super().now() - START) * SPEED

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / SPEED)


async def test_five_hundred_updates_wait_out_a_minute(slack: SlackServer) -> None:
    clock, ids = Swift(), FakeIds()
    slack.workspace.now = lambda: clock.now().timestamp()
    store, round_of = FakeStore(clock, ids), Counter[tuple[str, str]]()

    async def draw(incident: str, slot: str, room: str) -> Card | None:
        text = f"{incident} {slot} {round_of[(incident, slot)]}"
        return Card(text, text, blocks=(Prose(text),), incident=incident)

    async with lending(clock) as lent:
        platform = SlackPlatform(settings(slack), lent.kit)
        outbox = Outbox(store.posts, {"slack": platform}, draw, lent.crew, clock)
        incidents = [f"inc_{number}" for number in range(INCIDENTS)]
        for incident in incidents:
            await outbox.want(f"slack:{ROOM}", incident, SLOTS)
        await outbox.settle(600)
        assert len(slack.shown(ROOM)) == INCIDENTS * len(SLOTS)

        slack.workspace.calls.clear()
        slack.away = True
        for _ in range(ROUNDS):
            for incident in incidents:
                for slot in SLOTS:
                    round_of[(incident, slot)] += 1
                    await outbox.want(f"slack:{ROOM}", incident, (slot,))
            await clock.sleep(60.0 / ROUNDS)
        assert slack.workspace.calls == []
        slack.away = False
        await outbox.settle(600)

    shown = [message.title for message in slack.shown(ROOM)]
    assert Counter(shown) == Counter(f"{incident} {slot} {ROUNDS}" for incident in incidents for slot in SLOTS)
    calls = Counter(method for method, _ in slack.workspace.calls)
    assert calls == {"chat.update": INCIDENTS * len(SLOTS)}, "500 wishes became one edit per card"
    assert slack.workspace.limited == 0
    roots = {message.ts for message in slack.shown(ROOM) if not message.thread_ts}
    assert len(roots) == INCIDENTS


async def test_no_minute_sees_more_than_the_tier() -> None:
    clock = FakeClock(auto=True)
    tiers, turns = Tiers(clock), []
    for _ in range(300):
        await tiers.turn("chat.update")
        turns.append(clock.now())
    for first, last in zip(turns, turns[PER_MINUTE["chat.update"] :], strict=False):
        assert last - first >= timedelta(seconds=60)
    assert max(later - sooner for sooner, later in pairwise(turns)) <= timedelta(seconds=LONGEST)
    await tiers.turn("chat.postMessage")


async def test_whoever_would_queue_too_long_is_told_to_come_back() -> None:
    tiers = Tiers(FakeClock())
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(tiers.turn("chat.update")) for _ in range(15)]
        await asyncio.sleep(0)
        with pytest.raises(PlatformBusy) as busy:
            await tiers.turn("chat.update")
        assert busy.value.retry_after > LONGEST
        for task in waiting:
            task.cancel()
