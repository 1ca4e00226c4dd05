"""Checks that lives begin later while alerts crowd in, that they still begin, and that who waits holds no place."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack

from bot.precedence import FEW, LONGEST, LULL, PLACES, Precedence
from tests.fakes.clock import FakeClock, settle


class Lives:
    """Begins lives; each keeps its place until told to leave it."""

    def __init__(self, precedence: Precedence) -> None:
        self.precedence = precedence
        self.begun: list[int] = []
        self.leave: dict[int, Callable[[], None]] = {}

    async def live(self, number: int) -> None:
        async with self.precedence.place() as leave:
            self.begun.append(number)
            self.leave[number] = leave
            await asyncio.Event().wait()


async def test_only_so_many_begin_and_who_waits_for_a_person_makes_room() -> None:
    lives = Lives(Precedence(FakeClock()))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(lives.live(n)) for n in range(PLACES + 2)]
        await settle()
        assert lives.begun == list(range(PLACES))
        lives.leave[0]()
        lives.leave[0]()
        await settle()
        assert lives.begun == list(range(PLACES + 1))
        # A life that ends without ever waiting gives its place back too.
        tasks[1].cancel()
        await settle()
        assert lives.begun == list(range(PLACES + 2))
        for task in tasks:
            task.cancel()


async def test_lives_begin_once_the_crowd_is_gone() -> None:
    clock = FakeClock()
    lives = Lives(Precedence(clock))
    async with asyncio.TaskGroup() as group:
        with ExitStack() as calls:
            for _ in range(FEW + 1):
                calls.enter_context(lives.precedence.taking_alerts())
            task = group.create_task(lives.live(1))
            await clock.advance(LULL / 2)
            assert lives.begun == []
        await clock.advance(3 * LULL)
        assert lives.begun == [1]
        task.cancel()


async def test_a_crowd_that_never_ends_does_not_stop_them() -> None:
    clock = FakeClock()
    lives = Lives(Precedence(clock))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(lives.live(1))
        with ExitStack() as calls:
            for _ in range(FEW + 1):
                calls.enter_context(lives.precedence.taking_alerts())
            for _ in range(int(LONGEST / LULL) + 1):
                with lives.precedence.taking_alerts():
                    await clock.advance(LULL)
        assert lives.begun == [1]
        task.cancel()


async def test_a_few_calls_hold_nobody_up() -> None:
    lives = Lives(Precedence(FakeClock()))
    async with asyncio.TaskGroup() as group:
        with ExitStack() as calls:
            for _ in range(FEW):
                calls.enter_context(lives.precedence.taking_alerts())
            task = group.create_task(lives.live(1))
            await settle()
            assert lives.begun == [1]
        task.cancel()
