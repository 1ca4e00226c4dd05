"""Draws a series as a PNG, for platforms that show pictures and no charts; with a font of its own for Chinese.

Needs Pillow, which the browser room does not have: import this module only where a platform sends pictures. What the
font does not have is drawn as a question mark in a frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from cards.model import Chart, Mark, Tone
from cards.render.course import Course, course
from cards.render.drawing import visible
from cards.render.scale import tick_labels, time_labels
from cards.words import Words

WIDTH, HEIGHT = 800, 360
SMALLEST, LARGEST = 200, 2_000
FINER = 3
"""Lines are drawn this many times larger and then shrunk, so that they come out smooth."""

TITLE, LABEL = 22, 18
"""Sizes of letters in a picture of 800 pixels: legible when a phone shows it at half that width."""
MARGIN, ROW, GAP, SPREAD = 16, 24, 6, 90
MARK_ROWS = 3
LONGEST = 120
LONGEST_UNIT = 12
SAMPLE = 26

PAPER, INK, FAINT, GRID = "#ffffff", "#1f2329", "#5b626d", "#e3e6ea"
BAND, LIMIT = "#dfe8f7", "#a35200"
BEFORE, AFTER = "#8f959e", "#245bdb"
TONES: dict[Tone, str] = {
    "neutral": "#646a73",
    "info": "#245bdb",
    "good": "#2a8a20",
    "warning": "#b85f00",
    "bad": "#d83931",
}

Point = tuple[float, float]


@dataclass(frozen=True)
class Label:
    """A mark with the place of its words: the x they start at, and their row; row -1 where there was no room."""

    x: float
    color: str
    text: str
    left: float
    row: int


@dataclass(frozen=True)
class Plot:
    """Where a moment and a value stand in the picture, in pixels."""

    seen: Course
    left: float
    right: float
    top: float
    bottom: float

    def x(self, at: float) -> float:
        """The column of a moment."""
        return self.left + self.seen.across(at) * (self.right - self.left)

    def y(self, value: float) -> float:
        """The row of a value."""
        return self.bottom - self.seen.up(value) * (self.bottom - self.top)


class Sheet:
    """A picture under way: lines go on a finer layer first, words on top of it. Sizes are for 800 × 360 and scaled."""

    def __init__(self, width: int, height: int) -> None:
        self.unit = min(width / WIDTH, height / HEIGHT)
        self.width, self.height = width, height
        self._fine = Image.new("RGB", (width * FINER, height * FINER), PAPER)
        self._lines = ImageDraw.Draw(self._fine)
        self._said: list[tuple[float, float, str, str, int]] = []
        self._fonts = {size: _font(round(size * self.unit)) for size in (TITLE, LABEL)}

    def px(self, size: float) -> float:
        """So many pixels of an 800 × 360 picture in this one."""
        return size * self.unit

    def line(self, points: Sequence[Point], color: str, thick: float) -> None:
        """A line through these places."""
        wide = max(FINER, round(self.px(thick) * FINER))
        self._lines.line([(x * FINER, y * FINER) for x, y in points], fill=color, width=wide, joint="curve")

    def dashes(self, start: Point, end: Point, color: str) -> None:
        """A broken line straight down or across."""
        (left, top), (right, bottom) = start, end
        length = max(right - left, bottom - top)
        for at in range(int(length / self.px(10)) + 1):
            here, there = at * self.px(10), min(at * self.px(10) + self.px(6), length)
            if right > left:
                self.line([(left + here, top), (left + there, top)], color, 2)
            else:
                self.line([(left, top + here), (left, top + there)], color, 2)

    def dot(self, x: float, y: float, color: str, size: float = 4) -> None:
        """A point that stands for one value."""
        radius = self.px(size)
        box = [side * FINER for side in (x - radius, y - radius, x + radius, y + radius)]
        self._lines.ellipse(box, fill=color)

    def area(self, left: float, top: float, right: float, bottom: float, color: str) -> None:
        """A filled stretch."""
        if right > left:
            self._lines.rectangle([side * FINER for side in (left, top, right, bottom)], fill=color)

    def measure(self, text: str, size: int = LABEL) -> float:
        """How wide this will stand."""
        return self._fonts[size].getlength(text)

    def fitting(self, text: str, room: float, size: int = LABEL) -> str:
        """The text, cut with an ellipsis where it is wider than the room; "" where not even that fits."""
        if self.measure(text, size) <= room:
            return text
        kept = next((n for n in range(len(text), 0, -1) if self.measure(text[:n].rstrip() + "…", size) <= room), 0)
        return text[:kept].rstrip() + "…" if kept else ""

    def say(self, x: float, middle: float, text: str, color: str, size: int = LABEL) -> None:
        """Words that start at x, their letters centred on this height."""
        self._said.append((x, middle, text, color, size))

    def finish(self) -> bytes:
        """The picture as PNG."""
        picture = self._fine.reduce(FINER)
        pen = ImageDraw.Draw(picture)
        for x, middle, text, color, size in self._said:
            pen.text((x, middle), text, fill=color, font=self._fonts[size], anchor="lm")
        file = BytesIO()
        picture.save(file, "PNG", optimize=True)
        return file.getvalue()


def png(chart: Chart, language: str, width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """The chart as a PNG: its title, a scale with the unit, time in UTC, every mark with its words as far as they fit;
    what is usual as a stripe, what was promised as a broken line, what was before the split in grey. A chart without a
    value says so in `language`.

    `width` and `height` are pixels, 200…2,000 each; ValueError otherwise. Blocks for tens of milliseconds.
    """
    if not (SMALLEST <= width <= LARGEST and SMALLEST <= height <= LARGEST):
        raise ValueError(f"A picture of {width} × {height} pixels cannot be drawn; take {SMALLEST} to {LARGEST} each.")
    sheet = Sheet(width, height)
    margin = sheet.px(MARGIN)
    title = sheet.fitting(_plain(chart.title), width - 2 * margin, TITLE)
    sheet.say(margin, margin + sheet.px(TITLE / 2), title, INK, TITLE)
    seen = course(chart)
    if seen is None:
        nothing = sheet.fitting(Words(language).text("picture.nothing"), width - 2 * margin)
        sheet.say((width - sheet.measure(nothing)) / 2, height / 2, nothing, FAINT)
        return sheet.finish()
    _draw(sheet, chart, seen)
    return sheet.finish()


def _draw(sheet: Sheet, chart: Chart, seen: Course) -> None:
    labels = tick_labels(seen.ticks, _plain(chart.unit)[:LONGEST_UNIT])
    margin = sheet.px(MARGIN)
    left = margin + max(sheet.measure(text) for text in labels) + sheet.px(GAP)
    right, bottom = sheet.width - margin, sheet.height - sheet.px(ROW + MARGIN / 2)
    first_row = margin + sheet.px(TITLE + GAP)
    first_row += _legend(sheet, chart, seen, first_row)
    plot = Plot(seen, left, right, first_row, bottom)
    marks = _labels(sheet, plot, seen.marks)
    rows = max((label.row + 1 for label in marks), default=0)
    plot = Plot(seen, left, right, first_row + sheet.px(rows * ROW + GAP * 2), bottom)
    _ground(sheet, plot)
    _grid(sheet, plot, labels)
    if seen.limit:
        sheet.dashes((plot.left, plot.y(seen.limit.value)), (plot.right, plot.y(seen.limit.value)), LIMIT)
    _marks(sheet, plot, marks, first_row)
    _series(sheet, plot)


def _legend(sheet: Sheet, chart: Chart, seen: Course, top: float) -> float:
    """What is usual and what was promised, in one row, each behind a sample; how high the row is."""
    x, middle = sheet.px(MARGIN), top + sheet.px(ROW / 2)
    for part in (seen.band, chart.limit):
        text = sheet.fitting(_plain(part.text), sheet.width - x - sheet.px(SAMPLE + 3 * GAP)) if part else ""
        if not text:
            continue
        edge = x + sheet.px(SAMPLE)
        if part is seen.band:
            sheet.area(x, middle - sheet.px(6), edge, middle + sheet.px(6), BAND)
        else:
            sheet.dashes((x, middle), (edge, middle), LIMIT)
        sheet.say(edge + sheet.px(GAP), middle, text, FAINT)
        x = edge + sheet.measure(text) + sheet.px(4 * GAP)
    return sheet.px(ROW) if x > sheet.px(MARGIN) else 0.0


def _ground(sheet: Sheet, plot: Plot) -> None:
    """What is usual, as a stripe; one too thin to be seen gets a line's width."""
    band = plot.seen.band
    if band:
        top, bottom = plot.y(band.high), plot.y(band.low)
        spare = max(sheet.px(4) - (bottom - top), 0.0) / 2
        sheet.area(plot.left, max(top - spare, plot.top), plot.right, min(bottom + spare, plot.bottom), BAND)


def _grid(sheet: Sheet, plot: Plot, labels: Sequence[str]) -> None:
    for value, text in zip(plot.seen.ticks, labels, strict=True):
        y = plot.y(value)
        sheet.line([(plot.left, y), (plot.right, y)], GRID, 1)
        sheet.say(plot.left - sheet.px(GAP) - sheet.measure(text), y, text, FAINT)
    middle = plot.bottom + sheet.px(ROW / 2 + 2)
    named = plot.seen.zone_name
    zone = plot.right - sheet.measure(named)
    sheet.say(zone, middle, named, FAINT)
    most = max(1, int((plot.right - plot.left) / sheet.px(SPREAD * 1.4)))
    free = plot.left - sheet.px(GAP)
    for at, text in time_labels(plot.seen.start, plot.seen.end, most, plot.seen.zone):
        x, wide = plot.x(at), sheet.measure(text)
        if x - wide / 2 > free and x + wide / 2 < zone - sheet.px(GAP):
            sheet.line([(x, plot.bottom), (x, plot.bottom + sheet.px(4))], FAINT, 1)
            sheet.say(x - wide / 2, middle, text, FAINT)
            free = x + wide / 2 + sheet.px(GAP)


def _series(sheet: Sheet, plot: Plot) -> None:
    for stretches, color in ((plot.seen.before, BEFORE), (plot.seen.after, AFTER)):
        for stretch in stretches:
            places = [(plot.x(at), plot.y(value)) for at, value in stretch]
            if len(places) > 1:
                sheet.line(skyline(places), color, 3)
            else:
                sheet.dot(*places[0], color, 2)
    at, value = plot.seen.points[-1]
    sheet.dot(plot.x(at), plot.y(value), AFTER)


def _marks(sheet: Sheet, plot: Plot, labels: Sequence[Label], first_row: float) -> None:
    for label in labels:
        top = first_row + sheet.px(label.row * ROW + 2) if label.row >= 0 else plot.top
        sheet.line([(label.x, top), (label.x, plot.bottom)], label.color, 2)
    for label in labels:
        if label.row >= 0:
            middle, half = first_row + sheet.px((label.row + 0.5) * ROW), sheet.px(ROW / 2 - 2)
            edge = label.left + sheet.measure(label.text)
            # Where the line of another mark passes, the words stand before it.
            sheet.area(label.left, middle - half, edge, middle + half, PAPER)
            sheet.say(label.left, middle, label.text, label.color)


def _labels(sheet: Sheet, plot: Plot, marks: Sequence[Mark]) -> list[Label]:
    """Each mark within the picture, in order of time, its words beside its line where they cover no other line's."""
    lines = [plot.x(mark.at.timestamp()) for mark in marks]
    taken: list[tuple[float, float, int]] = []
    labels: list[Label] = []
    for mark, x in zip(marks, lines, strict=True):
        text = f"{_plain(mark.text)} {plot.seen.moment(mark.at.timestamp())}"
        text, left, row = _place(sheet, text, x, taken)
        if row >= 0:
            taken.append((min(left, x), max(left + sheet.measure(text), x), row))
        labels.append(Label(x, TONES[mark.tone], text, left, row))
    return labels


def _place(sheet: Sheet, text: str, x: float, taken: Sequence[tuple[float, float, int]]) -> tuple[str, float, int]:
    """The first row in which the words stand free, right of their line or left of it."""
    gap, margin = sheet.px(GAP), sheet.px(MARGIN)
    right_side, left_side = sheet.width - margin - x - gap, x - gap - margin
    text = sheet.fitting(text, max(right_side, left_side))
    wide = sheet.measure(text)
    for row in range(MARK_ROWS):
        for left, fits in ((x + gap, wide <= right_side), (x - gap - wide, wide <= left_side)):
            low, high = min(left, x) - gap, max(left + wide, x) + gap
            if fits and not any(r == row and low < end and begin < high for begin, end, r in taken):
                return text, left, row
    return "", x, -1


def skyline(places: Sequence[Point]) -> list[Point]:
    """The line with at most its first, lowest, highest and last place per pixel, in order: the rest cannot be seen."""
    columns: dict[int, list[Point]] = {}
    for place in places:
        columns.setdefault(int(place[0]), []).append(place)
    kept: list[Point] = []
    for column in columns.values():
        heights = [y for _, y in column]
        chosen = {0, heights.index(min(heights)), heights.index(max(heights)), len(column) - 1}
        kept += [column[number] for number in sorted(chosen)]
    return kept


def _plain(text: str) -> str:
    """One line without tricks and without the selectors that choose between pictures of one character."""
    line = " ".join(visible(text[:LONGEST]).split())
    return "".join(character for character in line if not "\ufe00" <= character <= "\ufe0f")


@cache
def _letters() -> bytes:
    return files("cards").joinpath("render", "fonts", "noto-sans-sc.otf").read_bytes()


def _font(size: int) -> ImageFont.FreeTypeFont:
    """A font of one's own for each picture: FreeType's are not for several threads at once."""
    return ImageFont.truetype(BytesIO(_letters()), max(size, 6), layout_engine=ImageFont.Layout.BASIC)
