"""Reads spans out of OTLP JSON (Jaeger v3, Tempo) and out of Jaeger's legacy JSON."""

import base64
import binascii
import string
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from engine.masking import masked
from engine.model import Span
from engine.sources.peers import peer_of

LONGEST_TEXT = 300
OUTGOING = frozenset({"3", "4", "span_kind_client", "span_kind_producer", "client", "producer"})
PEER_NAMES = ("peer.service", "service.peer.name", "db.system.name", "db.system", "messaging.system", "rpc.service")
PEER_ADDRESSES = ("server.address", "net.peer.name", "net.sock.peer.name", "network.peer.address")
FAILED = frozenset({"2", "status_code_error", "error", "true"})

Raw = Mapping[str, Any]


def otlp_spans(resource_spans: Iterable[Any], neighbours: Collection[str]) -> Iterator[Span]:
    """The spans of OTLP's `resourceSpans` (or Tempo's `batches`); what cannot be read is left out."""
    for resource in resource_spans:
        about = _attributes(_table(_table(resource).get("resource")).get("attributes"))
        service = about.get("service.name", "")
        for scope in _rows(_table(resource).get("scopeSpans")):
            for raw in _rows(scope.get("spans")):
                span = _otlp_span(raw, service, neighbours)
                if span is not None:
                    yield span


def legacy_spans(traces: Iterable[Any], neighbours: Collection[str]) -> Iterator[Span]:
    """The spans of Jaeger's legacy search; times there are microseconds."""
    for trace in traces:
        processes = _table(_table(trace).get("processes"))
        for raw in _rows(_table(trace).get("spans")):
            service = str(_table(processes.get(str(raw.get("processID")))).get("serviceName", ""))
            span = _legacy_span(raw, service, neighbours)
            if span is not None:
                yield span


def with_peers(spans: Iterable[Span]) -> list[Span]:
    """Each span once; a call that names no peer has the service of the span it started in another service."""
    known = {(span.trace_id, span.span_id): span for span in spans}
    callees: dict[tuple[str, str], str] = {}
    for span in known.values():
        parent = known.get((span.trace_id, span.parent_id))
        if parent is not None and parent.service != span.service:
            callees.setdefault((span.trace_id, span.parent_id), span.service)
    return [
        span if span.peer or key not in callees else span.model_copy(update={"peer": callees[key]})
        for key, span in known.items()
    ]


def _otlp_span(raw: Raw, service: str, neighbours: Collection[str]) -> Span | None:
    trace_id, span_id = _hex(raw.get("traceId")), _hex(raw.get("spanId"))
    start, end = _number(raw.get("startTimeUnixNano")), _number(raw.get("endTimeUnixNano"))
    if not (service and trace_id and span_id and start):
        return None
    attributes, status = _attributes(raw.get("attributes")), _table(raw.get("status"))
    message = str(status.get("message", "")) or _exception(raw.get("events"))
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        parent_id=_hex(raw.get("parentSpanId")),
        service=service[:120],
        operation=masked(str(raw.get("name", "")), LONGEST_TEXT),
        peer=_peer(attributes, str(raw.get("kind", "")), neighbours),
        start=_moment(start / 1e9),
        duration=max(end - start, 0) / 1e9,
        error=str(status.get("code", "")).lower() in FAILED,
        message=masked(message, LONGEST_TEXT),
    )


def _legacy_span(raw: Raw, service: str, neighbours: Collection[str]) -> Span | None:
    trace_id, span_id, start = _hex(raw.get("traceID")), _hex(raw.get("spanID")), _number(raw.get("startTime"))
    if not (service and trace_id and span_id and start):
        return None
    tags = _tags(raw.get("tags"))
    failed = (tags.get("error", "").lower(), tags.get("otel.status_code", "").lower())
    parents = [_hex(r.get("spanID")) for r in _rows(raw.get("references")) if r.get("refType") == "CHILD_OF"]
    words = tags.get("otel.status_description", "") or next(
        (
            t["exception.message"]
            for log in _rows(raw.get("logs"))
            if "exception.message" in (t := _tags(log.get("fields")))
        ),
        "",
    )
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        parent_id=parents[0] if parents else _hex(raw.get("parentSpanID")),
        service=service[:120],
        operation=masked(str(raw.get("operationName", "")), LONGEST_TEXT),
        peer=_peer(tags, tags.get("span.kind", ""), neighbours),
        start=_moment(start / 1e6),
        duration=max(_number(raw.get("duration")), 0) / 1e6,
        error=any(word in FAILED for word in failed),
        message=masked(words, LONGEST_TEXT),
    )


def _peer(attributes: Mapping[str, str], kind: str, neighbours: Collection[str]) -> str:
    """Who is called. On a server's span an address is its own, so only what names a database or a peer counts there."""
    if kind.lower() in OUTGOING:
        return peer_of([attributes.get(name, "") for name in (*PEER_NAMES, *PEER_ADDRESSES)], neighbours)
    if "server" in kind.lower() or kind == "2":
        return ""
    return peer_of([attributes.get(name, "") for name in PEER_NAMES[:4]], neighbours)


def _hex(value: Any) -> str:
    """An id as lower-case hex, from hex or from base64 (protobuf's own JSON); "" where it is neither, or all zero."""
    text = value if isinstance(value, str) else ""
    if len(text) <= 32 and all(letter in string.hexdigits for letter in text):
        found = text.lower()
    else:
        try:
            found = base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), validate=True).hex()
        except (binascii.Error, ValueError):
            return ""
    return found if found.strip("0") else ""


def _attributes(value: Any) -> dict[str, str]:
    """OTLP attributes as text; lists and tables inside them say nothing we ask for."""
    found: dict[str, str] = {}
    for row in _rows(value):
        inner = _table(row.get("value"))
        plain = next(
            (inner[name] for name in ("stringValue", "intValue", "boolValue", "doubleValue") if name in inner), None
        )
        if plain is not None:
            found[str(row.get("key", ""))] = str(plain)[:LONGEST_TEXT]
    return found


def _tags(value: Any) -> dict[str, str]:
    return {str(row.get("key", "")): str(row.get("value", ""))[:LONGEST_TEXT] for row in _rows(value)}


def _exception(events: Any) -> str:
    found = (_attributes(event.get("attributes")).get("exception.message", "") for event in _rows(events))
    return next((words for words in found if words), "")


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return 0


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(min(max(seconds, 0.0), 253_000_000_000.0), UTC)


def _table(value: Any) -> Raw:
    return value if isinstance(value, dict) else {}


def _rows(value: Any) -> list[Raw]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
