"""Says for others where an incident stands; without words it shows how it stands."""

from handlers import statements
from handlers.commands import show
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`status`, for whoever may look; `status "<text>"`, for whoever may act."""
    if not rest:
        return await show.run(visit, rest)
    if not visit.may("responder"):
        return await visit.refuse("error.role.responder", f"status {rest}", person=visit.name(visit.actor))
    return await statements.update(visit, rest)


STATUS = Command(
    "status", ("status", "update", "状态", "进展", "通报"), run, role="viewer", follows="words", asked=show.run
)
