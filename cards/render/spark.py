"""Draws a series as one line of blocks, with its deploy, its onset and its numbers."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from cards.model import Chart
from cards.render.drawing import plotted

BARS = "▁▂▃▄▅▆▇█"
WIDEST = 72


def spark(chart: Chart, width: int) -> list[str]:
    """The bars, a row of marks below them, then what the marks and the numbers mean."""
    points = plotted(chart.points)
    if len(points) < 2 or points[0][0] >= points[-1][0]:
        return [f"{_number(points[0][1])} {chart.unit}"] if points else []
    size = max(min(width, WIDEST), 8)
    start, end = points[0][0], points[-1][0]
    low, high = min(value for _, value in points), max(value for _, value in points)
    floor = min(low, 0.0)
    reach = high - floor
    cells = _cells(points, size)
    bars = "".join(_bar(value, floor, reach) for value in cells)
    rows = [bars]
    signs = [" "] * size
    legend: list[str] = []
    for number, mark in enumerate(chart.marks, start=1):
        place = round((mark.at.timestamp() - start) / (end - start) * (size - 1))
        sign = str(number % 10)
        if 0 <= place < size:
            signs[place] = sign
            legend.append(f"{sign} {mark.text} {_clock(mark.at.timestamp())}")
    if legend:
        rows += ["".join(signs).rstrip(), " · ".join(legend)]
    rows.append(f"{_clock(start)} – {_clock(end)} UTC · {_number(low)} … {_number(high)} {chart.unit}".rstrip())
    return rows


def _cells(points: Sequence[tuple[float, float]], size: int) -> list[float | None]:
    """The highest value of each slice of time; None where a slice has no point of its own."""
    start, end = points[0][0], points[-1][0]
    cells: list[float | None] = [None] * size
    for at, value in points:
        place = min(max(int((at - start) / (end - start) * size), 0), size - 1)
        known = cells[place]
        cells[place] = value if known is None else max(known, value)
    if len(points) >= size:
        return cells
    held: float | None = None
    for place, cell in enumerate(cells):
        held = held if cell is None else cell
        cells[place] = held
    return cells


def _bar(value: float | None, floor: float, reach: float) -> str:
    if value is None:
        return " "
    share = (value - floor) / reach if reach > 0 and math.isfinite(reach) else 0.0
    return BARS[min(int(share * len(BARS)), len(BARS) - 1)]


def _clock(at: float) -> str:
    try:
        return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S}"
    except (OverflowError, OSError, ValueError):
        return "?"


def _number(value: float) -> str:
    return f"{value:.3g}"
