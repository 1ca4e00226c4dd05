"""Holds what a team itself watches against which way is worse: a queue that empties is no trouble."""

from collections.abc import Iterable, Mapping, Sequence

from engine.model import Evidence, Observation
from engine.team import Service

WORSE = {"rises": "up", "falls": "down"}

Named = tuple[str, str]
"""A service and the name of a signal of its team's own."""


def better(evidence: Iterable[Evidence], services: Mapping[str, Service]) -> frozenset[Named]:
    """The teams' own signals that moved, and moved the better way."""
    worse = {(own.name, each.name): WORSE[each.worse] for own in services.values() for each in own.signals}
    moved = [each for each in evidence if each.abnormal and each.kind == "metric"]
    return frozenset(
        name
        for each in moved
        if (name := (each.service, each.signal)) in worse and each.details.get("direction") not in (None, worse[name])
    )


def calmed(evidence: Iterable[Evidence], calm: frozenset[Named]) -> list[Evidence]:
    """The same, with these signals called usual."""
    return [
        each.model_copy(update={"abnormal": False}) if (each.service, each.signal) in calm else each
        for each in evidence
    ]


def without(seen: Sequence[Observation], calm: frozenset[Named]) -> list[Observation]:
    """What was seen but for these signals: nobody is suspected for them."""
    return [each for each in seen if (each.service, each.role) not in calm]
