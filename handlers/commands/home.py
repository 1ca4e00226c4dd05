"""Shows everything that is before a team on one card; platforms with a home page of their own show it there."""

from cards.views import overview as drawn
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.overview import overview, with_figures
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`home`."""
    return Answer(card=drawn.home(await with_figures(visit, await overview(visit)), visit.words))


HOME = Command("home", ("home", "overview", "dashboard", "首页", "总览", "概览"), run, role="viewer", about=False)
