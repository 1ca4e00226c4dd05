"""Holds recovery to its figures: recomputable, and never called recovered without having been measured."""

import asyncio
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.journal import Journal
from engine.model import (
    Evidence,
    LogLine,
    Observation,
    Phrase,
    Quantity,
    Recovery,
    RecoverySignal,
    Span,
    Unit,
    Window,
)
from engine.recovery import Look, compare, shape, verify, window_start
from engine.team import Objective, Service
from engine.tempo import Tempo
from tests.fakes.clock import START, FakeClock, FakeIds
from tests.fakes.store import FakeTimeline

SERVICE = Service(name="cart", objective=Objective(error_ratio=0.02, latency_p95=0.3))
SPLIT = START - timedelta(seconds=600)
WINDOW = Window(start=SPLIT - timedelta(seconds=600), split=SPLIT, end=START)
SINCE, UNTIL = START + timedelta(seconds=60), START + timedelta(seconds=120)


def evidence(signal: str, before: float, after: float, unit: Unit, **values: Any) -> Evidence:
    told: dict[str, Any] = {"kind": "metric", "source": "p", "service": "cart", "query": f"q:{signal}", **values}
    return Evidence(
        id=f"ev_{signal}",
        signal=signal,
        window=WINDOW,
        summary=Phrase(word="x"),
        abnormal=told.pop("abnormal", True),
        before=Quantity(value=before, unit=unit),
        after=Quantity(value=after, unit=unit),
        **told,
    )


def series(role: str, *values: float, unit: Unit = "ratio", start: datetime = SINCE, **more: Any) -> Observation:
    points = tuple((start.timestamp() + 5 * at, value) for at, value in enumerate(values))
    told: dict[str, Any] = {"source": "p", "service": "cart", "query": f"q:{role}", **more}
    return Observation(kind="metric", role=role, unit=unit, points=points, count=len(points), window=WINDOW, **told)


def line(text: str, at: datetime = SINCE, level: str = "error", service: str = "cart") -> LogLine:
    return LogLine(at=at, service=service, level=level, message=text)


def logs(*lines: LogLine) -> Observation:
    return Observation(source="l", kind="log", service="cart", query="q:logs", window=WINDOW, lines=lines)


def span(id: str, at: datetime = SINCE, error: bool = True, service: str = "cart", peer: str = "db") -> Span:
    return Span(
        trace_id="t", span_id=id, service=service, operation="o", peer=peer, start=at, duration=0.1, error=error
    )


def traces(*spans: Span) -> Observation:
    return Observation(source="j", kind="trace", service="cart", query="q:traces", window=WINDOW, spans=spans)


BEFORE = (
    evidence("unavailable_ratio", 0.002, 0.18, "ratio"),
    evidence("error_ratio", 0.002, 0.18, "ratio"),
    evidence("latency_p95", 0.12, 2.4, "seconds"),
    evidence("traffic", 50, 48, "per_second", abnormal=False),
    evidence(
        "new_error_log", 0, 40, "count", kind="log", count=40, excerpt=("pool of 10 exhausted after 3.2s for order a1",)
    ),
    evidence("error_span", 0, 60, "count", kind="trace", count=60, peer="db"),
)
CHANGES = ({"field": "versions", "from": {"v7": 3}, "to": {"v6": 3}}, {"field": "settings.limit", "from": 1, "to": 2})
GOOD = (
    series("unavailable_ratio", 0.006, 0.006, 0.5),
    series("error_ratio", 0.008),
    series("latency_p95", 0.18, unit="seconds"),
    series("traffic", 49, unit="per_second"),
    logs(line("started", level="info"), line("another complaint")),
    traces(span("a", error=False)),
)
STATE = {"versions": {"v6": 3}, "settings": {"limit": 2}}


def look(*observations: Observation, **values: Any) -> Look:
    told: dict[str, Any] = {
        "observations": observations or GOOD,
        "since": SINCE,
        "until": UNTIL,
        "executed_at": START,
        "state_before": {"versions": {"v7": 3}, "settings": {"limit": 1}},
        "state_after": STATE,
        "changes": CHANGES,
        **values,
    }
    return Look(**told)


def compared(*observations: Observation, category: str = "bad_release", **values: Any) -> Recovery:
    return compare(values.pop("before", BEFORE), look(*observations, **values), SERVICE, category)


def signal(found: Recovery, name: str) -> RecoverySignal:
    return next(each for each in found.signals if each.name == name)


def swap(observation: Observation) -> tuple[Observation, ...]:
    """The good observations with one in place of its like."""
    kept = [o for o in GOOD if (o.kind, o.role) != (observation.kind, observation.role)]
    return (*kept, observation)


def test_six_signals_all_well() -> None:
    found = compared()
    assert found.verdict == "recovered"
    assert [each.name for each in found.signals] == [
        "unavailable_ratio",
        "latency_p95",
        "traffic",
        "error_logs",
        "error_spans",
        "state",
    ]
    assert [each.ok for each in found.signals] == [True] * 6
    assert found.seconds == 120
    errors = found.signals[0]
    assert (errors.before, errors.after) == (Quantity(value=0.18, unit="ratio"), Quantity(value=0.006, unit="ratio"))
    assert errors.query == "q:unavailable_ratio"
    state = found.signals[5]
    assert (state.text_before, state.text_after) == (
        "versions=v7:3 settings.limit=1",
        "versions=v6:3 settings.limit=2",
    )


@pytest.mark.parametrize(
    "bad, name",
    [
        (series("unavailable_ratio", 0.03), "unavailable_ratio"),
        (series("latency_p95", 0.9, unit="seconds"), "latency_p95"),
        (series("traffic", 10, unit="per_second"), "traffic"),
        (series("traffic", 400, unit="per_second"), "traffic"),
        (logs(line("pool of 10 exhausted after 9.9s for order b7")), "error_logs"),
        (traces(*(span(str(n)) for n in range(30))), "error_spans"),
    ],
)
def test_one_bad_signal_is_enough(bad: Observation, name: str) -> None:
    found = compared(*swap(bad))
    assert found.verdict == "not_recovered"
    assert [each.name for each in found.signals if each.ok is False] == [name]


def test_a_platform_that_did_not_get_there() -> None:
    found = compared(state_after={"versions": {"v6": 2, "v7": 1}, "settings": {"limit": 2}})
    assert (found.verdict, signal(found, "state").ok) == ("not_recovered", False)
    assert signal(found, "state").text_after == "versions=v6:2,v7:1 settings.limit=2"


def test_what_was_not_measured_is_neither_good_nor_bad() -> None:
    found = compared(series("unavailable_ratio", 0.001), state_after={}, changes=())
    assert found.verdict == "recovered"
    assert [each.ok for each in found.signals] == [True, None, None, None, None, None]


def test_without_the_errors_nobody_knows() -> None:
    found = compared(*(each for each in GOOD if "ratio" not in each.role))
    assert found.verdict == "unknown"
    assert compare((), look(traces(), state_after={}, changes=()), SERVICE, "bad_release").verdict == "unknown"


def test_without_the_errors_a_bad_signal_still_speaks() -> None:
    assert compared(series("latency_p95", 5.0, unit="seconds")).verdict == "not_recovered"


@pytest.mark.parametrize("category, role", [("dependency_timeout", "timeout_ratio"), ("rate_limited", "limited_ratio")])
def test_a_category_counts_its_own_ratio(category: str, role: str) -> None:
    before = (*BEFORE, evidence(role, 0.0, 0.4, "ratio"))
    assert compared(*GOOD, series(role, 0.01), before=before, category=category).verdict == "recovered"
    assert compared(*GOOD, series(role, 0.3), before=before, category=category).verdict == "not_recovered"
    assert compared(*GOOD, before=before, category=category).verdict == "unknown"
    assert compared(category=category).signals[0].name == "unavailable_ratio", "it has no ratio of its own here"


def test_only_points_of_the_window_count() -> None:
    early = series("unavailable_ratio", 0.9, 0.9, 0.9, start=START)
    found = compared(*swap(early))
    assert found.signals[0].after is None or found.signals[0].after.value != 0.9
    late = series("unavailable_ratio", 0.9, start=UNTIL + timedelta(seconds=1))
    assert signal(compared(late), "unavailable_ratio").after is None


@given(st.lists(st.floats(0, 1) | st.just(float("nan")), min_size=1, max_size=12))
def test_the_figure_is_the_median_of_the_points(values: list[float]) -> None:
    found = compared(*swap(series("unavailable_ratio", *values)))
    real = [value for value in values if value == value]
    measured = signal(found, "unavailable_ratio").after
    if not real:
        assert measured is None
        return
    assert measured is not None
    assert measured.value == median(real)
    assert signal(found, "unavailable_ratio").ok == (median(real) <= 0.02)
    assert (found.verdict == "recovered") == (median(real) <= 0.02)


def test_the_very_query_of_the_evidence_is_compared() -> None:
    other = series("unavailable_ratio", 0.9, query="by version", labels={"version": "v7"})
    assert compared(*GOOD, other).signals[0].after == Quantity(value=0.006, unit="ratio")


def test_another_service_proves_nothing() -> None:
    found = compared(series("unavailable_ratio", 0.0, service="mail"))
    assert (found.verdict, found.signals[0].after) == ("unknown", None)


def test_latency_may_also_be_near_what_it_was() -> None:
    slow = Service(name="cart", objective=Objective(latency_p95=0.1))
    for value, ok in ((0.17, True), (0.19, False)):
        found = compare(BEFORE, look(*swap(series("latency_p95", value, unit="seconds"))), slow, "bad_release")
        assert signal(found, "latency_p95").ok is ok
    nothing_promised = compare((), look(), Service(name="cart"), "bad_release")
    assert signal(nothing_promised, "latency_p95").ok is None


def test_a_surge_that_goes_on_does_not_count_against_what_was_done() -> None:
    before = [each for each in BEFORE if each.signal != "traffic"]
    surge = evidence("traffic", 50, 200, "per_second")
    found = compared(*swap(series("traffic", 210, unit="per_second")), before=(*before, surge))
    assert signal(found, "traffic").ok is True


def test_lines_before_the_window_calm_lines_and_others_lines_do_not_count() -> None:
    said = "pool of 10 exhausted after 9.9s for order b7"
    others = [line(said, at=START), line(said, level="info"), line(said, service="mail")]
    assert signal(compared(*swap(logs(*others))), "error_logs").ok is True
    wrapped = '{"level":"error","msg":"pool of 10 exhausted after 1.0s for order c3"}'
    assert signal(compared(*swap(logs(line(wrapped)))), "error_logs").ok is False


def test_of_a_surging_line_the_usual_number_may_be_left() -> None:
    before = [each for each in BEFORE if each.kind != "log"]
    surge = evidence("surging_error_log", 20, 300, "count", kind="log", count=300, excerpt=("timeout",))
    for left, ok in ((2, True), (3, False)):
        lines = [line("timeout", at=SINCE + timedelta(seconds=n)) for n in range(left)]
        found = compared(*swap(logs(*lines)), before=(*before, surge))
        assert signal(found, "error_logs").ok is ok


def test_a_span_seen_by_two_answers_counts_once_and_elsewhere_not_at_all() -> None:
    few = [span(str(n)) for n in range(2)]
    elsewhere = [span(f"x{n}", peer="mail") for n in range(50)] + [span(f"y{n}", at=START) for n in range(50)]
    found = compared(*swap(traces(*few, *few, *elsewhere)))
    spans = signal(found, "error_spans")
    assert spans.after == Quantity(value=2 / 60, unit="per_second")
    assert spans.before == Quantity(value=60 / 600, unit="per_second")


def test_lines_of_one_shape_say_the_same() -> None:
    assert shape("Order a1b2 failed after 3.2s") == shape("\x1b[31mOrder c9 failed  after 10.25s\x1b[0m")
    assert shape("order failed") != shape("order done")


def test_the_window_slides_and_never_reaches_before_the_change() -> None:
    tempo = Tempo(verify_every=10)
    assert window_start(START, START + timedelta(seconds=15), tempo) == START
    assert window_start(START, START + timedelta(seconds=100), tempo) == START + timedelta(seconds=60)


# --- verify ----------------------------------------------------------------------------------------------------------


class Silent:
    """A desk nobody looks at."""

    async def show(self, incident: str, slot: str) -> None:
        """Show nothing."""


class Watch:
    """A recovery that comes at the given look."""

    def __init__(self, recovers_at: int) -> None:
        self.timeline = FakeTimeline()
        self.timeline.create("inc_1", "default")
        self.clock = FakeClock()
        self.looks = 0
        self.recovers_at = recovers_at

    async def look(self) -> Recovery:
        self.looks += 1
        return Recovery(verdict="recovered" if self.looks >= self.recovers_at else "not_recovered", seconds=self.looks)

    async def verify(self) -> Recovery:
        journal = Journal("inc_1", 1, self.timeline, Silent(), self.clock, FakeIds())
        tempo = Tempo(verify_after=60, verify_every=30, verify_tries=4)
        return await verify(journal, self.look, tempo, "plan_1")


async def test_it_looks_until_it_is_well_and_writes_the_last_look() -> None:
    watch = Watch(recovers_at=3)
    async with asyncio.TaskGroup() as group:
        verified = group.create_task(watch.verify())
        await watch.clock.advance(59)
        assert watch.looks == 0
        await watch.clock.advance(1 + 30 + 30)
    assert verified.result().verdict == "recovered"
    assert watch.looks == 3
    entry = await watch.timeline.find("inc_1", "1/plan_1/recovery")
    assert entry is not None
    assert (entry.kind, entry.body["plan"], entry.body["recovery"]["seconds"]) == ("recovery.verified", "plan_1", 3)


async def test_it_gives_up_after_its_tries() -> None:
    watch = Watch(recovers_at=99)
    async with asyncio.TaskGroup() as group:
        verified = group.create_task(watch.verify())
        await watch.clock.advance(1000)
    assert (verified.result().verdict, watch.looks) == ("not_recovered", 4)


async def test_a_restart_goes_on_where_it_was() -> None:
    watch = Watch(recovers_at=3)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(watch.verify())
        await watch.clock.advance(100)
        first.cancel()
    assert watch.looks == 2
    async with asyncio.TaskGroup() as group:
        second = group.create_task(watch.verify())
        await watch.clock.advance(20)
    assert (second.result().verdict, watch.looks) == ("recovered", 3)


def test_warnings_count_neither_before_nor_after():
    warned = evidence("new_error_log", 0, 6, "count", kind="log", count=6, excerpt=("coupon expired",))
    warned = warned.model_copy(update={"details": {"level": "warning"}})
    alone = signal(compared(before=BEFORE), "error_logs")
    assert signal(compared(before=(*BEFORE, warned)), "error_logs") == alone
