"""Examines a set-up: settings, data directory, team files and backends, and says of each what would be right."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ClientError, ClientSession, ClientTimeout

from bot.chat_check import ask_platforms
from bot.settings import Backend, Settings, load
from bot.teams import TeamFiles
from engine.errors import SettingsError, StoreFull, TocsinError
from engine.model import Phrase

PROBE_TIMEOUT = 3.0
PROBES = {"prometheus": "/-/ready", "alertmanager": "/-/ready", "loki": "/ready", "jaeger": "/", "releases": "/"}


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
    findings = []
    try:
        await asyncio.to_thread(writable, settings.store_path.parent)
        findings.append(Finding(True, Phrase(word="cli.check_data", values={"path": str(settings.store_path)})))
    except TocsinError as error:
        findings.append(Finding(False, error.phrase))
    teams = TeamFiles(settings.data_dir / "teams")
    findings += await asyncio.to_thread(_check_teams, teams)
    findings += await _check_chat(settings, teams)
    return findings + await _check_backends(settings)


async def diagnose_itself(settings: Settings) -> Phrase:
    """The first thing that is wrong, or that nothing is: `doctor` in chat."""
    findings = await examine(settings)
    wrong = next((finding.phrase for finding in findings if not finding.ok), None)
    return wrong or Phrase(word="cli.check_all_well", values={"count": len(findings)})


async def _check_chat(settings: Settings, teams: TeamFiles) -> list[Finding]:
    rooms = [room for team in teams.all() for room in team.places]
    findings = []
    async for platform, wrong in ask_platforms(settings, rooms):
        findings += [Finding(False, phrase) for phrase in wrong]
        if not wrong:
            findings.append(Finding(True, Phrase(word="cli.check_chat", values={"platform": platform})))
    return findings


def _check_teams(teams: TeamFiles) -> list[Finding]:
    problems = [Finding(False, problem.error.phrase) for problem in teams.reload()]
    names = ", ".join(team.id for team in teams.all())
    return [*problems, Finding(True, Phrase(word="cli.check_teams", values={"teams": names}))]


async def _check_backends(settings: Settings) -> list[Finding]:
    findings = []
    async with ClientSession(timeout=ClientTimeout(total=PROBE_TIMEOUT)) as session:
        for name, path in PROBES.items():
            backend: Backend = getattr(settings, name)
            if backend.url:
                findings.append(await _probe(session, name, backend, path))
    if not findings:
        findings.append(Finding(True, Phrase(word="cli.check_no_backend")))
    return findings


async def _probe(session: ClientSession, name: str, backend: Backend, path: str) -> Finding:
    token = backend.token.get_secret_value()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    values = {"name": name, "url": backend.url}
    try:
        async with session.get(backend.url + path, headers=headers, allow_redirects=False) as answer:
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
