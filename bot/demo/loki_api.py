"""Answers Loki's HTTP API over the kept log lines, with its paths, shapes and plain-text errors."""

import math
from collections import Counter
from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.demo.clock import Clock, parse_rfc3339
from bot.demo.logql import BadLogql, CountQuery, Labels, LogQuery, parse_logql, shown_labels
from bot.demo.logs import LogStore

MAX_LIMIT = 5000
MAX_POINTS = 11_000
MAX_RANGE_S = 721 * 3600
HOUR_NS = 3600 * 10**9


def _nanoseconds(name: str, text: str) -> int:
    try:
        return int(text) if len(text) >= 15 else round(float(text) * 1e9)
    except ValueError:
        try:
            return round(parse_rfc3339(text) * 1e9)
        except ValueError as problem:
            words = f"could not parse '{name}' parameter: strconv.ParseInt: parsing \"{text}\": invalid syntax"
            raise BadLogql(words) from problem


def _step(text: str, span_s: float) -> float:
    units = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
    if not text:
        return max(math.floor(span_s / 250), 1.0)
    for unit, size in units.items():
        if text.endswith(unit) and text.removesuffix(unit).isdigit():
            return float(text.removesuffix(unit)) * size
    try:
        return float(text)
    except ValueError as problem:
        words = f"could not parse 'step' parameter: cannot parse \"{text}\" to a valid duration"
        raise BadLogql(words) from problem


def _stats(lines: int, returned: int) -> dict[str, object]:
    return {
        "summary": {
            "bytesProcessedPerSecond": 0,
            "linesProcessedPerSecond": 0,
            "totalBytesProcessed": 0,
            "totalLinesProcessed": lines,
            "execTime": 0.0,
            "queueTime": 0.0,
            "subqueries": 0,
            "totalEntriesReturned": returned,
            "splits": 0,
            "shards": 1,
            "totalPostFilterLines": returned,
            "totalStructuredMetadataBytesProcessed": 0,
        }
    }


class LokiApi:
    """Log queries, counts, labels and readiness."""

    def __init__(self, store: LogStore, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def application(self) -> web.Application:
        """The aiohttp application to listen with."""
        app = web.Application()
        for path, answer in {
            "/loki/api/v1/query_range": self._query_range,
            "/loki/api/v1/query": self._query,
            "/loki/api/v1/labels": self._labels,
            "/loki/api/v1/label/{name}/values": self._label_values,
            "/loki/api/v1/series": self._series,
        }.items():
            app.router.add_get(path, self._guarded(answer))
            app.router.add_post(path, self._guarded(answer))
        app.router.add_get("/ready", self._ready)
        app.router.add_route("*", "/{rest:.*}", self._unknown)
        return app

    def _guarded(
        self, answer: Callable[[web.Request, dict[str, str]], Awaitable[dict[str, object]]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            parameters = dict(request.query)
            if request.method == "POST":
                parameters.update({key: str(value) for key, value in (await request.post()).items()})
            try:
                body = await answer(request, parameters)
            except BadLogql as problem:
                return web.Response(text=str(problem), status=400)
            return web.json_response({"status": "success", **body})

        return handle

    def _bounds(self, parameters: dict[str, str]) -> tuple[int, int]:
        now_ns = round(self._clock.now() * 1e9)
        end = _nanoseconds("end", parameters["end"]) if parameters.get("end") else now_ns
        start = _nanoseconds("start", parameters["start"]) if parameters.get("start") else end - HOUR_NS
        if end <= start:
            raise BadLogql("end timestamp must not be before or equal to start time")
        length = (end - start) / 1e9
        if length > MAX_RANGE_S:
            hours, rest = divmod(int(length), 3600)
            shown = f"{hours}h{rest // 60}m{rest % 60}s"
            raise BadLogql(f"the query time range exceeds the limit (query length: {shown}, limit: 30d1h)")
        return start, end

    @staticmethod
    def _limit(parameters: dict[str, str]) -> int:
        text = parameters.get("limit", "100")
        if not text.isdigit() or int(text) == 0:
            raise BadLogql("limit must be a positive value")
        if int(text) > MAX_LIMIT:
            raise BadLogql(
                f"max entries limit per query exceeded, limit > max_entries_limit_per_query ({text} > {MAX_LIMIT})"
            )
        return int(text)

    async def _query_range(self, request: web.Request, parameters: dict[str, str]) -> dict[str, object]:
        limit = self._limit(parameters)
        start, end = self._bounds(parameters)
        query = parse_logql(parameters.get("query", ""))
        if isinstance(query, CountQuery):
            return {"data": self._matrix(query, start, end, parameters.get("step", ""))}
        return {"data": self._streams(query, start, end, limit, parameters.get("direction", "backward"))}

    def _streams(self, query: LogQuery, start: int, end: int, limit: int, direction: str) -> dict[str, object]:
        if direction.lower() not in ("backward", "forward"):
            raise BadLogql(f"invalid direction '{direction}'")
        lines = [line for line in self._store.between(start, end) if query.accepts(line)]
        matched = len(lines)
        if direction.lower() == "backward":
            lines.reverse()
        streams: dict[tuple[tuple[str, str], ...], list[list[str]]] = {}
        for line in lines[:limit]:
            streams.setdefault(line.labels, []).append([str(line.at_ns), line.text])
        rows = []
        for labels in sorted(streams):
            named = dict(labels)
            stream = {**named, "service_name": named["service"], "detected_level": named["level"]}
            rows.append({"stream": dict(sorted(stream.items())), "values": streams[labels]})
        return {"resultType": "streams", "result": rows, "stats": _stats(matched, min(matched, limit))}

    def _counts(self, query: CountQuery, ends: list[float]) -> dict[Labels, dict[float, float]]:
        first = round((ends[0] - query.window_s) * 1e9)
        lines = [
            (line.at_ns / 1e9, query.group(shown_labels(line)))
            for line in self._store.between(first, round(ends[-1] * 1e9) + 1)
            if query.lines.accepts(line)
        ]
        out: dict[Labels, dict[float, float]] = {}
        for end in ends:
            here = Counter(group for at, group in lines if end - query.window_s < at <= end)
            for group, count in here.items():
                out.setdefault(group, {})[end] = count / query.window_s if query.per_second else float(count)
        return out

    def _matrix(self, query: CountQuery, start: int, end: int, step_text: str) -> dict[str, object]:
        step = _step(step_text, (end - start) / 1e9)
        if step <= 0 or (end - start) / 1e9 / step > MAX_POINTS:
            raise BadLogql(
                "exceeded maximum resolution of 11,000 points per time series. "
                "Try increasing the value of the step parameter"
            )
        low, high = math.floor(start / 1e9 / step), math.ceil(end / 1e9 / step)
        counts = self._counts(query, [index * step for index in range(low, high + 1)])
        rows = [
            {"metric": dict(group), "values": [[at, f"{value:g}"] for at, value in points.items()]}
            for group, points in sorted(counts.items())
        ]
        return {"resultType": "matrix", "result": rows, "stats": _stats(len(rows), len(rows))}

    async def _query(self, request: web.Request, parameters: dict[str, str]) -> dict[str, object]:
        query = parse_logql(parameters.get("query", ""))
        if isinstance(query, LogQuery):
            raise BadLogql(
                "log queries are not supported as an instant query type, please change your query to a range query type"
            )
        text = parameters.get("time", "")
        at = _nanoseconds("time", text) / 1e9 if text else self._clock.now()
        counts = self._counts(query, [at])
        rows = [
            {"metric": dict(group), "value": [round(at, 3), f"{points[at]:g}"]}
            for group, points in sorted(counts.items())
        ]
        return {"data": {"resultType": "vector", "result": rows, "stats": _stats(len(rows), len(rows))}}

    def _known(self, parameters: dict[str, str]) -> list[dict[str, str]]:
        start, end = self._bounds(parameters)
        distinct = {line.labels: shown_labels(line) for line in self._store.between(start, end)}
        return list(distinct.values())

    async def _labels(self, request: web.Request, parameters: dict[str, str]) -> dict[str, object]:
        names = sorted({name for labels in self._known(parameters) for name in labels})
        return {"data": names} if names else {}

    async def _label_values(self, request: web.Request, parameters: dict[str, str]) -> dict[str, object]:
        name = request.match_info["name"]
        values = sorted({labels[name] for labels in self._known(parameters) if name in labels})
        return {"data": values} if values else {}

    async def _series(self, request: web.Request, parameters: dict[str, str]) -> dict[str, object]:
        text = parameters.get("match[]", parameters.get("match", ""))
        query = parse_logql(text) if text else None
        if isinstance(query, CountQuery):
            raise BadLogql("only label matchers are supported")
        known = self._known(parameters)
        return {"data": [labels for labels in known if query is None or query.accepts_stream(labels)]}

    async def _ready(self, request: web.Request) -> web.Response:
        return web.Response(text="ready\n")

    async def _unknown(self, request: web.Request) -> web.Response:
        return web.Response(text="404 page not found\n", status=404)
