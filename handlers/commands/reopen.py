"""Takes a closed incident up again."""

from handlers import statements
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`reopen [reason]`."""
    return await statements.reopen(visit, rest)


REOPEN = Command("reopen", ("reopen", "re-open", "重开", "重新打开"), run, follows="words")
