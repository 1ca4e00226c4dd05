"""Takes orders behind a token-bucket rate limit; placing one asks payment-service to take the money."""

import asyncio
from dataclasses import dataclass

from aiohttp import web

from bot.demo.services.caller import Balancer, Caller
from bot.demo.services.replica import Answer, Handler, Replica, Surroundings, json_body
from bot.demo.spans import Span

WORK_S = 0.020
WORKERS = 1
PAYMENT_TIMEOUT_S = 2.5
DEFAULT_LIMIT_RPS = 30
REPLICAS = 2
# Each replica handles WORKERS / WORK_S requests a second; above four fifths of that the queue grows without end.
CAPACITY_RPS = int(REPLICAS * WORKERS / WORK_S * 0.8)


@dataclass
class OrderSettings:
    """What can be changed while order-service runs."""

    rate_limit_rps: float = DEFAULT_LIMIT_RPS


class TokenBucket:
    """Lets `rate` requests a second through, with a short burst; times are seconds."""

    def __init__(self, burst_s: float = 0.5) -> None:
        self._burst_s = burst_s
        self._tokens: float | None = None
        self._filled_at = 0.0

    def admit(self, rate: float, now: float) -> bool:
        """Take one token at `now`, or refuse."""
        most = max(rate * self._burst_s, 1.0)
        if self._tokens is None:
            self._tokens = most
        else:
            self._tokens = min(most, self._tokens + max(now - self._filled_at, 0.0) * rate)
        self._filled_at = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


class OrderReplica(Replica):
    """order-service."""

    service = "order-service"
    usual_codes = (200, 201, 202, 429)

    def __init__(
        self, version: str, port: int, around: Surroundings, settings: OrderSettings, payments: Balancer
    ) -> None:
        super().__init__(version, port, around)
        self.settings = settings
        self._bucket = TokenBucket()
        self._workers = asyncio.Semaphore(WORKERS)
        self._payments = Caller(self, "payment-service", payments, PAYMENT_TIMEOUT_S)
        self._refused = 0
        self.meters.gauge(
            "rate_limit_limit_rps", "Requests per second this replica lets through.", read=lambda: {(): self.limit}
        )

    @property
    def limit(self) -> float:
        """This replica's share of the service's limit, requests per second."""
        return self.settings.rate_limit_rps / REPLICAS

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Reading an order and placing one."""
        return [("GET", "/orders/{id}", self._read), ("POST", "/orders", self._place)]

    def _limited(self, span: Span) -> Answer | None:
        if self._bucket.admit(self.limit, self.around.clock.now()):
            return None
        self._refused += 1
        if self._refused % 5 == 1:
            self.log("warn", f"rate limit exceeded: more than {self.limit:g} requests per second", span, code=429)
        return Answer(429, {"error": "rate limit exceeded"})

    async def _work(self) -> None:
        async with self._workers:
            await asyncio.sleep(WORK_S)

    async def _read(self, request: web.Request, span: Span) -> Answer:
        refused = self._limited(span)
        if refused is not None:
            return refused
        await self._work()
        return Answer(200, {"id": request.match_info["id"], "status": "placed"})

    async def _place(self, request: web.Request, span: Span) -> Answer:
        refused = self._limited(span)
        if refused is not None:
            return refused
        await self._work()
        order = await json_body(request)
        reply = await self._payments.call("POST", "/pay", span, order)
        if reply.status == 200:
            self.log("info", "order placed and paid", span)
            return Answer(201, {"status": "paid"})
        problem = reply.problem or f"payment-service answered {reply.status}: {reply.body.get('error', '')}"
        self.log("warn", f"order placed, payment pending: {problem}", span, code=202)
        return Answer(202, {"status": "payment_pending"})
