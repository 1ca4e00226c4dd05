"""Draws what happened to a team in a day or a week."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from cards.model import Block, Buttons, Card, Facts, Fold, Link, Prose, Table
from cards.views.listing import state
from cards.views.scene import seconds_between
from cards.words import Words
from engine.incident import Incident
from engine.team import Lesson, Team

MOST_ROWS = 10
MOST_NAMES = 5
NAMED = 120
"""Characters of a name in a cell."""


@dataclass(frozen=True)
class Period:
    """What happened from `start` to `end`: incidents that began then, and figures over them. `taken` and `solved` are
    medians in seconds, None where there is nothing to take one of."""

    team: Team
    every: str
    start: datetime
    end: datetime
    incidents: tuple[Incident, ...]
    still_open: int
    alerts: tuple[tuple[str, int], ...]
    services: tuple[tuple[str, int], ...]
    taken: float | None
    solved: float | None
    changed: int
    rejected: int
    runbooks: tuple[Lesson, ...]


def digest(period: Period, words: Words) -> Card:
    """The card of a day or a week."""
    title = words.text(f"digest_card.{period.every}", team=period.team.name, day=f"{period.end:%Y-%m-%d}")
    n = len(period.incidents)
    summary = words.text("digest_card.summary", n=n, open=period.still_open)
    blocks: list[Block] = [Prose(_span(period, words), quiet=True), Prose(summary, strong=True), _facts(period, words)]
    blocks += [*_top(period, words), *_often(period, words), *_runbooks(period, words)]
    return Card(title, f"{title} · {summary}", tone="info", blocks=tuple(blocks), language=words.language)


def _span(period: Period, words: Words) -> str:
    zone = str(period.end.tzinfo or "UTC")
    start, end = (f"{at:%Y-%m-%d %H:%M}" for at in (period.start, period.end))
    return words.text("digest_card.span", start=start, end=end, zone=zone)


def _facts(period: Period, words: Words) -> Facts:
    severities = Counter(each.severity for each in period.incidents)
    outcomes = Counter(each.outcome for each in period.incidents if each.outcome)
    by_outcome = words.text("list.comma").join(f"{words.text(f'outcome.{o}')} {n}" for o, n in outcomes.most_common())
    pairs = (
        ("digest_card.severities", " · ".join(f"{name} {severities[name]}" for name in sorted(severities))),
        ("digest_card.outcomes", by_outcome),
        ("digest_card.taken", words.duration(period.taken) if period.taken is not None else ""),
        ("digest_card.solved", words.duration(period.solved) if period.solved is not None else ""),
        ("digest_card.changed", str(period.changed) if period.changed else ""),
        ("digest_card.rejected", str(period.rejected) if period.rejected else ""),
        ("digest_card.services", _names(period.services)),
    )
    return Facts(tuple((words.text(word), value) for word, value in pairs if value))


def _top(period: Period, words: Words) -> tuple[Block, ...]:
    """The incidents that mattered most: the severest, then the longest."""
    if not period.incidents:
        return (Prose(words.text("digest_card.quiet")),)
    ranked = sorted(period.incidents, key=lambda each: (each.severity, -_lasted(each, period.end)))[:MOST_ROWS]
    names = ("incident", "severity", "title", "service", "state", "took")
    rows = tuple(
        (
            each.id,
            each.severity,
            (each.title or each.id)[:NAMED],
            each.service,
            state(each, words),
            words.duration(_lasted(each, period.end)),
        )
        for each in ranked
    )
    links = tuple(Link(each.id, f"/incidents/{each.id}") for each in ranked[:MOST_NAMES])
    return (Table(tuple(words.text(f"column.{name}") for name in names), rows), Buttons(links))


def _lasted(incident: Incident, end: datetime) -> float:
    """How long it went on, up to the end of the period where it still does."""
    seconds = seconds_between(incident.opened_at, incident.closed_at or end)
    return max(0.0, seconds) if seconds == seconds else 0.0


def _often(period: Period, words: Words) -> tuple[Block, ...]:
    """Alerts that came more than once."""
    rows = tuple((name[:NAMED], str(n)) for name, n in period.alerts[:MOST_ROWS] if n > 1)
    if not rows:
        return ()
    columns = (words.text("column.alert"), words.text("column.count"))
    return (Prose(words.text("digest_card.often"), strong=True), Table(columns, rows))


def _runbooks(period: Period, words: Words) -> tuple[Block, ...]:
    if not period.runbooks:
        return ()
    said = "\n".join(f"{words.say(each.title)} · {each.id}" for each in period.runbooks[:MOST_ROWS])
    return (Fold(words.text("digest_card.runbooks", n=len(period.runbooks)), (Prose(said),)),)


def _names(counted: tuple[tuple[str, int], ...]) -> str:
    return " · ".join(f"{name[:NAMED]} {n}" for name, n in counted[:MOST_NAMES])
