"""Notices that a room takes nothing any more, and names the room that shows its incidents meanwhile.

The rule: a room that took nothing for three minutes while something was due there is away. Every incident with
something due in it, unless it is closed, is then shown whole in the team's next room that is not away: the first on
another platform, else the first at all; with a note that says why. From then on both rooms show that incident.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from cards.model import Card, Prose
from cards.words import Words
from engine.model import Phrase
from engine.ports import Clock
from store.rooms import Posts

AWAY_AFTER = timedelta(minutes=3)
LOOK_EVERY = timedelta(seconds=10)
NOTE = "stand_in:"
"""The slot of the note, with the room that is away behind it: one note per incident and room, however often."""

Elsewhere = Callable[[str], Awaitable[Sequence[str]]]
"""The rooms that may show an incident, in the team's order; none once it is closed."""


async def nowhere(incident: str) -> Sequence[str]:
    """No other room at all."""
    return ()


class StandIn:
    """Keeps since when each room takes nothing."""

    def __init__(self, posts: Posts, elsewhere: Elsewhere, clock: Clock) -> None:
        self._posts = posts
        self._elsewhere = elsewhere
        self._clock = clock
        self._since: dict[str, datetime] = {}
        self._why: dict[str, Phrase] = {}
        self._looked: dict[str, datetime] = {}

    def took(self, room: str) -> None:
        """The room took a message."""
        self._since.pop(room, None)
        self._why.pop(room, None)

    def refused(self, room: str, why: Phrase | None) -> None:
        """The room did not take a message; `why`, where the platform said so."""
        self._since.setdefault(room, self._clock.now())
        if why is not None:
            self._why[room] = why

    def lost(self, room: str, why: Phrase) -> None:
        """The platform says that the room takes nothing any more: nobody needs to wait until that shows."""
        self._since[room] = min(self._since.get(room, self._clock.now()), self._clock.now() - AWAY_AFTER)
        self._why[room] = why
        self._looked.pop(room, None)

    def explained(self, slot: str, card: Card) -> Card:
        """A note with why its room takes nothing, as far as that is known."""
        why = self._why.get(slot.removeprefix(NOTE)) if slot.startswith(NOTE) else None
        if why is None:
            return card
        return replace(card, blocks=(*card.blocks, Prose(Words(card.language).say(why))))

    def away(self, room: str) -> bool:
        """Whether the room has taken nothing for too long."""
        since = self._since.get(room)
        return since is not None and self._clock.now() - since >= AWAY_AFTER

    async def wishes(self, room: str) -> Sequence[tuple[str, str, tuple[str, ...]]]:
        """What other rooms are to show in place of this one, as (room, incident, slots): nothing unless it is away, and
        nothing that was asked for before. Looks at most every ten seconds."""
        now = self._clock.now()
        if not self.away(room) or now - self._looked.get(room, now - LOOK_EVERY) < LOOK_EVERY:
            return ()
        self._looked[room] = now
        waiting = dict.fromkeys(post.incident for post in await self._posts.due(room))
        wishes = [(await self._next(room, incident), incident) for incident in waiting]
        lent = [(there, incident, await self._missing(room, there, incident)) for there, incident in wishes if there]
        return [wish for wish in lent if wish[2]]

    async def _next(self, room: str, incident: str) -> str:
        platform = room.partition(":")[0]
        others = [other for other in await self._elsewhere(incident) if other != room and not self.away(other)]
        return min(others, key=lambda other: other.partition(":")[0] == platform, default="")

    async def _missing(self, room: str, there: str, incident: str) -> tuple[str, ...]:
        posts = await self._posts.of(incident)
        asked = {post.slot for post in posts if post.room == there}
        slots = [post.slot for post in posts if post.room == room and not post.slot.startswith(NOTE)]
        return tuple(slot for slot in (*slots, NOTE + room) if slot not in asked)
