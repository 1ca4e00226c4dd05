"""Checks that the outbox keeps to the pace, and that outages, lost answers and restarts neither lose nor double."""

from collections import Counter
from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.crew import Crew
from bot.outbox import Outbox
from cards.model import Card
from tests.fakes.clock import START, FakeClock
from tests.fakes.platforms import FakePlatform
from tests.fakes.store import FakePosts

ROOM = "slack:C1"
SLOTS = ("header", "evidence", "diagnosis", "plan:p1", "recovery:p1")


@dataclass
class World:
    """One outbox over fake platforms; what a part shows is how often it changed."""

    clock: FakeClock = field(default_factory=FakeClock)
    posts: FakePosts = field(default_factory=FakePosts)
    state: Counter[tuple[str, str]] = field(default_factory=Counter)
    drawn: int = 0
    rooms: tuple[str, ...] = (ROOM,)
    closed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.slack = FakePlatform("slack", 1.0, clock=self.clock)
        self.feishu = FakePlatform("feishu", 4.0, clock=self.clock)
        self.wecom = FakePlatform("wecom", 0.5, clock=self.clock)
        self.platforms = {each.name: each for each in (self.slack, self.feishu, self.wecom)}

    async def draw(self, incident: str, slot: str, room: str = "") -> Card:
        self.drawn += 1
        count = self.state[incident, slot]
        return Card(incident=incident, title=f"{slot} {count}", summary=slot)

    async def elsewhere(self, incident: str) -> tuple[str, ...]:
        return () if incident in self.closed else self.rooms

    def outbox(self, crew: Crew) -> Outbox:
        return Outbox(self.posts, self.platforms, self.draw, crew, self.clock, self.elsewhere)

    async def change(self, outbox: Outbox, room: str, incident: str, slot: str) -> None:
        await self.change_everywhere(outbox, (room,), incident, slot)

    async def change_everywhere(self, outbox: Outbox, rooms: Sequence[str], incident: str, slot: str) -> None:
        self.state[incident, slot] += 1
        for room in rooms:
            await outbox.want(room, incident, (slot,))

    def shown(self, platform: FakePlatform) -> dict[str, str]:
        return {message.key: message.card.title for message in platform.messages}

    def newest(self, *incidents: str) -> dict[str, str]:
        return {
            f"{incident}/{slot}": f"{slot} {count}"
            for (incident, slot), count in self.state.items()
            if not incidents or incident in incidents
        }

    def doubles(self) -> list[str]:
        counts = Counter(
            (each.name, message.room, message.key) for each in self.platforms.values() for message in each.messages
        )
        return [str(key) for key, count in counts.items() if count > 1]


@asynccontextmanager
async def at_work(world: World):
    async with Crew() as crew:
        yield world.outbox(crew)


async def test_sixty_seconds_of_outage_with_five_hundred_updates_pending() -> None:
    world = World()
    incidents = [f"inc_{n}" for n in range(10)]
    async with at_work(world) as outbox:
        for incident in incidents:
            await world.change(outbox, ROOM, incident, "header")
        await world.clock.advance(30.0)
        assert world.shown(world.slack) == world.newest()

        world.slack.away = True
        before = world.slack.posts + world.slack.edits
        for _ in range(10):
            for incident in incidents:
                for slot in SLOTS:
                    await world.change(outbox, ROOM, incident, slot)
            await world.clock.advance(6.0)
        assert outbox.failing[ROOM]
        assert world.slack.posts + world.slack.edits - before <= 60 / 5 + 1, "an outage is not hammered at"

        world.slack.away, world.slack.lose = False, 3
        calls = len(world.slack.calls)
        await world.clock.advance(120.0)
        assert world.shown(world.slack) == world.newest()
        assert max(world.state.values()) == 11
        assert world.doubles() == []
        assert len(world.slack.calls) - calls <= 2 * (50 + 3), "500 updates became 50 messages and edits"
        assert world.slack.over == 0
        assert outbox.failing == {}
        assert await world.posts.rooms_due() == ()


async def test_a_thread_comes_in_order_after_an_outage() -> None:
    world = World()
    world.slack.away = True
    async with at_work(world) as outbox:
        for slot in SLOTS:
            await world.change(outbox, ROOM, "inc_1", slot)
        await world.clock.advance(60.0)
        world.slack.away = False
        await world.clock.advance(60.0)
    assert [message.key for message in world.slack.messages] == [f"inc_1/{slot}" for slot in SLOTS]
    assert {message.thread for message in world.slack.messages[1:]} == {world.slack.messages[0].id}


async def test_one_room_that_is_down_slows_no_other() -> None:
    world = World()
    world.slack.away = True
    async with at_work(world) as outbox:
        for n in range(8):
            await world.change(outbox, ROOM, f"inc_{n}", "header")
            await world.change(outbox, "feishu:oc_1", f"inc_{n}", "header")
        await world.clock.advance(2.0)
        assert world.shown(world.feishu) == world.newest()
        assert world.slack.messages == []


async def test_rooms_of_one_platform_are_paced_apart() -> None:
    world = World()
    rooms = [f"slack:C{n}" for n in range(6)]
    async with at_work(world) as outbox:
        await world.change_everywhere(outbox, rooms, "inc_1", "header")
        await world.change_everywhere(outbox, rooms, "inc_2", "header")
        await world.clock.advance(0.5)
        assert {message.room for message in world.slack.messages} == {f"C{n}" for n in range(6)}
        assert len(world.slack.messages) == 6
        await world.clock.advance(0.6)
        assert len(world.slack.messages) == 12
        assert world.slack.over == 0


async def test_what_waited_for_its_turn_is_drawn_again() -> None:
    world = World()
    async with at_work(world) as outbox:
        await world.change(outbox, "wecom:g", "inc_1", "header")
        await world.change(outbox, "wecom:g", "inc_1", "evidence")
        await world.clock.advance(0.5)
        world.state["inc_1", "evidence"] += 5
        await world.clock.advance(3.0)
        assert world.shown(world.wecom)["inc_1/evidence"] == "evidence 6"
        assert world.wecom.edits == 0


async def test_it_comes_back_when_it_was_told_to() -> None:
    world = World()
    world.slack.busy = 1
    async with at_work(world) as outbox:
        await world.change(outbox, ROOM, "inc_1", "header")
        await world.clock.advance(0.9)
        assert (world.slack.posts, world.slack.messages) == (1, [])
        await world.clock.advance(0.2)
        assert len(world.slack.messages) == 1


async def test_a_restart_in_the_middle_of_an_outage_loses_nothing() -> None:
    world = World()
    world.slack.away = True
    async with at_work(world) as outbox:
        for slot in SLOTS:
            await world.change(outbox, ROOM, "inc_1", slot)
        await world.clock.advance(20.0)
    world.slack.away, world.slack.lose = False, 1
    async with at_work(world) as outbox:
        await outbox.resume()
        await world.clock.advance(30.0)
    assert world.shown(world.slack) == world.newest()
    assert world.doubles() == []


class Reposting(FakePlatform):
    """A platform that no longer edits its first message and posts it again."""

    async def edit(self, room: str, message: str, card: Card) -> str:
        if message == "fake-1":
            return await self.post(room, "", card, "again")
        return await super().edit(room, message, card)


async def test_a_card_that_had_to_be_posted_again_is_edited_where_it_is_now() -> None:
    world = World()
    world.platforms["slack"] = world.slack = Reposting("slack", clock=world.clock)
    async with at_work(world) as outbox:
        for _ in range(3):
            await world.change(outbox, ROOM, "inc_1", "header")
            await world.clock.advance(5.0)
    (post,) = await world.posts.of("inc_1")
    assert post.message == "fake-2"
    assert [message.card.title for message in world.slack.messages] == ["header 1", "header 3"]
    assert await world.posts.by_message(ROOM, "fake-2") == post


class Stuck(FakeClock):
    """A clock that somebody turns back by hours."""

    def turn_back(self, hours: float) -> None:
        self._now -= timedelta(hours=hours)


async def test_a_clock_that_is_turned_back_does_not_silence_a_room() -> None:
    clock = Stuck(START)
    world = World(clock=clock)
    async with at_work(world) as outbox:
        await world.change(outbox, "feishu:oc_1", "inc_1", "header")
        await clock.advance(1.0)
        clock.turn_back(5.0)
        world.feishu.calls.clear()
        await world.change(outbox, "feishu:oc_1", "inc_1", "evidence")
        await clock.advance(2.0)
    assert world.shown(world.feishu) == world.newest()


BOTH = (ROOM, "feishu:oc_1")


async def test_a_room_that_stays_away_is_stood_in_for() -> None:
    world = World(rooms=(ROOM, "slack:C2", "feishu:oc_1"))
    world.slack.away = True
    async with at_work(world) as outbox:
        for slot in SLOTS[:3]:
            await world.change(outbox, ROOM, "inc_1", slot)
        await world.clock.advance(170.0)
        assert world.feishu.messages == []
        await world.clock.advance(30.0)
        keys = [message.key for message in world.feishu.messages]
        assert keys == [*(f"inc_1/{slot}" for slot in SLOTS[:3]), f"inc_1/stand_in:{ROOM}"]
        assert {message.thread for message in world.feishu.messages[1:]} == {world.feishu.messages[0].id}

        await world.clock.advance(600.0)
        assert world.feishu.edits == 0
        assert len(world.feishu.messages) == 4, "said once, however long it lasts"

        world.slack.away = False
        await world.clock.advance(60.0)
        await world.change_everywhere(outbox, BOTH, "inc_1", "diagnosis")
        await world.clock.advance(5.0)
        for platform in (world.slack, world.feishu):
            assert world.shown(platform)["inc_1/diagnosis"] == f"diagnosis {world.state['inc_1', 'diagnosis']}"
        assert world.doubles() == []


async def test_where_all_rooms_show_it_anyway_only_the_note_is_added() -> None:
    world = World(rooms=BOTH)
    world.slack.away = True
    async with at_work(world) as outbox:
        await world.change_everywhere(outbox, BOTH, "inc_1", "header")
        await world.clock.advance(200.0)
    assert [message.key for message in world.feishu.messages] == ["inc_1/header", f"inc_1/stand_in:{ROOM}"]


async def test_another_room_of_the_same_platform_is_better_than_none() -> None:
    world = World(rooms=("slack:C1", "slack:C2"))

    class Expelled(FakePlatform):
        async def post(self, room: str, thread: str, card: Card, key: str) -> str:
            if room == "C1":
                self.refuse = 1
            return await super().post(room, thread, card, key)

    world.platforms["slack"] = world.slack = Expelled("slack", clock=world.clock)
    async with at_work(world) as outbox:
        await world.change(outbox, "slack:C1", "inc_1", "header")
        await world.clock.advance(300.0)
    assert {message.room for message in world.slack.messages} == {"C2"}


async def test_an_incident_that_is_closed_is_shown_nowhere_else() -> None:
    world = World(rooms=BOTH, closed={"inc_1"})
    world.slack.away = True
    async with at_work(world) as outbox:
        await world.change(outbox, ROOM, "inc_1", "header")
        await world.clock.advance(600.0)
    assert world.feishu.messages == []


async def test_a_room_that_takes_something_now_and_then_is_not_away() -> None:
    world = World(rooms=BOTH)
    async with at_work(world) as outbox:
        for n in range(10):
            world.slack.busy = 2
            await world.change(outbox, ROOM, f"inc_{n}", "header")
            await world.clock.advance(60.0)
    assert world.feishu.messages == []
    assert len(world.slack.messages) == 10


async def test_two_rooms_that_are_away_wait_for_whichever_is_back_first() -> None:
    world = World(rooms=(*BOTH, "wecom:g"))
    world.slack.away = world.feishu.away = True
    async with at_work(world) as outbox:
        await world.change_everywhere(outbox, BOTH, "inc_1", "header")
        await world.clock.advance(240.0)
        world.feishu.away = False
        await world.clock.advance(60.0)
    assert "inc_1/header" in world.shown(world.feishu)
    assert "inc_1/header" in world.shown(world.wecom)
    assert world.doubles() == []


STEPS = st.one_of(
    st.tuples(st.just("change"), st.integers(0, 2), st.integers(0, 4)),
    st.tuples(st.just("wait"), st.floats(0.1, 90.0), st.just(0)),
    st.tuples(st.just("away"), st.booleans(), st.just(0)),
    st.tuples(st.just("lose"), st.integers(1, 3), st.just(0)),
    st.tuples(st.just("restart"), st.just(0), st.just(0)),
)


@pytest.mark.parametrize("room", [ROOM, "feishu:oc_1", "wecom:g"])
@settings(max_examples=15, deadline=None)
@given(steps=st.lists(STEPS, min_size=1, max_size=15))
async def test_whatever_happens_the_newest_state_is_shown_once(room: str, steps: list[tuple[str, float, int]]) -> None:
    world = World(rooms=(room,))
    platform = world.platforms[room.partition(":")[0]]
    at, restarts = 0, 0
    while at < len(steps):
        async with at_work(world) as outbox:
            await outbox.resume()
            while at < len(steps) and steps[at][0] != "restart":
                step, number, slot = steps[at]
                at += 1
                if step == "change":
                    await world.change(outbox, room, f"inc_{number}", SLOTS[slot])
                elif step == "wait":
                    await world.clock.advance(number)
                elif step == "away":
                    platform.away = bool(number)
                else:
                    platform.lose = int(number)
            at, restarts = at + 1, restarts + 1
    platform.away = False
    async with at_work(world) as outbox:
        await outbox.resume()
        await world.clock.advance(300.0)
    newest = world.newest() | {
        f"{incident}/header": "header 0" for incident, _ in world.state if not world.state[incident, "header"]
    }
    assert world.shown(platform) == newest
    assert world.doubles() == []
    assert platform.over <= restarts, "only a process that was gone may forget what was sent a moment ago"


async def test_a_repeat_that_is_recognised_shows_the_newest_card_all_the_same() -> None:
    world = World()
    world.slack.lose = 1
    async with at_work(world) as outbox:
        await world.change(outbox, ROOM, "inc_1", "header")
        await world.clock.advance(0.5)
        world.state["inc_1", "header"] += 1
        await world.clock.advance(5.0)
    (message,) = world.slack.messages
    assert (message.card.title, message.edits) == ("header 2", 1)


async def test_a_post_that_a_crash_kept_from_being_recorded_is_brought_up_to_date() -> None:
    world = World()
    await world.posts.want(ROOM, "inc_1", ("header",))
    await world.slack.post("C1", "", await world.draw("inc_1", "header"), "inc_1/header")
    world.state["inc_1", "header"] += 1
    await world.clock.advance(5.0)
    async with at_work(world) as outbox:
        await outbox.resume()
        await world.clock.advance(5.0)
    assert world.shown(world.slack) == world.newest()
    assert world.doubles() == []


async def test_an_edit_that_came_through_unheard_is_taken_back_when_the_state_is() -> None:
    world = World()
    async with at_work(world) as outbox:
        await world.change(outbox, ROOM, "inc_1", "header")
        await world.clock.advance(5.0)
        world.slack.lose = 1
        await world.change(outbox, ROOM, "inc_1", "header")
        await world.clock.advance(0.5)
        assert world.shown(world.slack) == {"inc_1/header": "header 2"}
        world.state["inc_1", "header"] = 1
        await outbox.want(ROOM, "inc_1", ("header",))
        await world.clock.advance(5.0)
    assert world.shown(world.slack) == {"inc_1/header": "header 1"}
