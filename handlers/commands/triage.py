"""Shows the triage of an incident: what kind of trouble, how bad, what tells so, what was done, what to do next."""

from cards import views
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`triage`."""
    return Answer(card=views.draw(visit.incident, "triage", visit.words, visit.team))


TRIAGE = Command("triage", ("triage", "分诊", "初判"), run, role="viewer")
