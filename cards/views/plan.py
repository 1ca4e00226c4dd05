"""Draws one plan from proposal to receipt: all a person needs to say yes or no, and what came of it."""

import json
from collections.abc import Mapping
from typing import Any

from cards.model import Block, Button, Buttons, Card, Change, Facts, Fold, Prose, Step, Steps, StepState, Tone
from cards.views.progress import decision_of
from cards.views.scene import Scene, ids
from engine.incident import Proposal
from engine.model import Checkpoint, DryRun, Request, Tier

ICONS: dict[Tier, str] = {"observe": "○", "safe": "●", "confirm": "▲", "destructive": "◆", "forbidden": "✕"}
CHECKS = (
    "approval_approved",
    "checkpoint_exists",
    "operation_allowed",
    "word_typed",
    "executor_configured",
    "audit_written",
)
DIGEST = 12
"""Characters of a digest a person compares."""
MOST_STATE = 12
"""Facts of a checkpoint on a card; the page has all of them."""


def plan(scene: Scene, plan_id: str) -> Card | None:
    """The card of one plan, whatever has become of it; None where there is no such plan."""
    proposal = scene.incident.proposals.get(plan_id)
    if proposal is None:
        return None
    state = standing(scene, proposal)
    name = "plan_card.undo_title" if proposal.undo_of else "plan_card.title"
    operation = scene.named("operation", proposal.plan.operation)
    title = scene.text(name, operation=operation, target=proposal.plan.target)
    text = scene.text(f"plan_state.{state}")
    return Card(
        title=title,
        summary=f"{title} · {text}",
        tone=TONES[state],
        blocks=(
            Prose(text, strong=True),
            *_hold(scene, proposal, state),
            *_result(scene, proposal),
            Prose(scene.say(proposal.plan.reason)),
            _facts(scene, proposal),
            *_safety(scene, proposal),
            *_decided(scene, proposal),
            *_checks(scene, proposal),
            *_buttons(scene, proposal, state),
        ),
    )


TONES: dict[str, Tone] = {
    "advice": "neutral",
    "preparing": "info",
    "waiting": "warning",
    "held": "warning",
    "approved": "info",
    "rejected": "neutral",
    "expired": "neutral",
    "void": "warning",
    "done": "good",
    "refused": "bad",
    "failed": "bad",
    "unknown": "bad",
    "ended": "neutral",
}


def standing(scene: Scene, proposal: Proposal) -> str:
    """Where the plan stands, in one word of `plan_state`."""
    if proposal.judgement and not proposal.judgement.allowed:
        return "advice"
    if proposal.execution is not None:
        return proposal.execution.result
    decision = decision_of(proposal)
    if decision is not None:
        return decision.verdict
    if scene.over:
        return "ended"
    if scene.incident.holds(proposal.plan):
        return "held"
    return "waiting" if proposal.request else "preparing"


def _hold(scene: Scene, proposal: Proposal, state: str) -> tuple[Block, ...]:
    constraint = scene.incident.holds(proposal.plan)
    if state == "advice":
        refusal = proposal.judgement.refusal if proposal.judgement else None
        reason = scene.say(refusal) or scene.text("plan_card.not_allowed")
        return (Prose(scene.text("plan_card.advice", reason=reason), strong=True),)
    if state != "held" or constraint is None:
        return ()
    who, at = scene.person(constraint.by), scene.words.clock(constraint.at)
    return (
        Prose(scene.text("plan_card.held", person=who, at=at, said=constraint.text), strong=True),
        Prose(scene.text("plan_card.lift_first")),
    )


def _facts(scene: Scene, proposal: Proposal) -> Facts:
    plan, judgement = proposal.plan, proposal.judgement
    tier: Tier = judgement.tier if judgement else "observe"
    risk = f"{ICONS[tier]} {scene.text(f'tier.{tier}')}"
    requester = scene.person(plan.requester) if plan.requester else scene.text("plan_card.own_proposal")
    pairs = [
        ("fact.action", _action(scene, proposal)),
        ("fact.service", _service(scene, proposal)),
        ("fact.target", plan.target),
        ("fact.arguments", _pairs(plan.arguments)),
        ("fact.risk", risk if judgement else ""),
        ("fact.requester", requester),
        ("fact.evidence", ids(plan.evidence_ids) or scene.text("plan_card.no_evidence")),
        ("fact.way_back", scene.say(plan.way_back) or scene.text("plan_card.no_way_back")),
    ]
    if judgement and judgement.tightened_by:
        pairs.append(("fact.tightened", "\n".join(scene.say(rule) for rule in judgement.tightened_by)))
    if request := proposal.request:
        pairs += _request(scene, proposal, request)
    return Facts(tuple((scene.text(word), value) for word, value in pairs if value))


def _request(scene: Scene, proposal: Proposal, request: Request) -> list[tuple[str, str]]:
    waits = decision_of(proposal) is None
    return [
        ("fact.approval", request.id),
        ("fact.digest", request.digest[:DIGEST]),
        ("fact.asked", scene.words.moment(request.asked_at)),
        ("fact.expires", scene.words.moment(request.expires_at) if waits else ""),
        ("fact.approvers", _approvers(scene, proposal) if waits else ""),
    ]


def _action(scene: Scene, proposal: Proposal) -> str:
    plan = proposal.plan
    return f"{plan.operation} ({scene.text(f'operation_class.{plan.operation_class}')})"


def _service(scene: Scene, proposal: Proposal) -> str:
    named = proposal.plan.arguments.get("service")
    if isinstance(named, str) and named:
        return named
    cause = scene.incident.diagnosis.cause if scene.incident.diagnosis else None
    return cause.service if cause and cause.service else scene.incident.service


def _approvers(scene: Scene, proposal: Proposal) -> str:
    role = scene.team.policy.approver_role
    may = [p.name or p.id for p in scene.team.people if role in p.roles and p.id != proposal.plan.requester]
    return scene.listed(may) or scene.text(f"role.{role}")


def _safety(scene: Scene, proposal: Proposal) -> tuple[Block, ...]:
    request = proposal.request
    checkpoint = request.checkpoint if request else proposal.checkpoint
    dry_run = proposal.repeated_dry_run or (request.dry_run if request else proposal.dry_run)
    blocks: list[Block] = []
    if checkpoint:
        blocks.append(_checkpoint(scene, checkpoint))
    if dry_run:
        blocks += _dry_run(scene, dry_run, repeated=proposal.repeated_dry_run is not None)
    return tuple(blocks)


def _checkpoint(scene: Scene, checkpoint: Checkpoint) -> Fold:
    title = scene.text("plan_card.checkpoint", id=checkpoint.id, at=scene.words.clock(checkpoint.at))
    state = [(name, short(value)) for name, value in checkpoint.state.items()][:MOST_STATE]
    if "resource_version" not in checkpoint.state:
        state.append((scene.text("fact.resource_version"), checkpoint.resource_version))
    return Fold(title, (Facts(tuple(state)),), open=True)


def _dry_run(scene: Scene, dry_run: DryRun, *, repeated: bool) -> list[Block]:
    word = "plan_card.dry_run_again" if repeated else "plan_card.dry_run"
    title = scene.text(word if dry_run.allowed else "plan_card.dry_run_refused")
    lines = [dry_run.command_preview, *(difference(change) for change in dry_run.changes)]
    blocks: list[Block] = [Change("\n".join(line for line in lines if line), title)]
    if dry_run.reason:
        blocks.append(Prose(scene.text("plan_card.target_says", reason=dry_run.reason)))
    return blocks


def _decided(scene: Scene, proposal: Proposal) -> tuple[Block, ...]:
    decision = decision_of(proposal)
    if decision is None:
        return ()
    who = scene.person(decision.by) if decision.by else ""
    blocks: list[Block] = [Prose(scene.text(f"decision.{decision.verdict}", person=who), strong=True)]
    if decision.reason:
        blocks.append(Prose(scene.text("decision.reason", reason=decision.reason)))
    if decision.break_glass:
        blocks.append(Prose(scene.text("decision.break_glass", person=who), strong=True))
    if decision.dry_run_first:
        blocks.append(Prose(scene.text("decision.dry_run_first")))
    return tuple(blocks)


def _checks(scene: Scene, proposal: Proposal) -> tuple[Block, ...]:
    if not proposal.checks:
        return ()
    states: dict[bool, StepState] = {True: "done", False: "failed"}
    names = (*CHECKS, *(name for name in proposal.checks if name not in CHECKS))
    steps = tuple(
        Step(scene.named("check", name), states[proposal.checks[name]] if name in proposal.checks else "pending")
        for name in names
    )
    return (Prose(scene.text("plan_card.checks")), Steps(steps))


def _result(scene: Scene, proposal: Proposal) -> tuple[Block, ...]:
    execution = proposal.execution
    if execution is None:
        return ()
    blocks: list[Block] = [Prose(scene.text(f"result.{execution.result}", target=proposal.plan.target), strong=True)]
    if execution.reason:
        blocks.append(Prose(scene.say(execution.reason)))
    if receipt := execution.receipt:
        pairs = (
            ("fact.receipt", receipt.id),
            ("fact.action", receipt.action),
            ("fact.target", receipt.target),
            ("fact.at", scene.words.moment(receipt.at)),
            ("fact.resource_version", receipt.resource_version),
        )
        blocks.append(Facts(tuple((scene.text(word), value) for word, value in pairs if value)))
        changes = "\n".join(difference(change) for change in receipt.changes)
        blocks += [Change(changes, scene.text("plan_card.changed"))] if changes else []
    if execution.result == "unknown":
        blocks.append(Prose(scene.text("plan_card.ask_people", target=proposal.plan.target)))
    return tuple(blocks)


def _buttons(scene: Scene, proposal: Proposal, state: str) -> tuple[Buttons, ...]:
    view, request = scene.link_to_page(), proposal.request
    asked = {"approval": request.id} if request else {}
    match state:
        case "waiting" if request:
            style = "danger" if proposal.judgement and proposal.judgement.needs_word else "primary"
            approve = scene.button("approve", style, **asked)
            return (Buttons((approve, scene.button("reject", **asked), view), approval=True),)
        case "held":
            constraint = scene.incident.holds(proposal.plan)
            lift = scene.button("lift", "primary", constraint=constraint.id if constraint else "")
            reject: tuple[Button, ...] = (scene.button("reject", **asked),) if request else ()
            return (Buttons((lift, *reject, view), approval=True),)
        case "done" if proposal.plan.way_back and not proposal.undo_of and not scene.over:
            return scene.row(scene.button("undo", plan=proposal.plan.id), view)
        case _:
            return scene.row(view)


def difference(change: Mapping[str, Any]) -> str:
    """One change of a target in one line: `name: from → to` where it says so, else its facts."""
    name = next((str(change[key]) for key in ("field", "path", "name", "what") if key in change), "")
    old, new = (next((change[key] for key in keys if key in change), None) for keys in (OLD, NEW))
    if old is None and new is None:
        return _pairs(change)
    return f"{name}: {short(old)} → {short(new)}" if name else f"{short(old)} → {short(new)}"


OLD = ("from", "before", "old")
NEW = ("to", "after", "new")


def short(value: Any) -> str:
    """A value of a target's state in a few words."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 200 else text[:199] + "…"


def _pairs(values: Mapping[str, Any]) -> str:
    return " · ".join(f"{name}={short(value)}" for name, value in values.items())
