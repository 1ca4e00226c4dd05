"""Keeps the timelines in SQLite: what is written was committed, and whoever waits for a key is woken by its commit."""

import asyncio
from collections.abc import Sequence

from engine.model import Entry
from engine.ports import Draft
from store.bookkeeper import Bookkeeper
from store.chain import plain, ready
from store.ledger import Write
from store.queries import queries
from store.reading import Reader
from store.stories import entry_of
from store.writing import Writer

SQL = queries("timeline")


class Waiters:
    """Who waits for which key of which incident."""

    def __init__(self) -> None:
        self._futures: dict[tuple[str, str], set[asyncio.Future[Entry]]] = {}

    def join(self, incident: str, key: str) -> asyncio.Future[Entry]:
        """A future that is set once an entry stands under this key; `leave` with it afterwards."""
        future: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()
        self._futures.setdefault((incident, key), set()).add(future)
        return future

    def leave(self, incident: str, key: str, future: asyncio.Future[Entry]) -> None:
        """Wait no longer."""
        there = self._futures.get((incident, key), set())
        there.discard(future)
        if not there:
            self._futures.pop((incident, key), None)

    def tell(self, entries: Sequence[Entry]) -> None:
        """Wake whoever waits for one of these."""
        for entry in entries:
            for future in self._futures.get((entry.incident, entry.key), ()):
                if not future.done():
                    future.set_result(entry)


class Disk:
    """The timelines as they stand in the file, never from memory: what an audit reads."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def read(self, incident: str, after: int = 0) -> Sequence[Entry]:
        """Entries with seq > after, in order of seq."""
        return tuple(entry_of(row) for row in await self._reader.rows(SQL["read"], incident, after))

    async def find(self, incident: str, key: str) -> Entry | None:
        """The entry under this key."""
        rows = await self._reader.rows(SQL["find"], incident, key)
        return next((entry_of(row) for row in rows), None)

    async def head(self, incident: str) -> tuple[int, str] | None:
        """Seq and digest of the newest entry, as the index of incidents remembers them."""
        return next(((row[0], row[1]) for row in await self._reader.rows(SQL["head"], incident)), None)


class SqliteTimeline:
    """The port `Timeline` on SQLite."""

    def __init__(self, writer: Writer, books: Bookkeeper, disk: Disk, waiters: Waiters) -> None:
        self._writer = writer
        self._books = books
        self._disk = disk
        self._waiters = waiters

    async def write(self, incident: str, draft: Draft) -> Entry:
        written = ready(draft)
        story = self._books.shelf.get(incident)
        if story is not None and (known := story.keys.get(written.key)) is not None:
            return known
        entry: Entry = await self._writer.ask(self._books, Write(incident, written))
        return entry

    async def read(self, incident: str, after: int = 0) -> Sequence[Entry]:
        story = self._books.shelf.get(incident)
        return await self._disk.read(incident, after) if story is None else tuple(story.entries[max(0, after) :])

    async def find(self, incident: str, key: str) -> Entry | None:
        story = self._books.shelf.get(incident)
        return await self._disk.find(incident, key) if story is None else story.keys.get(plain(key))

    async def wait(self, incident: str, key: str) -> Entry:
        # Joins before it looks: a commit between looking and joining would wake nobody.
        future = self._waiters.join(incident, plain(key))
        try:
            known = await self.find(incident, key)
            return known if known is not None else await future
        finally:
            self._waiters.leave(incident, plain(key), future)
