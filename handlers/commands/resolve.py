"""Closes an incident as recovered."""

from handlers import statements
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`resolve`."""
    return await statements.resolve(visit)


RESOLVE = Command("resolve", ("resolve", "resolved", "已恢复", "已解决", "解决"), run)
