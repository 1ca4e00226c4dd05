"""Shows everything that is before a team on one card; platforms with a home page of their own show it there."""

from dataclasses import replace

from cards.views import overview as drawn
from cards.views.border import across
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.overview import overview, with_bounds, with_figures
from handlers.visit import Visit, no


async def run(visit: Visit, rest: str) -> Answer:
    """`home [team]`; a person of several teams may look at each of theirs."""
    named = rest.strip().casefold()
    if named:
        teams = [team for team in visit.house.teams.all() if named in (team.id.casefold(), team.name.casefold())]
        wanted = next((team for team in teams if team == visit.team or team.person(visit.account)), None)
        if wanted is None:
            return no("error.no_team_of_yours", team=rest.strip()[:40])
        visit = replace(visit, team=wanted, person=wanted.person(visit.account))
    over = await with_bounds(visit, await with_figures(visit, await overview(visit)))
    return visit.addressed(Answer(card=across(drawn.home(over, visit.words), "", visit.words)))


HOME = Command("home", ("home", "overview", "dashboard", "首页", "总览", "概览"), run, role="viewer", about=False)
