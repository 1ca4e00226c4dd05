"""Asks Jaeger for traces of the alerted service, before and after the split, by its stable API and by its old one."""

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import aiohttp
from pydantic import TypeAdapter

from engine.errors import SourceSilent
from engine.model import EvidenceKind, Observation, Span, Window
from engine.ports import Query, Question
from engine.sources.http import Backend, Reply, harvest
from engine.sources.spans import legacy_spans, otlp_spans, with_peers

MOST_SPANS = 2_000
TENANT_HEADER = "x-tenant"
"""Jaeger's own default, where tenancy is switched on."""

ANSWER: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


class Search(NamedTuple):
    """Which traces are wanted: those of a time."""

    start: datetime
    end: datetime


class Traces(NamedTuple):
    """What a search found, newest traces first; `cut` where there may be more."""

    spans: list[Span]
    cut: bool


class JaegerSource:
    """Evidence from a Jaeger: at most `traces` traces of each search, 2,000 spans in all.

    The stable API (`/api/v3`) is asked first; a server that does not have it is asked by its legacy search, which can
    look for errors alone as well. Both sides of the split are always asked alike, so that they can be compared.
    """

    def __init__(
        self,
        base_url: str,
        *,
        session: aiohttp.ClientSession,
        token: str = "",
        tenant: str = "",
        name: str = "jaeger",
        patience: float = 8.0,
        traces: int = 50,
    ) -> None:
        self._backend = Backend(
            name,
            base_url,
            session,
            token=token,
            tenant=tenant,
            tenant_header=TENANT_HEADER,
            patience=patience * 0.6,
        )
        self._patience, self._traces = patience, traces

    @property
    def name(self) -> str:
        """How people tell this source from others."""
        return self._backend.name

    async def ask(self, question: Question) -> Sequence[Observation]:
        """One observation with the spans of all traces found on both sides of the split. SourceSilent."""
        window, service = question.window, question.service.name
        names = frozenset({service, *question.service.dependencies, *(near.name for near in question.neighbours)})
        sides = [Search(window.start, window.split), Search(window.split, window.end)]
        answers = await harvest([self._searching(service, side, names) for side in sides], self._patience)
        found = [answer for answer in answers if isinstance(answer, Traces)]
        if len(found) < len(sides):
            late = self._backend.silent("timeout", seconds=self._patience)
            raise next((answer for answer in answers if isinstance(answer, SourceSilent)), late)
        return [self._observation(service, window, found)]

    @property
    def answers(self) -> EvidenceKind:
        """Traces."""
        return "trace"

    async def look_up(self, query: Query) -> Sequence[Observation]:
        """The newest traces of a service; where words are given, those with a span that holds them. SourceSilent."""
        window, name = query.window, query.service.name if query.service else ""
        (answer,) = await harvest(
            [self._searching(name, Search(window.start, window.end), frozenset({name}))], self._patience
        )
        if not isinstance(answer, Traces):
            raise answer or self._backend.silent("timeout", seconds=self._patience)
        chosen = _holding(answer.spans, query.text)
        traces = list(dict.fromkeys(span.trace_id for span in chosen))
        kept = frozenset(traces[: query.limit])
        found = Traces([span for span in chosen if span.trace_id in kept], answer.cut or len(traces) > query.limit)
        seen = self._observation(name, window, [found])
        asked = f"service={name} limit={self._traces}" + (f" holding {query.text!r}" if query.text else "")
        return [seen.model_copy(update={"query": asked})]

    def _searching(self, service: str, search: Search, names: frozenset[str]) -> Callable[[], Awaitable[Traces]]:
        return lambda: self._search(service, search, names)

    async def _search(self, service: str, search: Search, names: frozenset[str]) -> Traces:
        if search.end <= search.start:
            return Traces([], False)
        reply = await self._backend.get("/api/v3/traces", _stable(service, search, self._traces))
        if reply.status == 404:
            if _says_none_found(reply):
                return Traces([], False)
            return await self._search_legacy(service, search, names)
        answer = self._backend.read(reply, ANSWER)
        inner = answer.get("result", answer)
        resources = inner.get("resourceSpans") if isinstance(inner, dict) else None
        if not isinstance(resources, list):
            raise self._backend.silent("unreadable")
        spans = list(otlp_spans(resources, names))
        return Traces(spans, len({span.trace_id for span in spans}) >= self._traces)

    async def _search_legacy(self, service: str, search: Search, names: frozenset[str]) -> Traces:
        """The old search, for any traces and then for failed ones."""
        found: list[Span] = []
        cut = False
        for failed in (False, True):
            pairs = _legacy(service, search, self._traces, failed=failed)
            traces = self._backend.read(await self._backend.get("/api/traces", pairs), ANSWER).get("data")
            if not isinstance(traces, list):
                raise self._backend.silent("unreadable")
            found += legacy_spans(traces, names)
            cut = cut or len(traces) >= self._traces
        return Traces(found, cut)

    def _observation(self, service: str, window: Window, found: Sequence[Traces]) -> Observation:
        share = MOST_SPANS // len(found)
        kept = [_whole_traces(each.spans, share) for each in found]
        spans = with_peers([span for side in kept for span in side])
        return Observation(
            source=self.name,
            kind="trace",
            service=service,
            query=f"service={service} limit={self._traces} per side of the split",
            window=window,
            link=self._link(service, window),
            spans=tuple(sorted(spans, key=lambda span: (span.start, span.trace_id, span.span_id))),
            count=len(spans),
            truncated=any(each.cut or len(side) < len(each.spans) for each, side in zip(found, kept, strict=True)),
            complete_since=min((span.start for span in kept[0]), default=None) if found[0].cut else window.start,
        )

    def _link(self, service: str, window: Window) -> str:
        pairs = [("service", service), ("start", _microseconds(window.start)), ("end", _microseconds(window.end))]
        return self._backend.link("/search", [*pairs, ("limit", str(self._traces))])


def _holding(spans: Sequence[Span], text: str) -> list[Span]:
    """The spans of all traces in which one holds these words, in its operation, peer or message."""
    wanted = text.casefold()
    hits = {s.trace_id for s in spans if wanted in f"{s.operation}\n{s.peer}\n{s.message}".casefold()}
    return [span for span in spans if span.trace_id in hits]


def _whole_traces(spans: Sequence[Span], most: int) -> list[Span]:
    """As many whole traces as fit, first come first kept; half a trace would hide where an error began."""
    traces: dict[str, list[Span]] = {}
    for span in spans:
        traces.setdefault(span.trace_id, []).append(span)
    kept: list[Span] = []
    for trace in traces.values():
        if len(kept) + len(trace) <= most:
            kept += trace
    return kept


def _stable(service: str, search: Search, traces: int) -> list[tuple[str, str]]:
    """The parameters of `/api/v3/traces` in both spellings: servers read the one they know and ignore the other."""
    start, end = _rfc3339(search.start), _rfc3339(search.end)
    return [
        ("query.service_name", service),
        ("query.serviceName", service),
        ("query.start_time_min", start),
        ("query.startTimeMin", start),
        ("query.start_time_max", end),
        ("query.startTimeMax", end),
        ("query.num_traces", str(traces)),
        ("query.search_depth", str(traces)),
        ("query.searchDepth", str(traces)),
    ]


def _legacy(service: str, search: Search, traces: int, *, failed: bool) -> list[tuple[str, str]]:
    pairs = [("service", service), ("start", _microseconds(search.start)), ("end", _microseconds(search.end))]
    errors = [("tags", json.dumps({"error": "true"}))] if failed else []
    return [*pairs, ("limit", str(traces)), *errors]


def _says_none_found(reply: Reply) -> bool:
    """Jaeger's stable API answers an empty search with 404 and its own words; a missing path has others."""
    try:
        error = json.loads(reply.body).get("error")
    except (ValueError, AttributeError, RecursionError):
        return False
    return isinstance(error, dict) and "httpCode" in error


def _rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _microseconds(at: datetime) -> str:
    return f"{int(at.timestamp())}{at.microsecond:06d}"
