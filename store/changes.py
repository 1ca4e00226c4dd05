"""Keeps in SQLite what was changed, as it is posted; every query names the team."""

import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime

from engine.model import Change
from store.chain import canonical, moment, plain
from store.connection import write
from store.queries import queries
from store.reading import Reader
from store.writing import Porter, Writer

SQL = queries("changes")
MOST = 5_000
"""Changes of one team; more are more than anybody reads, and a bound for a CI that has lost its way."""


class SqliteChanges:
    """The protocol `ChangeLog` on SQLite. `load` is called once, before anybody asks who posts."""

    def __init__(self, writer: Writer, porter: Porter, reader: Reader) -> None:
        self._writer, self._porter, self._reader = writer, porter, reader
        self._teams: set[str] = set()

    async def load(self) -> None:
        """Find out who posts."""
        self._teams = {str(row[0]) for row in await self._reader.rows(SQL["teams"])}

    @property
    def teams(self) -> Collection[str]:
        return frozenset(self._teams)

    async def note(self, team: str, changes: Sequence[Change]) -> None:
        rows = [
            (plain(team), plain(each.id), plain(each.service), moment(each.at), canonical(each.model_dump(mode="json")))
            for each in changes
        ]

        def chore(db: sqlite3.Connection) -> None:
            write(db, SQL["note"], rows)
            db.execute(SQL["bound"], (plain(team), MOST))

        await self._writer.ask(self._porter, chore)
        self._teams.add(team)

    async def noted(self, team: str, service: str, start: datetime, end: datetime, limit: int) -> Sequence[Change]:
        rows = await self._reader.rows(SQL["noted"], team, service, moment(start), moment(end), limit)
        return tuple(Change.model_validate_json(row[0]) for row in reversed(rows))

    async def knows(self, team: str, service: str) -> bool:
        return bool(await self._reader.rows(SQL["knows"], team, service))

    async def forget(self, before: datetime) -> int:
        def chore(db: sqlite3.Connection) -> int:
            return db.execute(SQL["forget"], (moment(before),)).rowcount

        count: int = await self._writer.ask(self._porter, chore)
        await self.load()
        return count
