"""Keeps the register of incidents in SQLite: births, belongings, raw calls and heartbeats."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from engine.errors import UnknownName
from engine.model import Phrase
from engine.ports import Admitted, Clock, Decide, Draft, Placed, Promise, RawCall, Sighting, Weave
from store.bookkeeper import Bookkeeper
from store.chain import moment, plain, ready
from store.ledger import Admit, Open, Place, Together
from store.ledger import Raw as RawRow
from store.queries import queries
from store.reading import Reader
from store.rooms import RAW_LIMIT, Raw
from store.writing import Porter, Rows, Writer

SQL = queries("register")


class SqliteRegister:
    """The port `Register` on SQLite."""

    def __init__(self, writer: Writer, books: Bookkeeper, porter: Porter, reader: Reader, clock: Clock) -> None:
        self._writer = writer
        self._books = books
        self._porter = porter
        self._reader = reader
        self._clock = clock

    async def place(
        self,
        sightings: Sequence[Sighting],
        decide: Decide,
        call: RawCall | None = None,
        admitted: Admitted | None = None,
    ) -> Sequence[Placed]:
        now = self._clock.now()
        ref, promises = (admitted.call.ref, admitted.promises) if admitted else ("", ())
        work = Place(sightings, decide, now, _row(call, now) if call else None, ref, promises)
        placed: Sequence[Placed] = await self._writer.ask(self._books, work)
        return placed

    async def admit(self, sightings: Sequence[Sighting], call: RawCall) -> Sequence[str]:
        work = Admit(sightings, _row(call, self._clock.now()))
        promised: Sequence[str] = await self._writer.ask(self._books, work)
        return promised

    async def admitted(self, limit: int) -> Sequence[Admitted]:
        return tuple(_admitted(row) for row in await self._reader.rows(SQL["admitted"], limit))

    async def open(self, team: str, drafts: Sequence[Draft]) -> str:
        incident: str = await self._writer.ask(self._books, Open(plain(team), [ready(draft) for draft in drafts]))
        return incident

    async def together(self, incidents: Sequence[str], weave: Weave) -> str:
        fresh: str = await self._writer.ask(self._books, Together(incidents, weave))
        return fresh

    async def team_of(self, incident: str) -> str:
        if (story := self._books.shelf.get(incident)) is not None:
            return story.standing.team
        for row in await self._reader.rows(SQL["team_of"], incident):
            return str(row[0])
        raise UnknownName(Phrase(word="error.no_incident", values={"incident": incident}))

    async def living(self) -> Sequence[str]:
        return tuple(row[0] for row in await self._reader.rows(SQL["living"]))

    async def newest(self, team: str | None = None, limit: int = 50) -> Sequence[str]:
        if team is None:
            return tuple(row[0] for row in await self._reader.rows(SQL["newest"], limit))
        return tuple(row[0] for row in await self._reader.rows(SQL["newest_of_team"], team, limit))

    async def keep_raw(self, ref: str, source: str, body: bytes, reason: str = "") -> None:
        row = _row(RawCall(ref, source, body, reason), self._clock.now())
        await self._writer.ask(self._porter, Rows(SQL["keep_raw"], row))

    async def forget_raw(self, before: datetime) -> int:
        def chore(db: sqlite3.Connection) -> int:
            return db.execute(SQL["forget_raw"], (moment(before),)).rowcount

        count: int = await self._writer.ask(self._porter, chore)
        return count

    async def raw(self, ref: str) -> Raw | None:
        """A receiver call as it was kept; None where there is none."""
        for kept, source, reason, at, body in await self._reader.rows(SQL["raw"], ref):
            return Raw(ref=kept, source=source, body=body, reason=reason, at=datetime.fromisoformat(at))
        return None

    async def sightings(self, team: str, fingerprint: str) -> tuple[int, datetime] | None:
        """How often an alert was seen, duplicates included, and when last; None where it never was."""
        for count, at in await self._reader.rows(SQL["sightings"], team, fingerprint):
            return int(count), datetime.fromisoformat(at)
        return None

    async def beat(self, team: str, name: str, at: datetime) -> None:
        await self._writer.ask(self._porter, Rows(SQL["beat"], (plain(team), plain(name), moment(at))))

    async def beats(self) -> Mapping[tuple[str, str], datetime]:
        rows = await self._reader.rows(SQL["beats"])
        return {(team, name): datetime.fromisoformat(at) for team, name, at in rows}


def _row(call: RawCall, at: datetime) -> RawRow:
    return plain(call.ref), plain(call.source), plain(call.reason), moment(at), call.body[:RAW_LIMIT], ""


def _admitted(row: Sequence[Any]) -> Admitted:
    ref, source, reason, at, body, promises = row
    promised = tuple(Promise(*promise) for promise in json.loads(promises))
    return Admitted(RawCall(ref, source, body, reason), datetime.fromisoformat(at), promised)
