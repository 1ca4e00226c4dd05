"""Checks who shares a commit: everybody who asks at once, and in a crowd those who were answered just now."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from store.connection import connect
from store.writing import CROWD, RETURN, Errand, Writer

FOR_EVER = 3_600.0


class Counting:
    """A clerk who writes down how many were served together."""

    def __init__(self) -> None:
        self.served: list[int] = []

    def serve(self, db: sqlite3.Connection, errands: Sequence[Errand]) -> Callable[[], None]:
        db.execute("SELECT 1")
        return lambda: self.served.append(len(errands))

    def forget(self) -> None:
        raise AssertionError("nothing fails here")


@asynccontextmanager
async def writing_to(path: Path, patience: float = RETURN) -> AsyncIterator[Writer]:
    async with connect(path) as db, asyncio.TaskGroup() as group:
        writer = Writer(db, path, patience)
        group.create_task(writer.run())
        try:
            yield writer
        finally:
            writer.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


async def ask_each(writer: Writer, clerk: Counting, people: int, rounds: int = 1) -> None:
    """So many people ask, and ask again a moment after they were answered, nobody at the same moment."""

    async def person(number: int) -> None:
        for _ in range(rounds):
            await writer.ask(clerk, None)
            for _ in range(1 + 5 * number):
                await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for number in range(people):
            group.create_task(person(number))


async def test_in_a_crowd_a_commit_waits_for_those_who_were_answered(path: Path) -> None:
    clerk = Counting()
    async with writing_to(path, FOR_EVER) as writer:
        await ask_each(writer, clerk, 2 * CROWD, rounds=3)
    assert clerk.served == [2 * CROWD] * 3


async def test_it_does_not_wait_for_ever(path: Path) -> None:
    clerk = Counting()
    async with writing_to(path) as writer:
        await ask_each(writer, clerk, CROWD)
        await writer.ask(clerk, None)
    assert clerk.served == [CROWD, 1]


async def test_of_a_few_nobody_waits_for_another(path: Path) -> None:
    clerk = Counting()
    async with writing_to(path, FOR_EVER) as writer:
        await ask_each(writer, clerk, CROWD - 1)
        async with asyncio.timeout(10):
            await writer.ask(clerk, None)
    assert clerk.served == [CROWD - 1, 1]
