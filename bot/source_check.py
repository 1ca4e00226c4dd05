"""Asks the sources of the settings and of the teams what works there, and which services they do not know."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from aiohttp import ClientSession, ClientTimeout

from bot.clock import SystemClock
from bot.settings import Backend, GitHub, Settings
from bot.sources import OPENERS, open_clones, open_host_logs, open_hosts, settings_of
from engine.errors import SourceSilent
from engine.model import Phrase
from engine.ports import Examined, Remark, Teams
from engine.sources.host_logs import places
from engine.sources.probes import ProbesSource
from engine.team import Service

EXAMINE_TIMEOUT = 6.0
"""Seconds a source may take to say what works."""
MOST_SERVICES = 500
MOST_NAMED = 8


class Look(NamedTuple):
    """One source to be looked at, and the services it will be asked about."""

    kind: str
    settings: Settings
    services: Sequence[Service]

    @property
    def backend(self) -> Backend | GitHub:
        """Its section of the settings."""
        section: Backend | GitHub = getattr(self.settings, self.kind)
        return section


async def ask_sources(settings: Settings, teams: Teams, secret: Callable[[str], str]) -> list[Remark]:
    """What each says; at least that there is none."""
    looks = [look for look in _looks(settings, teams, secret) if look.backend.url]
    async with ClientSession(timeout=ClientTimeout(total=EXAMINE_TIMEOUT)) as session, asyncio.TaskGroup() as group:
        looking = [group.create_task(_ask(look, session)) for look in looks]
    said = [remark for task in looking for remark in task.result()]
    said = said or [Remark(True, Phrase(word="cli.check_no_backend"))]
    return [*_unset(teams, secret), *said, *await _catalogued(settings, teams)]


async def _catalogued(settings: Settings, teams: Teams) -> list[Remark]:
    """What the sources find whose addresses stand in the catalogue: health checks, hosts and clones."""
    services = {name: service for team in teams.all() for name, service in team.services.items()}
    asked = list(services.values())[:MOST_SERVICES]
    async with ClientSession() as session:
        logs = open_host_logs(settings, open_hosts(settings), SystemClock())
        sources = [ProbesSource(session, patience=EXAMINE_TIMEOUT), *logs, *open_clones(settings)]
        said = [remark for source in sources for remark in await _examined(source, asked)]
    return [
        *said,
        *_unhosted(settings, asked),
        *_uncloned(settings, asked),
        *_watched(settings, asked),
        _door(settings),
    ]


def _unhosted(settings: Settings, services: Sequence[Service]) -> list[Remark]:
    """That services name hosts, files or units while no host is set up."""
    named = [service.name for service in services if places(service) or service.hosts]
    if not named or open_hosts(settings).names:
        return []
    return [Remark(False, Phrase(word="check.hosts_unset", values={"services": ", ".join(named[:MOST_NAMED])}))]


def _uncloned(settings: Settings, services: Sequence[Service]) -> list[Remark]:
    """That services name clones while no folder of them is set."""
    named = [service.name for service in services if service.repo_path]
    if not named or settings.clones.root:
        return []
    return [Remark(False, Phrase(word="check.clones_unset", values={"services": ", ".join(named[:MOST_NAMED])}))]


def _watched(settings: Settings, services: Sequence[Service]) -> list[Remark]:
    """What the watcher looks at, where it is switched on."""
    if not settings.watcher.enabled:
        return []
    health = sum(bool(service.health_url) for service in services)
    logs = sum(len(places(service)) for service in services) if open_hosts(settings).names else 0
    if not health + logs:
        return [Remark(False, Phrase(word="check.watcher_idle"))]
    values = {"health": health, "logs": logs, "seconds": settings.watcher.every}
    return [Remark(True, Phrase(word="check.watcher", values={**values}))]


def _door(settings: Settings) -> Remark:
    """Where a CI tells what it changed, and who is let in."""
    word = "check.changes" if settings.intake.token.get_secret_value() else "check.changes_here"
    return Remark(True, Phrase(word=word, values={"url": f"{settings.public_url}/changes"}))


def _looks(settings: Settings, teams: Teams, secret: Callable[[str], str]) -> Iterator[Look]:
    """The process's sources with the services of the teams that use them, then those teams name for themselves."""
    for kind in OPENERS:
        shared = [team for team in teams.all() if kind not in team.sources]
        services = {name: service for team in shared for name, service in team.services.items()}
        yield Look(kind, settings, list(services.values())[:MOST_SERVICES])
    for team in teams.all():
        own = settings_of(team, settings, secret)
        for kind in team.sources:
            yield Look(kind, own, list(team.services.values())[:MOST_SERVICES])


def _unset(teams: Teams, secret: Callable[[str], str]) -> list[Remark]:
    """The variables that team files name for the tokens of their sources and nobody has set."""
    return [
        Remark(False, Phrase(word="check.source.unset", values={"name": own.token, "team": team.id, "source": kind}))
        for team in teams.all()
        for kind, own in team.sources.items()
        if own.token and not secret(own.token)
    ]


async def _ask(look: Look, session: ClientSession) -> Sequence[Remark]:
    """What a source says of itself and of the services it will be asked about."""
    try:
        async with asyncio.timeout(EXAMINE_TIMEOUT):
            return await _examined(OPENERS[look.kind](look.settings, session), look.services)
    except TimeoutError:
        late = Phrase(word="evidence.silent.slow", values={"source": look.kind, "seconds": EXAMINE_TIMEOUT})
        return [Remark(False, late)]


async def _examined(source: object, services: Sequence[Service]) -> Sequence[Remark]:
    if not isinstance(source, Examined):
        return []
    try:
        return await source.examine(services)
    except SourceSilent as silent:
        return [Remark(False, silent.phrase)]
