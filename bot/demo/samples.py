"""Keeps the last minutes of scraped samples, series by series, and forgets what is older."""

import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Labels = tuple[tuple[str, str], ...]

KEEP_MS = 15 * 60 * 1000
_LINE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?$")
_PAIR = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"\s*,?')
_ESCAPES = {"\\n": "\n", '\\"': '"', "\\\\": "\\"}


def labels_of(pairs: dict[str, str]) -> Labels:
    """Sort a label set into its one canonical form; empty values do not count."""
    return tuple(sorted((key, value) for key, value in pairs.items() if value != ""))


@dataclass
class Series:
    """One series: times in milliseconds since 1970, values, and marks where the series ended."""

    labels: dict[str, str]
    times: "array[int]" = field(default_factory=lambda: array("q"))
    values: "array[float]" = field(default_factory=lambda: array("d"))
    ended: "array[int]" = field(default_factory=lambda: array("b"))

    def append(self, at_ms: int, value: float, ended: bool = False) -> None:
        """Add one sample; one that is not newer than the last is dropped, as Prometheus drops it."""
        if self.times and at_ms <= self.times[-1]:
            return
        self.times.append(at_ms)
        self.values.append(value)
        self.ended.append(1 if ended else 0)

    def forget(self, before_ms: int) -> None:
        """Drop samples older than `before_ms`."""
        if not self.times or self.times[0] >= before_ms:
            return
        cut = int(np.searchsorted(np.array(self.times), before_ms))
        del self.times[:cut], self.values[:cut], self.ended[:cut]

    def all_points(self) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
        """Times, values and end marks."""
        return (
            np.array(self.times, dtype=np.int64),
            np.array(self.values, dtype=np.float64),
            np.array(self.ended, dtype=np.bool_),
        )


def parse_exposition(text: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """Read Prometheus text format into (name, labels, value); raises ValueError on a line that is none."""
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        found = _LINE.match(line)
        if found is None:
            raise ValueError(f"this line is not Prometheus text: {line[:80]!r}")
        name, inside, number = found.groups()
        labels = {
            key: re.sub(r"\\[n\"\\]", lambda hit: _ESCAPES[hit.group()], value)
            for key, value in _PAIR.findall(inside or "")
        }
        yield name, labels, float(number)


class SampleStore:
    """All series of the last fifteen minutes, found by metric name."""

    def __init__(self, keep_ms: int = KEEP_MS) -> None:
        self._by_name: dict[str, dict[Labels, Series]] = {}
        self._alive: dict[str, set[Labels]] = {}
        self._keep_ms = keep_ms

    def append(self, labels: Labels, at_ms: int, value: float, ended: bool = False) -> None:
        """Add one sample to the series with these labels (`__name__` among them)."""
        named = dict(labels)
        group = self._by_name.setdefault(named.get("__name__", ""), {})
        series = group.get(labels)
        if series is None:
            series = group[labels] = Series(named)
        series.append(at_ms, value, ended)

    def write(self, origin: str, at_ms: int, samples: Iterable[tuple[Labels, float]]) -> None:
        """Add everything one scrape or rule brought; series of `origin` that are missing now end here."""
        seen: set[Labels] = set()
        for labels, value in samples:
            seen.add(labels)
            self.append(labels, at_ms, value)
        for gone in self._alive.get(origin, set()) - seen:
            self.append(gone, at_ms, 0.0, ended=True)
        self._alive[origin] = seen

    def forget_old(self, now_ms: int) -> None:
        """Drop samples past the keeping time, and series that have none left."""
        for group in self._by_name.values():
            for labels in list(group):
                group[labels].forget(now_ms - self._keep_ms)
                if not group[labels].times:
                    del group[labels]

    def series(self, name: str | None) -> Iterator[tuple[Labels, Series]]:
        """All series of a metric, or of all metrics when `name` is None."""
        groups = [self._by_name.get(name, {})] if name is not None else list(self._by_name.values())
        for group in groups:
            yield from group.items()
