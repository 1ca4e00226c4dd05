"""Runs every contract suite of the store on the fakes, so that tests built on them are built on the truth."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.errors import StoreFull
from store.rooms import Store
from tests.contracts.changes import ChangesRules
from tests.contracts.memory import MemoryRules
from tests.contracts.register import RegisterRules
from tests.contracts.rooms import PostsRules, RoomLogRules, SeenRules, SessionsRules
from tests.contracts.timeline import TimelineRules
from tests.fakes.store import FakeStore
from tests.store.world import StandingClock, ToldIds, decide, draft, sighting


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


async def test_a_full_fake_disk_is_full_for_all_and_can_be_emptied(clock: StandingClock, ids: ToldIds) -> None:
    fake = FakeStore(clock, ids)
    incident = await fake.register.open("default", [draft("created")])
    fake.disk.full = True
    for write in (
        fake.timeline.write(incident, draft("k")),
        fake.register.place([sighting("fp")], decide),
        fake.register.keep_raw("r", "generic", b""),
        fake.posts.want("web:a", incident, ["header"]),
        fake.seen.first("slack", "ev"),
    ):
        with pytest.raises(StoreFull):
            await write
    fake.disk.full = False
    assert (await fake.timeline.write(incident, draft("k"))).seq == 2
