"""Stages incidents as observations: four real shapes of trouble, with seeded noise, at any sampling step."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.diagnosis.diagnose import diagnose
from engine.diagnosis.roles import ROLES
from engine.diagnosis.signals import judge
from engine.model import Change, Diagnosis, Evidence, LogLine, Observation, Silence, Span, Window
from engine.team import Service

BEGIN = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
SERVICES = {
    "shop": Service(name="shop", dependencies=("till", "store-db")),
    "till": Service(name="till", dependencies=("vouchers",)),
    "vouchers": Service(name="vouchers"),
}


@dataclass
class Scene:
    """A service, its world and what its sources see. `step` seconds between points; the fault begins at `fault`."""

    step: float = 1.0
    before: int = 30
    after: int = 16
    seed: int = 7
    fault: int = 4
    service: str = "till"
    observations: list[Observation] = field(default_factory=list)
    dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    @property
    def window(self) -> Window:
        split = BEGIN + timedelta(seconds=self.step * self.before)
        return Window(start=BEGIN, split=split, end=split + timedelta(seconds=self.step * self.after))

    def moment(self, steps_after_split: float) -> datetime:
        return self.window.split + timedelta(seconds=self.step * steps_after_split)

    def series(self, role: str, usual: float, faulty: float | None = None, service: str = "", **more: Any) -> "Scene":
        """A series that leaves `usual` for `faulty` over three steps from the fault on; 5 % noise on top."""
        points = []
        for index in range(self.before + self.after):
            ramp = min(max(index - self.before - self.fault + 1, 0) / 3.0, 1.0)
            level = usual if faulty is None else usual + (faulty - usual) * ramp
            points.append(
                (
                    BEGIN.timestamp() + index * self.step,
                    max(0.0, level * (1 + self.dice.uniform(-0.05, 0.05))),
                )
            )
        unit = UNITS.get(role) or (ROLES[role].unit if role in ROLES else "none")
        return self.add(
            kind="sli" if role == "sli" else "metric",
            role=role,
            service=service or self.service,
            query=f"{role}({service or self.service})",
            points=tuple(points),
            **{"unit": unit, "count": len(points), **more},
        )

    def add(self, **fields: Any) -> "Scene":
        fields = {"source": fields["kind"], "service": self.service, "query": "q", "window": self.window, **fields}
        self.observations.append(Observation(**fields))
        return self

    def healthy(self, service: str = "", *, but: tuple[str, ...] = ()) -> "Scene":
        """The usual level of everything a service shows, except the roles that the scene tells otherwise."""
        for role, usual in USUAL.items():
            if role not in but:
                self.series(role, usual, service=service)
        return self

    def says(self, message: str, times: int, service: str = "", level: str = "error", version: str = "v1") -> "Scene":
        """A log that says the same with other numbers, from the fault on, over what was said now and then before."""
        name = service or self.service
        usual = [
            LogLine(at=BEGIN + timedelta(seconds=self.step * at), service=name, level="warn", message=f"slow disk {at}")
            for at in range(0, self.before + self.after, 5)
        ]
        room = self.after - self.fault
        told = [
            LogLine(
                at=self.moment(self.fault + room * n / max(times, 1)),
                service=name,
                level=level,
                message=message.format(n=1000 + 37 * n),
                version=version,
            )
            for n in range(times)
        ]
        lines = tuple(sorted([*usual, *told], key=lambda line: line.at))
        return self.add(kind="log", service=name, lines=lines, count=len(lines), query=f"{{service={name}}}")

    def traces(self, *failing: tuple[str, str, str, str], slow: float = 0.02) -> "Scene":
        """Traces shop → service; after the fault each path of `failing` (service, operation, peer, message) fails."""
        spans: list[Span] = []
        for index in range(self.before + self.after):
            at = BEGIN + timedelta(seconds=self.step * index)
            bad = bool(failing) and index >= self.before + self.fault
            spans += _trace(f"t{index}", at, self.service, failing if bad else (), slow if bad else 0.02)
        return self.add(kind="trace", spans=tuple(spans), count=len(spans), query="traces")

    def changes(self, *changes: Change, service: str = "") -> "Scene":
        return self.add(kind="change", service=service or self.service, changes=changes, query="history")

    def released(self, steps_after_split: float, version: str = "v2", service: str = "") -> Change:
        return Change(
            id=f"dep-{version}",
            service=service or self.service,
            kind="canary",
            at=self.moment(steps_after_split),
            version=version,
            previous_version="v1",
        )

    def evidence(self) -> tuple[Evidence, ...]:
        return judge(self.observations, self.window)

    def verdict(
        self, silent: tuple[Silence, ...] = (), keep: Callable[[Evidence], bool] = lambda each: True
    ) -> Diagnosis:
        kept = tuple(each for each in self.evidence() if keep(each))
        return diagnose(kept, silent, SERVICES, self.service, self.window)


UNITS: Mapping[str, Any] = {
    "latency_p95": "seconds",
    "pool_wait": "seconds",
    "traffic": "per_second",
    **dict.fromkeys(
        (
            "sli",
            "error_ratio",
            "unavailable_ratio",
            "timeout_ratio",
            "limited_ratio",
            "pool_use",
            "dependency_error_ratio",
            "availability",
        ),
        "ratio",
    ),
}
USUAL = {
    "traffic": 21.0,
    "error_ratio": 0.002,
    "unavailable_ratio": 0.0,
    "timeout_ratio": 0.0,
    "limited_ratio": 0.0,
    "latency_p95": 0.04,
    "pool_use": 0.12,
    "pool_wait": 0.001,
    "availability": 1.0,
}


def _trace(
    name: str, at: datetime, service: str, failing: tuple[tuple[str, str, str, str], ...], took: float
) -> list[Span]:
    """shop → service → …; each failing step hangs below the one before, and all above it fail too."""
    steps = failing or ((service, "work", "", ""),)
    chain = [("shop", "GET /", service, ""), (service, "handle", "", ""), *steps]
    return [
        Span(
            trace_id=name,
            span_id=f"s{depth}",
            parent_id=f"s{depth - 1}" if depth else "",
            service=where,
            operation=operation,
            peer=peer,
            start=at,
            duration=took,
            error=bool(failing),
            message=message,
        )
        for depth, (where, operation, peer, message) in enumerate(chain)
    ]


def pool_leak(**more: Any) -> Scene:
    """A canary leaks connections until the pool is empty; 503s follow."""
    scene = Scene(**more)
    scene.healthy(but=("error_ratio", "unavailable_ratio", "latency_p95", "pool_use", "pool_wait"))
    scene.series("sli", 0.002, 0.2).series("error_ratio", 0.002, 0.18).series("unavailable_ratio", 0.0, 0.18)
    scene.series("latency_p95", 0.04, 0.7).series("pool_use", 0.12, 1.0).series("pool_wait", 0.001, 0.6)
    scene.series("dependency_error_ratio", 0.0, peer="vouchers").series("latency_p95", 0.01, service="vouchers")
    scene.says("payment {n} failed: connection pool exhausted (6/6 in use)", 40, version="v2")
    scene.traces(("till", "acquire", "store-db", "connection pool exhausted (6/6 in use)"), slow=0.6)
    return scene.changes(scene.released(-6)).changes(service="vouchers")


def stalled_peer(**more: Any) -> Scene:
    """A neighbour stalls; the service gives up waiting with 504."""
    scene = Scene(**more)
    scene.healthy(but=("error_ratio", "timeout_ratio", "latency_p95"))
    scene.series("sli", 0.002, 0.3).series("error_ratio", 0.002, 0.3).series("timeout_ratio", 0.0, 0.3)
    scene.series("latency_p95", 0.04, 0.8).series("dependency_error_ratio", 0.0, 0.5, peer="vouchers")
    scene.series("latency_p95", 0.01, 3.5, service="vouchers").series("error_ratio", 0.0, service="vouchers")
    scene.says("payment failed: vouchers did not answer within 0.8 s (request {n})", 30)
    scene.says("quote waited {n} ms for the table lock", 12, service="vouchers", level="warn")
    scene.traces(
        ("till", "GET /quote", "vouchers", "vouchers did not answer within 0.8 s"),
        ("vouchers", "table lock", "", "waited 3.9 s for the table lock"),
        slow=0.8,
    )
    return scene.changes().changes(service="vouchers")


def limit_reached(**more: Any) -> Scene:
    """More traffic than the rate limit lets through; the rest is well."""
    scene = Scene(**more)
    scene.healthy(but=("traffic", "limited_ratio")).series("sli", 0.0, 0.35)
    scene.series("traffic", 20.0, 48.0).series("limited_ratio", 0.0, 0.35)
    scene.says("rate limit exceeded: more than {n} requests per second", 30, level="warn").traces()
    return scene.changes()


def false_alarm(**more: Any) -> Scene:
    """A harmless release and more traffic; users feel nothing."""
    scene = Scene(**more)
    scene.healthy(but=("traffic",)).series("traffic", 21.0, 44.0)
    scene.series("sli", 21.0, 44.0, unit="per_second")
    scene.says("nothing", 0).traces()
    return scene.changes(scene.released(-2))


SCENES: dict[str, Callable[..., Scene]] = {
    "deploy_db_regression": pool_leak,
    "dependency_timeout": stalled_peer,
    "rate_limited": limit_reached,
}
PACES: tuple[dict[str, Any], ...] = (
    {"step": 1.0, "before": 30, "after": 16, "fault": 4},
    {"step": 15.0, "before": 120, "after": 40, "fault": 15},
)
