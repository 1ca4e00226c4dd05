"""Fits the weights of the ranking to recorded incidents: a conditional logit with a Gaussian prior, by Newton's method.

Within one incident the suspects compete: the chance of each is the softmax of its score, a weighted sum of its
features. Weights stay close to what was set by hand, and never turn negative: nothing unusual speaks for others. Every
application counts the same, however many incidents it has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.evaluation.examine import Examined
from engine.diagnosis.parameters import Parameters

Floats = NDArray[np.float64]

STEPS = 60
LOOSENESS = 0.5
"""Standard deviation of a weight around the one set by hand, as a share of it…"""
LEAST_LOOSENESS = 0.1
"""…and at least."""
PER_APPLICATION = 12.0
"""How many incidents an application counts for."""
ENOUGH = 1e-6


@dataclass(frozen=True)
class Lesson:
    """One incident to learn from: the features of all suspects, which row was to blame, and how much it counts."""

    table: Floats
    truth: int
    weight: float


def fit(applications: Sequence[Sequence[Examined]], start: Parameters) -> Parameters:
    """The parameters that explain these incidents best without leaving the prior for nothing."""
    features = tuple(sorted(start.prior))
    lessons = [
        lesson
        for group in applications
        for each in group
        if (lesson := _lesson(each, features, PER_APPLICATION / max(len(group), 1))) is not None
    ]
    prior = np.array([start.prior[name] for name in features])
    precision = 1.0 / np.maximum(LOOSENESS * prior, LEAST_LOOSENESS) ** 2
    weights = _newton(lessons, prior, precision)
    fitted = {name: round(float(weight), 3) for name, weight in zip(features, weights, strict=True)}
    return start._replace(weights=fitted)


def _lesson(each: Examined, features: Sequence[str], weight: float) -> Lesson | None:
    lineup = each.sight.lineup
    truth = each.names.word(each.case.truth.service)
    if truth not in lineup.names:
        return None
    table = np.zeros((len(lineup.names), len(features)))
    column = {name: place for place, name in enumerate(features)}
    for place, name in enumerate(lineup.features):
        if name in column:
            table[:, column[name]] = lineup.table[:, place]
    return Lesson(table, lineup.names.index(truth), min(weight, 1.0))


def _newton(lessons: Sequence[Lesson], prior: Floats, precision: Floats) -> Floats:
    weights = prior.copy()
    for _ in range(STEPS):
        gradient, curvature = -precision * (weights - prior), np.diag(precision)
        for lesson in lessons:
            shares = _shares(lesson.table @ weights)
            mean = shares @ lesson.table
            gradient = gradient + lesson.weight * (lesson.table[lesson.truth] - mean)
            centred = lesson.table - mean
            curvature = curvature + lesson.weight * (centred.T * shares) @ centred
        moved = np.maximum(weights + np.linalg.solve(curvature, gradient), 0.0)
        # A weight at zero that wants to go lower is held there, so that the others find their best without it.
        moved = np.where((weights == 0.0) & (gradient < 0.0), 0.0, moved)
        if float(np.abs(moved - weights).max()) < ENOUGH:
            return moved
        weights = weights + _stride(lessons, prior, precision, weights, moved - weights) * (moved - weights)
    return weights


def _stride(lessons: Sequence[Lesson], prior: Floats, precision: Floats, weights: Floats, step: Floats) -> float:
    """How much of a step makes things better."""
    here = _likelihood(lessons, prior, precision, weights)
    for stride in (1.0, 0.5, 0.25, 0.1, 0.03):
        if _likelihood(lessons, prior, precision, weights + stride * step) >= here:
            return stride
    return 0.0


def _likelihood(lessons: Sequence[Lesson], prior: Floats, precision: Floats, weights: Floats) -> float:
    found = -0.5 * float(precision @ (weights - prior) ** 2)
    for lesson in lessons:
        found += lesson.weight * float(np.log(max(_shares(lesson.table @ weights)[lesson.truth], 1e-300)))
    return found


def _shares(scores: Floats) -> Floats:
    odds = np.exp(scores - scores.max())
    return np.asarray(odds / odds.sum(), dtype=np.float64)


def applications(groups: Mapping[str, Sequence[Examined]]) -> list[tuple[str, ...]]:
    """Systems that are the same application: most of their services have the same names."""
    names = {
        system: frozenset(each.names.real(name) for each in cases for name in each.sight.lineup.names)
        for system, cases in groups.items()
    }
    merged: list[list[str]] = []
    for system in sorted(names):
        home = next((group for group in merged if any(_alike(names[system], names[other]) for other in group)), None)
        if home is None:
            merged.append([system])
        else:
            home.append(system)
    return [tuple(group) for group in merged]


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return 2 * len(one & other) > min(len(one), len(other))
