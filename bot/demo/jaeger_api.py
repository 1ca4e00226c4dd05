"""Answers Jaeger's v3 query API over the kept spans: OTLP JSON, and 404 where a search finds nothing."""

import re
from dataclasses import dataclass

from aiohttp import web

from bot.demo.clock import parse_rfc3339
from bot.demo.spans import CLIENT, SERVER, Span, SpanStore

DEFAULT_DEPTH = 100
MAX_DEPTH = 1500
_KINDS = {SERVER: "server", CLIENT: "client"}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_UNITS_NS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}


class Malformed(Exception):
    """A parameter that cannot be read."""


@dataclass(frozen=True)
class Search:
    """Which traces are wanted; times and durations in nanoseconds."""

    service: str
    operation: str
    start: int
    end: int
    shortest: int
    longest: int
    depth: int

    def accepts(self, spans: list[Span]) -> bool:
        """Whether one span of the trace meets every condition."""
        return any(
            span.service == self.service
            and self.operation in ("", span.operation)
            and self.start <= span.start_ns < self.end
            and self.shortest <= span.end_ns - span.start_ns <= self.longest
            for span in spans
        )


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def _parameter(request: web.Request, name: str) -> str:
    for spelling in (f"query.{name}", f"query.{_camel(name)}"):
        if spelling in request.query:
            return request.query[spelling]
    return ""


def _moment(request: web.Request, name: str) -> int:
    text = _parameter(request, name)
    try:
        return round(parse_rfc3339(text) * 1e9)
    except ValueError as problem:
        raise Malformed(f"malformed parameter query.{name}: {problem}") from problem


def _duration(request: web.Request, name: str, default: int) -> int:
    text = _parameter(request, name)
    if not text:
        return default
    parts = _DURATION.findall(text)
    if "".join(number + unit for number, unit in parts) != text:
        raise Malformed(f'malformed parameter query.{name}: time: invalid duration "{text}"')
    return round(sum(float(number) * _UNITS_NS[unit] for number, unit in parts))


def _depth(request: web.Request) -> int:
    text = _parameter(request, "search_depth") or _parameter(request, "num_traces")
    if not text:
        return DEFAULT_DEPTH
    if not text.isdigit():
        raise Malformed(f'malformed parameter query.search_depth: strconv.Atoi: parsing "{text}": invalid syntax')
    return min(int(text), MAX_DEPTH)


def _attribute(key: str, value: str | int) -> dict[str, object]:
    kind = {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}
    return {"key": key, "value": kind}


def _otlp_span(span: Span) -> dict[str, object]:
    out: dict[str, object] = {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "name": span.operation,
        "kind": span.kind,
        "startTimeUnixNano": str(span.start_ns),
        "endTimeUnixNano": str(span.end_ns),
        "attributes": [_attribute(key, value) for key, value in span.attributes.items()],
        "status": {"code": 2, "message": span.error} if span.error else {},
    }
    if span.parent_id:
        out["parentSpanId"] = span.parent_id
    return out


def otlp(traces: list[list[Span]]) -> dict[str, object]:
    """Traces as OTLP JSON, one resource per replica and trace."""
    resources: list[dict[str, object]] = []
    for spans in traces:
        by_replica: dict[tuple[str, str, str], list[Span]] = {}
        for span in spans:
            by_replica.setdefault((span.service, span.version, span.instance), []).append(span)
        for (service, version, instance), mine in by_replica.items():
            about = {"service.name": service, "service.version": version, "service.instance.id": instance}
            resources.append(
                {
                    "resource": {"attributes": [_attribute(key, value) for key, value in about.items()]},
                    "scopeSpans": [{"scope": {}, "spans": [_otlp_span(span) for span in mine]}],
                }
            )
    return {"result": {"resourceSpans": resources}}


def _problem(status: int, words: str) -> web.Response:
    return web.json_response({"error": {"httpCode": status, "message": words}}, status=status)


class JaegerApi:
    """Services, operations, trace search and single traces."""

    def __init__(self, store: SpanStore) -> None:
        self._store = store

    def application(self) -> web.Application:
        """The aiohttp application to listen with."""
        app = web.Application()
        app.router.add_get("/api/v3/services", self._services)
        app.router.add_get("/api/v3/operations", self._operations)
        app.router.add_get("/api/v3/traces", self._search)
        app.router.add_get("/api/v3/traces/{id}", self._trace)
        return app

    async def _services(self, request: web.Request) -> web.Response:
        return web.json_response({"services": self._store.services()})

    async def _operations(self, request: web.Request) -> web.Response:
        service = request.query.get("service", "")
        if not service:
            return _problem(400, "malformed parameter service: must be non-empty")
        rows = [
            {"name": name, "spanKind": _KINDS.get(kind, "internal")} for name, kind in self._store.operations(service)
        ]
        return web.json_response({"operations": rows})

    async def _search(self, request: web.Request) -> web.Response:
        try:
            search = Search(
                _parameter(request, "service_name"),
                _parameter(request, "operation_name"),
                _moment(request, "start_time_min"),
                _moment(request, "start_time_max"),
                _duration(request, "duration_min", 0),
                _duration(request, "duration_max", 2**63),
                _depth(request),
            )
        except Malformed as problem:
            return _problem(400, str(problem))
        if not search.service:
            return _problem(400, "malformed parameter query.service_name: must be non-empty")
        found: list[list[Span]] = []
        for spans in self._store.newest_first():
            if len(found) >= search.depth:
                break
            if search.accepts(spans):
                found.append(spans)
        return web.json_response(otlp(found)) if found else _problem(404, "No traces found")

    async def _trace(self, request: web.Request) -> web.Response:
        text = request.match_info["id"].lower()
        if not re.fullmatch(r"[0-9a-f]{1,32}", text):
            return _problem(400, f"malformed parameter trace_id: {text!r} is not a hexadecimal number")
        spans = self._store.trace(text.rjust(32, "0"))
        return web.json_response(otlp([spans])) if spans else _problem(404, "No traces found")
