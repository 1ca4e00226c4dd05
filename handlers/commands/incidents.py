"""Lists the newest incidents of the person's team."""

from cards import views
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit

NEWEST = 20


async def run(visit: Visit, rest: str) -> Answer:
    """`incidents`."""
    found = await visit.house.register.newest(visit.team.id, NEWEST)
    states = [await visit.house.state(incident) for incident in found]
    return Answer(card=views.listing(states, visit.words), incidents=tuple(found))


INCIDENTS = Command("incidents", ("incidents", "list", "事件", "事件列表", "列表"), run, role="viewer", about=False)
