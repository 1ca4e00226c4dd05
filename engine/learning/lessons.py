"""Drafts what a team may keep of an incident: its summary, the fault pattern, habits, and a runbook."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from engine.feedback import doubted
from engine.incident import Incident, Proposal
from engine.journal import BOT
from engine.model import Decision, Entry, Evidence, Gaps, Hypothesis, Phrase, Quantity, Value
from engine.ports import Ids
from engine.team import Constraint, Lesson, LessonKind

MOST_SIGNS = 4
"""Signs a pattern or runbook names; a person at night reads no more."""


class Drafted(Value):
    """The lessons an incident offers, in the order they are shown."""

    lessons: tuple[Lesson, ...] = ()


def draft(incident: Incident, entries: Sequence[Entry], ids: Ids, now: datetime) -> Drafted:
    """What may be kept of an incident as it stands now, from what its timeline holds and nothing else.

    A pattern and a runbook that were recalled are carried on under their id, so that keeping them replaces the older
    wording and counts how often it was seen; a habit the team has already is not offered again. From a cause that more
    people found wrong than right nothing is to be learned, nor from such evidence where to look first.
    """
    desk = _Drafting(incident, ids, now)
    cause = incident.diagnosis.cause if incident.diagnosis and not doubted(incident.feedback, "diagnosis") else None
    lessons = [desk.lesson("incident_summary", _title("summary", incident), tuple(_summary(incident)))]
    if cause is not None:
        lessons.append(desk.pattern(cause))
    lessons += [desk.habit(name, rule) for name, rule in _habits(incident, entries) if not desk.has_habit(rule)]
    if cause is not None or _done(incident):
        lessons.append(desk.runbook(cause))
    return Drafted(lessons=tuple(lessons))


class _Drafting:
    """Fills in what all lessons of one incident share."""

    def __init__(self, incident: Incident, ids: Ids, now: datetime) -> None:
        self._incident = incident
        self._ids = ids
        self._now = now
        cause = incident.diagnosis.cause if incident.diagnosis else None
        self._category = cause.category if cause else ""

    def lesson(self, kind: LessonKind, title: Phrase, lines: tuple[Phrase, ...]) -> Lesson:
        """One lesson, never seen before."""
        alert = self._incident.alert
        return Lesson(
            id=self._ids.draw("les"),
            kind=kind,
            title=title,
            lines=lines,
            incident=self._incident.id,
            service=self._incident.service,
            category=self._category,
            alert=alert.name if alert else "",
            at=self._now,
        )

    def pattern(self, cause: Hypothesis) -> Lesson:
        """What this kind of fault looks like, and how often it was seen."""
        title = Phrase(word="lesson.pattern.title", values={"cause": cause.title, "service": self._incident.service})
        signs = tuple(
            Phrase(word="lesson.pattern.sign", values={"sign": item.summary}) for item in _decisive(self._incident)
        )
        return self._carried_on(self.lesson("fault_pattern", title, signs))

    def habit(self, name: str, rule: dict[str, str]) -> Lesson:
        """What the team wants done differently."""
        values: Gaps = {"service": self._incident.service}
        if "class" in rule:
            values["what"] = Phrase(word=f"lesson.class.{rule['class']}")
        if "source" in rule:
            values["source"] = rule["source"]
        title = Phrase(word=f"lesson.habit.{name}", values=values)
        why = Phrase(word=f"lesson.habit.{name}_why", values={"incident": self._incident.id} | values)
        return self.lesson("habit", title, (why,)).model_copy(update={"rule": rule})

    def runbook(self, cause: Hypothesis | None) -> Lesson:
        """Detect, triage, diagnose, resolve, verify, prevent: as it went this time."""
        title = Phrase(word="lesson.runbook.title", values={"service": self._incident.service})
        if cause is not None:
            title = Phrase(word="lesson.runbook.title_cause", values={"cause": cause.title})
        return self._carried_on(self.lesson("runbook", title, tuple(_steps(self._incident, cause))))

    def has_habit(self, rule: dict[str, str]) -> bool:
        """Whether the team keeps this habit already."""
        return any(lesson.kind == "habit" and lesson.rule == rule for lesson in self._incident.background)

    def _carried_on(self, lesson: Lesson) -> Lesson:
        same = [
            old
            for old in self._incident.background
            if (old.kind, old.category, old.service) == (lesson.kind, lesson.category, lesson.service)
        ]
        if not same:
            return lesson
        older = max(same, key=lambda old: old.seen)
        return lesson.model_copy(update={"id": older.id, "seen": older.seen + 1, "text": older.text})


# --- what happened ---


def _summary(incident: Incident) -> Iterator[Phrase]:
    cause = incident.diagnosis.cause if incident.diagnosis else None
    yield Phrase(word="lesson.summary.alert", values={"alert": incident.title, "service": incident.service})
    if cause is not None:
        sure = Quantity(value=cause.confidence, unit="ratio")
        yield Phrase(word="lesson.summary.cause", values={"cause": cause.title, "confidence": sure})
        if doubted(incident.feedback, "diagnosis"):
            yield Phrase(word="lesson.summary.doubted")
    else:
        yield Phrase(word="lesson.summary.no_cause")
    for proposal in _done(incident):
        values = {"operation": proposal.plan.operation, "target": proposal.plan.target, "by": _approver(proposal)}
        yield Phrase(word="lesson.summary.done", values={**values})
        if proposal.recovery is not None and proposal.recovery.verdict == "recovered":
            seconds = Quantity(value=proposal.recovery.seconds, unit="seconds")
            yield Phrase(word="lesson.summary.recovered", values={"seconds": seconds})


def _steps(incident: Incident, cause: Hypothesis | None) -> Iterator[Phrase]:
    alert = incident.alert.name if incident.alert else incident.title
    yield Phrase(word="lesson.runbook.detect", values={"alert": alert, "service": incident.service})
    for item in _decisive(incident):
        yield Phrase(word="lesson.runbook.triage", values={"source": item.source, "sign": item.summary})
    if cause is not None:
        yield Phrase(word="lesson.runbook.diagnose", values={"cause": cause.title})
    for proposal in _done(incident):
        plan = proposal.plan
        yield Phrase(word="lesson.runbook.resolve", values={"operation": plan.operation, "target": plan.target})
        signals = [s for s in proposal.recovery.signals if s.ok is not None] if proposal.recovery else []
        if signals:
            names = ", ".join(signal.name for signal in signals)
            yield Phrase(word="lesson.runbook.verify", values={"signals": names})
    if cause is not None and cause.change is not None:
        change = cause.change
        values = {"service": change.service, "version": change.version}
        yield Phrase(word="lesson.runbook.prevent", values={**values})


def _habits(incident: Incident, entries: Sequence[Entry]) -> Iterator[tuple[str, dict[str, str]]]:
    """What people did differently from what the bot offered; where they did nothing so, where it was best to look."""
    found: list[tuple[str, dict[str, str]]] = []
    if any(decision.dry_run_first for decision in _decisions(entries, incident)):
        found.append(("dry_run_first", {"do": "dry_run_first"}))
    found += [("hold", {"do": "hold", "class": held}) for held in dict.fromkeys(_held_then_lifted(incident))]
    decisive = _decisive(incident)
    wrong = any(doubted(incident.feedback, card) for card in ("evidence", "diagnosis"))
    if not found and decisive and not wrong:
        found.append(("look_first", {"do": "look_first", "kind": decisive[0].kind, "source": decisive[0].source}))
    yield from found


def _held_then_lifted(incident: Incident) -> Iterator[str]:
    """Classes of change a person held back at first and let go once the cause was known."""
    for constraint in incident.constraints:
        if constraint.lifted_by and constraint.by != BOT:
            yield from _classes(constraint, incident)


def _classes(constraint: Constraint, incident: Incident) -> Iterable[str]:
    if constraint.operation_class is not None:
        return (constraint.operation_class,)
    return tuple(proposal.plan.operation_class for proposal in _done(incident))


def _decisions(entries: Sequence[Entry], incident: Incident) -> Iterator[Decision]:
    prefix = f"{incident.episode}/"
    for entry in entries:
        if entry.kind == "approval.resolved" and entry.key.startswith(prefix):
            yield Decision.model_validate(entry.body)


def _decisive(incident: Incident) -> list[Evidence]:
    """The abnormal evidence the cause rests on, the most unusual first."""
    cause = incident.diagnosis.cause if incident.diagnosis else None
    cited = {id for claim in cause.supporting for id in claim.evidence_ids} if cause else set()
    evidence = incident.sweep.evidence if incident.sweep else ()
    found = [item for item in evidence if item.id in cited and item.abnormal]
    return sorted(found, key=lambda item: -item.unusual)[:MOST_SIGNS]


def _done(incident: Incident) -> list[Proposal]:
    proposals = incident.proposals.values()
    return [p for p in proposals if p.execution is not None and p.execution.result == "done" and not p.undo_of]


def _approver(proposal: Proposal) -> str:
    return proposal.decision.by if proposal.decision else ""


def _title(name: str, incident: Incident) -> Phrase:
    return Phrase(word=f"lesson.{name}.title", values={"incident": incident.id, "service": incident.service})
