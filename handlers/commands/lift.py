"""Lifts a constraint somebody set."""

from handlers import deeds
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`lift [constraint id]`, the newest where none is named."""
    return await deeds.lift(visit, next((word for word in rest.split() if word.startswith("cst_")), ""))


LIFT = Command("lift", ("lift", "unhold", "lift the hold", "解除", "解除叫停", "解除限制"), run, follows="nothing")
