"""Writes the SKILL.md of a runbook lesson: front matter, provenance, safety, six sections from detect to prevent."""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC

from cards.words import Words
from engine.incident import Incident, Proposal
from engine.masking import mask
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
    """What the lesson says, section by section, then what the incident adds; what fits no section is a note."""
    said: dict[str, list[str]] = {name: [] for name in SECTIONS}
    loose: list[str] = []
    for line in lesson.lines:
        said.get(line.word.rpartition(".")[2], loose).append(words.say(line))
    added = _measured(incident, words)
    parts: list[str] = []
    for name in SECTIONS:
        lines = said[name] + added.get(name, []) or [_usual(name, lesson, incident, words)]
        parts += [f"## {words.text(f'skill.{name}')}", _listed(dict.fromkeys(lines))]
    return [*parts, f"## {words.text('skill.notes')}", _listed(loose)] if loose else parts


def _measured(incident: Incident, words: Words) -> dict[str, list[str]]:
    """Queries and commands as they were run, which no sentence can replace."""
    evidence = incident.sweep.evidence if incident.sweep else ()
    done = [p for p in incident.proposals.values() if p.execution and p.execution.result == "done" and not p.undo_of]
    return {
        "triage": [_query(item, words) for item in evidence if item.abnormal and item.query],
        "resolve": [_operation(item, words) for item in done],
        "verify": _signals(done, words),
    }


def _usual(name: str, lesson: Lesson, incident: Incident, words: Words) -> str:
    """What a section says where neither lesson nor incident has anything for it."""
    cause = incident.diagnosis.cause if incident.diagnosis else None
    if name == "diagnose" and cause:
        return words.say(cause.title)
    alert = lesson.alert or (incident.alert.name if incident.alert else incident.title)
    return words.text(f"skill.{name}_usual", alert=alert, service=lesson.service or incident.service)


def _query(item: Evidence, words: Words) -> str:
    return words.text("skill.triage_query", source=item.source, query=item.query, summary=item.summary)


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
