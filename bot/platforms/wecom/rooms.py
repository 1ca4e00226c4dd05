"""Finds which incident a message without a thread is about: what it quotes or names, else the only one of late."""

import re
from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from cards.model import Block, Button, Buttons, Card, Fold
from engine.ports import Clock

INCIDENT = re.compile(r"(?<![0-9A-Za-z_])inc_[0-9a-f]{8}(?![0-9A-Za-z])")
NAMED = re.compile(r"(?<![0-9A-Za-z_])[a-z]{2,12}_[0-9a-f]{8}(?![0-9A-Za-z])")
OF_LATE = timedelta(hours=1)
MOST_IDS = 4_000


class Rooms:
    """What was shown where. Kept in memory: after a restart a message must name or quote its incident until the next
    card of it is shown."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._shown: defaultdict[str, dict[str, datetime]] = defaultdict(dict)
        self._owners: OrderedDict[str, str] = OrderedDict()

    def showed(self, room: str, card: Card) -> None:
        """Remember that this card went into this room."""
        if not card.incident:
            return
        now = self._clock.now()
        there = self._shown[room]
        there[card.incident] = now
        for old in [incident for incident, at in there.items() if now - at > OF_LATE]:
            del there[old]
        for id in _ids(card.blocks):
            self._owners[id] = card.incident
        while len(self._owners) > MOST_IDS:
            self._owners.popitem(last=False)

    def incident(self, room: str, text: str, quoted: str) -> str:
        """The incident a message is about; "" where that is not certain."""
        for said in (quoted, text):
            if (found := self._named(said)) is not None:
                return found
        now = self._clock.now()
        of_late = [incident for incident, at in self._shown[room].items() if now - at <= OF_LATE]
        return of_late[0] if len(of_late) == 1 else ""

    def _named(self, said: str) -> str | None:
        """The incident named, by its own id or that of something of it; "" where several are, None where none is."""
        owners = {self._owners[id] for id in NAMED.findall(said) if id in self._owners}
        found = set(INCIDENT.findall(said)) or owners
        if not found:
            return None
        return found.pop() if len(found) == 1 else ""


def _ids(blocks: Iterable[Block]) -> Iterable[str]:
    """The ids buttons carry: an approval, a plan, a constraint, a lesson."""
    for block in blocks:
        match block:
            case Buttons():
                for item in block.buttons:
                    if isinstance(item, Button):
                        yield from (value for name, value in item.value.items() if name != "incident")
            case Fold():
                yield from _ids(block.blocks)
            case _:
                pass
