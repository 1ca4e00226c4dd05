"""Compares before against after, signal by signal, and calls nothing recovered that was not measured."""

import json
import math
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from engine.journal import Journal
from engine.model import Evidence, LogLine, Observation, Quantity, Recovery, RecoverySignal, Span, Value
from engine.team import Service
from engine.tempo import Tempo

ERRORS = ("unavailable_ratio", "error_ratio", "timeout_ratio", "limited_ratio")
OWN_ERROR = {"dependency_timeout": "timeout_ratio", "rate_limited": "limited_ratio"}
"""Where a category shows in a ratio of its own, that ratio decides whether it is over."""

LOGS = ("new_error_log", "surging_error_log")
CALM = frozenset({"debug", "trace", "info", "notice", "warn", "warning"})
NEAR = 1.5
TRAFFIC_LEAST, TRAFFIC_MOST = 0.5, 2.0
GROWTH = frozenset({"rate_limited", "traffic_surge"})
"""Categories whose remedy serves more traffic than before."""

SPANS_LEFT = 0.1
WINDOWS = 4
MAX_TEXT = 160
MAX_MESSAGE = 2_000


class Verified(Value):
    """Body of recovery.verified and recovery.measured; `plan` is a plan id."""

    plan: str
    recovery: Recovery


@dataclass(frozen=True)
class Look:
    """What was observed after a change. Points, lines and spans from `since` to `until` count; `executed_at` is the
    receipt's. `state_before` is the checkpoint's, `changes` the dry-run's ({"field", "from", "to"}; dots for depth)."""

    observations: Sequence[Observation]
    since: datetime
    until: datetime
    executed_at: datetime
    state_before: Mapping[str, Any] = field(default_factory=dict)
    state_after: Mapping[str, Any] = field(default_factory=dict)
    changes: Sequence[Mapping[str, Any]] = ()


def window_start(executed_at: datetime, now: datetime, tempo: Tempo) -> datetime:
    """Since when a look counts: the last four beats of looking, and nothing from before the change was made."""
    return max(executed_at, now - timedelta(seconds=WINDOWS * tempo.verify_every))


def compare(before: Sequence[Evidence], look: Look, service: Service, category: str) -> Recovery:
    """Six signals: errors, p95, traffic, error logs, error spans, platform state.

    Recovered only if the errors were measured and no measured signal is bad; unknown if they were not. Figures before
    are the evidence's (its worst for errors and p95, its usual for traffic); after is the median of the points.
    """
    errors = _errors(before, look, service, category)
    signals = (
        errors,
        _latency(before, look, service),
        _traffic(before, look, service, category),
        _logs(before, look),
        _spans(before, look),
        _state(look),
    )
    bad = any(signal.ok is False for signal in signals)
    seconds = max(0.0, (look.until - look.executed_at).total_seconds())
    if bad:
        return Recovery(verdict="not_recovered", signals=signals, seconds=seconds)
    return Recovery(verdict="recovered" if errors.ok else "unknown", signals=signals, seconds=seconds)


async def verify(journal: Journal, look: Callable[[], Awaitable[Recovery]], tempo: Tempo, plan: str) -> Recovery:
    """Look again and again, each look once, until it is recovered or the tries are used up; the last one stands."""

    async def measure() -> Verified:
        return Verified(plan=plan, recovery=await look())

    found = Verified(plan=plan, recovery=Recovery(verdict="unknown"))
    for turn in range(1, tempo.verify_tries + 1):
        await journal.rest(f"{plan}/look/{turn}/rest", tempo.verify_after if turn == 1 else tempo.verify_every)
        found = await journal.find(f"{plan}/look/{turn}", "recovery.measured", Verified, measure)
        if found.recovery.verdict == "recovered":
            break
    return (await journal.settle(f"{plan}/recovery", "recovery.verified", found)).recovery


# --- figures ----------------------------------------------------------------------------------------


def _errors(before: Sequence[Evidence], look: Look, service: Service, category: str) -> RecoverySignal:
    role = _error_role(before, look, service, category)
    known, now = _known(before, role, service.name), _now(before, look, role, service.name)
    target = Quantity(value=service.objective.error_ratio, unit="ratio")
    return RecoverySignal(
        name=role,
        before=known.after if known else None,
        after=now.figure,
        target=target,
        ok=None if now.figure is None else now.figure.value <= target.value,
        query=now.query,
    )


def _error_role(before: Sequence[Evidence], look: Look, service: Service, category: str) -> str:
    """The category's own ratio, else the one that was worst before, else whatever is measured now."""
    own = OWN_ERROR.get(category)
    if own and (_known(before, own, service.name) or _now(before, look, own, service.name).figure):
        return own
    disturbed = [known for role in ERRORS if (known := _known(before, role, service.name)) and known.abnormal]
    if disturbed:
        return max(disturbed, key=lambda each: each.after.value if each.after else 0.0).signal
    measured = (role for role in ERRORS if _now(before, look, role, service.name).figure is not None)
    return next(measured, "error_ratio")


def _latency(before: Sequence[Evidence], look: Look, service: Service) -> RecoverySignal:
    known = _known(before, "latency_p95", service.name)
    now = _now(before, look, "latency_p95", service.name)
    usual = known.before.value * NEAR if known and known.before else 0.0
    bound = max(service.objective.latency_p95, usual)
    return RecoverySignal(
        name="latency_p95",
        before=known.after if known else None,
        after=now.figure,
        target=Quantity(value=bound, unit="seconds") if bound else None,
        ok=None if now.figure is None or not bound else now.figure.value <= bound,
        query=now.query,
    )


def _traffic(before: Sequence[Evidence], look: Look, service: Service, category: str) -> RecoverySignal:
    """Stable: at least half of what was usual, at most twice of the more of usual and during the incident. Where more
    traffic was the trouble and is now served, there is no most."""
    known = _known(before, "traffic", service.name)
    now = _now(before, look, "traffic", service.name)
    usual = known.before if known else None
    ok = None
    if known and usual and now.figure is not None:
        most = TRAFFIC_MOST * max(usual.value, known.after.value if known.after else 0.0)
        ok = TRAFFIC_LEAST * usual.value <= now.figure.value and (now.figure.value <= most or category in GROWTH)
    return RecoverySignal(name="traffic", before=usual, after=now.figure, target=usual, ok=ok, query=now.query)


@dataclass(frozen=True)
class Figure:
    """A median of points, None where there were none, and the query that gives them."""

    figure: Quantity | None = None
    query: str = ""


def _known(before: Sequence[Evidence], role: str, service: str) -> Evidence | None:
    """The evidence of this series over the whole service; one by version or peer only where there is no other."""
    found = [each for each in before if each.signal == role and each.service == service and each.after is not None]
    return min(found, key=lambda each: (bool(each.peer), len(each.details.get("labels", {}))), default=None)


def _now(before: Sequence[Evidence], look: Look, role: str, service: str) -> Figure:
    """The same series now: the very query of the evidence if it was asked again, else the broadest of this role."""
    known = _known(before, role, service)
    found = [
        each for each in look.observations if each.role == role and each.service == service and _points(each, look)
    ]
    if not found:
        return Figure(query=known.query if known else "")
    same = known.query if known else ""
    one = min(found, key=lambda each: (each.query != same, bool(each.peer), len(each.labels)))
    return Figure(Quantity(value=median(_points(one, look)), unit=one.unit), one.query)


def _points(observation: Observation, look: Look) -> list[float]:
    first, last = look.since.timestamp(), look.until.timestamp()
    return [value for at, value in observation.points if first <= at <= last and math.isfinite(value)]


# --- logs, spans, state ----------------------------------------------------------------------------------------


def _logs(before: Sequence[Evidence], look: Look) -> RecoverySignal:
    """Lines that say what the incident's error lines said; none may be left (of surging ones: no more than usual)."""
    loud = [each for each in before if _is_loud(each)]
    asked = [each for each in look.observations if each.kind == "log"]
    services = {each.service for each in loud}
    answered = [each for each in asked if each.service in services or not services]
    if not loud or not answered:
        return RecoverySignal(name="error_logs", before=_sum(loud), query=loud[0].query if loud else "")
    known = {(each.service, shape(text)) for each in loud for text in each.excerpt}
    lines = {line for each in answered for line in each.lines if _counts(line, look, services)}
    left = sum(any(line.service == name and said in shape(line.message) for name, said in known) for line in lines)
    usual = sum(_per_second(each) for each in loud if each.signal == "surging_error_log")
    most = usual * (look.until - look.since).total_seconds()
    return RecoverySignal(
        name="error_logs",
        before=_sum(loud),
        after=Quantity(value=left, unit="count"),
        target=Quantity(value=math.ceil(most), unit="count"),
        ok=left <= math.ceil(most),
        query=answered[0].query,
    )


def _is_loud(evidence: Evidence) -> bool:
    """Error lines alone: warnings are not counted after the change, so they are not counted before it either."""
    return evidence.signal in LOGS and evidence.abnormal and evidence.details.get("level") != "warning"


def _counts(line: LogLine, look: Look, services: Iterable[str]) -> bool:
    return look.since <= line.at <= look.until and line.level not in CALM and line.service in services


def _per_second(evidence: Evidence) -> float:
    """How often a surging line was said before it surged, per second."""
    seconds = (evidence.window.split - evidence.window.start).total_seconds()
    return evidence.before.value / seconds if evidence.before and seconds > 0 else 0.0


def _spans(before: Sequence[Evidence], look: Look) -> RecoverySignal:
    """Error spans per second at the places where they began; a tenth of what it was may be left."""
    failing = [each for each in before if each.signal == "error_span" and each.abnormal]
    places = {(each.service, each.peer) for each in failing}
    services = {each.service for each in failing}
    answered = [each for each in look.observations if each.kind == "trace"]
    if not failing or not answered:
        return RecoverySignal(name="error_spans", before=_rate(failing), query=failing[0].query if failing else "")
    spans = {(s.trace_id, s.span_id): s for each in answered for s in each.spans if _failed(s, look, services)}
    left = sum((span.service, span.peer) in places for span in spans.values())
    seconds = max((look.until - look.since).total_seconds(), 1.0)
    worst = _rate(failing)
    most = (worst.value if worst else 0.0) * SPANS_LEFT
    return RecoverySignal(
        name="error_spans",
        before=worst,
        after=Quantity(value=left / seconds, unit="per_second"),
        target=Quantity(value=most, unit="per_second"),
        ok=left / seconds <= most,
        query=answered[0].query,
    )


def _failed(span: Span, look: Look, services: Iterable[str]) -> bool:
    return span.error and look.since <= span.start <= look.until and span.service in services


def _rate(failing: Sequence[Evidence]) -> Quantity | None:
    """Error spans per second from each one's onset to the end of its window."""
    if not failing:
        return None
    rates = []
    for each in failing:
        start = max(each.onset or each.window.split, each.window.split)
        rates.append(each.count / max((each.window.end - start).total_seconds(), 1.0))
    return Quantity(value=sum(rates), unit="per_second")


def _sum(evidence: Sequence[Evidence]) -> Quantity | None:
    return Quantity(value=sum(each.count for each in evidence), unit="count") if evidence else None


def _state(look: Look) -> RecoverySignal:
    """Whether every field the dry-run announced now is what it was announced to become."""
    fields = [str(change["field"]) for change in look.changes if "field" in change and "to" in change]
    wanted = [change["to"] for change in look.changes if "field" in change and "to" in change]
    found = [_at(look.state_after, name) for name in fields]
    measured = bool(fields) and bool(look.state_after)
    return RecoverySignal(
        name="state",
        text_before=_told(fields, [_at(look.state_before, name) for name in fields]),
        text_after=_told(fields, found) if measured else "",
        ok=found == wanted if measured else None,
    )


def _at(state: Mapping[str, Any], path: str) -> Any:
    """A field by its name, which may hold dots itself, or by its path."""
    if path in state or "." not in path:
        return state.get(path)
    head, _, rest = path.partition(".")
    inner = state.get(head)
    return _at(inner, rest) if isinstance(inner, Mapping) else None


def _told(fields: Sequence[str], values: Sequence[Any]) -> str:
    pairs = (f"{name}={_short(value)}" for name, value in zip(fields, values, strict=True))
    return " ".join(pairs)[:MAX_TEXT]


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return ",".join(f"{key}:{item}" for key, item in sorted(value.items()))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def shape(message: str) -> str:
    """What a log line says, without the values in it: two lines of one shape say the same."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", message[:MAX_MESSAGE])
    text = re.sub(r"\b(?=\w*\d)[\w-]+\b", "#", text)
    return re.sub(r"[\s#.:/-]+", " ", text).casefold().strip()
