"""Shows what the bot holds for the cause, and on what grounds."""

from cards import views
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit, no


async def run(visit: Visit, rest: str) -> Answer:
    """`why`."""
    card = views.draw(visit.incident, "diagnosis", visit.words, visit.team)
    return Answer(card=card) if card else no("error.no_diagnosis_yet")


WHY = Command("why", ("why", "cause", "diagnosis", "原因", "根因", "为什么", "诊断", "诊断结果"), run, role="viewer")
