"""Tests what peers tell of a service that was never seen well: its other operations, and services of the same code."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from engine.diagnosis.marks import Mark
from engine.diagnosis.ranking_peers import peer_marks
from engine.model import LogLine, Span, Window

SPLIT = datetime(2026, 1, 1, tzinfo=UTC)
WINDOW = Window(start=SPLIT - timedelta(minutes=30), split=SPLIT, end=SPLIT + timedelta(minutes=8))
AFTER = SPLIT + timedelta(minutes=2)


def wrote(service: str, trace: str, *said: str, at: datetime = AFTER) -> list[LogLine]:
    return [LogLine(at=at, service=service, level="info", message=each, trace_id=trace) for each in said]


def call(trace: str, operation: str, at: datetime = AFTER) -> list[Span]:
    """The door calls an operation of the till."""
    root = Span(trace_id=trace, span_id="a", service="door", operation="enter", start=at, duration=0.1)
    inner = Span(
        trace_id=trace, span_id="b", parent_id="a", service="till", operation=operation, start=at, duration=0.1
    )
    return [root, inner]


def marked(lines: Sequence[LogLine], spans: Sequence[Span] = ()) -> list[Mark]:
    return list(peer_marks(lines, spans, WINDOW))


def test_an_operation_of_which_nothing_is_written_where_all_others_are_marks_its_service() -> None:
    spans = [span for n in range(6) for name in ("pay", "list") for span in call(f"{name}{n}", name)]
    lines = [line for n in range(6) for line in wrote("till", f"list{n}", "listing")]
    (mark,) = marked(lines, spans)
    assert (mark.service, mark.feature, mark.phrase.values["operation"]) == ("till", "unlike_peers", "pay")


def test_an_operation_that_is_written_of_once_or_that_nobody_else_calls_marks_nobody() -> None:
    spans = [span for n in range(6) for name in ("pay", "list") for span in call(f"{name}{n}", name)]
    lines = [line for n in range(6) for line in wrote("till", f"list{n}", "listing")]
    assert not marked([*lines, *wrote("till", "pay3", "paid")], spans)
    own = [span.model_copy(update={"parent_id": ""}) for span in spans]
    assert not marked(lines, own)


def test_a_service_that_was_seen_before_is_held_against_itself_alone() -> None:
    early = SPLIT - timedelta(minutes=1)
    spans = [span for n in range(6) for name in ("pay", "list") for span in call(f"{name}{n}", name)]
    lines = [line for n in range(6) for line in wrote("till", f"list{n}", "listing")]
    assert not marked([*lines, *wrote("till", "old", "listing", at=early)], spans)


ROUND = ("ask for seats", "seats left", "from here", "to there")


def test_a_statement_less_often_written_than_by_a_service_of_the_same_code_marks_its_service() -> None:
    lines = [line for n in range(6) for line in wrote("coach", f"c{n}", *ROUND, *ROUND)]
    lines += [line for n in range(6) for line in wrote("train", f"t{n}", *ROUND, *ROUND[:3])]
    (mark,) = marked(lines)
    assert (mark.service, mark.phrase.values["peer"], mark.phrase.values["less"]) == ("train", "coach", "to there")


def test_services_that_write_alike_or_share_little_mark_nobody() -> None:
    alike = [line for n in range(6) for name in ("coach", "train") for line in wrote(name, f"{name}{n}", *ROUND)]
    assert not marked(alike)
    apart = [line for n in range(6) for line in wrote("coach", f"c{n}", *ROUND, *ROUND)]
    own = [f"step {letter}" for letter in "vwxyzs"]
    apart += [line for n in range(6) for line in wrote("train", f"t{n}", *own, *ROUND[:3], *ROUND[:2])]
    assert not marked(apart)


def test_what_one_service_lacks_is_not_laid_to_its_twin() -> None:
    lines = [line for n in range(6) for line in wrote("coach", f"c{n}", *ROUND, *ROUND, "trip")]
    lines += [line for n in range(6) for line in wrote("train", f"t{n}", *ROUND, *ROUND[:3], "trip")]
    assert {mark.service for mark in marked(lines)} == {"train"}
