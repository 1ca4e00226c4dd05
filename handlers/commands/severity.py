"""Says how bad an incident is."""

from handlers import statements
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`severity <P1…P4> [reason]`."""
    return await statements.rate(visit, rest)


SEVERITY = Command("severity", ("severity", "sev", "级别", "严重级别", "定级"), run, follows="object")
