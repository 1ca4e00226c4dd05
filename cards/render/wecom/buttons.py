"""Sorts the buttons of a card: which become buttons of a WeCom card, and which are told as words to type."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from cards.model import Ask, Block, Button, Buttons, Card, Fold, Link
from cards.words import Words

Close = Callable[[str, Mapping[str, str]], str]
"""Makes the sealed text a button carries, out of its action and value."""

MOST_BUTTONS = 6
"""Buttons of one template card (official Node types: button_list at most 6)."""
LONGEST_KEY = 1_024
"""Bytes of a button's key (official Node types)."""
LONGEST_LABEL = 10
"""Characters on a button (official Node types: "at most 10 characters")."""


NUMBERS = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
"""Rows whose buttons are named like those of another row are told apart by these."""


@dataclass(frozen=True)
class Sorted:
    """`keyed` are pressed, each with its key and the row it stands in, at most six to a card; `typed` are told as
    commands where they stand, `typed_approvals` in any case. `numbers` names rows that would be mistaken for others."""

    keyed: tuple[tuple[tuple[Button, str], ...], ...] = ()
    typed: tuple[Button, ...] = ()
    typed_approvals: tuple[Button, ...] = ()
    numbers: tuple[tuple[Buttons, str], ...] = ()
    links: tuple[Link, ...] = ()


def sort(card: Card, close: Close) -> Sorted:
    """Approval buttons come first and are never left out; the others fill the room that is left on their last card,
    those whose name is their own before those that need a number."""
    there = tuple(rows(card.blocks))
    numbers = _numbers(there)
    known: set[str] = set()
    first = [item for row in there if row.approval for item in row.buttons if isinstance(item, Button)]
    approvals, unkeyed = _keyed(first, close, known)
    rest = [
        _numbered(item, _of(numbers, row))
        for row in sorted(there, key=lambda row: bool(_of(numbers, row)))
        if not row.approval
        for item in row.buttons
        if isinstance(item, Button)
    ]
    others, too_long = _keyed(rest, close, known)
    free = -len(approvals) % MOST_BUTTONS if approvals else MOST_BUTTONS
    keyed = approvals + others[:free]
    chunks = tuple(tuple(keyed[at : at + MOST_BUTTONS]) for at in range(0, len(keyed), MOST_BUTTONS))
    typed = (*(button for button, _ in others[free:]), *too_long)
    links = tuple(item for row in there for item in row.buttons if isinstance(item, Link))
    return Sorted(chunks, typed, tuple(unkeyed), numbers, links)


def label(button: Button, words: Words) -> str:
    """What stands on the button: its label, or where that is too long the short one we have for the action."""
    text = " ".join(button.label.split())
    if len(text) > LONGEST_LABEL and words.has(f"wecom.button.{button.action}"):
        return words.text(f"wecom.button.{button.action}")
    return text or button.action


def as_button(ask: Ask) -> Button:
    """A question as the button that opens it: WeCom's cards take no text."""
    return Button(ask.action, ask.submit, ask.value, "primary")


def _numbered(button: Button, number: str) -> Button:
    return replace(button, label=f"{button.label[: LONGEST_LABEL - 1]}{number}") if number else button


def is_typed(button: Button, typed: Iterable[Button]) -> bool:
    """Whether this button is among those told as commands; a number on its label does not matter."""
    return any((each.action, each.value) == (button.action, button.value) for each in typed)


def _numbers(there: Iterable[Buttons]) -> tuple[tuple[Buttons, str], ...]:
    """A number for each row that shares a label with another one."""
    open_rows = [row for row in there if not row.approval]
    labels = Counter(item.label for row in open_rows for item in row.buttons if isinstance(item, Button))
    shared = [row for row in open_rows if any(isinstance(b, Button) and labels[b.label] > 1 for b in row.buttons)]
    return tuple(zip(shared, NUMBERS, strict=False))


def _of(numbers: Iterable[tuple[Buttons, str]], row: Buttons) -> str:
    return next((number for numbered, number in numbers if numbered is row), "")


def number_of(sorted_buttons: Sorted, row: Buttons) -> str:
    """The number of this very row; "" where its buttons are named well enough."""
    return _of(sorted_buttons.numbers, row)


def _keyed(buttons: Iterable[Button], close: Close, known: set[str]) -> tuple[list[tuple[Button, str]], list[Button]]:
    """Those whose key fits, each key once; and those whose key does not."""
    fitting: list[tuple[Button, str]] = []
    others: list[Button] = []
    for button in buttons:
        key = close(button.action, button.value)
        if len(key.encode()) > LONGEST_KEY:
            others.append(button)
        elif key not in known:
            known.add(key)
            fitting.append((button, key))
    return fitting, others


def rows(blocks: Iterable[Block]) -> Iterable[Buttons]:
    """Every row of buttons, in folds too; a question is a row of its own."""
    for block in blocks:
        match block:
            case Buttons():
                yield block
            case Ask():
                yield Buttons((as_button(block),))
            case Fold():
                yield from rows(block.blocks)
            case _:
                pass


def spelled(button: Button) -> Button:
    """A button as it is told in text: its value cut to what a person can type."""
    return replace(button, value={name: value[:80] for name, value in button.value.items()})
