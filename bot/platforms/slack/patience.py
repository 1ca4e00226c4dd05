"""Says how long the connection to Slack is waited for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """Seconds: between two looks at the connection, until a dead one is given up, for opening one, between pings, and
    the first and the longest pause before another try."""

    look: float = 1.0
    dead: float = 10.0
    opening: float = 15.0
    ping: float = 5.0
    first_retry: float = 1.0
    longest_retry: float = 60.0
