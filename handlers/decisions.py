"""Takes a person's yes or no to an approval, pressed and typed into a form, or typed as text."""

from dataclasses import replace
from typing import Literal

from cards.model import Ask, Field
from engine.approvals import Attempt, Refused, decide, judge_attempt, may_approve, refuse, standings
from engine.consent import WORD, approval_in, parse_typed
from engine.incident import Proposal
from engine.model import Decision, Phrase
from handlers.inbound import Answer, FormSent, MessageSaid
from handlers.visit import Visit, no, ok

Verdict = Literal["approve", "reject"]


async def form(visit: Visit, value: dict[str, str], verdict: Verdict) -> Answer:
    """The form for a decision, or at once the reason why nothing typed into it could count.

    Nobody should fill in a form in vain. The decision itself is judged again when the form is sent."""
    proposal = visit.incident.proposal_of(value.get("approval", ""))
    digest = proposal.request.digest if proposal and proposal.request else ""
    attempt = _attempt(visit, value.get("approval", ""), verdict, WORD, digest=digest, reason="-")
    known = standings(await visit.house.timeline.read(visit.incident.id))
    judged = judge_attempt(visit.incident, known.get, attempt, visit.team, visit.house.clock.now())
    if proposal is None or isinstance(judged, Refused):
        said = judged.phrase if isinstance(judged, Refused) else Phrase(word="error.nothing_waits")
        return await _refused(visit, replace(attempt, word="", reason=""), said)
    return Answer(form=_ask(visit, proposal, verdict))


async def sent(visit: Visit, event: FormSent, verdict: Verdict) -> Answer:
    """Let a filled-in form decide."""
    attempt = _attempt(
        visit,
        event.value.get("approval", ""),
        verdict,
        event.fields.get("word", ""),
        digest=event.value.get("digest"),
        reason=event.fields.get("reason", "").strip()[:1_000],
    )
    return await try_to(visit, attempt)


async def typed(visit: Visit, event: MessageSaid, text: str) -> Answer:
    """Let a typed message decide, or say clearly why it does not. `text` is the message without its leading mention."""
    named = parse_typed(text)
    attempt = Attempt(
        approval=named.approval if named else approval_in(text),
        verdict="approve",
        account=visit.account,
        incident=visit.incident.id,
        at=visit.house.clock.now(),
        person=visit.person,
        word=text,
        via="text",
        edited=event.edited,
        forwarded=event.forwarded,
        quoted=event.quoted,
    )
    return await try_to(visit, attempt)


async def try_to(visit: Visit, attempt: Attempt) -> Answer:
    """Put an attempt to the engine."""
    house = visit.house
    known = await house.timeline.find(visit.incident.id, f"refused:{visit.id}") if visit.again else None
    if known is not None:
        # What was refused stays refused, even if the same event would count by now.
        return Answer(tone="refused", phrase=Phrase.model_validate(known.body["say"]))
    result = await decide(house.timeline, visit.incident, attempt, visit.team, house.clock, visit.id)
    if isinstance(result, Refused):
        return await _refused(visit, attempt, result.phrase)
    await _shown(visit, attempt.approval)
    return _thanks(result)


async def _refused(visit: Visit, attempt: Attempt, phrase: Phrase) -> Answer:
    """Say no: written down and shown in the thread, or counted where they are many. Of whoever may decide each is
    written: what was refused stays refused when it is delivered again, and is known by its entry."""
    house, now = visit.house, visit.house.clock.now()
    decides = visit.person is not None and may_approve(visit.person, visit.team)
    if decides or house.refusals.admits(visit.incident.id, visit.actor, now):
        phrase = (await refuse(house.timeline, attempt, phrase, now, visit.id)).phrase
        await visit.show(f"say:refused:{visit.id}")
    return Answer(tone="refused", phrase=phrase)


def _thanks(decision: Decision) -> Answer:
    if decision.verdict == "rejected":
        return ok("command.rejected", approval=decision.approval)
    return ok("command.approved_dry_run" if decision.dry_run_first else "command.approved", approval=decision.approval)


async def _shown(visit: Visit, approval: str) -> None:
    proposal = visit.incident.proposal_of(approval)
    await visit.show(*([f"plan:{proposal.plan.id}"] if proposal else []), "header")


def _attempt(
    visit: Visit, approval: str, verdict: Verdict, word: str, *, digest: str | None = None, reason: str = ""
) -> Attempt:
    return Attempt(
        approval=approval,
        verdict=verdict,
        account=visit.account,
        incident=visit.incident.id,
        at=visit.house.clock.now(),
        person=visit.person,
        digest=digest,
        word=word,
        reason=reason,
        via="form",
    )


def _ask(visit: Visit, proposal: Proposal, verdict: Verdict) -> Ask:
    words, request = visit.words, proposal.request
    assert request is not None
    reason = Field(
        name="reason", label=words.text("form.reason"), hint=words.text(f"form.{verdict}_reason_hint"), required=False
    )
    word = Field(name="word", label=words.text("form.word", token=WORD), hint=words.text("form.word_hint", token=WORD))
    needs_word = verdict == "approve" and request.judgement.needs_word
    return Ask(
        question=words.text(
            f"form.{verdict}",
            operation=proposal.plan.operation,
            target=proposal.plan.target,
            digest=request.digest[:12],
        ),
        who=words.text(f"form.who_{visit.team.policy.approver_role}"),
        until=request.expires_at,
        zone=words.zone,
        action=verdict,
        submit=words.text(f"form.{verdict}_submit"),
        value={"incident": visit.incident.id, "approval": request.id, "digest": request.digest},
        fields=(word, reason) if needs_word else (reason,),
    )


async def reject(visit: Visit, approval: str, reason: str) -> Answer:
    """Say no by command: it needs neither form nor word."""
    wanted = await newest(visit, approval)
    if not wanted:
        return no("error.nothing_waits", incident=visit.incident.id)
    attempt = replace(_attempt(visit, wanted, "reject", "", reason=reason.strip()[:1_000]), via="text")
    return await try_to(visit, attempt)


async def newest(visit: Visit, approval: str) -> str:
    """The approval a command means: the one it names, else the only one that waits."""
    if approval:
        return approval
    waiting = [p.request.id for p in visit.incident.proposals.values() if p.request and not p.decision]
    return waiting[0] if len(waiting) == 1 else ""


async def press(visit: Visit, approval: str, verdict: Verdict) -> Answer:
    """A command that stands for the button: it opens the form, for a word typed beside a command never counts."""
    wanted = await newest(visit, approval)
    if not wanted:
        return no("error.nothing_waits", incident=visit.incident.id)
    return await form(visit, {"approval": wanted}, verdict)
