"""Examines a set-up: settings, data directory, team files and backends, and says of each what would be right."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout

from bot.chat_check import ask_platforms, nowhere
from bot.clock import SystemClock
from bot.settings import Backend, Settings, load, secret_from_environment
from bot.sources import OPENERS, open_host_logs, open_hosts
from bot.teams import TeamFiles, read_team
from engine.errors import SettingsError, SourceSilent, StoreFull, TocsinError
from engine.model import Phrase
from engine.ports import Examined, Teams
from engine.sources.probes import ProbesSource
from engine.team import Service

PROBE_TIMEOUT = 3.0
EXAMINE_TIMEOUT = 6.0
"""Seconds a source may take to say what works."""
MOST_SERVICES = 500
PROBES = {"prometheus": "/-/ready", "loki": "/ready", "releases": "/"}
"""Where a backend is asked whether it is there at all, in case its source cannot say more than that."""


@dataclass(frozen=True)
class Finding:
    """One thing `tocsin check` looked at."""

    ok: bool
    phrase: Phrase


async def check(config: Path | None) -> list[Finding]:
    """Settings first, and where they can be read all that they name; each wrong one says what would be right."""
    try:
        settings = load(config)
    except SettingsError as error:
        return [Finding(False, error.phrase)]
    return [Finding(True, Phrase(word="cli.check_settings")), *await examine(settings)]


async def examine(settings: Settings) -> list[Finding]:
    """Data directory, team files, chat platforms and backends, in this order."""
    teams = TeamFiles(settings.data_dir / "teams")
    known = await asyncio.to_thread(_check_teams, teams)
    first, *more = await examine_for(settings, teams)
    return [first, *known, *more]


async def examine_for(settings: Settings, teams: Teams) -> list[Finding]:
    """Data directory, chat platforms and backends, as far as these teams use them."""
    findings = []
    try:
        await asyncio.to_thread(writable, settings.store_path.parent)
        findings.append(Finding(True, Phrase(word="cli.check_data", values={"path": str(settings.store_path)})))
    except TocsinError as error:
        findings.append(Finding(False, error.phrase))
    findings += await _check_chat(settings, teams)
    return findings + await _check_backends(settings, teams)


def file_findings(folder: Path) -> list[Finding]:
    """What is wrong with the files of one team as they stand now; nothing where it has none. Blocks."""
    try:
        if folder.is_dir():
            read_team(folder)
    except SettingsError as error:
        return [Finding(False, error.phrase)]
    return []


async def _check_chat(settings: Settings, teams: Teams) -> list[Finding]:
    rooms = [room for team in teams.all() for room in (*team.places, *(r for d in team.digests for r in d.rooms))]
    groups = [group for team in teams.all() for group in team.approvers]
    findings = [Finding(False, phrase) for phrase in nowhere(settings, [*rooms, *groups])]
    findings += [Finding(False, phrase) for phrase in _unset_pagers(teams)]
    urgent = {team.escalation.urgent for team in teams.all()}
    async for platform, wrong in ask_platforms(settings, rooms, groups, urgent):
        findings += [Finding(False, phrase) for phrase in wrong]
        if not wrong:
            findings.append(Finding(True, Phrase(word="cli.check_chat", values={"platform": platform})))
    return findings


def _unset_pagers(teams: Teams) -> list[Phrase]:
    """The variables of pagers that team files name and nobody has set."""
    named = {name for team in teams.all() for name in (team.escalation.pager, team.escalation.pager_key) if name}
    unset = sorted(name for name in named if not secret_from_environment(name))
    return [Phrase(word="error.pager_unset", values={"name": name}) for name in unset]


def _check_teams(teams: TeamFiles) -> list[Finding]:
    problems = [Finding(False, problem.error.phrase) for problem in teams.reload()]
    names = ", ".join(team.id for team in teams.all())
    return [*problems, Finding(True, Phrase(word="cli.check_teams", values={"teams": names}))]


async def _check_backends(settings: Settings, teams: Teams) -> list[Finding]:
    services = {name: service for team in teams.all() for name, service in team.services.items()}
    asked = list(services.values())[:MOST_SERVICES]
    named = [name for name in dict.fromkeys((*OPENERS, *PROBES)) if getattr(settings, name).url]
    async with ClientSession(timeout=ClientTimeout(total=EXAMINE_TIMEOUT)) as session, asyncio.TaskGroup() as group:
        looking = [group.create_task(_check_backend(settings, session, name, asked)) for name in named]
    findings = [finding for task in looking for finding in task.result()]
    findings = findings or [Finding(True, Phrase(word="cli.check_no_backend"))]
    return findings + await _check_catalogued(settings, asked)


async def _check_catalogued(settings: Settings, services: Sequence[Service]) -> list[Finding]:
    """What the sources find whose addresses stand in the catalogue: health checks and hosts."""
    findings = []
    async with ClientSession() as session:
        logs = open_host_logs(settings, open_hosts(settings), SystemClock())
        sources: list[Examined] = [ProbesSource(session, patience=EXAMINE_TIMEOUT), *logs]
        for source in sources:
            findings += [Finding(remark.ok, remark.phrase) for remark in await source.examine(services)]
    return findings


async def _check_backend(
    settings: Settings, session: ClientSession, name: str, services: Sequence[Service]
) -> list[Finding]:
    """What a source says of itself and of the services it will be asked about; at least whether its backend answers."""
    source: object = OPENERS[name](settings, session) if name in OPENERS else None
    if not isinstance(source, Examined):
        return [await _probe(session, name, getattr(settings, name), PROBES.get(name, "/"))]
    try:
        async with asyncio.timeout(EXAMINE_TIMEOUT):
            return [Finding(remark.ok, remark.phrase) for remark in await source.examine(services)]
    except SourceSilent as silent:
        return [Finding(False, silent.phrase)]
    except TimeoutError:
        late = Phrase(word="evidence.silent.slow", values={"source": name, "seconds": EXAMINE_TIMEOUT})
        return [Finding(False, late)]


async def _probe(session: ClientSession, name: str, backend: Backend, path: str) -> Finding:
    token = backend.token.get_secret_value()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    values = {"name": name, "url": backend.url}
    patience = ClientTimeout(total=PROBE_TIMEOUT)
    try:
        async with session.get(backend.url + path, headers=headers, allow_redirects=False, timeout=patience) as answer:
            if answer.status in (401, 403):
                return Finding(False, Phrase(word="cli.check_refused", values={**values, "status": answer.status}))
            if answer.status >= 500:
                return Finding(False, Phrase(word="cli.check_failing", values={**values, "status": answer.status}))
    except (ClientError, TimeoutError, OSError) as error:
        reason = str(error)[:200] or "it did not answer in time"
        return Finding(False, Phrase(word="cli.check_unreachable", values={**values, "reason": reason}))
    return Finding(True, Phrase(word="cli.check_backend", values={**values}))


def writable(directory: Path) -> None:
    """Make the data directory; StoreFull with one clear sentence where nothing can be written there."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe = directory / ".writable"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        values = {"path": str(directory), "reason": error.strerror or str(error)}
        raise StoreFull(Phrase(word="error.data_dir", values={**values})) from error
