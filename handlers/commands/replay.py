"""Tells an incident again from its beginning, each step with the time since it opened."""

from cards.model import Card, Step, Steps
from cards.views.entries import brief, kind
from cards.views.scene import Scene
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit

QUIET_KINDS = ("evidence.asking", "evidence.asked", "time.rested", "alert.repeated")
MOST = 60


async def run(visit: Visit, rest: str) -> Answer:
    """`replay [incident]`: reads what was written; nothing happens again."""
    words = visit.words
    scene = Scene(visit.incident, words, visit.team)
    entries = [e for e in await visit.house.timeline.read(visit.incident.id) if e.kind not in QUIET_KINDS]
    steps = tuple(
        Step(
            f"+{words.duration((e.at - entries[0].at).total_seconds())} {kind(scene, e.kind)}", "done", brief(scene, e)
        )
        for e in entries[:MOST]
    )
    title = words.text("command.replay_title", incident=visit.incident.id)
    card = Card(title, title, blocks=(Steps(steps),), incident=visit.incident.id, language=words.language)
    return Answer(card=card)


REPLAY = Command("replay", ("replay", "回放", "重放"), run, role="viewer")
