"""Asks people, binds their word to the exact action, and lets the first decision stand."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from engine.consent import (
    WORD,
    Typed,
    doubt,
    parse_constraint,
    parse_typed,
    sounds_like_consent,
    without_mention,
    word_ok,
)
from engine.incident import Incident, fold
from engine.model import Checkpoint, Decision, DryRun, Entry, Judgement, Phrase, Plan, Request
from engine.ports import Clock, Draft, Ids, Timeline
from engine.team import Account, Person, Role, Team

__all__ = [
    "Attempt",
    "Refused",
    "Typed",
    "ask",
    "decide",
    "digest",
    "judge_attempt",
    "may_approve",
    "parse_constraint",
    "parse_typed",
    "refuse",
    "seal",
    "sounds_like_consent",
    "standings",
    "still_stands",
    "without_mention",
    "word_ok",
]

RANK: dict[Role, int] = {"viewer": 0, "responder": 1, "approver": 2}
MAX_SAID = 200


def digest(plan: Plan, incident_id: str, evidence_ids: Iterable[str], checkpoint: Checkpoint, dry_run: DryRun) -> str:
    """What an approval is bound to: any difference in what would be done, to what, why or on which state changes it."""
    bound = {
        "operation": plan.operation,
        "target": plan.target,
        "arguments": plan.arguments,
        "incident": incident_id,
        "evidence": list(evidence_ids),
        "checkpoint": checkpoint.model_dump(mode="json"),
        "dry_run": dry_run.model_dump(mode="json"),
    }
    text = json.dumps(bound, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def ask(
    incident: str,
    plan: Plan,
    judgement: Judgement,
    checkpoint: Checkpoint,
    dry_run: DryRun,
    ids: Ids,
    now: datetime,
    minutes: float,
) -> Request:
    """The approval to ask for. It expires `minutes` after `now` and is bound to exactly what its card shows."""
    return Request(
        id=ids.draw("approval"),
        plan=plan,
        judgement=judgement,
        checkpoint=checkpoint,
        dry_run=dry_run,
        digest=digest(plan, incident, plan.evidence_ids, checkpoint, dry_run),
        asked_at=now,
        expires_at=now + timedelta(minutes=minutes),
    )


def seal(incident: str, request: Request) -> Callable[[DryRun], bool]:
    """Whether a later dry-run still shows exactly what was approved."""

    def same(dry_run: DryRun) -> bool:
        plan = request.plan
        return digest(plan, incident, plan.evidence_ids, request.checkpoint, dry_run) == request.digest

    return same


@dataclass(frozen=True)
class Attempt:
    """A person's try to decide. `word` is what was typed: the form's field, or the whole message without its leading
    mention. `digest` is the one the card showed (forms only); `quoted` are other people's words, which never count."""

    approval: str
    verdict: Literal["approve", "reject"]
    account: Account
    incident: str
    at: datetime
    person: Person | None = None
    digest: str | None = None
    word: str | None = None
    reason: str = ""
    via: Literal["form", "text"] = "form"
    edited: bool = False
    forwarded: bool = False
    quoted: str = ""

    @property
    def actor(self) -> str:
        """The person, or the account nobody is linked to."""
        return self.person.id if self.person else f"{self.account.platform}:{self.account.id}"


@dataclass(frozen=True)
class Standing:
    """A request that was once asked in this incident, and how it stands: decided, or replaced by a newer card."""

    request: Request
    decision: Decision | None = None
    decided_at: datetime | None = None
    superseded: bool = False


@dataclass(frozen=True)
class Granted:
    """The attempt counts; the decision is still to be written."""

    decision: Decision


@dataclass(frozen=True)
class Refused:
    """The attempt does not count, and why."""

    phrase: Phrase


Lookup = Callable[[str], Standing | None]
Rule = Callable[[Incident, Standing, Attempt, Team], Phrase | None]


def standings(entries: Iterable[Entry]) -> dict[str, Standing]:
    """Every request of these entries, by approval id. Only the newest of a plan can still be decided."""
    found: dict[str, Standing] = {}
    for entry in entries:
        if entry.kind == "incident.reopened":
            found = {id: _replaced(standing) for id, standing in found.items()}
        elif entry.kind == "approval.requested":
            request = Request.model_validate(entry.body)
            older = {id: _replaced(s) for id, s in found.items() if s.request.plan.id == request.plan.id}
            found |= {**older, request.id: Standing(request)}
        elif entry.kind == "approval.resolved" and entry.body.get("approval") in found:
            decision = Decision.model_validate(entry.body)
            standing = found[decision.approval]
            found[decision.approval] = Standing(standing.request, decision, entry.at, standing.superseded)
    return found


def _replaced(standing: Standing) -> Standing:
    return Standing(standing.request, standing.decision, standing.decided_at, superseded=True)


# --- judging ---------------------------------------------------------------------------------------------------------


def judge_attempt(incident: Incident, lookup: Lookup, attempt: Attempt, team: Team, now: datetime) -> Granted | Refused:
    """Judge an attempt against everything that can be wrong with it; the first thing wrong is what is said."""
    standing = lookup(attempt.approval)
    if attempt.incident != incident.id or standing is None:
        said = attempt.approval or "-"
        return Refused(_phrase("unknown", approval=said, incident=incident.id))
    if incident.status == "closed":
        return Refused(_phrase("closed", incident=incident.id))
    if wrong := _wrong_time(standing, attempt, team, now):
        return Refused(wrong)
    rules = APPROVE if attempt.verdict == "approve" else REJECT
    for rule in rules:
        if wrong := rule(incident, standing, attempt, team):
            return Refused(wrong)
    return Granted(_decision(standing.request, attempt))


def _decision(request: Request, attempt: Attempt) -> Decision:
    if attempt.verdict == "reject":
        return Decision(approval=request.id, verdict="rejected", by=attempt.actor, reason=attempt.reason)
    typed = parse_typed(attempt.word or "") if attempt.via == "text" else None
    return Decision(
        approval=request.id,
        verdict="approved",
        by=attempt.actor,
        reason=attempt.reason,
        dry_run_first=typed is not None and typed.dry_run_first,
        break_glass=request.plan.requester == attempt.actor,
    )


def _wrong_time(standing: Standing, attempt: Attempt, team: Team, now: datetime) -> Phrase | None:
    if standing.decision is not None:
        return _decided(standing.decision, standing.decided_at, attempt, team)
    if standing.superseded:
        return _phrase("superseded", approval=attempt.approval)
    if now >= standing.request.expires_at:
        return _phrase("expired", at=_clock_time(standing.request.expires_at))
    return None


def _decided(first: Decision, at: datetime | None, attempt: Attempt, team: Team) -> Phrase:
    when = _clock_time(at) if at else ""
    if first.verdict == "expired":
        return _phrase("expired", at=when)
    if first.verdict == "void":
        return _phrase("void", at=when)
    verdict = Phrase(word=f"approval.verdict.{first.verdict}")
    same = (first.verdict == "approved") == (attempt.verdict == "approve")
    return _phrase("used" if same else "flipped", by=_name(first.by, team), at=when, verdict=verdict)


def _wrong_message(incident: Incident, standing: Standing, attempt: Attempt, team: Team) -> Phrase | None:
    if attempt.edited:
        return _phrase("edited")
    return _phrase("forwarded") if attempt.forwarded else None


def _wrong_person(incident: Incident, standing: Standing, attempt: Attempt, team: Team) -> Phrase | None:
    known = attempt.person is not None and team.member(attempt.person.id) is not None
    if attempt.person is not None and known and may_approve(attempt.person, team):
        return None
    if team.unknown_groups:
        return _phrase("group_unknown", groups=", ".join(team.unknown_groups))
    if attempt.person is None or not known:
        return _phrase("unlinked", account=attempt.account.name or attempt.account.id)
    return _phrase("role", name=attempt.person.name, role=team.policy.approver_role)


def may_approve(person: Person, team: Team) -> bool:
    """Whether this member may give approvals in this team."""
    return max((RANK[role] for role in person.roles), default=0) >= RANK[team.policy.approver_role]


def still_stands(request: Request, decision: Decision, team: Team, now: datetime) -> Phrase | None:
    """Why an approval that was given may not be used any more; None where it may.

    It lasts as long again as people had for giving it: a process that was down all night does not wake up and act on
    yesterday's word. Who gave it must still be one who may."""
    if now >= request.expires_at + (request.expires_at - request.asked_at):
        return Phrase(word="notice.approval_stale", values={"at": _clock_time(request.expires_at)})
    by = team.member(decision.by)
    alone = decision.break_glass and not team.policy.break_glass
    if by is None or not may_approve(by, team) or alone:
        return Phrase(word="notice.approver_gone", values={"by": _name(decision.by, team)})
    return None


def _requester(incident: Incident, standing: Standing, attempt: Attempt, team: Team) -> Phrase | None:
    if standing.request.plan.requester != attempt.actor:
        return None
    others = [p.name for p in team.people if p.id != attempt.actor and may_approve(p, team)]
    # Nobody is alone while a user group holds others, or may hold some.
    others += team.approvers if team.unlisted - {attempt.actor} or team.unknown_groups else ()
    if not team.policy.break_glass or others:
        return _phrase("requester", others=", ".join(others) or "-")
    return None if attempt.reason.strip() else _phrase("break_glass_reason")


def _unlinked_second(incident: Incident, standing: Standing, attempt: Attempt, team: Team) -> Phrase | None:
    """Two accounts may be one person: where somebody asked for it, both must be people the team file links."""
    asked = standing.request.plan.requester
    if not asked or asked == attempt.actor:
        return None
    loose = next((actor for actor in (asked, attempt.actor) if not _is_listed(actor, team)), "")
    return _phrase("unlinked_second", account=loose, by=_name(asked, team)) if loose else None


def _is_listed(actor: str, team: Team) -> bool:
    """Whether the team file names this person, or everybody counts where they act."""
    return actor.partition(":")[0] in team.open_to or any(person.id == actor for person in team.people)


def _held(incident: Incident, standing: Standing, attempt: Attempt, team: Team) -> Phrase | None:
    constraint = incident.holds(standing.request.plan)
    if constraint is None:
        return None
    return _phrase("held", by=_name(constraint.by, team), text=constraint.text[:MAX_SAID])


def _other_card(incident: Incident, standing: Standing, attempt: Attempt, team: Team) -> Phrase | None:
    if attempt.via == "form" and attempt.digest != standing.request.digest:
        return _phrase("digest", approval=attempt.approval)
    return None


def _wrong_word(incident: Incident, standing: Standing, attempt: Attempt, team: Team) -> Phrase | None:
    word = attempt.word or ""
    if attempt.via == "form":
        if not standing.request.judgement.needs_word or word_ok(word):
            return None
        return _phrase(f"word.{doubt(word, attempt.quoted)}", exactly=WORD)
    typed = parse_typed(word)
    if typed is None:
        exactly = f"approve {standing.request.id} {WORD}"
        return _phrase(f"word.{doubt(word, attempt.quoted)}", exactly=exactly)
    if typed.approval.startswith("approval_") and typed.approval != attempt.approval:
        return _phrase("unknown", approval=typed.approval, incident=incident.id)
    return None


APPROVE: tuple[Rule, ...] = (
    _wrong_message,
    _wrong_person,
    _wrong_word,
    _other_card,
    _held,
    _requester,
    _unlinked_second,
)
REJECT: tuple[Rule, ...] = (_wrong_message, _wrong_person, _other_card)
"""What is looked at before a decision counts, in this order. Saying no needs neither the word nor a second person."""


# --- deciding --------------------------------------------------------------------------------------------------------


async def decide(
    timeline: Timeline, incident: Incident, attempt: Attempt, team: Team, clock: Clock, inbound_id: str
) -> Decision | Refused:
    """Let an attempt decide, if it may and is first; otherwise say why not, for the caller to write down (`refuse`).

    The state is read afresh: what the caller saw may be older than a word somebody else said meanwhile. The same
    inbound id delivered again gets the same answer."""
    entries = await timeline.read(incident.id)
    fresh = fold(entries)
    earlier = next((e for e in entries if e.kind == "approval.resolved" and e.body.get("inbound") == inbound_id), None)
    if earlier is not None:
        return Decision.model_validate(earlier.body)
    known = standings(entries)
    now = clock.now()
    judged = judge_attempt(fresh, known.get, _with_approval(attempt, known), team, now)
    if isinstance(judged, Granted):
        key = f"{fresh.episode}/approval/{judged.decision.approval}"
        body = judged.decision.model_dump(mode="json") | _trace(attempt, inbound_id)
        draft = Draft(key=key, kind="approval.resolved", actor=attempt.actor, at=now, body=body)
        entry = await timeline.write(incident.id, draft)
        standing = Decision.model_validate(entry.body)
        if entry.body.get("inbound") == inbound_id:
            return standing
        judged = Refused(_decided(standing, entry.at, attempt, team))
    return judged


async def refuse(timeline: Timeline, attempt: Attempt, phrase: Phrase, now: datetime, inbound_id: str) -> Refused:
    """Write one entry that is both the audit of a refused attempt and the clear word to whoever tried."""
    body = {
        "say": phrase.model_dump(mode="json"),
        "to": attempt.actor,
        "approval": attempt.approval,
        "attempt": _trace(attempt, inbound_id) | {"verdict": attempt.verdict, "word": (attempt.word or "")[:MAX_SAID]},
    }
    key = f"refused:{inbound_id}"
    draft = Draft(key=key, kind="approval.refused", actor=attempt.actor, at=now, body=body)
    entry = await timeline.write(attempt.incident, draft)
    return Refused(Phrase.model_validate(entry.body["say"]))


def _with_approval(attempt: Attempt, known: dict[str, Standing]) -> Attempt:
    """A message without an approval id means the only one that waits; it is still refused, but with a useful word."""
    waiting = [id for id, s in known.items() if s.decision is None and not s.superseded]
    if attempt.approval or len(waiting) != 1:
        return attempt
    return Attempt(**{**vars(attempt), "approval": waiting[0]})


def _trace(attempt: Attempt, inbound_id: str) -> dict[str, Any]:
    account = {"platform": attempt.account.platform, "id": attempt.account.id}
    return {"inbound": inbound_id, "via": attempt.via, "account": account}


def _name(person: str, team: Team) -> str:
    member = team.member(person)
    return member.name if member else person


def _clock_time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _phrase(why: str, /, **values: str | Phrase) -> Phrase:
    return Phrase(word=f"approval.refused.{why}", values={**values})
