"""Shows how a host does: processor, memory, disks, network, processes."""

from handlers import hosts
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`resources <host>`."""
    return await hosts.resources(visit, rest)


RESOURCES = Command("resources", ("resources", "资源"), run, role="viewer", about=False)
