"""Acknowledges an incident."""

from handlers import deeds
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`ack`."""
    return await deeds.acknowledge(visit)


ACK = Command(
    "ack",
    ("ack", "acknowledge", "take", "认领", "认领了", "我来", "我来处理", "我接了", "接手", "我接手"),
    run,
    follows="nothing",
)
