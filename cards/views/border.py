"""Lets a card out: the one place where all its text is masked and bounded, so that no view can forget to."""

from dataclasses import fields, is_dataclass, replace
from functools import cache
from operator import is_
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
    for name in _names(type(shape)):  # type: ignore[arg-type]
        value = getattr(shape, name)
        if name in KEPT and not (name == "value" and isinstance(value, str)):
            continue
        cleaned = zone if name == "zone" else _cleaned(value, longest, zone)
        if cleaned is not value:
            changed[name] = cleaned
    return replace(shape, **changed) if changed else shape  # type: ignore[type-var]


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _cleaned(value: Any, longest: int, zone: str) -> Any:
    """The value without what may not go out; the very same where there is nothing of the kind, as mostly."""
    match value:
        case str():
            # Cut first, so that masking stays cheap; cut again, so that no half secret shows.
            cleaned = bounded(mask(value[: 2 * longest]), longest)
            return value if cleaned == value else cleaned
        case tuple():
            items = tuple(_cleaned(item, longest, zone) for item in value)
            return value if all(map(is_, items, value)) else items
        case _ if is_dataclass(value) and not isinstance(value, type):
            return _clean(value, zone)
        case _:
            return value
