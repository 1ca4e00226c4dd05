"""Checks the language files and how their gaps are filled."""

import re
import string
import tomllib
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards.words import GAP, Words, flat, table
from engine.diagnosis.changes import KINDS, Scrutiny, changed
from engine.model import Change, Observation, Phrase, Quantity, Window

CARDS = Path(__file__).parents[2] / "cards"


def test_both_languages_say_the_same_things() -> None:
    chinese, english = table("zh_CN"), table("en")
    singular = {key for key in english if key.endswith("_one")}
    assert set(chinese) - set(english) == set()
    assert set(english) - singular - set(chinese) == set()
    assert {key.removesuffix("_one") for key in singular} <= set(english)


def test_both_languages_have_the_same_gaps() -> None:
    chinese, english = table("zh_CN"), table("en")
    wrong = [key for key in chinese if set(GAP.findall(chinese[key])) != set(GAP.findall(english[key]))]
    assert not wrong


def test_no_word_is_written_twice() -> None:
    for folder in ("zh_CN", "en"):
        seen: dict[str, str] = {}
        for file in sorted((CARDS / "languages" / folder).glob("*.toml")):
            for key in flat(tomllib.loads(file.read_text(encoding="utf-8"))):
                assert key not in seen, f"{folder}: {key} stands in {seen[key]} and {file.name}"
                seen[key] = file.name


def test_every_word_the_views_name_exists() -> None:
    known = table("en")
    named = re.compile(r'(?:scene|words|self)\.text\(\s*"([a-z_]+(?:\.[a-z_0-9]+)+)"')
    pairs = re.compile(r'\(\s*"((?:fact|diagnosis_card|help)\.[a-z_.]+)"')
    for file in CARDS.rglob("*.py"):
        source = file.read_text(encoding="utf-8")
        missing = [word for word in named.findall(source) + pairs.findall(source) if word not in known]
        assert not missing, f"{file.name}: {missing}"


@pytest.mark.parametrize(
    "quantity, shown",
    [
        (Quantity(value=0.182, unit="ratio"), "18.2 %"),
        (Quantity(value=0.002, unit="ratio"), "0.2 %"),
        (Quantity(value=0.006, unit="ratio"), "0.6 %"),
        (Quantity(value=0.0, unit="ratio"), "0 %"),
        (Quantity(value=1.0, unit="ratio"), "100 %"),
        (Quantity(value=0.999, unit="ratio"), "99.9 %"),
        (Quantity(value=0.9995, unit="ratio"), "99.95 %"),
        (Quantity(value=0.99999, unit="ratio"), "99.999 %"),
        (Quantity(value=0.99999999, unit="ratio"), "99.9999 %"),
        (Quantity(value=0.00001, unit="ratio"), "<0.01 %"),
        (Quantity(value=0.12, unit="seconds"), "120 ms"),
        (Quantity(value=2.4, unit="seconds"), "2.4 s"),
        (Quantity(value=52.3, unit="per_second"), "52.3/s"),
        (Quantity(value=10, unit="connections"), "10"),
        (Quantity(value=1234, unit="count"), "1,234"),
        (Quantity(value=float("nan"), unit="ratio"), "—"),
        (None, "—"),
    ],
)
def test_quantities(quantity: Quantity | None, shown: str) -> None:
    assert Words("en").quantity(quantity) == shown


@pytest.mark.parametrize(
    "seconds, chinese, english",
    [
        (2.41, "2.4 秒", "2.4 s"),
        (42, "42 秒", "42 s"),
        (480, "8 分钟", "8 min"),
        (4000, "1 小时 6 分", "1 h 6 min"),
        (7200, "2 小时", "2 h"),
        (90_000, "1 天 1 小时", "1 d 1 h"),
        (7 * 86_400, "7 天", "7 d"),
    ],
)
def test_durations(seconds: float, chinese: str, english: str) -> None:
    assert (Words("zh").duration(seconds), Words("en_US").duration(seconds)) == (chinese, english)


def test_moments_are_utc() -> None:
    at = datetime(2026, 11, 20, 16, 3, 12, tzinfo=timezone(timedelta(hours=8)))
    assert Words("zh_CN").moment(at) == "2026-11-20 08:03:12 UTC"
    assert Words("zh_CN").moment(at.astimezone(UTC)) == "2026-11-20 08:03:12 UTC"


def test_a_missing_word_shows_its_key() -> None:
    assert Words("zh").say(Phrase(word="no.such_word")) == "[no.such_word]"


def test_phrases_nest() -> None:
    inner = Phrase(word="error.plain", values={"text": Quantity(value=0.5, unit="ratio")})
    assert Words("en").say(Phrase(word="error.plain", values={"text": inner})) == "50 %"


def test_one_is_singular() -> None:
    words = Words("en")
    assert words.text("header.repeats", n=1) != words.text("header.repeats", n=2).replace("2", "1")


@given(st.text() | st.sampled_from(["{text}", "{0}", "{text.__class__}", "{text!r:>99}", "%(text)s", "\\1", "{{"]))
def test_what_fills_a_gap_is_never_interpreted(hostile: str) -> None:
    assert Words("en").text("error.plain", text=hostile) == hostile


def test_a_part_of_which_nothing_is_known_is_left_out() -> None:
    words = Words("zh")
    title = Phrase(word="pattern.slow_query.title", values={"service": "till", "since": "2026-03-04T12:00:34+00:00"})
    assert words.say(title) == "till 的查询开销过大，始于 12:00:34 UTC"
    for unknown in ({"since": "—"}, {"since": ""}, {}):
        bare = title.model_copy(update={"values": {"service": "till"} | unknown})
        assert words.say(bare) == "till 的查询开销过大"


def test_marks_of_a_part_in_what_fills_a_gap_stay() -> None:
    assert Words("en").text("error.plain", text="⟦{since}⟧") == "⟦{since}⟧"


def test_gaps_are_plain_names() -> None:
    for folder in ("zh_CN", "en"):
        for key, pattern in table(folder).items():
            names = [name for _, name, _, _ in string.Formatter().parse(pattern) if name is not None]
            assert names == GAP.findall(pattern), key


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_change_is_called_what_readers_call_it(language: str) -> None:
    """In evidence as on charts; what nobody has a word for stays as it came."""
    words = Words(language)
    at = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    window = Window(start=at, split=at, end=at)
    for kind in (*sorted(KINDS), "chaos_drill"):
        told = Change(id="c", service="pay", kind=kind, at=at, version="v2")
        seen = Observation(source="ci", kind="change", service="pay", query="q", window=window, changes=(told,))
        (one,) = changed(seen, window, Scrutiny(onset=None))
        called = words.text(f"change_kind.{kind}") if kind in KINDS else kind
        assert called in words.say(one.summary)
        assert "[" not in words.say(one.summary)
