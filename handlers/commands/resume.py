"""Sets an incident going again whose run had broken off."""

from handlers import deeds
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`resume`."""
    return await deeds.resume(visit)


RESUME = Command("resume", ("resume", "继续", "继续处理"), run, follows="nothing")
