"""Says what a mark is: one thing that speaks for a suspect, how loudly, and since when."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from engine.model import EvidenceKind, Phrase, Quantity

LOUDEST = 100.0
LATEST = 0.7
STEPS = 20


@dataclass(frozen=True)
class Mark:
    """`feature` is what kind of thing it is, `strength` how far it is from usual (0: not at all, without an end)."""

    service: str
    feature: str
    strength: float
    phrase: Phrase
    signal: str = ""
    onset: float | None = None
    size: float = 0.0
    """How much it changed, in the unit of what was measured."""
    kind: EvidenceKind = "metric"
    before: Quantity | None = None
    after: Quantity | None = None

    @property
    def weight(self) -> float:
        """The strength on a scale on which ten times as much is not ten times as telling, and nothing outshouts all."""
        return float(np.log1p(min(max(self.strength, 0.0), LOUDEST)))


Marks = dict[tuple[str, str, EvidenceKind], Mark]
"""By suspect, feature and kind of evidence."""


def loudest(marks: Iterable[Mark]) -> Marks:
    """The strongest mark of each sort on each suspect."""
    best: Marks = {}
    for mark in marks:
        known = best.get((mark.service, mark.feature, mark.kind))
        if known is None or mark.strength > known.strength:
            best[mark.service, mark.feature, mark.kind] = mark
    return best


def onsets(split: float, end: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """When the trouble may have begun: from the split on, with enough left to see it."""
    return np.linspace(split, split + LATEST * max(end - split, 0.0), STEPS)
