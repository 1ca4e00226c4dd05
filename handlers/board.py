"""Says what a team's room can hold besides threads: cards that belong to no incident and stay up to date."""

from typing import Protocol

from cards.model import Card
from engine.team import Team


class Board(Protocol):
    """Cards of a team's room that belong to no incident."""

    async def hang(self, team: Team, room: str, name: str, card: Card) -> bool:
        """See to it that this card hangs in the room ("platform:room") under this name, edited in place where one hangs
        already; whether one did. Durable on return; the sending happens behind."""
        ...
