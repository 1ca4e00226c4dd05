"""Keeps the log of the browser room in SQLite."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from engine.errors import UnknownName
from engine.model import Phrase
from store.chain import canonical, moment, plain
from store.queries import queries
from store.reading import Reader
from store.rooms import Message
from store.writing import Porter, Writer

SQL = queries("room_log")


class SqliteRoomLog:
    """The protocol `RoomLog` on SQLite."""

    def __init__(self, writer: Writer, porter: Porter, reader: Reader) -> None:
        self._writer = writer
        self._porter = porter
        self._reader = reader

    async def post(self, room: str, thread: int, key: str, author: str, body: dict[str, Any], at: datetime) -> Message:
        place = (plain(room), plain(key))
        row = (place[0], thread, place[1], plain(author), canonical(body), moment(at))

        def chore(db: sqlite3.Connection) -> Message:
            for known in _messages(db.execute(SQL["under"], place)):
                return known
            roots = _messages(db.execute(SQL["message"], (thread,)))
            if thread and not any(root.room == place[0] and not root.thread for root in roots):
                raise UnknownName(Phrase(word="error.no_thread", values={"thread": thread, "room": room}))
            db.execute(SQL["post"], row)
            return _messages(db.execute(SQL["under"], place))[0]

        message: Message = await self._writer.ask(self._porter, chore)
        return message

    async def edit(self, id: int, body: dict[str, Any]) -> Message:
        text = canonical(body)

        def chore(db: sqlite3.Connection) -> Message:
            db.execute(SQL["edit"], (text, id))
            for message in _messages(db.execute(SQL["message"], (id,))):
                return message
            raise UnknownName(Phrase(word="error.no_message", values={"message": id}))

        message: Message = await self._writer.ask(self._porter, chore)
        return message

    async def read(self, room: str, thread: int | None = None, after: int = 0) -> Sequence[Message]:
        if thread is None:
            return _messages(await self._reader.rows(SQL["room"], room, after))
        if thread == 0:
            return _messages(await self._reader.rows(SQL["firsts"], room, after))
        return _messages(await self._reader.rows(SQL["thread"], room, thread, after))

    async def message(self, id: int) -> Message | None:
        return next(iter(_messages(await self._reader.rows(SQL["message"], id))), None)

    async def threads(self, room: str, limit: int = 50) -> Sequence[Message]:
        return _messages(await self._reader.rows(SQL["threads"], room, limit))


def _messages(rows: Iterable[Sequence[Any]]) -> Sequence[Message]:
    return tuple(
        Message(
            id=id,
            room=room,
            thread=thread,
            key=key,
            author=author,
            body=json.loads(body),
            at=datetime.fromisoformat(at),
            revision=revision,
        )
        for id, room, thread, key, author, body, at, revision in rows
    )
