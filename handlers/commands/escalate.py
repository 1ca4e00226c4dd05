"""Calls somebody into an incident."""

from handlers import people
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`escalate [person|next] [reason]`."""
    return await people.escalate(visit, rest)


ESCALATE = Command(
    "escalate", ("escalate", "page", "升级", "呼叫"), run, follows="object", objects=("下一位", "下一个")
)
