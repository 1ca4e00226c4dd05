"""Sends steady requests to the services, a little unevenly, as customers would."""

import asyncio
import contextlib
import math
import random
from dataclasses import dataclass, field

import aiohttp

from bot.demo.services.caller import Balancer

TIMEOUT_S = 4.0
MAX_UNDER_WAY = 150
ACCOUNTS = 90
"""Enough that two payments of one account rarely meet, on a slow machine too: noise alone must raise no alert."""
COUPONS = (None, "WELCOME", "SPRING", "VIP", "WINTER", "WINTER")
PLACED_SHARE = 0.2
BASE_RPS = {"order-service": 20.0, "payment-service": 21.0}


@dataclass
class Traffic:
    """Requests per second to each service, and the generator that sends them."""

    balancers: dict[str, Balancer]
    session: aiohttp.ClientSession
    rates: dict[str, float] = field(default_factory=lambda: dict(BASE_RPS))
    ebbs_at: dict[str, float] = field(default_factory=dict)
    sent: int = 0
    dice: random.Random = field(default_factory=lambda: random.Random(20))

    def calm(self) -> None:
        """Back to the usual rates."""
        self.rates = dict(BASE_RPS)
        self.ebbs_at = {}

    def surge(self, service: str, rps: float, ebbs_at: float = math.inf) -> None:
        """Send `rps` requests a second to a service until the loop's clock reads `ebbs_at`."""
        self.rates[service] = rps
        self.ebbs_at[service] = ebbs_at

    async def run(self) -> None:
        """Send requests until cancelled."""
        async with asyncio.TaskGroup() as group:
            for service in self.rates:
                group.create_task(self._stream(service))

    async def _stream(self, service: str) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        under_way = 0

        def ended(task: asyncio.Task[None]) -> None:
            nonlocal under_way
            under_way -= 1

        async with asyncio.TaskGroup() as group:
            while True:
                if loop.time() >= self.ebbs_at.get(service, math.inf):
                    self.rates[service] = BASE_RPS[service]
                due = max(due + self.dice.uniform(0.6, 1.4) / self.rates[service], loop.time() - 0.5)
                await asyncio.sleep(max(due - loop.time(), 0))
                if under_way < MAX_UNDER_WAY:
                    under_way += 1
                    group.create_task(self._request(service)).add_done_callback(ended)

    async def _request(self, service: str) -> None:
        address = self.balancers[service].choose()
        if address is None:
            return
        self.sent += 1
        payment = {
            "account": str(self.dice.randrange(ACCOUNTS)),
            "cents": self.dice.randrange(1_000, 20_000),
            "coupon": self.dice.choice(COUPONS),
        }
        method, path, body = "POST", "/pay", payment
        if service == "order-service":
            path = "/orders"
            if self.dice.random() >= PLACED_SHARE:
                method, path = "GET", f"/orders/{self.dice.randrange(10_000)}"
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
            async with (
                asyncio.timeout(TIMEOUT_S),
                self.session.request(method, address + path, json=body if method == "POST" else None) as answer,
            ):
                await answer.read()
