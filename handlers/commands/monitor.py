"""Shows how a service does right now, on a card that stays up to date."""

from handlers import monitor
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`monitor <service>`; in a thread, the incident's service where none is named."""
    return await monitor.show(visit, rest)


MONITOR = Command("monitor", ("monitor", "health", "监控", "健康"), run, role="viewer", about=False)
