"""Writes a card as plain JSON values and reads it back, so that a room can keep what it showed."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from cards.model import (
    Addressee,
    Ask,
    Band,
    Button,
    Buttons,
    Card,
    Change,
    Chart,
    Facts,
    Field,
    Finding,
    Findings,
    Fold,
    Limit,
    Link,
    Log,
    Mark,
    Prose,
    Step,
    Steps,
    Table,
)

NAMED: dict[str, type[Any]] = {
    "prose": Prose,
    "facts": Facts,
    "steps": Steps,
    "findings": Findings,
    "table": Table,
    "chart": Chart,
    "log": Log,
    "change": Change,
    "buttons": Buttons,
    "ask": Ask,
    "fold": Fold,
    "button": Button,
    "link": Link,
}
"""The names under which blocks, buttons and links stand in JSON, in `block`."""

NAMES = {kind: name for name, kind in NAMED.items()}
PARTS: dict[str, type[Any]] = {"steps": Step, "findings": Finding, "marks": Mark, "fields": Field, "to": Addressee}
"""Fields whose items are always of one shape and therefore carry no name."""
SINGLE: dict[str, type[Any]] = {"band": Band, "limit": Limit}
"""Fields that hold one value of one shape, or none."""
MIXED = frozenset({"blocks", "buttons"})
MOMENTS = frozenset({"at", "split", "until", "start", "end"})


def encode(card: Card) -> dict[str, Any]:
    """The card as JSON values."""
    return _plain(card)


def decode(body: Mapping[str, Any]) -> Card:
    """The card those values were made of. Fields nobody knows are ignored; ValueError for a block nobody knows."""
    return _shaped(Card, body)  # type: ignore[no-any-return]


def _plain(shape: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"block": NAMES[type(shape)]} if type(shape) in NAMES else {}
    return body | {field.name: _value(getattr(shape, field.name)) for field in fields(shape)}


def _value(value: Any) -> Any:
    match value:
        case tuple():
            return [_value(item) for item in value]
        case datetime():
            return value.isoformat()
        case dict():
            return dict(value)
        case _ if is_dataclass(value):
            return _plain(value)
        case _:
            return value


def _shaped(kind: type[Any], body: Mapping[str, Any]) -> Any:
    known = {field.name for field in fields(kind)}
    return kind(**{name: _read(name, value) for name, value in body.items() if name in known})


def _read(name: str, value: Any) -> Any:
    if name in MOMENTS and isinstance(value, str):
        return datetime.fromisoformat(value)
    if isinstance(value, dict):
        return _shaped(SINGLE[name], value) if name in SINGLE else dict(value)
    if not isinstance(value, list):
        return value
    if name in MIXED:
        return tuple(_named(item) for item in value)
    if name in PARTS:
        return tuple(_shaped(PARTS[name], item) for item in value)
    return _tuples(value)


def _named(body: Mapping[str, Any]) -> Any:
    kind = NAMED.get(str(body.get("block")))
    if kind is None:
        raise ValueError(f"A card holds a block nobody knows: {body.get('block')!r}.")
    return _shaped(kind, body)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value
