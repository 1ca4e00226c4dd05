"""Checks that sources are sorted by what they say they tell, whatever they are called."""

from engine.ports import Tells
from handlers.telemetry import Telemetry, telemetry_of
from tests.fakes.sources import FakeQueried, FakeSource


def source(name: str, tells: Tells) -> FakeSource:
    return FakeSource(name=name, tells=tells)


def test_each_source_stands_where_it_says_it_belongs_and_in_its_order() -> None:
    probes, cluster = source("a", "state"), source("b", "cluster")
    metrics, logs, traces = source("loki", "metric"), source("c", "log"), source("d", "trace")
    changes = source("prometheus", "change")
    told = telemetry_of([changes, probes, traces, logs, cluster, metrics], 3.0)
    assert told == Telemetry(
        metrics=(metrics,),
        logs=(logs,),
        traces=(traces,),
        changes=(changes,),
        states=(probes, cluster),
        rollouts=(cluster,),
        patience=3.0,
    )


def test_context_is_no_part_of_how_a_service_does() -> None:
    assert telemetry_of([source("a", "context")], 3.0).everything == ()


def test_who_can_be_asked_by_hand_is_asked_by_hand_too() -> None:
    answering = FakeQueried(lambda query: (), "log")
    told = telemetry_of([answering, source("a", "log")], 60.0)
    assert (told.by_hand, len(told.logs), told.patience) == ((answering,), 2, 5.0)
