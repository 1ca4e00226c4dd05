"""Shows one entry of the service catalogue."""

from handlers import catalogue
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`service <name>`; in a thread, the incident's service where none is named."""
    return await catalogue.show(visit, rest)


SERVICE = Command("service", ("service", "服务"), run, role="viewer", about=False)
