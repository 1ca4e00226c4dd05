"""Shows how an incident stands."""

from cards import views
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`show`."""
    return Answer(card=views.draw(visit.incident, "header", visit.words, visit.team))


SHOW = Command("show", ("show", "查看"), run, role="viewer")
