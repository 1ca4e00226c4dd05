"""Draws a series as Feishu's native chart: a VChart line with its unit, what is usual, what was promised, and marks."""

from collections.abc import Iterator, Sequence
from typing import Any

from cards import moments
from cards.model import Chart, Tone
from cards.render.course import Course, Point, course, told
from cards.render.feishu.markup import plain
from cards.render.scale import shortened

Spec = dict[str, Any]
SIDES = ("rgb(143,149,158)", "rgb(36,91,219)")
"""Before and after. VChart takes any colour of CSS; Feishu's own properties would not."""
TONES: dict[Tone, str] = {
    "neutral": "rgb(100,106,115)",
    "info": "rgb(36,91,219)",
    "good": "rgb(46,161,33)",
    "warning": "rgb(222,120,2)",
    "bad": "rgb(216,57,49)",
}
BAND = SIDES[1]
TIMES: Spec = {
    "orient": "bottom",
    "type": "band",
    "label": {"autoHide": True},
}
PLACES = ("insideEndTop", "insideMiddleTop")
"""Labels of neighbouring marks stand at other heights, so that they do not cover each other."""
APART = 0.06
"""Share of the width from which they do not."""
DAY = 86_400.0
MOST_MARKS = 8
DIGITS = 4
HIGHEST = 1e300
"""Rounding the highest numbers there are would make them infinite."""


def element(charts: Sequence[Chart], most: int) -> Spec | None:
    """The chart element of one series, said in one language or several; None for fewer than two points.

    A chart has no languages of its own, and words on it would cover each other: marks have their number there, and
    `legend` says what each is.
    """
    seen = course(charts[0])
    points = thinned(seen.points, most) if seen else []
    labels = _labels([at for at, _ in points], charts[0].zone)
    if seen is None or len(set(labels)) < 2:
        return None
    divisor, unit = shortened(max(abs(tick) for tick in seen.ticks), charts[0].unit)
    values = _values(seen, [(at, value / divisor) for at, value in points], labels)
    spec: Spec = {
        "type": "line",
        "data": {"values": values},
        "xField": "t",
        "yField": "v",
        "seriesField": "s",
        # VChart hands colours out by the order in which the sides appear.
        "color": [SIDES[int(side)] for side in dict.fromkeys(value["s"] for value in values)],
        "point": {"visible": False},
        "legends": {"visible": False},
        "axes": [_unit_axis(unit, seen, divisor), TIMES | {"title": {"visible": True, "text": seen.zone_name}}],
    }
    marks = {
        "markLine": [*_limit_line(seen, divisor), *_mark_lines(seen, points, labels)],
        "markArea": _band_area(seen, divisor),
    }
    spec |= {name: some for name, some in marks.items() if some}
    return {"tag": "chart", "aspect_ratio": "16:9", "preview": True, "chart_spec": spec}


def legend(charts: Sequence[Chart]) -> list[str]:
    """What stands below the chart, once per language: what the numbers mean, what is usual, what was promised."""
    return [_legend(chart) for chart in charts]


def _legend(chart: Chart) -> str:
    seen = course(chart)
    if seen is None:
        return ""
    marks = enumerate(seen.marks[:MOST_MARKS], start=1)
    named = [f"{number} {plain(mark.text, 60)} {seen.moment(mark.at.timestamp())}" for number, mark in marks]
    return " · ".join((*named, *(plain(text, 60) for text in told(chart, seen))))


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


def _labels(shown: Sequence[float], zone: str) -> list[str]:
    form = "%H:%M:%S" if not shown or shown[-1] - shown[0] < DAY else "%m-%d %H:%M"
    if shown and shown[-1] - shown[0] > 300 * DAY:
        form = "%Y-%m-%d %H:%M"
    return [moments.axis(at, form, zone) for at in shown]


def _values(seen: Course, points: Sequence[Point], labels: Sequence[str]) -> list[Spec]:
    """One value per label: an axis of labels has no place for a second one. The last point before the split belongs to
    both sides, so that the line does not break."""
    values: dict[tuple[str, str], Spec] = {}
    joint = ""
    for (at, value), label in zip(points, labels, strict=True):
        side = "0" if seen.split is not None and at < seen.split else "1"
        if side == "1" and joint:
            values[joint, "1"] = values[joint, "0"] | {"s": "1"}
        joint = label if side == "0" else ""
        values[label, side] = {"t": label, "v": _rounded(value), "s": side}
    return list(values.values())


def _rounded(value: float) -> float:
    rounded = float(f"{max(min(value, HIGHEST), -HIGHEST):.{DIGITS}g}")
    return int(rounded) if rounded == round(rounded) and abs(rounded) < 1e15 else rounded


def _unit_axis(unit: str, seen: Course, divisor: float) -> Spec:
    """The axis of values with its unit; it reaches as far as the band and the limit do."""
    ends = {"min": _rounded(seen.ticks[0] / divisor), "max": _rounded(seen.ticks[-1] / divisor)}
    axis: Spec = {"orient": "left", "type": "linear", "zero": seen.ticks[0] <= 0} | ends
    shown = plain(unit, 16)
    return axis | {"title": {"visible": True, "text": shown}} if shown else axis


def _band_area(seen: Course, divisor: float) -> list[Spec]:
    if seen.band is None:
        return []
    return [
        {
            "y": _rounded(seen.band.low / divisor),
            "y1": _rounded(seen.band.high / divisor),
            "area": {"style": {"fill": BAND, "fillOpacity": 0.15}},
            "label": {"visible": False},
        }
    ]


def _limit_line(seen: Course, divisor: float) -> list[Spec]:
    if seen.limit is None:
        return []
    line = {"style": {"stroke": TONES["warning"], "lineWidth": 1, "lineDash": [8, 4]}}
    hidden = {"visible": False}
    return [{"y": _rounded(seen.limit.value / divisor), "line": line, "endSymbol": hidden, "label": hidden}]


def _mark_lines(seen: Course, points: Sequence[Point], labels: Sequence[str]) -> Iterator[Spec]:
    """A line for each mark, at the first point at or after its moment: the axis knows no places between its points."""
    taken = [-1.0] * len(PLACES)
    for number, mark in enumerate(seen.marks[:MOST_MARKS], start=1):
        at = mark.at.timestamp()
        if not points[0][0] <= at <= points[-1][0]:
            continue
        place = next(place for place, point in enumerate(points) if point[0] >= at)
        height = next((row for row, last in enumerate(taken) if seen.across(at) - last > APART), -1)
        taken[height] = seen.across(at)
        label = {"visible": True, "text": str(number), "position": PLACES[height]}
        yield {
            "x": labels[place],
            "line": {"style": {"stroke": TONES[mark.tone], "lineWidth": 1, "lineDash": [4, 4]}},
            "endSymbol": {"visible": False},
            "label": label | {"style": {"fill": TONES[mark.tone]}},
        }
