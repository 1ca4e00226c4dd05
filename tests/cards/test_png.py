"""Checks pictures of charts by their pixels: Chinese in letters, every mark, any text and any series."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFont

from cards.model import Band, Chart, Limit, Mark, Tone
from cards.render.png import AFTER, BAND, BEFORE, LIMIT, TONES, png, skyline
from cards.render.scale import time_labels, value_ticks
from cards.words import PART, table

START = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
FONT = files("cards").joinpath("render", "fonts", "noto-sans-sc.otf")
UNKNOWN = "\U0010ffff"
LARGEST = 1_000_000
SOFT = 40
"""How far a pixel may be from a colour and still be counted as it: edges are smoothed."""


@cache
def letters() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(BytesIO(FONT.read_bytes()), 22, layout_engine=ImageFont.Layout.BASIC)


@cache
def shape(text: str) -> tuple[tuple[int, int], bytes]:
    mask = letters().getmask(text)
    return mask.size, bytes(mask)


def chart(title: str = "错误率", marks: tuple[Mark, ...] = (), split: datetime | None = None, unit: str = "%") -> Chart:
    points = tuple(((START + timedelta(seconds=30 * n)).timestamp(), 1.0 if n < 40 else 18.0) for n in range(81))
    return Chart(title, points, unit, marks, split)


def seen(data: bytes) -> Image.Image:
    picture = Image.open(BytesIO(data))
    picture.load()
    return picture.convert("RGB")


def near(pixel: tuple[int, ...], color: str) -> bool:
    wanted = bytes.fromhex(color[1:])
    return all(abs(one - other) <= SOFT for one, other in zip(pixel, wanted, strict=True))


def places(picture: Image.Image, color: str) -> list[tuple[int, int]]:
    width = picture.width
    data = picture.tobytes()
    pixels = (tuple(data[at : at + 3]) for at in range(0, len(data), 3))
    return [divmod(number, width)[::-1] for number, pixel in enumerate(pixels) if near(pixel, color)]


def upright(picture: Image.Image, color: str) -> list[int]:
    """The columns in which this colour stands more than half the height, neighbours counted once."""
    counts: dict[int, int] = {}
    for x, _ in places(picture, color):
        counts[x] = counts.get(x, 0) + 1
    columns = sorted(x for x, count in counts.items() if count > picture.height / 2)
    return [x for x in columns if x - 1 not in columns]


def test_every_chinese_character_of_everyday_use_has_a_shape_of_its_own() -> None:
    everyday = (
        bytes((row, cell)).decode("gb2312", errors="ignore") for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF)
    )
    known = [character for character in everyday if character]
    assert len(known) == 6763
    assert not [character for character in known if shape(character) == shape(UNKNOWN)]


@pytest.mark.parametrize("folder", ["zh_CN", "en"])
def test_the_font_has_every_character_that_tocsin_says(folder: str) -> None:
    texts = (PART.sub(r"\1", text) for text in table(folder).values())
    said = {character for text in texts for character in text if character.isprintable()}
    assert not sorted(character for character in said if shape(character) == shape(UNKNOWN))


def test_what_the_font_does_not_have_is_a_question_in_a_frame_and_no_empty_box() -> None:
    (width, height), ink = shape(UNKNOWN)
    inside = [ink[y * width + x] for y in range(4, height - 4) for x in range(4, width - 4)]
    assert max(inside) > 128
    assert shape("\U0001f600") == shape("\u9f98") == shape(UNKNOWN)
    assert png(chart("😀"), "zh") == png(chart("龘"), "zh")


def test_a_title_in_chinese_is_drawn_in_letters() -> None:
    assert png(chart("支付错误率"), "zh") != png(chart(UNKNOWN * 5), "zh")
    assert png(chart("支付错误率"), "zh") != png(chart("支付延迟率"), "zh")


def test_the_licence_of_the_font_lies_beside_it() -> None:
    licence = FONT.parent.joinpath("OFL.txt").read_text(encoding="utf-8")  # type: ignore[attr-defined]
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    assert len(FONT.read_bytes()) < 3_000_000


def test_every_mark_stands_where_it_belongs() -> None:
    tones: tuple[Tone, ...] = ("warning", "bad", "good")
    marks = tuple(Mark(START + timedelta(minutes=8 * n), tone, tone) for n, tone in enumerate(tones, start=1))
    picture = seen(png(chart(marks=marks), "en"))
    columns = [upright(picture, TONES[tone]) for tone in tones]
    assert [len(found) for found in columns] == [1, 1, 1]
    first, second, third = (found[0] for found in columns)
    assert abs((second - first) - (third - second)) <= 2
    assert first < second < third


def test_the_words_of_marks_are_drawn_and_do_not_cover_each_other() -> None:
    at = START + timedelta(minutes=20)
    marks = tuple(
        Mark(at + timedelta(seconds=n), text, "bad") for n, text in enumerate(("部署 v2", "异常开始", "回滚"))
    )
    plain = seen(png(chart(marks=tuple(Mark(mark.at, "", "bad") for mark in marks)), "zh"))
    told = seen(png(chart(marks=marks), "zh"))
    assert len(places(told, TONES["bad"])) > len(places(plain, TONES["bad"])) + 200
    alone = [len(places(seen(png(chart(marks=(mark,)), "zh")), TONES["bad"])) for mark in marks]
    assert len(places(told, TONES["bad"])) > sum(alone) * 0.75


def test_more_marks_than_have_room_keep_their_lines() -> None:
    marks = tuple(Mark(START + timedelta(minutes=4 * n + 1), "a long story " * 4, "bad") for n in range(1, 10))
    assert len(upright(seen(png(chart(marks=marks), "en")), TONES["bad"])) == 9


def test_a_mark_outside_the_series_is_left_out() -> None:
    outside = Mark(START - timedelta(hours=1), "long ago", "bad")
    assert png(chart(marks=(outside,)), "en") == png(chart(), "en")


def test_before_and_after_are_apart() -> None:
    parted = seen(png(chart(split=START + timedelta(minutes=20)), "en"))
    line = [x for x, _ in places(parted, AFTER)]
    assert len([x for x, _ in places(parted, BEFORE) if x < min(line)]) > 500


def test_what_is_usual_is_a_stripe_and_what_was_promised_a_line_each_with_its_words() -> None:
    plain = seen(png(chart(), "en"))
    told = replace(chart(), band=Band(5.0, 9.0, "usually 5 to 9"), limit=Limit(14.0, "at most 14"))
    picture = seen(png(told, "en"))
    ground = bytes.fromhex(BAND[1:])
    (x,) = {picture.width - 40}
    stripe = [y for y in range(picture.height) if picture.getpixel((x, y)) == tuple(ground)]
    assert len(stripe) > 40
    assert stripe == list(range(stripe[0], stripe[-1] + 1))
    across = [y for _, y in places(picture, LIMIT)]
    assert max(across.count(y) for y in set(across)) > 300 > max([0, *(len(places(plain, LIMIT)),)])
    assert max(set(across), key=across.count) < stripe[0]


def test_a_band_too_thin_to_be_seen_gets_a_line_and_a_limit_far_away_is_told_alone() -> None:
    thin = seen(png(replace(chart(), band=Band(1.0, 1.0, "usually 1")), "en"))
    assert len(places(thin, BAND)) > 800
    far = replace(chart(), limit=Limit(5_000.0, "at most 5,000"))
    assert seen(png(far, "en")).getpixel((400, 300)) == seen(png(chart(), "en")).getpixel((400, 300))
    assert png(far, "en") != png(chart(), "en")


def test_where_nothing_was_measured_no_line_stands() -> None:
    whole = chart()
    holed = replace(whole, points=tuple(point for at, point in enumerate(whole.points) if not 50 <= at < 65))
    columns = {x for x, _ in places(seen(png(holed, "en")), AFTER)}
    gaps = [later - earlier for earlier, later in pairwise(sorted(columns))]
    assert max(gaps) > 80
    assert sum(gap > 3 for gap in gaps) == 1


def test_the_unit_and_the_zone_are_said() -> None:
    assert png(chart(unit="%"), "en") != png(chart(unit="ms"), "en")
    moved = tuple((at + 3600.0, value) for at, value in chart().points)
    assert png(Chart("错误率", moved, "%"), "en") != png(chart(), "en")


def test_the_same_chart_is_the_same_picture_from_any_thread() -> None:
    with ThreadPoolExecutor(8) as pool:
        pictures = set(pool.map(lambda _: png(chart(marks=(Mark(START, "部署"),)), "zh"), range(16)))
    assert len(pictures) == 1


@pytest.mark.parametrize("width, height", [(800, 360), (200, 200), (1200, 500), (2000, 2000), (200, 2000)])
def test_has_the_size_asked_for_and_stays_small(width: int, height: int) -> None:
    data = png(chart(marks=(Mark(START + timedelta(minutes=5), "部署", "warning"),)), "zh", width, height)
    assert seen(data).size == (width, height)
    assert len(data) < LARGEST


@pytest.mark.parametrize("width, height", [(0, 360), (800, -1), (199, 360), (800, 2001)])
def test_a_size_nobody_can_draw_is_refused(width: int, height: int) -> None:
    with pytest.raises(ValueError, match="take 200 to 2000"):
        png(chart(), "en", width, height)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_measured_is_said_in_words(language: str) -> None:
    nothing = png(Chart("x", (), "%"), language)
    assert len(places(seen(nothing), "#5b626d")) > 100
    assert nothing != png(Chart("x", (), "%"), "zh" if language == "en" else "en")
    assert nothing == png(Chart("x", ((math.nan, 1.0), (START.timestamp(), math.inf)), "%"), language)


def test_one_point_and_flat_series_show() -> None:
    one = seen(png(Chart("x", ((START.timestamp(), 3.0),), "%"), "en"))
    assert len(places(one, AFTER)) > 20
    for value in (0.0, 7.0, -7.0):
        flat = tuple((START.timestamp() + n, value) for n in range(60))
        assert len(places(seen(png(Chart("x", flat, ""), "en")), AFTER)) > 500


def test_a_peak_among_very_many_points_is_not_lost() -> None:
    start = START.timestamp()
    points = tuple((start + n, 100.0 if n == 61_234 else 1.0) for n in range(100_000))
    highest = min(y for _, y in places(seen(png(Chart("x", points, ""), "en")), AFTER))
    assert highest < 90


def test_what_is_drawn_does_not_grow_with_the_points() -> None:
    drawn = skyline([(n / 1_000, math.sin(n)) for n in range(100_000)])
    assert len(drawn) <= 4 * 100
    assert all(one[0] <= other[0] for one, other in pairwise(drawn))


TEXTS = st.text(max_size=200) | st.sampled_from(
    ["\u202etxt", "a\nb", "<b>", "\x1b[31m", "‍👨‍👩‍👧", "\ufe0f", "W" * 5_000]
)
NUMBERS = st.floats(allow_nan=True, allow_infinity=True)


@settings(max_examples=40, deadline=None)
@given(
    title=TEXTS,
    unit=TEXTS,
    points=st.lists(st.tuples(NUMBERS | st.floats(1.7e9, 1.8e9), NUMBERS), max_size=30),
    marks=st.lists(st.tuples(st.integers(0, 100_000_000), TEXTS, st.sampled_from(sorted(TONES))), max_size=6),
)
def test_any_chart_can_be_drawn(
    title: str, unit: str, points: list[tuple[float, float]], marks: list[tuple[int, str, str]]
) -> None:
    placed = tuple(
        Mark(datetime.fromtimestamp(1.7e9, UTC) + timedelta(seconds=n), text, tone)  # type: ignore[arg-type]
        for n, text, tone in marks
    )
    data = png(Chart(title, tuple(points), unit, placed), "zh", 400, 200)
    assert seen(data).size == (400, 200)
    assert len(data) < LARGEST


def test_hostile_text_leaves_no_trick_in_the_picture() -> None:
    assert png(chart("a\nb"), "en") == png(chart("a b"), "en")
    assert png(chart("\x1b[31mred"), "en") == png(chart("red"), "en")
    assert png(chart("abc\u202edef"), "en") == png(chart("abc⟨U+202E⟩def"), "en")


@given(values=st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=20))
def test_the_scale_holds_every_value_on_few_even_steps(values: list[float]) -> None:
    ticks = value_ticks(values)
    grain = (ticks[-1] - ticks[0]) * 1e-9
    assert ticks[0] - grain <= min(values)
    assert max(values) <= ticks[-1] + grain
    assert any(tick == 0.0 for tick in ticks)
    assert 2 <= len(ticks) <= 7


@pytest.mark.parametrize("span", [10, 600, 3_600, 86_400, 30 * 86_400, 20 * 365 * 86_400])
def test_moments_on_the_axis_are_few_round_and_in_order(span: int) -> None:
    start = START.timestamp() + 0.5
    labels = time_labels(start, start + span, 5)
    assert 1 <= len(labels) <= 6
    assert [at for at, _ in labels] == sorted({at for at, _ in labels})
    assert len({text for _, text in labels}) == len(labels)
    assert all(start <= at <= start + span and at == int(at) for at, _ in labels)


def test_no_module_of_the_browser_room_needs_the_picture_library() -> None:
    rooms = Path(__file__).parents[2]
    for folder in ("cards", "bot", "handlers", "engine", "store"):
        for file in (rooms / folder).rglob("*.py"):
            if file.name != "png.py":
                assert "from PIL" not in file.read_text(encoding="utf-8"), file
