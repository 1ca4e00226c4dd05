"""Closes an incident."""

import re

from engine.model import Outcome
from handlers import deeds
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit

OUTCOMES: dict[str, Outcome] = {
    **dict.fromkeys(("recovered", "resolved", "已恢复", "恢复", "已解决"), "recovered"),
    **dict.fromkeys(("false_alarm", "false-alarm", "false alarm", "误报"), "false_alarm"),
    **dict.fromkeys(("inconclusive", "无法定论", "未定论", "原因不明", "未能定因"), "inconclusive"),
    **dict.fromkeys(
        ("needs_human", "needs-human", "needs human", "handed to people", "转人工处理", "转人工"), "needs_human"
    ),
}
"""How people write the ways an incident ends."""
CHINESE = tuple(word for word in OUTCOMES if not word.isascii())
PLAIN = re.compile(r"(?:(?:please|now|it|this|the|incident)\b|吧|一下|这个|本|该|事件|[ \t])+", re.IGNORECASE)


async def run(visit: Visit, rest: str) -> Answer:
    """`close [outcome][: reason]`."""
    lower = rest.casefold()
    named = next((word for word in sorted(OUTCOMES, key=len, reverse=True) if lower.startswith(word)), "")
    reason = rest[len(named) :]
    if named and (not reason or not reason[0].isalnum()):
        return await deeds.close(visit, OUTCOMES[named], reason)
    return await deeds.close(visit, "" if PLAIN.fullmatch(rest) else rest)


CLOSE = Command("close", ("close", "关闭", "关单", "结案"), run, follows="object", objects=CHINESE)
