"""Runs a command that only looks, on a host of the team."""

from handlers import hosts
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`diag <host> [timeout=seconds] <command>`; in a thread, where it is written down."""
    return await hosts.diagnose(visit, rest)


DIAG = Command("diag", ("diag", "诊断主机"), run, follows="object")
