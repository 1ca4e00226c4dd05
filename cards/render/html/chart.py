"""Draws a series as SVG on the server: what is usual and what was promised, gaps as gaps, onset and deploys numbered.

The picture stretches with the page while its letters keep their size, so that it reads on a phone as on a desk: lines
are drawn in a box without proportions, words are placed in shares of its width.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import htpy as h

from cards.model import Chart
from cards.render.course import Course, Point, course, spoken
from cards.render.drawing import visible
from cards.render.scale import tick_labels, time_labels

PLOT, FOOT, ROW = 140, 24, 22
"""Pixels: of the box with the lines, of the times below it, of a row of numbers above it."""
ROWS = 2
APART = 0.08
"""Numbers nearer than this share of the width stand in rows of their own: on a phone they would cover each other."""
LABEL, MOST_LABEL = 6.6, 100
"""Pixels a letter of a label takes, and the most that all of them may take."""
EDGE = 60
"""Pixels of the narrowest picture that a label of time needs to itself."""
NARROWEST = 260
FINE = 1000


@dataclass(frozen=True)
class Paper:
    """A chart with the rows in which the numbers of its marks stand; heights are in pixels from the top."""

    seen: Course
    rows: tuple[int, ...]

    @property
    def top(self) -> float:
        """Where the box with the lines begins."""
        return 8.0 + ROW * (max(self.rows, default=-1) + 1)

    @property
    def foot(self) -> float:
        """Where that box ends."""
        return self.top + PLOT

    @property
    def height(self) -> str:
        """The height of the whole picture."""
        return _px(self.foot + FOOT)

    def y(self, value: float) -> float:
        """Where a value stands."""
        return self.top + (1 - self.seen.up(value)) * PLOT

    def badge(self, row: int) -> float:
        """The middle of a row of numbers; the last row stands nearest to the lines."""
        return self.top - 12 - ROW * row


def chart(block: Chart) -> h.Element:
    """The chart as a figure with its caption and a legend; without a single point the caption alone."""
    caption = h.figcaption[visible(block.title)]
    seen = course(block)
    if seen is None:
        return h.figure(class_="chart")[caption]
    paper = Paper(seen, _rows(seen))
    said = visible(spoken(block, seen))
    return h.figure(class_="chart")[
        caption,
        h.div(class_="chart-body", role="img", aria_label=said)[_values(paper, visible(block.unit)), _picture(paper)],
        _legend(block, seen),
    ]


def _rows(seen: Course) -> tuple[int, ...]:
    """The row of each mark's number: the first in which it covers no other one's, else the last."""
    ends = [-1.0] * ROWS
    rows: list[int] = []
    for mark in seen.marks:
        share = seen.across(mark.at.timestamp())
        row = next((row for row, end in enumerate(ends) if share - end >= APART), ROWS - 1)
        ends[row] = share
        rows.append(row)
    return tuple(rows)


def _values(paper: Paper, unit: str) -> h.Element:
    """The axis of values, in a column of its own whose width the longest label sets; the zone of the times below."""
    labels = tick_labels(paper.seen.ticks, unit)
    width = min(round(max(len(text) for text in labels) * LABEL) + 8, MOST_LABEL)
    written = [
        h.text(class_="chart-label", x=str(width - 6), y=_px(y), text_anchor="end")[text]
        for y, text in (
            *((paper.y(value) + 4, text) for value, text in zip(paper.seen.ticks, labels, strict=True)),
            (paper.foot + FOOT - 6, paper.seen.zone_name),
        )
    ]
    return h.svg(class_="chart-axis", width=str(width), height=paper.height, aria_hidden="true")[written]


def _picture(paper: Paper) -> h.Element:
    return h.svg(class_="chart-svg", height=paper.height, aria_hidden="true")[
        list(_ground(paper)), list(_times(paper)), list(_marks(paper)), _lines(paper)
    ]


def _ground(paper: Paper) -> Iterator[h.Element]:
    """The band of what is usual, the grid, and the limit above them."""
    if paper.seen.band:
        top, bottom = paper.y(paper.seen.band.high), paper.y(paper.seen.band.low)
        spare = max(4.0 - (bottom - top), 0.0) / 2
        place = {"y": _px(top - spare), "height": _px(bottom - top + 2 * spare)}
        yield h.rect(class_="chart-band", x="0", width="100%", **place)
    for value in paper.seen.ticks:
        yield _across("chart-grid", paper.y(value))
    if paper.seen.limit:
        yield _across("chart-limit", paper.y(paper.seen.limit.value))


def _times(paper: Paper) -> Iterator[h.Element]:
    """Round moments of the day, as many as the narrowest picture has room for."""
    for at, text in time_labels(paper.seen.start, paper.seen.end, NARROWEST // EDGE, paper.seen.zone):
        share = paper.seen.across(at)
        anchor = "start" if share < 0.12 else "end" if share > 0.88 else "middle"
        place = {"x1": _share(share), "x2": _share(share), "y1": _px(paper.foot), "y2": _px(paper.foot + 4)}
        yield h.line(class_="chart-tick", **place)
        yield h.text(class_="chart-label", x=_share(share), y=_px(paper.foot + FOOT - 6), text_anchor=anchor)[text]


def _lines(paper: Paper) -> h.Element:
    """The series itself, in a box that is stretched to the picture."""
    drawn = [
        shape
        for stretches, style in ((paper.seen.before, "chart-before"), (paper.seen.after, "chart-after"))
        for stretch in stretches
        for shape in _stretch(paper.seen, stretch, style)
    ]
    box = f"0 0 {FINE} {FINE}"
    return h.svg(x="0", y=_px(paper.top), width="100%", height=str(PLOT), viewBox=box, preserveAspectRatio="none")[
        drawn
    ]


def _stretch(seen: Course, points: Sequence[Point], style: str) -> list[h.Element]:
    places = [f"{seen.across(at) * FINE:.1f},{(1 - seen.up(value)) * FINE:.1f}" for at, value in points]
    # A lone point is a line of no length with round ends: a dot that is not stretched.
    path = " ".join(places if len(places) > 1 else places * 2)
    return [h.polyline(class_=f"chart-line {style}", points=path, fill="none", vector_effect="non-scaling-stroke")]


def _marks(paper: Paper) -> Iterator[h.Element]:
    """A line for each mark, with its number above; the legend says what it is."""
    for number, (mark, row) in enumerate(zip(paper.seen.marks, paper.rows, strict=True), start=1):
        x, middle = _share(paper.seen.across(mark.at.timestamp())), paper.badge(row)
        style = f"mark-{mark.tone}"
        yield h.line(class_=f"chart-mark {style}", x1=x, x2=x, y1=_px(middle + 8), y2=_px(paper.foot))
        yield h.circle(class_=f"chart-badge {style}", cx=x, cy=_px(middle), r="9")
        yield h.text(class_="chart-number", x=x, y=_px(middle + 4), text_anchor="middle")[str(number)]


def _legend(block: Chart, seen: Course) -> h.Element | None:
    """What is usual, what was promised, what each number means."""
    marks = [
        h.li[
            h.span(class_=f"legend-number mark-{mark.tone}")[str(number)],
            " ",
            visible(mark.text),
            " ",
            h.time(datetime=mark.at.isoformat())[seen.moment(mark.at.timestamp())],
        ]
        for number, mark in enumerate(seen.marks, start=1)
    ]
    band = h.li[h.span(class_="legend-band"), " ", visible(seen.band.text)] if seen.band else None
    limit = h.li[h.span(class_="legend-limit"), " ", visible(block.limit.text)] if block.limit else None
    return h.ul(class_="chart-legend")[marks, band, limit] if marks or band or limit else None


def _across(style: str, y: float) -> h.Element:
    return h.line(class_=style, x1="0", x2="100%", y1=_px(y), y2=_px(y))


def _px(place: float) -> str:
    return f"{place:.1f}"


def _share(share: float) -> str:
    return f"{share * 100:.2f}%"
