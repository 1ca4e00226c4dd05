"""Opens an incident because a person says so."""

from engine import intake
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit, no, ok


async def run(visit: Visit, rest: str) -> Answer:
    """`open <service> <what is wrong>`; a service the team does not know becomes part of the title."""
    first, _, more = rest.partition(" ")
    if not rest:
        return no("error.open_what")
    known = first in visit.team.services
    report = intake.Report(
        team=visit.team.id,
        title=(more.strip() or rest if known else rest)[:200],
        service=first if known else "",
        environment=visit.team.services[first].environment if known else "",
        requester=visit.actor,
        source=visit.at.platform,
        compressed_time=visit.house.compressed_time,
    )
    incident = await open_one(visit, report)
    return Answer(phrase=ok("command.opened", incident=incident).phrase, incidents=(incident,))


async def open_one(visit: Visit, report: intake.Report) -> str:
    """Write the incident down, start its life and show it."""
    house = visit.house
    drafts = intake.opening(report, house.ids.draw("person"), house.clock.now())
    incident = await house.register.open(report.team, drafts)
    house.wake(incident)
    await house.desk.show(incident, "header")
    return incident


OPEN = Command(
    "open", ("open", "declare", "新建", "声明", "上报", "声明事件", "新建事件"), run, about=False, follows="words"
)
