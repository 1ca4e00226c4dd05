"""Asks Prometheus (or what speaks its API) for the alert's own figures, then for what such services usually measure."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NamedTuple

import aiohttp
from pydantic import BaseModel, TypeAdapter

from engine.errors import SourceSilent
from engine.model import EvidenceKind, Observation, Window
from engine.ports import Query, Question, Remark, Tells
from engine.sources.conventions import SERVICE_LABELS
from engine.sources.expression import expression_of, unit_of, without_threshold
from engine.sources.families import families, lookups, services_of, unfound
from engine.sources.http import Backend, TooLarge, harvest, unix, whole_seconds
from engine.sources.labels import names_known
from engine.sources.names import Named, mismatch, remarks
from engine.sources.notes import note
from engine.sources.peers import peer_of
from engine.sources.questions import Ask, about_neighbour, about_service, by_the_team
from engine.team import Service

log = logging.getLogger(__name__)

MOST_POINTS = 600
MOST_SERIES = 12
MOST_FIRED = 3
MOST_OWN = 20
"""Queries of a team's own in one round."""
MOST_FOUND = 20_000
SHARE = 0.9
"""Of the time that is left, so that what was read in it still counts."""
ADVICE = ("PromQL info", "PromQL warning")


class Series(BaseModel):
    """One series of a matrix; values are text because of NaN and the infinities."""

    metric: dict[str, str]
    values: list[tuple[float, str]] = []


class Matrix(BaseModel):
    """The data of an answer to a range query."""

    result: list[Series]


class RangeAnswer(BaseModel):
    """An answer to a range query. What `warnings` say of the query itself is advice to whoever wrote it; the rest says
    that part of the servers behind did not answer, as `isPartial` does in VictoriaMetrics."""

    data: Matrix
    warnings: list[str] = []
    isPartial: bool = False  # noqa: N815

    @property
    def lacking(self) -> list[str]:
        """Why this is not all there is; empty where it is."""
        said = [warning for warning in self.warnings if not warning.startswith(ADVICE)]
        return said or (["isPartial"] if self.isPartial else [])


class SeriesAnswer(BaseModel):
    """An answer to a look-up of series."""

    data: list[dict[str, str]]


class Found(NamedTuple):
    """The labels of the series a Prometheus holds of these services."""

    services: tuple[Service, ...]
    series: list[dict[str, str]]


RANGE = TypeAdapter(RangeAnswer)
FOUND = TypeAdapter(SeriesAnswer)


class PrometheusSource:
    """Evidence from a Prometheus; `step` is its scrape interval in seconds, `patience` the seconds for one round.

    Rates are taken over `rate_window` seconds (four steps, at least ten seconds). What did not answer within the
    patience is left out; only where nothing answered at all is the source silent.
    """

    tells: Tells = "metric"

    def __init__(
        self,
        base_url: str,
        *,
        session: aiohttp.ClientSession,
        step: float,
        token: str = "",
        tenant: str = "",
        name: str = "prometheus",
        patience: float = 8.0,
        rate_window: float = 0.0,
    ) -> None:
        self._backend = Backend(name, base_url, session, token=token, tenant=tenant, patience=patience * 0.6)
        self._step, self._patience = step, patience
        self._rate_window = rate_window or max(4 * step, 10.0)

    @property
    def name(self) -> str:
        """How people tell this source from others."""
        return self._backend.name

    async def ask(self, question: Question) -> Sequence[Observation]:
        """The alert's own series first, then the service's, then its neighbours'. SourceSilent."""
        step, deadline = self._step_of(question.window), _now() + self._patience
        lacking: dict[str, None] = {}
        opening: list[Callable[[], Awaitable[Found | list[Observation]]]] = [
            lambda: self._sli(question, step, lacking),
            lambda: self._found(question),
        ]
        own, found = await harvest(opening, self._patience * 0.6)
        seen = own if isinstance(own, list) else []
        if not isinstance(found, Found):
            if not seen:
                raise found if isinstance(found, SourceSilent) else self._late()
            log.warning("%s did not say which series it holds; only the alert's own were asked", self.name)
            return seen
        asks, nothing = self._plan(question, found, step)
        jobs = [self._asking(ask, question.window, step, lacking) for ask in asks]
        answers = await harvest(jobs, deadline - _now())
        heard = [answer for answer in answers if isinstance(answer, list)]
        if asks and not heard and not seen:
            raise next((answer for answer in answers if isinstance(answer, SourceSilent)), self._late())
        notes = await self._notes(question, bool(nothing), tuple(lacking), deadline)
        return [*seen, *nothing, *(each for answer in heard for each in answer), *notes]

    async def look_up(self, query: Query) -> Sequence[Observation]:
        """The series of an expression as a person wrote it. SourceSilent."""
        step = self._step_of(query.window)
        reply = await self._backend.post("/api/v1/query_range", self._form(query.text, query.window, step))
        answer = self._backend.read_asked(reply, RANGE)
        series = answer.data.result
        service = query.service.name if query.service else ""
        ask = Ask(service, "", unit_of(query.text), query.text)
        seen = self._observed(ask, query.window, series[: query.limit], labelled=True)
        cut = len(series) > query.limit or bool(answer.lacking)
        return [each.model_copy(update={"truncated": True}) for each in seen] if cut else seen

    async def examine(self, services: Sequence[Service]) -> Sequence[Remark]:
        """Whether it answers, and which services of the catalogue it measures under no name it knows. SourceSilent."""
        known = await names_known(self._backend, "/api/v1/label", SERVICE_LABELS, (), self._patience)
        return remarks(self.name, self._backend.host, services, known, _tried())

    async def _notes(
        self, question: Question, unmeasured: bool, lacking: Sequence[str], deadline: float
    ) -> list[Observation]:
        """What else a reader must know: another name of the service, and that not all servers answered. Never an
        error."""
        service, window = question.service, question.window
        notes = []
        if lacking:
            values: dict[str, str | int | float] = {"count": len(lacking)}
            query = "GET /api/v1/query_range"
            notes.append(
                note(self.name, "partial", _about(question), query, window, values=values, lines=tuple(lacking))
            )
        if unmeasured:
            span = [("start", unix(window.start)), ("end", unix(window.end))]
            seconds = max(deadline - _now(), 0.0)
            (known,) = await harvest(
                [lambda: names_known(self._backend, "/api/v1/label", SERVICE_LABELS, span, seconds * SHARE)], seconds
            )
            notes += self._named(service, window, known if isinstance(known, list) else [])
        return notes

    def _named(self, service: Service, window: Window, known: Sequence[Named]) -> list[Observation]:
        """That a service has series, but none of a kind that is known, or what it may be called."""
        query = f"GET /api/v1/label/{SERVICE_LABELS[0]}/values …"
        own = next((pair for pair in known if pair[1] == service.name), None)
        if own:
            values = {"found": f"{own[0]}={own[1]}"}
            return [note(self.name, "unknown_metrics", service.name, query, window, values=values)]
        other = mismatch(self.name, service, _tried(), known, query, window)
        return [other] if other else []

    def _late(self) -> SourceSilent:
        return self._backend.silent("timeout", seconds=self._patience)

    def _step_of(self, window: Window) -> float:
        span = (window.end - window.start).total_seconds()
        return max(self._step, math.ceil(span / (MOST_POINTS - 1)))

    async def _sli(self, question: Question, step: float, lacking: dict[str, None]) -> list[Observation]:
        """The alert's own expression, without its threshold; nothing where the alert names none."""
        expression = expression_of(question.alert.generator_url)
        if not expression:
            return []
        query = without_threshold(expression)
        ask = Ask(question.service.name or question.alert.service, "sli", unit_of(query), query)
        series = await self._range(query, question.window, step, lacking)
        return self._observed(ask, question.window, _fired(series, question)[:MOST_FIRED], labelled=True)

    async def _found(self, question: Question) -> Found:
        """The labels of every series of a known family of the services asked about.

        Where that is more than can be read, the neighbours are left out.
        """
        services = services_of(question)
        try:
            return await self._found_of(services, question.window)
        except TooLarge:
            return await self._found_of(services[:1], question.window)

    async def _found_of(self, services: tuple[Service, ...], window: Window) -> Found:
        if not services:
            return Found((), [])
        form = [("match[]", match) for match in lookups(services)]
        form += [("start", unix(window.start)), ("end", unix(window.end)), ("limit", str(MOST_FOUND))]
        answer = self._backend.read(await self._backend.post("/api/v1/series", form), FOUND)
        return Found(services, answer.data)

    def _plan(self, question: Question, found: Found, step: float) -> tuple[list[Ask], list[Observation]]:
        """What to ask of each service, and what to say of an alerted service nobody measures."""
        window = whole_seconds(max(self._rate_window, step))
        asks: list[Ask] = []
        nothing: list[Observation] = []
        names = [service.name for service in services_of(question)]
        own = [ask for service in services_of(question) for ask in by_the_team(service)][:MOST_OWN]
        # A team that writes its own query for a well-known figure has a reason: the usual one would contradict it.
        replaced = {(ask.service, ask.role) for ask in own}
        for service in found.services:
            known = families(service, question.alert.labels, found.series)
            if service.name != question.service.name:
                asks += about_neighbour(service.name, known, window)
            elif known:
                asks += about_service(service.name, known, window, names)
            elif not service.signals:
                nothing.append(self._nothing(service, question.window))
        return [*own, *(ask for ask in asks if ask.by or (ask.service, ask.role) not in replaced)], nothing

    def _nothing(self, service: Service, window: Window) -> Observation:
        query = unfound(service, SERVICE_LABELS)
        return self._observation(Ask(service.name, "traffic", "per_second", query), window)

    def _asking(
        self, ask: Ask, window: Window, step: float, lacking: dict[str, None]
    ) -> Callable[[], Awaitable[list[Observation]]]:
        return lambda: self._answer(ask, window, step, lacking)

    async def _answer(self, ask: Ask, window: Window, step: float, lacking: dict[str, None]) -> list[Observation]:
        series = await self._range(ask.query, window, step, lacking)
        labelled = bool(ask.by) or ask.meaning == "own"
        return self._observed(ask, window, series[:MOST_SERIES], labelled=labelled)

    async def _range(self, query: str, window: Window, step: float, lacking: dict[str, None]) -> list[Series]:
        """The series of a query; `lacking` takes up why they are not all."""
        reply = await self._backend.post("/api/v1/query_range", self._form(query, window, step))
        answer = self._backend.read(reply, RANGE)
        lacking.update(dict.fromkeys(answer.lacking))
        return answer.data.result

    def _form(self, query: str, window: Window, step: float) -> list[tuple[str, str]]:
        form = [("query", query), ("start", unix(window.start)), ("end", unix(window.end)), ("step", f"{step:g}")]
        return [*form, ("timeout", whole_seconds(self._backend.patience))]

    def _observed(self, ask: Ask, window: Window, series: Iterable[Series], *, labelled: bool) -> list[Observation]:
        """One observation for each series that has points; one that says so where none has."""
        seen: list[Observation] = []
        for each in series:
            labels = {k: v for k, v in each.metric.items() if k != "__name__"} if labelled else {}
            points = _points(each.values)
            if points and not (ask.meaning == "version" and not labels.get(ask.by)):
                seen.append(self._observation(ask, window, points, labels))
        if ask.meaning == "version":
            return seen if len(seen) > 1 else []
        return seen or [self._observation(ask, window)]

    def _observation(
        self,
        ask: Ask,
        window: Window,
        points: tuple[tuple[float, float], ...] = (),
        labels: dict[str, str] | None = None,
    ) -> Observation:
        kind: EvidenceKind = "sli" if ask.role == "sli" else "metric"
        labels = labels or {}
        if ask.meaning == "version":
            labels = {"version": labels[ask.by]}
        return Observation(
            source=self.name,
            kind=kind,
            service=ask.service,
            query=ask.query,
            window=window,
            link=self._link(ask.query, window),
            role=ask.role,
            peer=peer_of((labels.get(ask.by, ""),), ask.neighbours) if ask.meaning == "peer" else "",
            unit=ask.unit,
            labels=labels,
            points=points,
            count=len(points),
        )

    def _link(self, query: str, window: Window) -> str:
        span = whole_seconds((window.end - window.start).total_seconds())
        end = window.end.strftime("%Y-%m-%d %H:%M:%S")
        pairs = [("g0.expr", query), ("g0.tab", "0"), ("g0.range_input", span), ("g0.end_input", end)]
        return self._backend.link("/graph", pairs)


def _about(question: Question) -> str:
    return question.service.name or question.alert.service or question.alert.name


def _tried() -> str:
    """The labels a service was looked for under, the first few by name."""
    return f"{', '.join(SERVICE_LABELS[:4])} …"


def _now() -> float:
    return asyncio.get_running_loop().time()


def _fired(series: Sequence[Series], question: Question) -> list[Series]:
    """The series that may have fired: no label of theirs says otherwise, or at least none that names a service.

    A rule may give an alert other labels than its series have, but not another service.
    """
    wanted = dict.fromkeys(SERVICE_LABELS[:2], question.service.name) | question.alert.labels
    named = {label: value for label, value in wanted.items() if label in SERVICE_LABELS}
    exactly = [each for each in series if _agrees(each.metric, wanted)]
    return exactly or [each for each in series if _agrees(each.metric, named)]


def _agrees(metric: dict[str, str], wanted: dict[str, str]) -> bool:
    return all(wanted.get(key, value) == value for key, value in metric.items() if key != "__name__")


def _points(values: Sequence[tuple[float, str]]) -> tuple[tuple[float, float], ...]:
    """The finite points, oldest first; NaN (nothing divided by nothing) and the infinities are no measurements."""
    found: list[tuple[float, float]] = []
    for at, text in values[-1_000:]:
        try:
            value = float(text)
        except ValueError:
            continue
        if math.isfinite(value) and math.isfinite(at):
            found.append((at, value))
    return tuple(found)
