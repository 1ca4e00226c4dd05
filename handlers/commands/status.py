"""Says for others where an incident stands; without words it shows how it stands, outside incidents how all do."""

from handlers import statements
from handlers.commands import home, show
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit, no


async def run(visit: Visit, rest: str) -> Answer:
    """`status`, for whoever may look; `status "<text>"`, for whoever may act."""
    if not rest:
        return await look(visit, rest)
    if not visit.incident.id:
        return no("error.which_incident", command=STATUS.word(visit.words.language))
    if not visit.may("responder"):
        return await visit.refuse("error.role.responder", f"status {rest}", person=visit.name(visit.actor))
    return await statements.update(visit, rest)


async def look(visit: Visit, rest: str) -> Answer:
    """How the incident stands, or outside incidents everything before the team."""
    return await show.run(visit, rest) if visit.incident.id else await home.run(visit, rest)


STATUS = Command(
    "status",
    ("status", "update", "状态", "进展", "通报"),
    run,
    role="viewer",
    about=False,
    follows="words",
    asked=look,
)
