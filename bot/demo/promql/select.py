"""Finds the series a selector names, at one moment or over a range."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import promql_parser as parser

from bot.demo.promql.values import BadQuery, CannotExecute, Element, Millis, Vector, Window
from bot.demo.samples import Labels, SampleStore, Series

LOOKBACK_MS = 5 * 60 * 1000


@dataclass(frozen=True)
class Matcher:
    """One condition on one label."""

    label: str
    accepts: Callable[[str], bool]


def _matcher(source: parser.Matcher) -> Matcher:
    wanted = source.value
    if source.op == parser.MatchOp.Equal:
        return Matcher(source.name, lambda value: value == wanted)
    if source.op == parser.MatchOp.NotEqual:
        return Matcher(source.name, lambda value: value != wanted)
    try:
        pattern = re.compile(wanted)
    except re.error as problem:
        raise BadQuery(f"error parsing regexp: {problem}") from problem
    if source.op == parser.MatchOp.Re:
        return Matcher(source.name, lambda value: pattern.fullmatch(value) is not None)
    return Matcher(source.name, lambda value: pattern.fullmatch(value) is None)


def _milliseconds(span: timedelta | None) -> int:
    return round(span.total_seconds() * 1000) if span is not None else 0


class Selection:
    """The series that a parsed selector names in a store."""

    def __init__(self, store: SampleStore, selector: parser.VectorSelector) -> None:
        if selector.at is not None:
            raise CannotExecute("the @ modifier is not supported by this server")
        if selector.matchers.or_matchers:
            raise CannotExecute("alternative matchers are not supported by this server")
        self._store = store
        self.offset_ms = _milliseconds(selector.offset)
        self._name = selector.name
        self._matchers = [_matcher(each) for each in selector.matchers.matchers]

    def series(self) -> list[tuple[Labels, Series]]:
        """All series that meet every condition."""
        return [
            (labels, series)
            for labels, series in self._store.series(self._name)
            if all(each.accepts(series.labels.get(each.label, "")) for each in self._matchers)
        ]

    def at(self, steps: Millis) -> Vector:
        """The newest sample within the look-back at each step, unless the series ended there."""
        out: Vector = []
        ends = steps - self.offset_ms
        for labels, series in self.series():
            times, values, ended = series.all_points()
            newest = np.searchsorted(times, ends, side="right") - 1
            index = np.maximum(newest, 0)
            present = (newest >= 0) & (times[index] > ends - LOOKBACK_MS) & ~ended[index]
            if present.any():
                out.append(Element(labels, np.where(present, values[index], 0.0), present))
        return out

    def over(self, span: timedelta, steps: Millis) -> list[Window]:
        """The samples within `span` before each step, both ends included, end marks left out."""
        range_ms = _milliseconds(span)
        ends = steps - self.offset_ms
        windows: list[Window] = []
        for labels, series in self.series():
            times, values, ended = series.all_points()
            if ended.any():
                times, values = times[~ended], values[~ended]
            low = np.searchsorted(times, ends - range_ms, side="left")
            high = np.searchsorted(times, ends, side="right")
            if (high > low).any():
                windows.append(Window(labels, times, values, low, high, ends, range_ms))
        return windows
