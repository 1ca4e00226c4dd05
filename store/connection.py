"""Connects to SQLite so that many statements cost one trip to the thread the file is written in."""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, Self, cast

import aiosqlite

Statement = tuple[str, Sequence[Sequence[Any]]]
"""A statement and the rows it is run for."""

FETCHED = 64
"""Rows an open cursor fetches per trip; nothing here leaves cursors open."""


TOGETHER = (16, 4, 1)
"""How many rows go into one statement; few sizes, so that SQLite compiles each statement once."""

VALUES = re.compile(r"VALUES (\((?:\?, )*\?\))")


class Connection(aiosqlite.Connection):
    """A connection of aiosqlite that knows one thing more.

    Every trip to the thread waits for its turn of the interpreter twice, and under load that costs more than the
    statement itself."""

    async def __aenter__(self) -> Self:
        return cast(Self, await super().__aenter__())

    async def at_once(self, statements: Iterable[Statement], *, commit: bool = False) -> None:
        """Run the statements in order and then, where asked for, commit; the first error ends it."""
        await self._execute(self._all, tuple(statements), commit)  # type: ignore[no-untyped-call] # aiosqlite's own

    def _all(self, statements: Sequence[Statement], commit: bool) -> None:
        for statement, rows in statements:
            for part in _parts(statement, rows):
                self._conn.execute(*part)
        if commit:
            self._conn.commit()


def connect(path: Path) -> Connection:
    """A connection to the file, to be entered with `async with`; what it writes begins a transaction that holds the
    file."""
    return Connection(lambda: sqlite3.connect(path, isolation_level="IMMEDIATE"), FETCHED)


def _parts(statement: str, rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, Sequence[Any]]]:
    """The statement with as many rows at a time as it takes: each run of it gives up the interpreter and waits for it
    again, whatever it writes."""
    begin = 0
    for size in TOGETHER if VALUES.search(statement) else (1,):
        while len(rows) - begin >= size:
            yield _for_rows(statement, size), tuple(chain.from_iterable(rows[begin : begin + size]))
            begin += size


@cache
def _for_rows(statement: str, size: int) -> str:
    return VALUES.sub(lambda found: "VALUES " + ", ".join([found.group(1)] * size), statement)
