"""Keeps in SQLite what is to be shown where, and what is shown already."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from engine.errors import UnknownName
from engine.model import Phrase
from store.chain import plain
from store.queries import queries
from store.reading import Reader
from store.rooms import Post
from store.writing import Porter, Rows, Writer

SQL = queries("posts")


class SqlitePosts:
    """The protocol `Posts` on SQLite."""

    def __init__(self, writer: Writer, porter: Porter, reader: Reader) -> None:
        self._writer = writer
        self._porter = porter
        self._reader = reader

    async def want(self, room: str, incident: str, slots: Sequence[str]) -> None:
        rows = [(plain(room), plain(incident), plain(slot)) for slot in slots]
        await self._writer.ask(self._porter, Rows(SQL["want"], *rows))

    async def due(self, room: str) -> Sequence[Post]:
        return _posts(await self._reader.rows(SQL["due"], room))

    async def rooms_due(self) -> Sequence[str]:
        return tuple(row[0] for row in await self._reader.rows(SQL["rooms_due"]))

    async def sent(self, post: Post, message: str, shown: str) -> None:
        values = (plain(message), shown, post.wanted, plain(post.incident), plain(post.room), plain(post.slot))

        def chore(db: sqlite3.Connection) -> None:
            if not db.execute(SQL["sent"], values).rowcount:
                raise UnknownName(Phrase(word="error.no_post", values={"slot": post.slot, "room": post.room}))

        await self._writer.ask(self._porter, chore)

    async def of(self, incident: str) -> Sequence[Post]:
        return _posts(await self._reader.rows(SQL["of"], incident))

    async def by_message(self, room: str, message: str) -> Post | None:
        return next(iter(_posts(await self._reader.rows(SQL["by_message"], room, message))), None)


def _posts(rows: Sequence[Sequence[Any]]) -> Sequence[Post]:
    names = ("room", "incident", "slot", "message", "wanted", "sent", "shown")
    return tuple(Post.model_validate(dict(zip(names, row, strict=True))) for row in rows)
