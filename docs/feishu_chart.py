"""Draws the line chart of a Feishu card as SVG: its sides, what is usual, what was promised, and numbered marks."""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any

Json = Mapping[str, Any]

WIDE, HIGH = 660, 250
LEFT, TOP, RIGHT, BOTTOM = 50, 22, 650, 212
ROWS = 5
TIMES = 6
"""How many moments stand below a chart."""
LABEL_TOP = {"insideEndTop": TOP + 12, "insideMiddleTop": (TOP + BOTTOM) / 2}
GREY = "#8f959e"


def svg(spec: Json) -> str:
    """The chart of this specification."""
    values: Sequence[Json] = spec["data"]["values"]
    moments = list(dict.fromkeys(value["t"] for value in values))
    upright, level = spec["axes"]
    plot = Plot(moments, upright["min"], upright["max"])
    parts = [
        *plot.grid(),
        *(plot.area(area) for area in spec.get("markArea", ())),
        *plot.sides(values, spec["color"]),
        *(plot.mark(mark) for mark in spec.get("markLine", ())),
        _words(LEFT, 12, upright.get("title", {}).get("text", "")),
        _words(RIGHT, 12, level["title"]["text"], "end"),
    ]
    return f'<svg viewBox="0 0 {WIDE} {HIGH}" width="100%" font-size="12">{"".join(parts)}</svg>'


class Plot:
    """Where values and moments stand."""

    def __init__(self, moments: Sequence[str], low: float, high: float) -> None:
        self._moments, self._low, self._high = moments, low, high
        self._place = {moment: at for at, moment in enumerate(moments)}

    def x(self, moment: str) -> float:
        return LEFT + (RIGHT - LEFT) * (self._place[moment] + 0.5) / len(self._moments)

    def y(self, value: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * (value - self._low) / ((self._high - self._low) or 1)

    def grid(self) -> list[str]:
        """The lines across with their values, and some moments below."""
        drawn: list[str] = []
        for row in range(ROWS + 1):
            value = self._low + (self._high - self._low) * row / ROWS
            drawn.append(_line(LEFT, self.y(value), RIGHT, self.y(value), "#e3e6ea"))
            drawn.append(_words(LEFT - 6, self.y(value) + 4, f"{value:g}", "end"))
        shown = self._moments[:: max(len(self._moments) // TIMES, 1)]
        return drawn + [_words(self.x(moment), BOTTOM + 18, moment, "middle") for moment in shown]

    def area(self, area: Json) -> str:
        """A band across; at least as high as a line."""
        top, bottom, style = self.y(area["y1"]), self.y(area["y"]), area["area"]["style"]
        return (
            f'<rect x="{LEFT}" y="{top:.1f}" width="{RIGHT - LEFT}" height="{max(bottom - top, 1):.1f}"'
            f' fill="{escape(style["fill"])}" fill-opacity="{style["fillOpacity"]}"/>'
        )

    def sides(self, values: Sequence[Json], colors: Sequence[str]) -> list[str]:
        """A line for each side, in the order in which they appear."""
        drawn: list[str] = []
        for (_, some), color in zip(groupby(values, lambda value: value["s"]), colors, strict=True):
            points = " ".join(f"{self.x(value['t']):.1f},{self.y(value['v']):.1f}" for value in some)
            drawn.append(f'<polyline points="{points}" fill="none" stroke="{escape(color)}" stroke-width="2"/>')
        return drawn

    def mark(self, mark: Json) -> str:
        """A line across for what was promised, or upright with its number for what happened."""
        style, label = mark["line"]["style"], mark["label"]
        dashes = " ".join(map(str, style["lineDash"]))
        if "y" in mark:
            return _line(LEFT, self.y(mark["y"]), RIGHT, self.y(mark["y"]), style["stroke"], dashes)
        x = self.x(mark["x"])
        number = _words(x + 4, LABEL_TOP[label["position"]], label["text"], color=label["style"]["fill"])
        return _line(x, TOP, x, BOTTOM, style["stroke"], dashes) + number


def _line(x1: float, y1: float, x2: float, y2: float, color: str, dashes: str = "") -> str:
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{escape(color)}"{dashed}/>'


def _words(x: float, y: float, said: str, anchor: str = "start", color: str = GREY) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{escape(color)}">{escape(said)}</text>'
