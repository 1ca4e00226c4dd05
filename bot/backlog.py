"""Places the alerts that were only admitted while many crowded in, as soon as the crowd leaves room for it."""

import asyncio
import logging

from bot.precedence import Precedence
from engine.errors import StoreError
from engine.ports import Clock
from handlers.front_door import FrontDoor

log = logging.getLogger("tocsin.backlog")

TOGETHER = 64
"""Calls that are placed at a time: one commit."""

RETRY = 5.0
"""Seconds until it is tried again where the store takes nothing."""


class Backlog:
    """Who works off what was admitted, what an earlier process left too."""

    def __init__(self, precedence: Precedence, clock: Clock) -> None:
        self._precedence = precedence
        self._clock = clock
        self._bell = asyncio.Event()

    @property
    def crowded(self) -> bool:
        """Whether alerts crowd in, so that they are better admitted than placed."""
        return self._precedence.crowded

    def ring(self) -> None:
        """Something was admitted."""
        self._bell.set()

    async def run(self, front_door: FrontDoor) -> None:
        """Until cancelled."""
        self.ring()
        while True:
            await self._bell.wait()
            self._bell.clear()
            await self._precedence.lull()
            try:
                while await front_door.place_admitted(TOGETHER):
                    await self._precedence.lull()
            except StoreError as error:
                log.warning("admitted alerts wait: %s", error)
                await self._clock.sleep(RETRY)
                self.ring()
