"""Posts what there is to say about an incident afterwards into its thread, as one card that is kept up to date."""

from cards.views.border import across
from cards.views.report import report
from cards.views.scene import Scene
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit, ok


async def run(visit: Visit, rest: str) -> Answer:
    """`report`: posted by whoever may act, and shown anew when asked for again; whoever may only look sees it alone."""
    if not visit.may("responder"):
        return await look(visit, rest)
    await visit.write(visit.key("report"), "report.posted", {"inbound": visit.id})
    await visit.show("report")
    return ok("command.reported", incident=visit.incident.id)


async def look(visit: Visit, rest: str) -> Answer:
    """The same, to who asked."""
    scene = Scene(visit.incident, visit.words, visit.team)
    return Answer(card=across(report(scene), visit.incident.id, visit.words))


REPORT = Command(
    "report",
    ("report", "postmortem", "post-mortem", "复盘", "复盘报告", "报告"),
    run,
    role="viewer",
    follows="nothing",
    asked=look,
)
