"""Quotes coupons; a recalculation of all discounts holds the lock the quotes need."""

import asyncio

from aiohttp import web

from bot.demo.services.replica import Answer, Handler, Replica, Surroundings
from bot.demo.spans import Span

LOOKUP_S = 0.003
DISCOUNTS = {"WELCOME": 500, "SPRING": 300, "VIP": 800}
EXPIRED = frozenset({"WINTER"})


class DiscountTable:
    """The discounts of one replica, behind one lock; `recalculating` is how long a job holds it (0 = no job)."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.held_s = 0.0

    async def recalculate_for_ever(self) -> None:
        """While a job is set, hold the lock for `held_s` and let quotes through for a moment in between."""
        while True:
            if self.held_s <= 0:
                await asyncio.sleep(0.2)
                continue
            async with self.lock:
                await asyncio.sleep(self.held_s)
            await asyncio.sleep(0.02)


class CouponReplica(Replica):
    """coupon-service."""

    service = "coupon-service"

    def __init__(self, version: str, port: int, around: Surroundings, table: DiscountTable) -> None:
        super().__init__(version, port, around)
        self._table = table
        self.meters.gauge(
            "coupon_recalculation_running",
            "Whether the discount recalculation job is set to run.",
            read=lambda: {(): 1.0 if self._table.held_s > 0 else 0.0},
        )

    def routes(self) -> list[tuple[str, str, Handler]]:
        """The quote route."""
        return [("GET", "/quote", self._quote)]

    async def _quote(self, request: web.Request, span: Span) -> Answer:
        code = request.query.get("code", "")
        waited_from = self.around.clock.now()
        with self.around.spans.span(self.origin, "discount table lock", span.context()) as lock_span:
            async with self._table.lock:
                waited = self.around.clock.now() - waited_from
                if waited > 0.5:
                    lock_span.error = f"waited {waited:.2f} s for the discount table lock"
                await asyncio.sleep(LOOKUP_S)
        if waited > 0.5:
            self.log(
                "warn",
                f"quote waited {waited:.2f} s for the discount table lock held by the recalculation job",
                span,
            )
        return Answer(200, {"code": code, "discount": DISCOUNTS.get(code, 0), "expired": code in EXPIRED})
