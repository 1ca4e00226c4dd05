"""Draws many incidents: a list, and an overview of how they stand."""

from collections import Counter
from collections.abc import Sequence

from cards.model import Block, Buttons, Card, Facts, Link, Prose, Table
from cards.words import Words
from engine.incident import Incident
from engine.model import Status

MOST_LINKS = 20
URGENT: tuple[Status, ...] = (
    "awaiting_approval",
    "needs_human",
    "executing",
    "verifying",
    "investigating",
    "open",
    "recovered",
    "closed",
)


def listing(incidents: Sequence[Incident], words: Words) -> Card:
    """One row per incident in the order given, with links to the pages of the first ones."""
    title = words.text("listing.title", n=len(incidents))
    if not incidents:
        return Card(title=title, summary=title, blocks=(Prose(words.text("listing.empty")),))
    names = ("incident", "severity", "title", "service", "state", "opened")
    columns = tuple(words.text(f"column.{name}") for name in names)
    rows = tuple(
        (item.id, item.severity, item.title, item.service, state(item, words), words.moment(item.opened_at))
        for item in incidents
    )
    links = tuple(Link(item.id, f"/incidents/{item.id}") for item in incidents[:MOST_LINKS])
    return Card(title=title, summary=title, blocks=(Table(columns, rows), Buttons(links)))


def overview(incidents: Sequence[Incident], words: Words) -> Card:
    """How many incidents stand where, and which of them wait for a person, the most urgent first."""
    title = words.text("overview.title")
    counts = Counter(item.status for item in incidents)
    facts = Facts(tuple((words.text(f"status.{name}"), str(counts[name])) for name in URGENT if counts[name]))
    waiting = [item for item in incidents if item.status in ("awaiting_approval", "needs_human")]
    waiting.sort(key=lambda item: (item.severity, item.opened_at.timestamp() if item.opened_at else 0.0))
    blocks: tuple[Block, ...] = (facts,) if facts.pairs else (Prose(words.text("listing.empty")),)
    if waiting:
        columns = tuple(words.text(f"column.{name}") for name in ("incident", "severity", "title", "state"))
        rows = tuple((item.id, item.severity, item.title, state(item, words)) for item in waiting)
        links = tuple(Link(item.id, f"/incidents/{item.id}") for item in waiting[:MOST_LINKS])
        said = Prose(words.text("overview.waiting", n=len(waiting)), strong=True)
        blocks = (*blocks, said, Table(columns, rows), Buttons(links))
    summary = words.text("overview.summary", n=len(incidents), waiting=len(waiting))
    return Card(title=title, summary=summary, tone="warning" if waiting else "neutral", blocks=blocks)


def state(incident: Incident, words: Words) -> str:
    """The state of an incident in a word, with its outcome once it is closed."""
    if incident.status == "closed" and incident.outcome:
        return words.text("status.closed_as", outcome=words.text(f"outcome.{incident.outcome}"))
    return words.text(f"status.{incident.status}")
