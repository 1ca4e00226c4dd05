"""Asks for another round of evidence and diagnosis."""

from handlers import deeds
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`look-again`."""
    return await deeds.look_again(visit)


WORDS = ("look-again", "look again", "look_again", "diagnose")
CHINESE = ("再看看", "再查一次", "重新调查", "重新诊断")
LOOK_AGAIN = Command("look_again", (*WORDS, *CHINESE, "重新取证"), run, follows="nothing")
