"""Asks Jaeger for traces of the alerted service, before and after the split, by its stable API and by its old one."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import aiohttp
from pydantic import TypeAdapter

from engine.errors import SourceSilent
from engine.model import Observation, Span, Window
from engine.ports import Query, Question, Remark, Tells
from engine.sources.families import services_of
from engine.sources.http import Backend, Pairs, Reply, harvest
from engine.sources.names import NAME_LABEL, Named, mismatch, remarks, traced_name, traced_names
from engine.sources.spans import legacy_spans, otlp_spans
from engine.sources.traces import (
    TRACE_ID,
    Search,
    Survey,
    Traces,
    at_most,
    failed,
    holding,
    joined,
    named_trace,
    observed,
    renamed,
    survey,
    touching,
)
from engine.team import Service

TENANT_HEADER = "x-tenant"
"""Jaeger's own default, where tenancy is switched on."""
FAILED = json.dumps({"op": "eq", "args": [{"attr": {"key": "error"}}, {"scalar": {"value": "true"}}]})
"""A filter that the newest servers of the stable API know."""
SHARE = 0.85
"""Of a round, for the searches; the rest is for the trace an alert names, and for another name of the service."""
BY_HAND = 50
"""Traces a person's words are looked for in."""


class Ask(NamedTuple):
    """One question in both dialects: path and parameters of the stable API, and of the legacy one."""

    path: str
    query: Pairs
    old_path: str
    old_query: Pairs


ANSWER: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])
SERVICES = Ask("/api/v3/services", (), "/api/services", ())


class JaegerSource:
    """Evidence from a Jaeger: about `traces` traces of each side of the split, 2,000 spans in all.

    The stable API (`/api/v3`) is asked first; a server that turns out not to have it is asked by the legacy API from
    then on, until that is gone, as it is after an upgrade.
    """

    tells: Tells = "trace"

    def __init__(
        self,
        base_url: str,
        *,
        session: aiohttp.ClientSession,
        token: str = "",
        tenant: str = "",
        name: str = "jaeger",
        patience: float = 8.0,
        traces: int = 100,
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
        self._legacy = False

    @property
    def name(self) -> str:
        """How people tell this source from others."""
        return self._backend.name

    async def ask(self, question: Question) -> Sequence[Observation]:
        """One observation with the spans of all traces found on both sides of the split. SourceSilent."""
        services, window = services_of(question), question.window
        if not services:
            return []
        names, called = traced_names(services), traced_name(services[0])
        known = frozenset({*names, *names.values(), *question.service.dependencies})

        async def find(search: Search) -> Traces:
            return await self._search(called, search, known)

        deadline = _now() + self._patience
        found = await survey(find, called, window, self._traces, self._patience * SHARE)
        if not isinstance(found, Survey):
            raise found or self._backend.silent("timeout", seconds=self._patience)
        id = named_trace(question.alert)
        (named,) = await harvest([lambda: self._trace(id, known)], deadline - _now()) if id else (None,)
        after = joined(found.after, Traces(named if isinstance(named, list) else [], False))
        both = [each._replace(spans=renamed(each.spans, names)) for each in (found.before, after)]
        asked = f"service={called}, any, with errors, and from {found.least:.2g} s on; {self._traces} traces per side"
        seen = observed(self.name, services[0].name, asked, window, self._link(called, window), both)
        return [seen] if seen.count else [seen, *await self._elsewhere(question, deadline)]

    async def look_up(self, query: Query) -> Sequence[Observation]:
        """The trace of an id, or the newest traces of a service; of these, where words are given, those with a span
        that holds them. SourceSilent."""
        service = query.service or Service(name="")
        called, window = traced_name(service), query.window
        names = {called: service.name}
        if TRACE_ID.fullmatch(query.text):
            asked, found = f"trace {query.text}", Traces(await self._trace(query.text, frozenset(names)), False)
        else:
            found = await self._picked(called, query, frozenset(names))
            found = found._replace(spans=holding(found.spans, query.text))
            asked = f"service={called} limit={BY_HAND}" + (" with errors" if query.level == "error" else "")
            asked += f" holding {query.text!r}" if query.text else ""
        own = touching(renamed(found.spans, names), service.name)
        seen = at_most(found._replace(spans=own), query.limit)
        return [observed(self.name, service.name, asked, window, self._link(called, window), [seen])]

    async def _picked(self, called: str, query: Query, known: frozenset[str]) -> Traces:
        """The newest traces of a service, or of those that failed; a server that cannot tell these gives all."""
        window, ordinary = query.window, Search("ordinary", query.window.start, query.window.end, BY_HAND)
        if query.level != "error":
            return await self._search(called, ordinary, known)
        try:
            found = await self._search(called, Search("failed", window.start, window.end, BY_HAND), known)
        except SourceSilent:
            found = await self._search(called, ordinary, known)
        return found._replace(spans=failed(found.spans))

    async def examine(self, services: Sequence[Service]) -> Sequence[Remark]:
        """Whether it answers, and which services of the catalogue it does not know. SourceSilent."""
        return remarks(self.name, self._backend.host, services, await self._known(), "service.name")

    async def _search(self, service: str, search: Search, known: frozenset[str]) -> Traces:
        if search.end <= search.start:
            return Traces([], False)
        ask = Ask("/api/v3/traces", _stable(service, search), "/api/traces", _legacy(service, search))
        spans = self._spans(await self._answer(ask), known)
        return Traces(spans, len({span.trace_id for span in spans}) >= search.limit)

    async def _trace(self, id: str, known: frozenset[str]) -> list[Span]:
        """One whole trace; empty where nobody knows it."""
        return self._spans(await self._answer(Ask(f"/api/v3/traces/{id}", (), f"/api/traces/{id}", ())), known)

    def _spans(self, answer: dict[str, Any], known: frozenset[str]) -> list[Span]:
        """The spans of an answer in either dialect."""
        if self._legacy and isinstance(answer.get("data"), list | None):
            return list(legacy_spans(answer.get("data") or [], known))
        inner = answer.get("result", answer)
        resources = inner.get("resourceSpans") if isinstance(inner, dict) else None
        if self._legacy or not isinstance(resources, list):
            raise self._backend.silent("unreadable")
        return list(otlp_spans(resources, known))

    async def _elsewhere(self, question: Question, deadline: float) -> list[Observation]:
        """Under which other name the service may be known. A bonus: never an error."""
        (known,) = await harvest([self._known], max(deadline - _now(), 0.0))
        path = SERVICES.old_path if self._legacy else SERVICES.path
        tried = f"service.name={traced_name(question.service)}"
        other = isinstance(known, list) and mismatch(
            self.name, question.service, tried, known, f"GET {path}", question.window, self._backend.link(path, [])
        )
        return [other] if other else []

    async def _known(self) -> list[Named]:
        """Every service name Jaeger knows, under the label services.yaml says it by. SourceSilent."""
        answer = await self._answer(SERVICES)
        names = answer.get("data" if self._legacy else "services") or []
        return [(NAME_LABEL, name) for name in names if isinstance(name, str)] if isinstance(names, list) else []

    async def _answer(self, ask: Ask) -> dict[str, Any]:
        """What the server answers in the dialect it has, which is remembered."""
        legacy = self._legacy
        reply = await self._say(ask, legacy)
        if not _is_answer(reply):
            legacy = not legacy
            reply = await self._say(ask, legacy)
        self._legacy = legacy and _is_answer(reply)
        if _says_nothing_found(reply):
            return {"data": []} if legacy else {"resourceSpans": []}
        return self._backend.read(reply, ANSWER)

    async def _say(self, ask: Ask, legacy: bool) -> Reply:
        path, query = (ask.old_path, ask.old_query) if legacy else (ask.path, ask.query)
        return await self._backend.get(path, query)

    def _link(self, service: str, window: Window) -> str:
        pairs = [("service", service), ("start", _microseconds(window.start)), ("end", _microseconds(window.end))]
        return self._backend.link("/search", [*pairs, ("limit", str(self._traces))])


def _now() -> float:
    return asyncio.get_running_loop().time()


def _stable(service: str, search: Search) -> Pairs:
    """The parameters of `/api/v3/traces` in both spellings: servers read the one they know and ignore the other."""
    start, end, limit = _rfc3339(search.start), _rfc3339(search.end), str(search.limit)
    pairs = [
        ("query.service_name", service),
        ("query.serviceName", service),
        ("query.start_time_min", start),
        ("query.startTimeMin", start),
        ("query.start_time_max", end),
        ("query.startTimeMax", end),
        ("query.num_traces", limit),
        ("query.search_depth", limit),
        ("query.searchDepth", limit),
    ]
    match search.kind:
        case "failed":
            pairs.append(("query.filter", FAILED))
        case "slow":
            pairs += [("query.duration_min", f"{search.least:.3f}s"), ("query.durationMin", f"{search.least:.3f}s")]
        case "ordinary":
            pass
    return pairs


def _legacy(service: str, search: Search) -> Pairs:
    pairs = [("service", service), ("start", _microseconds(search.start)), ("end", _microseconds(search.end))]
    pairs.append(("limit", str(search.limit)))
    match search.kind:
        case "failed":
            pairs.append(("tags", json.dumps({"error": "true"})))
        case "slow":
            pairs.append(("minDuration", f"{search.least:.3f}s"))
        case "ordinary":
            pass
    return pairs


def _says_nothing_found(reply: Reply) -> bool:
    """Both dialects answer what is not there with 404 and an error of their own; a missing path has none."""
    if reply.status != 404:
        return False
    try:
        body = json.loads(reply.body)
    except (ValueError, RecursionError):
        return False
    error = body.get("error") if isinstance(body, dict) else None
    errors = body.get("errors") if isinstance(body, dict) else None
    return (isinstance(error, dict) and "httpCode" in error) or (isinstance(errors, list) and bool(errors))


def _is_answer(reply: Reply) -> bool:
    """Whether the server has this path: older ones show their web page under every path they do not know."""
    if reply.status == 404:
        return _says_nothing_found(reply)
    return not (reply.ok and reply.text.lstrip()[:1] == "<")


def _rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _microseconds(at: datetime) -> str:
    return f"{int(at.timestamp())}{at.microsecond:06d}"
