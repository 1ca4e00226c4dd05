"""Says which part of a window an answer with single events really covers, so that "new" is never claimed blindly."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.model import Observation, Window

LEAST_BEFORE = 0.2
"""Share of the covered time that counts as before where a cut answer reaches back no further than the split."""


@dataclass(frozen=True)
class Coverage:
    """`start`…`split` is before, `split`…`end` after, in unix seconds."""

    start: float
    split: float
    end: float

    def share(self, at: float) -> float:
        """How much of the time looked at had passed by then, 0…1."""
        return min(max((at - self.start) / max(self.end - self.start, 1e-3), 0.0), 1.0)

    def surge(self, before: int, after: int) -> float:
        """How many times more often something happens after than before; half an event is granted to before."""
        early, late = max(self.split - self.start, 1e-3), max(self.end - self.split, 1e-3)
        return (after / late) / (max(before, 0.5) / early)


def coverage(times: Sequence[float], answers: Sequence[Observation], window: Window) -> Coverage:
    """What events at `times` (unix seconds) cover: the window, or less of it where an answer was cut.

    A cut answer that does not say how far back it is complete is taken to keep the newest.
    """
    start, split, end = window.start.timestamp(), window.split.timestamp(), window.end.timestamp()
    cut = [each for each in answers if each.truncated]
    if not cut or not times:
        return Coverage(start, split, end)
    oldest = min(times)
    known = [oldest if each.complete_since is None else each.complete_since.timestamp() for each in cut]
    since = min(max(*known, start), end)
    return Coverage(since, max(split, since + LEAST_BEFORE * (end - since)), end)
