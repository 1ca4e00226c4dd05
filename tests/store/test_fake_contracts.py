"""Runs every contract suite of the store on the fakes, so that tests built on them are built on the truth."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.rooms import Store
from tests.contracts.memory import MemoryRules
from tests.contracts.register import RegisterRules
from tests.contracts.rooms import PostsRules, RoomLogRules, SeenRules, SessionsRules
from tests.contracts.timeline import TimelineRules
from tests.fakes.store import FakeStore
from tests.store.world import StandingClock, ToldIds


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def ids() -> ToldIds:
    return ToldIds()


@pytest.fixture
async def store(tmp_path: Path, clock: StandingClock, ids: ToldIds) -> AsyncIterator[Store]:
    yield FakeStore(clock, ids)


class TestTimeline(TimelineRules):
    pass


class TestRegister(RegisterRules):
    pass


class TestMemory(MemoryRules):
    pass


class TestPosts(PostsRules):
    pass


class TestRoomLog(RoomLogRules):
    pass


class TestSeen(SeenRules):
    pass


class TestSessions(SessionsRules):
    pass
