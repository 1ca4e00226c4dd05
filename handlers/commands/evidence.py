"""Shows the evidence of an incident."""

from cards import views
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit, no


async def run(visit: Visit, rest: str) -> Answer:
    """`evidence`."""
    card = views.draw(visit.incident, "evidence", visit.words, visit.team)
    return Answer(card=card) if card else no("error.no_evidence_yet")


EVIDENCE = Command("evidence", ("evidence", "证据"), run, role="viewer")
