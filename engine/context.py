"""Sums up an incident as one bounded value, for people, scripts and models: what, where, since when, how bad, what kind
of trouble, what was found, what was done to find it, and what to look at next.

Everything in it stands in the timeline; what is recalled from memory is not in it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from engine.code import Reading
from engine.incident import Incident
from engine.masking import mask
from engine.model import Assurance, Change, Claim, Evidence, Phrase, Quantity, Severity, Value
from engine.team import Objective, Service

MOST_SIGNALS = 24
MOST_LOGS = 12
MOST_EXCERPTS = 3
MOST_CHANGES = 12
MOST_LABELS = 30
MOST_INDICATORS = 5
MOST_STEPS = 5

ErrorType = Literal["", "service_error", "api_error"]
"""A service that does not run or answer, or one that does and whose requests fail or are slow; "" as long as neither
was seen."""

SEVERITIES: Mapping[Severity, str] = {"P1": "critical", "P2": "high", "P3": "medium", "P4": "low"}
DOES_NOT_RUN = frozenset({"availability", "restarts", "oom_kills", "node_ready", "health_check"})
REQUESTS_FAIL = (
    "error_ratio",
    "unavailable_ratio",
    "timeout_ratio",
    "limited_ratio",
    "auth_failed_ratio",
    "latency_p95",
    "sli",
    "error_span",
    "slow_span",
    "new_error_log",
    "surging_error_log",
)
"""Signals of what somebody who calls a service meets, the plainest first."""


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


class Deed(Value):
    """One thing that was done to find out: a source that was asked, and how that went."""

    source: str
    state: str
    count: int = 0
    reason: Phrase | None = None


class Known(Value):
    """What the catalogue knows of the service."""

    owner: str = ""
    region: str = ""
    dependencies: tuple[str, ...] = ()
    objective: Objective = Objective()
    runbooks: tuple[str, ...] = ()
    repository: str = ""
    language: str = ""
    health_url: str = ""
    log_paths: tuple[str, ...] = ()
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
    severity_word: str = ""
    status: str = ""
    summary: str = ""
    error_type: ErrorType = ""
    error_summary: Claim | None = None
    key_indicators: tuple[Claim, ...] = ()
    actions_taken: tuple[Deed, ...] = ()
    recommended_investigation: tuple[Phrase, ...] = ()
    started_at: datetime | None = None
    labels: dict[str, str] = {}
    catalogue: Known | None = None
    metrics: tuple[Signal, ...] = ()
    logs: tuple[Said, ...] = ()
    traces: tuple[Signal, ...] = ()
    health: tuple[Signal, ...] = ()
    changes: tuple[Change, ...] = ()
    code: Reading | None = None
    silent_sources: tuple[str, ...] = ()


def context(state: Incident, services: Mapping[str, Service]) -> Context:
    """The context of an incident as its timeline stands; `services` is its team's catalogue."""
    alert, first = state.alert, state.first_look
    sweep = state.sweep or (first.sweep if first else None)
    evidence = sweep.evidence if sweep else ()
    found = state.diagnosis or (first.diagnosis if first else None)
    return Context(
        incident=state.id,
        team=state.team,
        alertname=alert.name if alert else state.title,
        service=state.service,
        service_found_by=state.resolved_by,
        environment=state.environment,
        severity=state.severity,
        severity_word=SEVERITIES[state.severity],
        status=state.status,
        summary=(alert.summary or alert.description) if alert else state.title,
        error_type=error_type(state.service, evidence),
        error_summary=_felt(state.service, evidence),
        key_indicators=tuple(_claim(each) for each in decisive([e for e in evidence if e.abnormal], MOST_INDICATORS)),
        actions_taken=tuple(
            Deed(source=each.source, state=each.state, count=each.count, reason=each.reason)
            for each in state.asked.values()
        ),
        recommended_investigation=found.next_steps[:MOST_STEPS] if found else (),
        started_at=alert.starts_at if alert else state.opened_at,
        labels=dict(list(alert.labels.items())[:MOST_LABELS]) if alert else {},
        catalogue=_known(services[state.service]) if state.service in services else None,
        metrics=_signals(each for each in evidence if each.kind in ("sli", "metric")),
        logs=tuple(_said(each) for each in evidence if each.kind == "log")[:MOST_LOGS],
        traces=_signals(each for each in evidence if each.kind == "trace"),
        health=_signals(each for each in evidence if each.kind in ("probe", "state")),
        changes=tuple(each.change for each in evidence if each.change)[:MOST_CHANGES],
        code=state.code,
        silent_sources=tuple(each.source for each in sweep.silent) if sweep else (),
    )


def error_type(service: str, evidence: Iterable[Evidence]) -> ErrorType:
    """What kind of trouble the evidence shows of this service."""
    own = [each for each in evidence if each.abnormal and each.service == service]
    if any(each.kind == "state" or each.signal in DOES_NOT_RUN for each in own):
        return "service_error"
    return "api_error" if any(each.signal in REQUESTS_FAIL for each in own) else ""


def decisive(items: Sequence[Evidence], most: int) -> list[Evidence]:
    """The weightiest of each kind, for a cause shows in several, and then by weight, in which order the items come."""
    best = {item.kind: item for item in reversed(items)}
    leading = [item for item in items if best[item.kind] is item]
    rest = [item for item in items if item not in leading]
    return [*leading, *rest][:most]


def _felt(service: str, evidence: Iterable[Evidence]) -> Claim | None:
    """What those who call the service meet, by the plainest signal of it."""
    own = [each for each in evidence if each.abnormal and each.service == service]
    gone = [each for each in own if each.signal in DOES_NOT_RUN]
    failing = sorted(
        (each for each in own if each.signal in REQUESTS_FAIL), key=lambda each: REQUESTS_FAIL.index(each.signal)
    )
    return next((_claim(each) for each in (*gone, *failing)), None)


def _claim(each: Evidence) -> Claim:
    return Claim(phrase=each.summary, evidence_ids=(each.id,))


def _known(service: Service) -> Known:
    return Known(
        owner=service.owner,
        region=service.region,
        dependencies=service.dependencies,
        objective=service.objective,
        runbooks=service.runbooks,
        repository=service.repository,
        language=service.language,
        health_url=mask(service.health_url),
        log_paths=service.log_paths,
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
