"""Rejects an action that waits for approval."""

from engine.consent import approval_in
from handlers import decisions
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`reject [approval id] [reason]`: a no needs no form."""
    approval = approval_in(rest)
    return await decisions.reject(visit, approval, rest.replace(approval, "").strip() if approval else rest)


REJECT = Command("reject", ("reject", "拒绝", "驳回"), run, role=None, follows="words")
