"""Keeps trace spans: every trace with an error, and one in five of the others."""

import secrets
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bot.demo.clock import Clock

KEEP_TRACES = 8_000
KEEP_S = 15 * 60
HEALTHY_KEPT_ONE_IN = 5
SERVER, CLIENT, INTERNAL = 2, 3, 1


@dataclass(frozen=True)
class TraceContext:
    """Where a new span hangs: its trace and the span above it ("" at the root)."""

    trace_id: str
    span_id: str

    def header(self) -> str:
        """The W3C `traceparent` header."""
        return f"00-{self.trace_id}-{self.span_id}-01"


def read_header(text: str) -> TraceContext:
    """Read a `traceparent` header; anything else begins a new trace."""
    parts = text.split("-")
    if len(parts) == 4 and len(parts[1]) == 32 and len(parts[2]) == 16:
        return TraceContext(parts[1], parts[2])
    return TraceContext(secrets.token_hex(16), "")


@dataclass
class Span:
    """One timed operation of one service; times are nanoseconds since 1970."""

    trace_id: str
    span_id: str
    parent_id: str
    service: str
    version: str
    instance: str
    operation: str
    kind: int
    start_ns: int
    end_ns: int = 0
    error: str = ""
    attributes: dict[str, str | int] = field(default_factory=dict)

    def context(self) -> TraceContext:
        """The context for spans below this one."""
        return TraceContext(self.trace_id, self.span_id)


@dataclass(frozen=True)
class Origin:
    """Who makes spans: a replica of a service."""

    service: str
    version: str
    instance: str


class SpanStore:
    """All kept traces of the last fifteen minutes, by trace id, oldest first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._traces: OrderedDict[str, list[Span]] = OrderedDict()

    @contextmanager
    def span(self, origin: Origin, operation: str, above: TraceContext, kind: int = INTERNAL) -> Iterator[Span]:
        """Time one operation; set `error` on the span to mark it failed, an exception marks it by itself."""
        span = Span(
            above.trace_id,
            secrets.token_hex(8),
            above.span_id,
            origin.service,
            origin.version,
            origin.instance,
            operation,
            kind,
            round(self._clock.now() * 1e9),
        )
        try:
            yield span
        except BaseException as problem:
            span.error = span.error or str(problem) or type(problem).__name__
            raise
        finally:
            span.end_ns = round(self._clock.now() * 1e9)
            self._keep(span)

    def _keep(self, span: Span) -> None:
        self._traces.setdefault(span.trace_id, []).append(span)
        if not span.parent_id:
            self._decide(span)
        while self._traces and (len(self._traces) > KEEP_TRACES or self._oldest() < span.end_ns - KEEP_S * 10**9):
            self._traces.popitem(last=False)

    def _oldest(self) -> int:
        return next(iter(self._traces.values()))[0].end_ns

    def _decide(self, root: Span) -> None:
        spans = self._traces[root.trace_id]
        failed = any(span.error for span in spans)
        if not failed and int(root.trace_id[:8], 16) % HEALTHY_KEPT_ONE_IN:
            del self._traces[root.trace_id]

    def services(self) -> list[str]:
        """Names of all services that have spans."""
        return sorted({span.service for spans in self._traces.values() for span in spans})

    def operations(self, service: str) -> list[tuple[str, int]]:
        """Operation names and span kinds of one service."""
        mine = {
            (span.operation, span.kind) for spans in self._traces.values() for span in spans if span.service == service
        }
        return sorted(mine)

    def trace(self, trace_id: str) -> list[Span]:
        """The spans of one trace, or none."""
        return list(self._traces.get(trace_id, []))

    def newest_first(self) -> Iterator[list[Span]]:
        """All traces, newest first."""
        for trace_id in reversed(list(self._traces)):
            yield list(self._traces[trace_id])
