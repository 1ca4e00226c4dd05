"""Draws what a change touches: the files, and how many lines of them. The lines themselves are where its link leads: a
team may have said that no code is to stand in a thread."""

from cards.model import Block, Fold, Log, Prose
from cards.words import Words
from engine.model import Change

MOST_FILES = 12


def touched(change: Change, id: str, words: Words) -> tuple[Fold, ...]:
    """Folded under the id by which the change is known; nothing where nobody told what it touches."""
    files, lines = change.files[:MOST_FILES], change.diff.splitlines()
    blocks: list[Block] = [Log(files)] if files else []
    if lines:
        added, removed = (sum(line.startswith(sign) for line in lines) for sign in "+-")
        blocks.append(Prose(words.text("recent_card.lines", added=added, removed=removed), quiet=True))
    return (Fold(words.text("recent_card.touches", id=id, n=len(change.files)), tuple(blocks)),) if blocks else ()
