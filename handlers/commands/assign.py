"""Gives an incident to a person."""

from handlers import people
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`assign <person>`, with "me" for whoever speaks."""
    return await people.assign(visit, rest)


ASSIGN = Command("assign", ("assign", "指派", "分配给", "指派给"), run, follows="object", objects=("我", "给"))
