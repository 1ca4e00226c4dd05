"""Takes values out of JSON that anybody may have written: of the expected shape, bounded, without secrets."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from engine.cluster.quantities import quantity
from engine.masking import mask, masked

Raw = Mapping[str, Any]

LONGEST_NAME = 253
LONGEST_TEXT = 1_000
MOST = 500
"""Rows of one list that are read."""

_ADDRESS = re.compile(
    r"^(?:[a-z][a-z0-9+.-]*://)?(?:[^/@\s]*@)?([A-Za-z0-9_.-]{1,253}|\[[0-9a-fA-F:]+\])(?::(\d{1,5}))?(?:/\S*)?$"
)
_NAMES_ADDRESS = re.compile(r"(ADDR|ADDRESS|HOST|HOSTNAME|URL|URI|ENDPOINT|SERVER|SERVICE|UPSTREAM|TARGET|BROKERS?)$")
_NAMES_PORT = re.compile(r"(^|_)PORT$")


def table(value: Any) -> Raw:
    """A JSON object, or an empty one."""
    return value if isinstance(value, dict) else {}


def rows(value: Any) -> list[Raw]:
    """The objects of a JSON list."""
    return [each for each in value[:MOST] if isinstance(each, dict)] if isinstance(value, list) else []


def word(value: Any) -> str:
    """A name: bounded, on one line."""
    return " ".join(str(value).split())[:LONGEST_NAME] if isinstance(value, str | int) else ""


def words(value: Any) -> tuple[str, ...]:
    """A list of names."""
    return tuple(word(each) for each in value[:MOST]) if isinstance(value, list) else ()


def text(value: Any) -> str:
    """What somebody wrote: on one line, bounded, without secrets."""
    return masked(" ".join(value.split()), LONGEST_TEXT) if isinstance(value, str) else ""


def labels(value: Any) -> dict[str, str]:
    """A map of names to names."""
    return {word(key): word(each) for key, each in list(table(value).items())[:MOST]}


def quantities(value: Any) -> dict[str, float]:
    """A map of resources to what they come to; what is no quantity is left out."""
    read = {word(key): quantity(each) for key, each in list(table(value).items())[:MOST]}
    return {key: each for key, each in read.items() if each is not None}


def number(value: Any) -> int | None:
    """A whole number, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53 else None


def seconds(value: Any, usual: float) -> float:
    """A duration in seconds; the platform's default where none is written."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else usual


def moment(value: Any) -> datetime | None:
    """A time as Kubernetes writes it, or None."""
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def ago(value: Any, now: datetime) -> float | None:
    """How many seconds before `now` a time was; never less than none."""
    at = moment(value)
    return None if at is None else max(0.0, (now - at).total_seconds())


def address(name: str, value: Any) -> str:
    """What a variable says about an address or a port, reduced to host and port; "" for everything else, because the
    environment is where secrets live."""
    said = str(value).strip()[:LONGEST_NAME] if isinstance(value, str | int) else ""
    shown = mask(f"{name}={said}")
    if shown != f"{name}={said}" and "://" not in said:
        return ""
    found = _ADDRESS.match(said)
    if found is None:
        return ""
    host, port = found[1], found[2] or ""
    if _NAMES_PORT.search(name.upper()) and host.isdigit():
        return host
    if port and not host.isdigit():
        return f"{host}:{port}"
    return host if _NAMES_ADDRESS.search(name.upper()) and not host.isdigit() else ""
