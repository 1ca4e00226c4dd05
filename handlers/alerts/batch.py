"""Names what one call of an alert receiver held, once its format was read."""

from typing import NamedTuple

from engine.model import Alert


class Unreadable(NamedTuple):
    """One item of a call that could not be read, raw (cut to 4,000 characters)."""

    raw: str
    reason: str


class Batch(NamedTuple):
    """What one call of an alert receiver held: the readable alerts, and the unreadable ones raw and named."""

    alerts: tuple[Alert, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    truncated: int = 0
    heartbeats: tuple[Alert, ...] = ()
