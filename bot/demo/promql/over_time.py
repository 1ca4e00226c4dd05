"""Evaluates functions over ranges: rates with Prometheus' extrapolation, and *_over_time."""

from collections.abc import Callable

import numpy as np

from bot.demo.promql.values import Element, Floats, Vector, Window, merge, without_name


def _extrapolated(window: Window, is_counter: bool, is_rate: bool) -> Element:
    count = window.high - window.low
    present = count >= 2
    if not present.any():
        return Element(without_name(window.labels), np.zeros(len(count)), present)
    first = np.where(present, window.low, 0)
    last = np.where(present, window.high - 1, 1 if len(window.times) > 1 else 0)
    values = window.values
    result = values[last] - values[first]
    if is_counter:
        drops = np.zeros(len(values))
        drops[1:] = np.where(values[1:] < values[:-1], values[:-1], 0.0)
        lost = np.cumsum(drops)
        result = result + lost[last] - lost[first]
    sampled = (window.times[last] - window.times[first]) / 1000.0
    to_start = (window.times[first] - (window.ends - window.range_ms)) / 1000.0
    to_end = (window.ends - window.times[last]) / 1000.0
    with np.errstate(divide="ignore", invalid="ignore"):
        spacing = sampled / np.maximum(count - 1, 1)
        if is_counter:
            to_zero = sampled * (values[first] / result)
            reaches_zero = (result > 0) & (values[first] >= 0) & (to_zero < to_start)
            to_start = np.where(reaches_zero, to_zero, to_start)
        threshold = spacing * 1.1
        covered = sampled + np.where(to_start < threshold, to_start, spacing / 2)
        covered = covered + np.where(to_end < threshold, to_end, spacing / 2)
        factor = covered / sampled
        if is_rate:
            factor = factor / (window.range_ms / 1000.0)
        result = np.where(present, result * factor, 0.0)
    return Element(without_name(window.labels), result, present)


def _last_two(window: Window, is_rate: bool) -> Element:
    present = (window.high - window.low) >= 2
    values, times = window.values, window.times
    out = np.zeros(len(present))
    for step in np.flatnonzero(present):
        newest = window.high[step] - 1
        change = values[newest] - values[newest - 1]
        if is_rate:
            if values[newest] < values[newest - 1]:
                change = values[newest]
            change = change / ((times[newest] - times[newest - 1]) / 1000.0)
        out[step] = change
    return Element(without_name(window.labels), out, present)


def _each(window: Window, summarise: Callable[[Floats], float], keep_name: bool = False) -> Element:
    present = window.high > window.low
    out = np.zeros(len(present))
    for step in np.flatnonzero(present):
        out[step] = summarise(window.values[window.low[step] : window.high[step]])
    return Element(window.labels if keep_name else without_name(window.labels), out, present)


def _resets(values: Floats) -> float:
    return float(np.sum(values[1:] < values[:-1]))


def _changes(values: Floats) -> float:
    return float(np.sum(values[1:] != values[:-1]))


def _newest(values: Floats) -> float:
    return float(values[-1])


def _mean(values: Floats) -> float:
    return float(np.mean(values))


def _smallest(values: Floats) -> float:
    return float(np.nanmin(values))


def _largest(values: Floats) -> float:
    return float(np.nanmax(values))


def _total(values: Floats) -> float:
    return float(np.sum(values))


def _size(values: Floats) -> float:
    return float(len(values))


def _spread(values: Floats) -> float:
    return float(np.std(values))


OVER_RANGE: dict[str, Callable[[Window], Element]] = {
    "rate": lambda window: _extrapolated(window, is_counter=True, is_rate=True),
    "increase": lambda window: _extrapolated(window, is_counter=True, is_rate=False),
    "delta": lambda window: _extrapolated(window, is_counter=False, is_rate=False),
    "irate": lambda window: _last_two(window, is_rate=True),
    "idelta": lambda window: _last_two(window, is_rate=False),
    "avg_over_time": lambda window: _each(window, _mean),
    "min_over_time": lambda window: _each(window, _smallest),
    "max_over_time": lambda window: _each(window, _largest),
    "sum_over_time": lambda window: _each(window, _total),
    "count_over_time": lambda window: _each(window, _size),
    "stddev_over_time": lambda window: _each(window, _spread),
    "last_over_time": lambda window: _each(window, _newest, keep_name=True),
    "resets": lambda window: _each(window, _resets),
    "changes": lambda window: _each(window, _changes),
}


def over_range(function: str, windows: list[Window]) -> Vector:
    """Apply a function of `OVER_RANGE` to every series."""
    apply = OVER_RANGE[function]
    return merge([apply(window) for window in windows])
