"""Lists the habits and notes the team keeps."""

from handlers import keeping
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`habits [lesson id]`."""
    return await keeping.show(visit, "habit", rest)


HABITS = Command("habits", ("habits", "习惯", "团队习惯"), run, role="viewer", about=False)
