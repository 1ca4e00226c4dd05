"""Shows that virtual time passes in the order of who is due, and that no second of real time does."""

import asyncio
import time

import pytest

from tests.virtual_time import in_virtual_time


async def wait(seconds: float, name: str, done: list[str]) -> None:
    await asyncio.sleep(seconds)
    done.append(name)


async def three_at_once() -> list[str]:
    done: list[str] = []
    async with asyncio.TaskGroup() as group:
        group.create_task(wait(3600, "an hour", done))
        group.create_task(wait(0.5, "half a second", done))
        group.create_task(wait(86_400, "a day", done))
    done.append(f"{asyncio.get_running_loop().time():.1f}")
    return done


async def one_that_never_answers() -> None:
    async with asyncio.timeout(600):
        await asyncio.Event().wait()


def test_time_passes_in_the_order_of_who_is_due() -> None:
    begun = time.monotonic()
    assert in_virtual_time(three_at_once()) == ["half a second", "an hour", "a day", "86400.0"]
    assert time.monotonic() - begun < 5


def test_a_timeout_is_due_like_everybody_else() -> None:
    with pytest.raises(TimeoutError):
        in_virtual_time(one_that_never_answers())
