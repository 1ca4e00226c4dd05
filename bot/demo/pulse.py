"""Measures how late the demo world itself is: a machine with too much to do slows every service."""

import asyncio
from collections import deque

BEAT_S = 0.05
USUAL_S = 0.02
"""As late as a beat may be with nothing wrong."""
WINDOW_S = 10.0
KEEP_S = 60.0


class Pulse:
    """The beats that came late: when, and by how many seconds more than usual."""

    def __init__(self) -> None:
        self._late: deque[tuple[float, float]] = deque()

    async def run(self) -> None:
        """Beat until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + BEAT_S
            await asyncio.sleep(BEAT_S)
            self.note(loop.time(), loop.time() - due)

    def note(self, now: float, late: float) -> None:
        """Keep one beat that came `late` seconds too late."""
        if late > USUAL_S:
            self._late.append((now, late - USUAL_S))
        while self._late and self._late[0][0] < now - KEEP_S:
            self._late.popleft()

    def starved(self) -> float:
        """The largest share of ten seconds, in the last minute, in which the world stood still."""
        return max(
            (sum(late for at, late in self._late if end - WINDOW_S < at <= end) / WINDOW_S for end, _ in self._late),
            default=0.0,
        )
