"""Has the whole way tried: an alert, a card, a press, an answer, a refused approval."""

from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit, no


async def run(visit: Visit, rest: str) -> Answer:
    """`self-test`."""
    if visit.house.selftest is None:
        return no("error.no_self_test")
    return Answer(phrase=await visit.house.selftest())


SELF_TEST = Command("self_test", ("self-test", "selftest", "自测"), run, about=False, follows="nothing")
