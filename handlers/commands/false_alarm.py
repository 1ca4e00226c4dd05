"""Closes an incident as a false alarm."""

from handlers import deeds
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`false-alarm[: reason]`."""
    return await deeds.close(visit, "false_alarm", rest)


FALSE_ALARM = Command(
    "false_alarm", ("false-alarm", "false alarm", "false_alarm", "误报", "标记误报"), run, follows="nothing"
)
