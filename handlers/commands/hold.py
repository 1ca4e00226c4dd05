"""Sets a constraint: proposals of a class, or every change, are held until somebody lifts it."""

from engine.consent import Held, parse_constraint
from handlers import deeds
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.operations import CHINESE
from handlers.visit import Visit, no


async def run(visit: Visit, rest: str) -> Answer:
    """`hold [what]`, every change where nothing is named."""
    held = forbidden(rest)
    if rest and held is None:
        return no("error.hold_what", what=rest[:60])
    return await deeds.hold(visit, rest or "hold", held)


def forbidden(text: str) -> Held | None:
    """What a text forbids, with or without the words that forbid it: "rollback", "不要回滚"."""
    return parse_constraint(text) or parse_constraint(f"do not {text}") or parse_constraint(f"不要{text}")


HOLD = Command("hold", ("hold", "freeze", "冻结", "暂停变更"), run, follows="object", objects=CHINESE)
