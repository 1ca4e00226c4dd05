"""Forgets something the team keeps."""

from handlers import keeping
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`forget <lesson id>`."""
    return await keeping.forget(visit, rest)


FORGET = Command("forget", ("forget", "忘记", "忘掉"), run, about=False, follows="nothing")
