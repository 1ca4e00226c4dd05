"""Pretends a small payment system whose series, logs, traces and history follow from what breaks and is mended when."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from engine.model import Change, LogLine, Observation, Receipt, Span
from engine.ports import Clock, Executor, Order, Question, Source, Tells
from tests.fakes.executors import FakeExecutor, FakeTarget
from tests.fakes.sources import FakeSource

STEP = 15.0
RAMP = 45.0
SLOW = 7.0
"""Seconds a slow source takes: past the first look, and within what it has."""
LEAK = {
    "sli": (0.002, 0.18, "ratio"),
    "error_ratio": (0.002, 0.18, "ratio"),
    "unavailable_ratio": (0.0, 0.18, "ratio"),
    "timeout_ratio": (0.0, 0.0, "ratio"),
    "limited_ratio": (0.0, 0.0, "ratio"),
    "latency_p95": (0.12, 2.4, "seconds"),
    "pool_use": (0.12, 1.0, "ratio"),
    "pool_wait": (0.001, 0.6, "seconds"),
    "traffic": (21.0, 21.0, "per_second"),
    "availability": (1.0, 1.0, "ratio"),
}
"""What each series of the service is in health and with its connection pool leaking: usual, faulty, unit."""


@dataclass
class Break:
    """One time of trouble: when it began and when it was mended, with the release that began it."""

    began: datetime
    release: Change | None
    ended: datetime | None = None


@dataclass
class World:
    """A service, its neighbour and what they are called. `moods` say how sources answer, `stays_broken` that no change
    helps."""

    clock: Clock
    service: str = "payment-service"
    peer: str = "coupon-service"
    database: str = "mysql"
    good: str = "v2.3.0"
    bad: str = "v2.3.1"
    repository: str = ""
    breaks: list[Break] = field(default_factory=list)
    history: list[Change] = field(default_factory=list)
    moods: dict[str, str] = field(default_factory=dict)
    stays_broken: bool = False

    def __post_init__(self) -> None:
        self.target = WorldTarget(self)
        self.executor: Executor = FakeExecutor(self.target, name="releases")

    # --- what happens ---

    def release_leaks(self, ago: float = 120.0) -> None:
        """A canary leaks connections; complaints began `ago` seconds before now, five minutes after the release."""
        began = self.clock.now() - timedelta(seconds=ago)
        at = began - timedelta(minutes=5)
        release = self._record(self.bad, self.good, "canary", at)
        self.target.states[self.service] = {"version": self.bad}
        self.breaks.append(Break(began, release))

    def released_harmlessly(self, ago: float = 300.0) -> None:
        """A release that hurts nobody."""
        self._record(self.bad, self.good, "canary", self.clock.now() - timedelta(seconds=ago))
        self.target.states[self.service] = {"version": self.bad}

    def became(self, version: str) -> None:
        """The target runs this version from now on."""
        now = self.clock.now()
        current = self.breaks[-1] if self.breaks else None
        if current is None or self.stays_broken:
            return
        if version == self.good and current.ended is None:
            current.ended = now
            self._record(self.good, self.bad, "rollback", now)
        elif version == self.bad and current.ended is not None:
            self.breaks.append(Break(now, self._record(self.bad, self.good, "restore", now)))

    def _record(self, version: str, previous: str, kind: str, at: datetime) -> Change:
        change = Change(
            id=f"dep-{len(self.history) + 1}",
            service=self.service,
            kind=kind,
            at=at,
            version=version,
            previous_version=previous,
            by="ci-pipeline",
        )
        self.history.append(change)
        return change

    def trouble(self, at: float) -> float:
        """How bad it is at this moment (unix seconds), 0…1."""
        worst = 0.0
        for each in self.breaks:
            began, ended = each.began.timestamp(), each.ended.timestamp() if each.ended else None
            if at >= began and (ended is None or at < ended):
                worst = max(worst, min((at - began + STEP) / RAMP, 1.0))
        return worst

    # --- who tells ---

    @property
    def sources(self) -> tuple[Source, ...]:
        return (
            MoodySource(self, "prometheus", "metric", self.metrics),
            MoodySource(self, "loki", "log", self.logs),
            MoodySource(self, "jaeger", "trace", self.traces),
            MoodySource(self, "releases", "change", self.changes),
        )

    def metrics(self, question: Question) -> Sequence[Observation]:
        if question.service.name != self.service:
            return (self._seen(question, "metric", question.service.name, role="error_ratio", query="up"),)
        found = [self._series(question, role, *level) for role, level in LEAK.items()]
        found.append(self._series(question, "dependency_error_ratio", 0.0, 0.0, "ratio", peer=self.peer))
        found.append(self._series(question, "latency_p95", 0.01, 0.01, "seconds", service=self.peer))
        return found

    def logs(self, question: Question) -> Sequence[Observation]:
        return [
            self._seen(question, "log", name, query=f'{{service="{name}"}}', lines=lines, count=len(lines))
            for name in (self.service, self.peer)
            if (lines := tuple(self._lines(question, name))) or True
        ]

    def traces(self, question: Question) -> Sequence[Observation]:
        spans = tuple(span for at in self._moments(question) for span in self._trace(at))
        return (self._seen(question, "trace", self.service, query="traces", spans=spans, count=len(spans)),)

    def changes(self, question: Question) -> Sequence[Observation]:
        window = question.window
        inside = tuple(each for each in self.history if window.start <= each.at <= window.end)
        state = dict(self.target.states.get(self.service, {}))
        query = f"GET /deployments?service={self.service}"
        return (
            self._seen(question, "change", self.service, query=query, changes=inside, count=len(inside)),
            self._seen(question, "change", self.peer, query=f"GET /deployments?service={self.peer}"),
            self._seen(question, "state", self.service, query=f"GET /state/{self.service}", state=state, count=1),
        )

    # --- how it sounds ---

    def _series(
        self, question: Question, role: str, usual: float, faulty: float, unit: str, service: str = "", peer: str = ""
    ) -> Observation:
        name = service or self.service
        points = []
        for at in self._moments(question):
            level = usual + (faulty - usual) * self.trouble(at)
            noise = random.Random(f"{role}/{name}/{at}").uniform(-0.05, 0.05)
            points.append((at, max(0.0, level * (1 + noise))))
        kind = "sli" if role == "sli" else "metric"
        query = f'{role}{{service="{name}"}}'
        return self._seen(
            question, kind, name, role=role, query=query, unit=unit, peer=peer, points=tuple(points), count=len(points)
        )

    def _lines(self, question: Question, name: str) -> Iterator[LogLine]:
        for number, at in enumerate(self._moments(question)):
            if number % 5 == 0:
                yield self._line(at, name, "warn", f"slow disk {number}")
            if name == self.service and self.trouble(at) > 0:
                for again in range(3):
                    said = f"payment {1000 + number * 3 + again} failed: connection pool exhausted (6/6 in use)"
                    yield self._line(at + again, name, "error", said, self.bad)

    def _line(self, at: float, service: str, level: str, message: str, version: str = "") -> LogLine:
        moment = datetime.fromtimestamp(at, tz=self.clock.now().tzinfo)
        return LogLine(at=moment, service=service, level=level, message=message, version=version or self.good)

    def _trace(self, at: float) -> Iterator[Span]:
        bad = self.trouble(at) > 0
        said = "connection pool exhausted (6/6 in use)"
        steps = [("shop", "GET /", self.service, ""), (self.service, "POST /pay", "", "")]
        steps += [(self.service, "acquire", self.database, said)] if bad else []
        for depth, (service, operation, peer, message) in enumerate(steps):
            yield Span(
                trace_id=f"t{at}",
                span_id=f"t{at}-{depth}",
                parent_id=f"t{at}-{depth - 1}" if depth else "",
                service=service,
                operation=operation,
                peer=peer,
                start=datetime.fromtimestamp(at, tz=self.clock.now().tzinfo),
                duration=0.6 if bad else 0.02,
                error=bad,
                message=message,
            )

    def _moments(self, question: Question) -> Iterator[float]:
        at = question.window.start.timestamp()
        while at <= question.window.end.timestamp():
            yield at
            at += STEP

    def _seen(self, question: Question, kind: str, service: str, **fields: Any) -> Observation:
        source = {"sli": "prometheus", "metric": "prometheus", "log": "loki", "trace": "jaeger"}.get(kind, "releases")
        return Observation(source=source, kind=kind, service=service, window=question.window, **fields)  # type: ignore[arg-type]


class MoodySource(FakeSource):
    """Answers well, or as the world's `moods` say: hangs, slow, garbage (what reading nonsense raises), empty."""

    def __init__(self, world: World, name: str, tells: Tells, answer: Any) -> None:
        super().__init__(answer, name, tells=tells)
        self._world = world

    async def ask(self, question: Question) -> Sequence[Observation]:
        mood = self._world.moods.get(self.name, "well")
        self._hangs = mood == "hangs"
        self._after = SLOW if mood == "slow" else 0.0
        if mood == "garbage":
            raise ValueError("Expecting value: line 1 column 1 (char 0)")
        if mood == "empty":
            service, query = self._world.service, "rate(errors[1m])"
            return (self._world._seen(question, self.tells, service, role="error_ratio", query=query),)
        return await super().ask(question)


class WorldTarget(FakeTarget):
    """A target whose changes the world feels."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self.states = {world.service: {"version": world.good}}

    def force(self, order: Order) -> Receipt:
        receipt = super().force(order).model_copy(update={"at": self._world.clock.now()})
        self.receipts[order.key] = receipt
        self._world.became(str(self.states[order.plan.target]["version"]))
        return receipt
