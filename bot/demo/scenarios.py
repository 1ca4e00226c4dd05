"""Arms the faults of the demo world, and takes everything back to healthy."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.demo.clock import Clock
from bot.demo.logs import LogStore
from bot.demo.releases import Refused, Release, Releases
from bot.demo.services.coupon import DiscountTable
from bot.demo.traffic import BASE_RPS, Traffic

BASELINE_S = 25.0
SURGE_RPS = {"order-service": 48.0, "payment-service": 44.0}
RECALCULATION_HOLDS_S = 4.0
FALSE_ALARM_LASTS_S = 60.0
HEALTHY_VERSION = "v2.3.0"
NAMES = ("payment-503-after-deploy", "coupon-504-timeout", "order-429-rate-limit", "false-alarm")


@dataclass
class Stage:
    """What a scenario can reach: the platform, the traffic, the coupon tables and the logs."""

    releases: Releases
    traffic: Traffic
    tables: list[DiscountTable]
    logs: LogStore
    clock: Clock


class Scenarios:
    """Which fault is armed since when; times are seconds since 1970."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._lock = asyncio.Lock()
        self.name = ""
        self.armed_at = 0.0
        self.healthy_since = 0.0

    def began(self) -> None:
        """The baseline begins now."""
        self.healthy_since = self._stage.clock.now()

    @property
    def baseline_s(self) -> float:
        """Seconds of healthy running before the fault (or until now)."""
        if not self.healthy_since:
            return 0.0
        return max((self.armed_at if self.name else self._stage.clock.now()) - self.healthy_since, 0.0)

    async def arm(self, name: str) -> None:
        """Arm a fault now; raises Refused with one clear sentence."""
        scripts: dict[str, Callable[[], Awaitable[None]]] = {
            "payment-503-after-deploy": self._leaking_canary,
            "coupon-504-timeout": self._recalculation,
            "order-429-rate-limit": self._order_surge,
            "false-alarm": self._harmless,
        }
        if name not in scripts:
            raise Refused(f"there is no scenario {name!r}; there are {', '.join(scripts)}")
        async with self._lock:
            if self.name:
                raise Refused(f"the scenario {self.name} is armed already; POST /control/reset first")
            if self.baseline_s < BASELINE_S:
                raise Refused(
                    f"there are only {self.baseline_s:.0f} s of healthy baseline yet; arm a fault after "
                    f"{BASELINE_S:.0f} s"
                )
            self.name, self.armed_at = name, self._stage.clock.now()
            await scripts[name]()

    async def reset(self) -> None:
        """Back to healthy: usual traffic, no recalculation, former settings and versions."""
        async with self._lock:
            self._stage.traffic.calm()
            for table in self._stage.tables:
                table.held_s = 0.0
            for service in self._stage.releases.services:
                await self._stage.releases.change(service, self._healthy)
            self.name, self.armed_at = "", 0.0
            self.began()

    async def _healthy(self, release: Release) -> None:
        version, service = release.builds[0], release.fleet.service
        release.write_settings(release.first_settings)
        if release.fleet.versions() != {version: len(release.fleet.ports)}:
            self._stage.releases.record(service, version, release.stable_version, "rollback", "stage-hand", "reset")
            release.stable_version = version
            await release.fleet.arrange({version: len(release.fleet.ports)})

    async def _leaking_canary(self) -> None:
        note = "expired coupons: ask the customer before charging"
        await self._stage.releases.canary("payment-service", "v2.3.1", "ci-pipeline", note)

    async def _recalculation(self) -> None:
        for table in self._stage.tables:
            table.held_s = RECALCULATION_HOLDS_S
        self._stage.logs.write(
            "coupon-service", "v1.8.2", "info", "discount recalculation started: takes the discount table lock"
        )

    async def _order_surge(self) -> None:
        self._stage.traffic.surge("order-service", SURGE_RPS["order-service"])

    async def _harmless(self) -> None:
        ebbs_at = asyncio.get_running_loop().time() + FALSE_ALARM_LASTS_S
        self._stage.traffic.surge("payment-service", SURGE_RPS["payment-service"], ebbs_at)
        await self._stage.releases.roll_out("payment-service", "v2.3.2", "ci-pipeline", "clearer receipts")

    def _mitigated(self) -> bool:
        releases = self._stage.releases
        payment, order = releases.release("payment-service"), releases.release("order-service")
        match self.name:
            case "payment-503-after-deploy":
                return "v2.3.1" not in payment.fleet.versions()
            case "coupon-504-timeout":
                return payment.read_settings()["coupon_path"] == "disabled"
            case "order-429-rate-limit":
                return float(order.read_settings()["rate_limit_rps"]) >= self._stage.traffic.rates["order-service"]
            case _:
                return False

    def status(self) -> dict[str, object]:
        """The body of `/control/status`."""
        if not self.name:
            phase = "healthy" if self.baseline_s >= BASELINE_S else "baseline"
        elif self.name == "false-alarm":
            phase = "surge" if self._stage.traffic.rates["payment-service"] > BASE_RPS["payment-service"] else "ebbed"
        else:
            phase = "mitigated" if self._mitigated() else "fault"
        return {
            "scenario": self.name or None,
            "phase": phase,
            "since": self.armed_at or self.healthy_since,
            "baseline_s": round(self.baseline_s, 1),
            "baseline_needed_s": BASELINE_S,
            "traffic_rps": self._stage.traffic.rates,
            "time_note": {
                "compressed": True,
                "scrape_interval_s": 1,
                "evaluation_interval_s": 1,
                "window_s": 10,
                "minutes_become": "seconds",
            },
        }
