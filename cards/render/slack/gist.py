"""Says in a line or two what a closed fold holds."""

from collections.abc import Iterable, Iterator
from typing import assert_never

from cards.model import Ask, Block, Buttons, Change, Chart, Facts, Findings, Fold, Log, Prose, Steps, Table
from cards.render.slack.wording import SUMMONS, cut, shown, size

MOST = 240
"""Characters of a closed fold that show."""


def gist(blocks: Iterable[Block]) -> tuple[str, bool]:
    """The beginning of what these blocks say, and whether that is all of it."""
    whole = True
    said: list[str] = []
    for text, complete in _said(blocks):
        whole = whole and complete
        said += [" ".join(shown(text).split())] if text.strip() else []
    joined = " · ".join(said)
    # Defused before it is cut: of half an address nobody would know any more that it was one.
    return cut(SUMMONS.sub("‹", joined), MOST), whole and size(joined) <= MOST


Told = Prose | Facts | Steps | Findings | Log | Change
Built = Table | Chart | Buttons | Ask | Fold


def _said(blocks: Iterable[Block]) -> Iterator[tuple[str, bool]]:
    """What each block says in text, and whether text says it all."""
    for block in blocks:
        match block:
            case Prose() | Facts() | Steps() | Findings() | Log() | Change():
                yield from _told(block)
            case Table() | Chart() | Buttons() | Ask() | Fold():
                yield from _built(block)
            case _:
                assert_never(block)


def _told(block: Told) -> Iterator[tuple[str, bool]]:
    match block:
        case Prose():
            yield block.text, True
        case Facts():
            yield from ((f"{name} {value}", True) for name, value in block.pairs)
        case Steps():
            yield from ((f"{step.text} {step.note}", True) for step in block.steps)
        case Findings():
            yield from ((f"{item.id} {item.text} {item.after}", False) for item in block.findings)
        case Log():
            yield "\n".join(block.lines), True
        case Change():
            yield f"{block.title} {block.text}", False
        case _:
            assert_never(block)


def _built(block: Built) -> Iterator[tuple[str, bool]]:
    match block:
        case Table():
            yield from ((" ".join(row), False) for row in block.rows[:3])
        case Chart():
            yield block.title, False
        case Fold():
            yield block.title, True
            yield from _said(block.blocks)
        case Buttons() | Ask():
            # Drawn below the fold: what can be pressed is never folded away.
            yield "", True
        case _:
            assert_never(block)
