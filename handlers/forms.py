"""Takes the forms people send: one table from action to what it does."""

from collections.abc import Awaitable, Callable

from engine.masking import mask
from handlers import asking, decisions, deeds, teaching
from handlers.inbound import Answer, FormSent
from handlers.visit import QUIET, Visit, no


async def send(visit: Visit, event: FormSent) -> Answer:
    """Do what a form says; who may is judged here for all but decisions, which the engine judges."""
    known = FORMS.get(event.action)
    if known is None:
        return no("error.unknown_button", action=event.action[:40])
    if not visit.incident.id and event.action not in ABOUT_NONE:
        return no("error.no_such_incident", incident="-")
    return await known(visit, event)


async def _approve(visit: Visit, event: FormSent) -> Answer:
    return await decisions.sent(visit, event, "approve")


async def _reject(visit: Visit, event: FormSent) -> Answer:
    return await decisions.sent(visit, event, "reject")


async def _edit(visit: Visit, event: FormSent) -> Answer:
    if not visit.may("responder"):
        return await visit.refuse("error.role.responder", f"edit {event.value}", person=visit.name(visit.actor))
    return await teaching.edited(visit, event.value.get("lesson", ""), event.fields.get("text", ""))


async def _undo(visit: Visit, event: FormSent) -> Answer:
    if visit.again:
        return QUIET
    if not visit.may("responder"):
        return await visit.refuse("error.role.responder", f"undo {event.value}", person=visit.name(visit.actor))
    proposal = visit.incident.proposals.get(event.value.get("plan", ""))
    if proposal is None:
        return no("error.nothing_to_undo", plan=event.value.get("plan", "")[:40])
    if reason := event.fields.get("reason", "").replace("\x00", "").strip()[:1_000]:
        body = {"text": mask(reason), "name": visit.account.name, "platform": visit.at.platform}
        await visit.write(f"said:{visit.id}", "message.said", body)
    return await deeds.undo(visit, proposal)


FORMS: dict[str, Callable[[Visit, FormSent], Awaitable[Answer]]] = {
    "approve": _approve,
    "reject": _reject,
    "edit": _edit,
    "undo": _undo,
    **dict.fromkeys(asking.FIELDS, asking.sent),
}
"""Every form there is."""

ABOUT_NONE = frozenset({"declare"})
"""Forms that belong to no incident."""
