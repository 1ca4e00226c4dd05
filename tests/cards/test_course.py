"""Checks what of a chart is drawn: its frame, its gaps, what is usual, what was promised, how figures are told."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cards.model import Band, Chart, Limit, Mark
from cards.render.course import course, spoken, told
from cards.render.scale import clock, figure, shortened, tick_labels, value_ticks
from cards.render.spark import spark
from tests.cards import strategies

START = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
ZERO = START.timestamp()


def points(*values: float, step: float = 15.0) -> tuple[tuple[float, float], ...]:
    return tuple((ZERO + step * at, value) for at, value in enumerate(values))


def test_the_frame_is_what_was_looked_at_also_where_nothing_came() -> None:
    later = START + timedelta(minutes=10)
    seen = course(Chart("x", points(*[1.0] * 20), "%", start=START - timedelta(minutes=5), end=later))
    assert seen is not None
    assert (seen.start, seen.end) == (ZERO - 300, later.timestamp())
    assert seen.across(ZERO) == pytest.approx(300 / 900)


@pytest.mark.parametrize("missing", [range(10, 20), range(10, 14)])
def test_a_hole_parts_the_line(missing: range) -> None:
    kept = tuple(point for at, point in enumerate(points(*[1.0] * 60)) if at not in missing)
    seen = course(Chart("x", kept, "%"))
    assert seen is not None
    assert [len(stretch) for stretch in seen.after] == [10, 60 - missing.stop]


def test_a_series_that_was_never_regular_is_drawn_whole() -> None:
    at = [0.0]
    for n in range(60):
        at.append(at[-1] + (100.0 if n % 3 == 0 else 1.0))
    seen = course(Chart("x", tuple((ZERO + each, 1.0) for each in at), "%"))
    assert seen is not None
    assert len(seen.after) == 1


def test_before_and_after_meet_at_the_split() -> None:
    seen = course(Chart("x", points(*map(float, range(20))), "%", split=START + timedelta(seconds=100)))
    assert seen is not None
    assert seen.before[0][-1] == seen.after[0][0] == (ZERO + 90, 6.0)


def test_a_limit_far_above_is_told_and_not_drawn() -> None:
    chart = Chart("x", points(1.0, 2.0, 3.0), "%", limit=Limit(1_000.0, "at most 1,000 %"))
    seen = course(chart)
    assert seen is not None
    assert seen.limit is None
    assert seen.ticks[-1] < 5
    assert told(chart, seen) == ["at most 1,000 %"]


def test_a_limit_shows_above_a_series_that_does_not_move() -> None:
    seen = course(Chart("x", points(0.0, 0.0, 0.0), "%", limit=Limit(2.0, "2 %")))
    assert seen is not None
    assert seen.limit is not None
    assert seen.ticks[-1] >= 2.0


def test_a_high_series_is_not_pressed_to_the_upper_edge() -> None:
    seen = course(Chart("x", points(100.0, 100.0, 97.0), "%"))
    assert seen is not None
    assert seen.ticks[0] >= 80
    flat = course(Chart("x", points(52.0, 52.1, 51.9), "/s"))
    assert flat is not None
    assert flat.ticks[-1] - flat.ticks[0] >= 5


def test_it_is_told_to_who_cannot_see_it() -> None:
    marks = (Mark(START + timedelta(seconds=20), "onset", "bad"), Mark(START - timedelta(days=1), "long ago"))
    chart = Chart("503 ratio", points(0.2, 18.0, 5.0), "%", marks, band=Band(0.1, 0.3, "usually 0.1 % to 0.3 %"))
    seen = course(chart)
    assert seen is not None
    assert spoken(chart, seen) == (
        "503 ratio; 09:30:00 0.2 % → 09:30:15 18 % → 09:30:30 5 % (UTC); usually 0.1 % to 0.3 %; onset 09:30:20"
    )


@settings(max_examples=200, deadline=None)
@given(strategies.charts)
def test_anything_finite_stands_within_the_frame(chart: Chart) -> None:
    seen = course(chart)
    if seen is None:
        return
    for at, value in seen.points:
        assert -1e-9 <= seen.across(at) <= 1 + 1e-9
        assert -1e-6 <= seen.up(value) <= 1 + 1e-6
    assert all(0 <= seen.across(mark.at.timestamp()) <= 1 for mark in seen.marks)
    assert seen.limit is None or -1e-6 <= seen.up(seen.limit.value) <= 1 + 1e-6
    assert sum(len(stretch) for stretch in (*seen.before, *seen.after)) >= len(seen.points)
    assert not {"nan", "inf"} & set(" ".join(tick_labels(seen.ticks, "%")).replace("%", "").split())


@settings(max_examples=200, deadline=None)
@given(strategies.charts, st.integers(8, 100))
def test_a_spark_never_is_wider_than_it_may(chart: Chart, width: int) -> None:
    drawn = spark(chart, width)
    assert all(len(row) <= width for row in drawn.picture)
    assert all("nan" not in note or "nan" in chart.title + str(chart) for note in drawn.notes)


def test_a_spark_has_bars_marks_and_words() -> None:
    marks = (Mark(START + timedelta(seconds=148), "deploy"), Mark(START + timedelta(seconds=150), "onset"))
    values = [1.0] * 10 + [9.0] * 10
    drawn = spark(Chart("x", points(*values), "%", marks, band=Band(1, 1, "usually 1 %")), 20)
    assert drawn.picture == ("▁▁▁▁▁▁▁▁▁▁██████████", "          12")
    assert drawn.notes == (
        "1 deploy 09:32:28 · 2 onset 09:32:30",
        "09:30:00 – 09:34:45 UTC · 1 % … 9 % · usually 1 %",
    )


def test_where_a_spark_knows_nothing_it_shows_nothing() -> None:
    kept = tuple(point for at, point in enumerate(points(*[4.0] * 40)) if not 10 <= at < 30)
    (bars,) = spark(Chart("x", kept, "%"), 40).picture
    assert bars == "█" * 10 + " " * 20 + "█" * 10


@pytest.mark.parametrize(
    "ticks, unit, said",
    [
        ((0.0, 5.0, 10.0), "%", ["0 %", "5 %", "10 %"]),
        ((0.0, 0.05, 0.1), "s", ["0.00 s", "0.05 s", "0.10 s"]),
        ((0.0, 20e6, 40e6), "/s", ["0/s", "20M/s", "40M/s"]),
        ((0.0, 5_000.0, 10_000.0), "ms", ["0 ms", "5,000 ms", "10,000 ms"]),
        ((0.0, 50_000.0), "", ["0", "50k"]),
        ((-1e300, 1e300), "x", ["-1e+300 x", "1e+300 x"]),
        ((0.0, 1e-12), "s", ["0 s", "1e-12 s"]),
    ],
)
def test_axes_are_labelled_alike(ticks: tuple[float, ...], unit: str, said: list[str]) -> None:
    assert tick_labels(ticks, unit) == said


@pytest.mark.parametrize(
    "value, unit, said",
    [
        (18.234, "%", "18.2 %"),
        (0.0, "%", "0 %"),
        (1234.5, "ms", "1,234 ms"),
        (43_800_000.0, "/s", "43.8M/s"),
        (1e300, "", "1e+300"),
        (0.00001, "s", "1e-05 s"),
    ],
)
def test_a_figure_has_three_digits_that_matter(value: float, unit: str, said: str) -> None:
    assert figure(value, unit) == said


@given(st.floats(-1e300, 1e300), st.sampled_from(["%", "/s", "ms", "", "MB"]))
def test_no_figure_is_long(value: float, unit: str) -> None:
    assert len(figure(value, unit)) <= 24
    assert math.isfinite(shortened(abs(value), unit)[0])


def test_an_axis_without_zero_is_wanted_only_where_it_helps() -> None:
    assert value_ticks([97.0, 100.0], zero=False)[0] > 80
    assert value_ticks([20.0, 100.0], zero=False)[0] == 0.0
    assert value_ticks([-100.0, -97.0], zero=False)[-1] == 0.0


def test_a_moment_is_as_exact_as_its_chart() -> None:
    assert clock(ZERO, 600) == "09:30:00"
    assert clock(ZERO, 3 * 86_400) == "11-20 09:30"
    assert clock(ZERO, 900 * 86_400) == "2026-11-20"
    assert clock(1e20, 600) == "?"
