"""Examines a set-up: settings, data directory, team files and backends, and says of each what would be right."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from bot.chat_check import ask_platforms, nowhere
from bot.settings import Settings, load, secret_from_environment
from bot.source_check import ask_sources
from bot.teams import TeamFiles, read_team
from engine.errors import SettingsError, TocsinError
from engine.model import Phrase
from engine.ports import Teams
from store.directory import writable


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
    remarks = await ask_sources(settings, teams, secret_from_environment)
    return [Finding(remark.ok, remark.phrase) for remark in remarks]
