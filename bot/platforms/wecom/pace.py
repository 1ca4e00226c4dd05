"""Counts what goes into each chat, so that WeCom's limits are kept and people who ask are answered all the same."""

from collections import defaultdict, deque
from datetime import datetime, timedelta

from bot.platforms.wecom.errors import busy
from engine.ports import Clock

A_MINUTE = 30
AN_HOUR = 1_000
"""Messages into one chat (reported from the official page of the long connection)."""
FOR_ANSWERS = 6
"""Of those in a minute kept for answers to people; cards wait for the next minute."""
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


class Windows:
    """What was sent to each chat within the last hour."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sent: defaultdict[str, deque[datetime]] = defaultdict(deque)

    def take(self, room: str, *, answer: bool = False) -> None:
        """Count one message. PlatformBusy where it would go over a limit; an answer is only counted."""
        now = self._clock.now()
        sent = self._sent[room]
        while sent and sent[0] <= now - HOUR:
            sent.popleft()
        if not answer:
            for most, span in ((A_MINUTE - FOR_ANSWERS, MINUTE), (AN_HOUR - FOR_ANSWERS, HOUR)):
                if len(sent) >= most and (since := now - sent[-most]) < span:
                    raise busy("wecom.pace", (span - since).total_seconds())
        sent.append(now)
