"""Draws a series as one line of blocks, with its marks below it, then what marks and numbers mean."""

from collections.abc import Sequence
from dataclasses import dataclass

from cards.model import Chart
from cards.render.course import Course, Point, course, told
from cards.render.scale import figure

BARS = "▁▂▃▄▅▆▇█"
WIDEST, NARROWEST = 72, 8


@dataclass(frozen=True)
class Spark:
    """`picture` are rows whose columns belong together, `notes` are sentences that may be broken."""

    picture: tuple[str, ...]
    notes: tuple[str, ...]


def spark(chart: Chart, width: int) -> Spark:
    """The chart in at most `width` columns (at least 8): a bar for the highest value of each stretch of time, nothing
    where nothing was measured; each mark by its number below."""
    seen = course(chart)
    if seen is None:
        return Spark((), ())
    if len(seen.points) < 2:
        return Spark((), (figure(seen.points[0][1], chart.unit),))
    size = max(min(width, WIDEST), NARROWEST)
    signs, legend = _marked(seen, size)
    picture = (_bars(seen, size), *((signs,) if signs else ()))
    values = [value for _, value in seen.points]
    reach = f"{figure(min(values), chart.unit)} … {figure(max(values), chart.unit)}"
    frame = f"{seen.moment(seen.start)} – {seen.moment(seen.end)} {seen.zone_name}"
    return Spark(picture, (*((legend,) if legend else ()), " · ".join((frame, reach, *told(chart, seen)))))


def _bars(seen: Course, size: int) -> str:
    """The bars, as wide as the time looked at."""
    cells: list[float | None] = [None] * size
    for stretch in (*seen.before, *seen.after):
        _fill(cells, seen, stretch)
    known = [value for _, value in seen.points]
    # An axis that leaves out the room down to zero would leave the lowest bars out as well.
    floor, top = min(seen.ticks[0], *known) if seen.ticks[0] > 0 else min(0.0, *known), max(known)
    return "".join(_bar(value, floor, top - floor) for value in cells).rstrip()


def _fill(cells: list[float | None], seen: Course, stretch: Sequence[Point]) -> None:
    """The highest value of each cell from the first of these points to the last; what lies between holds on."""
    held: float | None = None
    last = -1
    for at, value in stretch:
        place = _cell(seen, at, len(cells))
        for between in range(last + 1, place) if held is not None else ():
            cells[between] = held
        known = cells[place]
        cells[place] = value if known is None else max(known, value)
        held, last = value, place


def _cell(seen: Course, at: float, size: int) -> int:
    return min(max(int(seen.across(at) * size), 0), size - 1)


def _marked(seen: Course, size: int) -> tuple[str, str]:
    """The row of numbers, and what they stand for; of two marks at one place the later moves on."""
    signs = [" "] * size
    legend: list[str] = []
    for number, mark in enumerate(seen.marks, start=1):
        place = _cell(seen, mark.at.timestamp(), size)
        free = next((at for at in range(place, size) if signs[at] == " "), place)
        signs[free] = str(number % 10)
        legend.append(f"{number} {mark.text} {seen.moment(mark.at.timestamp())}")
    return "".join(signs).rstrip(), " · ".join(legend)


def _bar(value: float | None, floor: float, reach: float) -> str:
    if value is None:
        return " "
    share = (value - floor) / reach if reach > 0 else 0.0
    return BARS[max(0, min(int(share * len(BARS)), len(BARS) - 1))]
