"""Keeps calls of one method within what Slack takes per minute, over all rooms: they queue here instead of failing."""

from bot.platforms.slack.refusals import too_fast
from engine.ports import Clock

PER_MINUTE = {"chat.update": 50, "conversations.history": 50, "conversations.replies": 50}
"""Slack's tier 3; what is called less often needs no keeping."""
BURST = 10
LONGEST = 8.0
"""Seconds a call may queue; whoever comes later is told to come back."""


class Tiers:
    """One bucket of turns per method: a few at once, then one by one, never more than the tier in any minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._filled: dict[str, tuple[float, float]] = {}

    async def turn(self, method: str) -> None:
        """Wait for a turn. PlatformBusy where that would take too long."""
        if method not in PER_MINUTE:
            return
        rate = (PER_MINUTE[method] - BURST) / 60.0
        now = self._clock.now().timestamp()
        level, at = self._filled.get(method, (float(BURST), now))
        level = min(float(BURST), level + max(0.0, now - at) * rate)
        wait = max(0.0, (1.0 - level) / rate)
        if wait > LONGEST:
            raise too_fast(method, wait)
        self._filled[method] = level - 1.0, now
        if wait:
            await self._clock.sleep(wait)
