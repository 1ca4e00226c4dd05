"""Tests that a service which stops doing what it always did within requests is found, and other requests are not."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from engine.diagnosis.graph import Reach
from engine.diagnosis.ranking_steps import step_marks
from engine.diagnosis.visits import broken, statement, visits
from engine.model import LogLine, Span, Window

START = datetime(2026, 1, 1, tzinfo=UTC)
SPLIT = START + timedelta(seconds=300)
END = START + timedelta(seconds=600)
WINDOW = Window(start=START, split=SPLIT, end=END)
ONSETS = [SPLIT.timestamp() + 30.0 * step for step in range(6)]


def line(second: float, trace: int, service: str, message: str, level: str = "info") -> LogLine:
    at = START + timedelta(seconds=second)
    return LogLine(at=at, service=service, level=level, message=message, trace_id=f"t{trace}")


def requests(fault: str, buys: float = 0.5) -> list[LogLine]:
    """One request every five seconds: door → till → vault; from second 360 on `fault` stops short."""
    found = []
    draw = random.Random(5)
    for trace in range(120):
        at, bad = trace * 5.0, trace * 5.0 >= 360
        share = 0.5 if not bad else buys
        found.append(line(at, trace, "door", "request in"))
        if draw.random() > share:
            found.append(line(at + 0.4, trace, "door", "request out"))
            continue
        found.append(line(at + 0.1, trace, "till", f"pay order {trace}"))
        found.append(line(at + 0.2, trace, "vault", "open"))
        if bad and fault == "vault":
            found.append(line(at + 0.25, trace, "till", "vault failed", "error"))
        else:
            found.append(line(at + 0.25, trace, "vault", "closed"))
            if bad and fault == "till":
                found.append(line(at + 0.3, trace, "door", "till failed", "error"))
                continue
            found.append(line(at + 0.3, trace, "till", f"paid order {trace}"))
        found.append(line(at + 0.4, trace, "door", "request out"))
    return found


def loudest(lines: Sequence[LogLine], spans: Sequence[Span] = ()) -> str:
    reach = Reach({"door": ["till"], "till": ["vault"]})
    marks = [mark for mark in step_marks(lines, spans, WINDOW, reach) if mark.feature == "steps"]
    return max(marks, key=lambda mark: mark.strength).service


def test_the_service_that_stops_short_is_found_not_its_callers() -> None:
    assert loudest(requests("vault")) == "vault"
    assert loudest(requests("till")) == "till"


def test_other_requests_are_no_fault() -> None:
    for shares in (0.05, 0.95):
        seen = visits(requests("", buys=shares), ())
        assert all(rule.strength < 3 for each in seen.values() for rule in broken(each, ONSETS))


def test_errors_that_go_away_are_no_fault() -> None:
    lines = [
        line(trace * 5.0 + part, trace, "till", message, level)
        for trace in range(120)
        for part, message, level in (
            (0.1, "pay", "info"),
            (0.2, "no stock" if trace < 72 else "paid", "error" if trace < 72 else "info"),
        )
    ]
    assert all(rule.strength < 1 for rule in broken(visits(lines, ())["till"], ONSETS))


def test_what_the_code_says_and_where_is_one_statement() -> None:
    one, other = (
        statement("12:01 INFO Pay#71 order 4711 of 3 items"),
        statement("12:09 INFO Pay#71 order 9 of 12 items"),
    )
    assert one == other
    assert one != statement("12:01 INFO Pay#77 order 4711 of 3 items")
    assert "charge.go:118" in statement("panic in services/charge.go:118")


def test_too_few_requests_say_nothing() -> None:
    lines = [line(second, second, "till", text) for second in (10, 20, 500) for text in ("pay", "paid")]
    assert broken(visits(lines, ())["till"], ONSETS) == ()
