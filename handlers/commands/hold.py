"""Sets a constraint: proposals of a class, or every change, are held until somebody lifts it."""

from engine.consent import parse_constraint
from handlers import deeds
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit, no


async def run(visit: Visit, rest: str) -> Answer:
    """`hold [what]`, every change where nothing is named."""
    held = parse_constraint(f"do not {rest}") or parse_constraint(f"不要{rest}")
    if rest and held is None:
        return no("error.hold_what", what=rest[:60])
    return await deeds.hold(visit, rest or "hold", held)


HOLD = Command("hold", ("hold", "freeze", "冻结", "暂停变更"), run, follows="object")
