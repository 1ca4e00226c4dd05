"""Connects to SQLite so that a whole commit, reading and writing, costs one trip to the thread the file belongs to."""

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, Self, TypeVar, cast

import aiosqlite

Result = TypeVar("Result")

FETCHED = 64
"""Rows an open cursor fetches per trip; nothing here leaves cursors open."""

TOGETHER = (32, 16, 8, 4, 2, 1)
"""How many rows go into one statement; few sizes, so that SQLite compiles each statement once."""

VALUES = re.compile(r"VALUES (\((?:\?, )*\?\))")


class Connection(aiosqlite.Connection):
    """A connection of aiosqlite that knows one thing more.

    Each trip to the thread waits there for its turn of the interpreter, and on the way back for the loop's; under load
    both cost more than any statement."""

    async def __aenter__(self) -> Self:
        return cast(Self, await super().__aenter__())

    async def within(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Do this work in the connection's thread. It must not wait for the loop."""
        result: Result = await self._execute(self._do, work)  # type: ignore[no-untyped-call] # aiosqlite's own
        return result

    def _do(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        return work(self._conn)


def connect(path: Path) -> Connection:
    """A connection to the file, to be entered with `async with`; what it writes begins a transaction that holds the
    file."""
    return Connection(lambda: sqlite3.connect(path, isolation_level="IMMEDIATE"), FETCHED)


def write(db: sqlite3.Connection, statement: str, rows: Sequence[Sequence[Any]]) -> None:
    """Run a statement for all these rows, as many at a time as it takes: each run of it gives up the interpreter and
    waits for it again, whatever it writes."""
    for part, values in _parts(statement, rows):
        db.execute(part, values)


def _parts(statement: str, rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, Sequence[Any]]]:
    begin = 0
    for size in TOGETHER if VALUES.search(statement) else (1,):
        while len(rows) - begin >= size:
            yield _for_rows(statement, size), tuple(chain.from_iterable(rows[begin : begin + size]))
            begin += size


@cache
def _for_rows(statement: str, size: int) -> str:
    return VALUES.sub(lambda found: "VALUES " + ", ".join([found.group(1)] * size), statement)
