"""Tells what a service's sources would have seen: a release that empties its connection pool, until it is mended."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.model import Change, LogLine, Observation, Span, Unit, Window
from engine.ports import Question, Source, Tells
from tests.crash.target import BAD, GOOD

STEP = 1.0
FINE = 0.05
FAULT_AFTER_SPLIT = 4.0
RAMP = 3.0
RELEASED_BEFORE_SPLIT = 6.0
MENDED_FOR = 3.0
"""Seconds after mending for which points stand closely, so that a look shortly after it finds some."""

SLOW = 0.15

SAID = "payment {n} failed: connection pool exhausted (6/6 in use)"

FIGURES: tuple[tuple[str, Unit, float, float], ...] = (
    ("sli", "ratio", 0.002, 0.2),
    ("error_ratio", "ratio", 0.002, 0.18),
    ("unavailable_ratio", "ratio", 0.0, 0.18),
    ("timeout_ratio", "ratio", 0.0, 0.0),
    ("limited_ratio", "ratio", 0.0, 0.0),
    ("latency_p95", "seconds", 0.04, 0.7),
    ("pool_use", "ratio", 0.12, 1.0),
    ("pool_wait", "seconds", 0.001, 0.6),
    ("traffic", "per_second", 21.0, 21.0),
    ("availability", "ratio", 1.0, 1.0),
)
"""Role, unit, usual and faulty level."""

MendedAt = Callable[[str], Awaitable[float]]
"""When the target of this name was mended, in unix seconds; 0.0 while it is not."""


class Telemetry(Source):
    """Figures, log lines and spans of the service, the same for the same question and time of mending."""

    tells: Tells = "metric"

    def __init__(self, mended_at: MendedAt) -> None:
        self._mended_at = mended_at

    @property
    def name(self) -> str:
        return "telemetry"

    async def ask(self, question: Question) -> Sequence[Observation]:
        mended = await self._mended_at(question.service.name) or question.window.end.timestamp() + 1.0
        figures = [_series(question, mended, *figure) for figure in FIGURES]
        return [*figures, _lines(question, mended), _spans(question, mended)]


class Releases(Source):
    """The deploy history of the service, and its state; slow, so that the first look goes on without it."""

    tells: Tells = "change"

    def __init__(self, mended_at: MendedAt) -> None:
        self._mended_at = mended_at

    @property
    def name(self) -> str:
        return "releases"

    async def ask(self, question: Question) -> Sequence[Observation]:
        await asyncio.sleep(SLOW)
        service, window = question.service.name, question.window
        released = Change(
            id="dep-1",
            service=service,
            kind="canary",
            at=window.split - timedelta(seconds=RELEASED_BEFORE_SPLIT),
            version=BAD,
            previous_version=GOOD,
        )
        version = GOOD if await self._mended_at(service) else BAD
        return [
            _seen("releases", question, kind="change", query="history", changes=(released,), count=1),
            _seen("releases", question, kind="state", query="state", state={"version": version}, count=1),
        ]


def _seen(source: str, question: Question, **fields: Any) -> Observation:
    return Observation(source=source, service=question.service.name, window=question.window, **fields)


def _fault(window: Window) -> float:
    return window.split.timestamp() + FAULT_AFTER_SPLIT


def _moments(window: Window, mended: float) -> list[float]:
    start, end = window.start.timestamp(), window.end.timestamp()
    coarse = [start + STEP * n for n in range(int((end - start) / STEP) + 1)]
    close = [mended + FINE * n for n in range(int(MENDED_FOR / FINE)) if mended + FINE * n <= end]
    return sorted([*coarse, *close])


def _series(question: Question, mended: float, role: str, unit: Unit, usual: float, faulty: float) -> Observation:
    dice = random.Random(role)
    fault = _fault(question.window)
    points = []
    for at in _moments(question.window, mended):
        ramp = 0.0 if at >= mended else min(max((at - fault) / RAMP, 0.0), 1.0)
        points.append((at, (usual + (faulty - usual) * ramp) * (1 + dice.uniform(-0.05, 0.05))))
    kind = "sli" if role == "sli" else "metric"
    query = f"{role}({question.service.name})"
    return _seen(
        "telemetry", question, kind=kind, role=role, unit=unit, query=query, points=tuple(points), count=len(points)
    )


def _lines(question: Question, mended: float) -> Observation:
    window, service = question.window, question.service.name
    usual = [
        LogLine(at=_at(at), service=service, level="warn", message=f"slow disk {n}", version=GOOD)
        for n, at in enumerate(_moments(window, mended)[::5])
    ]
    last = min(mended, window.end.timestamp())
    fault = _fault(window)
    told = [
        LogLine(
            at=_at(fault + (last - fault) * n / 40),
            service=service,
            level="error",
            message=SAID.format(n=1000 + 37 * n),
            version=BAD,
        )
        for n in range(40)
    ]
    lines = tuple(sorted([*usual, *told], key=lambda line: line.at))
    return _seen("telemetry", question, kind="log", query=f"{{service={service}}}", lines=lines, count=len(lines))


def _spans(question: Question, mended: float) -> Observation:
    window, service = question.window, question.service.name
    spans: list[Span] = []
    start, end = window.start.timestamp(), window.end.timestamp()
    for number in range(int((end - start) / STEP) + 1):
        at = start + STEP * number
        bad = _fault(window) <= at < mended
        acquiring = ("acquire", "store-db") if bad else ("work", "")
        steps = (("shop", "GET /", service), (service, "handle", ""), (service, *acquiring))
        for depth, (where, operation, peer) in enumerate(steps):
            spans.append(
                Span(
                    trace_id=f"t{at:.0f}",
                    span_id=f"s{depth}",
                    parent_id=f"s{depth - 1}" if depth else "",
                    service=where,
                    operation=operation,
                    peer=peer,
                    start=_at(at),
                    duration=0.6 if bad else 0.02,
                    error=bad,
                    message=SAID.format(n=6) if bad else "",
                )
            )
    return _seen("telemetry", question, kind="trace", query="traces", spans=tuple(spans), count=len(spans))


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
