"""Moves single parts of the demo world: traffic, releases, settings, the discount recalculation, and log lines."""

import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bot.demo.releases import Refused
from bot.demo.scenarios import Stage

MOST_RPS = 200.0
MOST_LINES = 200
LONGEST_HOLD_S = 30.0
BY = "ci-pipeline"

Body = Mapping[str, Any]


class Levers:
    """What whoever stages an incident of their own can do, by name; each raises Refused with one clear sentence."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._levers: dict[str, Callable[[Body], Awaitable[None]]] = {
            "traffic": self._traffic,
            "release": self._release,
            "settings": self._settings,
            "recalculation": self._recalculation,
            "log": self._log,
        }

    @property
    def names(self) -> tuple[str, ...]:
        """Every lever."""
        return tuple(self._levers)

    async def pull(self, name: str, body: Body) -> None:
        """Move this lever as the body says."""
        await self._levers[name](body)

    async def _traffic(self, body: Body) -> None:
        service, rps = str(body.get("service")), _number(body, "rps", MOST_RPS)
        if service not in self._stage.traffic.rates or rps <= 0:
            known = " and ".join(self._stage.traffic.rates)
            raise Refused(f"traffic goes to {known}, in more than 0 requests a second")
        self._stage.traffic.surge(service, rps)

    async def _release(self, body: Body) -> None:
        """`kind`: rollout, rollback or restart of every replica, or canary of `replicas` of them."""
        service, version = str(body.get("service")), str(body.get("version"))
        kind, note = str(body.get("kind")), str(body.get("note", ""))
        releases = self._stage.releases
        match kind:
            case "canary":
                await releases.canary(service, version, BY, note, int(_number(body, "replicas", MOST_RPS)))
            case "rollout" | "rollback" | "restart":
                await releases.roll_out(service, version, BY, note, kind)
            case _:
                raise Refused("the kind of a release is rollout, rollback, restart or canary")

    async def _settings(self, body: Body) -> None:
        release = self._stage.releases.release(str(body.get("service")))
        settings = body.get("settings")
        if not isinstance(settings, dict) or settings.keys() != release.read_settings().keys():
            known = ", ".join(release.read_settings()) or "none"
            raise Refused(f"the settings of {release.fleet.service} are: {known}")
        release.write_settings(settings)

    async def _recalculation(self, body: Body) -> None:
        for table in self._stage.tables:
            table.held_s = _number(body, "held_s", LONGEST_HOLD_S)

    async def _log(self, body: Body) -> None:
        service, version = str(body.get("service")), str(body.get("version"))
        for _ in range(int(_number(body, "lines", MOST_LINES))):
            self._stage.logs.write(service, version, str(body.get("level")), str(body.get("message")))


def _number(body: Body, name: str, most: float) -> float:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most or math.isnan(value):
        raise Refused(f"{name} must be a number from 0 to {most:g}")
    return float(value)
