"""Writes the SKILL.md of a runbook lesson: front matter, provenance, safety, six sections from detect to prevent."""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC

from cards.masking import mask
from cards.words import Words
from engine.incident import Incident, Proposal
from engine.model import Evidence
from engine.team import Lesson

SECTIONS = ("detect", "triage", "diagnose", "resolve", "verify", "prevent")
"""The sections in order. A line of a lesson whose word ends in one of these names belongs to that section."""
VERSION = "1.0.0"


def skill_document(lesson: Lesson, incident: Incident, words: Words, taught_by: str = "") -> str:
    """The document as Markdown with YAML front matter; a person's own text replaces the six sections."""
    head = _front_matter(lesson, incident, words)
    parts = [f"---\n{head}---", f"# {words.say(lesson.title)}", *_provenance(lesson, incident, words, taught_by)]
    parts += [f"## {words.text('skill.safety')}", _listed(words.text(f"skill.safety_{n}") for n in SAFETY)]
    if lesson.text:
        parts += [f"## {words.text('skill.steps')}", lesson.text.strip()]
    else:
        parts += _sections(lesson, incident, words)
    return mask("\n\n".join(parts) + "\n")


SAFETY = ("current", "approval", "dry_run", "verify", "stop")


def skill_name(lesson: Lesson) -> str:
    """The name of the skill: lower case, words joined by hyphens."""
    said = "-".join(part for part in ("runbook", lesson.service, lesson.category or lesson.alert) if part)
    return re.sub(r"[^a-z0-9]+", "-", said.lower()).strip("-")[:64].strip("-")


def _front_matter(lesson: Lesson, incident: Incident, words: Words) -> str:
    # A JSON string is a YAML double-quoted scalar, so hostile text can neither end its value nor start another key.
    values = (
        ("name", skill_name(lesson)),
        ("description", words.say(lesson.title)),
        ("version", VERSION),
        ("service", lesson.service or incident.service),
        ("incident_id", lesson.incident),
        ("skill_id", lesson.id),
        ("generated_at", lesson.at.astimezone(UTC).isoformat(timespec="seconds")),
    )
    return "".join(f"{name}: {json.dumps(mask(value), ensure_ascii=False)}\n" for name, value in values)


def _provenance(lesson: Lesson, incident: Incident, words: Words, taught_by: str) -> list[str]:
    cause = incident.diagnosis.cause if incident.diagnosis else None
    cited = [item for claim in cause.supporting for item in claim.evidence_ids] if cause else []
    lines = [words.text("skill.from", incident=lesson.incident, at=words.moment(lesson.at))]
    if cited:
        lines.append(words.text("skill.evidence", ids=", ".join(dict.fromkeys(cited))))
    if taught_by:
        lines.append(words.text("skill.kept_by", person=taught_by))
    lines.append(words.text("skill.weak"))
    return [f"## {words.text('skill.provenance')}", _listed(lines)]


def _sections(lesson: Lesson, incident: Incident, words: Words) -> list[str]:
    facts = _facts(lesson, incident, words)
    parts: list[str] = []
    loose: list[str] = []
    for line in lesson.lines:
        section = line.word.rpartition(".")[2]
        facts.get(section, loose).append(words.say(line))
    for name in SECTIONS:
        parts += [f"## {words.text(f'skill.{name}')}", _listed(dict.fromkeys(facts[name]))]
    return [*parts, f"## {words.text('skill.notes')}", _listed(loose)] if loose else parts


def _facts(lesson: Lesson, incident: Incident, words: Words) -> dict[str, list[str]]:
    """What the incident itself teaches, section by section; each section says at least one thing."""
    evidence = incident.sweep.evidence if incident.sweep else ()
    odd = [item for item in evidence if item.abnormal]
    done = [p for p in incident.proposals.values() if p.execution and p.execution.result == "done" and not p.undo_of]
    alert = lesson.alert or (incident.alert.name if incident.alert else incident.title)
    return {
        "detect": [words.text("skill.detect_alert", alert=alert, service=lesson.service or incident.service)],
        "triage": [_query(item, words) for item in odd if item.query] or [words.text("skill.triage_default")],
        "diagnose": _causes(incident, words) or [words.text("skill.diagnose_default")],
        "resolve": [_operation(item, words) for item in done] or [words.text("skill.resolve_default")],
        "verify": _signals(done, words) or [words.text("skill.verify_default")],
        "prevent": [words.text("skill.prevent_default")],
    }


def _query(item: Evidence, words: Words) -> str:
    return words.text("skill.triage_query", source=item.source, query=item.query, summary=item.summary)


def _causes(incident: Incident, words: Words) -> list[str]:
    cause = incident.diagnosis.cause if incident.diagnosis else None
    if cause is None:
        return []
    return [words.say(cause.title), *(words.say(claim.phrase) for claim in cause.supporting)]


def _operation(proposal: Proposal, words: Words) -> str:
    preview = proposal.request.dry_run.command_preview if proposal.request else ""
    plan = proposal.plan
    return words.text("skill.resolve_operation", operation=plan.operation, target=plan.target, command=preview)


def _signals(done: Sequence[Proposal], words: Words) -> list[str]:
    compared = [item for proposal in done if proposal.recovery for item in proposal.recovery.signals if item.query]
    return [
        words.text("skill.verify_signal", query=item.query, target=words.quantity(item.target)) for item in compared
    ]


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
