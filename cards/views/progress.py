"""Draws how far an incident has come: eight steps from the alert to what was learned, and what stands now of a plan."""

from cards.model import Step, Steps, StepState
from cards.views.scene import Scene
from engine.incident import Proposal
from engine.model import Decision

OPEN: tuple[StepState, ...] = ("pending", "running")


def decision_of(proposal: Proposal) -> Decision | None:
    """The decision about what is asked now; one about an earlier request of the same plan does not count."""
    decision, request = proposal.decision, proposal.request
    return decision if decision and (request is None or decision.approval == request.id) else None


def progress(scene: Scene) -> Steps:
    """The eight steps of the incident's life with their states."""
    states = (
        ("alert", _alert(scene)),
        ("evidence", _evidence(scene)),
        ("cause", _cause(scene)),
        ("plan", _plan(scene)),
        ("approval", _approval(scene.newest)),
        ("execution", _execution(scene.newest)),
        ("recovery", _recovery(scene.newest)),
        ("learned", _learned(scene)),
    )
    over = scene.over
    return Steps(
        tuple(
            Step(scene.text(f"step.{name}"), "skipped" if over and name != "learned" and state in OPEN else state, note)
            for name, (state, note) in states
        )
    )


Standing = tuple[StepState, str]


def _alert(scene: Scene) -> Standing:
    if scene.incident.alert is None and scene.incident.requester:
        return "done", scene.person(scene.incident.requester)
    return "done", ""


def _evidence(scene: Scene) -> Standing:
    if scene.incident.sweep is not None:
        odd = sum(item.abnormal for item in scene.evidence)
        return "done", scene.text("step.evidence_note", abnormal=odd, all=len(scene.evidence))
    asked = scene.incident.asked.values()
    if not asked:
        return "pending", ""
    heard = sum(each.state != "running" for each in asked)
    return "running", scene.text("step.heard", n=heard, all=len(asked))


def _cause(scene: Scene) -> Standing:
    diagnosis = scene.incident.diagnosis
    if diagnosis is None:
        return ("running", "") if scene.sweep else ("pending", "")
    if diagnosis.cause is not None:
        return "done", scene.say(diagnosis.cause.title)
    return ("done", scene.text("step.quiet")) if diagnosis.quiet else ("failed", scene.text("step.inconclusive"))


def _plan(scene: Scene) -> Standing:
    proposal = scene.newest
    if proposal is None:
        idle = scene.incident.diagnosis is not None and scene.incident.diagnosis.cause is None
        return ("skipped", "") if idle else ("pending", "")
    if proposal.judgement and not proposal.judgement.allowed:
        return "skipped", scene.text("step.advice")
    return "done", proposal.plan.operation


def _approval(proposal: Proposal | None) -> Standing:
    if proposal is None or (proposal.judgement and not proposal.judgement.allowed):
        return ("pending", "") if proposal is None else ("skipped", "")
    decision = decision_of(proposal)
    if decision is None:
        waits = proposal.judgement is None or proposal.judgement.needs_approval
        return ("running" if proposal.request else "pending", "") if waits else ("skipped", "")
    return ("done", "") if decision.verdict == "approved" else ("failed", "")


def _execution(proposal: Proposal | None) -> Standing:
    if proposal is None:
        return "pending", ""
    if proposal.execution is not None:
        return ("done" if proposal.execution.result == "done" else "failed"), ""
    decision = decision_of(proposal)
    if decision is None:
        return "pending", ""
    return ("running" if decision.verdict == "approved" else "skipped"), ""


def _recovery(proposal: Proposal | None) -> Standing:
    if proposal is None:
        return "pending", ""
    if proposal.recovery is not None:
        return ("done" if proposal.recovery.verdict == "recovered" else "failed"), ""
    return ("running" if proposal.execution and proposal.execution.result == "done" else "pending"), ""


def _learned(scene: Scene) -> Standing:
    states = [taught.state for taught in scene.incident.lessons.values()]
    kept, offered = states.count("kept"), states.count("offered")
    note = scene.text("step.kept", n=kept) if kept else ""
    if offered:
        return "running", scene.text("step.offered", n=offered)
    if not states:
        return ("skipped" if scene.over else "pending"), ""
    return ("done", note) if kept else ("skipped", "")
