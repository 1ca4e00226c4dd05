"""Reads emoji under our messages: eyes mean somebody looks after it, thumbs judge a card, none approves."""

from collections.abc import Sequence

from engine.feedback import RATED
from engine.incident import Incident
from handlers import deeds
from handlers.inbound import Answer, ReactionAdded
from handlers.visit import QUIET, Visit

LOOKING = frozenset({"eyes", "👀", "raising_hand", "🙋", "OnIt", "on_it"})
USEFUL = frozenset({"+1", "thumbsup", "👍", "THUMBSUP", "JIAYI"})
USELESS = frozenset({"-1", "thumbsdown", "👎", "ThumbsDown"})


async def react(visit: Visit, event: ReactionAdded) -> Answer:
    """Acknowledge for a person who may, keep what a member of the team thinks of a card; all else is left to people."""
    if not visit.incident.id or visit.person is None:
        return QUIET
    if event.name in USEFUL | USELESS:
        return await _judge(visit, event)
    if event.name in LOOKING and not event.taken_back and visit.may("responder") and not visit.again:
        return await deeds.acknowledge(visit)
    return QUIET


async def _judge(visit: Visit, event: ReactionAdded) -> Answer:
    """Keep an opinion on a card, or that it was taken back, with what the card said at that moment."""
    slot = await visit.house.slot_at(f"{event.at.platform}:{event.at.room}", event.message)
    if slot not in RATED:
        return QUIET
    body = {"slot": slot, "useful": event.name in USEFUL, "standing": not event.taken_back}
    about = {"about": list(_about(visit.incident, slot)), "moment": event.moment, "inbound": visit.id}
    await visit.write(f"feedback:{visit.id}", "feedback.given", body | about)
    if visit.incident.lessons or visit.incident.status == "closed":
        await visit.show("closing")
    return QUIET


def _about(incident: Incident, slot: str) -> Sequence[str]:
    """What was judged: the cause that was named, the evidence that stood out, the lessons that were recalled."""
    match slot:
        case "diagnosis":
            cause = incident.diagnosis.cause if incident.diagnosis else None
            return (cause.category,) if cause else ()
        case "evidence":
            return [item.id for item in incident.sweep.evidence if item.abnormal] if incident.sweep else ()
        case _:
            return [lesson.id for lesson in incident.background]
