"""Keeps what an incident taught."""

from handlers import teaching
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`keep [lesson id]`: all where none is named; drafts them first where none were offered."""
    return await teaching.keep(visit, rest.split(maxsplit=1)[0]) if rest.split() else await teaching.keep_all(visit)


KEEP = Command("keep", ("keep", "keep_all", "keep all", "保留", "全部保留"), run, follows="nothing")
