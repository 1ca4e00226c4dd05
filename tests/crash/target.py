"""Is the target of changes, as a process of its own: one small world per run, counting every call made to it.

Started as `python -m tests.crash.target`; prints its address. A world is made by its first call, under `/{world}/`.
"""

import asyncio
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.clock import SystemClock

CLOCK = SystemClock()
BAD, GOOD = "v2", "v1"


@dataclass
class World:
    """One target. `blind`: it knows no keys and no versions, answers no question about an order, and does whatever it
    is told, each time. `stalls`: the first change that is asked for is held until let go, and only then judged."""

    blind: bool = False
    stalls: bool = False
    version: str = BAD
    revision: int = 100
    mended_at: float = 0.0
    calls: Counter[str] = field(default_factory=Counter)
    receipts: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused_keys: set[str] = field(default_factory=set)
    done: list[dict[str, Any]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    def changes(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        before, after = BAD if self.blind else self.version, wanted.get("version")
        return [{"field": "version", "from": before, "to": after}] if before != after else []

    @property
    def resource_version(self) -> str:
        return "1" if self.blind else str(self.revision)

    def why_not(self, order: dict[str, Any]) -> str:
        """Why this order is refused; a target that is blind refuses nothing."""
        if self.blind:
            return ""
        if order["idempotency_key"] in self.refused_keys:
            return "this key is refused for ever"
        if order["expected_resource_version"] != self.resource_version:
            return "the resource version is no longer true"
        return ""

    def apply(self, order: dict[str, Any]) -> dict[str, Any]:
        """Do it and give the receipt; web.HTTPConflict where this target would not."""
        key = order["idempotency_key"]
        if not self.blind and key in self.receipts:
            self.calls["repeated"] += 1
            return self.receipts[key]
        if reason := self.why_not(order):
            self.refused.append(key)
            raise web.HTTPConflict(text=f'{{"error": "{reason}"}}', content_type="application/json")
        changes, now = self.changes(order["args"]), CLOCK.now()
        self.version, self.revision, self.mended_at = order["args"]["version"], self.revision + 1, now.timestamp()
        receipt = {
            "id": f"receipt_{len(self.done) + 1}",
            "action": order["action"],
            "target": order["target"],
            "at": now.isoformat(),
            "resource_version": self.resource_version,
            "changes": changes,
        }
        self.receipts[key] = receipt
        self.done.append({"key": key, "approval": order["approval_id"], "receipt": receipt["id"]})
        return receipt

    def told(self) -> dict[str, Any]:
        return {
            "calls": dict(self.calls),
            "done": self.done,
            "refused": self.refused,
            "held": self.held,
            "version": self.version,
            "mended_at": self.mended_at,
        }


class Worlds:
    """All worlds of this process, by name."""

    def __init__(self) -> None:
        self._worlds: dict[str, World] = {}

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/{world}/counts", self._counts)
        app.router.add_post("/{world}/control", self._control)
        app.router.add_get("/{world}/state/{target}", self._state)
        app.router.add_post("/{world}/actions/execute", self._execute)
        app.router.add_get("/{world}/actions/{key}", self._look)
        app.router.add_post("/{world}/actions/{key}/refuse", self._refuse)
        return app

    def _world(self, request: web.Request) -> World:
        return self._worlds.setdefault(request.match_info["world"], World())

    async def _counts(self, request: web.Request) -> web.Response:
        return web.json_response(self._world(request).told())

    async def _control(self, request: web.Request) -> web.Response:
        world, wish = self._world(request), await request.json()
        world.blind, world.stalls = wish.get("blind", world.blind), wish.get("stalls", world.stalls)
        if wish.get("let_go"):
            world.let_go.set()
        return web.json_response(world.told())

    async def _state(self, request: web.Request) -> web.Response:
        world = self._world(request)
        world.calls["state"] += 1
        return web.json_response({"version": world.version, "resource_version": world.resource_version})

    async def _execute(self, request: web.Request) -> web.Response:
        world, order = self._world(request), await request.json()
        if order["dry_run"]:
            world.calls["dry_run"] += 1
            changes = world.changes(order["args"])
            answer = {"allowed": bool(changes), "command_preview": f"roll back {order['target']}", "changes": changes}
            return web.json_response(answer | {"resource_version": world.resource_version})
        world.calls["execute"] += 1
        if world.stalls and not world.held:
            world.held.append(order["idempotency_key"])
            # Whoever asked may be dead by the time this call is judged: it was sent, and so it arrives.
            await world.let_go.wait()
        return web.json_response({"receipt": world.apply(order), "repeated": False})

    async def _look(self, request: web.Request) -> web.Response:
        world, key = self._world(request), request.match_info["key"]
        world.calls["look"] += 1
        if world.blind:
            raise web.HTTPNotFound
        if key in world.receipts:
            return web.json_response({"status": "done", "receipt": world.receipts[key]})
        status = "refused" if key in world.refused_keys else "not_done"
        return web.json_response({"status": status}, status=200 if status == "refused" else 404)

    async def _refuse(self, request: web.Request) -> web.Response:
        world, key = self._world(request), request.match_info["key"]
        world.calls["refuse"] += 1
        if world.blind:
            raise web.HTTPNotFound
        if key in world.receipts:
            return web.json_response({"done": True, "receipt": world.receipts[key]})
        world.refused_keys.add(key)
        return web.json_response({"was": "not_done", "done": False, "refused": True})


async def serve(app: web.Application) -> None:
    """Serve on a free port of loopback, say where on stdout, and stay until stdin closes."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    sys.stdout.write(f"http://{host}:{port}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(Worlds().application()))
