"""Acknowledges an incident."""

from handlers import deeds
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`ack`."""
    return await deeds.acknowledge(visit)


ACK = Command("ack", ("ack", "acknowledge", "认领", "我来处理"), run)
