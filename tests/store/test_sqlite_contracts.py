"""Runs every contract suite of the store on SQLite, with and without stories in memory."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.rooms import Store
from store.sqlite import open_sqlite
from store.stories import ROOM
from tests.contracts.changes import ChangesRules
from tests.contracts.memory import MemoryRules
from tests.contracts.register import RegisterRules
from tests.contracts.rooms import PostsRules, RoomLogRules, SeenRules, SessionsRules
from tests.contracts.timeline import TimelineRules
from tests.store.world import StandingClock, ToldIds


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def ids() -> ToldIds:
    return ToldIds()


@pytest.fixture(params=[0, ROOM], ids=["from disk", "from memory"])
async def store(request, tmp_path: Path, clock: StandingClock, ids: ToldIds) -> AsyncIterator[Store]:
    async with open_sqlite(tmp_path / "store.db", clock, ids, remember=request.param) as opened:
        yield opened


class TestTimeline(TimelineRules):
    pass


class TestRegister(RegisterRules):
    pass


class TestMemory(MemoryRules):
    pass


class TestChanges(ChangesRules):
    pass


class TestPosts(PostsRules):
    pass


class TestRoomLog(RoomLogRules):
    pass


class TestSeen(SeenRules):
    pass


class TestSessions(SessionsRules):
    pass
