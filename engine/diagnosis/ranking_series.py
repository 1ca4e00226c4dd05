"""Marks suspects by their series: how far each moved, held against its own spread and against what others move."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.diagnosis.marks import Mark, onsets
from engine.diagnosis.measures import what
from engine.model import Observation, Phrase, Quantity, Window

Floats = NDArray[np.float64]

SPREAD = 1.349
RELATIVE = 0.25
"""A series must move by this share of its level to count as one spread, however calm it was…"""
AMONG = 0.3
"""…and by this share of what services usually have of the same measure: three times nothing is nothing."""
FEWEST_BEFORE = 2
CLEAR = 4.0
"""From so many spreads on a point is no further away when the onset is looked for."""

_WORDS = re.compile(r"[^a-z0-9]+")

FAMILIES: tuple[tuple[str, frozenset[str]], ...] = tuple(
    (name, frozenset(words.split()))
    for name, words in (
        ("cpu", "cpu throttled throttling gc"),
        (
            "errors",
            "error errors err failed failure failures 4xx 5xx fault faults unavailable timeout timeouts oom kills "
            "denials exceptions loss dropped",
        ),
        ("latency", "latency duration rt mrt time p50 p90 p95 p99 wait delay"),
        ("memory", "mem memory heap rss"),
        ("starts", "restart restarts ready availability up replicas"),
        (
            "pressure",
            "pool queue backlog lag lock locks deadlocks threads thread connections sockets socket descriptor "
            "evictions retries disk diskio iops io fs",
        ),
        ("traffic", "traffic workload load qps rps ops request requests throughput queries invocations count"),
    )
)
"""Families of measures by the words in their names, the most telling first."""

BY_CALLER = frozenset({"client", "source", "outbound", "upstream"})
BY_CALLEE = frozenset({"server", "destination", "inbound"})
FALLS = frozenset({"success", "hit", "availability", "ready", "up", "replicas"})


@dataclass(frozen=True)
class Moved:
    """How far a series moved, in scales of its own; `rise` and `fall` are 0 and more."""

    rise: float
    fall: float
    before: float
    after: float
    onset: float


@dataclass(frozen=True)
class Row:
    """One series, ready to be judged: finite points, oldest first."""

    observation: Observation
    times: Floats
    values: Floats


def series_marks(observations: Sequence[Observation], window: Window) -> Iterator[Mark]:
    """What the series of one round say of whom they belong to; series of calls are read apart."""
    starts = onsets(window.split.timestamp(), window.end.timestamp())
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows(each for each in observations if not each.peer):
        groups[name_of(row.observation)].append(row)
    for name, group in groups.items():
        for row, found in zip(group, moves(group, starts), strict=True):
            if found is not None:
                yield from _own_marks(row, found, words_of(name))


def rows(observations: Iterable[Observation]) -> list[Row]:
    """The series among observations that have points enough to have a before."""
    series = [_row(each) for each in observations if each.kind in ("metric", "probe")]
    return [row for row in series if len(row.times) > FEWEST_BEFORE]


def words_of(name: str) -> frozenset[str]:
    """The words in a measure's name."""
    return frozenset(_WORDS.split(name.lower()))


def name_of(observation: Observation) -> str:
    """What the series of several services have in common: the metric's own name, else the role."""
    return observation.labels.get("__name__") or observation.role or observation.kind


def _row(observation: Observation) -> Row:
    points = np.array(observation.points, dtype=np.float64).reshape(-1, 2)
    points = points[np.isfinite(points).all(axis=1)]
    return Row(observation, points[:, 0], points[:, 1])


def family(words: frozenset[str]) -> str:
    """The family of a measure by the words of its name."""
    return next((name for name, known in FAMILIES if words & known), "other")


def moves(group: Sequence[Row], starts: Floats) -> list[Moved | None]:
    """How far each series of one measure moved; all of them together say how much is much."""
    usual = [float(np.abs(np.median(row.values))) for row in group if len(row.values)]
    among = AMONG * float(np.median(usual)) if len(usual) > 1 else 0.0
    return [moved(row.times, row.values, starts, among) for row in group]


def moved(times: Floats, values: Floats, starts: Floats, among: float = 0.0, fewest: int = 1) -> Moved | None:
    """How far a series moved at the onset that parts it best; None where it has no before or no after.

    `among`: how much the change must at least be; `fewest`: how many points after an onset say something."""
    splits = np.unique(np.searchsorted(times, starts))
    splits = splits[(splits >= max(FEWEST_BEFORE, fewest)) & (splits <= len(times) - fewest)]
    if not len(splits):
        return None
    split = int(splits[np.argmax(_parted(values, _scale(values[: splits[0]], among))[splits])])
    before, after = values[:split], values[split:]
    level, now = float(np.median(before)), float(np.median(after))
    apart = (now - level) / _scale(before, among)
    return Moved(max(apart, 0.0), max(-apart, 0.0), level, now, float(times[split]))


def _scale(values: Floats, among: float) -> float:
    """What counts as one spread: that of the points, but never less than a share of their level or of what is usual."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return float(max((high - low) / SPREAD, RELATIVE * abs(middle), among, 1e-9))


def _parted(values: Floats, scale: float) -> Floats:
    """How well each place parts what lies before it from the rest; no outlier counts more than a clear change."""
    total = len(values)
    clear = np.clip((values - np.median(values)) / scale, -CLEAR, CLEAR)
    sums = np.concatenate([[0.0], np.cumsum(clear - clear.mean())])
    places = np.arange(total + 1)
    return np.asarray(sums**2 / np.maximum(places * (total - places), 1), dtype=np.float64)


def _own_marks(row: Row, moved: Moved, words: frozenset[str]) -> Iterator[Mark]:
    kind = family(words)
    if words & BY_CALLER and kind in ("latency", "errors"):
        yield mark(row, row.observation.service, f"calls_{kind}", moved, moved.rise)
    elif kind == "traffic":
        yield mark(row, row.observation.service, "traffic_up", moved, moved.rise)
        yield mark(row, row.observation.service, "traffic_down", moved, moved.fall)
    elif words & FALLS:
        yield mark(row, row.observation.service, "starts" if kind == "starts" else "errors", moved, moved.fall)
    else:
        yield mark(row, row.observation.service, kind, moved, moved.rise)
        if kind == "other":
            yield mark(row, row.observation.service, "other_down", moved, moved.fall)


def mark(row: Row, service: str, feature: str, moved: Moved, strength: float) -> Mark:
    unit = row.observation.unit
    quantities = {"before": Quantity(value=moved.before, unit=unit), "after": Quantity(value=moved.after, unit=unit)}
    return Mark(
        service=service,
        feature=feature,
        strength=strength,
        phrase=Phrase(word="suspect.series", values={"what": what(row.observation), **quantities}),
        signal=row.observation.role or name_of(row.observation),
        onset=moved.onset,
        size=abs(moved.after - moved.before),
        kind=row.observation.kind,
        **quantities,
    )
