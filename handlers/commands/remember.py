"""Offers to keep something for the team."""

from handlers import keeping
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`remember <text>`."""
    return await keeping.remember(visit, rest)


REMEMBER = Command("remember", ("remember", "记住", "记一下"), run, about=False, follows="words")
