"""Sums up what happened to a team in a day or a week."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from cards.model import Card
from cards.views.digest import Period, digest
from cards.words import Words
from engine.errors import UnknownName
from engine.incident import Incident
from engine.team import Team
from handlers.overview import open_incidents
from handlers.visit import House

MOST_READ = 300
"""Incidents a digest looks at, the newest first."""
SPANS = {"daily": timedelta(days=1), "weekly": timedelta(days=7)}
TITLE = "digest:"


async def card(house: House, team: Team, every: str, end: datetime, words: Words) -> Card:
    """The digest of a team for the day or week before `end`."""
    start = end - SPANS[every]
    opened = await _opened(house, team, start, end)
    still, unread = await open_incidents(house, team)
    runbooks = [each for each in await house.memory.kept(team.id, "runbook") if start <= each.at < end]
    period = Period(
        team=team,
        every=every,
        start=start,
        end=end,
        incidents=tuple(opened),
        still_open=len(still) + unread,
        alerts=_counted(alert.name for state in opened for alert in state.alerts.values()),
        services=_counted(state.service for state in opened if state.service),
        taken=_median(_seconds(state.began_at, state.acknowledged_at) for state in opened),
        solved=_median(_seconds(s.began_at, s.closed_at) for s in opened if s.outcome == "recovered"),
        changed=sum(1 for s in opened for p in s.proposals.values() if p.execution and p.execution.result == "done"),
        rejected=sum(
            1 for s in opened for p in s.proposals.values() if p.decision and p.decision.verdict == "rejected"
        ),
        runbooks=tuple(runbooks),
    )
    return digest(period, words)


async def redraw(house: House, team: str, name: str, room: str) -> Card | None:
    """The digest that hangs in this room under this name, `digest:daily@09:00/2026-11-21`; None for any other card."""
    every, _, day = name.removeprefix(TITLE).partition("/")
    kind, _, at = every.partition("@")
    if not name.startswith(TITLE) or kind not in SPANS or not at:
        return None
    try:
        known = house.teams.team(team)
    except UnknownName:
        return None
    end = datetime.combine(date.fromisoformat(day), time.fromisoformat(at), ZoneInfo(known.zone))
    return await card(house, known, kind, end, Words(known.language_of(room), known.zone))


async def _opened(house: House, team: Team, start: datetime, end: datetime) -> list[Incident]:
    """The incidents that began in this time, oldest first."""
    found: list[Incident] = []
    for id in await house.register.newest(team.id, MOST_READ):
        state = await house.state(id)
        if state.opened_at is not None and state.opened_at < start:
            break
        if state.opened_at is not None and state.opened_at < end:
            found.append(state)
    return found[::-1]


def _counted(names: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """Names by how often they came, the most frequent first."""
    return tuple(sorted(Counter(names).items(), key=lambda item: (-item[1], item[0])))


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start).total_seconds() if start and end else None


def _median(seconds: Iterable[float | None]) -> float | None:
    known = [each for each in seconds if each is not None]
    return median(known) if known else None
