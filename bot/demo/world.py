"""Puts the demo world together: services, traffic, telemetry keeper, release platform and alerting."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp
from aiohttp import web

from bot.demo.clock import Clock
from bot.demo.control_api import ControlApi
from bot.demo.fleet import Fleet
from bot.demo.jaeger_api import JaegerApi
from bot.demo.levers import Levers
from bot.demo.logs import LogStore
from bot.demo.loki_api import LokiApi
from bot.demo.notifier import AlertGroup, Notifier
from bot.demo.prometheus_api import PrometheusApi
from bot.demo.pulse import Pulse
from bot.demo.real_prometheus import RealPrometheus
from bot.demo.release_api import ReleaseApi
from bot.demo.releases import Refused, Release, Releases
from bot.demo.rules import RuleBook
from bot.demo.samples import SampleStore
from bot.demo.scenarios import BASELINE_S, Scenarios, Stage
from bot.demo.scraping import INTERVAL_S, Scraper, Target
from bot.demo.services.coupon import CouponReplica, DiscountTable
from bot.demo.services.mysql import Mysql
from bot.demo.services.order import CAPACITY_RPS, REPLICAS, OrderReplica, OrderSettings
from bot.demo.services.payment import PaymentReplica, PaymentSettings
from bot.demo.services.replica import Replica, Surroundings
from bot.demo.spans import SpanStore
from bot.demo.traffic import Traffic

Settings = dict[str, str | float]


@dataclass(frozen=True)
class WorldOptions:
    """How the world is started: where alerts go, the tokens, the first port (0 = any), and who watches."""

    alerts_to: str = ""
    alerts_token: str = ""
    releases_token: str = ""
    port: int = 0
    real_prometheus: bool = False
    scenario: str = ""


class World:
    """The whole payment system with everything that watches it; use as `async with`, then `run`."""

    def __init__(self, options: WorldOptions, clock: Clock) -> None:
        self.options, self.clock = options, clock
        self.logs, self.spans, self.samples = LogStore(clock), SpanStore(clock), SampleStore()
        self.rules = RuleBook()
        self.releases = Releases(clock)
        self.platform = ReleaseApi(self.releases, clock, options.releases_token)
        self.mysql = Mysql()
        self.payment_settings, self.order_settings = PaymentSettings(), OrderSettings()
        self.tables = [DiscountTable(), DiscountTable()]
        self.addresses: dict[str, object] = {}
        self.pulse = Pulse()
        self._exits = AsyncExitStack()

    async def __aenter__(self) -> "World":
        async with AsyncExitStack() as opening:
            connector = aiohttp.TCPConnector(limit=0)
            self.session = await opening.enter_async_context(aiohttp.ClientSession(connector=connector))
            opening.push_async_callback(self.mysql.stop)
            await self.mysql.start()
            await self._start_fleets(opening)
            balancers = {name: release.fleet.balancer for name, release in self.releases.services.items()}
            self.traffic = Traffic(balancers, self.session)
            stage = Stage(self.releases, self.traffic, self.tables, self.logs, self.clock)
            self.scenarios, self.levers = Scenarios(stage), Levers(stage)
            self.scraper = Scraper(self.samples, self._targets(), self.clock)
            await self._listen(opening)
            if self.options.real_prometheus:
                await self._start_real(opening)
            self._exits = opening.pop_all()
        return self

    async def __aexit__(self, *problem: object) -> None:
        await self._exits.aclose()

    async def _start_fleets(self, opening: AsyncExitStack) -> None:
        around = Surroundings(self.clock, self.logs, self.spans, self.session)
        tables = iter(self.tables * 1_000)

        def coupon(version: str, port: int) -> Replica:
            return CouponReplica(version, port, around, next(tables))

        coupons = Fleet("coupon-service", 2, "v1.8.2", coupon)

        def payment(version: str, port: int) -> Replica:
            settings, balancer = self.payment_settings, coupons.balancer
            return PaymentReplica(version, port, around, settings, balancer, self.mysql.port)

        payments = Fleet("payment-service", 4, "v2.3.0", payment)

        def order(version: str, port: int) -> Replica:
            return OrderReplica(version, port, around, self.order_settings, payments.balancer)

        orders = Fleet("order-service", REPLICAS, "v3.1.4", order)
        for fleet in (coupons, payments, orders):
            opening.push_async_callback(fleet.stop)
            await fleet.start()
        self._publish(coupons, payments, orders)

    def _publish(self, coupons: Fleet, payments: Fleet, orders: Fleet) -> None:
        def read_payment() -> Settings:
            return {"coupon_path": self.payment_settings.coupon_path}

        def write_payment(settings: Settings) -> None:
            if settings["coupon_path"] not in ("enabled", "disabled"):
                raise Refused("coupon_path must be 'enabled' or 'disabled'")
            self.payment_settings.coupon_path = str(settings["coupon_path"])

        def read_order() -> Settings:
            return {"rate_limit_rps": self.order_settings.rate_limit_rps}

        def write_order(settings: Settings) -> None:
            limit = settings["rate_limit_rps"]
            if isinstance(limit, str) or not 1 <= limit <= CAPACITY_RPS:
                raise Refused(f"rate_limit_rps must be a number from 1 to {CAPACITY_RPS}")
            self.order_settings.rate_limit_rps = limit

        stable, builds = "v2.3.0", ("v2.3.0", "v2.2.9", "v2.3.1", "v2.3.2")
        payment = Release(payments, stable, builds, read_payment, write_payment, read_payment())
        order = Release(orders, "v3.1.4", ("v3.1.4", "v3.1.3"), read_order, write_order, read_order())
        coupon = Release(coupons, "v1.8.2", ("v1.8.2", "v1.8.1"), dict, lambda settings: None)
        self.releases.add(payment, "v2.2.9", 6.2)
        self.releases.add(order, "v3.1.3", 9.1)
        self.releases.add(coupon, "v1.8.1", 20.4)

    def _targets(self) -> list[Target]:
        return [
            Target(name, f"127.0.0.1:{port}", {"service": name, "env": "prod"})
            for name, release in sorted(self.releases.services.items())
            for port in release.fleet.ports
        ]

    async def _listen(self, opening: AsyncExitStack) -> None:
        prometheus = PrometheusApi(self.samples, self.scraper, self.rules, self.clock)
        applications = {
            "prometheus": prometheus.application(),
            "loki": LokiApi(self.logs, self.clock).application(),
            "jaeger": JaegerApi(self.spans).application(),
            "releases": self.platform.application(),
            "control": ControlApi(self.scenarios, self.levers, self.pulse, self.platform).application(),
        }
        self.addresses = {"alertmanager": None}
        for offset, (name, app) in enumerate(applications.items()):
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
            await runner.setup()
            opening.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", self.options.port + offset if self.options.port else 0).start()
            self.addresses[name] = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self.addresses["keeper"] = self.addresses["prometheus"]
        self.addresses["services"] = {
            name: f"http://127.0.0.1:{release.fleet.ports[0]}" for name, release in self.releases.services.items()
        }

    async def _start_real(self, opening: AsyncExitStack) -> None:
        real = RealPrometheus(self.rules.path, self.scraper.targets, self.options.alerts_to, self.options.alerts_token)
        await opening.enter_async_context(real.running(self.session))
        self.addresses["prometheus"], self.addresses["alertmanager"] = real.prometheus_url, real.alertmanager_url

    async def run(self, ready: asyncio.Event, stop: asyncio.Event) -> None:
        """Live until `stop` is set; `ready` is set once every replica has been scraped."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self.traffic.run()), group.create_task(self._watch(group, ready))]
            tasks.append(group.create_task(self.pulse.run()))
            tasks += [group.create_task(table.recalculate_for_ever()) for table in self.tables]
            if self.options.scenario:
                tasks.append(group.create_task(self._arm_in_time(ready)))
            await stop.wait()
            for task in tasks:
                task.cancel()

    async def _watch(self, group: asyncio.TaskGroup, ready: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        notifier = None
        if self.options.alerts_to and not self.options.real_prometheus:
            url = str(self.addresses["prometheus"])
            notifier = Notifier(self.rules, url, self.options.alerts_to, self.options.alerts_token)
        async with asyncio.TaskGroup() as sending:
            while True:
                await self.scraper.scrape_all(self.session)
                if not ready.is_set() and all(target.health == "up" for target in self.scraper.targets):
                    self.scenarios.began()
                    ready.set()
                self.watch_rules(notifier, sending)
                due = max(due + INTERVAL_S, loop.time())
                await asyncio.sleep(due - loop.time())

    def watch_rules(self, notifier: Notifier | None, sending: asyncio.TaskGroup) -> None:
        """Evaluate the rules once and send what is due."""
        now = self.clock.now()
        self.rules.evaluate(self.samples, now)
        for alert_group in notifier.due(now) if notifier is not None else []:
            sending.create_task(self._send(notifier, alert_group, now))

    async def _send(self, notifier: Notifier | None, alert_group: AlertGroup, now: float) -> None:
        if notifier is not None:
            await notifier.send(self.session, alert_group, now)

    async def _arm_in_time(self, ready: asyncio.Event) -> None:
        await ready.wait()
        await asyncio.sleep(max(BASELINE_S - self.scenarios.baseline_s, 0) + 0.5)
        await self.scenarios.arm(self.options.scenario)
