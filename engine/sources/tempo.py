"""Asks Grafana Tempo for traces by TraceQL: ordinary ones, failed ones and slow ones, before and after the split."""

import asyncio
import math
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import aiohttp
from pydantic import BaseModel, TypeAdapter

from engine.model import Observation, Span, Window
from engine.ports import Query, Question, Remark, Tells
from engine.sources.families import pattern, quoted, services_of
from engine.sources.http import Backend, harvest
from engine.sources.names import NAME_LABEL, Named, mismatch, remarks, traced_name, traced_names
from engine.sources.notes import note
from engine.sources.spans import otlp_spans
from engine.sources.traces import (
    TRACE_ID,
    Kind,
    Search,
    Survey,
    Traces,
    at_most,
    joined,
    named_trace,
    observed,
    renamed,
    survey,
    touching,
)
from engine.team import Service

LABEL = "resource.service.name"
TRACES, OLD_TRACES = "/api/v2/traces", "/api/traces"
NAMES, OLD_NAMES = f"/api/v2/search/tag/{LABEL}/values", "/api/search/tag/service.name/values"
LONGEST_ID = 32
MARGIN = 0.05
"""Share of a round before whose end fetching stops, so that what was fetched still counts."""
_FILTER = re.compile(r"\{([^{}]*)\}")


class Hit(BaseModel):
    """One trace a search found; leading zeros of its id may be missing."""

    traceID: str  # noqa: N815


class Hits(BaseModel):
    """An answer to a search."""

    traces: list[Hit] = []


class Values(BaseModel):
    """The values of a tag: plain ones in the first version of the API, typed ones in the second."""

    tagValues: list[str | dict[str, Any]]  # noqa: N815


HITS, VALUES, TRACE = TypeAdapter(Hits), TypeAdapter(Values), TypeAdapter(dict[str, Any])


class TempoSource:
    """Evidence from a Tempo: about `traces` traces of each side of the split, 2,000 spans in all.

    Searching gives ids, and each trace is then fetched whole; `patience` is the seconds for one round. What was fetched
    before time ran out counts.
    """

    tells: Tells = "trace"

    def __init__(
        self,
        base_url: str,
        *,
        session: aiohttp.ClientSession,
        token: str = "",
        tenant: str = "",
        name: str = "tempo",
        patience: float = 8.0,
        traces: int = 30,
    ) -> None:
        self._backend = Backend(name, base_url, session, token=token, tenant=tenant, patience=patience * 0.6)
        self._patience, self._traces = patience, traces
        self._path = TRACES

    @property
    def name(self) -> str:
        """How people tell this source from others."""
        return self._backend.name

    async def ask(self, question: Question) -> Sequence[Observation]:
        """One observation with the spans of both sides, and a note of what a reader must know of it. SourceSilent."""
        services, window = services_of(question), question.window
        if not services:
            return []
        names, deadline = traced_names(services), _now() + self._patience
        known: set[str] = set()

        async def find(search: Search) -> Traces:
            if search.end <= search.start:
                return Traces([], False)
            part = Window(start=search.start, split=search.start, end=search.end)
            ids = await self._search(_query(services, search), part, search.limit)
            fresh = [id for id in ids if id not in known]
            known.update(fresh)
            return Traces(await self._fetch(fresh, names, deadline), len(ids) >= search.limit)

        found = await survey(find, services[0].name, window, self._traces, self._patience)
        if not isinstance(found, Survey):
            raise found or self._backend.silent("timeout", seconds=self._patience)
        id = named_trace(question.alert)
        named = await self._fetch([id], names, deadline) if id else []
        both = [found.before, joined(found.after, Traces(named, False))]
        kinds: tuple[Kind, ...] = ("ordinary", "failed", "slow")
        asked = "; ".join(_query(services, Search(kind, window.start, window.end, 0, found.least)) for kind in kinds)
        link = self._link(_of(services[:1]), window)
        seen = observed(self.name, services[0].name, asked, window, link, both)
        return [seen, *await self._notes(question, found, bool(named), deadline)]

    async def look_up(self, query: Query) -> Sequence[Observation]:
        """The trace of an id, or traces of a service that a TraceQL filter or some words pick. SourceSilent."""
        service, window, text = query.service or Service(name=""), query.window, query.text.strip()
        names, deadline = traced_names((service,)), _now() + self._patience
        if TRACE_ID.fullmatch(text):
            asked, found = f"trace {text}", Traces(await self._fetch([text], names, deadline), False)
        else:
            asked = _by_hand(service, text, failed=query.level == "error")
            ids = await self._search(asked, window, query.limit + 1, by_hand=True)
            found = Traces(await self._fetch(ids, names, deadline), len(ids) > query.limit)
        own = at_most(Traces(touching(found.spans, service.name), found.cut), query.limit)
        return [observed(self.name, service.name, asked, window, self._link(asked, window), [own])]

    async def examine(self, services: Sequence[Service]) -> Sequence[Remark]:
        """Whether searching works, and which services of the catalogue it does not know. SourceSilent."""
        return remarks(self.name, self._backend.host, services, await self._known(), LABEL)

    async def _search(self, query: str, window: Window, limit: int, *, by_hand: bool = False) -> list[str]:
        """The ids of the traces a query finds, whole and in lower case."""
        start = math.floor(window.start.timestamp())
        end = max(math.ceil(window.end.timestamp()), start + 1)
        pairs = [("q", query), ("start", str(start)), ("end", str(end)), ("limit", str(limit))]
        reply = await self._backend.get("/api/search", pairs)
        hits = (self._backend.read_asked if by_hand else self._backend.read)(reply, HITS).traces
        return [hit.traceID.zfill(LONGEST_ID).lower() for hit in hits[:limit] if TRACE_ID.fullmatch(hit.traceID)]

    async def _fetch(self, ids: Sequence[str], names: Mapping[str, str], deadline: float) -> list[Span]:
        """The spans of these traces, as far as they came in time, called as the catalogue calls them."""
        seconds = deadline - _now() - MARGIN * self._patience
        answers = await harvest([self._fetching(id, names) for id in ids], max(seconds, 0.0))
        return renamed((span for answer in answers if isinstance(answer, list) for span in answer), names)

    def _fetching(self, id: str, names: Mapping[str, str]) -> Callable[[], Awaitable[list[Span]]]:
        return lambda: self._trace(id, names)

    async def _trace(self, id: str, names: Mapping[str, str]) -> list[Span]:
        """One whole trace; empty where Tempo does not know it. A server without the newer path is remembered."""
        path = self._path
        reply = await self._backend.get(f"{path}/{id}")
        if reply.status == 404 and path == TRACES and "page not found" in reply.text:
            self._path = OLD_TRACES
            reply = await self._backend.get(f"{OLD_TRACES}/{id}")
        if reply.status == 404:
            return []
        body = self._backend.read(reply, TRACE)
        inner = body.get("trace", body)
        rows = inner.get("resourceSpans", inner.get("batches", [])) if isinstance(inner, dict) else None
        if not isinstance(rows, list):
            raise self._backend.silent("unreadable")
        return list(otlp_spans(rows, frozenset(names)))

    async def _notes(self, question: Question, found: Survey, named: bool, deadline: float) -> list[Observation]:
        """That searching lags behind, or under which other name the service may be known. A bonus: never an error."""
        service, window = question.service, question.window
        if any(span.service == service.name for span in found.after.spans):
            return []
        if named or found.before.spans:
            values = {"split": window.split.isoformat(timespec="seconds")}
            what = "search_lag" if named else "search_empty"
            return [note(self.name, what, service.name, _of((service,)), window, values=values)]
        (known,) = await harvest([self._known], deadline - _now())
        if not isinstance(known, list):
            return []
        tried = f"{LABEL}={traced_name(service)}"
        other = mismatch(self.name, service, tried, known, f"GET {NAMES}", window, self._backend.link(NAMES, []))
        return [other] if other else []

    async def _known(self) -> list[Named]:
        """Every service name Tempo knows, under the label services.yaml says it by. SourceSilent."""
        reply = await self._backend.get(NAMES)
        if reply.status == 404:
            reply = await self._backend.get(OLD_NAMES)
        values = self._backend.read(reply, VALUES).tagValues
        found = [each.get("value") if isinstance(each, dict) else each for each in values]
        return [(NAME_LABEL, name) for name in found if isinstance(name, str) and name]

    def _link(self, query: str, window: Window) -> str:
        start, end = math.floor(window.start.timestamp()), math.ceil(window.end.timestamp())
        return self._backend.link("/api/search", [("q", query), ("start", str(start)), ("end", str(end))])


def _now() -> float:
    return asyncio.get_running_loop().time()


def _query(services: Sequence[Service], search: Search) -> str:
    """A search in TraceQL: ordinary traces are the first service's, failed and slow spans its neighbours' too."""
    match search.kind:
        case "ordinary":
            return _of(services[:1])
        case "failed":
            return _of(services, "status = error")
        case "slow":
            return _of(services, f"duration > {math.ceil(search.least * 1_000)}ms")


def _of(services: Sequence[Service], more: str = "") -> str:
    """The spans of these services for which something more holds, in TraceQL."""
    names = [traced_name(service) for service in services]
    which = f"{LABEL} = {quoted(names[0])}"
    if len(names) > 1:
        which = f"{LABEL} =~ {quoted('|'.join(pattern(name) for name in names))}"
    return f"{{ {which} && {more} }}" if more else f"{{ {which} }}"


def _by_hand(service: Service, text: str, *, failed: bool = False) -> str:
    """What a person wrote as a filter (`{ status = error }`), or words a span of the service has, in TraceQL."""
    if written := _FILTER.fullmatch(text):
        inside = written[1].strip()
        return _of((service,), f"({inside})" if inside else "")
    words = quoted(f"(?i).*{pattern(text)}.*")
    narrowed = [f"(name =~ {words} || statusMessage =~ {words})"] if text else []
    return _of((service,), " && ".join([*narrowed, *(["(status = error)"] if failed else [])]))
