"""Keeps a message within Slack's limits: sheds in a fixed order, says what is missing and where all of it stands."""

from collections.abc import Sequence
from typing import Any

from cards.render.slack import limits, rich
from cards.render.slack.stage import CHANGES, ORDER, Piece, Scene
from cards.render.slack.wording import size
from cards.words import Words

UNSEEN = frozenset({"block_id", "action_id", "value", "url", "type", "style", "color"})
"""Properties whose text nobody reads."""


def fit(scene: Scene, drawn: Sequence[Piece], blocks: int, weight: int) -> tuple[list[Piece], tuple[str, ...]]:
    """What fits into so many blocks and so much text, and the names of what does not, in the order it went."""
    kept = list(drawn)
    shed = {piece.lost for piece in kept if piece.lost}
    loads = [heavy(piece.block) for piece in kept]
    for kind in ORDER:
        for at in reversed(range(len(kept))):
            if _fits(loads, blocks, weight, bool(shed)):
                break
            if kept[at].kind == kind:
                shed.add(kind)
                del kept[at], loads[at]
    named = tuple(kind for kind in ORDER if kind in shed)
    return _noted(kept, left_out(scene, named), named) if named else kept, named


def _noted(kept: Sequence[Piece], note: Piece, named: Sequence[str]) -> list[Piece]:
    """Who decides must know before that not all of the change stands here; the rest is said at the end."""
    rows = (at for at, piece in enumerate(kept) if piece.block["type"] == "actions")
    place = next(rows, len(kept)) if CHANGES in named else len(kept)
    return [*kept[:place], note, *kept[place:]]


def heavy(block: Any) -> int:
    """What a block weighs: the text people see, and something for each object around it."""
    match block:
        case str():
            return size(block)
        case dict():
            return limits.CONTAINER + sum(heavy(value) for name, value in block.items() if name not in UNSEEN)
        case list() | tuple():
            return sum(heavy(item) for item in block)
        case _:
            return 0


def left_out(scene: Scene, kinds: Sequence[str]) -> Piece:
    """The sentence that says what is missing, with the way to all of it."""
    words = Words(scene.language)
    named = words.text("list.comma").join(words.text(f"slack_card.kind.{kind}") for kind in kinds)
    told = rich.run(words.text("slack_card.left_out", what=named), italic=True)
    return Piece(rich.block(rich.line(told, rich.gap("  "), rich.link(scene.page, words.text("slack_card.all")))), "")


NOTE_BLOCKS = 1
NOTE_WEIGHT = 400


def _fits(loads: Sequence[int], blocks: int, weight: int, noted: bool) -> bool:
    room, load = (NOTE_BLOCKS, NOTE_WEIGHT) if noted else (0, 0)
    return len(loads) + room <= blocks and sum(loads) + load <= weight
