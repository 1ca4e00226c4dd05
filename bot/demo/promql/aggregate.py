"""Evaluates aggregations: sum, avg, min, max, count, group, stddev, quantile, topk and bottomk."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bot.demo.promql.values import Bools, CannotExecute, Element, Floats, Vector, without_name
from bot.demo.samples import Labels

Table = NDArray[np.float64]


def _masked(table: Table, present: NDArray[np.bool_], fill: float) -> Table:
    return np.where(present, table, fill)


def _average(table: Table, present: NDArray[np.bool_]) -> Floats:
    with np.errstate(all="ignore"):
        return np.asarray(np.sum(_masked(table, present, 0.0), axis=0) / np.sum(present, axis=0), dtype=np.float64)


def _deviation(table: Table, present: NDArray[np.bool_]) -> Floats:
    mean = _average(table, present)
    return np.sqrt(_average((table - mean) ** 2, present))


AGGREGATIONS: dict[str, Callable[[Table, NDArray[np.bool_]], Floats]] = {
    "sum": lambda table, present: np.sum(_masked(table, present, 0.0), axis=0),
    "avg": _average,
    "min": lambda table, present: np.min(_masked(table, present, np.inf), axis=0),
    "max": lambda table, present: np.max(_masked(table, present, -np.inf), axis=0),
    "count": lambda table, present: np.sum(present, axis=0).astype(np.float64),
    "group": lambda table, present: np.ones(table.shape[1]),
    "stddev": _deviation,
    "stdvar": lambda table, present: _deviation(table, present) ** 2,
}


def _key(labels: Labels, by: bool, names: frozenset[str]) -> Labels:
    if by:
        return tuple(pair for pair in labels if pair[0] in names)
    return tuple(pair for pair in without_name(labels) if pair[0] not in names)


def _groups(vector: Vector, by: bool, names: frozenset[str]) -> dict[Labels, Vector]:
    groups: dict[Labels, Vector] = {}
    for element in vector:
        groups.setdefault(_key(element.labels, by, names), []).append(element)
    return groups


def _quantile(group: Vector, quantiles: Floats, present: Bools) -> Floats:
    out = np.zeros(len(present))
    for step in np.flatnonzero(present):
        here = [element.values[step] for element in group if element.present[step]]
        wanted = quantiles[step]
        if wanted < 0 or wanted > 1:
            out[step] = -np.inf if wanted < 0 else np.inf
        else:
            out[step] = np.quantile(here, wanted)
    return out


def _extremes(group: Vector, count: Floats, largest: bool) -> Vector:
    keep = [np.zeros(len(element.present), dtype=np.bool_) for element in group]
    for step in range(len(count)):
        here = [index for index, element in enumerate(group) if element.present[step]]
        here.sort(key=lambda index: float(group[index].values[step]), reverse=largest)
        for index in here[: max(int(count[step]), 0)]:
            keep[index][step] = True
    return [
        Element(element.labels, element.values, kept) for element, kept in zip(group, keep, strict=True) if kept.any()
    ]


def aggregate(operator: str, vector: Vector, by: bool, names: frozenset[str], parameter: Floats | None) -> Vector:
    """Aggregate `vector` by (or without) the label `names`; `parameter` is the k of topk or the q of quantile."""
    out: Vector = []
    for labels, group in _groups(vector, by, names).items():
        if operator in ("topk", "bottomk") and parameter is not None:
            out.extend(_extremes(group, parameter, operator == "topk"))
            continue
        mask = np.array([element.present for element in group])
        present = np.any(mask, axis=0)
        if operator == "quantile" and parameter is not None:
            out.append(Element(labels, _quantile(group, parameter, present), present))
            continue
        compute = AGGREGATIONS.get(operator)
        if compute is None:
            raise CannotExecute(f'aggregation "{operator}" is not supported by this server')
        out.append(Element(labels, compute(np.array([element.values for element in group]), mask), present))
    return out
