"""Checks that one trouble told in many ways counts as one, that rare lines are cited, and that alerts say nothing."""

import pytest

from engine.diagnosis.sayings import TELLS_AN_ALERT
from tests.engine.diagnosis.scenes import Scene

POOL = (
    "Unable to acquire JDBC connection for order {n}",
    "HikariPool-1 - Connection is not available, request timed out after {n}ms",
    "checkout {n} failed: connection pool exhausted",
)


def test_one_trouble_told_in_many_ways_is_one() -> None:
    scene = Scene()
    for text in POOL:
        scene.says(text, 1)
    lines = tuple(line for each in scene.observations for line in each.lines)
    scene.observations = []
    found = [each for each in scene.add(kind="log", lines=lines, count=len(lines)).evidence() if each.abnormal]
    assert [(each.signal, each.count, "pool" in each.details["topics"]) for each in found] == [
        ("new_error_log", 3, True)
    ]
    assert len(found[0].excerpt) == 3


def test_lines_about_different_things_do_not_add_up() -> None:
    scene = Scene()
    for text in ("deadlock detected in {n}", "disk full on {n}", "token {n} expired"):
        scene.says(text, 1)
    lines = tuple(line for each in scene.observations for line in each.lines)
    scene.observations = []
    assert not [each for each in scene.add(kind="log", lines=lines, count=len(lines)).evidence() if each.abnormal]


def test_what_is_said_once_is_cited_and_not_unusual() -> None:
    found = Scene().says("1,205 queries executed for a single request", 1, level="warn").evidence()
    seldom = [each for each in found if each.signal == "log_mention"]
    assert [(each.abnormal, each.count, each.details["topics"]) for each in seldom] == [(False, 1, ["many_queries"])]


def test_what_was_said_before_is_not_cited() -> None:
    scene = Scene()
    scene.says("deadlock detected in {n}", 1)
    (told,) = scene.observations
    early = tuple(line.model_copy(update={"at": scene.moment(-9)}) for line in told.lines)
    scene.observations = [told.model_copy(update={"lines": (*early, *told.lines)})]
    assert not [each for each in scene.evidence() if each.signal == "log_mention"]


@pytest.mark.parametrize(
    "text",
    [
        "[alertmanager] FIRING P1: pool exhausted",
        "ALERT PodCrashLooping: OOMKilled",
        "Monitor: HighLatency alert fired, connection pool exhausted",
        "Monitor - threshold exceeded: deadlock detected 14/min",
        "告警触发：连接池耗尽",
    ],
)
def test_an_alert_that_stands_in_a_log_is_no_evidence(text: str) -> None:
    assert TELLS_AN_ALERT.search(text)
    assert not [each for each in Scene().says(text, 20).evidence() if each.abnormal]


@pytest.mark.parametrize("text", ["remote error: tls: alert(40)", "SSL alert number 42: handshake failure"])
def test_the_alerts_of_tls_are_none(text: str) -> None:
    assert not TELLS_AN_ALERT.search(text)
