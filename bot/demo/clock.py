"""Tells the demo world what time it is, so that tests can tell it another."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> float:
        """Seconds since 1970, UTC."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> float:
        """Seconds since 1970, UTC."""
        return time.time()


def rfc3339(at: float, digits: int = 3) -> str:
    """Write `at` (seconds since 1970) as RFC 3339 in UTC with `digits` (0 to 6) digits of a second."""
    text = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return (text[: len(text) - 6 + digits] if digits else text[:-7]) + "Z"


def parse_rfc3339(text: str) -> float:
    """Read RFC 3339 with up to nine digits of a second; raises ValueError when it is something else."""
    cleaned = text.strip().replace("Z", "+00:00").replace("z", "+00:00")
    if "T" not in cleaned and "t" not in cleaned:
        raise ValueError(f'cannot parse "{text}" as a date with a time')
    moment = datetime.fromisoformat(cleaned)
    if moment.tzinfo is None:
        raise ValueError(f'"{text}" names no time zone')
    return moment.timestamp()
