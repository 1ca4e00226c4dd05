"""Opens the approval form for an action that waits."""

from engine.consent import approval_in
from handlers import decisions
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`approve [approval id]`: whatever else stands beside it is no consent, so a form asks for the word."""
    return await decisions.press(visit, approval_in(rest), "approve")


APPROVE = Command("approve", ("approve", "批准"), run, role=None, follows="nothing")
