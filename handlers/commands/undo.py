"""Asks for a change to be taken back."""

from handlers import deeds
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit, no


async def run(visit: Visit, rest: str) -> Answer:
    """`undo [plan id]`, the newest change where none is named."""
    named = next((word for word in rest.split() if word.startswith("plan_")), "")
    done = [p for p in visit.incident.proposals.values() if p.execution and p.execution.result == "done"]
    wanted = [p for p in done if named in ("", p.plan.id)]
    return await deeds.undo(visit, wanted[-1]) if wanted else no("error.nothing_to_undo", plan=named or "-")


UNDO = Command("undo", ("undo", "撤销", "撤销此变更"), run, follows="nothing")
