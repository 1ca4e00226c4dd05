"""Draws a series as SVG on the server: an axis with its unit, before and after apart, deploy and onset marked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import htpy as h

from cards.model import Chart, Mark
from cards.render.drawing import plotted, visible
from cards.render.scale import value_ticks

WIDTH, HEIGHT = 640, 200
LEFT, RIGHT, TOP, BOTTOM = 60, 12, 40, 24
LABEL_ROWS = 2
"""Labels of neighbouring marks stand on rows of their own, so that they do not cover each other."""

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Frame:
    """Where a moment and a value stand in the picture."""

    start: float
    end: float
    low: float
    high: float

    def x(self, at: float) -> float:
        """The place of a moment, in units of the view box."""
        return LEFT + (at - self.start) / (self.end - self.start) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """The place of a value, in units of the view box."""
        return TOP + (self.high - value) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)


def chart(block: Chart) -> h.Element:
    """The chart as a figure with a caption; fewer than two points give the caption alone."""
    caption = h.figcaption[visible(block.title)]
    points = plotted(block.points)
    frame = _frame(points)
    if frame is None:
        return h.figure(class_="chart")[caption]
    told = _told(block, points)
    svg = h.svg(class_="chart-svg", viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=told)[
        h.title[visible(block.title)],
        h.desc[told],
        _axis(frame, block.unit),
        _marks(frame, block.marks),
        _lines(frame, points, block.split.timestamp() if block.split else None),
    ]
    return h.figure(class_="chart")[caption, svg]


def _frame(points: Points) -> Frame | None:
    if len(points) < 2 or points[-1][0] <= points[0][0]:
        return None
    ticks = value_ticks([value for _, value in points])
    return Frame(points[0][0], points[-1][0], ticks[0], ticks[-1]) if ticks else None


def _axis(frame: Frame, unit: str) -> list[h.Element]:
    drawn: list[h.Element] = []
    for share in (0.0, 0.5, 1.0):
        value = frame.low + share * (frame.high - frame.low)
        y = frame.y(value)
        drawn.append(h.line(class_="chart-grid", x1=str(LEFT), x2=str(WIDTH - RIGHT), y1=_at(y), y2=_at(y)))
        label = f"{value:.3g} {visible(unit)}".rstrip()
        drawn.append(h.text(class_="chart-label", x=str(LEFT - 6), y=_at(y + 4), text_anchor="end")[label])
    for at, anchor in ((frame.start, "start"), (frame.end, "end")):
        drawn.append(
            h.text(class_="chart-label", x=_at(frame.x(at)), y=str(HEIGHT - 6), text_anchor=anchor)[f"{_clock(at)}"]
        )
    return drawn


def _lines(frame: Frame, points: Points, split: float | None) -> list[h.Element]:
    if split is None or split <= points[0][0] or split > points[-1][0]:
        return [_line(frame, points, "chart-line chart-after")]
    before = [point for point in points if point[0] <= split]
    after = [point for point in points if point[0] >= split]
    after = after if after[:1] == before[-1:] else [*before[-1:], *after]
    x = _at(frame.x(split))
    return [
        h.line(class_="chart-split", x1=x, x2=x, y1=str(TOP), y2=str(HEIGHT - BOTTOM)),
        _line(frame, before, "chart-line chart-before"),
        _line(frame, after, "chart-line chart-after"),
    ]


def _line(frame: Frame, points: Points, style: str) -> h.Element:
    path = " ".join(f"{_at(frame.x(at))},{_at(frame.y(value))}" for at, value in points)
    return h.polyline(class_=style, points=path, fill="none")


def _marks(frame: Frame, marks: Sequence[Mark]) -> list[h.Element]:
    lines: list[h.Element] = []
    labels: list[h.Element] = []
    inside = [mark for mark in marks if frame.start <= mark.at.timestamp() <= frame.end]
    for number, mark in enumerate(inside):
        x = frame.x(mark.at.timestamp())
        y = 14 + (number % LABEL_ROWS) * 17
        late = x > WIDTH * 0.6
        place = {"x": _at(x - 4 if late else x + 4), "y": str(y), "text_anchor": "end" if late else "start"}
        style = f"chart-mark mark-{mark.tone}"
        lines.append(h.line(class_=style, x1=_at(x), x2=_at(x), y1=str(y - 8), y2=str(HEIGHT - BOTTOM)))
        label = f"{visible(mark.text)} {_clock(mark.at.timestamp())}"
        labels.append(h.text(class_=f"chart-mark-label mark-{mark.tone}", **place)[label])
    return lines + labels


def _told(block: Chart, points: Points) -> str:
    """The chart for somebody who cannot see it: first, highest and last value, and every mark with its time."""
    first, last = points[0], points[-1]
    high = max(points, key=lambda point: point[1])
    unit = visible(block.unit)
    values = " → ".join(f"{_clock(at)} {value:.3g} {unit}".rstrip() for at, value in dict.fromkeys((first, high, last)))
    marks = "; ".join(f"{visible(mark.text)} {_clock(mark.at.timestamp())}" for mark in block.marks)
    return "; ".join(part for part in (visible(block.title), values, marks) if part)


def _at(place: float) -> str:
    return f"{place:.1f}"


def _clock(at: float) -> str:
    try:
        return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S}"
    except (OverflowError, OSError, ValueError):
        return "?"
