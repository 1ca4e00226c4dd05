"""Takes payments: asks for the coupon's discount, then charges the account over a pooled connection."""

from dataclasses import dataclass

from aiohttp import web

from bot.demo.meters import WAIT_BUCKETS
from bot.demo.services.caller import Balancer, Caller
from bot.demo.services.pool import Connection, DatabaseError, Pool, PoolExhausted
from bot.demo.services.replica import Answer, Handler, Replica, Surroundings, json_body
from bot.demo.spans import CLIENT, Span

POOL_SIZE = 6
ACQUIRE_TIMEOUT_S = 0.6
COUPON_TIMEOUT_S = 0.8
LEAKING = "v2.3.1"


@dataclass
class PaymentSettings:
    """What can be changed while payment-service runs."""

    coupon_path: str = "enabled"


class PaymentReplica(Replica):
    """payment-service."""

    service = "payment-service"
    usual_codes = (200, 500, 503, 504)

    def __init__(
        self, version: str, port: int, around: Surroundings, settings: PaymentSettings, coupons: Balancer, mysql: int
    ) -> None:
        super().__init__(version, port, around)
        self.settings = settings
        self.pool = Pool(mysql, POOL_SIZE, ACQUIRE_TIMEOUT_S)
        self._coupons = Caller(self, "coupon-service", coupons, COUPON_TIMEOUT_S)
        self.meters.gauge(
            "db_pool_connections",
            "Connections of the database pool.",
            "state",
            read=lambda: {("in_use",): self.pool.in_use, ("idle",): self.pool.idle},
        )
        self.meters.gauge(
            "db_pool_connections_max", "Most connections the pool may hold.", read=lambda: {(): self.pool.size}
        )
        self.meters.gauge(
            "coupon_path_enabled",
            "Whether payments ask coupon-service for a discount.",
            read=lambda: {(): 1.0 if self.settings.coupon_path == "enabled" else 0.0},
        )
        self._waits = self.meters.histogram(
            "db_pool_wait_seconds", "Time to get a connection from the pool.", buckets=WAIT_BUCKETS
        )
        self._timeouts = self.meters.counter("db_pool_timeouts_total", "Waits for a connection that ended in vain.")
        self._timeouts.add(amount=0.0)

    def routes(self) -> list[tuple[str, str, Handler]]:
        """The pay route."""
        return [("POST", "/pay", self._pay)]

    async def stop(self) -> None:
        """Finish what is under way, then close the port and every database connection."""
        await super().stop()
        self.pool.close()

    async def _pay(self, request: web.Request, span: Span) -> Answer:
        order = await json_body(request)
        account, amount, code = str(order.get("account", "0")), order.get("cents", 100), str(order.get("coupon") or "")
        if not account.isalnum() or not isinstance(amount, int) or not (code.isalnum() or not code):
            return Answer(400, {"error": "account and coupon must be letters and digits, cents a whole number"})
        cents, expired = amount, False
        if code and self.settings.coupon_path == "enabled":
            reply = await self._coupons.call("GET", f"/quote?code={code}", span)
            if reply.status != 200:
                return self._coupon_failed(reply.problem or f"coupon-service answered {reply.status}", span)
            cents = max(cents - int(str(reply.body.get("discount", 0))), 0)
            expired = bool(reply.body.get("expired"))
        try:
            connection = await self._borrow(span)
        except (PoolExhausted, OSError, TimeoutError) as problem:
            self.log("error", f"payment failed: {problem}", span, code=503)
            return Answer(503, {"error": str(problem)})
        return await self._charge(connection, account, cents, expired, span)

    def _coupon_failed(self, problem: str, span: Span) -> Answer:
        self.log("error", f"payment failed: {problem}", span, code=504)
        return Answer(504, {"error": problem})

    async def _borrow(self, span: Span) -> Connection:
        started = self.around.clock.now()
        with self.around.spans.span(self.origin, "mysql acquire", span.context(), CLIENT) as acquire:
            acquire.attributes["db.system"] = "mysql"
            try:
                return await self.pool.acquire()
            except PoolExhausted:
                self._timeouts.add()
                raise
            finally:
                self._waits.observe(max(self.around.clock.now() - started, 0.0))

    async def _charge(self, connection: Connection, account: str, cents: int, expired: bool, span: Span) -> Answer:
        if self.version == LEAKING and expired:
            # v2.3.1 answers expired coupons early and never gives the connection back: this is the bug people hunt.
            self.log("warn", "coupon expired, payment left for the customer to confirm", span)
            return Answer(200, {"status": "needs_confirmation"})
        broken = False
        try:
            with self.around.spans.span(self.origin, "mysql charge", span.context(), CLIENT):
                await connection.execute(f"CHARGE {account} {cents}")
        except DatabaseError as problem:
            self.log("error", f"payment failed: {problem}", span, code=500)
            return Answer(500, {"error": str(problem)})
        except (OSError, TimeoutError) as problem:
            broken = True
            self.log("error", f"payment failed: lost the database connection: {problem}", span, code=500)
            return Answer(500, {"error": f"lost the database connection: {problem}"})
        finally:
            self.pool.release(connection, broken)
        self.log("info", f"payment accepted for account {account}: {cents} cents", span)
        return Answer(200, {"status": "accepted", "cents": cents})
