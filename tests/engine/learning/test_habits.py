"""Checks that habits order and tighten, and that nothing but a habit does so."""

from collections.abc import Sequence
from datetime import UTC, datetime

from engine.learning import habits
from engine.model import Observation, Phrase
from engine.ports import Question, Tells
from engine.team import Lesson

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


class Named:
    """A source that only has a name."""

    tells: Tells = "metric"

    def __init__(self, name: str) -> None:
        self.name = name

    async def ask(self, question: Question) -> Sequence[Observation]:
        return ()


def lesson(kind: str = "habit", **rule: str) -> Lesson:
    return Lesson.model_validate(
        {
            "id": f"les_{len(rule)}",
            "kind": kind,
            "title": Phrase(word="lesson.class.rollback"),
            "incident": "inc_1",
            "rule": {name.rstrip("_"): value for name, value in rule.items()},
            "at": NOW,
        }
    )


def test_dry_run_first() -> None:
    assert habits.dry_run_first([lesson(do="dry_run_first")])
    assert not habits.dry_run_first([lesson(do="hold"), lesson("runbook", do="dry_run_first")])
    assert not habits.dry_run_first([])


def test_held_by() -> None:
    hold = lesson(do="hold", class_="rollback")
    assert habits.held_by([hold], "rollback") is hold
    assert habits.held_by([hold], "restart") is None
    assert habits.held_by([lesson(do="hold")], "restart") is not None
    assert habits.held_by([lesson("runbook", do="hold")], "rollback") is None


def test_sources_are_asked_in_the_order_of_habit_and_none_is_left_out() -> None:
    sources = tuple(Named(name) for name in ("prometheus", "loki", "jaeger"))

    def order(*background: Lesson) -> list[str]:
        return [source.name for source in habits.source_order(sources, background)]

    assert order() == ["prometheus", "loki", "jaeger"]
    assert order(lesson(do="look_first", source="jaeger")) == ["jaeger", "prometheus", "loki"]
    both = (lesson(do="look_first", source="loki"), lesson(do="look_first", source="jaeger"))
    assert order(*both) == ["loki", "jaeger", "prometheus"]
    assert order(lesson(do="look_first", source="unknown")) == ["prometheus", "loki", "jaeger"]
