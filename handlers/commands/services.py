"""Lists the team's services: what is open about each, and what was changed last."""

from cards.views import overview as drawn
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.overview import overview, with_changes
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`services`."""
    return Answer(card=drawn.services(await with_changes(visit, await overview(visit)), visit.words))


SERVICES = Command(
    "services", ("services", "catalogue", "catalog", "服务列表", "服务目录"), run, role="viewer", about=False
)
