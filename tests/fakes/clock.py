"""Fakes time and chance: a clock that moves only when told, and ids that count."""

import asyncio
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush

START = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
TURNS = 200


class FakeClock:
    """Virtual time. `advance` wakes sleepers in order of their due time and lets the loop run dry after each; with
    `auto`, a sleep moves the time itself (for one sleeper at a time)."""

    def __init__(self, start: datetime = START, *, auto: bool = False) -> None:
        self._now = start
        self._auto = auto
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._count = 0

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0 or self._auto:
            self._now += timedelta(seconds=max(0.0, seconds))
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heappush(self._sleepers, (self._now + timedelta(seconds=seconds), self._count, woken))
        await woken

    @property
    def sleepers(self) -> int:
        """How many sleep and were not cancelled."""
        return sum(not woken.done() for _, _, woken in self._sleepers)

    async def advance(self, seconds: float) -> None:
        """Let this much time pass."""
        await settle()
        until = self._now + timedelta(seconds=seconds)
        while self._sleepers and self._sleepers[0][0] <= until:
            due, _, woken = heappop(self._sleepers)
            self._now = max(self._now, due)
            if not woken.done():
                woken.set_result(None)
                await settle()
        self._now = until
        await settle()


async def settle(turns: int = TURNS) -> None:
    """Let everything that is ready run."""
    for _ in range(turns):
        await asyncio.sleep(0)


class FakeIds:
    """Ids that count up for each prefix: inc_00000001, inc_00000002, …"""

    def __init__(self, start: int = 1) -> None:
        self._counts: defaultdict[str, int] = defaultdict(lambda: start)

    def draw(self, prefix: str) -> str:
        drawn = f"{prefix}_{self._counts[prefix]:08x}"
        self._counts[prefix] += 1
        return drawn
