"""Holds what every renderer gives back, and strips what could trick a reader of hostile text."""

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from cards.model import Addressee

ESCAPES = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\|\Z)"  # operating system commands: titles, links, clipboard
    r"|\x1b[PX^_][^\x1b]*(?:\x1b\\|\Z)"  # device strings
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # colours, cursor
    r"|\x1b[ -/]*[0-~]?"
)
TRICKS = frozenset("\u00ad\u061c\u180e\u2028\u2029\ufeff\ufffc") | frozenset(
    chr(point)
    for first, last in ((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F))
    for point in range(first, last + 1)
)
"""Characters that reorder or hide text: they are shown as what they are."""


@dataclass(frozen=True)
class Drawing:
    """What a renderer drew, and the names of what it had to shed to keep within its platform's limits."""

    body: str
    shed: tuple[str, ...] = ()


def visible(text: str) -> str:
    """The text without control characters and escape sequences, with invisible and reordering characters made visible.
    Line breaks and tabs stay."""
    text = ESCAPES.sub("", text.replace("\r\n", "\n"))
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character in "\n\t":
        return character
    if character in TRICKS or 0xE0000 <= ord(character) <= 0xE0FFF:
        return f"⟨U+{ord(character):04X}⟩"
    return "" if unicodedata.category(character) in ("Cc", "Cs") else character


def is_web(href: str) -> bool:
    """Whether a person may follow this: a path of ours, or an address of the web. Never a script."""
    lowered = href.lower()
    ours = href.startswith("/") and not href.startswith(("//", "/\\"))
    return (ours or lowered.startswith(("http://", "https://"))) and not any(c in href for c in "\n\r\t\\")


def called(to: Iterable[Addressee]) -> str:
    """Whom a card calls, by name, where nobody can be mentioned."""
    return " ".join(f"@{person.name}" for person in to)


LATEST = 253_402_300_799.0
"""The last second a calendar can name, unix time."""


def plotted(points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points that can stand on a chart, oldest first: finite values at moments a calendar can name."""
    return sorted((at, value) for at, value in points if 0.0 <= at <= LATEST and math.isfinite(value))
