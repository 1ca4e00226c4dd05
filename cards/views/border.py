"""Lets a card out: the one place where all its text is masked and bounded, so that no view can forget to."""

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from cards.model import Card, Change
from cards.words import Words
from engine.masking import LONGEST, bounded, mask

KEPT = frozenset({"action", "value", "style", "tone", "state", "incident", "language", "name"})
"""Names of card fields that hold ids or fixed words of ours, which come back as they went out."""

LONGEST_CHANGE = 20_000
"""Characters of a command or document; whoever approves must see all of it, and a whole SKILL.md fits."""

Shape = TypeVar("Shape")


def across(card: Card, incident: str, words: Words) -> Card:
    """The card with its text masked and bounded, its incident and its language, and times in the reader's zone."""
    return replace(_clean(card, words.zone), incident=incident, language=words.language)


def _clean(shape: Shape, zone: str) -> Shape:
    longest = LONGEST_CHANGE if isinstance(shape, Change) else LONGEST
    changed: dict[str, Any] = {}
    for field in fields(shape):  # type: ignore[arg-type]
        value = getattr(shape, field.name)
        if field.name == "zone":
            changed[field.name] = zone
        elif field.name not in KEPT or (field.name == "value" and isinstance(value, str)):
            changed[field.name] = _cleaned(value, longest, zone)
    return replace(shape, **changed)  # type: ignore[type-var]


def _cleaned(value: Any, longest: int, zone: str) -> Any:
    match value:
        case str():
            # Cut first, so that masking stays cheap; cut again, so that no half secret shows.
            return bounded(mask(value[: 2 * longest]), longest)
        case tuple():
            return tuple(_cleaned(item, longest, zone) for item in value)
        case _ if is_dataclass(value) and not isinstance(value, type):
            return _clean(value, zone)
        case _:
            return value
