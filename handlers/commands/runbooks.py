"""Lists the runbooks the team keeps."""

from handlers import keeping
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`runbooks [lesson id]`."""
    return await keeping.show(visit, "runbook", rest)


RUNBOOKS = Command("runbooks", ("runbooks", "runbook", "手册", "运维手册", "预案"), run, role="viewer", about=False)
