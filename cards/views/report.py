"""Draws what is to be said of an incident afterwards: what happened, when, why, what was done, and what is left."""

from collections.abc import Iterator
from datetime import datetime

from cards.model import Block, Card, Facts, Prose, Table
from cards.views.closing import operations, summary
from cards.views.code import affected
from cards.views.duty import owner, severity
from cards.views.header import status_line, tone
from cards.views.progress import decision_of
from cards.views.scene import Scene, ids, seconds_between
from engine.incident import Proposal

MOST_MOMENTS = 24
MOST_CLAIMS = 6


def posted(scene: Scene) -> Card | None:
    """The report that hangs in the thread; None until somebody asked for it there."""
    return report(scene) if scene.incident.reported_by else None


def report(scene: Scene) -> Card:
    """All of it on one card, as the incident stands now."""
    incident = scene.incident
    title = scene.text("report.title", incident=incident.id, title=incident.title or incident.service)
    blocks: tuple[Block, ...] = (
        Prose(summary(scene)),
        _facts(scene),
        *_cause(scene),
        *_actions(scene),
        *_moments(scene),
        *_left(scene),
        *scene.row(scene.link_to_page()),
    )
    return Card(title, f"{title} · {status_line(scene)}", tone=tone(scene), blocks=blocks)


def _facts(scene: Scene) -> Facts:
    incident, words = scene.incident, scene.words
    end = incident.closed_at or incident.updated_at
    taken = seconds_between(incident.began_at, incident.acknowledged_at)
    pairs = (
        ("fact.severity", severity(scene)),
        ("fact.service", incident.service),
        ("column.state", status_line(scene)),
        ("report.why_closed", incident.closed_reason),
        ("fact.opened", words.moment(incident.opened_at)),
        ("report.closed", words.moment(incident.closed_at) if incident.closed_at else ""),
        ("fact.duration", words.duration(seconds_between(incident.opened_at, end))),
        ("fact.mtta", words.duration(taken) if incident.acknowledged_at else ""),
        ("fact.owner", owner(scene)),
        ("fact.operations", operations(scene)),
        ("report.alerts", scene.listed(dict.fromkeys(alert.name for alert in incident.alerts.values()))),
    )
    return Facts(tuple((scene.text(word), value) for word, value in pairs if value))


def _cause(scene: Scene) -> tuple[Block, ...]:
    """The cause with what it rests on and what spoke against it, or why there is none."""
    diagnosis = scene.incident.diagnosis
    if diagnosis is None:
        return (Prose(scene.text("report.cause"), strong=True), Prose(scene.text("handover.no_diagnosis")))
    cause = diagnosis.cause
    if cause is None:
        why = [scene.say(phrase) for phrase in diagnosis.why_inconclusive[:MOST_CLAIMS]]
        quiet = scene.text("step.quiet" if diagnosis.quiet else "step.inconclusive")
        return (Prose(scene.text("report.cause"), strong=True), *(Prose(text) for text in (why or [quiet])))
    percent = scene.text("report.sure", percent=round(cause.confidence * 100))
    claims = [(scene.say(claim.phrase), ids(claim.evidence_ids)) for claim in cause.supporting[:MOST_CLAIMS]]
    against = [(scene.say(claim.phrase), ids(claim.evidence_ids)) for claim in cause.contradicting[:MOST_CLAIMS]]
    said = [Prose(f"• {text} {cited}".strip()) for text, cited in claims]
    said += [Prose(scene.text("report.against", text=f"{text} {cited}".strip()), quiet=True) for text, cited in against]
    said += [Prose(f"• {text}") for text in affected(scene)]
    return (Prose(scene.text("report.cause"), strong=True), Prose(f"{scene.say(cause.title)} · {percent}"), *said)


def _actions(scene: Scene) -> tuple[Block, ...]:
    """What was proposed: who decided, what came of it, and whether it helped."""
    proposals = scene.incident.proposals.values()
    if not proposals:
        return (Prose(scene.text("report.actions"), strong=True), Prose(scene.text("report.no_action")))
    columns = tuple(scene.text(f"column.{name}") for name in ("what", "decision", "result", "measured"))
    rows = tuple(_action(scene, proposal) for proposal in proposals)
    return (Prose(scene.text("report.actions"), strong=True), Table(columns, rows))


def _action(scene: Scene, proposal: Proposal) -> tuple[str, ...]:
    decision = decision_of(proposal)
    by = scene.person(decision.by) if decision and decision.by else ""
    decided = scene.text(f"decision.{decision.verdict}", person=by) if decision else scene.text("report.undecided")
    result = scene.text(f"report.result.{proposal.execution.result}") if proposal.execution else ""
    measured = scene.text(f"recovery_card.{proposal.recovery.verdict}") if proposal.recovery else ""
    return (f"{proposal.plan.operation} {proposal.plan.target}", decided, result, measured)


def _moments(scene: Scene) -> tuple[Block, ...]:
    """The turning points in order; every line of the timeline is on the page."""
    told = sorted(_turning_points(scene), key=lambda each: each[0])
    rows = tuple((scene.words.clock(at), text) for at, text in told[:MOST_MOMENTS])
    columns = (scene.text("column.at"), scene.text("column.what"))
    more = (Prose(scene.text("report.more", n=len(told) - MOST_MOMENTS), quiet=True),) if len(told) > len(rows) else ()
    return (Prose(scene.text("report.timeline"), strong=True), Table(columns, rows), *more)


def _turning_points(scene: Scene) -> Iterator[tuple[datetime, str]]:
    incident = scene.incident
    ends = (
        (incident.opened_at, scene.text("report.at.opened", source=incident.source or "—")),
        (incident.acknowledged_at, scene.text("report.at.taken", person=scene.person(incident.acknowledged_by))),
        (incident.resolved_at, scene.text("report.at.resolved")),
        (incident.closed_at, scene.text("report.at.closed", person=scene.person(incident.closed_by))),
    )
    yield from ((at, text) for at, text in ends if at)
    yield from _by_people(scene)
    for proposal in incident.proposals.values():
        what = f"{proposal.plan.operation} {proposal.plan.target}"
        if proposal.request:
            yield proposal.request.asked_at, scene.text("report.at.asked", what=what)
        if proposal.execution and proposal.execution.receipt:
            yield proposal.execution.receipt.at, scene.text("report.at.done", what=what)


def _by_people(scene: Scene) -> Iterator[tuple[datetime, str]]:
    incident = scene.incident
    for summons in incident.summons:
        to = scene.person(summons.to) if summons.to else summons.room or scene.text("report.pager")
        yield summons.at, scene.text("report.at.called", person=to)
    for constraint in incident.constraints:
        yield constraint.at, scene.text("report.at.held", person=scene.person(constraint.by), text=constraint.text)
    for update in incident.updates:
        yield update.at, scene.text("report.at.update", person=scene.person(update.by), text=update.text)
    for handover in incident.handovers:
        yield handover.at, scene.text("report.at.handover", by=scene.person(handover.by), to=scene.person(handover.to))


def _left(scene: Scene) -> tuple[Block, ...]:
    """What somebody should still do."""
    incident = scene.incident
    offered = sum(taught.state == "offered" for taught in incident.lessons.values())
    left = [scene.text("report.left.hold", text=hold.text) for hold in incident.holding]
    left += [scene.text("report.left.lessons", n=offered)] if offered else []
    steps = incident.diagnosis.next_steps if incident.diagnosis and incident.diagnosis.cause is None else ()
    left += [scene.say(step) for step in steps[:MOST_CLAIMS]]
    if not left:
        return ()
    return (Prose(scene.text("report.left_over"), strong=True), *(Prose(f"• {text}") for text in left))
