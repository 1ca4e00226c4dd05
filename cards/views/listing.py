"""Draws many incidents as a list."""

from collections.abc import Sequence

from cards.model import Block, Button, Buttons, Card, Link, Prose, Table
from cards.words import Words
from engine.incident import Incident
from engine.team import Team

MOST_LINKS = 20
MOST_TAKEN = 3
"""Incidents nobody has that a list offers to take."""


def listing(incidents: Sequence[Incident], words: Words, team: Team | None = None, only: str = "") -> Card:
    """One row per incident in the order given, with links to the pages of the first ones, and buttons for whoever may
    take one or has another to declare. `only`: what the list was narrowed to, in words."""
    title = words.text("listing.title_only" if only else "listing.title", n=len(incidents), only=only)
    end = Buttons((Button("declare", words.text("button.declare"), {}), Button("home", words.text("button.home"), {})))
    if not incidents:
        return Card(title, title, blocks=(Prose(words.text("listing.empty")), end))
    names = ("incident", "severity", "title", "service", "state", "owner", "cause", "source", "opened")
    columns = tuple(words.text(f"column.{name}") for name in names)
    rows = tuple(
        (
            item.id,
            item.severity,
            item.title,
            item.service,
            state(item, words),
            owner(item, words, team),
            cause(item, words),
            item.source,
            words.moment(item.opened_at),
        )
        for item in incidents
    )
    links = tuple(Link(item.id, f"/incidents/{item.id}") for item in incidents[:MOST_LINKS])
    blocks: list[Block] = [Table(columns, rows), *_free(incidents, words), Buttons(links), end]
    return Card(title=title, summary=title, blocks=tuple(blocks))


def state(incident: Incident, words: Words) -> str:
    """The state of an incident in a word, with its outcome once it is closed."""
    if incident.status == "closed" and incident.outcome:
        return words.text("status.closed_as", outcome=words.text(f"outcome.{incident.outcome}"))
    return words.text(f"status.{incident.status}")


def owner(incident: Incident, words: Words, team: Team | None) -> str:
    """Who has an incident; that nobody has, where it is open."""
    who = incident.assignee or incident.acknowledged_by
    if not who:
        return "" if incident.status == "closed" else words.text("header.nobody")
    member = team.member(who) if team else None
    return member.name if member else who


def cause(incident: Incident, words: Words) -> str:
    """What is held for the cause; "" while nothing was diagnosed."""
    diagnosis = incident.diagnosis
    if diagnosis is None:
        return ""
    if diagnosis.cause is None:
        return words.text("step.quiet" if diagnosis.quiet else "step.inconclusive")
    return words.say(diagnosis.cause.title)


def _free(incidents: Sequence[Incident], words: Words) -> tuple[Buttons, ...]:
    """Buttons for the first open ones: to take what nobody has, and to look at the others."""
    living = [item for item in incidents if item.status != "closed"]
    free = [item for item in living if not (item.assignee or item.acknowledged_by)][:MOST_TAKEN]
    take = [
        Button("take", words.text("listing.take", incident=item.id), {"incident": item.id}, "primary") for item in free
    ]
    others = [item for item in living if item not in free][:MOST_TAKEN]
    look = [Button("show", words.text("listing.show", incident=item.id), {"incident": item.id}) for item in others]
    return (Buttons((*take, *look)),) if take or look else ()
