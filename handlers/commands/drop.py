"""Drops something an incident would teach."""

from handlers import teaching
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit, no


async def run(visit: Visit, rest: str) -> Answer:
    """`drop <lesson id>`."""
    if not rest.split():
        return no("error.which_lesson", known=", ".join(visit.incident.lessons) or "-")
    return await teaching.drop(visit, rest.split(maxsplit=1)[0])


DROP = Command("drop", ("drop", "丢弃"), run, follows="nothing")
