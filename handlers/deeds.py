"""Does what a person may do with an incident: acknowledge, lift, nudge, close, resume; once, and written down."""

from collections.abc import Sequence

from engine.consent import Held
from engine.duty import Nudge
from engine.incident import Proposal
from engine.masking import mask
from engine.model import Entry, Outcome, Phrase, Plan
from engine.team import Constraint
from handlers.inbound import Answer
from handlers.visit import QUIET, Visit, no, ok

BUSY = ("executing", "verifying")
"""Statuses in which the world is being changed; nobody closes an incident under that."""

LONGEST = 1_000
"""Characters of a reason."""

OUTCOMES: tuple[Outcome, ...] = ("recovered", "false_alarm", "inconclusive", "needs_human")

WAITS = ("incident.handed_over", "time.rested", "recovery.verified", "action.executed")
"""What the engine writes before or while it waits for a person's nudge."""

STARTS = ("person.nudged", "incident.created", "incident.reopened")
"""What the engine answers by going to work."""


async def acknowledge(visit: Visit) -> Answer:
    """Say that somebody looks after it; the first one stands."""
    if visit.incident.status == "closed":
        return no("error.closed", incident=visit.incident.id)
    entry = await visit.write(visit.key("ack"), "incident.acknowledged")
    if entry.actor != visit.actor:
        return ok("command.acknowledged_before", person=visit.name(entry.actor))
    await visit.show("header")
    return ok("command.acknowledged", person=visit.name(visit.actor))


async def lift(visit: Visit, constraint: str = "") -> Answer:
    """Lift a standing constraint: the one named, else the newest. Lifting asks for nothing and approves nothing."""
    standing = [c for c in visit.incident.holding if constraint in ("", c.id)]
    if not standing:
        return no("error.nothing_to_lift", incident=visit.incident.id)
    lifted = standing[-1]
    body = {"constraint": lifted.id, "inbound": visit.id}
    entry = await visit.write(f"lift:{lifted.id}", "constraint.lifted", body)
    if entry.seq <= visit.incident.seq:
        # A habit holds each episode anew under one id, and the key was used up in an earlier one.
        key = f"lift:{lifted.id}:{visit.incident.episode}"
        entry = await visit.write(key, "constraint.lifted", body)
    await show_plans(visit)
    return ok("command.lifted", text=lifted.text[:200], by=visit.name(lifted.by), person=visit.name(entry.actor))


async def hold(visit: Visit, text: str, held: Held | None) -> Answer:
    """Hold proposals of a class (or every change) from now on, and promise in the thread what is done instead: reading.

    The same event heard again changes nothing."""
    if await visit.house.timeline.find(visit.incident.id, f"constraint:{visit.id}"):
        return QUIET
    constraint = Constraint(
        id=visit.house.ids.draw("cst"),
        text=text[:1_000],
        operation_class=None if held is None or held == "all" else held,
        by=visit.actor,
        at=visit.house.clock.now(),
    )
    await visit.write(f"constraint:{visit.id}", "constraint.set", constraint.model_dump(mode="json"))
    await show_plans(visit)
    what = Phrase(word=f"command.held.{constraint.operation_class or 'all'}")
    await visit.post(f"notice:constraint:{visit.id}", Phrase(word="notice.read_only_promise", values={"what": what}))
    return ok("command.constrained", what=what)


async def close(visit: Visit, outcome: str = "", reason: str = "") -> Answer:
    """Close the incident as a person; refused while something is being changed."""
    state = await visit.house.state(visit.incident.id)
    if state.status == "closed":
        return ok("command.closed_before", incident=state.id, person=visit.name(state.closed_by))
    if state.status in BUSY:
        return await visit.refuse("error.close_while_changing", f"close {outcome}", incident=state.id)
    if outcome and outcome not in OUTCOMES:
        known = ", ".join(visit.words.text(f"outcome.{each}") for each in OUTCOMES)
        return no("error.unknown_outcome", outcome=outcome[:40], known=known)
    ending = outcome or _natural(visit)
    why = mask(reason.replace("\x00", "").strip(" \t\n:：,，。.!！-—")[:LONGEST])
    await visit.write(visit.key("closed"), "incident.closed", {"outcome": ending, **({"reason": why} if why else {})})
    await visit.show("header", "closing")
    return ok("command.closed", incident=state.id)


def _natural(visit: Visit) -> str:
    """How an incident ended by what is known of it, where the person does not say."""
    if visit.incident.status == "recovered":
        return "recovered"
    diagnosis = visit.incident.diagnosis
    return "inconclusive" if diagnosis and diagnosis.verdict == "inconclusive" else "needs_human"


async def look_again(visit: Visit) -> Answer:
    """Ask for another round of evidence and diagnosis."""
    return await nudge(visit, Nudge(what="look_again", by=visit.actor), "command.looking_again")


async def propose(visit: Visit, plan: Plan) -> Answer:
    """Ask for an operation of the catalogue; whoever asks for it cannot approve it."""
    return await nudge(visit, Nudge(what="propose", by=visit.actor, plan=plan), "command.proposed")


async def undo(visit: Visit, proposal: Proposal) -> Answer:
    """Ask for what was done to be taken back; that is a change of its own, with its own approval."""
    if proposal.execution is None or proposal.execution.result != "done":
        return no("error.nothing_to_undo", plan=proposal.plan.id)
    return await nudge(visit, Nudge(what="undo", by=visit.actor, plan=proposal.plan), "command.undo_asked")


async def nudge(visit: Visit, wish: Nudge, word: str) -> Answer:
    """Tell the engine, which waits, what is wanted next; the first wish of a turn stands."""
    entries = await visit.house.timeline.read(visit.incident.id)
    if visit.incident.status == "closed":
        return no("error.closed", incident=visit.incident.id)
    if not waiting(entries):
        return no("error.still_busy", incident=visit.incident.id)
    key = visit.key(f"next/{visit.incident.turn}")
    entry = await visit.write(key, "person.nudged", wish.model_dump(mode="json") | {"inbound": visit.id})
    if entry.body.get("inbound") != visit.id:
        return no("error.wish_before", person=visit.name(entry.actor))
    visit.house.wake(visit.incident.id)
    return ok(word, incident=visit.incident.id)


def waiting(entries: Sequence[Entry]) -> bool:
    """Whether the engine has come to rest since it last went to work."""
    return next((entry.kind in WAITS for entry in reversed(entries) if entry.kind in WAITS + STARTS), False)


async def resume(visit: Visit) -> Answer:
    """Set an incident going again whose run had broken off."""
    if not visit.incident.stuck:
        return no("error.not_stuck", incident=visit.incident.id)
    body = {"reason": visit.incident.stuck, "inbound": visit.id}
    await visit.write(visit.key(f"resumed/{visit.incident.seq}"), "incident.resumed", body)
    await visit.show("header")
    visit.house.wake(visit.incident.id)
    return ok("command.resumed", incident=visit.incident.id)


async def show_plans(visit: Visit) -> None:
    """Show every proposal anew, for what holds them has changed."""
    await visit.show("header", *(f"plan:{plan}" for plan in visit.incident.proposals))
