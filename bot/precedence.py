"""Lets alerts go first: while many are being taken in, lives begin later, and never more than so many at a time."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from engine.ports import Clock

PLACES = 32
"""How many lives may be on their way to their first wait at a time."""

FEW = 4
"""How many calls of alert receivers may be under way before the rest of the work steps back."""

LULL = 0.1
"""Seconds without such a crowd after which work goes on."""

LONGEST = 2.0
"""Seconds other work steps back at most: a flood that never ends slows it down and does not stop it."""

Leave = Callable[[], None]
"""Gives a place back; twice is once."""


class Precedence:
    """Who goes first. An alert counts as taken in once it is on the disk; what follows from it can wait a little."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._free = PLACES
        self._freed = asyncio.Event()
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
            self._calls -= 1

    def place(self) -> Leave | None:
        """A place for one life, where there is one and nobody goes first."""
        return self._taken() if self._free and self._calm() else None

    @property
    def crowded(self) -> bool:
        """Whether many calls of alert receivers are under way, or were a moment ago."""
        return not self._calm()

    async def lull(self) -> None:
        """Step back while alerts crowd in, but not for ever."""
        for _ in range(int(LONGEST / LULL)):
            if self._calm():
                return
            await self._clock.sleep(LULL)

    async def turn(self) -> Leave:
        """A place for one life, as soon as there is one and no crowd of alerts goes first."""
        await self.lull()
        while not self._free:
            self._freed.clear()
            await self._freed.wait()
        return self._taken()

    def _taken(self) -> Leave:
        held = True
        self._free -= 1

        def leave() -> None:
            nonlocal held
            if held:
                held = False
                self._free += 1
                self._freed.set()

        return leave

    def _look(self) -> None:
        if self._calls > FEW:
            self._crowded_at = self._clock.now()

    def _calm(self) -> bool:
        return (self._clock.now() - self._crowded_at).total_seconds() > LULL
