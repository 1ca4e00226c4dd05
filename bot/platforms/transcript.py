"""Remembers how each message was last drawn in a terminal, so that only what is new is printed."""

from collections import OrderedDict
from collections.abc import Sequence
from difflib import SequenceMatcher

MOST_MESSAGES = 500


class Transcript:
    """The drawings of the newest 500 messages. The first line of a drawing is its title."""

    def __init__(self) -> None:
        self._drawn: OrderedDict[str, list[str]] = OrderedDict()

    def news(self, message: str, drawing: str) -> list[str]:
        """The lines to print: all of them the first time, then the title and what changed; none where nothing did."""
        lines = drawing.rstrip("\n").split("\n")
        before = self._drawn.pop(message, None)
        self._drawn[message] = lines
        while len(self._drawn) > MOST_MESSAGES:
            self._drawn.popitem(last=False)
        if before is None:
            return lines
        fresh = _fresh(before[1:], lines[1:])
        return [lines[0], *fresh] if fresh or lines[0] != before[0] else []


def _fresh(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """The lines of `after` that `before` did not have; a line that only moved says nothing new."""
    known = set(before)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    changed = [line for tag, _, _, start, end in matcher.get_opcodes() if tag != "equal" for line in after[start:end]]
    fresh: list[str] = []
    for line in changed:
        # What is quoted under a new heading belongs to it, though the same was said before.
        headed = bool(fresh) and is_quoted(line)
        if line.strip() and (line not in known or headed):
            fresh.append(line)
    return fresh


def is_quoted(line: str) -> bool:
    """Whether this is a line of a command, a change or a log."""
    return line.lstrip().startswith("│")
