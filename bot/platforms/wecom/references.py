"""Writes references of messages that say themselves what they refer to, sealed: they hold after a restart."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from bot.platforms.seal import Seal
from cards.model import Block, Button, Buttons, Card, Fold

REFERENCE = "wecom reference"
"""The action under which references are sealed; no button has it."""


@dataclass(frozen=True)
class Reference:
    """A message in a room: under which key it was posted, "1" where it was the first of a thread, and what of it people
    would notice if it changed."""

    room: str
    key: str
    first: str
    shown: str

    def sealed(self, seal: Seal) -> str:
        """As text that only this house can have written."""
        return seal.close(REFERENCE, asdict(self))


def read(text: str, seal: Seal) -> Reference | None:
    """What a reference refers to; None for one this house never gave out."""
    opened = seal.open(text)
    if opened is None or opened[0] != REFERENCE:
        return None
    return Reference(**opened[1])


def notable(card: Card) -> str:
    """A digest of what people would want to know if it changed: the title, the summary, the tone, and which approvals
    can be given."""
    told = (card.title, card.summary, card.tone, sorted(_approvals(card.blocks)))
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def _approvals(blocks: Iterable[Block]) -> Iterable[str]:
    for block in blocks:
        match block:
            case Buttons(approval=True):
                for item in block.buttons:
                    if isinstance(item, Button):
                        yield json.dumps([item.action, item.value], sort_keys=True)
            case Fold():
                yield from _approvals(block.blocks)
            case _:
                pass
