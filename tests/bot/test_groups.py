"""Checks when user groups are asked for, how long an answer counts, and that a change makes it count no more."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.crew import Crew
from bot.groups import FRESH, LASTS, LOOK_EVERY, Groups
from bot.platforms.contract import Grouped
from engine.errors import PlatformError
from engine.team import Team
from tests.fakes.clock import FakeClock, settle
from tests.fakes.platforms import FakePlatform
from tests.handlers.house import FakeTeams

GROUP = "slack:group:S1"
TEAM = Team(id="trade", name="Trade", approvers=(GROUP, "feishu:group:g1"))


class Directory(FakePlatform):
    """A platform with user groups; while `held` is set, answers wait for it."""

    def __init__(self) -> None:
        super().__init__("slack")
        self.groups: dict[str, set[str]] = {"S1": {"U1"}}
        self.asked = 0
        self.silent = False
        self.held: asyncio.Event | None = None

    async def members(self, group: str) -> frozenset[str]:
        self.asked += 1
        found = frozenset(self.groups[group])
        if self.held is not None:
            await self.held.wait()
        if self.silent:
            raise PlatformError("away")
        return found


class Desk:
    def __init__(self, crew: Crew) -> None:
        self.clock = FakeClock()
        self.slack = Directory()
        self.groups = Groups(self.clock)
        self.groups.keep(crew, FakeTeams(TEAM), {"slack": self.slack, "feishu": FakePlatform("feishu")})


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with Crew() as crew:
        desk = Desk(crew)
        await settle()
        yield desk


async def test_is_known_at_once_and_asked_again_in_time(desk: Desk) -> None:
    assert isinstance(desk.slack, Grouped)
    assert desk.groups.members(GROUP) == frozenset({"slack:U1"})
    assert desk.groups.members("feishu:group:g1") is None, "a platform that has no groups, or is not set up"
    await desk.clock.advance(LOOK_EVERY + 1)
    assert desk.slack.asked == 1
    desk.slack.groups["S1"] = {"U2"}
    await desk.clock.advance(FRESH.total_seconds())
    await settle()
    assert desk.groups.members(GROUP) == frozenset({"slack:U2"})


async def test_an_old_answer_counts_for_a_while_and_then_nobody_is_known(desk: Desk) -> None:
    desk.slack.silent = True
    for _ in range(int(LASTS.total_seconds() / LOOK_EVERY)):
        assert desk.groups.members(GROUP) == frozenset({"slack:U1"})
        await desk.clock.advance(LOOK_EVERY)
        await settle()
    await desk.clock.advance(1)
    assert desk.groups.members(GROUP) is None
    desk.slack.silent = False
    await desk.clock.advance(LOOK_EVERY)
    await settle()
    assert desk.groups.members(GROUP) == frozenset({"slack:U1"})


async def test_a_change_counts_at_once_also_while_an_older_answer_is_on_its_way(desk: Desk) -> None:
    desk.slack.held = asyncio.Event()
    desk.groups.changed(GROUP)
    await settle()
    assert desk.groups.members(GROUP) is None
    desk.slack.groups["S1"] = set()
    desk.groups.changed("slack:group:")
    desk.slack.held.set()
    desk.slack.held = None
    await settle()
    assert desk.groups.members(GROUP) == frozenset()
