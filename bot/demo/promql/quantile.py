"""Finds quantiles in cumulative histogram buckets as Prometheus 2.42 does."""

import math

import numpy as np

from bot.demo.promql.values import Element, Floats, Vector
from bot.demo.samples import Labels


def _bound(labels: Labels) -> float | None:
    for key, value in labels:
        if key == "le":
            try:
                return float(value)
            except ValueError:
                return None
    return None


def bucket_quantile(quantile: float, bounds: list[float], counts: list[float]) -> float:
    """The `quantile` of buckets with ascending `bounds` (the last must be +Inf) and cumulative `counts`."""
    if math.isnan(quantile) or not bounds or not math.isinf(bounds[-1]) or len(bounds) < 2:
        return math.nan
    if quantile < 0 or quantile > 1:
        return -math.inf if quantile < 0 else math.inf
    grown: list[float] = []
    for count in counts:
        grown.append(max(count, grown[-1]) if grown else count)
    if grown[-1] == 0:
        return math.nan
    rank = quantile * grown[-1]
    place = next((i for i, count in enumerate(grown[:-1]) if count >= rank), len(grown) - 1)
    if place == len(grown) - 1:
        return bounds[-2]
    if place == 0 and bounds[0] <= 0:
        return bounds[0]
    start, inside = 0.0, grown[place]
    if place > 0:
        start = bounds[place - 1]
        inside -= grown[place - 1]
        rank -= grown[place - 1]
    return start + (bounds[place] - start) * (rank / inside)


def _group(vector: Vector) -> dict[Labels, list[tuple[float, Element]]]:
    groups: dict[Labels, list[tuple[float, Element]]] = {}
    for element in vector:
        bound = _bound(element.labels)
        if bound is None:
            continue
        rest = tuple(pair for pair in element.labels if pair[0] not in ("le", "__name__"))
        groups.setdefault(rest, []).append((bound, element))
    return groups


def histogram_quantile(quantiles: Floats, vector: Vector) -> Vector:
    """`histogram_quantile(q, buckets)`: one element per label set without `le`."""
    out: Vector = []
    for labels, buckets in _group(vector).items():
        buckets.sort(key=lambda pair: pair[0])
        present = np.any([element.present for _, element in buckets], axis=0)
        values = np.zeros(len(quantiles))
        for step in np.flatnonzero(present):
            here = [(bound, float(each.values[step])) for bound, each in buckets if each.present[step]]
            values[step] = bucket_quantile(float(quantiles[step]), [b for b, _ in here], [c for _, c in here])
        out.append(Element(labels, values, present))
    return out
