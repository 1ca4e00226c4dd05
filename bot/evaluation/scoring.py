"""Scores rankings and verdicts against the truth; equals share a place, so that no order of names moves the score."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot.evaluation.examine import Examined

DEPTH = 5
RESAMPLES = 2000
BINS = 5
SAME = 1e-9

Ranking = Sequence[tuple[str, float]]
"""(name, score), the highest score first."""


@dataclass(frozen=True)
class Accuracy:
    """AC@1, AC@3, AC@5 and Avg@5 with the 95 % bootstrap interval of AC@1 and Avg@5."""

    cases: int
    ac1: float
    ac3: float
    ac5: float
    avg5: float
    ac1_interval: tuple[float, float]
    avg5_interval: tuple[float, float]


@dataclass(frozen=True)
class Verdicts:
    """How verdicts stand: among all cases, and among those with at least two kinds of unusual evidence.

    coverage: share of conclusive ones · precision: share of these that blame the right one (None: there is none).
    calibration: expected gap between the confidence of the first in the ranking and how often it is right.
    """

    inconclusive: float
    coverage: float | None
    precision: float | None
    rich_cases: int
    calibration: float


@dataclass(frozen=True)
class Healthy:
    """How many healthy windows there were, and in what share of them somebody was blamed."""

    windows: int
    false_causes: float | None


@dataclass(frozen=True)
class Changes:
    """For recordings that know which commit was to blame, or that none was: in what share of cases that is what the
    first hypothesis names, and how many verdicts name another commit."""

    cases: int
    exact: float | None
    wrong: int


NO_COMMIT = "none"


def changes(examined: Sequence[Examined]) -> Changes:
    """How well changes are named."""
    known = [each for each in examined if each.case.truth.names_commit]
    if not known:
        return Changes(0, None, 0)
    right = [(each.verdict.change or NO_COMMIT) == (each.case.truth.commit or NO_COMMIT) for each in known]
    told = [each.verdict.conclusive and bool(each.verdict.change) for each in known]
    wrong = sum(conclusive and not exact for conclusive, exact in zip(told, right, strict=True))
    return Changes(len(known), sum(right) / len(known), wrong)


@dataclass(frozen=True)
class Ablation:
    """What becomes of conclusive verdicts when what they cite is taken away: how many, the share that turns
    inconclusive, and the mean confidence before and after."""

    cases: int
    inconclusive: float | None
    confidence: float | None
    confidence_after: float | None


def healthy(calm: Sequence[Examined]) -> Healthy:
    """The healthy windows of one system."""
    blamed = sum(each.verdict.conclusive for each in calm)
    return Healthy(len(calm), blamed / len(calm) if calm else None)


def ablation(pairs: Sequence[tuple[Examined, Examined]]) -> Ablation:
    """Cases with their verdict, each beside what the verdict is without its proof."""
    if not pairs:
        return Ablation(0, None, None, None)
    return Ablation(
        cases=len(pairs),
        inconclusive=sum(not after.verdict.conclusive for _, after in pairs) / len(pairs),
        confidence=sum(before.verdict.confidence for before, _ in pairs) / len(pairs),
        confidence_after=sum(after.verdict.confidence for _, after in pairs) / len(pairs),
    )


def hits(ranking: Ranking, truth: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """For k = 1 … 5 the chance that the truth is among the first k, equals being drawn in any order."""
    score = next((each for name, each in ranking if name == truth), None)
    if score is None:
        return np.zeros(DEPTH)
    above = sum(each > score + SAME for _, each in ranking)
    equal = sum(abs(each - score) <= SAME for _, each in ranking)
    return np.clip((np.arange(1, DEPTH + 1) - above) / equal, 0.0, 1.0)


def accuracy(rankings: Sequence[tuple[Ranking, str]]) -> Accuracy:
    """The accuracy of (ranking, truth) pairs."""
    table = np.array([hits(ranking, truth) for ranking, truth in rankings]).reshape(-1, DEPTH)
    if not len(table):
        return Accuracy(0, 0.0, 0.0, 0.0, 0.0, (0.0, 0.0), (0.0, 0.0))
    means = table.mean(axis=0)
    picks = np.random.default_rng(7).integers(0, len(table), (RESAMPLES, len(table)))
    return Accuracy(
        cases=len(table),
        ac1=float(means[0]),
        ac3=float(means[2]),
        ac5=float(means[4]),
        avg5=float(means.mean()),
        ac1_interval=_interval(table[:, 0][picks].mean(axis=1)),
        avg5_interval=_interval(table.mean(axis=1)[picks].mean(axis=1)),
    )


def _interval(means: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float]:
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def verdicts(examined: Sequence[Examined]) -> Verdicts:
    """The verdicts of one system's cases."""
    rich = [each for each in examined if each.kinds >= 2]
    told = [each for each in rich if each.verdict.conclusive]
    right = sum(each.is_right for each in told)
    return Verdicts(
        inconclusive=sum(not each.verdict.conclusive for each in examined) / max(len(examined), 1),
        coverage=len(told) / len(rich) if rich else None,
        precision=right / len(told) if told else None,
        rich_cases=len(rich),
        calibration=calibration([(each.ranking[0][1], right_first(each)) for each in examined if each.ranking]),
    )


def right_first(each: Examined) -> float:
    """The chance that the first of the ranking is the truth."""
    return float(hits(each.ranking, each.case.truth.service)[0])


def calibration(said: Sequence[tuple[float, float]]) -> float:
    """Expected calibration error of (confidence, how right) pairs over five bins of equal width."""
    error = 0.0
    for place in range(BINS):
        inside = [pair for pair in said if place == min(int(pair[0] * BINS), BINS - 1)]
        if inside:
            gap = abs(sum(each for each, _ in inside) - sum(right for _, right in inside))
            error += gap / len(said)
    return error
