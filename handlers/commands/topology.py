"""Draws who calls whom around a service."""

from handlers import catalogue
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`topology <service>`; in a thread, the incident's service where none is named."""
    return await catalogue.graph(visit, rest)


TOPOLOGY = Command("topology", ("topology", "拓扑", "依赖图"), run, role="viewer", about=False)
