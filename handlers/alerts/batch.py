"""Names what one call of an alert receiver held, once its format was read."""

from engine.model import Alert, Value


class Unreadable(Value):
    """One item of a call that could not be read, raw (cut to 4,000 characters)."""

    raw: str
    reason: str


class Batch(Value):
    """What one call of an alert receiver held: the readable alerts, and the unreadable ones raw and named."""

    alerts: tuple[Alert, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    truncated: int = 0
    heartbeats: tuple[Alert, ...] = ()
