"""Hands an incident over to another person."""

from handlers import people
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`handover <person> [note]`."""
    return await people.hand_over(visit, rest)


HANDOVER = Command(
    "handover", ("handover", "hand over", "hand-over", "handoff", "交接", "交接给", "移交"), run, follows="object"
)
