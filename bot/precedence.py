"""Lets alerts go first: while many are being taken in, lives begin later, and never more than so many at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime

from engine.ports import Clock

PLACES = 32
"""How many lives may be on their way to their first wait at a time."""

FEW = 4
"""How many calls of alert receivers may be under way before the rest of the work steps back."""

LULL = 0.1
"""Seconds without such a crowd after which work goes on."""

LONGEST = 5.0
"""Seconds work steps back at most: a flood that never ends slows it down and does not stop it."""


class Precedence:
    """Who goes first. An alert counts as taken in once it is on the disk; what follows from it can wait a little."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._free = asyncio.Semaphore(PLACES)
        self._calls = 0
        self._crowded_at = datetime.min.replace(tzinfo=UTC)

    @contextmanager
    def taking_alerts(self) -> Iterator[None]:
        """Around each call of an alert receiver."""
        self._calls += 1
        self._look()
        try:
            yield
        finally:
            self._look()
            self._calls -= 1

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Callable[[], None]]:
        """A place for one life. It gets it in its turn and gives it back with what it is handed here, at the latest at
        the end of the block; twice is once."""
        await self._free.acquire()
        held = True

        def leave() -> None:
            nonlocal held
            if held:
                held = False
                self._free.release()

        try:
            await self._calm()
            yield leave
        finally:
            leave()

    def _look(self) -> None:
        if self._calls > FEW:
            self._crowded_at = self._clock.now()

    async def _calm(self) -> None:
        for _ in range(int(LONGEST / LULL)):
            if (self._clock.now() - self._crowded_at).total_seconds() > LULL:
                return
            await self._clock.sleep(LULL)
