"""Serves telemetry on loopback as real backends do, held to captures of their answers."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from engine.sources.http import MOST_BYTES
from tests.contracts.source import Condition

CAPTURES = Path(__file__).parent / "captures"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Labels = dict[str, str]

_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"((?:\\.|[^"\\])*)"')


def capture(name: str) -> dict[str, Any]:
    """What a real backend answered: status, headers, body."""
    return json.loads((CAPTURES / f"{name}.json").read_text(encoding="utf-8"))


def replay(name: str) -> web.Response:
    """A captured answer, sent again."""
    kept = capture(name)
    body = kept["body"] if isinstance(kept["body"], str) else json.dumps(kept["body"], ensure_ascii=False)
    return web.Response(status=kept["status"], body=body.encode(), headers=kept["headers"])


@asynccontextmanager
async def serve(handler: Handler) -> AsyncIterator[str]:
    """The address of a server that answers everything by this handler."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return await handler(request)

    app = web.Application(client_max_size=1024**2)
    app.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def broken(condition: Condition) -> Handler:
    """A backend that fails, talks nonsense or hangs."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if condition == "failing":
            return web.Response(
                status=500, text=f"panic: {request.headers.get('Authorization')}\nTraceback (most recent"
            )
        if condition == "garbage":
            return web.Response(text='{"hello": ["', content_type="application/json")
        if condition == "page":
            return web.Response(text="<!doctype html><title>Sign in</title>", content_type="text/html")
        if condition == "refused":
            return web.Response(status=401, text=f"no: {request.headers.get('Authorization')}")
        if condition == "oversized":
            return web.Response(body=b"[" + b" " * (MOST_BYTES + 1), content_type="application/json")
        await asyncio.Event().wait()
        raise AssertionError

    return answer


@asynccontextmanager
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """A session as the process hands it in."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as opened:
        yield opened


def selects(selector: str, labels: Labels) -> bool:
    """Whether a selector's matchers (PromQL and LogQL alike) pick these labels."""
    for name, sign, text in _MATCHER.findall(selector[selector.index("{") : selector.index("}") + 1]):
        value, wanted = labels.get(name, ""), re.sub(r"\\(.)", lambda hit: "\n" if hit[1] == "n" else hit[1], text)
        fits = re.fullmatch(wanted, value) is not None if "~" in sign else value == wanted
        if fits == sign.startswith("!"):
            return False
    return True


async def parameters(request: web.Request) -> list[tuple[str, str]]:
    pairs = list(request.query.items())
    if request.method == "POST":
        pairs += [(key, str(value)) for key, value in (await request.post()).items()]
    return pairs


def values_of(label: str, series: Sequence[Labels]) -> web.Response:
    """The values of a label; `data` is left out where there are none, as Loki does and Prometheus does not mind."""
    values = sorted({labels[label] for labels in series if label in labels})
    return web.json_response({"status": "success", **({"data": values} if values else {})})


class FakePrometheus:
    """A Prometheus with these series; `answers` gives (labels, values) for a query, `queries` keeps what came."""

    def __init__(
        self, series: Sequence[Labels], answers: Callable[[str], Sequence[tuple[Labels, Sequence[str]]]]
    ) -> None:
        self.series, self.answers = series, answers
        self.queries: list[str] = []
        self.refused: dict[str, str] = {}
        self.warnings: list[str] = []

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        pairs = await parameters(request)
        given = dict(pairs)
        if request.path == "/api/v1/series":
            matches = [value for key, value in pairs if key == "match[]"]
            found = [labels for labels in self.series if any(selects(match, labels) for match in matches)]
            return web.json_response({"status": "success", "data": found})
        if named := re.fullmatch(r"/api/v1/label/(\w+)/values", request.path):
            return values_of(named[1], self.series)
        if request.path != "/api/v1/query_range":
            return replay("prometheus/err_404_path")
        query = given["query"]
        self.queries.append(query)
        for part, refusal in self.refused.items():
            if part in query:
                return replay(refusal)
        start, step = float(given["start"]), float(given["step"])
        rows = [
            {"metric": labels, "values": [[round(start + step * i, 3), text] for i, text in enumerate(values)]}
            for labels, values in self.answers(query)
        ]
        said = {"warnings": self.warnings} if self.warnings else {}
        return web.json_response({"status": "success", "data": {"resultType": "matrix", "result": rows}, **said})


class FakeLoki:
    """A Loki with these streams: labels → (nanoseconds, line), oldest first."""

    def __init__(self, streams: Sequence[tuple[Labels, Sequence[tuple[int, str]]]]) -> None:
        self.streams = streams
        self.queries: list[str] = []

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        given = dict(await parameters(request))
        if request.path == "/loki/api/v1/labels":
            names = sorted({name for labels, _ in self.streams for name in labels})
            return web.json_response({"status": "success", **({"data": names} if names else {})})
        if request.path == "/loki/api/v1/series":
            found = [labels for labels, _ in self.streams if selects(given["match[]"], labels)]
            return web.json_response({"status": "success", "data": found})
        if named := re.fullmatch(r"/loki/api/v1/label/(\w+)/values", request.path):
            return values_of(named[1], [labels for labels, _ in self.streams])
        if request.path != "/loki/api/v1/query_range":
            return replay("loki/err_404")
        self.queries.append(given["query"])
        start, end, limit = int(given["start"]), int(given["end"]), int(given["limit"])
        heard = re.search(r'\|~ "(.*)"$', given["query"])
        lines = [
            (at, text, labels)
            for labels, kept in self.streams
            if selects(given["query"], labels)
            for at, text in kept
            if start <= at < end and (heard is None or re.search(heard[1], text))
        ]
        backward = given["direction"] == "backward"
        chosen = sorted(lines, key=lambda line: line[0], reverse=backward)[:limit]
        rows = [{"stream": labels, "values": [[str(at), text]]} for at, text, labels in chosen]
        return web.json_response({"status": "success", "data": {"resultType": "streams", "result": rows, "stats": {}}})
