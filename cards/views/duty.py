"""Draws who looks after an incident: the facts and notes on its header, updates for others, and a handover."""

import math

from cards.model import Block, Card, Facts, Prose
from cards.views.progress import decision_of, progress
from cards.views.scene import Scene, ids, seconds_between
from engine.duty import Link
from engine.incident import Proposal
from engine.model import Silence

LAST_UPDATES = 3
"""How many status updates a handover repeats."""


def severity(scene: Scene) -> str:
    """How bad it is, and whose word that is where it is a person's."""
    incident = scene.incident
    named = scene.text(f"severity.{incident.severity}")
    if not incident.severity_by:
        return named
    word = "duty.severity_why" if incident.severity_reason else "duty.severity"
    person = scene.person(incident.severity_by)
    return scene.text(word, severity=named, person=person, reason=incident.severity_reason)


def owner(scene: Scene) -> str:
    """Who has it, since when, and whether they have said so themselves."""
    incident = scene.incident
    who = incident.assignee or incident.acknowledged_by
    if not who:
        return scene.text("header.nobody")
    if who == incident.acknowledged_by:
        at = scene.words.clock(incident.acknowledged_at)
        return scene.text("header.acknowledged", person=scene.person(who), at=at)
    return scene.person(who) if incident.acknowledged_by else scene.text("duty.not_taken", person=scene.person(who))


def duty_facts(scene: Scene) -> tuple[tuple[str, str], ...]:
    """(word, value) of how long it took until somebody took it, and who was called."""
    incident = scene.incident
    took = seconds_between(incident.began_at, incident.acknowledged_at)
    taken = "" if math.isnan(took) else scene.words.duration(took)
    if taken and incident.assignee != incident.acknowledged_by:
        taken = scene.text("duty.taken_by", took=taken, person=scene.person(incident.acknowledged_by))
    called = dict.fromkeys(summons.to for summons in incident.summons if summons.to)
    return (("fact.mtta", taken), ("fact.called", scene.listed(scene.person(person) for person in called)))


def duty_notes(scene: Scene) -> list[Prose]:
    """What else a person must know: snoozed, merged, split."""
    incident = scene.incident
    said: list[Prose] = []
    if incident.snooze and not scene.over:
        until, person = scene.words.moment(incident.snooze.until), scene.person(incident.snooze.by)
        said.append(Prose(scene.text("duty.snoozed", until=until, person=person), strong=True))
    return said + [Prose(link_line(scene, link)) for link in incident.ties]


def link_line(scene: Scene, link: Link) -> str:
    """One link in a sentence: what, which incident, who, and why where they said so."""
    line = scene.text(f"duty.{link.tie}", incident=link.incident, person=scene.person(link.by))
    return scene.text("duty.because", line=line, reason=link.reason) if link.reason else line


def latest_update(scene: Scene) -> tuple[Prose, ...]:
    """The newest status update, in one line."""
    update = next(reversed(scene.incident.updates), None)
    if update is None:
        return ()
    person, at = scene.person(update.by), scene.words.clock(update.at)
    return (Prose(scene.text("duty.latest_update", text=update.text, person=person, at=at)),)


def update(scene: Scene, key: str) -> Card | None:
    """One status update, as a message of its own; None where there is none under this key."""
    said = next((item for item in scene.incident.updates if item.key == key), None)
    if said is None:
        return None
    title = scene.text("duty.update_title", person=scene.person(said.by))
    by = scene.text("duty.update_by", incident=scene.incident.id, at=scene.words.moment(said.at))
    return Card(title, f"{title}: {said.text}", tone="info", blocks=(Prose(said.text), Prose(by, quiet=True)))


def handover(scene: Scene, key: str) -> Card | None:
    """How the incident stands, for whoever takes it over; None where there is no handover under this key."""
    said = next((item for item in scene.incident.handovers if item.key == key), None)
    if said is None:
        return None
    by, to = scene.person(said.by), scene.person(said.to)
    title = scene.text("handover.title", by=by, to=to)
    pairs = (
        ("handover.note", said.note),
        ("handover.state", scene.text(f"status.{scene.incident.status}")),
        ("handover.severity", severity(scene)),
        ("handover.cause", _cause(scene)),
        ("handover.tried", _tried(scene)),
        ("handover.waits", _waits(scene)),
        ("handover.holds", scene.listed(hold.text for hold in scene.incident.holding)),
        ("handover.silent", scene.listed(item.source for item in _silent(scene))),
        ("handover.updates", _updates(scene)),
    )
    facts = Facts(tuple((scene.text(word), value) for word, value in pairs if value))
    summary = scene.text("handover.summary", by=by, to=to)
    blocks: tuple[Block, ...] = (facts, progress(scene), *scene.row(scene.link_to_page()))
    return Card(title, summary, tone="info", blocks=blocks, to=(scene.addressee(said.to),))


def _cause(scene: Scene) -> str:
    diagnosis = scene.incident.diagnosis
    if diagnosis is None:
        return scene.text("handover.no_diagnosis")
    cause = diagnosis.cause
    if cause is None:
        return scene.text("step.quiet" if diagnosis.quiet else "step.inconclusive")
    cited = tuple(dict.fromkeys(id for claim in cause.supporting for id in claim.evidence_ids))
    return f"{scene.say(cause.title)} {ids(cited)}".strip()


def _tried(scene: Scene) -> str:
    """What was done or refused so far, plan by plan."""
    tried = [_outcome(scene, item) for item in scene.incident.proposals.values() if _ended(item)]
    return scene.text("handover.next").join(tried) or scene.text("handover.nothing_tried")


def _ended(proposal: Proposal) -> bool:
    decision = decision_of(proposal)
    return proposal.execution is not None or (decision is not None and decision.verdict != "approved")


def _outcome(scene: Scene, proposal: Proposal) -> str:
    what = f"{proposal.plan.operation} {proposal.plan.target}"
    if proposal.execution is None:
        return scene.text("handover.not_wanted", what=what)
    if proposal.execution.result != "done":
        return scene.text("handover.failed", what=what)
    verdict = proposal.recovery.verdict if proposal.recovery else ""
    return scene.text("handover.helped" if verdict == "recovered" else "handover.done", what=what)


def _waits(scene: Scene) -> str:
    """Approvals nobody has decided yet."""
    open_ones = [
        scene.text("handover.approval", id=item.request.id, operation=item.plan.operation, target=item.plan.target)
        for item in scene.incident.proposals.values()
        if item.request and decision_of(item) is None
    ]
    return scene.text("handover.next").join(open_ones) or scene.text("handover.nothing_waits")


def _silent(scene: Scene) -> tuple[Silence, ...]:
    return scene.incident.sweep.silent if scene.incident.sweep else ()


def _updates(scene: Scene) -> str:
    last = scene.incident.updates[-LAST_UPDATES:]
    return scene.text("handover.next").join(f"{scene.words.clock(item.at)} {item.text}" for item in last)
