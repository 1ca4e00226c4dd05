"""Checks that lives begin later while alerts crowd in, that they still begin, and that who waits holds no place."""

import asyncio
from contextlib import ExitStack

from bot.precedence import FEW, LONGEST, LULL, PLACES, Leave, Precedence
from tests.fakes.clock import FakeClock, settle


def crowd(precedence: Precedence, calls: ExitStack, size: int) -> None:
    for _ in range(size):
        calls.enter_context(precedence.taking_alerts())


def taken(precedence: Precedence) -> list[Leave]:
    places: list[Leave] = []
    while (leave := precedence.place()) is not None:
        places.append(leave)
    return places


async def test_there_are_only_so_many_places_and_leaving_twice_is_leaving_once() -> None:
    precedence = Precedence(FakeClock())
    places = taken(precedence)
    assert len(places) == PLACES
    places[0]()
    places[0]()
    assert len(taken(precedence)) == 1


async def test_whoever_waits_gets_the_place_that_is_left() -> None:
    precedence = Precedence(FakeClock())
    places = taken(precedence)
    async with asyncio.TaskGroup() as group:
        turn = group.create_task(precedence.turn())
        await settle()
        assert not turn.done()
        places[7]()
    assert precedence.place() is None, "the one place that was left is taken again"
    turn.result()()
    assert len(taken(precedence)) == 1


async def test_lives_begin_once_the_crowd_is_gone() -> None:
    clock = FakeClock()
    precedence = Precedence(clock)
    async with asyncio.TaskGroup() as group:
        with ExitStack() as calls:
            crowd(precedence, calls, FEW + 1)
            assert precedence.place() is None
            turn = group.create_task(precedence.turn())
            await clock.advance(LULL)
            assert not turn.done()
        await clock.advance(3 * LULL)
        assert turn.done()


async def test_a_crowd_that_never_ends_does_not_stop_them() -> None:
    clock = FakeClock()
    precedence = Precedence(clock)
    async with asyncio.TaskGroup() as group:
        with ExitStack() as calls:
            crowd(precedence, calls, FEW + 1)
            turn = group.create_task(precedence.turn())
            for _ in range(int(LONGEST / LULL)):
                await clock.advance(0.9 * LULL)
                assert not turn.done()
                crowd(precedence, calls, 1)
            await clock.advance(LONGEST)
            assert turn.done()


async def test_a_few_calls_hold_nobody_up() -> None:
    precedence = Precedence(FakeClock())
    with ExitStack() as calls:
        crowd(precedence, calls, FEW)
        assert precedence.place() is not None
