"""Tests the ranking: what it may depend on, what it must follow, and who is named for what."""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.diagnosis import testimony
from engine.diagnosis.parameters import parameters
from engine.diagnosis.ranking import line_up, rank
from engine.model import LogLine, Observation, Span, Suspect, Window
from engine.team import Service

START = datetime(2026, 1, 1, tzinfo=UTC)
WINDOW = Window(start=START, split=START + timedelta(seconds=1200), end=START + timedelta(seconds=1680))
CALLS = {"door": ("till", "list"), "till": ("vault",), "list": (), "vault": ()}
SERVICES = {name: Service(name=name, dependencies=callees) for name, callees in CALLS.items()}
BASE = {"cpu_use": 0.2, "latency_p95": 0.1, "traffic": 40.0}


def series(
    service: str, role: str, level: float, late: float, *, peer: str = "", name: str = "", seed: int = 3
) -> Observation:
    draw = random.Random(f"{seed}/{role}/{level}")
    times = [START.timestamp() + 30.0 * step for step in range(56)]
    since = WINDOW.split.timestamp() + 180
    points = tuple((at, (late if at >= since else level) * draw.uniform(0.97, 1.03)) for at in times)
    labels = {"__name__": name} if name else {}
    return Observation(
        source="prometheus", kind="metric", service=service, peer=peer, query=f"{role} of {service}", window=WINDOW,
        role=role, labels=labels, points=points, count=len(points),
    )  # fmt: skip


def usual(**moved: Mapping[str, float]) -> list[Observation]:
    """Every service with its CPU, latency and traffic; `moved` multiplies some of a service's from the fault on."""
    return [
        series(service, role, level, level * moved.get(service, {}).get(role, 1.0))
        for service in CALLS
        for role, level in BASE.items()
    ]


def ranked(observations: list[Observation], services: Mapping[str, Service] = SERVICES) -> tuple[Suspect, ...]:
    lineup = line_up(observations, (), WINDOW, services, set(services))
    return rank(lineup, parameters())


def shares(observations: list[Observation]) -> dict[str, float]:
    return {each.service: each.probability for each in ranked(observations)}


def renamed(observations: list[Observation], names: Mapping[str, str]) -> list[Observation]:
    return [
        each.model_copy(update={"service": names[each.service], "peer": names.get(each.peer, ""), "query": each.role})
        for each in observations
    ]


def test_cpu_that_rises_names_its_service_with_the_reason() -> None:
    found = ranked(usual(vault={"cpu_use": 4.0}))
    assert found[0].service == "vault"
    assert found[0].signal == "cpu_use"
    assert found[0].reasons[0].word == "suspect.series"
    assert found[0].onset is not None
    assert abs((found[0].onset - WINDOW.split).total_seconds() - 180) <= 60


def test_a_callee_explains_why_its_callers_are_slow() -> None:
    slow = {"latency_p95": 10.0}
    assert ranked(usual(door=slow, till=slow, vault=slow))[0].service == "vault"
    assert ranked(usual(door=slow, till=slow))[0].service == "till"


def test_a_way_that_grows_names_the_callee_and_one_caller_that_waits_for_all_names_the_caller() -> None:
    def calls(*late: str) -> list[Observation]:
        return [
            series(caller, f"latency-p50-{side}", level, level + (0.5 if peer in late and side == "source" else 0.0),
                   peer=peer, name=f"latency-p50-{side}")
            for caller, peers in {"door": ("till", "list", "vault")}.items()
            for peer in peers
            for side, level in (("source", 0.02), ("destination", 0.015))
        ]  # fmt: skip

    assert ranked([*usual(), *calls("list")])[0].service == "list"
    assert ranked([*usual(), *calls("till", "list", "vault")])[0].service == "door"


def test_work_that_takes_longer_by_itself_names_its_service() -> None:
    spans = []
    for trace in range(200):
        at = START + timedelta(seconds=8.0 * trace)
        own = 0.4 if at > WINDOW.split + timedelta(seconds=120) else 0.02
        for span, parent, service, duration in (
            ("1", "", "door", own + 0.03),
            ("2", "1", "till", own + 0.01),
            ("3", "2", "vault", own),
        ):
            spans.append(
                Span(
                    trace_id=f"t{trace}",
                    span_id=span,
                    parent_id=parent,
                    service=service,
                    operation="pay",
                    start=at,
                    duration=duration,
                )
            )
    found = ranked(
        [
            *usual(),
            Observation(source="jaeger", kind="trace", service="door", query="", window=WINDOW, spans=tuple(spans)),
        ]
    )
    assert found[0].service == "vault"


def test_nothing_seen_makes_all_equal() -> None:
    assert shares([]) == dict.fromkeys(CALLS, pytest.approx(0.25))
    assert rank(line_up((), (), WINDOW, {}, ()), parameters()) == ()


def test_names_and_order_say_nothing() -> None:
    observations = usual(till={"latency_p95": 6.0, "cpu_use": 1.5}, list={"traffic": 0.3})
    expected = shares(observations)
    names = dict(zip(CALLS, ("zz", "mm", "aa", "ee"), strict=True))
    services = {
        names[name]: Service(name=names[name], dependencies=tuple(names[each] for each in callees))
        for name, callees in CALLS.items()
    }
    mixed = renamed(observations, names)
    random.Random(4).shuffle(mixed)
    found = {each.service: each.probability for each in ranked(mixed, services)}
    assert found == {names[name]: pytest.approx(share) for name, share in expected.items()}


@settings(max_examples=15, deadline=None)
@given(
    st.floats(1.0, 8.0),
    st.floats(1.1, 3.0),
    st.sampled_from(sorted(CALLS)),
    st.sampled_from(["cpu_use", "latency_p95"]),
)
def test_more_trouble_never_makes_less_suspicious(factor: float, more: float, service: str, role: str) -> None:
    less, louder = shares(usual(**{service: {role: factor}})), shares(usual(**{service: {role: factor * more}}))
    assert louder[service] >= less[service] - 1e-9


def test_probabilities_are_a_distribution() -> None:
    found = shares(usual(vault={"cpu_use": 300.0, "latency_p95": 1e6}))
    assert sum(found.values()) == pytest.approx(1.0)
    assert all(np.isfinite(share) and 0 <= share <= 1 for share in found.values())


def called(ways: Sequence[Mapping[str, float]]) -> Observation:
    """Requests at the door, twenty seconds apart from the split on, each with how long it took to whom."""
    spans = [
        Span(
            trace_id=f"t{trace}",
            span_id=span,
            parent_id=parent,
            service=service,
            operation="call",
            start=WINDOW.split + timedelta(seconds=20 * trace),
            duration=duration,
        )
        for trace, request in enumerate(ways)
        for peer, way in request.items()
        for span, parent, service, duration in (
            (f"{peer}a", "root", "door", way + 0.01),
            (f"{peer}b", f"{peer}a", peer, 0.01),
        )
    ]
    return Observation(source="jaeger", kind="trace", service="door", query="", window=WINDOW, spans=tuple(spans))


def test_a_way_far_longer_than_others_attests_a_gap_where_spans_have_no_before() -> None:
    seen = called([{"till": 0.01, "list": 0.01, "vault": 0.6}] * 12)
    marks = line_up([seen], (), WINDOW, SERVICES, set(SERVICES)).marks
    assert marks["vault", "long_way", "trace"].strength > 10
    assert marks["till", "long_way", "trace"].strength < 1


@pytest.mark.parametrize(
    "taken, attested",
    [
        ([0.01] * 7 + [0.6], True),
        ([0.01] * 7 + [0.6, 0.7], True),
        ([0.01] * 7 + [0.6, 0.01], False),
        ([0.01, 0.5] + [0.01] * 5 + [0.6], False),
        ([0.01] * 7 + [0.03], False),
        ([0.01] * 3 + [0.6], False),
    ],
)
def test_of_a_way_seldom_taken_the_last_calls_attest_a_gap_where_all_took_far_longer(
    taken: list[float], attested: bool
) -> None:
    marks = line_up([called([{"vault": way} for way in taken])], (), WINDOW, SERVICES, set(SERVICES)).marks
    assert (("vault", "long_way", "trace") in marks) is attested


def test_what_speaks_for_a_neighbour_cites_the_question_it_was_read_from() -> None:
    """Calls to the vault fail, and the till says so: both are told of the vault, and both were asked of the till."""
    calls = series("till", "dependency_error_ratio", 0.0, 0.4, peer="vault")
    at = WINDOW.split + timedelta(seconds=200)
    said = [
        LogLine(at=at + timedelta(seconds=n), service="till", level="error", message="vault refused") for n in range(60)
    ]
    seen = [
        Observation(source="loki", kind="log", service="vault", query="log of vault", window=WINDOW),
        Observation(
            source="loki", kind="log", service="till", query="log of till", window=WINDOW, lines=tuple(said), count=60
        ),
        *usual(vault={"cpu_use": 4.0, "latency_p95": 6.0}),
        calls,
    ]
    lineup = line_up(seen, (), WINDOW, SERVICES, set(CALLS))
    suspects = rank(lineup, parameters())
    assert suspects[0].service == "vault"
    told, _ = testimony.testify(lineup, suspects, parameters().weights, (), seen, WINDOW)
    queries = {each.summary.word: each.query for each in told if each.signal != "cpu_use"}
    failing = next(each for each in told if "dependency_error_ratio" in str(each.summary))
    assert (failing.service, failing.query) == ("vault", calls.query)
    assert queries["suspect.complaint"] == "log of till"
