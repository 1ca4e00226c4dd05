"""Looks up what people read, in their room's language, and fills gaps without ever interpreting what fills them."""

import math
import re
import tomllib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files

from cards import moments
from engine.model import Phrase, Quantity

Filling = str | int | float | Quantity | Phrase

LANGUAGES = {"zh": "zh_CN", "zh_cn": "zh_CN", "zh_hans": "zh_CN", "en": "en", "en_us": "en", "en_gb": "en"}
"""Names a team may write, and the folder of language files they mean. Anything else reads English."""

GAP = re.compile(r"\{([a-z][a-z0-9_]*)\}")
PART = re.compile(r"⟦([^⟦⟧]*)⟧")
"""A part of a sentence that is left out where nothing is known that would fill its gaps."""
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}(?::[0-9]{2}){2}(?:\.[0-9]{1,6})?[+-][0-9]{2}:[0-9]{2}")
"""A moment among a phrase's values, in ISO 8601 with its offset: shown as a clock in the reader's zone."""
NOTHING = "—"
SIZES = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
LARGE = ((1e12, "T"), (1e9, "G"), (1e6, "M"))
MONSTROUS = 1e18
DEEPEST = 6
"""Phrases in phrases deeper than this are cut: a person would not read them, and a loop would not end."""


class Words:
    """All phrases of one language, with times as clocks in one zone show them. A phrase nobody wrote shows its key in
    brackets, so that it is seen and mended."""

    def __init__(self, language: str, zone: str = "UTC") -> None:
        self.zone = zone
        self.folder = folder_of(language)
        self.language = "zh" if self.folder == "zh_CN" else "en"
        self._table = table(self.folder)

    def say(self, phrase: Phrase) -> str:
        """The finished sentence of a phrase."""
        return self._say(phrase, DEEPEST)

    def text(self, word: str, **values: Filling) -> str:
        """The finished sentence of a word with these values; `n=1` prefers the word with `_one` at its end."""
        return self._fill(word, values, DEEPEST)

    def has(self, word: str) -> bool:
        """Whether this language has the word."""
        return word in self._table

    def quantity(self, quantity: Quantity | None) -> str:
        """A number with its unit, with as many digits as a person needs; a dash where there is none."""
        if quantity is None or not math.isfinite(quantity.value):
            return NOTHING
        value = quantity.value
        match quantity.unit:
            case "ratio":
                return f"{_percent(value * 100)} %"
            case "seconds":
                return self._seconds(value)
            case "per_second":
                return f"{_plain(value)}/s"
            case "bytes":
                return _bytes(value)
            case "count" | "connections" | "none":
                return _plain(value)

    def moment(self, at: datetime | None) -> str:
        """A full moment with the name of its zone."""
        return moments.moment(at, self.zone) if at else NOTHING

    def clock(self, at: datetime | None) -> str:
        """The time of day alone, for cards whose date is known."""
        return moments.clock(at, self.zone) if at else NOTHING

    def duration(self, seconds: float) -> str:
        """How long something took, in its two largest units."""
        if not math.isfinite(seconds):
            return NOTHING
        if abs(seconds) < 10:
            return self.text("duration.s", s=_plain(round(max(seconds, 0.0), 1)))
        minutes, rest = divmod(round(max(seconds, 0.0)), 60)
        if not minutes:
            return self.text("duration.s", s=rest)
        if minutes < 60:
            word = "duration.min" if rest else "duration.min_only"
            return self.text(word, min=minutes, s=rest)
        hours, minutes = divmod(minutes, 60)
        if hours < 24:
            return self.text("duration.h" if minutes else "duration.h_only", h=hours, min=minutes)
        days, hours = divmod(hours, 24)
        return self.text("duration.d" if hours else "duration.d_only", d=days, h=hours)

    def _seconds(self, value: float) -> str:
        if abs(value) < 1:
            return f"{_plain(value * 1000)} ms"
        return f"{_plain(value)} s" if abs(value) < 60 else self.duration(value)

    def _say(self, phrase: Phrase, depth: int) -> str:
        return self._fill(phrase.word, phrase.values, depth) if depth else "…"

    def _fill(self, word: str, values: Mapping[str, Filling], depth: int) -> str:
        single = self._table.get(f"{word}_one") if values.get("n") == 1 else None
        pattern = single or self._table.get(word)
        if pattern is None:
            return f"[{word}]"

        def gap(match: re.Match[str]) -> str:
            name = match.group(1)
            return self._value(values[name], depth) if name in values else f"[{name}]"

        def part(match: re.Match[str]) -> str:
            known = (values.get(name) not in (None, "", NOTHING) for name in GAP.findall(match.group(1)))
            return match.group(1) if all(known) else ""

        return GAP.sub(gap, PART.sub(part, pattern))

    def _told(self, value: str) -> str:
        """A text as it stands, but a moment in this zone, whichever it was written in."""
        if at := _moment(value):
            return self.clock(at)
        # Who has no zone of their own leaves the one it was written in.
        whole = moments.found(value) if self.zone != "UTC" and moments.MOMENT.fullmatch(value) else []
        return self.moment(whole[0][1]) if whole else value

    def _value(self, value: Filling, depth: int) -> str:
        match value:
            case Phrase():
                return self._say(value, depth - 1)
            case Quantity():
                return self.quantity(value)
            case float():
                return _plain(value)
            case str():
                return self._told(value)
            case _:
                return str(value)


def _moment(value: str) -> datetime | None:
    """The moment a value is; None for any other text."""
    try:
        return datetime.fromisoformat(value) if MOMENT.fullmatch(value) else None
    except ValueError:
        return None


def folder_of(language: str) -> str:
    """The folder of the language files a name means; English where nobody knows it."""
    name = language.strip().lower().replace("-", "_")
    return LANGUAGES.get(name) or LANGUAGES.get(name.partition("_")[0], "en")


@cache
def table(folder: str) -> Mapping[str, str]:
    """Every word of one language folder, by dotted key; where two files hold one key the first file by name stands."""
    words: dict[str, str] = {}
    for file in sorted(files("cards").joinpath("languages", folder).iterdir(), key=lambda item: item.name):
        if file.name.endswith(".toml"):
            words = flat(tomllib.loads(file.read_text(encoding="utf-8"))) | words
    return words


def flat(tree: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    """Nested tables as dotted keys."""
    words: dict[str, str] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            words |= flat(value, f"{prefix}{name}.")
        else:
            words[prefix + name] = str(value)
    return words


def _percent(value: float) -> str:
    if value == 0:
        return "0"
    if 0 < value < 0.01:
        return "<0.01"
    if 99 <= value < 100:
        return _trim(_nines(value))
    return _trim(f"{value:.1f}") if abs(value) >= 0.1 else _trim(f"{value:.2f}")


def _nines(value: float) -> str:
    """As many digits as tell it from a hundred, never rounded up: 99.95 is not 100."""
    digits = min(1 - math.floor(math.log10(100 - value)), 4)
    return f"{math.floor(value * 10**digits + 1e-6) / 10**digits:.{digits}f}"


def _bytes(value: float) -> str:
    size, name = next((each for each in SIZES if abs(value) >= each[0]), (1.0, "B"))
    return f"{_plain(value / size)} {name}"


def _plain(value: float) -> str:
    """Three digits that matter; whole numbers whole, thousands apart, millions shortened."""
    if not math.isfinite(value):
        return NOTHING
    if abs(value) >= LARGE[-1][0]:
        size, name = next(each for each in LARGE if abs(value) >= each[0])
        return f"{_trim(f'{value / size:,.1f}')}{name}" if abs(value) < MONSTROUS else f"{value:.2e}"
    if value == round(value) or abs(value) >= 100:
        return f"{round(value):,}"
    digits = 1 if abs(value) >= 10 else 2
    return _trim(f"{value:.{digits}f}") if abs(value) >= 0.01 else f"{value:.2g}"


def _trim(number: str) -> str:
    return number.rstrip("0").rstrip(".") if "." in number else number
