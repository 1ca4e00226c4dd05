"""Looks at a store and a set-up from the command line, beside a running bot or without one."""

import asyncio
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from bot.clock import RandomIds, SystemClock
from bot.platforms.console import issue_link
from bot.settings import Backend, Settings, load
from bot.teams import TeamFiles
from bot.web import brief, line
from bot.wiring import RELEASES, writable
from cards import views
from cards.render.text import render
from cards.words import Words
from engine import policy
from engine.errors import SettingsError, TocsinError, UnknownName
from engine.incident import Incident, fold
from engine.model import Entry, Phrase, Plan
from store.audit import audit_verify
from store.backup import backup
from store.sqlite import SqliteStore, migrate, open_beside

PROBE_TIMEOUT = 3.0
LIST_LIMIT = 1_000
PROBES = {"prometheus": "/-/ready", "alertmanager": "/-/ready", "loki": "/ready", "jaeger": "/", "releases": "/"}


@dataclass(frozen=True)
class Finding:
    """One thing `tocsin check` looked at."""

    ok: bool
    phrase: Phrase


async def check(config: Path | None) -> list[Finding]:
    """Settings, data directory, team files and backends, in this order; each wrong one says what would be right."""
    try:
        settings = load(config)
    except SettingsError as error:
        return [Finding(False, error.phrase)]
    findings = [Finding(True, Phrase(word="cli.check_settings"))]
    try:
        await asyncio.to_thread(writable, settings.store_path.parent)
        findings.append(Finding(True, Phrase(word="cli.check_data", values={"path": str(settings.store_path)})))
    except TocsinError as error:
        findings.append(Finding(False, error.phrase))
    findings += await asyncio.to_thread(_check_teams, settings)
    return findings + await _check_backends(settings)


def _check_teams(settings: Settings) -> list[Finding]:
    teams = TeamFiles(settings.data_dir / "teams")
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


async def incidents(settings: Settings) -> list[dict[str, Any]]:
    """All incidents in brief, newest first."""
    async with _beside(settings) as store:
        newest = await store.register.newest(None, LIST_LIMIT)
        return [brief(fold(await store.timeline.read(incident))) for incident in newest]


async def timeline(settings: Settings, incident: str) -> list[dict[str, Any]]:
    """The public timeline of an incident."""
    return [line(entry) for entry in await _entries(settings, incident)]


async def replay(settings: Settings, incident: str, language: str) -> list[str]:
    """The thread told again: each card as it first appeared and whenever it said something new."""
    entries = await _entries(settings, incident)
    teams = TeamFiles(settings.data_dir / "teams")
    await asyncio.to_thread(teams.reload)
    words = Words(language)
    shown: dict[str, str] = {}
    told = []
    for end in range(1, len(entries) + 1):
        state = fold(entries[:end])
        for slot, text in _drawn(state, teams, words):
            if shown.get(slot) != text:
                shown[slot] = text
                told.append(f"── {words.moment(entries[end - 1].at)}\n{text}")
    return told


def _drawn(state: Incident, teams: TeamFiles, words: Words) -> Iterable[tuple[str, str]]:
    try:
        team = teams.team(state.team)
    except UnknownName:
        team = teams.team("default")
    for slot in views.slots(state):
        if card := views.draw(state, slot, words, team):
            yield slot, str(render(card).body)


def explain(settings: Settings, operation: str, target: str) -> list[Phrase]:
    """Which tier an operation on a service has, and which rules say so."""
    teams = TeamFiles(settings.data_dir / "teams")
    teams.reload()
    known = {RELEASES: dict(settings.releases.operations)} if settings.releases.url else {}
    permissions = policy.Permissions(
        execution_enabled=settings.execution.enabled,
        allowed_operations=settings.execution.allowed_operations,
        executors=known,
    )
    team = next((team for team in teams.all() if target in team.services), teams.team("default"))
    remedies = team.services[target].remedies if target in team.services else ()
    remedy = next((item for item in remedies if item.operation == operation), None)
    plan = Plan(
        id="plan_explained",
        operation=operation,
        operation_class=remedy.operation_class if remedy else "configure",
        executor=remedy.executor if remedy else next(iter(known), "none"),
        target=target,
        reason=Phrase(word="plan.asked_for"),
    )
    judgement = policy.judge(plan, team, permissions, (), Incident(team=team.id))
    values = {"operation": operation, "target": target, "team": team.id, "tier": judgement.tier}
    said = [Phrase(word="cli.policy_tier", values={**values}), *judgement.tightened_by]
    return [*said, judgement.refusal] if judgement.refusal else said


async def verify(settings: Settings, incident: str) -> tuple[list[Phrase], int]:
    """What is broken in the chains of one incident or all, and how many were looked at."""
    async with _beside(settings) as store:
        chosen = [incident] if incident else await store.register.newest(None, 1_000_000)
        broken = []
        for name in chosen:
            audit = await audit_verify(store.disk, name, await store.disk.head(name))
            broken += [
                Phrase(word=f"cli.audit_{fault.what}", values={"incident": name, "seq": fault.seq})
                for fault in audit.faults
            ]
        return broken, len(chosen)


async def migrate_store(settings: Settings) -> Phrase:
    """Bring the store to this version's schema."""
    before, after = await migrate(settings.store_path)
    path = str(settings.store_path)
    return Phrase(word="cli.migrated", values={"path": path, "before": before, "after": after})


async def back_up(settings: Settings, file: Path) -> Phrase:
    """Copy the store into a new file while the bot runs."""
    await backup(settings.store_path, file)
    return Phrase(word="cli.backed_up", values={"path": str(file)})


async def sign_in(settings: Settings, person: str) -> Phrase:
    """Print a one-time link that signs a person in."""
    teams = TeamFiles(settings.data_dir / "teams")
    await asyncio.to_thread(teams.reload)
    if not any(team.member(person) for team in teams.all()):
        raise UnknownName(Phrase(word="error.no_person", values={"person": person[:60]}))
    async with _beside(settings) as store:
        link = await issue_link(store.sessions, person, settings.public_url, SystemClock())
    return Phrase(word="cli.sign_in", values={"link": link})


def _beside(settings: Settings) -> AbstractAsyncContextManager[SqliteStore]:
    return open_beside(settings.store_path, SystemClock(), RandomIds())


async def _entries(settings: Settings, incident: str) -> list[Entry]:
    async with _beside(settings) as store:
        entries = list(await store.timeline.read(incident))
    if not entries:
        raise UnknownName(Phrase(word="error.no_incident", values={"incident": incident[:40]}))
    return entries
