"""Holds how available a service was against what it promises, and says how much of its error budget that took."""

from dataclasses import dataclass
from typing import Literal

from cards.words import Words
from engine.model import Observation, Quantity, Window


@dataclass(frozen=True)
class Availability:
    """The share of requests that succeeded, or of instances that answered where nobody counts requests; 0…1 like what
    is promised."""

    share: float
    promised: float
    of: Literal["requests", "instances"]

    @property
    def kept(self) -> bool:
        """Whether the promise held over the time that was measured."""
        return self.share >= self.promised

    @property
    def used(self) -> float | None:
        """How much of the error budget of that time was used: 1 is all. None where there is none, or nobody counts
        requests."""
        if self.of != "requests" or self.promised >= 1:
            return None
        return (1 - self.share) / (1 - self.promised)


def availability(
    promised: float, errors: Observation | None, traffic: Observation | None, instances: Observation | None
) -> Availability | None:
    """How available a service was; None where it promises nothing of the kind, or nothing of it was measured."""
    if not promised:
        return None
    if errors is not None:
        return Availability(1 - _mean(errors, traffic), promised, "requests")
    return Availability(_mean(instances), promised, "instances") if instances is not None else None


def _mean(series: Observation, weights: Observation | None = None) -> float:
    """The mean of a series; where there is another with the same moments, its figures say how much each counts."""
    known = dict(weights.points) if weights else {}
    counted = [(value, known.get(at, 1.0 if not known else 0.0)) for at, value in series.points]
    total = sum(weight for _, weight in counted)
    if not total:
        return sum(value for value, _ in counted) / len(counted)
    return sum(value * weight for value, weight in counted) / total


def told(found: Availability, window: Window, words: Words) -> str:
    """The sentence: how available, over which time, above or below what is promised; and the budget, if computed."""
    said = words.text(
        f"monitor_card.{found.of}_{'above' if found.kept else 'below'}",
        share=Quantity(value=found.share, unit="ratio"),
        promised=Quantity(value=found.promised, unit="ratio"),
        window=words.duration((window.end - window.start).total_seconds()),
    )
    if found.used is None:
        return said
    used = Quantity(value=found.used, unit="ratio")
    return words.text("list.space").join((said, words.text("monitor_card.budget", used=used)))
