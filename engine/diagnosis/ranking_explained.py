"""Takes away from a suspect what those it depends on explain: who waits for a slow one is slow as well."""

from dataclasses import replace

from engine.diagnosis.graph import Reach
from engine.diagnosis.marks import Mark, Marks

HANDED_ON = ("latency", "errors")
"""Features that travel from callee to caller."""
MOST_EXPLAINED = 0.8


def explained(marks: Marks, reach: Reach) -> Marks:
    """The marks, each of those that travel parted in what nobody below explains and what somebody does."""
    found = dict(marks)
    for feature in HANDED_ON:
        travelling = [mark for mark in marks.values() if mark.feature == feature and mark.strength > 0]
        sizes: dict[str, float] = {}
        for mark in travelling:
            sizes[mark.service] = max(mark.size, sizes.get(mark.service, 0.0))
        for mark in travelling:
            below = max((sizes[name] for name in reach.below(mark.service) if name in sizes), default=0.0)
            share = MOST_EXPLAINED * min(below / mark.size, 1.0) if mark.size > 0 else 0.0
            for part in _parted(mark, share):
                found[part.service, part.feature, part.kind] = part
    return found


def _parted(mark: Mark, share: float) -> tuple[Mark, Mark]:
    rest = replace(mark, strength=mark.strength * (1.0 - share))
    return rest, replace(mark, feature=f"{mark.feature}_explained", strength=mark.strength * share)
