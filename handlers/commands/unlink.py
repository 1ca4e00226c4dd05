"""Takes a merge back."""

from handlers import relations
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`unlink [incident] [reason]`."""
    return await relations.unlink(visit, rest)


UNLINK = Command("unlink", ("unlink", "unmerge", "拆开", "取消合并"), run, other=True, follows="nothing")
