"""Answers the release platform's HTTP API: history, state, dry-runs and changes that happen at most once."""

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from bot.demo.actions import Call, Plan, plan
from bot.demo.clock import Clock, rfc3339
from bot.demo.ledger import Conflict, Ledger, Receipt
from bot.demo.releases import Refused, Releases
from bot.demo.services.replica import json_body

MAX_BODY = 64 * 1024


@dataclass(frozen=True)
class Order:
    """One request to `/actions/execute`, checked."""

    audit_id: str
    action: str
    target: str
    args: dict[str, object]
    dry_run: bool
    key: str
    expected: str
    incident: str
    approval_id: str

    @property
    def digest(self) -> str:
        """What makes two requests the same change."""
        text = json.dumps([self.action, self.target, self.args], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def by(self) -> str:
        """Who the history names."""
        return f"tocsin ({self.incident})" if self.incident else "tocsin"


def _text(body: dict[str, object], name: str) -> str:
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > 300:
        raise Refused(f"{name} must be a text of at most 300 characters")
    return value


def read_order(body: dict[str, object], audit_header: str) -> Order:
    """Check the body of `/actions/execute`; raises Refused with one clear sentence."""
    args, dry_run = body.get("args", {}), body.get("dry_run")
    if not isinstance(args, dict):
        raise Refused("args must be an object")
    if not isinstance(dry_run, bool):
        raise Refused("dry_run must be true or false")
    order = Order(
        _text(body, "audit_id"),
        _text(body, "action"),
        _text(body, "target"),
        args,
        dry_run,
        _text(body, "idempotency_key"),
        _text(body, "expected_resource_version"),
        _text(body, "incident"),
        _text(body, "approval_id"),
    )
    if not order.audit_id or order.audit_id != audit_header:
        raise Refused("audit_id must be given, and the header X-Tocsin-Audit-Id must say the same")
    if not dry_run and not order.key:
        raise Refused("a real run needs an idempotency_key")
    return order


class ReleaseApi:
    """The platform's endpoints and the counts of what they did."""

    def __init__(self, releases: Releases, clock: Clock, token: str) -> None:
        self._releases, self._clock, self._token = releases, clock, token
        self._ledger = Ledger()
        self.counts: Counter[str] = Counter()
        self.executed: list[Receipt] = []

    def application(self) -> web.Application:
        """The aiohttp application to listen with."""
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_get("/deployments", self._guarded(self._deployments))
        app.router.add_get("/state/{service}", self._guarded(self._state))
        app.router.add_post("/actions/execute", self._guarded(self._execute))
        app.router.add_get("/actions/{key}", self._guarded(self._look))
        app.router.add_post("/actions/{key}/refuse", self._guarded(self._refuse))
        return app

    def _guarded(
        self, answer: Callable[[web.Request], Awaitable[web.Response]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            wanted = f"Bearer {self._token}"
            if self._token and not hmac.compare_digest(
                request.headers.get("Authorization", "").encode(), wanted.encode()
            ):
                return web.json_response({"error": "the bearer token is missing or wrong"}, status=401)
            try:
                return await answer(request)
            except Refused as problem:
                self.counts["refused"] += 1
                return web.json_response({"error": str(problem)}, status=422)
            except Conflict as problem:
                self.counts["conflicts"] += 1
                return web.json_response({"error": str(problem)}, status=409)

        return handle

    async def _deployments(self, request: web.Request) -> web.Response:
        text = request.query.get("since", "0")
        try:
            since = float(text)
        except ValueError as problem:
            raise Refused(f"since must be seconds since 1970, not {text[:40]!r}") from problem
        service = request.query.get("service", "")
        if service:
            self._releases.release(service)
        rows = [each.described() for each in self._releases.history(service, since)]
        return web.json_response({"deployments": rows})

    async def _state(self, request: web.Request) -> web.Response:
        service = request.match_info["service"]
        if service not in self._releases.services:
            return web.json_response({"error": f"there is no service {service!r} here"}, status=404)
        return web.json_response(self._releases.release(service).state())

    async def _look(self, request: web.Request) -> web.Response:
        status, receipt = self._ledger.look(request.match_info["key"])
        if receipt is not None:
            return web.json_response({"status": status, "receipt": receipt})
        return web.json_response({"status": status}, status=404 if status == "not_done" else 200)

    async def _refuse(self, request: web.Request) -> web.Response:
        status, receipt = self._ledger.refuse(request.match_info["key"])
        body: dict[str, object] = {
            "was": status,
            "done": receipt is not None,
            "refused": status in ("not_done", "refused"),
        }
        return web.json_response({**body, "receipt": receipt} if receipt is not None else body)

    def _plan(self, order: Order) -> Plan:
        release = self._releases.release(order.target)
        note = f"audit {order.audit_id}" + (f", approval {order.approval_id}" if order.approval_id else "")
        return plan(order.action, Call(self._releases, release, order.args, order.by, note))

    async def _execute(self, request: web.Request) -> web.Response:
        order = read_order(await json_body(request), request.headers.get("X-Tocsin-Audit-Id", ""))
        if order.dry_run:
            return self._rehearse(order)
        receipt, repeated = await self._ledger.once(order.key, order.digest, lambda: self._run(order))
        self.counts["repeated" if repeated else "executed"] += 1
        return web.json_response({"receipt": receipt, "repeated": repeated})

    def _rehearse(self, order: Order) -> web.Response:
        planned = self._plan(order)
        self.counts["dry_runs"] += 1
        return web.json_response(
            {
                "allowed": bool(planned.changes),
                "reason": planned.reason,
                "command_preview": planned.command,
                "changes": [change.described() for change in planned.changes],
                "resource_version": self._releases.release(order.target).resource_version,
            }
        )

    async def _run(self, order: Order) -> Receipt:
        release = self._releases.release(order.target)
        async with release.lock:
            if order.expected and order.expected != release.resource_version:
                raise Conflict(
                    f"{order.target} has changed: its resource version is {release.resource_version}, not "
                    f"{order.expected}; nothing was done"
                )
            planned = self._plan(order)
            if not planned.changes:
                raise Refused(f"nothing to do: {planned.reason}")
            release.change_count += 1
            await planned.do()
        receipt: Receipt = {
            "id": f"rcpt-{len(self.executed) + 1:04d}",
            "action": order.action,
            "target": order.target,
            "at": rfc3339(self._clock.now()),
            "resource_version": release.resource_version,
            "changes": [change.described() for change in planned.changes],
            "idempotency_key": order.key,
            "audit_id": order.audit_id,
        }
        self.executed.append(receipt)
        return receipt

    def counters(self) -> dict[str, object]:
        """What was executed, for those who check."""
        actions = Counter(str(receipt["action"]) for receipt in self.executed)
        keys = [receipt["idempotency_key"] for receipt in self.executed]
        names = ("executed", "repeated", "dry_runs", "refused", "conflicts")
        return {**{name: self.counts[name] for name in names}, "by_action": dict(actions), "keys": keys}
