"""Shows what waits for a decision: what the person may decide first, then what waits for others."""

from cards.views import overview as drawn
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.overview import overview
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`approvals`."""
    return Answer(card=drawn.approvals(await overview(visit), visit.words))


APPROVALS = Command(
    "approvals", ("approvals", "pending", "待审批", "待批", "审批列表", "审批"), run, role="viewer", about=False
)
