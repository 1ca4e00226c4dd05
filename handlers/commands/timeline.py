"""Shows the newest lines of an incident's timeline."""

from cards.model import Card, Table
from cards.views.entries import brief, kind
from cards.views.scene import Scene
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit

NEWEST = 40


async def run(visit: Visit, rest: str) -> Answer:
    """`timeline`."""
    words = visit.words
    scene = Scene(visit.incident, words, visit.team)
    entries = await visit.house.timeline.read(visit.incident.id)
    title = words.text("command.timeline_title", incident=visit.incident.id, n=len(entries))
    rows = tuple(
        (str(entry.seq), words.clock(entry.at), kind(scene, entry.kind), scene.person(entry.actor), brief(scene, entry))
        for entry in entries[-NEWEST:]
    )
    columns = tuple(words.text(f"column.{name}") for name in ("seq", "at", "kind", "actor", "what"))
    card = Card(title, title, blocks=(Table(columns, rows),), incident=visit.incident.id, language=words.language)
    return Answer(card=card)


TIMELINE = Command("timeline", ("timeline", "audit", "时间线"), run, role="viewer")
