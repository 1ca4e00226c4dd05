"""Opens everything that survives as one SQLite file, held by one process."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

from engine.errors import StoreError
from engine.ports import Clock, Ids
from store.bookkeeper import Bookkeeper
from store.changes import SqliteChanges
from store.connection import Connection, connect
from store.lock import held, present
from store.memory import SqliteMemory
from store.posts import SqlitePosts
from store.queries import queries
from store.reading import Reader
from store.register import SqliteRegister
from store.reindex import rebuild
from store.room_log import SqliteRoomLog
from store.rooms import Raw
from store.schema import found, known, upgrade
from store.sessions import SqliteSeen, SqliteSessions
from store.stories import ROOM, Shelf
from store.timeline import Disk, SqliteTimeline, Waiters
from store.trouble import named
from store.writing import Porter, Writer

PRAGMAS = (
    "PRAGMA busy_timeout = 5000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # Pages: a longer log is folded into the file more rarely, and pages written often meanwhile are folded once.
    "PRAGMA wal_autocheckpoint = 4000",
)


ALL = 1_000_000
"""More receiver calls than are ever still to be placed."""


class SqliteStore:
    """One open store: the ports of the engine, and what the process keeps besides. `disk` reads timelines from the
    file itself, never from memory."""

    def __init__(self, writer: Writer, reader: Reader, books: Bookkeeper, waiters: Waiters, clock: Clock) -> None:
        porter = Porter()
        self._writer = writer
        self._reader = reader
        self._porter = porter
        self._books = books
        self.disk = Disk(reader)
        self.timeline = SqliteTimeline(writer, books, self.disk, waiters)
        self.register = SqliteRegister(writer, books, porter, reader, clock)
        self.memory = SqliteMemory(writer, porter, reader)
        self.changes = SqliteChanges(writer, porter, reader)
        self.posts = SqlitePosts(writer, porter, reader)
        self.room = SqliteRoomLog(writer, porter, reader)
        self.seen = SqliteSeen(writer, porter, clock)
        self.sessions = SqliteSessions(writer, porter, reader, clock)

    async def raw(self, ref: str) -> Raw | None:
        """A receiver call kept by `register.keep_raw`."""
        return await self.register.raw(ref)

    async def reindex(self) -> int:
        """Rebuild the index of incidents and alerts from the timelines alone; returns how many incidents there are."""
        count: int = await self._writer.ask(self._porter, rebuild)
        self._books.forget()
        return count

    async def trouble(self) -> str:
        """Why alerts cannot be stored now, in English; "" where they can. Costs a write only after one that failed."""
        if self._writer.trouble is None:
            return ""
        try:
            await self._writer.ask(self._porter, _try_room)
        except StoreError as error:
            return str(error)
        return ""

    async def limit(self, pages: int) -> None:
        """Let the file grow to this many pages (4,096 bytes each) at most; what needs more raises StoreFull."""

        def chore(db: sqlite3.Connection) -> None:
            db.execute(f"PRAGMA max_page_count = {int(pages)}")

        await self._writer.ask(self._porter, chore)


def _try_room(db: sqlite3.Connection) -> None:
    """Take as much room as an ordinary receiver call does, and give it back in the same commit."""
    db.execute("CREATE TABLE room_tried (content BLOB)")
    db.execute("INSERT INTO room_tried VALUES (zeroblob(65536))")
    db.execute("DROP TABLE room_tried")


@asynccontextmanager
async def open_sqlite(path: Path, clock: Clock, ids: Ids, *, remember: int = ROOM) -> AsyncIterator[SqliteStore]:
    """Open the store at `path`, creating or upgrading it; `remember` is how many characters of timelines stay in memory
    (the newest one always does). StoreBusy while another process holds it; StoreFull where nothing can be written;
    StoreError for a newer schema or a file that is no store."""
    with held(path):
        async with _connected(path) as db, _connected(path, upgrading=False) as reading:
            writer = Writer(db, path)
            async with _running(writer):
                (last,) = await db.execute_fetchall(queries("register")["last_number"])
                waiters = Waiters()
                books = Bookkeeper(ids, int(last[0]) + 1, waiters.tell, Shelf(remember))
                store = SqliteStore(writer, Reader(reading, path), books, waiters, clock)
                books.remember(await store.register.admitted(ALL))
                await store.changes.load()
                yield store


@asynccontextmanager
async def open_beside(path: Path, clock: Clock, ids: Ids) -> AsyncIterator[SqliteStore]:
    """Open a store that another process may be holding: everything can be read and sign-ins can be written, which are
    chained to nothing the holder writes. All other writing raises StoreError; waiting wakes nobody. StoreFull where
    there is no file, StoreError where its schema is another."""
    present(path)
    async with _connected(path, upgrading=False) as db, _connected(path, upgrading=False) as reading:
        await known(db, path)
        closed, writer = Writer(db, path), Writer(db, path)
        closed.close()
        waiters = Waiters()
        reader = Reader(reading, path)
        store = SqliteStore(closed, reader, Bookkeeper(ids, 0, waiters.tell, Shelf(0)), waiters, clock)
        store.sessions = SqliteSessions(writer, Porter(), reader, clock)
        async with _running(writer):
            yield store


async def migrate(path: Path) -> tuple[int, int]:
    """Bring a store nobody holds to the newest schema; returns the versions before and after."""
    with held(path):
        async with _connected(path, upgrading=False) as db:
            return await upgrade(db, path)


@asynccontextmanager
async def _connected(path: Path, *, upgrading: bool = True) -> AsyncIterator[Connection]:
    async with AsyncExitStack() as stack:
        try:
            # Tried first without a thread of its own: a connection that fails to open leaves aiosqlite's behind.
            await asyncio.to_thread(_try, path)
            db = await stack.enter_async_context(connect(path))
            await found(db, path)
            for pragma in PRAGMAS:
                await db.execute_fetchall(pragma)
            if upgrading:
                await upgrade(db, path)
        except sqlite3.Error as error:
            raise named(error, path) from error
        yield db


def _try(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA schema_version")


@asynccontextmanager
async def _running(writer: Writer) -> AsyncIterator[None]:
    """The writer's life around a body. What the body raises comes out as it is, not wrapped in a group."""
    try:
        async with asyncio.TaskGroup() as group:
            life = group.create_task(writer.run(), name="store writer")
            try:
                yield
            finally:
                writer.close()
                await life
    except BaseExceptionGroup as errors:
        if len(errors.exceptions) == 1:
            raise errors.exceptions[0] from errors.exceptions[0].__cause__
        raise
