"""Bounds what refused requests write: a few of each person in a while, and of the rest how many there were."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.ports import Draft, Timeline

FEW = 5
SPAN = timedelta(minutes=10)
MOST_KEPT = 1_000


@dataclass
class Attempts:
    """What one actor tried in vain at one incident since a moment; `uncounted` were not written down one by one."""

    incident: str
    actor: str
    since: datetime
    written: int = 0
    uncounted: int = 0

    def entry(self, now: datetime) -> Draft:
        """How many there were besides, as one entry."""
        body = {"to": self.actor, "more": self.uncounted, "since": self.since.isoformat()}
        key = f"refused:{self.actor}:{self.since:%Y%m%dT%H%M%S}"
        return Draft(key=key, kind="request.refused", actor=self.actor, at=now, body=body)


class Refusals:
    """Knows what was refused lately. A process that ends takes the counts with it, never an entry."""

    def __init__(self) -> None:
        self._now: OrderedDict[tuple[str, str], Attempts] = OrderedDict()
        self._over: list[Attempts] = []

    def admits(self, incident: str, actor: str, now: datetime) -> bool:
        """Whether this refusal is to be written down by itself; it is counted otherwise."""
        key = (incident, actor)
        if key in self._now and now - self._now[key].since >= SPAN:
            self._over.append(self._now.pop(key))
        known = self._now.setdefault(key, Attempts(incident, actor, now))
        while len(self._now) > MOST_KEPT:
            self._over.append(self._now.popitem(last=False)[1])
        if known.written < FEW:
            known.written += 1
            return True
        known.uncounted += 1
        return False

    def ended(self, now: datetime) -> Iterator[Attempts]:
        """Those whose time is over, each once; only where something is left to be told."""
        while self._now and now - next(iter(self._now.values())).since >= SPAN:
            self._over.append(self._now.popitem(last=False)[1])
        over, self._over = self._over, []
        yield from (each for each in over if each.uncounted)

    async def count(self, timeline: Timeline, now: datetime) -> None:
        """Write down how many there were besides those that were written, actor by actor."""
        for each in self.ended(now):
            await timeline.write(each.incident, each.entry(now))
