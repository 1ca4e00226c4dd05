"""Says who merged or split incidents, when and why."""

from handlers import relations
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit

WORDS = ("why merged", "why merged?", "why-merged", "why split", "why split?", "links")
CHINESE = ("为什么合并", "为什么合并？", "为什么合并?", "为何合并", "为什么拆分", "关联")


async def run(visit: Visit, rest: str) -> Answer:
    """`why merged?`."""
    return relations.why(visit)


WHY_MERGED = Command("why_merged", (*WORDS, *CHINESE), run, role="viewer")
