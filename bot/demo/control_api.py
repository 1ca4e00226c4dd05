"""Answers the stage-hand's API: arm a fault, move one part of the world, reset, and say what is going on."""

import json

from aiohttp import web

from bot.demo.levers import Levers
from bot.demo.pulse import Pulse
from bot.demo.release_api import ReleaseApi
from bot.demo.releases import Refused
from bot.demo.scenarios import Scenarios
from bot.demo.services.replica import json_body


class ControlApi:
    """The endpoints under /control."""

    def __init__(self, scenarios: Scenarios, levers: Levers, pulse: Pulse, platform: ReleaseApi) -> None:
        self._scenarios, self._levers, self._pulse, self._platform = scenarios, levers, pulse, platform

    def application(self) -> web.Application:
        """The aiohttp application to listen with."""
        app = web.Application(client_max_size=4096)
        app.router.add_post("/control/scenario", self._arm)
        app.router.add_post("/control/reset", self._reset)
        app.router.add_post("/control/lever/{name}", self._pull)
        app.router.add_get("/control/status", self._status)
        app.router.add_get("/control/counters", self._counters)
        return app

    async def _arm(self, request: web.Request) -> web.Response:
        try:
            body = await request.json()
        except (json.JSONDecodeError, UnicodeDecodeError):
            return web.json_response({"error": 'the body must be JSON like {"name": "false-alarm"}'}, status=400)
        name = body.get("name") if isinstance(body, dict) else None
        try:
            await self._scenarios.arm(str(name))
        except Refused as problem:
            return web.json_response({"error": str(problem)}, status=409)
        return web.json_response(self._scenarios.status())

    async def _pull(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self._levers.names:
            return web.json_response({"error": f"there is no lever {name!r}"}, status=404)
        try:
            await self._levers.pull(name, await json_body(request))
        except Refused as problem:
            return web.json_response({"error": str(problem)}, status=422)
        return web.json_response({"pulled": name})

    async def _reset(self, request: web.Request) -> web.Response:
        await self._scenarios.reset()
        return web.json_response(self._scenarios.status())

    async def _status(self, request: web.Request) -> web.Response:
        return web.json_response({**self._scenarios.status(), "starved": round(self._pulse.starved(), 4)})

    async def _counters(self, request: web.Request) -> web.Response:
        return web.json_response(self._platform.counters())
