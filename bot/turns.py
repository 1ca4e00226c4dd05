"""Gives each message its turn, so that no room and no platform is asked more often than it published."""

from datetime import datetime, timedelta

from bot.platforms.contract import Pace
from engine.ports import Clock

LONGEST_TURN = timedelta(seconds=120)
"""A turn further away than this was given before somebody turned the clock back."""


class Turns:
    """Hands out moments to send: evenly spaced in each room, and among all rooms of a platform where its edits are
    limited together. Nobody waits for another room's failure: only what is really sent takes a turn."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._free: dict[str, datetime] = {}

    async def take(self, room: str, pace: Pace, *, edit: bool = False) -> float:
        """Wait until this room ("platform:room") may be sent to; returns how long that took, in seconds."""
        now = self._clock.now()
        needs = {room: pace.per_second}
        if edit and pace.edits_per_second:
            needs[room.partition(":")[0]] = pace.edits_per_second
        turn = max(now, *(self._free.get(name, now) for name in needs))
        if turn - now > LONGEST_TURN:
            turn = now
        self._free |= {name: turn + timedelta(seconds=1.0 / rate) for name, rate in needs.items()}
        waited = (turn - now).total_seconds()
        if waited > 0:
            await self._clock.sleep(waited)
        return waited
