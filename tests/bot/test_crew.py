"""Checks that long-lived tasks are kept apart: one that fails is told about, and the block's own error stays itself."""

import asyncio

import pytest

from bot.crew import Crew
from engine.errors import WorldError


async def test_what_the_block_raises_comes_out_as_it_is():
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def open_and_fail() -> None:
        async with Crew() as crew:
            crew.start("work", work)
            await asyncio.sleep(0)
            raise WorldError("gone")

    with pytest.raises(WorldError, match="gone"):
        await open_and_fail()
    assert ended.is_set(), "the tasks are ended all the same"


async def test_one_that_fails_is_told_about_and_takes_nobody_along():
    told: list[str] = []
    still = asyncio.Event()

    async def fail() -> None:
        raise ValueError("no")

    async def tell(name: str, error: Exception) -> None:
        told.append(f"{name}: {error}")
        raise OSError("and telling fails too")

    async def go_on() -> None:
        await asyncio.sleep(0)
        still.set()

    async with Crew() as crew:
        crew.start("weak", fail, tell)
        crew.start("strong", go_on)
        await still.wait()
        assert told == ["weak: no"]
        assert "weak" not in crew.names
        crew.start("weak", go_on)
        assert crew.at_work("weak"), "its name is free again"


async def test_being_cancelled_ends_everybody():
    ended: list[str] = []
    begun = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("work")

    async def live() -> None:
        async with Crew() as crew:
            crew.start("work", work)
            await asyncio.sleep(0)
            begun.set()
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        living = group.create_task(live())
        await begun.wait()
        living.cancel()
    assert ended == ["work"]
    assert living.cancelled()


async def test_a_task_on_its_way_out_leaves_none_behind():
    late: list[str] = []

    async def for_ever() -> None:
        late.append("begun")
        await asyncio.Event().wait()

    async with asyncio.timeout(30), Crew() as crew:

        async def work() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                crew.start("late", for_ever)

        crew.start("work", work)
        await asyncio.sleep(0)
    assert late == []
