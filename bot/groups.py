"""Knows who is in the user groups that team files name: asked again every few minutes, and at once when one changed."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.crew import Crew
from bot.platforms.contract import Grouped, Platform
from engine.errors import PlatformError
from engine.ports import Clock, Teams

log = logging.getLogger("tocsin.groups")

LOOK_EVERY = 60.0
"""Seconds between two looks at what has to be asked."""
FRESH = timedelta(minutes=5)
"""How long an answer is not asked for again."""
LASTS = timedelta(minutes=15)
"""How long an answer counts: a platform may be away for a while, and whoever left a group must not approve for long."""


class Groups:
    """Members by group ("platform:group:id"), as "platform:account". What nobody could say lately is not known, and
    whoever is in such a group counts for nothing more."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, tuple[datetime, frozenset[str]]] = {}
        self._turn = 0
        self._crew: Crew | None = None
        self._teams: Teams | None = None
        self._platforms: Mapping[str, Platform] = {}

    def keep(self, crew: Crew, teams: Teams, platforms: Mapping[str, Platform]) -> None:
        """Ask these platforms for the groups these teams name, from now on."""
        self._crew, self._teams, self._platforms = crew, teams, platforms
        crew.start("user groups", self._rounds)

    def members(self, group: str) -> frozenset[str] | None:
        """Who is in this group; None where nobody knows."""
        at, found = self._known.get(group, (None, frozenset[str]()))
        return found if at is not None and self._clock.now() - at <= LASTS else None

    def changed(self, group: str) -> None:
        """Know nothing any more of a group, or of all that begin so, and ask at once: somebody may have been taken
        out."""
        self._turn += 1
        self._known = {known: found for known, found in self._known.items() if not known.startswith(group)}
        if self._crew is not None:
            self._crew.start("user groups, now", self.refresh)

    async def refresh(self) -> None:
        """Ask for every group that a team names and nobody asked for lately; again where one changed meanwhile."""
        turn = -1
        while turn != self._turn:
            turn = self._turn
            for group in sorted(
                {group for team in self._teams.all() for group in team.approvers} if self._teams else ()
            ):
                at, _ = self._known.get(group, (None, None))
                if at is None or self._clock.now() - at >= FRESH:
                    await self._ask(group)

    async def _ask(self, group: str) -> None:
        name, _, id = group.partition(":group:")
        platform: object = self._platforms.get(name)
        if not isinstance(platform, Grouped):
            return
        turn = self._turn
        try:
            found = await platform.members(id)
        except PlatformError as error:
            log.warning("nobody knows who is in %s, so nobody approves by it: %s", group, error)
            return
        if turn == self._turn:
            self._known[group] = self._clock.now(), frozenset(f"{name}:{account}" for account in found)

    async def _rounds(self) -> None:
        while True:
            await self.refresh()
            await self._clock.sleep(LOOK_EVERY)
