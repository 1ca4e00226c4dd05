"""Plays a demo scenario."""

from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit, no


async def run(visit: Visit, rest: str) -> Answer:
    """`demo <scenario>`, where the process has a demo world."""
    if visit.house.demo is None:
        return no("error.no_demo")
    return Answer(phrase=await visit.house.demo(rest.strip()[:60]))


DEMO = Command("demo", ("demo", "演示"), run, about=False, follows="object")
