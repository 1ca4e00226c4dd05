"""Turns a case into the observations that live sources would have brought, and into the question they were asked."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.evaluation import kubectl
from bot.evaluation.case import Inputs, Rows
from bot.evaluation.columns import meaning
from bot.evaluation.files import Points, number
from bot.evaluation.names import ends_of, home_of, owner_of
from engine import evidence
from engine.model import Change, EvidenceKind, LogLine, Observation, Span, Window
from engine.sources.lines import read_line
from engine.sources.spans import with_peers
from engine.team import Service
from engine.tempo import Tempo

MOST_POINTS = 1000
MOST_FILES, LONGEST_DIFF = 50, 4000
KINDS = {"shipped": "commit"}
TIMES = ("timestamp", "at", "started_at", "start", "time", "ts")
FAILED = frozenset({"error", "status_code_error", "2", "failed"})


@dataclass(frozen=True)
class Scene:
    """What the engine is given: what was observed, of which services, about which one, over which window."""

    observations: tuple[Observation, ...]
    services: Mapping[str, Service]
    service: str
    window: Window
    candidates: frozenset[str]


def scene(inputs: Inputs) -> Scene:
    """The scene of a case, from its inputs alone."""
    window = _window(inputs)
    edges: dict[str, set[str]] = {name: set() for name in inputs.candidates}
    for caller, callee in inputs.calls:
        edges.setdefault(caller, set()).add(callee)
        edges.setdefault(callee, set())
    services = {name: Service(name=name, dependencies=tuple(sorted(peers))) for name, peers in edges.items()}
    service = _alerted(inputs)
    observations = (
        *_sli(inputs, service, window),
        *_metrics(inputs, window),
        *_edges(inputs, window),
        *_logs(inputs, window),
        *_patterns(inputs, window),
        *_traces(inputs, service, window),
        *_changes(inputs, window),
        *kubectl.observe(inputs.cluster, window),
    )
    return Scene(observations, services, service, window, frozenset(inputs.candidates))


def _window(inputs: Inputs) -> Window:
    """As a live incident has it, but looking back as far as there is data. A snapshot is all after."""
    times = sorted({at for at in _times(inputs) if inputs.end_time is None or at <= inputs.end_time})
    first = times[0] if times else inputs.alert_time or inputs.end_time or 0.0
    now = inputs.end_time or (times[-1] if times else first)
    if inputs.alert_time is None:
        return Window(start=_moment(first), split=_moment(first), end=_moment(now))
    before = max(inputs.alert_time - first, 0.0)
    # A recording that begins right before the trouble still needs a before.
    lead = min(Tempo().lead, before / 2)
    fitting = Tempo(lead=lead, lookback=before - lead)
    return evidence.window(_moment(inputs.alert_time), _moment(now), fitting)


def _times(inputs: Inputs) -> Iterator[float]:
    for columns in (inputs.metrics, inputs.edges, inputs.sli):
        for points in columns.values():
            yield from (at for at, _ in (points[:1] + points[-1:]))
    for rows, name in ((inputs.logs, "ts"), (inputs.spans, "start")):
        yield from (at for row in rows if (at := number(row.get(name))) is not None)


def _alerted(inputs: Inputs) -> str:
    """Whom the alert is about: what it says, else where requests come in, else nobody."""
    told = next((str(each["service"]) for each in inputs.alerts if each.get("service")), "")
    if told:
        return told
    roots = Counter(str(row.get("service") or "") for row in inputs.spans if not row.get("parent_id"))
    if roots:
        return roots.most_common(1)[0][0]
    called = {callee for _, callee in inputs.calls}
    callers = Counter(caller for caller, _ in inputs.calls if caller not in called)
    return callers.most_common(1)[0][0] if callers else ""


def _observation(kind: EvidenceKind, service: str, query: str, window: Window) -> Observation:
    return Observation(source="recording", kind=kind, service=service, query=query, window=window)


def _series(base: Observation, metric: str, points: Points, end: float) -> Observation:
    role, unit, scale = meaning(metric)
    kept = [(at, value * scale) for at, value in points if at <= end]
    thinned = kept[:: -(-len(kept) // MOST_POINTS)] if len(kept) > MOST_POINTS else kept
    return base.model_copy(
        update={
            "role": role,
            "unit": unit,
            "labels": {"__name__": metric},
            "points": tuple(thinned),
            "count": len(thinned),
            "truncated": len(thinned) < len(kept),
        }
    )


def _metrics(inputs: Inputs, window: Window) -> Iterator[Observation]:
    for column, points in sorted(inputs.metrics.items()):
        base = _observation("metric", home_of(owner_of(column), inputs.candidates), column, window)
        yield _series(base, column.rpartition("_")[2], points, window.end.timestamp())


def _edges(inputs: Inputs, window: Window) -> Iterator[Observation]:
    for column, points in sorted(inputs.edges.items()):
        caller, callee = (home_of(end, inputs.candidates) for end in ends_of(column))
        base = _observation("metric", caller, column, window).model_copy(update={"peer": callee})
        yield _series(base, column.rpartition("_")[2], points, window.end.timestamp())


def _sli(inputs: Inputs, service: str, window: Window) -> Iterator[Observation]:
    for metric, points in sorted(inputs.sli.items()):
        base = _observation("sli", service, metric, window)
        yield _series(base, metric, points, window.end.timestamp()).model_copy(update={"role": "sli"})


def _logs(inputs: Inputs, window: Window) -> Iterator[Observation]:
    by_service: dict[str, list[LogLine]] = {}
    for row in inputs.logs:
        service, at = str(row.get("service") or ""), number(row.get("ts"))
        moment = window.end if at is None else _moment(at)
        line = _line(row, service, moment) if moment <= window.end else None
        if line is not None:
            by_service.setdefault(service, []).append(line)
    for service, lines in sorted(by_service.items()):
        base = _observation("log", service, f'{{service="{service}"}}', window)
        ordered = tuple(sorted(lines, key=lambda line: line.at))
        yield base.model_copy(update={"lines": ordered, "count": len(ordered)})


def _line(row: Mapping[str, Any], service: str, at: datetime) -> LogLine | None:
    """Read as a live source reads it: what the recording tells beside the line is what a stream's labels tell."""
    told = row.get("attrs")
    attributes = {str(key): str(value) for key, value in told.items()} if isinstance(told, Mapping) else {}
    beside = {"level": str(row.get("level") or ""), "trace_id": str(row.get("trace_id") or "")}
    text = str(row.get("message") or "")
    return read_line(
        str(int(at.timestamp() * 1e9)), text, {**attributes, **{k: v for k, v in beside.items() if v}}, service
    )


def _patterns(inputs: Inputs, window: Window) -> Iterator[Observation]:
    """Error logs that the source had grouped: each group as its sample, as often as it was counted (at most 200)."""
    for service, grouped in sorted(inputs.error_patterns.items()):
        lines = [
            line
            for group in _groups(grouped)
            if (line := _line({"message": group.get("sample"), "level": "error"}, service, window.end)) is not None
            for _ in range(min(int(number(group.get("count")) or 1), 200))
        ]
        if lines:
            base = _observation("log", service, f'{{service="{service}"}} |= error', window)
            yield base.model_copy(update={"lines": tuple(lines), "count": len(lines)})


def _groups(grouped: Any) -> Rows:
    if isinstance(grouped, str):
        try:
            grouped = json.loads(grouped)
        except ValueError:
            return ()
    listed = grouped.get("patterns") if isinstance(grouped, Mapping) else grouped
    return tuple(each for each in listed if isinstance(each, dict)) if isinstance(listed, list) else ()


def _whole(spans: Sequence[Span]) -> list[Span]:
    """Spans whose parent lies in no trace of theirs, put into the one trace that has it, where only one does."""
    homes: dict[str, set[str]] = {}
    for span in spans:
        homes.setdefault(span.span_id, set()).add(span.trace_id)
    moved: dict[str, str] = {}
    for span in spans:
        there = homes.get(span.parent_id, set())
        if span.parent_id and span.trace_id not in there and len(there) == 1:
            moved.setdefault(span.trace_id, next(iter(there)))
    return [
        span.model_copy(update={"trace_id": moved[span.trace_id]}) if span.trace_id in moved else span for span in spans
    ]


def _traces(inputs: Inputs, service: str, window: Window) -> Iterator[Observation]:
    spans = [span for row in inputs.spans if (span := _span(row)) is not None and span.start <= window.end]
    if spans:
        base = _observation("trace", service, "all services", window)
        yield base.model_copy(update={"spans": tuple(with_peers(_whole(spans))), "count": len(spans)})


def _span(row: Mapping[str, Any]) -> Span | None:
    start, service = number(row.get("start")), row.get("service")
    if start is None or not isinstance(service, str):
        return None
    attributes = row.get("attrs")
    told = attributes.get("error") if isinstance(attributes, Mapping) else None
    parent = row.get("parent_id")
    return Span(
        trace_id=str(row.get("trace_id") or ""),
        span_id=str(row.get("span_id") or ""),
        parent_id=parent if isinstance(parent, str) else "",
        service=service,
        operation=str(row.get("operation") or "")[:300],
        start=_moment(start),
        duration=max(number(row.get("duration_ms")) or 0.0, 0.0) / 1000.0,
        error=str(row.get("status") or "").lower() in FAILED,
        message=told[:300] if isinstance(told, str) else "",
    )


def _changes(inputs: Inputs, window: Window) -> Iterator[Observation]:
    by_service: dict[str, list[Change]] = {}
    for kind in inputs.events:
        # What lies in the repository changes nothing before it is shipped.
        for row in _rows_of(inputs.events, kind) if kind != "commits" else ():
            change = _change(row, KINDS.get(kind, kind.removesuffix("s")))
            if change is not None and change.at <= window.end:
                by_service.setdefault(change.service, []).append(change)
    for service, changes in sorted(by_service.items()):
        base = _observation("change", service, f"changes of {service}", window)
        yield base.model_copy(update={"changes": tuple(changes), "count": len(changes)})


def _rows_of(events: Mapping[str, Any], kind: str) -> Rows:
    listed = events.get(kind)
    return tuple(each for each in listed if isinstance(each, dict)) if isinstance(listed, list) else ()


def _change(row: Mapping[str, Any], kind: str) -> Change | None:
    at = _told_time(next((row[name] for name in TIMES if row.get(name)), None))
    if at is None:
        return None
    name = str(row.get("commit_sha") or row.get("id") or row.get("flag") or row.get("version") or "")
    return Change(
        id=name,
        service=str(row.get("service") or ""),
        kind=kind,
        at=at,
        version=str(row.get("version") or row.get("flag") or ""),
        by=str(row.get("actor") or row.get("author") or ""),
        note=str(row.get("change") or row.get("message") or "")[:300],
        files=tuple(str(path) for path in _listed(row.get("files_changed"))[:MOST_FILES]),
        diff=str(row.get("diff") or "")[:LONGEST_DIFF],
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _told_time(value: Any) -> datetime | None:
    seconds = number(value)
    if seconds is not None:
        return _moment(seconds)
    try:
        told = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(min(max(seconds, 0.0), 253_000_000_000.0), UTC)
