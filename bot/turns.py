"""Gives each message its turn, so that no room is sent to more often than its platform published."""

from datetime import datetime, timedelta

from bot.platforms.contract import Pace
from engine.ports import Clock

LONGEST_TURN = timedelta(seconds=60)
"""A turn further away than this was given before somebody turned the clock back."""


class Turns:
    """Hands out moments to send, evenly spaced in each room. A room that fails takes no turn of another."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._free: dict[str, datetime] = {}

    async def take(self, room: str, pace: Pace) -> float:
        """Wait until this room may be sent to; returns how long that took, in seconds."""
        now = self._clock.now()
        turn = max(now, self._free.get(room, now))
        if turn - now > LONGEST_TURN:
            turn = now
        self._free[room] = turn + timedelta(seconds=1.0 / pace.per_second)
        waited = (turn - now).total_seconds()
        if waited > 0:
            await self._clock.sleep(waited)
        return waited
