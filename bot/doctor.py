"""Says in chat, to one team, what is set up, what is wrong with it, and what does not work right now."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol, runtime_checkable

from bot.platforms.contract import Platform
from bot.settings import PREFIX, Backend, Settings, secret_from_environment
from cards.views.doctor import Health, Part
from engine.model import Phrase
from engine.ports import Clock
from engine.team import Team

FRESH = timedelta(seconds=15)
"""How long what was found is told again instead of asking everybody anew."""


@runtime_checkable
class Connected(Protocol):
    """A platform that knows how its connection does: what is wrong with it, "" where nothing is."""

    @property
    def trouble(self) -> str: ...


@dataclass(frozen=True)
class OneTeam:
    """The teams there are, as one team knows them: itself."""

    only: Team

    def team(self, id: str) -> Team:
        """That one."""
        return self.only

    def route(self, labels: Mapping[str, str]) -> Team:
        """That one."""
        return self.only

    def all(self) -> Sequence[Team]:
        """That one."""
        return (self.only,)


class Doctor:
    """Looks at the house for a team. `failing` are rooms that take no messages and why, `refused` cards that a room
    refused for good (by room, incident and slot), `trouble` why nothing can be stored. What concerns the process is
    told to everybody, rooms and files to their team alone."""

    def __init__(
        self,
        settings: Settings,
        files: Path,
        clock: Clock,
        platforms: Mapping[str, Platform],
        failing: Mapping[str, Phrase],
        refused: Mapping[tuple[str, str, str], Phrase],
        trouble: Callable[[], Awaitable[str]],
    ) -> None:
        self._settings = settings
        self._files = files
        self._clock = clock
        self._platforms = platforms
        self._failing = failing
        self._refused = refused
        self._trouble = trouble
        self._found: dict[str, tuple[datetime, Team, Health]] = {}

    async def look(self, team: Team) -> Health:
        """What is wrong, what does not work, and what is set up."""
        now = self._clock.now()
        at, known, health = self._found.get(team.id, (now - 2 * FRESH, team, Health()))
        if now - at > FRESH or known != team:
            from bot.checkup import examine_for, file_findings  # noqa: PLC0415 - much, and only when somebody asks

            files = await asyncio.to_thread(file_findings, self._files / team.id)
            findings = [*files, *await examine_for(self._settings, OneTeam(team))]
            wrong = tuple(finding.phrase for finding in findings if not finding.ok)
            health = Health(wrong, (), len(findings), tuple(parts(self._settings, team)))
            self._found[team.id] = (now, team, health)
        return Health(health.wrong, tuple(await self._now(team)), health.looked, health.parts)

    async def _now(self, team: Team) -> list[Phrase]:
        said = [
            Phrase(word="doctor.room_away", values={"room": room, "why": why})
            for room, why in self._failing.items()
            if room in team.places
        ]
        said += [why for (room, _, _), why in self._refused.items() if room in team.places]
        used = {room.partition(":")[0] for room in team.places}
        for name, platform in self._platforms.items():
            if name in used and isinstance(platform, Connected) and (why := platform.trouble):
                said.append(Phrase(word="doctor.platform_away", values={"platform": name, "why": why}))
        if why := await self._trouble():
            said.append(Phrase(word="doctor.store", values={"why": why}))
        return said


def parts(settings: Settings, team: Team) -> Iterator[Part]:
    """Everything that may be set up, whether it is, and by which variable or key."""
    for section in type(settings).model_fields:
        value = getattr(settings, section)
        if isinstance(value, Backend):
            yield Part(section, bool(value.url), _variable(section, "url"))
    yield Part("clones", bool(settings.clones.root), _variable("clones", "root"))
    execution, slack, feishu, wecom = settings.execution, settings.slack, settings.feishu, settings.wecom
    yield Part("execution", execution.enabled, _variable("execution", "enabled"))
    operations = ", ".join(sorted(execution.allowed_operations))
    named = _variable("execution", "allowed_operations")
    yield Part("operations", bool(operations), f"{named} ({operations})" if operations else named)
    yield Part("slack", bool(slack.bot_token.get_secret_value()), _variable("slack", "bot_token"))
    yield Part("feishu", bool(feishu.app_id), _variable("feishu", "app_id"))
    yield Part("wecom", bool(wecom.bot_id or wecom.corp_id), _variable("wecom", "bot_id"))
    pager, room = team.escalation.pager, team.escalation.room
    yield Part("pager", bool(pager and secret_from_environment(pager)), pager or "team.yaml: escalation.pager")
    yield Part("later_room", bool(room), room or "team.yaml: escalation.room")
    yield Part("on_call", bool(team.on_call), "team.yaml: on_call")
    yield Part("intake", bool(settings.intake.token.get_secret_value()), _variable("intake", "token"))
    yield Part("public_url", bool(settings.http.public_url), _variable("http", "public_url"))


def _variable(section: str, key: str) -> str:
    return f"{PREFIX}{section}__{key}".upper()
