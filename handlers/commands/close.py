"""Closes an incident."""

from handlers import deeds
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`close [outcome]`."""
    return await deeds.close(visit, rest.split(maxsplit=1)[0].replace("-", "_").casefold() if rest.split() else "")


CLOSE = Command("close", ("close", "关闭", "关单"), run)
