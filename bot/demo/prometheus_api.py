"""Answers Prometheus' HTTP API over the keeper's samples, with its paths, shapes and errors."""

import re
from collections.abc import Awaitable, Callable, Mapping

import numpy as np
import promql_parser as parser
from aiohttp import web

from bot.demo.clock import Clock, parse_rfc3339
from bot.demo.promql.evaluate import Evaluation, parse_query
from bot.demo.promql.select import Selection
from bot.demo.promql.values import BadQuery, CannotExecute, Scalar, Text, Value, number_text
from bot.demo.rules import RuleBook
from bot.demo.samples import Labels, SampleStore
from bot.demo.scraping import Scraper

MAX_POINTS = 11_000
_DURATION = re.compile(r"^(?:\d+(?:y|w|d|h|m|s|ms))+$")


def _seconds(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        try:
            return parse_rfc3339(text)
        except ValueError as problem:
            words = f"Invalid time value for '{name}': cannot parse \"{text}\" to a valid timestamp"
            raise BadQuery(f'invalid parameter "{name}": {words}') from problem


def _duration(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as problem:
        if _DURATION.match(text):
            return parser.parse_duration(text).total_seconds()
        raise BadQuery(f'invalid parameter "{name}": cannot parse "{text}" to a valid duration') from problem


def _metric(labels: Labels) -> dict[str, str]:
    return dict(labels)


def _instant(value: Value, at_ms: int) -> dict[str, object]:
    at = at_ms / 1000
    if isinstance(value, Text):
        return {"resultType": "string", "result": [at, value.text]}
    if isinstance(value, Scalar):
        return {"resultType": "scalar", "result": [at, number_text(float(value.values[0]))]}
    rows = [
        {"metric": _metric(each.labels), "value": [at, number_text(float(each.values[0]))]}
        for each in value
        if each.present[0]
    ]
    return {"resultType": "vector", "result": rows}


def _matrix(value: Value, steps: list[int]) -> dict[str, object]:
    if isinstance(value, Text):
        raise BadQuery('invalid expression type "string" for range query, must be Scalar or instant Vector')
    if isinstance(value, Scalar):
        points = [[at / 1000, number_text(float(number))] for at, number in zip(steps, value.values, strict=True)]
        return {"resultType": "matrix", "result": [{"metric": {}, "values": points}]}
    rows: list[dict[str, object]] = []
    for each in sorted(value, key=lambda element: element.labels):
        points = [[steps[i] / 1000, number_text(float(each.values[i]))] for i in np.flatnonzero(each.present)]
        if points:
            rows.append({"metric": _metric(each.labels), "values": points})
    return {"resultType": "matrix", "result": rows}


class PrometheusApi:
    """The query, metadata, target, rule and status endpoints."""

    def __init__(self, store: SampleStore, scraper: Scraper, rules: RuleBook, clock: Clock) -> None:
        self._store, self._scraper, self._rules, self._clock = store, scraper, rules, clock

    def application(self) -> web.Application:
        """The aiohttp application to listen with."""
        app = web.Application()
        for path, answer in {
            "/api/v1/query": self._query,
            "/api/v1/query_range": self._query_range,
            "/api/v1/series": self._series,
            "/api/v1/labels": self._labels,
        }.items():
            app.router.add_get(path, self._guarded(answer))
            app.router.add_post(path, self._guarded(answer))
        for path, answer in {
            "/api/v1/label/{name}/values": self._label_values,
            "/api/v1/targets": self._targets,
            "/api/v1/rules": self._rule_groups,
            "/api/v1/alerts": self._alerts,
            "/api/v1/status/buildinfo": self._build,
        }.items():
            app.router.add_get(path, self._guarded(answer))
        app.router.add_get("/-/ready", self._ready)
        app.router.add_get("/-/healthy", self._healthy)
        app.router.add_get("/graph", self._graph)
        app.router.add_route("*", "/{rest:.*}", self._unknown)
        return app

    def _guarded(
        self, answer: Callable[[web.Request, Mapping[str, list[str]]], Awaitable[object]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            try:
                parameters = await self._parameters(request)
                data = await answer(request, parameters)
            except BadQuery as problem:
                return self._error(400, "bad_data", str(problem))
            except CannotExecute as problem:
                return self._error(422, "execution", str(problem))
            return web.json_response({"status": "success", "data": data})

        return handle

    @staticmethod
    def _error(status: int, kind: str, words: str) -> web.Response:
        return web.json_response({"status": "error", "errorType": kind, "error": words}, status=status)

    @staticmethod
    async def _parameters(request: web.Request) -> Mapping[str, list[str]]:
        out: dict[str, list[str]] = {}
        pairs = [*request.query.items()]
        if request.method == "POST":
            pairs += [(key, str(value)) for key, value in (await request.post()).items()]
        for key, value in pairs:
            out.setdefault(key, []).append(value)
        return out

    @staticmethod
    def _one(parameters: Mapping[str, list[str]], name: str, default: str = "") -> str:
        return parameters.get(name, [default])[0]

    def _parsed(self, parameters: Mapping[str, list[str]]) -> parser.Expr:
        if "timeout" in parameters:
            _duration("timeout", self._one(parameters, "timeout"))
        try:
            return parse_query(self._one(parameters, "query"))
        except BadQuery as problem:
            raise BadQuery(f'invalid parameter "query": {problem}') from problem

    async def _query(self, request: web.Request, parameters: Mapping[str, list[str]]) -> object:
        text = self._one(parameters, "time")
        at_ms = round((_seconds("time", text) if text else self._clock.now()) * 1000)
        expr = self._parsed(parameters)
        if isinstance(expr, parser.MatrixSelector):
            return self._samples(expr, at_ms)
        return _instant(Evaluation(self._store, np.array([at_ms], dtype=np.int64)).value(expr), at_ms)

    def _samples(self, expr: parser.MatrixSelector, at_ms: int) -> dict[str, object]:
        windows = Selection(self._store, expr.vector_selector).over(expr.range, np.array([at_ms], dtype=np.int64))
        rows = [
            {
                "metric": _metric(window.labels),
                "values": [
                    [int(window.times[i]) / 1000, number_text(float(window.values[i]))]
                    for i in range(int(window.low[0]), int(window.high[0]))
                ],
            }
            for window in windows
        ]
        return {"resultType": "matrix", "result": rows}

    async def _query_range(self, request: web.Request, parameters: Mapping[str, list[str]]) -> object:
        start = _seconds("start", self._one(parameters, "start"))
        end = _seconds("end", self._one(parameters, "end"))
        if end < start:
            raise BadQuery('invalid parameter "end": end timestamp must not be before start time')
        step = _duration("step", self._one(parameters, "step"))
        if step <= 0:
            words = "zero or negative query resolution step widths are not accepted. Try a positive integer"
            raise BadQuery(f'invalid parameter "step": {words}')
        if (end - start) / step > MAX_POINTS:
            raise BadQuery(
                "exceeded maximum resolution of 11,000 points per timeseries. "
                "Try decreasing the query resolution (?step=XX)"
            )
        expr = self._parsed(parameters)
        if isinstance(expr, parser.MatrixSelector):
            words = 'invalid expression type "range vector" for range query, must be Scalar or instant Vector'
            raise BadQuery(f'invalid parameter "query": {words}')
        steps = list(range(round(start * 1000), round(end * 1000) + 1, max(round(step * 1000), 1)))
        return _matrix(Evaluation(self._store, np.array(steps, dtype=np.int64)).value(expr), steps)

    def _selected(self, parameters: Mapping[str, list[str]]) -> list[Labels]:
        start = _seconds("start", self._one(parameters, "start", "0"))
        end = _seconds("end", self._one(parameters, "end", str(self._clock.now())))
        found: set[Labels] = set()
        for text in parameters.get("match[]", []):
            try:
                expr = parse_query(text)
            except BadQuery as problem:
                raise BadQuery(f'invalid parameter "match[]": {problem}') from problem
            if not isinstance(expr, parser.VectorSelector):
                raise BadQuery('invalid parameter "match[]": 1:1: parse error: expected a series selector')
            for labels, series in Selection(self._store, expr).series():
                if series.times[0] <= end * 1000 and series.times[-1] >= start * 1000:
                    found.add(labels)
        return sorted(found)

    async def _series(self, request: web.Request, parameters: Mapping[str, list[str]]) -> object:
        if not parameters.get("match[]"):
            raise BadQuery("no match[] parameter provided")
        return [_metric(labels) for labels in self._selected(parameters)]

    def _known(self, parameters: Mapping[str, list[str]]) -> list[Labels]:
        if parameters.get("match[]"):
            return self._selected(parameters)
        return [labels for labels, _ in self._store.series(None)]

    async def _labels(self, request: web.Request, parameters: Mapping[str, list[str]]) -> object:
        return sorted({key for labels in self._known(parameters) for key, _ in labels})

    async def _label_values(self, request: web.Request, parameters: Mapping[str, list[str]]) -> object:
        name = request.match_info["name"]
        if not re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", name):
            raise BadQuery(f'invalid label name: "{name}"')
        return sorted({value for labels in self._known(parameters) for key, value in labels if key == name})

    async def _targets(self, request: web.Request, parameters: Mapping[str, list[str]]) -> object:
        state = self._one(parameters, "state", "any")
        data: dict[str, object] = {"activeTargets": [], "droppedTargets": []}
        if state in ("any", "active"):
            data["activeTargets"] = self._scraper.described()
        return data

    async def _rule_groups(self, request: web.Request, parameters: Mapping[str, list[str]]) -> object:
        return {"groups": self._rules.described(self._one(parameters, "type"))}

    async def _alerts(self, request: web.Request, parameters: Mapping[str, list[str]]) -> object:
        return {"alerts": self._rules.active_described()}

    async def _build(self, request: web.Request, parameters: Mapping[str, list[str]]) -> object:
        return {
            "version": "2.42.0+keeper",
            "revision": "telemetry keeper of the demo world",
            "branch": "",
            "buildUser": "",
            "buildDate": "",
            "goVersion": "",
        }

    async def _ready(self, request: web.Request) -> web.Response:
        return web.Response(text="Prometheus Server is Ready.\n")

    async def _healthy(self, request: web.Request) -> web.Response:
        return web.Response(text="Prometheus Server is Healthy.\n")

    async def _graph(self, request: web.Request) -> web.Response:
        """Show what a link from an alert asks for: the expression and its value now, as plain text."""
        query = request.query.get("g0.expr", "")
        now_ms = round(self._clock.now() * 1000)
        try:
            value = _instant(Evaluation(self._store, np.array([now_ms], np.int64)).value(parse_query(query)), now_ms)
        except (BadQuery, CannotExecute) as problem:
            return web.Response(text=f"{query}\n\n{problem}\n", status=400)
        return web.Response(text=f"{query}\n\n{value['result']}\n")

    async def _unknown(self, request: web.Request) -> web.Response:
        if request.path.startswith("/api/v1/query") or request.path in ("/api/v1/series", "/api/v1/labels"):
            return web.Response(text="Method Not Allowed\n", status=405)
        return web.Response(text="404 page not found\n", status=404)
