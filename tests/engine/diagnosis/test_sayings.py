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
    early = tuple(line.model_copy(update={"at": scene.moment(-25)}) for line in told.lines)
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


def test_what_began_before_a_late_alert_is_still_new() -> None:
    scene = Scene(before=30, after=4, fault=-10)
    assert [each.signal for each in scene.says("deadlock detected in {n}", 20).evidence() if each.abnormal] == [
        "new_error_log"
    ]
    (found,) = [each for each in scene.evidence() if each.abnormal]
    assert (found.count, found.onset) == (20, scene.moment(-10))


def test_what_is_said_now_and_then_is_not_new_because_it_came_late_once() -> None:
    scene = Scene(before=30, after=16, fault=-20)
    assert not [each for each in scene.says("deadlock detected in {n}", 4).evidence() if each.abnormal]


def test_a_burst_that_is_long_over_is_no_news() -> None:
    scene = Scene(before=30, after=4, fault=-14)
    scene.says("deadlock detected in {n}", 20)
    (told,) = scene.observations
    over = tuple(line for line in told.lines if line.level == "warn" or line.at < scene.moment(-11))
    scene.observations = [told.model_copy(update={"lines": over})]
    assert not [each for each in scene.evidence() if each.abnormal]
