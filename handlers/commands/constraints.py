"""Shows what people hold in an incident, or holds something."""

from cards.views.held import held
from cards.views.scene import Scene
from handlers import deeds
from handlers.commands.command import Command
from handlers.commands.hold import forbidden
from handlers.inbound import Answer
from handlers.visit import Visit, no

CHINESE = ("约束", "限制", "有哪些限制", "叫停")


async def look(visit: Visit, rest: str) -> Answer:
    """What stands, for whoever may look."""
    return Answer(card=held(Scene(visit.incident, visit.words, visit.team)))


async def run(visit: Visit, rest: str) -> Answer:
    """`constraints`, for whoever may look; `constraint <what not to do>`, for whoever may act."""
    if not rest:
        return await look(visit, rest)
    if not visit.may("responder"):
        return await visit.refuse("error.role.responder", f"constraint {rest}", person=visit.name(visit.actor))
    what = forbidden(rest)
    return no("error.hold_what", what=rest[:60]) if what is None else await deeds.hold(visit, rest, what)


CONSTRAINTS = Command(
    "constraints",
    ("constraints", "constraint", "holds", *CHINESE),
    run,
    role="viewer",
    follows="words",
    asked=look,
)
