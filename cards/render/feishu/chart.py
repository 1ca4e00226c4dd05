"""Draws a series as Feishu's native chart: a VChart line with its unit, before and after apart, and marked moments."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from cards.model import Chart, Mark, Tone
from cards.render.drawing import plotted
from cards.render.feishu.markup import plain

Spec = dict[str, Any]
Point = tuple[float, float]
SIDES = ("rgb(143,149,158)", "rgb(36,91,219)")
"""Before and after. VChart takes any colour of CSS; Feishu's own properties would not."""
TONES: dict[Tone, str] = {
    "neutral": "rgb(100,106,115)",
    "info": "rgb(36,91,219)",
    "good": "rgb(46,161,33)",
    "warning": "rgb(222,120,2)",
    "bad": "rgb(216,57,49)",
}
PLACES = ("insideEndTop", "insideMiddleTop", "insideStartTop")
"""Labels of neighbouring marks stand at other heights, so that they do not cover each other."""
DAY = 86_400.0
MOST_MARKS = 8
DIGITS = 4
HIGHEST = 1e300
"""Rounding the highest numbers there are would make them infinite."""


def element(charts: Sequence[Chart], most: int) -> Spec | None:
    """The chart element of one series, said in one language or several; None for fewer than two points.

    A chart has no languages of its own: where two languages name a mark differently, its number stands there, and
    `legend` says what it is.
    """
    first = charts[0]
    points = thinned(plotted(first.points), most)
    labels = _labels([at for at, _ in points])
    if len(points) < 2 or len(set(labels)) < 2:
        return None
    values = _values(first, points, labels)
    return {
        "tag": "chart",
        "aspect_ratio": "16:9",
        "preview": True,
        "chart_spec": {
            "type": "line",
            "data": {"values": values},
            "xField": "t",
            "yField": "v",
            "seriesField": "s",
            # VChart hands colours out by the order in which the sides appear.
            "color": [SIDES[int(side)] for side in dict.fromkeys(value["s"] for value in values)],
            "point": {"visible": False},
            "legends": {"visible": False},
            "axes": [_unit_axis(first.unit), {"orient": "bottom", "type": "point", "label": {"autoHide": True}}],
            "markLine": [
                _mark_line(mark, points, labels) | _label(name, mark, PLACES[at % len(PLACES)])
                for at, (name, mark) in enumerate(_marks(charts, points))
            ],
        },
    }


def legend(charts: Sequence[Chart]) -> list[str]:
    """What the numbers on the chart mean, once per language; "" where its marks are named on the chart itself."""
    if _same_words(charts):
        return [""] * len(charts)
    return [
        " · ".join(f"{number} {plain(mark.text, 60)} {clock(mark.at)}" for number, mark in enumerate(some, start=1))
        for some in (chart.marks[:MOST_MARKS] for chart in charts)
    ]


def thinned(points: Sequence[Point], most: int) -> list[Point]:
    """At most `most` points: the first, the last, and of each stretch between the one furthest from its mean, so that
    a peak is not lost."""
    if len(points) <= most:
        return list(points)
    inner, count = points[1:-1], most - 2
    kept = [points[0]]
    for at in range(count):
        stretch = inner[at * len(inner) // count : (at + 1) * len(inner) // count]
        mean = sum(value / len(stretch) for _, value in stretch)
        kept.append(max(stretch, key=lambda point, mean=mean: abs(point[1] - mean)))  # type: ignore[misc]
    return [*kept, points[-1]]


def clock(at: datetime) -> str:
    """The time of day in UTC."""
    return f"{at.astimezone(UTC):%H:%M:%S}"


def _labels(moments: Sequence[float]) -> list[str]:
    form = "%H:%M:%S" if not moments or moments[-1] - moments[0] < DAY else "%m-%d %H:%M"
    if moments and moments[-1] - moments[0] > 300 * DAY:
        form = "%Y-%m-%d %H:%M"
    return [datetime.fromtimestamp(at, UTC).strftime(form) for at in moments]


def _values(chart: Chart, points: Sequence[Point], labels: Sequence[str]) -> list[Spec]:
    """One value per label: an axis of labels has no place for a second one. The last point before the split belongs to
    both sides, so that the line does not break."""
    split = chart.split.timestamp() if chart.split else points[0][0] - 1
    values: dict[tuple[str, str], Spec] = {}
    joint = ""
    for (at, value), label in zip(points, labels, strict=True):
        side = "0" if at < split else "1"
        if side == "1" and joint:
            values[joint, "1"] = values[joint, "0"] | {"s": "1"}
        joint = label if side == "0" else ""
        values[label, side] = {"t": label, "v": _rounded(value), "s": side}
    return list(values.values())


def _rounded(value: float) -> float:
    rounded = float(f"{max(min(value, HIGHEST), -HIGHEST):.{DIGITS}g}")
    return int(rounded) if rounded == round(rounded) and abs(rounded) < 1e15 else rounded


def _unit_axis(unit: str) -> Spec:
    axis: Spec = {"orient": "left", "type": "linear", "zero": True}
    shown = plain(unit, 16)
    return axis | {"title": {"visible": True, "text": shown}} if shown else axis


def _same_words(charts: Sequence[Chart]) -> bool:
    return len({tuple(mark.text for mark in chart.marks) for chart in charts}) == 1


def _marks(charts: Sequence[Chart], points: Sequence[Point]) -> list[tuple[str, Mark]]:
    """The marks within the picture, by the name that stands there."""
    same = _same_words(charts)
    named = [
        (f"{plain(mark.text, 40)} {clock(mark.at)}".strip() if same else str(number), mark)
        for number, mark in enumerate(charts[0].marks[:MOST_MARKS], start=1)
    ]
    return [(name, mark) for name, mark in named if points[0][0] <= mark.at.timestamp() <= points[-1][0]]


def _mark_line(mark: Mark, points: Sequence[Point], labels: Sequence[str]) -> Spec:
    """A line at the first point at or after the moment: the axis knows no places between its points."""
    at = next(place for place, point in enumerate(points) if point[0] >= mark.at.timestamp())
    return {
        "x": labels[at],
        "line": {"style": {"stroke": TONES[mark.tone], "lineWidth": 1, "lineDash": [4, 4]}},
        "endSymbol": {"visible": False},
    }


def _label(name: str, mark: Mark, place: str) -> Spec:
    return {"label": {"visible": True, "text": name, "position": place, "style": {"fill": TONES[mark.tone]}}}
