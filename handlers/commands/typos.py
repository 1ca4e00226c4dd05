"""Guesses which command a mistyped word was meant to be."""

import re
from collections.abc import Iterable, Sequence

HAN = re.compile(r"[\u4e00-\u9fff]+")
MOST = 3
"""Guesses that are offered."""
SHORT = 4
"""Letters of a word in which one slip is all that is forgiven; longer ones have two."""
LONGEST = 24


def near(said: str, words: Sequence[str]) -> tuple[str, ...]:
    """The words of commands that a text may have meant to begin with, in the script it is typed in, nearest first."""
    typed = said.casefold().strip()
    if han := HAN.match(typed):
        run = han[0]
        fitting = [word for word in words if not word.isascii() and len(word) > 1]
        found = [(_slips(run[: len(word)], word), word) for word in fitting if abs(len(run) - len(word)) <= 1]
        return _first((slips, word) for slips, word in found if slips == 1 or (slips == 0 and len(run) > len(word)))
    tokens = typed.split()[:3]
    found = []
    for word in words:
        begun = " ".join(tokens[: len(word.split())])[:LONGEST]
        if word.isascii() and len(word) > 1 and begun:
            found.append((_slips(begun, word), word))
    return _first((slips, word) for slips, word in found if slips <= (1 if len(word) <= SHORT else 2))


def _first(found: Iterable[tuple[int, str]]) -> tuple[str, ...]:
    ranked = sorted(found)
    return tuple(word for slips, word in ranked if slips == ranked[0][0])[:MOST]


def _slips(typed: str, meant: str) -> int:
    """How many letters were left out, added, mistaken or swapped with the next (optimal string alignment)."""
    before, row = [0] * (len(meant) + 1), list(range(len(meant) + 1))
    for i, letter in enumerate(typed, start=1):
        older, before, row = before, row, [i] + [0] * len(meant)
        for j, wanted in enumerate(meant, start=1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == meant[j - 2] and typed[i - 2] == wanted:
                row[j] = min(row[j], older[j - 2] + 1)
    return row[-1]
