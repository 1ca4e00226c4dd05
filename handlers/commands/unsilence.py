"""Ends a silence."""

from handlers import silences
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`unsilence [silence id]`."""
    return await silences.unsilence(visit, rest)


UNSILENCE = Command(
    "unsilence", ("unsilence", "unmute", "取消静默", "解除静默", "end the silence", "结束静默"), run, follows="object"
)
