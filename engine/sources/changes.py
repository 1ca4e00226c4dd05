"""Reads what was changed from what CI systems, flag services and people posted to `POST /changes`."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from engine.model import Change, Observation
from engine.ports import Question, Tells
from engine.sources.families import services_of

MOST_CHANGES = 100


class ChangeLog(Protocol):
    """Where posted changes are kept, each team's apart."""

    @property
    def teams(self) -> Collection[str]:
        """The teams that ever posted any, as far as it is still kept."""
        ...

    async def note(self, team: str, changes: Sequence[Change]) -> None:
        """Keep these durably; the newest of one id stands. Of a team the newest few thousand are kept."""
        ...

    async def noted(self, team: str, service: str, start: datetime, end: datetime, limit: int) -> Sequence[Change]:
        """The newest of this service in this time, oldest first."""
        ...

    async def knows(self, team: str, service: str) -> bool:
        """Whether a change of this service was ever posted, as far as it is still kept."""
        ...

    async def forget(self, before: datetime) -> int:
        """Drop what was changed before this moment; returns how many."""
        ...


class ChangesSource:
    """Evidence from posted changes. Of a service nobody ever posted a change of it says nothing at all: that none was
    posted does not mean that none was made."""

    tells: Tells = "change"

    def __init__(self, log: ChangeLog, *, name: str = "changes") -> None:
        self._log, self._name = log, name

    @property
    def name(self) -> str:
        """How people tell this source from others."""
        return self._name

    def concerns(self, question: Question) -> bool:
        """Whether anybody posts changes to this team."""
        return question.team in self._log.teams

    async def ask(self, question: Question) -> Sequence[Observation]:
        """One observation for each service that changes are posted of. StoreError."""
        window, seen = question.window, []
        for service in services_of(question):
            if not await self._log.knows(question.team, service.name):
                continue
            found = await self._log.noted(question.team, service.name, window.start, window.end, MOST_CHANGES + 1)
            changes = tuple(found[-MOST_CHANGES:])
            seen.append(
                Observation(
                    source=self.name,
                    kind="change",
                    service=service.name,
                    query=f"changes posted of {service.name} since {window.start:%Y-%m-%d %H:%M:%S} UTC",
                    window=window,
                    link=next((each.link for each in reversed(changes) if each.link), ""),
                    changes=changes,
                    count=len(changes),
                    truncated=len(found) > len(changes),
                )
            )
        return seen
