"""Checks alerts that crowd in: admitted first, placed later, and in the end just as if each had been placed at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.backlog import Backlog
from bot.precedence import Precedence
from engine.errors import StoreFull
from handlers.front_door import FrontDoor
from handlers.inbound import Answer
from store.sqlite import open_sqlite
from tests.fakes.clock import settle
from tests.handlers.house import Scene
from tests.handlers.test_alerts_in import one, webhook


class Crowd(Scene):
    """A front door before which a crowd stands, or not."""

    def __init__(self) -> None:
        super().__init__()
        self.crowded = True
        self.rung = 0
        self.house = replace(self.house, crowded=lambda: self.crowded, place_later=self.ring)
        self.door = FrontDoor(self.house)

    def ring(self) -> None:
        self.rung += 1


async def test_in_a_crowd_alerts_are_admitted_and_placed_later() -> None:
    scene = Crowd()
    first = await scene.alerts(webhook(one(fingerprint="f1"), groupKey="g1"), id="raw_1")
    second = await scene.alerts(webhook(one(fingerprint="f2"), groupKey="g2"))
    assert (first.accepted, second.accepted, scene.rung) == (1, 1, 2)
    assert await scene.store.register.newest() == ()
    assert not scene.woken
    assert await scene.door.place_admitted(64) == 2
    assert scene.woken == [*first.incidents, *second.incidents]
    kinds = [entry.kind for entry in await scene.entries(first.incidents[0])]
    assert kinds == ["incident.created", "alert.normalized", "gateway.received"]
    (received,) = await scene.entries(first.incidents[0], "gateway.received")
    assert received.body["raw_ref"] == "raw_1"
    assert await scene.door.place_admitted(64) == 0


async def test_without_a_crowd_everything_is_placed_at_once() -> None:
    scene = Crowd()
    scene.crowded = False
    (incident,) = (await scene.alerts(webhook(one()))).incidents
    assert scene.woken == [incident]
    assert scene.rung == 0


@pytest.mark.parametrize(
    "late",
    [one(), one(status="resolved"), one(fingerprint="f2"), one(start="10:05:00")],
    ids=["again", "resolved", "of its group", "later"],
)
@pytest.mark.parametrize("crowded", [True, False])
async def test_what_concerns_an_admitted_alert_waits_until_it_is_placed(late: dict, crowded: bool) -> None:
    scene = Crowd()
    (incident,) = (await scene.alerts(webhook(one()))).incidents
    scene.crowded = crowded
    assert (await scene.alerts(webhook(late))).incidents == (incident,)
    assert len(await scene.entries(incident, "incident.created")) == 1


async def test_what_must_not_be_kept_as_it_came_is_placed_at_once() -> None:
    scene = Crowd()
    secret = one(fingerprint="f1") | {"annotations": {"summary": "password=hunter2hunter2"}}
    (incident,) = (await scene.alerts(webhook(secret), id="raw_1")).incidents
    assert scene.woken == [incident]
    raw = await scene.store.raw("raw_1")
    assert raw is not None
    assert b"hunter2" not in raw.body


@pytest.mark.parametrize("odd", [{"labels": None}, one(name="Watchdog", fingerprint="w", severity="none")])
async def test_calls_that_hold_more_than_alerts_are_placed_at_once(odd: dict) -> None:
    scene = Crowd()
    (incident,) = (await scene.alerts(webhook(one(), odd))).incidents
    assert incident in scene.woken


async def test_two_alerts_of_one_call_that_belong_together_are_placed_at_once() -> None:
    scene = Crowd()
    answer = await scene.alerts(webhook(one(fingerprint="f1"), one(fingerprint="f2")))
    assert (answer.accepted, len(answer.incidents)) == (2, 1)
    assert scene.woken == [answer.incidents[0]]


async def test_what_one_process_admitted_the_next_one_places(tmp_path: Path) -> None:
    scene = Crowd()

    async def with_store(act: Sequence[bytes]) -> list[Answer]:
        async with open_sqlite(tmp_path / "t.sqlite", scene.clock, scene.ids) as store:
            scene.store = store  # type: ignore[assignment]
            scene.house = replace(scene.house, register=store.register, timeline=store.timeline, seen=store.seen)
            scene.door = FrontDoor(scene.house)
            answers = [await scene.alerts(body) for body in act]
            if not act:
                await scene.door.place_all_admitted()
                assert await scene.store.register.admitted(10) == ()
            return answers

    (first,) = await with_store([webhook(one(fingerprint="f1"), groupKey="g1")])
    assert not scene.woken
    # The next process knows what was promised before it began.
    again, other = await with_store(
        [webhook(one(fingerprint="f1"), groupKey="g1"), webhook(one(fingerprint="f2"), groupKey="g2")]
    )
    assert again.incidents == first.incidents
    assert scene.woken[0] == first.incidents[0]
    await with_store([])
    assert scene.woken[-1] == other.incidents[0]


CALLS = st.lists(
    st.tuples(
        st.lists(
            st.tuples(st.sampled_from("abc"), st.sampled_from(("firing", "firing", "resolved")), st.integers(0, 2)),
            min_size=1,
            max_size=3,
        ),
        st.sampled_from("gh"),
        st.sampled_from(("crowded", "calm", "placed first")),
    ),
    max_size=8,
)


@given(CALLS)
def test_the_outcome_is_the_same_as_without_a_crowd(calls: list) -> None:
    async def play(scene: Crowd, with_crowd: bool) -> tuple[list[list[str]], list[list[int]]]:
        numbers: dict[str, int] = {}
        answered = []
        for alerts, group, mood in calls:
            scene.crowded = with_crowd and mood == "crowded"
            if mood == "placed first":
                await scene.door.place_admitted(1)
            items = [one(fingerprint=f, status=status, start=f"10:0{start}:00") for f, status, start in alerts]
            answer = await scene.alerts(webhook(*items, groupKey=group))
            answered.append([numbers.setdefault(incident, len(numbers)) for incident in answer.incidents])
        await scene.door.place_all_admitted()
        stories = [[entry.kind for entry in await scene.entries(incident)] for incident in numbers]
        return stories, answered

    async def both() -> None:
        assert await play(Crowd(), with_crowd=True) == await play(Crowd(), with_crowd=False)

    asyncio.run(both())


async def test_the_backlog_is_worked_off_once_the_crowd_is_gone() -> None:
    scene = Crowd()
    precedence = Precedence(scene.clock)
    backlog = Backlog(precedence, scene.clock)
    scene.house = replace(scene.house, crowded=lambda: precedence.crowded, place_later=backlog.ring)
    scene.door = FrontDoor(scene.house)
    async with asyncio.TaskGroup() as group:
        work = group.create_task(backlog.run(scene.door))
        await settle()
        with (
            precedence.taking_alerts(),
            precedence.taking_alerts(),
            precedence.taking_alerts(),
            precedence.taking_alerts(),
            precedence.taking_alerts(),
        ):
            (incident,) = (await scene.alerts(webhook(one()))).incidents
        await settle()
        assert not scene.woken
        await scene.clock.advance(0.3)
        assert scene.woken == [incident]
        work.cancel()


async def test_a_full_disk_makes_the_backlog_wait_and_loses_nothing() -> None:
    scene = Crowd()
    backlog = Backlog(Precedence(scene.clock), scene.clock)
    (incident,) = (await scene.alerts(webhook(one()))).incidents
    async with asyncio.TaskGroup() as group:
        scene.store.disk.full = True
        with pytest.raises(StoreFull):
            await scene.door.place_admitted(64)
        work = group.create_task(backlog.run(scene.door))
        await settle()
        assert not scene.woken
        scene.store.disk.full = False
        await scene.clock.advance(10.0)
        assert scene.woken == [incident]
        work.cancel()
