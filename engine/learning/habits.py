"""Says what the habits of a team change in how the engine works; they order and tighten, and never loosen."""

from collections.abc import Iterable, Sequence

from engine.model import OperationClass
from engine.ports import Source
from engine.team import Lesson


def dry_run_first(background: Iterable[Lesson]) -> bool:
    """Whether the team wants every dry-run repeated right before execution."""
    return any(rule.get("do") == "dry_run_first" for rule in _rules(background))


def held_by(background: Iterable[Lesson], operation_class: OperationClass) -> Lesson | None:
    """The habit that holds proposals of this class until a person lifts; None where there is none."""
    for lesson in background:
        rule = lesson.rule if lesson.kind == "habit" else {}
        if rule.get("do") == "hold" and rule.get("class", operation_class) == operation_class:
            return lesson
    return None


def source_order(sources: Sequence[Source], background: Iterable[Lesson]) -> tuple[Source, ...]:
    """The sources a habit names first, then all others in their own order; nobody is left out."""
    wanted = [rule.get("source", "") for rule in _rules(background) if rule.get("do") == "look_first"]
    rank = {name: place for place, name in enumerate(dict.fromkeys(wanted))}
    return tuple(sorted(sources, key=lambda source: rank.get(source.name, len(rank))))


def _rules(background: Iterable[Lesson]) -> list[dict[str, str]]:
    return [lesson.rule for lesson in background if lesson.kind == "habit"]
