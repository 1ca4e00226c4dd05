"""Shows everything a person may do with an incident, as buttons."""

from cards.views.border import across
from cards.views.menu import menu
from cards.views.scene import Scene
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`more`."""
    scene = Scene(visit.incident, visit.words, visit.team)
    return Answer(card=across(menu(scene, acts=visit.may("responder")), visit.incident.id, visit.words))


MORE = Command("more", ("more", "actions", "更多", "操作"), run, role="viewer")
