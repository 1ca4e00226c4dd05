"""Ranks services by simple methods on the metrics alone, to hold the engine's ranking against."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bot.evaluation.case import Inputs
from bot.evaluation.names import candidates, ends_of, home_of, owner_of
from bot.evaluation.scoring import Ranking

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
Score = Callable[[Floats, Floats], float]

TINY = 1e-9


def robust(before: Floats, after: Floats) -> float:
    """The furthest point after, in spreads (IQR) from the median before; what has no spread says nothing."""
    low, middle, high = np.quantile(before, [0.25, 0.5, 0.75])
    return float(np.max(np.abs(after - middle)) / (high - low)) if high > low else 0.0


def sigmas(before: Floats, after: Floats) -> float:
    """The furthest point after, in standard deviations from the mean before."""
    spread = float(before.std())
    return float(np.max(np.abs(after - before.mean())) / spread) if spread > 0 else 0.0


def change(before: Floats, after: Floats) -> float:
    """How much the mean changed, relative to the larger of both."""
    early, late = float(before.mean()), float(after.mean())
    return abs(late - early) / max(abs(early), abs(late), TINY)


METHODS: Mapping[str, Score | None] = {
    "robust scorer": robust,
    "n-sigma": sigmas,
    "largest change": change,
    "random": None,
}


def rank(inputs: Inputs, score: Score | None) -> Ranking:
    """Every candidate by the highest score of its series, split at the alert; without series all are equal."""
    best = dict.fromkeys(sorted(candidates(inputs)), 0.0)
    if score is not None and inputs.alert_time is not None:
        for name, points in _series(inputs):
            times, values = np.array(points, dtype=np.float64).reshape(-1, 2).T
            early, late = values[times < inputs.alert_time], values[times >= inputs.alert_time]
            if len(early) >= 2 and len(late) and name in best:
                best[name] = max(best[name], score(early, late))
    return sorted(best.items(), key=lambda pair: -pair[1])


def _series(inputs: Inputs) -> Sequence[tuple[str, Sequence[tuple[float, float]]]]:
    known = candidates(inputs)
    own = [(home_of(owner_of(column), known), points) for column, points in inputs.metrics.items()]
    return own + [(ends_of(column)[1], points) for column, points in inputs.edges.items()]
