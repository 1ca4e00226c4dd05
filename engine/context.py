"""Sums up an incident as one bounded value, for scripts and models: what, where, since when, and what was found.

Everything in it stands in the timeline; what is recalled from memory is not in it."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from engine.incident import Incident
from engine.model import Assurance, Change, Evidence, Phrase, Quantity, Value
from engine.team import Objective, Service

MOST_SIGNALS = 24
MOST_LOGS = 12
MOST_EXCERPTS = 3
MOST_CHANGES = 12
MOST_LABELS = 30


class Signal(Value):
    """One figure, before against after. `id` is the evidence's."""

    id: str
    service: str
    signal: str
    peer: str = ""
    before: Quantity | None = None
    after: Quantity | None = None
    onset: datetime | None = None
    abnormal: bool = False
    confidence: Assurance = ""
    query: str = ""
    link: str = ""


class Said(Value):
    """What a service says in its logs, with how often and what it looks like."""

    id: str
    service: str
    signal: str
    count: int = 0
    onset: datetime | None = None
    abnormal: bool = False
    confidence: Assurance = ""
    excerpt: tuple[str, ...] = ()
    link: str = ""


class Known(Value):
    """What the catalogue knows of the service."""

    owner: str = ""
    region: str = ""
    dependencies: tuple[str, ...] = ()
    objective: Objective = Objective()
    runbooks: tuple[str, ...] = ()
    repository: str = ""
    language: str = ""
    rollback_to: str = ""


class Context(Value):
    """An incident in one piece."""

    incident: str
    team: str
    alertname: str = ""
    service: str = ""
    service_found_by: Phrase | None = None
    environment: str = ""
    severity: str = ""
    status: str = ""
    summary: str = ""
    started_at: datetime | None = None
    labels: dict[str, str] = {}
    catalogue: Known | None = None
    metrics: tuple[Signal, ...] = ()
    logs: tuple[Said, ...] = ()
    traces: tuple[Signal, ...] = ()
    health: tuple[Signal, ...] = ()
    changes: tuple[Change, ...] = ()
    silent_sources: tuple[str, ...] = ()


def context(state: Incident, services: Mapping[str, Service]) -> Context:
    """The context of an incident as its timeline stands; `services` is its team's catalogue."""
    alert, sweep = state.alert, state.sweep
    evidence = sweep.evidence if sweep else ()
    return Context(
        incident=state.id,
        team=state.team,
        alertname=alert.name if alert else state.title,
        service=state.service,
        service_found_by=state.resolved_by,
        environment=state.environment,
        severity=state.severity,
        status=state.status,
        summary=(alert.summary or alert.description) if alert else state.title,
        started_at=alert.starts_at if alert else state.opened_at,
        labels=dict(list(alert.labels.items())[:MOST_LABELS]) if alert else {},
        catalogue=_known(services[state.service]) if state.service in services else None,
        metrics=_signals(each for each in evidence if each.kind in ("sli", "metric")),
        logs=tuple(_said(each) for each in evidence if each.kind == "log")[:MOST_LOGS],
        traces=_signals(each for each in evidence if each.kind == "trace"),
        health=_signals(each for each in evidence if each.kind in ("probe", "state")),
        changes=tuple(each.change for each in evidence if each.change)[:MOST_CHANGES],
        silent_sources=tuple(each.source for each in sweep.silent) if sweep else (),
    )


def _known(service: Service) -> Known:
    return Known(
        owner=service.owner,
        region=service.region,
        dependencies=service.dependencies,
        objective=service.objective,
        runbooks=service.runbooks,
        repository=service.repository,
        language=service.language,
        rollback_to=service.rollback.safe_revision,
    )


def _signals(evidence: Iterable[Evidence]) -> tuple[Signal, ...]:
    found = [
        Signal(
            id=each.id,
            service=each.service,
            signal=each.signal,
            peer=each.peer,
            before=each.before,
            after=each.after,
            onset=each.onset,
            abnormal=each.abnormal,
            confidence=each.confidence,
            query=each.query,
            link=each.link,
        )
        for each in evidence
    ]
    return tuple(found[:MOST_SIGNALS])


def _said(each: Evidence) -> Said:
    return Said(
        id=each.id,
        service=each.service,
        signal=each.signal,
        count=each.count,
        onset=each.onset,
        abnormal=each.abnormal,
        confidence=each.confidence,
        excerpt=each.excerpt[:MOST_EXCERPTS],
        link=each.link,
    )
