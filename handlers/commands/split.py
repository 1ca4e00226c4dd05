"""Gives an alert of an incident an incident of its own."""

from handlers import relations
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`split <alert name|fingerprint> [reason]`."""
    return await relations.split(visit, rest)


SPLIT = Command("split", ("split", "拆分", "拆出"), run, follows="object")
