"""Keeps every living incident running, each in its own guarded task, and says so where one got stuck."""

import logging
from collections.abc import Callable

from bot.crew import Crew
from bot.precedence import Leave, Precedence
from engine.incident import fold
from engine.journal import BOT
from engine.lifecycle import live
from engine.ports import Draft
from engine.tools import Tools

log = logging.getLogger("tocsin.lives")


class Lives:
    """Who runs which incident. `wake` is cheap and may be called for incidents that run already."""

    def __init__(self, crew: Crew, tools: Tools, tell: Callable[[Exception], str], precedence: Precedence) -> None:
        self._crew = crew
        self._tools = tools
        self._precedence = precedence
        self._reason = tell
        self._again: set[str] = set()
        self._queue: dict[str, None] = {}

    async def resume_all(self) -> int:
        """Pick up every incident whose story has not ended; returns how many."""
        living = await self._tools.register.living()
        for incident in living:
            self.wake(incident)
        return len(living)

    def wake(self, incident: str) -> None:
        """Start the life of an incident as soon as it is its turn, or let it live once more should it be ending."""
        if self._crew.at_work(f"life {incident}"):
            self._again.add(incident)
        elif not self._queue and (leave := self._precedence.place()) is not None:
            self._start(incident, leave)
        else:
            self._queue[incident] = None
            self._crew.start("lives in turn", self._start_in_turn)

    async def _start_in_turn(self) -> None:
        while self._queue:
            leave = await self._precedence.turn()
            incident = next(iter(self._queue))
            del self._queue[incident]
            self._start(incident, leave)

    def _start(self, incident: str, leave: Leave) -> None:
        self._crew.start(f"life {incident}", lambda: self._in_place(incident, leave), self._stuck)

    async def _in_place(self, incident: str, leave: Leave) -> None:
        try:
            await self._live(incident, leave)
        finally:
            leave()

    async def _live(self, incident: str, leave: Leave) -> None:
        while True:
            self._again.discard(incident)
            state = fold(await self._tools.timeline.read(incident))
            if state.stuck or state.status == "closed":
                return
            await live(incident, self._tools, at_rest=leave)
            if incident not in self._again:
                return

    async def _stuck(self, name: str, error: Exception) -> None:
        incident = name.removeprefix("life ")
        state = fold(await self._tools.timeline.read(incident))
        draft = Draft(
            key=f"{state.episode}/stuck/{state.seq}",
            kind="incident.stuck",
            actor=BOT,
            at=self._tools.clock.now(),
            body={"reason": self._reason(error)},
        )
        await self._tools.timeline.write(incident, draft)
        await self._tools.desk.show(incident, "header")
