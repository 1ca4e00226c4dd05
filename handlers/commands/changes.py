"""Shows what was changed lately of a service and of those it calls."""

from handlers import recent
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`changes <service> [last <how long>]`; in a thread, the incident's service where none is named."""
    return await recent.changes(visit, rest)


WORDS = ("changes", "deploys", "最近变更", "变更记录", "发布记录")
CHANGES = Command("changes", WORDS, run, role="viewer", about=False)
