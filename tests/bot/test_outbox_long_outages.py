"""Checks that an hour without a platform and ten minutes of "too many requests" leave a thread as if nothing was."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from bot.outbox import Outbox
from cards.model import Card
from engine.errors import PlatformBusy
from engine.model import Phrase
from tests.bot.test_outbox_outages import BOTH, ROOM, SLOTS, World, at_work
from tests.fakes.platforms import FakePlatform

HOUR, STORM = 3600, 600
INCIDENTS = ("inc_1", "inc_2")


async def begun(world: World, outbox: Outbox) -> None:
    """Two incidents that show their first two parts."""
    for incident in INCIDENTS:
        for slot in SLOTS[:2]:
            await world.change_everywhere(outbox, world.rooms, incident, slot)
    await world.clock.advance(30.0)


async def goes_on(world: World, outbox: Outbox, seconds: int, every: int) -> None:
    """For so long every part of both changes again and again, and new parts come."""
    for step in range(seconds // every):
        for incident in INCIDENTS:
            for slot in SLOTS[: 3 + min(2, step)]:
                await world.change_everywhere(outbox, world.rooms, incident, slot)
        await world.clock.advance(every)


def whole(world: World, platform: FakePlatform) -> None:
    """Newest state, each part once, each thread in order and below its own header."""
    assert world.shown(platform) == world.newest()
    assert world.doubles() == []
    for incident in INCIDENTS:
        mine = [message for message in platform.messages if message.key.startswith(f"{incident}/")]
        assert [message.key for message in mine] == [f"{incident}/{slot}" for slot in SLOTS]
        assert {message.thread for message in mine[1:]} == {mine[0].id}
    assert platform.over == 0


async def test_an_hour_without_the_platform_in_the_middle_of_two_incidents() -> None:
    world = World(rooms=(ROOM,))
    async with at_work(world) as outbox:
        await begun(world, outbox)
        before = world.slack.posts + world.slack.edits
        world.slack.away = True
        await goes_on(world, outbox, HOUR, every=300)
        asked = world.slack.posts + world.slack.edits - before
        assert 1 < asked <= HOUR / 5 + 1, "it is tried when it was told to, and no oftener"

        world.slack.away, world.slack.lose = False, 2
        calls = len(world.slack.calls)
        await world.clock.advance(60.0)
        whole(world, world.slack)
        assert len(world.slack.calls) - calls <= len(INCIDENTS) * len(SLOTS) + 2 * 2, "an hour became one call a part"
        assert (outbox.failing, await world.posts.rooms_due()) == ({}, ())


async def test_while_one_platform_is_away_for_an_hour_the_other_keeps_up() -> None:
    world = World(rooms=BOTH)
    async with at_work(world) as outbox:
        await begun(world, outbox)
        world.slack.away = True
        await goes_on(world, outbox, HOUR, every=300)
        notes = [message.key for message in world.feishu.messages if "/stand_in:" in message.key]
        assert notes == [f"{incident}/stand_in:{ROOM}" for incident in INCIDENTS], "said once, however long it lasts"
        assert world.newest().items() <= world.shown(world.feishu).items()
        world.slack.away = False
        await world.clock.advance(60.0)
        whole(world, world.slack)
        assert world.feishu.over == 0


@dataclass
class Storm:
    """Until when a platform takes nothing and what it says to wait; when it was called meanwhile."""

    until: datetime
    wait: float
    hits: list[datetime] = field(default_factory=list)


class Stormy(FakePlatform):
    """A platform that answers 429 with Retry-After for as long as its storm lasts."""

    storm: Storm | None = None

    async def post(self, room: str, thread: str, card: Card, key: str) -> str:
        self._weather()
        return await super().post(room, thread, card, key)

    async def edit(self, room: str, message: str, card: Card) -> str:
        self._weather()
        return await super().edit(room, message, card)

    def _weather(self) -> None:
        if self.storm is None or self._clock is None or self._clock.now() >= self.storm.until:
            return
        self.storm.hits.append(self._clock.now())
        words = Phrase(word="error.plain", values={"text": "too many requests"})
        raise PlatformBusy(words, retry_after=self.storm.wait)


@pytest.mark.parametrize("wait", [1.0, 30.0, 240.0])
async def test_ten_minutes_of_too_many_requests(wait: float) -> None:
    world = World(rooms=(ROOM,))
    world.platforms["slack"] = world.slack = stormy = Stormy("slack", clock=world.clock, per_second=1.0)
    async with at_work(world) as outbox:
        await begun(world, outbox)
        stormy.storm = storm = Storm(world.clock.now() + timedelta(seconds=STORM), wait)
        await goes_on(world, outbox, STORM, every=30)
        assert STORM / wait - 2 <= len(storm.hits) <= STORM / wait + 1
        gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(storm.hits)]
        assert min(gaps) >= wait, "it comes back when it was told to, whatever is new meanwhile"

        calls = len(stormy.calls)
        await world.clock.advance(wait + 30.0)
        whole(world, stormy)
        assert len(stormy.calls) - calls <= len(INCIDENTS) * len(SLOTS)
        times = [at for at, _ in stormy.calls]
        assert all((later - earlier).total_seconds() >= 1.0 for earlier, later in pairwise(times)), "within its pace"
        assert (outbox.failing, await world.posts.rooms_due()) == ({}, ())
