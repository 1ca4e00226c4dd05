"""Runs one replica of a service: an HTTP server that measures, logs and traces what it does."""

import json
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp
from aiohttp import web

from bot.demo.clock import Clock
from bot.demo.logs import LogStore
from bot.demo.meters import Meters
from bot.demo.spans import SERVER, Origin, Span, SpanStore, read_header

SHUTDOWN_S = 1.5


@dataclass(frozen=True)
class Surroundings:
    """What every replica is given: the clock, where logs and spans go, and the HTTP client."""

    clock: Clock
    logs: LogStore
    spans: SpanStore
    session: aiohttp.ClientSession


@dataclass(frozen=True)
class Answer:
    """What a handler says: an HTTP status, a body, and headers."""

    status: int
    body: dict[str, object]


Handler = Callable[[web.Request, Span], Awaitable[Answer]]


class Replica(ABC):
    """One replica; subclasses name their routes."""

    service = ""
    usual_codes: tuple[int, ...] = (200,)
    """Statuses whose series exist from the start: a counter that first appears at 1 hides its first count."""

    def __init__(self, version: str, port: int, around: Surroundings) -> None:
        self.version, self.port, self.around = version, port, around
        self.origin = Origin(self.service, version, f"127.0.0.1:{port}")
        self.meters = Meters()
        self._requests = self.meters.counter(
            "http_requests_total", "Requests answered.", "code", "method", "route", "version"
        )
        self._durations = self.meters.histogram(
            "http_request_duration_seconds", "Time to answer a request.", "method", "route", "version"
        )
        self.meters.gauge("build_info", "Which build runs here.", "version", read=lambda: {(self.version,): 1.0})
        self._runner: web.AppRunner | None = None

    @abstractmethod
    def routes(self) -> list[tuple[str, str, Handler]]:
        """Method, path and handler of each route."""

    async def start(self) -> None:
        """Listen on this replica's port."""
        app = web.Application()
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/healthz", self._healthy)
        for method, path, handler in self.routes():
            app.router.add_route(method, path, self._measured(method, path, handler))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        """Finish what is under way, then close the port."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def log(self, level: str, message: str, span: Span | None = None, **details: object) -> None:
        """Write one log line of this replica."""
        trace = {"trace_id": span.trace_id} if span is not None else {}
        self.around.logs.write(self.service, self.version, level, message, **trace, **details)

    async def _metrics(self, request: web.Request) -> web.Response:
        return web.Response(
            text=self.meters.text(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )

    async def _healthy(self, request: web.Request) -> web.Response:
        return web.json_response({"service": self.service, "version": self.version, "status": "ok"})

    def _measured(self, method: str, path: str, handler: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
        for code in self.usual_codes:
            self._requests.add(str(code), method, path, self.version, amount=0.0)

        async def handle(request: web.Request) -> web.Response:
            started = self.around.clock.now()
            above = read_header(request.headers.get("traceparent", ""))
            with self.around.spans.span(self.origin, f"{method} {path}", above, SERVER) as span:
                answer = await handler(request, span)
                if answer.status >= 500:
                    span.error = str(answer.body.get("error", f"HTTP {answer.status}"))
                span.attributes.update({"http.response.status_code": answer.status, "http.route": path})
            self._requests.add(str(answer.status), method, path, self.version)
            self._durations.observe(max(self.around.clock.now() - started, 0.0), method, path, self.version)
            return web.json_response(answer.body, status=answer.status)

        return handle


async def json_body(request: web.Request) -> dict[str, object]:
    """The JSON object of a request; anything else is an empty one."""
    try:
        body = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return {}
    return body if isinstance(body, dict) else {}
