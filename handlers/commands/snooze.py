"""Lets an incident wait: nobody is called or reminded for a while."""

from handlers import statements
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`snooze <how long>`, or `snooze off`."""
    return await statements.snooze(visit, rest)


SNOOZE = Command("snooze", ("snooze", "稍后提醒", "推迟提醒", "暂缓"), run, follows="object")
