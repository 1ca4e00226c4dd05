"""Folds a timeline into the state of its incident; nothing about an incident is stored anywhere else."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from engine import duty, looks
from engine.code import Reading
from engine.feedback import Feedback, signed
from engine.model import (
    Alert,
    Checkpoint,
    Decision,
    Diagnosis,
    DryRun,
    Entry,
    Execution,
    Judgement,
    Outcome,
    Phrase,
    Plan,
    Recovery,
    Request,
    Severity,
    Status,
    Sweep,
    Value,
)
from engine.team import Constraint, Lesson


class Say(Value):
    """A one-off message of the bot in the thread; `to` is the person it answers, "" for everybody."""

    key: str
    phrase: Phrase
    to: str = ""
    refusal: bool = False
    at: datetime


class Proposal(Value):
    """A plan on its way: judged, checkpointed, dry-run, asked, decided, executed, verified."""

    plan: Plan
    judgement: Judgement | None = None
    checkpoint: Checkpoint | None = None
    dry_run: DryRun | None = None
    repeated_dry_run: DryRun | None = None
    request: Request | None = None
    decision: Decision | None = None
    checks: dict[str, bool] = {}
    execution: Execution | None = None
    recovery: Recovery | None = None
    undo_of: str = ""


class Taught(Value):
    """A lesson offered at the end, and what became of it: offered, kept, dropped."""

    lesson: Lesson
    state: str = "offered"
    by: str = ""


class Incident(Value):
    """Everything a card, a report or a decision may need to know about an incident, as of one timeline entry."""

    id: str = ""
    team: str = ""
    title: str = ""
    service: str = ""
    severity: Severity = "P3"
    severity_by: str = ""
    severity_reason: str = ""
    environment: str = ""
    source: str = ""
    status: Status = "open"
    outcome: Outcome | None = None
    episode: int = 1
    seq: int = 0
    previous: str = ""
    requester: str = ""
    opened_at: datetime | None = None
    began_at: datetime | None = None
    updated_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: str = ""
    closed_reason: str = ""
    reported_by: str = ""
    resolved_at: datetime | None = None
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    assignee: str = ""
    summons: tuple[duty.Summons, ...] = ()
    paged: tuple[str, ...] = ()
    snooze: duty.Snooze | None = None
    snoozed_until: datetime | None = None
    updates: tuple[duty.Update, ...] = ()
    handovers: tuple[duty.Handover, ...] = ()
    merged_into: str = ""
    links: tuple[duty.Link, ...] = ()
    compressed_time: bool = False
    alerts: dict[str, Alert] = {}
    repeats: int = 0
    truncated: int = 0
    background: tuple[Lesson, ...] = ()
    asking: looks.Asking | None = None
    asked: dict[str, looks.Asked] = {}
    first_look: looks.FirstLook | None = None
    sweep: Sweep | None = None
    code: Reading | None = None
    diagnosis: Diagnosis | None = None
    proposals: dict[str, Proposal] = {}
    constraints: tuple[Constraint, ...] = ()
    lessons: dict[str, Taught] = {}
    says: tuple[Say, ...] = ()
    resolved_by: Phrase | None = None
    feedback: tuple[Feedback, ...] = ()
    stuck: str = ""
    turn: int = 1

    @property
    def alert(self) -> Alert | None:
        """The alert that opened the incident; None where a person opened it."""
        return next(iter(self.alerts.values()), None)

    @property
    def holding(self) -> tuple[Constraint, ...]:
        """The constraints that still stand."""
        return tuple(c for c in self.constraints if not c.lifted_by)

    @property
    def ties(self) -> tuple[duty.Link, ...]:
        """The merges and splits that still stand, the newest with each other incident."""
        newest = {link.incident: link for link in self.links}.values()
        return tuple(
            link
            for link in newest
            if link.tie != "unlinked" and (link.tie != "merged_into" or link.incident == self.merged_into)
        )

    def holds(self, plan: Plan) -> Constraint | None:
        """The first standing constraint that holds this plan; None where it may go on."""
        return next((c for c in self.holding if c.operation_class in (None, plan.operation_class)), None)

    def proposal_of(self, approval: str) -> Proposal | None:
        """The proposal that is asked about under this approval id."""
        return next((p for p in self.proposals.values() if p.request and p.request.id == approval), None)


CREATED = (
    "team",
    "title",
    "service",
    "severity",
    "environment",
    "source",
    "previous",
    "requester",
    "compressed_time",
)
"""What the body of incident.created may say."""

State = duty.State
Step = duty.Step


def fold(entries: Iterable[Entry]) -> Incident:
    """The state after these entries, oldest first. Kinds nobody knows change nothing but `seq`."""
    state: State = {}
    for entry in entries:
        if step := STEPS.get(entry.kind):
            step(state, entry)
        if entry.kind in duty.SPOKEN and "say" in entry.body:
            _said(state, entry)
        if "closed_at" in state:
            # What a story still had to say while a person closed it does not open it again.
            state["status"] = "closed"
        state.update(id=entry.incident, seq=entry.seq, updated_at=entry.at)
    return Incident(**state)


def _created(state: State, entry: Entry) -> None:
    state.update({name: entry.body[name] for name in CREATED if name in entry.body})
    state.update(opened_at=entry.at, began_at=entry.at, status="open")


def _alert(state: State, entry: Entry) -> None:
    alert = Alert.model_validate(entry.body["alert"])
    state["alerts"] = state.get("alerts", {}) | {alert.fingerprint: alert}
    if alert.status == "resolved":
        firing = [a for a in state["alerts"].values() if a.status == "firing"]
        state["resolved_at"] = None if firing else entry.at
    else:
        state["resolved_at"] = None
    if not state.get("severity_by"):
        state["severity"] = min(a.severity for a in state["alerts"].values())


def _received(state: State, entry: Entry) -> None:
    state["truncated"] = max(state.get("truncated", 0), int(entry.body.get("truncated", 0)))


def _repeated(state: State, entry: Entry) -> None:
    state["repeats"] = state.get("repeats", 0) + 1


def _reopened(state: State, entry: Entry) -> None:
    for name in duty.OF_ONE_EPISODE:
        state.pop(name, None)
    # What people forbade stays forbidden until one of them lifts it; that the alert went away and came back does not.
    standing = tuple(c for c in state.get("constraints", ()) if not c.lifted_by)
    state.update(status="open", proposals={}, lessons={}, constraints=standing, turn=1)
    looks.begun_anew(state)
    state.update(episode=state.get("episode", 1) + 1, began_at=entry.at)
    duty.begun_anew(state)


def _acknowledged(state: State, entry: Entry) -> None:
    state.update(acknowledged_by=entry.actor, acknowledged_at=entry.at, assignee=entry.actor)


def _recalled(state: State, entry: Entry) -> None:
    fresh = tuple(Lesson.model_validate(item) for item in entry.body.get("lessons", ()))
    known = {lesson.id for lesson in fresh}
    state["background"] = fresh + tuple(item for item in state.get("background", ()) if item.id not in known)


def _planned(state: State, entry: Entry) -> None:
    plan = Plan.model_validate(entry.body["plan"])
    judgement = Judgement.model_validate(entry.body["judgement"])
    proposal = Proposal(plan=plan, judgement=judgement, undo_of=entry.body.get("undo_of", ""))
    state["proposals"] = state.get("proposals", {}) | {plan.id: proposal}


def _on_proposal(state: State, plan: str, **values: Any) -> None:
    proposals: dict[str, Proposal] = state.get("proposals", {})
    if plan in proposals:
        state["proposals"] = proposals | {plan: proposals[plan].model_copy(update=values)}


def _checkpointed(state: State, entry: Entry) -> None:
    _on_proposal(state, entry.body["plan"], checkpoint=Checkpoint.model_validate(entry.body["checkpoint"]))


def _dry_run(state: State, entry: Entry) -> None:
    name = "repeated_dry_run" if entry.body.get("repeated") else "dry_run"
    _on_proposal(state, entry.body["plan"], **{name: DryRun.model_validate(entry.body["dry_run"])})


def _requested(state: State, entry: Entry) -> None:
    request = Request.model_validate(entry.body)
    # A newer card of the same plan waits afresh: what was decided and checked belongs to the older one.
    afresh: State = {"decision": None, "checks": {}, "execution": None, "repeated_dry_run": None, "recovery": None}
    _on_proposal(state, request.plan.id, request=request, **afresh)
    state["status"] = "awaiting_approval"


def _decided(state: State, entry: Entry) -> None:
    decision = Decision.model_validate(entry.body)
    for proposal in state.get("proposals", {}).values():
        if proposal.request and proposal.request.id == decision.approval:
            _on_proposal(state, proposal.plan.id, decision=decision)
    state["status"] = "executing" if decision.verdict == "approved" else "investigating"


def _checked(state: State, entry: Entry) -> None:
    _on_proposal(state, entry.body["plan"], checks=dict(entry.body["checks"]))


def _executed(state: State, entry: Entry) -> None:
    execution = Execution.model_validate(entry.body)
    _on_proposal(state, execution.plan, execution=execution)
    # What was not done may be tried again under a new attempt or card: it is for people once it is handed over.
    state["status"] = "verifying" if execution.result == "done" else "executing"


def _verified(state: State, entry: Entry) -> None:
    recovery = Recovery.model_validate(entry.body["recovery"])
    _on_proposal(state, entry.body["plan"], recovery=recovery)
    state["status"] = "recovered" if recovery.verdict == "recovered" else "needs_human"


def _handed_over(state: State, entry: Entry) -> None:
    state["status"] = "needs_human"


def _nudged(state: State, entry: Entry) -> None:
    state["turn"] = state.get("turn", 1) + 1


def _constrained(state: State, entry: Entry) -> None:
    constraint = Constraint.model_validate(entry.body)
    # A habit holds each episode anew under one id.
    others = tuple(c for c in state.get("constraints", ()) if c.id != constraint.id)
    state["constraints"] = (*others, constraint)


def _lifted(state: State, entry: Entry) -> None:
    lifted = entry.body["constraint"]
    state["constraints"] = tuple(
        c.model_copy(update={"lifted_by": entry.actor}) if c.id == lifted and not c.lifted_by else c
        for c in state.get("constraints", ())
    )


def _offered(state: State, entry: Entry) -> None:
    lessons = (Lesson.model_validate(item) for item in entry.body["lessons"])
    state["lessons"] = state.get("lessons", {}) | {lesson.id: Taught(lesson=lesson) for lesson in lessons}


def _learned(state: State, entry: Entry) -> None:
    taught = Taught.model_validate(entry.body)
    state["lessons"] = state.get("lessons", {}) | {taught.lesson.id: taught}


def _resolved(state: State, entry: Entry) -> None:
    if entry.body.get("service") == state.get("service"):
        state["resolved_by"] = Phrase.model_validate(entry.body["reason"])


def _said(state: State, entry: Entry) -> None:
    phrase = Phrase.model_validate(entry.body["say"])
    refusal = entry.kind.endswith("refused")
    say = Say(key=entry.key, phrase=phrase, to=entry.body.get("to", ""), refusal=refusal, at=entry.at)
    state["says"] = (*state.get("says", ()), say)


def _stuck(state: State, entry: Entry) -> None:
    state.update(stuck=entry.body.get("reason", ""), status="needs_human")


def _resumed(state: State, entry: Entry) -> None:
    state["stuck"] = ""


STEPS: dict[str, Step] = {
    **duty.STEPS,
    **looks.STEPS,
    "incident.created": _created,
    "alert.normalized": _alert,
    "gateway.received": _received,
    "alert.repeated": _repeated,
    "service.resolved": _resolved,
    "alert.resolved": _alert,
    "incident.reopened": _reopened,
    "incident.acknowledged": _acknowledged,
    "memory.recalled": _recalled,
    "action.planned": _planned,
    "checkpoint.created": _checkpointed,
    "dry_run.completed": _dry_run,
    "approval.requested": _requested,
    "approval.resolved": _decided,
    "approval.refused": _said,
    "action.checked": _checked,
    "action.executed": _executed,
    "recovery.verified": _verified,
    "incident.handed_over": _handed_over,
    "person.nudged": _nudged,
    "constraint.set": _constrained,
    "constraint.lifted": _lifted,
    "skill.generated": _offered,
    "memory.learned": _learned,
    "skill.published": _learned,
    "notice.posted": _said,
    "feedback.given": signed,
    "incident.stuck": _stuck,
    "incident.resumed": _resumed,
}
"""Which entry kinds change the state, and how. All other kinds (message.said, action.intended, …) are story alone."""
