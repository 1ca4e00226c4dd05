"""Is everything a bot in production is pointed at, as a process of its own: Prometheus and a release platform.

Started as `python -m tests.crash.backends`; prints its address. Every service it is asked about had a bad release that
empties its connection pool, until the release platform takes it back. `/counts` tells what was done to whom.
"""

import asyncio
import json
import re
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tests.crash.target import BAD, GOOD, World, serve
from tests.crash.world import FIGURES, RAMP

RELEASED_EARLIER = 10.0
TAKES = 0.2
"""Seconds a change takes."""

NAMED = re.compile(r"crash-[0-9]+")
LEVELS = {role: (usual, faulty) for role, _, usual, faulty in FIGURES}

ROLES = (
    ("db_pool_connections", "pool_use"),
    ("histogram_quantile", "latency_p95"),
    ('"503"', "unavailable_ratio"),
    ('"504"', "timeout_ratio"),
    ('"429"', "limited_ratio"),
    ('"5.."', "error_ratio"),
    ("http_requests_total", "traffic"),
)
"""What in a query tells which figure is asked for, the most telling first."""


class Backends:
    """All services, each with a world of its own; a key that was refused is refused in all of them."""

    def __init__(self) -> None:
        self._worlds: dict[str, World] = {}
        self._refused: set[str] = set()
        self._fault_at = 0.0

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/fault", self._fault)
        app.router.add_get("/counts", self._counts)
        app.router.add_post("/api/v1/series", self._series)
        app.router.add_post("/api/v1/query_range", self._range)
        app.router.add_get("/deployments", self._deployments)
        app.router.add_get("/state/{target}", self._state)
        app.router.add_post("/actions/execute", self._execute)
        app.router.add_get("/actions/{key}", self._look)
        app.router.add_post("/actions/{key}/refuse", self._refuse)
        return app

    def _world(self, service: str) -> World:
        if service not in self._worlds:
            self._worlds[service] = World(refused_keys=self._refused)
        return self._worlds[service]

    async def _fault(self, request: web.Request) -> web.Response:
        self._fault_at = float((await request.json())["at"])
        return web.json_response({})

    async def _counts(self, request: web.Request) -> web.Response:
        return web.json_response({service: world.told() for service, world in self._worlds.items()})

    # --- Prometheus ---

    async def _series(self, request: web.Request) -> web.Response:
        names = {name for match in (await request.post()).getall("match[]") for name in NAMED.findall(str(match))}
        found = []
        for service in sorted(names):
            own = {"service": service, "instance": f"{service}:80"}
            found += [
                own | {"__name__": "http_requests_total", "code": "200"},
                own | {"__name__": "http_requests_total", "code": "503"},
                own | {"__name__": "http_request_duration_seconds_bucket", "le": "+Inf"},
                own | {"__name__": "db_pool_connections", "state": "in_use"},
                own | {"__name__": "db_pool_connections_max"},
            ]
        return web.json_response({"status": "success", "data": found})

    async def _range(self, request: web.Request) -> web.Response:
        form = await request.post()
        query, start, end, step = (str(form[name]) for name in ("query", "start", "end", "step"))
        role = next((role for telling, role in ROLES if telling in query), "")
        service = NAMED.search(query)
        if not role or service is None:
            return _matrix([])
        mended = self._world(service[0]).mended_at
        at, values = float(start), []
        while at <= float(end):
            values.append((at, str(self._level(role, at, mended))))
            at += float(step)
        return _matrix([{"metric": {}, "values": values}])

    def _level(self, role: str, at: float, mended: float) -> float:
        usual, faulty = LEVELS[role]
        healthy = mended and at >= mended
        ramp = 0.0 if healthy else min(max((at - self._fault_at) / RAMP, 0.0), 1.0)
        return usual + (faulty - usual) * ramp

    # --- the release platform ---

    async def _deployments(self, request: web.Request) -> web.Response:
        at = datetime.fromtimestamp(self._fault_at - RELEASED_EARLIER, UTC)
        bad = {"id": "dep-1", "service": request.query["service"], "kind": "canary", "at": at.isoformat()}
        return web.json_response({"deployments": [bad | {"version": BAD, "previous_version": GOOD}]})

    async def _state(self, request: web.Request) -> web.Response:
        world = self._world(request.match_info["target"])
        return web.json_response({"version": world.version, "resource_version": world.resource_version})

    async def _execute(self, request: web.Request) -> web.Response:
        order = await request.json()
        world = self._world(order["target"])
        if order["dry_run"]:
            changes = world.changes(order["args"])
            answer = {"allowed": bool(changes), "command_preview": "roll back", "changes": changes}
            return web.json_response(answer | {"resource_version": world.resource_version})
        world.calls["execute"] += 1
        # A change takes its time, so that a kill finds calls under way.
        await asyncio.sleep(TAKES)
        return web.json_response({"receipt": world.apply(order), "repeated": False})

    async def _look(self, request: web.Request) -> web.Response:
        key = request.match_info["key"]
        if receipt := self._receipt(key):
            return web.json_response({"status": "done", "receipt": receipt})
        if key in self._refused:
            return web.json_response({"status": "refused"})
        return web.json_response({"status": "not_done"}, status=404)

    async def _refuse(self, request: web.Request) -> web.Response:
        key = request.match_info["key"]
        if receipt := self._receipt(key):
            return web.json_response({"done": True, "receipt": receipt})
        self._refused.add(key)
        return web.json_response({"was": "not_done", "done": False, "refused": True})

    def _receipt(self, key: str) -> dict[str, Any] | None:
        return next((world.receipts[key] for world in self._worlds.values() if key in world.receipts), None)


def _matrix(result: list[dict[str, Any]]) -> web.Response:
    text = json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}})
    return web.Response(text=text, content_type="application/json")


if __name__ == "__main__":
    asyncio.run(serve(Backends().application()))
