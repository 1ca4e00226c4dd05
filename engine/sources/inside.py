"""Turns what a service's software tells of its inside into PromQL: of each role the first family that it has."""

from collections.abc import Iterator
from typing import NamedTuple

from engine.model import Unit
from engine.sources.families import Families, Family
from engine.sources.workings import EVENTS, LEVELS, PARTS, SHARES, SPEEDS

ONE_OF_MANY = ("instance", "pod", "pool", "pool_name", "name", "persistentvolumeclaim")
"""Labels of which the fullest or worst one counts: one that is exhausted hides in a mean."""
OVER = "10m"
"""Over how long single events are counted."""


class Working(NamedTuple):
    """One figure of what goes on inside: its role, its unit, and the query."""

    role: str
    unit: Unit
    query: str


def workings(known: Families, window: str) -> list[Working]:
    """What a service has of these, each role once."""
    found: dict[str, Working] = {}
    for each in (*_parts(known), *_shares(known, window), *_speeds(known, window), *_levels(known), *_events(known)):
        found.setdefault(each.role, each)
    return list(found.values())


def _parts(known: Families) -> Iterator[Working]:
    for row in PARTS:
        used, most = known.get((row.used, "")), known.get((row.most, ""))
        if used and most:
            by = _by(used, most)
            over = f"sum by ({by}) ({used.pick(row.extra)}) / sum by ({by}) ({most.pick(row.extra_most)} > 0)"
            yield Working(row.role, "ratio", f"max({over})")


def _shares(known: Families, window: str) -> Iterator[Working]:
    for row in SHARES:
        some, every = known.get((row.some, "")), known.get((row.every, ""))
        if some and every:
            top, rest = _rate(some, window, row.extra), _rate(every, window)
            yield Working(row.role, "ratio", f"{top} / ({top} + {rest})" if row.both else f"{top} / {rest}")


def _speeds(known: Families, window: str) -> Iterator[Working]:
    for row in SPEEDS:
        family = known.get((row.name, ""))
        if family and row.time:
            query = f"max(sum by ({_by(family)}) (rate({family.pick(row.extra)}[{window}])))"
            yield Working(row.role, "ratio", query)
        elif family:
            yield Working(row.role, "per_second", _rate(family, window, row.extra))


def _levels(known: Families) -> Iterator[Working]:
    for row in LEVELS:
        family = known.get((row.name, ""))
        if family:
            picked = f"{row.how}({family.pick(row.extra)})"
            yield Working(row.role, row.unit, f"{picked} - time()" if row.left else picked)


def _events(known: Families) -> Iterator[Working]:
    for row in EVENTS:
        family = known.get((row.name, ""))
        if family:
            yield Working(row.role, "count", f"sum(increase({family.pick()}[{OVER}]))")


def _rate(family: Family, window: str, extra: str = "") -> str:
    return f"sum(rate({family.pick(extra)}[{window}]))"


def _by(*families: Family) -> str:
    return ", ".join(label for label in ONE_OF_MANY if all(label in family.labels for family in families))
