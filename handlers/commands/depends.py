"""Adds a dependency to what the team knows of a service."""

from handlers import catalogue
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit, no


async def run(visit: Visit, rest: str) -> Answer:
    """`depends <service> <callee>`."""
    call = catalogue.understood(rest)
    if call is None:
        return no("error.depends_what")
    return await catalogue.learn(visit, call.caller, call.callee)


DEPENDS = Command("depends", ("depends", "learn", "依赖"), run, about=False, follows="object")
