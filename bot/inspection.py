"""Looks at a store and a set-up from the command line, beside a running bot or without one."""

import asyncio
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from bot.clock import RandomIds, SystemClock
from bot.platforms.console import issue_link
from bot.settings import Settings
from bot.teams import TeamFiles
from bot.web import brief, line
from bot.wiring import RELEASES
from cards import views
from cards.render.text import render
from cards.words import Words
from engine import policy
from engine.errors import UnknownName
from engine.incident import Incident, fold
from engine.model import Entry, Phrase, Plan
from store.audit import audit_verify
from store.backup import backup
from store.sqlite import SqliteStore, migrate, open_beside

LIST_LIMIT = 1_000


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
