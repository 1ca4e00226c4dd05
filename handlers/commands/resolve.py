"""Closes an incident as recovered."""

from handlers import statements
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`resolve[: reason]`."""
    return await statements.resolve(visit, rest)


RESOLVE = Command(
    "resolve",
    ("resolve", "resolved", "已恢复", "已恢复了", "已解决", "已解决了", "解决", "recovered"),
    run,
    follows="nothing",
)
