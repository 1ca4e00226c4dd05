"""Asks Loki what the alerted service and its neighbours complained about, before and after the split."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

import aiohttp
from pydantic import BaseModel, TypeAdapter

from engine.errors import SourceSilent
from engine.model import LogLine, Observation, Window
from engine.ports import Level, Query, Question, Remark, Tells
from engine.sources.conventions import SCOPE_LABELS
from engine.sources.families import own_labels, pattern, quoted, services_of
from engine.sources.http import Backend, Pairs, harvest, nanoseconds
from engine.sources.labels import names_known
from engine.sources.lines import CALM, LEVEL_FIELDS, is_from, read_line
from engine.sources.names import Named, mismatch, remarks
from engine.team import Service

SERVICE_LABELS = (
    "service",
    "service_name",
    "app",
    "app_kubernetes_io_name",
    "application",
    "job",
    "container",
    "container_name",
    "component",
    "k8s_deployment_name",
)
MOST_LABELS = 6
LINES_OF_NEIGHBOURS = 0.3
LINES_BEFORE = 0.4
LINES_FIRST = 0.2
COMPLAINTS = (
    "(?i)(error|warn|fatal|panic|exception|critical|fail|timeout|timed out|refused|traceback|错误|异常|失败|超时)"
)
LOUD_LEVELS = "(?i)(err|error|warn|warning|fatal|panic|crit|critical|alert|emerg|emergency|severe)"
LABELLED: dict[Level, str] = {
    "error": "(?i)(err|error|fatal|panic|crit|critical|alert|emerg|emergency|severe)",
    "warn": LOUD_LEVELS,
    "info": f"{LOUD_LEVELS[:-1]}|info|information|notice)",
}
_SOUNDS = "err|fatal|panic|emerg|crit|alert|severe|exception|traceback|fail|错误|异常|失败"
SOUNDS: dict[Level, str] = {
    "error": f"(?i)({_SOUNDS})",
    "warn": f"(?i)({_SOUNDS}|warn|timeout|timed out|refused|超时)",
}
"""What lines of a level hold, and some others: of an answer those alone are kept that are read as such."""
MORE = 5
"""How many times more lines are asked for than wanted, where not all that come will be of the level."""

Streams = list[dict[str, str]]


class Names(BaseModel):
    """Label names; Loki leaves `data` out where there are none."""

    status: Literal["success"]
    data: list[str] = []


class Known(BaseModel):
    """The label sets of streams."""

    status: Literal["success"]
    data: Streams = []


class Stream(BaseModel):
    """Lines of one stream: (nanoseconds as text, line), and sometimes metadata as a third."""

    stream: dict[str, str]
    values: list[list[Any]]


class Streamed(BaseModel):
    """The data of an answer to a log query."""

    result: list[Stream]


class LinesAnswer(BaseModel):
    """An answer to a log query."""

    status: Literal["success"]
    data: Streamed


NAMES, KNOWN, LINES = TypeAdapter(Names), TypeAdapter(Known), TypeAdapter(LinesAnswer)


class Part(NamedTuple):
    """Lines of one side of the split; `cut` where there were more than asked for."""

    lines: list[LogLine]
    cut: bool


class LokiSource:
    """Evidence from a Loki: error and warning lines, at most `lines` of each service after the split.

    `patience` is the seconds for one round; tokens and tenant go into headers alone.
    """

    tells: Tells = "log"

    def __init__(
        self,
        base_url: str,
        *,
        session: aiohttp.ClientSession,
        token: str = "",
        tenant: str = "",
        name: str = "loki",
        patience: float = 8.0,
        lines: int = 500,
    ) -> None:
        self._backend = Backend(name, base_url, session, token=token, tenant=tenant, patience=patience * 0.6)
        self._patience, self._lines = patience, lines

    @property
    def name(self) -> str:
        """How people tell this source from others."""
        return self._backend.name

    async def ask(self, question: Question) -> Sequence[Observation]:
        """One observation for each service that has streams, and always one for the alerted service. SourceSilent."""
        deadline = asyncio.get_running_loop().time() + self._patience
        streams = await self._streams(services_of(question), question.window)
        jobs: list[Callable[[], Awaitable[Observation]]] = []
        for service in services_of(question):
            own = service.name == question.service.name
            selector = _selector(service, streams, question.alert.labels)
            if selector or own:
                limit = self._lines if own else max(1, int(self._lines * LINES_OF_NEIGHBOURS))
                query = selector or f"{{{SERVICE_LABELS[0]}={quoted(service.name)}}}"
                jobs.append(self._reading(service, query, question.window, limit if selector else 0))
        answers = await harvest(jobs, deadline - asyncio.get_running_loop().time())
        heard = [answer for answer in answers if isinstance(answer, Observation)]
        if jobs and not isinstance(answers[0], Observation):
            late = self._backend.silent("timeout", seconds=self._patience)
            raise next((answer for answer in answers if isinstance(answer, SourceSilent)), late)
        return [*heard, *await self._elsewhere(question, streams, deadline)]

    async def examine(self, services: Sequence[Service]) -> Sequence[Remark]:
        """Whether it answers, and which services of the catalogue have streams under no name it knows. SourceSilent."""
        known = await self._known((), self._patience * 0.6)
        return remarks(self.name, self._backend.host, services, known, _tried())

    async def _known(self, span: Pairs, seconds: float) -> list[Named]:
        """Every value of the labels that carry a service's name. SourceSilent."""
        names = self._backend.read(await self._backend.get("/loki/api/v1/labels", span), NAMES).data
        labels = [label for label in SERVICE_LABELS if label in names]
        return await names_known(self._backend, "/loki/api/v1/label", labels, span, seconds)

    async def _elsewhere(self, question: Question, streams: Streams, deadline: float) -> list[Observation]:
        """Under which other name the service may be known, where it has no stream. A bonus: never an error."""
        service, window = question.service, question.window
        if not service.name or _identified(service, streams):
            return []
        seconds = deadline - asyncio.get_running_loop().time()
        span = self._span(window.start, window.end)
        (known,) = await harvest([lambda: self._known(span, seconds * 0.8)], seconds)
        query = f"GET /loki/api/v1/label/{SERVICE_LABELS[0]}/values …"
        other = isinstance(known, list) and mismatch(self.name, service, _tried(), known, query, window)
        return [other] if other else []

    async def look_up(self, query: Query) -> Sequence[Observation]:
        """The newest lines of a service, of any level, that hold the words. SourceSilent."""
        service, window = query.service or Service(name=""), query.window
        identified = _identified(service, await self._streams((service,), window))
        matchers, own = identified or ([f"{SERVICE_LABELS[0]}={quoted(service.name)}"], [])
        asked = _narrowed(matchers, own, query)
        found = await self._newest(service, asked, query) if identified else Part([], False)
        return [
            Observation(
                source=self.name,
                kind="log",
                service=service.name,
                query=asked,
                window=window,
                link=self._link(asked, window, query.limit),
                lines=tuple(found.lines),
                count=len(found.lines),
                truncated=found.cut,
            )
        ]

    async def _newest(self, service: Service, asked: str, query: Query) -> Part:
        """The newest lines a selector finds, oldest first."""
        span, most = self._span(query.window.start, query.window.end), query.limit
        most *= 1 if query.level == "all" else MORE
        pairs = [("query", asked), ("limit", str(most)), ("direction", "backward"), *span]
        answer = self._backend.read_asked(await self._backend.get("/loki/api/v1/query_range", pairs), LINES)
        said = [(value, stream.stream) for stream in answer.data.result for value in stream.values[:most]]
        lines = [
            read_line(str(value[0]), value[1], labels, service.name)
            for value, labels in said
            if len(value) >= 2 and isinstance(value[1], str)
        ]
        kept = sorted((line for line in lines if line and is_from(query.level, line)), key=lambda line: line.at)
        return Part(kept[-query.limit :], len(said) >= most or len(kept) > query.limit)

    async def _streams(self, services: Sequence[Service], window: Window) -> Streams:
        """The label sets of all streams that may belong to the services asked about."""
        span = self._span(window.start, window.end)
        names = self._backend.read(await self._backend.get("/loki/api/v1/labels", span), NAMES).data
        catalogued = [label for service in services for label in own_labels(service)]
        wanted = [label for label in dict.fromkeys((*catalogued, *SERVICE_LABELS)) if label in names][:MOST_LABELS]
        jobs = [self._knowing(label, services, span) for label in wanted]
        answers = await harvest(jobs, self._patience * 0.6)
        known = [answer for answer in answers if isinstance(answer, list)]
        if jobs and not known:
            late = self._backend.silent("timeout", seconds=self._patience)
            raise next((answer for answer in answers if isinstance(answer, SourceSilent)), late)
        return [labels for answer in known for labels in answer]

    def _knowing(
        self, label: str, services: Sequence[Service], span: list[tuple[str, str]]
    ) -> Callable[[], Awaitable[Streams]]:
        values = dict.fromkeys(v for s in services for v in (s.name, s.labels.get(label, "")) if v)
        either = "|".join(pattern(value) for value in values)
        match = f"{{{label}=~{quoted(f'(.+/)?({either})' if label == 'job' else either)}}}"

        async def know() -> Streams:
            reply = await self._backend.get("/loki/api/v1/series", [("match[]", match), *span])
            return self._backend.read(reply, KNOWN).data

        return know

    def _reading(
        self, service: Service, query: str, window: Window, limit: int
    ) -> Callable[[], Awaitable[Observation]]:
        async def read() -> Observation:
            early, late = Part([], False), Part([], False)
            if limit:
                few = max(1, int(limit * LINES_BEFORE))
                early = await self._part(service, query, window.start, window.split, few)
                late = await self._late(service, query, window, limit)
            lines = sorted((*early.lines, *late.lines), key=lambda line: line.at)
            return Observation(
                source=self.name,
                kind="log",
                service=service.name,
                query=query,
                window=window,
                link=self._link(query, window, max(limit, 1)),
                lines=tuple(lines),
                count=len(lines),
                truncated=early.cut or late.cut,
                complete_since=early.lines[0].at if early.cut and early.lines else window.start,
            )

        return read

    async def _late(self, service: Service, query: str, window: Window, limit: int) -> Part:
        """The newest lines after the split and, where these are not all, the first ones: they show when it began."""
        newest = await self._part(service, query, window.split, window.end, limit)
        if not newest.cut or not newest.lines:
            return newest
        few = max(1, int(limit * LINES_FIRST))
        first = await self._part(service, query, window.split, newest.lines[0].at, few, "forward")
        return Part([*first.lines, *newest.lines], True)

    async def _part(
        self,
        service: Service,
        query: str,
        start: datetime,
        end: datetime,
        limit: int,
        direction: Literal["backward", "forward"] = "backward",
    ) -> Part:
        if end <= start:
            return Part([], False)
        pairs = [("query", query), ("limit", str(limit)), ("direction", direction), *self._span(start, end)]
        answer = self._backend.read(await self._backend.get("/loki/api/v1/query_range", pairs), LINES)
        found: list[LogLine] = []
        total = 0
        for stream in answer.data.result:
            for value in stream.values[:limit]:
                total += 1
                if total > limit or len(value) < 2 or not isinstance(value[1], str):
                    continue
                line = read_line(str(value[0]), value[1], stream.stream, service.name)
                if line is not None and line.level not in CALM:
                    found.append(line)
        return Part(sorted(found, key=lambda line: line.at), total >= limit)

    def _span(self, start: datetime, end: datetime) -> list[tuple[str, str]]:
        return [("start", nanoseconds(start)), ("end", nanoseconds(end))]

    def _link(self, query: str, window: Window, limit: int) -> str:
        pairs = [("query", query), ("limit", str(limit)), *self._span(window.start, window.end)]
        return self._backend.link("/loki/api/v1/query_range", pairs)


def _narrowed(matchers: list[str], own: Streams, query: Query) -> str:
    """The query for the lines of some streams from a level on, and with the words: the level by the label that all of
    them carry, else by how such lines sound. Information has no sound: what is less is left out of the answer."""
    label, sound = _level_of(own), SOUNDS.get(query.level, "")
    if label and query.level in LABELLED:
        matchers, sound = [*matchers, f"{label}=~{quoted(LABELLED[query.level])}"], ""
    words = f"(?i){pattern(query.text)}" if query.text else ""
    return " |~ ".join([f"{{{','.join(matchers)}}}", *(quoted(each) for each in (sound, words) if each)])


def _level_of(own: Streams) -> str:
    """The label that says the level of all streams; "" where none does."""
    return next((name for name in LEVEL_FIELDS[:4] if own and all(name in labels for labels in own)), "")


def _tried() -> str:
    """The labels a service was looked for under, the first few by name."""
    return f"{', '.join(SERVICE_LABELS[:4])} …"


def _selector(service: Service, streams: Streams, alert_labels: dict[str, str]) -> str:
    """The query for the complaints of a service; "" where no stream is its own.

    Where all its streams carry a level, that label decides; else the line must sound like a complaint.
    """
    chosen = _identified(service, streams)
    if chosen is None:
        return ""
    matchers, own = chosen
    scope = {k: v for k, v in {**alert_labels, **service.labels}.items() if k in SCOPE_LABELS}
    for label, value in scope.items():
        inside = [labels for labels in own if labels.get(label) == value]
        if inside:
            matchers, own = [*matchers, f"{label}={quoted(value)}"], inside
    level = _level_of(own)
    if level:
        return f"{{{','.join([*matchers, f'{level}=~{quoted(LOUD_LEVELS)}'])}}}"
    return f"{{{','.join(matchers)}}} |~ {quoted(COMPLAINTS)}"


def _identified(service: Service, streams: Streams) -> tuple[list[str], Streams] | None:
    """The matchers that name the service and its streams: the catalogue's labels first, then the usual ones."""
    said = own_labels(service)
    # Not every label of the catalogue need be one of Loki's: some are those of metrics or traces.
    carried = [{k: v for k, v in said.items() if k in labels} for labels in streams]
    agreeing = [own for own, labels in zip(carried, streams, strict=True) if own and own.items() <= labels.items()]
    if agreeing:
        most = max(agreeing, key=len)
        own = [labels for labels in streams if most.items() <= labels.items()]
        return [f"{k}={quoted(v)}" for k, v in most.items()], own
    for label in dict.fromkeys((*said, *SERVICE_LABELS)):
        for value in dict.fromkeys(labels.get(label, "") for labels in streams):
            if value == service.name or (label == "job" and value.endswith(f"/{service.name}")):
                return [f"{label}={quoted(value)}"], [labels for labels in streams if labels.get(label) == value]
    return None
