"""Reads emoji under our messages: eyes on it means somebody looks after it, and no emoji ever approves anything."""

from handlers import deeds
from handlers.inbound import Answer, ReactionAdded
from handlers.visit import QUIET, Visit

LOOKING = frozenset({"eyes", "👀", "raising_hand", "🙋", "OnIt", "on_it"})


async def react(visit: Visit, event: ReactionAdded) -> Answer:
    """Acknowledge for a person who may; every other emoji is left to people."""
    if event.name in LOOKING and visit.incident.id and visit.may("responder") and not visit.again:
        return await deeds.acknowledge(visit)
    return QUIET
