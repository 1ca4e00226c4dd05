"""Puts an incident into another one."""

from handlers import relations
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`merge <incident> [reason]`."""
    return await relations.merge(visit, rest)


MERGE = Command("merge", ("merge", "merge into", "合并", "合并到", "并入"), run, other=True, follows="object")
