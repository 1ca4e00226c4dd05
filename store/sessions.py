"""Keeps in SQLite what came in already, and who is signed in."""

import sqlite3
from datetime import datetime

from engine.ports import Clock
from store.chain import moment, plain
from store.queries import queries
from store.reading import Reader
from store.writing import Porter, Rows, Writer

SQL = queries("sessions")


class SqliteSeen:
    """The protocol `Seen` on SQLite."""

    def __init__(self, writer: Writer, porter: Porter, clock: Clock) -> None:
        self._writer = writer
        self._porter = porter
        self._clock = clock

    async def first(self, scope: str, id: str) -> bool:
        return await self._changed("first", plain(scope), plain(id), moment(self._clock.now())) > 0

    async def prune(self, before: datetime) -> int:
        return await self._changed("prune", moment(before))

    async def _changed(self, query: str, *values: str) -> int:
        def chore(db: sqlite3.Connection) -> int:
            return db.execute(SQL[query], values).rowcount

        count: int = await self._writer.ask(self._porter, chore)
        return count


class SqliteSessions:
    """The protocol `Sessions` on SQLite. Whatever has expired goes when somebody signs in."""

    def __init__(self, writer: Writer, porter: Porter, reader: Reader, clock: Clock) -> None:
        self._writer = writer
        self._porter = porter
        self._reader = reader
        self._clock = clock

    async def issue(self, token_digest: str, account_json: str, expires_at: datetime, one_time: bool) -> None:
        row = (token_digest, plain(account_json), moment(expires_at), int(one_time))
        now = moment(self._clock.now())

        def chore(db: sqlite3.Connection) -> None:
            db.execute(SQL["expire"], (now,))
            db.execute(SQL["issue"], row)

        await self._writer.ask(self._porter, chore)

    async def redeem(self, token_digest: str) -> str | None:
        now = moment(self._clock.now())

        def chore(db: sqlite3.Connection) -> str | None:
            for account, one_time in db.execute(SQL["find"], (token_digest, now)).fetchall():
                if one_time:
                    db.execute(SQL["revoke"], (token_digest,))
                return str(account)
            return None

        account: str | None = await self._writer.ask(self._porter, chore)
        return account

    async def find(self, token_digest: str) -> str | None:
        for account, one_time in await self._reader.rows(SQL["find"], token_digest, moment(self._clock.now())):
            return None if one_time else str(account)
        return None

    async def revoke(self, token_digest: str) -> None:
        await self._writer.ask(self._porter, Rows(SQL["revoke"], (token_digest,)))
