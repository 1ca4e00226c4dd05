"""Draws what was changed lately around a service: newest first, by whom, what it touches, and which source says so."""

from dataclasses import dataclass
from datetime import datetime

from cards.model import Block, Card, Finding, Findings, Fold, Prose
from cards.views.border import across
from cards.views.touched import touched
from cards.words import Words
from engine.masking import bounded
from engine.model import Change, Silence, Window
from engine.team import Service

MOST_OPEN = 6
MOST_SHOWN = 30
LONGEST_NOTE = 160


@dataclass(frozen=True)
class Told:
    """A change, of which service it is, and who tells of it in answer to what."""

    service: str
    change: Change
    source: str
    query: str = ""
    link: str = ""


@dataclass(frozen=True)
class Recent:
    """What was found of a service and those it calls (the service first), newest first; whom one asked, about when, who
    did not say, and when it is drawn."""

    services: tuple[Service, ...]
    asked: tuple[str, ...]
    window: Window
    changes: tuple[Told, ...]
    silent: tuple[Silence, ...]
    now: datetime


def recent(found: Recent, words: Words, incident: str) -> Card:
    """The card of one question about changes."""
    back = words.duration((found.window.end - found.window.start).total_seconds())
    title = words.text("recent_card.title", n=len(found.changes), service=found.services[0].name, time=back)
    sources = words.text("list.comma").join(found.asked)
    around = words.text("list.comma").join(each.name for each in found.services)
    blocks: list[Block] = [Prose(words.text("recent_card.asked", sources=sources, services=around), quiet=True)]
    shown = found.changes[:MOST_SHOWN]
    if not shown:
        blocks.append(Prose(words.text("recent_card.nothing")))
    for place, told in enumerate((shown[:MOST_OPEN], shown[MOST_OPEN:])):
        if told:
            rows = Findings(tuple(_finding(each, found, words) for each in told))
            blocks.append(Fold(words.text("recent_card.older", n=len(told)), (rows,)) if place else rows)
    blocks += [fold for each in shown[:MOST_OPEN] for fold in touched(each.change, each.change.id, words)]
    blocks += [
        Prose(words.text("evidence_card.silent", source=each.source, reason=each.reason)) for each in found.silent
    ]
    return across(Card(title, title, tone="info", blocks=tuple(blocks)), incident, words)


def _finding(told: Told, found: Recent, words: Words) -> Finding:
    change = told.change
    ago = words.duration((found.now - change.at).total_seconds())
    by = words.text("recent_card.by", person=change.by) if change.by else ""
    note = bounded(change.note, LONGEST_NOTE)
    said = (f"{told.service}: {_step(change)}", by, words.text("recent_card.ago", time=ago), note)
    sources = [f"{each.source}: {each.query}" for each in change.witnesses] or [f"{told.source}: {told.query}"]
    return Finding(
        id=change.id,
        kind=_kind(change, words),
        text=" · ".join(each for each in said if each),
        since=words.clock(change.at),
        link=change.link or told.link,
        query=words.text("list.comma").join(sources),
    )


def _step(change: Change) -> str:
    """From which version to which, as far as either is known."""
    return " → ".join(each for each in (change.previous_version, change.version) if each) or change.id


def _kind(change: Change, words: Words) -> str:
    key = f"change_kind.{change.kind}"
    return words.text(key) if words.has(key) else change.kind
