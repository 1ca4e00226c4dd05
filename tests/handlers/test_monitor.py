"""Checks that the monitor card shows all of a service: figures, codes, calls, deployment, health, logs and traces."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cards.model import Findings, Prose
from engine.model import LogLine, Observation, Span
from engine.ports import Question
from engine.team import Objective, Service, Signal
from handlers.front_door import FrontDoor
from handlers.telemetry import Telemetry
from tests.fakes.sources import FakeSource
from tests.handlers.house import Scene
from tests.handlers.test_commands_team import BOTH, measured, pressable, read, word

PAYMENT = Service(
    name="payment",
    dependencies=("coupon", "mysql"),
    signals=(Signal(name="queue_depth", expression="sum(jobs)", unit="count"),),
    health_url="http://payment/health",
)
WELL = {"tries": 3, "answered": 3, "well": 3, "unwell": 0, "status": 200, "seconds": 0.02, "reason": "", "failing": []}
DOWN = WELL | {"answered": 0, "well": 0, "status": 0, "reason": "refused"}


def observed(question: Question, kind: Any, **more: Any) -> Observation:
    return Observation(source=kind, kind=kind, service="payment", query="q", window=question.window, **more)


def figures(question: Question) -> list[Observation]:
    late = question.window.split.timestamp()

    def series(role: str, value: float, **more: Any) -> Observation:
        points = tuple((late + 60.0 * n, value) for n in range(-10, 5))
        return observed(question, "metric", role=role, points=points, count=15, **more)

    return [
        *measured(question),
        series("unavailable_ratio", 0.15, unit="ratio"),
        series("timeout_ratio", 0.0, unit="ratio"),
        series("dependency_error_ratio", 0.4, unit="ratio", peer="coupon"),
        series("queue_depth", 1_200, unit="count"),
    ]


def traces(question: Question) -> list[Observation]:
    at = question.window.split + timedelta(seconds=10)

    def span(n: int, id: str, service: str, parent: str = "", **more: Any) -> Span:
        fields: dict[str, Any] = {
            "trace_id": f"t{n}",
            "span_id": id,
            "parent_id": parent,
            "service": service,
            "operation": "op",
        }
        return Span(**fields, start=at + timedelta(seconds=n), duration=0.1, **more)

    spans = [
        each
        for n in range(5)
        for each in (
            span(n, "a", "payment", error=True),
            span(n, "b", "payment", "a", peer="ledger", error=True, message="connection refused"),
        )
    ]
    return [observed(question, "trace", spans=tuple(spans), count=len(spans))]


def logs(question: Question) -> list[Observation]:
    at = question.window.split
    lines = tuple(
        LogLine(at=at + timedelta(seconds=n), service="payment", level="error", message=f"no pool after {n} ms")
        for n in range(1, 9)
    )
    return [observed(question, "log", lines=lines, count=8)]


def platform(question: Question) -> list[Observation]:
    state = {"version": "v2.3.1", "ready": 1, "desired": 4, "secret": "x", "reasons": ["CrashLoopBackOff"]}
    note = observed(question, "state", role="label_mismatch", state={"status": "nonsense", "lines": []}, count=1)
    return [observed(question, "state", state=state, count=1), note]


def checked(state: dict[str, Any]) -> FakeSource:
    def answer(question: Question) -> Sequence[Observation]:
        return [observed(question, "probe", state=state | {"certificate_until": ""}, count=1)]

    return FakeSource(answer, "probes")


def watched(language: str = "en", **sources: Any) -> Scene:
    scene = Scene(language)
    front = Service(name="front", dependencies=("payment",))
    scene.teams.teams["trade"] = scene.team.model_copy(update={"services": {"payment": PAYMENT, "front": front}})
    scene.house = replace(scene.house, telemetry=lambda team: Telemetry(**sources))
    scene.door = FrontDoor(scene.house)
    return scene


@BOTH
async def test_everything_that_is_known_of_a_service_now(language: str) -> None:
    scene = watched(
        language,
        metrics=(FakeSource(figures, "prometheus"),),
        logs=(FakeSource(logs, "loki"),),
        traces=(FakeSource(traces, "jaeger"),),
        states=(FakeSource(platform, "kubernetes"), checked(DOWN)),
    )
    answer = await scene.type("vic", "", word(language, "监控 payment", "monitor payment"))
    text, words = read(answer), scene.words
    assert answer.card is not None
    for said in (
        "15 %",
        "35/s",
        "300 ms",
        "1,200",
        "v2.3.1",
        "1/4",
        "queue_depth",
        "CrashLoopBackOff",
        "no pool after",
    ):
        assert said in text, said
    coupon = f"coupon ({words.text('vitals.failing', share='40 %')})"
    assert coupon in text
    assert f"ledger ({words.text('topology.by_traces')})" in text
    assert "mysql" in text
    assert words.text("signal.timeout_ratio") not in text
    assert "front" in text
    assert "nonsense" not in text
    assert "secret" not in text
    (found,) = [block for block in answer.card.blocks if isinstance(block, Findings)]
    assert {each.kind for each in found.findings} == {
        words.text(f"evidence_kind.{kind}") for kind in ("log", "trace", "state", "probe")
    }
    for action in ("topology", "service", "monitor"):
        assert (action, {"service": "payment"}) in pressable(answer.card)


@pytest.mark.parametrize(
    "state, verdict, tone",
    [(WELL, "well", "good"), (DOWN, "unwell", "bad"), (WELL | {"well": 0, "status": 404}, "unknown", "neutral")],
)
async def test_a_service_nobody_measures_is_judged_by_what_it_says_itself(
    state: dict[str, Any], verdict: str, tone: str
) -> None:
    scene = watched(states=(checked(state),))
    card = (await scene.type("vic", "", "monitor payment")).card
    assert card is not None
    assert card.tone == tone
    assert scene.words.text(f"monitor_card.{verdict}") in card.title


async def test_a_calm_service_is_said_to_be_calm() -> None:
    scene = watched(states=(checked(WELL),))
    text = read(await scene.type("vic", "", "monitor payment"))
    assert scene.words.text("vitals.calm", sources="probe") in text
    assert scene.words.text("vitals.sources", names="probe") in text


def promising(scene: Scene, availability: float) -> Scene:
    """The scene with a payment service that promises how available it is, and little else."""
    promise = Objective(error_ratio=0.5, availability=availability)
    services = {**scene.team.services, "payment": PAYMENT.model_copy(update={"objective": promise})}
    scene.teams.teams[scene.team.id] = scene.team.model_copy(update={"services": services})
    return scene


def steady(role: str, value: float, busier: float = 0.0) -> FakeSource:
    """A series that stays as it is; `busier`: the last ten minutes fail all, with that much traffic instead of 1."""

    def answer(question: Question) -> list[Observation]:
        end = question.window.end.timestamp()
        at = [end - 60.0 * n for n in range(60, 0, -1)]
        errors = [(moment, 1.0 if busier and end - moment <= 600 else value) for moment in at]
        traffic = [(moment, busier if end - moment <= 600 else 1.0) for moment in at]
        seen = [observed(question, "metric", role=role, points=tuple(errors), count=60, unit="ratio")]
        if busier:
            seen.append(observed(question, "metric", role="traffic", points=tuple(traffic), count=60))
        return seen

    return FakeSource(answer, "prometheus")


@BOTH
@pytest.mark.parametrize(
    "source, promised, verdict, parts",
    [
        (steady("error_ratio", 0.0005), 0.999, "well", ("99.95 %", "99.9 %", "50 %")),
        (steady("error_ratio", 0.004), 0.999, "unavailable", ("99.6 %", "99.9 %", "400 %")),
        (steady("error_ratio", 0.0, busier=5.0), 0.4, "broken", ("50 %", "40 %", "83.3 %")),
        (steady("availability", 0.9), 0.95, "unavailable", ("90 %", "95 %")),
        (steady("availability", 1.0), 0.95, "well", ("100 %", "95 %")),
    ],
)
async def test_how_available_it_is_is_held_against_what_it_promises(
    language: str, source: FakeSource, promised: float, verdict: str, parts: Sequence[str]
) -> None:
    scene = promising(watched(language, metrics=(source,), logs=(), changes=()), promised)
    card = (await scene.type("vic", "", word(language, "监控 payment", "monitor payment"))).card
    assert card is not None
    assert scene.words.text(f"monitor_card.{verdict}") in card.title
    said = [block.text for block in card.blocks if isinstance(block, Prose)]
    assert any(all(part in text for part in parts) for text in said), said
    budget = scene.words.text("monitor_card.budget", used="").partition("  ")[0][:6]
    assert any(budget in text for text in said) == (len(parts) == 3)


async def test_a_service_that_promises_no_availability_is_not_held_against_any() -> None:
    scene = promising(watched(metrics=(steady("error_ratio", 0.4),), logs=(), changes=()), 0.0)
    text = read(await scene.type("vic", "", "monitor payment"))
    assert "error budget" not in text
    assert scene.words.text("monitor_card.well") in text


async def test_without_any_source_it_is_said() -> None:
    scene = watched(states=(FakeSource(lambda question: [], "probes"),))
    assert scene.words.text("evidence_card.no_source") in read(await scene.type("vic", "", "monitor payment"))
