"""Draws many incidents as a list."""

from collections.abc import Sequence

from cards.model import Buttons, Card, Link, Prose, Table
from cards.words import Words
from engine.incident import Incident

MOST_LINKS = 20


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


def state(incident: Incident, words: Words) -> str:
    """The state of an incident in a word, with its outcome once it is closed."""
    if incident.status == "closed" and incident.outcome:
        return words.text("status.closed_as", outcome=words.text(f"outcome.{incident.outcome}"))
    return words.text(f"status.{incident.status}")
