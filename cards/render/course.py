"""Prepares a chart for drawing: what of it can stand in a picture, in which frame, with which labels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from cards import moments
from cards.model import Band, Chart, Limit, Mark
from cards.render.drawing import plotted
from cards.render.scale import clock, figure, value_ticks

Point = tuple[float, float]

ALONE = 60.0
"""Seconds shown to either side of a single point."""
GAP = 3.0
"""So many usual steps without a point are a gap: nothing was measured there, and no line says otherwise."""
SHARE_OF_GAPS = 0.1
"""A series with more gaps than this share of its steps was never regular, and is drawn whole."""
NEAR = 2.0
"""A limit further from the values than so many times their reach would press them flat; it is only told."""
HIGHEST = 1e300
"""Between the highest and the lowest number there is no distance a number could say."""


@dataclass(frozen=True)
class Course:
    """A chart that can be drawn: points oldest first in the frame start…end and ticks[0]…ticks[-1], with the band, the
    limit and the marks that lie within it. `split` is a moment within the frame, or None."""

    points: tuple[Point, ...]
    start: float
    end: float
    ticks: tuple[float, ...]
    marks: tuple[Mark, ...]
    split: float | None
    band: Band | None
    limit: Limit | None
    zone: str = "UTC"

    @property
    def span(self) -> float:
        """Seconds from the left edge to the right one."""
        return self.end - self.start

    def across(self, at: float) -> float:
        """Where a moment stands between the left edge (0) and the right one (1)."""
        return (at - self.start) / (self.end - self.start)

    def up(self, value: float) -> float:
        """Where a value stands between the lower edge (0) and the upper one (1)."""
        return (value - self.ticks[0]) / (self.ticks[-1] - self.ticks[0])

    def moment(self, at: float) -> str:
        """A moment of this chart as a clock in its zone shows it."""
        return clock(at, self.span, self.zone)

    @property
    def zone_name(self) -> str:
        """How the zone of its times is named where room is short."""
        return moments.zone_name(self.start, self.zone)

    @property
    def before(self) -> list[list[Point]]:
        """The unbroken stretches before the split; none where there is no split."""
        return _stretches([each for each in self.points if self.split is not None and each[0] < self.split])

    @property
    def after(self) -> list[list[Point]]:
        """The unbroken stretches since the split, beginning where the one before it ends."""
        if self.split is None:
            return _stretches(self.points)
        late = [each for each in self.points if each[0] >= self.split]
        early = self.points[: len(self.points) - len(late)]
        return _stretches([*early[-1:], *late], self.points) if late else []


def course(chart: Chart) -> Course | None:
    """What of this chart can be drawn; None where that is nothing."""
    points = [(at, max(min(value, HIGHEST), -HIGHEST)) for at, value in plotted(chart.points)]
    if not points:
        return None
    values = [value for _, value in points]
    start = min(points[0][0], chart.start.timestamp() if chart.start else math.inf)
    end = max(points[-1][0], chart.end.timestamp() if chart.end else -math.inf)
    if end <= start:
        start, end = start - ALONE, end + ALONE
    band = chart.band if chart.band and _sound(chart.band.low, chart.band.high) else None
    extent = [*values, *((band.low, band.high) if band else ())]
    limit = chart.limit if chart.limit and _near(chart.limit.value, extent) else None
    ticks = value_ticks([*extent, *((limit.value,) if limit else ())], zero=False)
    if not ticks:
        return None
    split = chart.split.timestamp() if chart.split else start
    marks = sorted((mark for mark in chart.marks if start <= mark.at.timestamp() <= end), key=lambda mark: mark.at)
    return Course(
        tuple(points), start, end, ticks, tuple(marks), split if start < split <= end else None, band, limit, chart.zone
    )


def told(chart: Chart, seen: Course) -> list[str]:
    """What stands beside the line: what is usual, and what was promised, also where the picture does not reach it."""
    return [part.text for part in (seen.band, chart.limit) if part and part.text]


def spoken(chart: Chart, seen: Course) -> str:
    """The chart for somebody who cannot see it: first, highest and last value, what is usual, every mark."""
    high = max(seen.points, key=lambda point: point[1])
    moments = dict.fromkeys((seen.points[0], high, seen.points[-1]))
    values = " → ".join(f"{seen.moment(at)} {figure(value, chart.unit)}" for at, value in moments)
    marks = "; ".join(f"{mark.text} {seen.moment(mark.at.timestamp())}" for mark in seen.marks)
    return "; ".join(part for part in (chart.title, f"{values} ({seen.zone_name})", *told(chart, seen), marks) if part)


def _sound(low: float, high: float) -> bool:
    return -HIGHEST <= low <= high <= HIGHEST


def _near(value: float, extent: Sequence[float]) -> bool:
    low, high = min(*extent, 0.0), max(*extent, 0.0)
    reach = high - low
    return _sound(value, value) and (reach == 0 or low - NEAR * reach <= value <= high + NEAR * reach)


def _stretches(points: Sequence[Point], of: Sequence[Point] = ()) -> list[list[Point]]:
    """The points, cut where nothing was measured; what is usual is judged by all points of the series."""
    widest = _widest_step(of or points)
    stretches: list[list[Point]] = []
    for point in points:
        if stretches and point[0] - stretches[-1][-1][0] <= widest:
            stretches[-1].append(point)
        else:
            stretches.append([point])
    return stretches


def _widest_step(points: Sequence[Point]) -> float:
    steps = [later[0] - earlier[0] for earlier, later in pairwise(points)]
    if len(steps) < 2:
        return math.inf
    widest = GAP * median(steps)
    gaps = sum(step > widest for step in steps)
    return widest if gaps <= max(1, SHARE_OF_GAPS * len(steps)) and widest > 0 else math.inf
