"""Draws a card for a terminal: plain lines of at most `width` columns, and buttons as commands a person can type."""

from collections.abc import Iterable
from itertools import chain
from typing import assert_never

from cards import moments
from cards.model import (
    Ask,
    Block,
    Button,
    Buttons,
    Card,
    Change,
    Chart,
    Facts,
    Field,
    Finding,
    Findings,
    Fold,
    Link,
    Log,
    Prose,
    Steps,
    StepState,
    Table,
    Tone,
)
from cards.render.columns import columns, fitted, wrapped
from cards.render.drawing import Drawing, called, visible
from cards.render.spark import spark
from cards.words import Words

WIDTH = 100
NARROWEST = 40
FOLDED = 14
"""Lines of a closed fold that a terminal shows, where nobody can open it."""
MARKS: dict[StepState, str] = {"pending": "·", "running": "…", "done": "✓", "failed": "✗", "skipped": "–"}
COLORS: dict[Tone, str] = {"neutral": "1", "info": "36;1", "good": "32;1", "warning": "33;1", "bad": "31;1"}
TYPED = "CONFIRM_EXECUTE"
ANSWERS: dict[str, tuple[str, ...]] = {
    "approve": ("approval",),
    "reject": ("approval",),
    "undo": ("plan",),
    "lift": ("constraint",),
    "keep": ("lesson",),
    "edit": ("lesson",),
    "drop": ("lesson",),
    "monitor": ("service",),
    "query": ("ask",),
    "unsilence": ("silence",),
    "forget": ("lesson",),
    "remember": ("lesson",),
    "take": ("incident",),
    "help": ("topic",),
    "learn": ("caller", "callee"),
    "show": ("incident",),
}
"""Actions whose command names one more thing; all others are typed as they are."""


def render(card: Card, width: int = WIDTH, *, color: bool = False, folded: int = 0) -> Drawing:
    """The card as lines of at most `width` columns (at least 40). `color` adds ANSI to the title. Of each closed fold
    at most `folded` lines are drawn, if that is given, unless something in it is asked; else nothing is shed."""
    width = max(width, NARROWEST)
    title = fitted(f"── {_one_line(card.title)} ", min(columns(_one_line(card.title)) + 4, width))
    title += "─" * (width - columns(title))
    if color:
        title = f"\x1b[{COLORS[card.tone]}m{title}\x1b[0m"
    named = _lines(called(card.to), width) if card.to else []
    lines: list[str] = []
    shed: list[str] = []
    for block in card.blocks:
        drawn = _block(block, width)
        if folded and len(drawn) > folded + 1 and isinstance(block, Fold) and _may_close(block):
            more = Words(card.language).text("terminal.more", n=len(drawn) - folded)
            shed.append(block.title)
            drawn = [*drawn[:folded], *_lines(more, width, 4)]
        lines += drawn
    return Drawing("\n".join((title, *named, *lines)) + "\n", tuple(shed))


def _may_close(fold: Fold) -> bool:
    """Whether nothing is lost to who cannot open it but what the page has as well."""
    asked = any(
        isinstance(block, Buttons | Ask) or (isinstance(block, Fold) and not _may_close(block)) for block in fold.blocks
    )
    return not fold.open and not asked


def command(button: Button) -> str:
    """What a person types instead of pressing this button."""
    names = [button.value.get(name, "") for name in ANSWERS.get(button.action, ())]
    word = [TYPED] if button.action == "approve" else []
    return " ".join(part for part in (button.action, *names, *word) if part)


def _blocks(blocks: Iterable[Block], width: int) -> list[str]:
    return list(chain.from_iterable(_block(block, width) for block in blocks))


Told = Prose | Facts | Steps | Findings | Log | Change
Built = Table | Chart | Buttons | Ask | Fold


def _block(block: Block, width: int) -> list[str]:
    match block:
        case Prose() | Facts() | Steps() | Findings() | Log() | Change():
            return _told(block, width)
        case Table() | Chart() | Buttons() | Ask() | Fold():
            return _built(block, width)
        case _:
            assert_never(block)


def _told(block: Told, width: int) -> list[str]:
    match block:
        case Prose():
            return _prose(block, width)
        case Facts():
            return _facts(block.pairs, width)
        case Steps():
            return _steps(block, width)
        case Findings():
            return list(chain.from_iterable(_finding(item, width) for item in block.findings))
        case Log():
            return list(chain.from_iterable(_lines(f"│ {line}", width, 2, 4) for line in block.lines))
        case Change():
            title = _lines(block.title, width, 2) if block.title else []
            return title + list(chain.from_iterable(_lines(f"│ {line}", width, 4, 6) for line in _split(block.text)))
        case _:
            assert_never(block)


def _built(block: Built, width: int) -> list[str]:
    match block:
        case Table():
            return _table(block, width)
        case Chart():
            return _chart(block, width)
        case Buttons():
            return list(chain.from_iterable(_choice(choice, width) for choice in block.buttons))
        case Ask():
            return _ask(block, width)
        case Fold():
            inside = _blocks(block.blocks, max(width - 2, NARROWEST // 2))
            return _lines(f"▸ {block.title}", width) + [f"  {line}".rstrip() for line in inside]
        case _:
            assert_never(block)


def _steps(block: Steps, width: int) -> list[str]:
    """One line per step that has something to add; neighbours that have nothing share a line where they fit."""
    rows: list[str] = []
    shared = False
    for step in block.steps:
        told = f"{MARKS[step.state]} {_one_line(step.text)}"
        if step.note:
            rows.append(f"{told}  {_one_line(step.note)}")
        elif shared and columns(rows[-1]) + 3 + columns(told) <= width - 4:
            rows[-1] += f"   {told}"
        else:
            rows.append(told)
        shared = not step.note
    return list(chain.from_iterable(_lines(row, width, 2, 4) for row in rows))


def _prose(block: Prose, width: int) -> list[str]:
    if block.quiet:
        return _lines(f"  {block.text}" if "\n" not in block.text else block.text, width, 2)
    return _lines(f"▌ {block.text}" if block.strong else block.text, width, 0, 2 if block.strong else 0)


def _lines(text: str, width: int, indent: int = 0, hanging: int | None = None) -> list[str]:
    """Lines with the first indented by `indent`, the others by `hanging`."""
    later = indent if hanging is None else hanging
    found = wrapped(visible(text).strip(), max(width - max(indent, later), 2))
    return [" " * (later if at else indent) + line.rstrip() for at, line in enumerate(found)]


def _facts(pairs: Iterable[tuple[str, str]], width: int) -> list[str]:
    shown = [(_one_line(name), visible(value)) for name, value in pairs]
    gutter = min(max((columns(name) for name, _ in shown), default=0), width // 3)
    lines: list[str] = []
    for name, value in shown:
        body = wrapped(value, width - gutter - 4)
        lines += [f"  {fitted(name if not at else '', gutter)}  {line.rstrip()}" for at, line in enumerate(body)]
    return lines


def _finding(item: Finding, width: int) -> list[str]:
    change = f"{item.before} → {item.after}" if item.before and item.after else item.after or item.before
    since = f"({item.since})" if item.since else ""
    told = " ".join(part for part in (item.text, change, since, f"· {item.sure}" if item.sure else "") if part)
    lines = _lines(f"{'▲' if item.abnormal else '·'} {item.id} [{item.kind}] {told}", width, 2, 4)
    # One line of the query; the incident page has the whole of it, and the link.
    return [*lines, f"      {fitted(_one_line(item.query), width - 6).rstrip()}"] if item.query else lines


def _table(block: Table, width: int) -> list[str]:
    count = len(block.columns)
    if not count:
        return []
    rows = [tuple(visible(cell) for cell in (*row, *[""] * count)[:count]) for row in (block.columns, *block.rows)]
    room = width - 2 - 2 * (count - 1)
    if room < 4 * count:
        return list(chain.from_iterable(_facts(zip(rows[0], row, strict=True), width) for row in rows[1:]))
    sizes = _sizes([max(_broadest(cell) for cell in cells) for cells in zip(*rows, strict=True)], room)
    lines = [line for row in rows for line in _row(row, sizes)]
    height = len(_row(rows[0], sizes))
    return [*lines[:height], "  " + "  ".join("─" * size for size in sizes), *lines[height:]]


def _row(row: tuple[str, ...], sizes: list[int]) -> list[str]:
    cells = [wrapped(cell, size) for cell, size in zip(row, sizes, strict=True)]
    lines: list[str] = []
    for at in range(max(len(cell) for cell in cells)):
        parts = [fitted(cell[at] if at < len(cell) else "", size) for cell, size in zip(cells, sizes, strict=True)]
        lines.append(f"  {'  '.join(parts)}".rstrip())
    return lines


def _broadest(text: str) -> int:
    return max(columns(line) for line in text.expandtabs(4).split("\n"))


def _sizes(wanted: list[int], room: int) -> list[int]:
    """Column widths: what is short gets all it wants, the rest share what is left."""
    sizes = [max(size, 2) for size in wanted]
    while sum(sizes) > room:
        widest = sizes.index(max(sizes))
        others = sum(sizes) - sizes[widest]
        second = max((size for at, size in enumerate(sizes) if at != widest), default=0)
        sizes[widest] = max(min(sizes[widest] - 1, max(second, room - others)), 2)
    return sizes


def _chart(block: Chart, width: int) -> list[str]:
    drawn = spark(block, width - 4)
    bars = [f"    {fitted(row, width - 4).rstrip()}" for row in drawn.picture]
    notes = chain.from_iterable(_lines(" ".join(note.split()), width, 4, 6) for note in drawn.notes)
    return [*_lines(block.title, width, 2), *bars, *notes]


def _choice(choice: Button | Link, width: int) -> list[str]:
    match choice:
        case Button():
            return _lines(f"[{_one_line(choice.label)}]  {_one_line(command(choice))}", width, 2, 4)
        case Link():
            return _lines(f"→ {_one_line(choice.label)}  {_one_line(choice.href)}", width, 2, 4)
        case _:
            assert_never(choice)


def _ask(block: Ask, width: int) -> list[str]:
    until = f"  ⏱ {moments.moment(block.until, block.zone)}" if block.until else ""
    lines = _lines(f"? {block.question}", width, 0, 2) + _lines(f"{block.who}{until}", width, 2)
    for field in block.fields:
        lines += _field(field, width)
    return lines + _lines(f"[{block.submit}]  {command(Button(block.action, block.submit, block.value))}", width, 2, 4)


def _field(field: Field, width: int) -> list[str]:
    star = "*" if field.required else ""
    lines = _lines(f"{field.label}{star}: {field.value or field.hint}", width, 2, 4)
    return lines + list(chain.from_iterable(_lines(f"- {label} ({value})", width, 4) for value, label in field.choices))


def _split(text: str) -> list[str]:
    return visible(text).split("\n")


def _one_line(text: str) -> str:
    return " ".join(visible(text).split())
