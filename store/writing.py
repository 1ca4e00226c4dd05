"""Writes for everybody: takes all that is waiting and writes it in one durable commit, then wakes those who asked."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from engine.errors import StoreFull
from store.connection import Connection, write
from store.trouble import closed, named

MOST = 64
"""How many errands share a commit at most; bounds how long the first waits and how long the loop is held."""

CROWD = 4
"""How many must have shared a commit for the next one to wait for them: who is answered in a crowd asks again."""

RETURN = 0.004
"""Seconds it waits for them at most, unless told otherwise."""

TRIES = 8
"""How often a commit is tried again because of what was drawn by chance."""


class Errand:
    """One piece of work on its way into a commit. As a context it takes the errors of serving it, which belong to
    whoever asked; those of the database belong to the whole commit and pass."""

    def __init__(self, clerk: "Clerk", work: Any) -> None:
        self.clerk = clerk
        self.work = work
        self.result: Any = None
        self.error: Exception | None = None
        self.done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def __enter__(self) -> None:
        self.result = None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> bool:
        if not isinstance(error, Exception) or isinstance(error, sqlite3.Error):
            return False
        self.error = error
        return True

    def deliver(self) -> None:
        """Wake the one who asked, if still there."""
        if self.done.done():
            return
        if self.error is not None:
            self.done.set_exception(self.error)
        else:
            self.done.set_result(self.result)


class Clerk(Protocol):
    """Knows how to serve one sort of work."""

    def serve(self, db: sqlite3.Connection, errands: Sequence[Errand]) -> Callable[[], None]:
        """Write for these errands within the open transaction and set their results; what is returned is called once
        that is committed. Runs in the thread of the file, so it changes nothing the loop reads, while what is returned
        runs in the loop. Called again for the same errands if the commit failed."""
        ...

    def forget(self) -> None:
        """Drop what is remembered of the database: a commit failed, and who knows how far it came."""
        ...


class Writer:
    """The one who writes. `run` is its life; `ask` hands it work and waits for the commit."""

    def __init__(self, db: Connection, path: Path, patience: float = RETURN) -> None:
        self.path = path
        self._db = db
        self._patience = patience
        self._waiting: deque[Errand] = deque()
        self._writing: list[Errand] = []
        self._bell = asyncio.Event()
        self._expected = 0
        self._enough = asyncio.Event()
        self._closing = False
        self.trouble: StoreFull | None = None
        """Why nothing can be written; None since the last commit that went well."""

    async def ask(self, clerk: Clerk, work: Any) -> Any:
        """Durable on return. Who is cancelled while waiting leaves the work in the queue, and it is written."""
        if self._closing:
            raise closed(self.path)
        errand = Errand(clerk, work)
        self._waiting.append(errand)
        self._bell.set()
        if len(self._waiting) >= self._expected:
            self._enough.set()
        return await errand.done

    def close(self) -> None:
        """Take no more work; `run` ends once what waits is written."""
        self._closing = True
        self._bell.set()

    async def run(self) -> None:
        """Write whatever is waiting, until closed."""
        try:
            while self._waiting or not self._closing:
                await self._bell.wait()
                self._bell.clear()
                while self._waiting:
                    await self._gathered()
                    self._writing = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
                    await self._serve(self._writing)
                    self._expect(len(self._writing))
        finally:
            self._closing = True
            for errand in (*self._writing, *self._waiting):
                errand.error = closed(self.path)
                errand.deliver()

    def _expect(self, answered: int) -> None:
        """Whom the next commit is for: who waits already, and in a crowd who was answered just now."""
        self._expected = min(MOST, len(self._waiting) + answered) if answered >= CROWD else 0

    async def _gathered(self) -> None:
        """Let everybody join who is about to ask: a commit costs as much for one as for many."""
        known = 0
        while known != len(self._waiting) < MOST:
            known = len(self._waiting)
            await asyncio.sleep(0)
        self._enough.clear()
        if len(self._waiting) < self._expected:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience):
                    await self._enough.wait()

    async def _serve(self, errands: Sequence[Errand], tries: int = TRIES) -> None:
        attempt = Attempt()
        committed: Sequence[Callable[[], None]] = ()
        with attempt:
            committed = await self._db.within(lambda db: _commit(db, errands))
        if attempt.error is None:
            self.trouble = None
            for step in committed:
                step()
            _deliver(errands)
            return
        await self._undo(errands)
        if isinstance(attempt.error, sqlite3.IntegrityError) and tries:
            # A drawn id was taken: the clerk, who was told to forget, draws another.
            await self._serve(errands, tries - 1)
        elif len(errands) > 1:
            # One of them may have spoilt it for all: each gets a commit of its own, and its own error.
            for errand in errands:
                await self._serve([errand])
        else:
            errands[0].error = error = named(attempt.error, self.path)
            self.trouble = error if isinstance(error, StoreFull) else None
            _deliver(errands)

    async def _undo(self, errands: Sequence[Errand]) -> None:
        for clerk, _ in _by_clerk(errands):
            clerk.forget()
        with Attempt():
            await self._db.rollback()


def _commit(db: sqlite3.Connection, errands: Sequence[Errand]) -> Sequence[Callable[[], None]]:
    committed = [clerk.serve(db, mine) for clerk, mine in _by_clerk(errands)]
    db.commit()
    return committed


class Attempt:
    """Takes the error of a commit, so that it reaches those who asked for the commit and nobody else."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    def __enter__(self) -> None:
        self.error = None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> bool:
        self.error = error if isinstance(error, Exception) else None
        return self.error is not None


def _by_clerk(errands: Sequence[Errand]) -> Iterable[tuple[Clerk, Sequence[Errand]]]:
    clerks = dict.fromkeys(errand.clerk for errand in errands)
    return [(clerk, [errand for errand in errands if errand.clerk is clerk]) for clerk in clerks]


def _deliver(errands: Sequence[Errand]) -> None:
    for errand in errands:
        errand.deliver()


Chore = Callable[[sqlite3.Connection], Any]
"""Work that needs no neighbours: statements on the open transaction. It checks before it writes; it may run again."""


class Porter:
    """Serves chores one after the other, and rows for the same statement together."""

    def serve(self, db: sqlite3.Connection, errands: Sequence[Errand]) -> Callable[[], None]:
        rows: dict[str, list[tuple[Any, ...]]] = {}
        for errand in errands:
            if isinstance(errand.work, Rows):
                rows.setdefault(errand.work.statement, []).extend(errand.work.rows)
        for statement, all_rows in rows.items():
            write(db, statement, all_rows)
        for errand in errands:
            if not isinstance(errand.work, Rows):
                with errand:
                    errand.result = errand.work(db)
        return _nothing

    def forget(self) -> None:
        """Remembers nothing."""


class Rows:
    """Rows for one statement, with no answer but that they are written."""

    def __init__(self, statement: str, *rows: tuple[Any, ...]) -> None:
        self.statement = statement
        self.rows = rows


def _nothing() -> None:
    pass
