"""Checks settings and backends and says what is wrong."""

from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit, no


async def run(visit: Visit, rest: str) -> Answer:
    """`doctor`."""
    if visit.house.doctor is None:
        return no("error.no_doctor")
    return Answer(phrase=await visit.house.doctor())


DOCTOR = Command("doctor", ("doctor", "check", "自检", "体检"), run, role="viewer", about=False)
