"""Takes away from a suspect what those it depends on explain: who waits for a slow one is slow as well."""

from collections.abc import Mapping
from dataclasses import replace

from engine.diagnosis.graph import Reach
from engine.diagnosis.marks import Mark

HANDED_ON = ("latency", "errors")
"""Features that travel from callee to caller."""
MOST_EXPLAINED = 0.8


def explained(marks: Mapping[tuple[str, str], Mark], reach: Reach) -> dict[tuple[str, str], Mark]:
    """The marks, each of those that travel parted in what nobody below explains and what somebody does."""
    found = dict(marks)
    for feature in HANDED_ON:
        sizes = {service: mark.size for (service, kind), mark in marks.items() if kind == feature and mark.strength > 0}
        for service, size in sizes.items():
            below = max((sizes[name] for name in reach.below(service) if name in sizes), default=0.0)
            share = MOST_EXPLAINED * min(below / size, 1.0) if size > 0 else 0.0
            mark = marks[service, feature]
            found[service, feature] = replace(mark, strength=mark.strength * (1.0 - share))
            found[service, f"{feature}_explained"] = replace(
                mark, feature=f"{feature}_explained", strength=mark.strength * share
            )
    return found
