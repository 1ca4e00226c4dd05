"""Keeps live cards fresh where they hang in rooms: a bounded round for a limited time after somebody last asked."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from bot.board import Board
from bot.platforms.contract import Platform
from cards.words import Words
from engine.errors import UnknownName
from engine.ports import Clock
from engine.team import Team
from handlers import monitor
from handlers.visit import House

LASTS = timedelta(hours=2)
"""How long a card stays fresh by itself after somebody asked for it."""
MOST = 20
"""Cards kept fresh at once; the one asked for longest ago goes first."""
AT_ONCE = 4
"""Cards whose sources are asked at the same time."""


@runtime_checkable
class ShowsAnew(Protocol):
    """A platform on which every change of a card is another message, so that nobody wants one each minute."""

    @property
    def shows_anew(self) -> bool: ...


@dataclass(frozen=True)
class Fresh:
    """A card that hangs somewhere, and until when it is kept fresh."""

    team: str
    room: str
    service: str
    until: datetime


class Monitors:
    """The cards that are kept fresh. They are forgotten when the process ends: a card says "at the latest"."""

    def __init__(self, board: Board, platforms: Mapping[str, Platform], clock: Clock) -> None:
        self._board = board
        self._platforms = platforms
        self._clock = clock
        self._house: House | None = None
        self._kept: dict[tuple[str, str, str], Fresh] = {}

    def draw_with(self, house: House) -> None:
        """Say what cards are drawn with; it lends this itself."""
        self._house = house

    def keep(self, team: Team, room: str, service: str) -> datetime | None:
        """Keep this card fresh from now on; until when, None where it is not."""
        platform: object = self._platforms.get(room.partition(":")[0])
        if isinstance(platform, ShowsAnew) and platform.shows_anew:
            return None
        key = (team.id, room, service)
        self._kept.pop(key, None)
        self._kept[key] = Fresh(*key, self._clock.now() + LASTS)
        while len(self._kept) > MOST:
            self._kept.pop(next(iter(self._kept)))
        return self._kept[key].until

    async def round(self) -> None:
        """Draw every card anew; one whose time is over for the last time, and it says so."""
        turns = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for each in list(self._kept.values()):
                group.create_task(self._draw(each, turns))

    async def _draw(self, each: Fresh, turns: asyncio.Semaphore) -> None:
        key = (each.team, each.room, each.service)
        over = each.until <= self._clock.now()
        if over and self._kept.get(key) == each:
            del self._kept[key]
        try:
            team = self._house.teams.team(each.team) if self._house else None
        except UnknownName:
            team = None
        service = team.services.get(each.service) if team else None
        if self._house is None or team is None or service is None or each.room not in team.rooms:
            self._kept.pop(key, None)
            return
        async with turns:
            words = Words(team.language_of(each.room), team.zone)
            card = await monitor.draw(self._house, team, service, words, None if over else each.until)
            await self._board.hang(team, each.room, monitor.name_of(service, each.room), card)
