"""Tells the blocks that are text in the end, in one language, as Feishu's markdown."""

from collections.abc import Callable, Sequence

from cards.model import Change, Finding, Log, Steps, StepState, Table
from cards.render.feishu.markup import block, bold, code, colored, line, link, prose

MARKS: dict[StepState, tuple[str, str]] = {
    "pending": ("○", "grey"),
    "running": ("◔", "blue"),
    "done": ("✓", "green"),
    "failed": ("✗", "red"),
    "skipped": ("–", "grey"),
}
SHORT = 300
"""Characters of a text that stands with others in one line."""
CELL = 120


def steps(told: Steps, text: int) -> str:
    """One line per step that found something; neighbours that have nothing to add share one."""
    longest = min(text, SHORT)
    rows: list[str] = []
    shared = False
    for step in told.steps:
        sign, color = MARKS[step.state]
        words = line(step.text, longest)
        note = colored("grey", line(step.note, longest))
        row = " ".join(part for part in (colored(color, sign), words, note) if part)
        if shared and not note:
            rows[-1] += f"&nbsp;&nbsp; {row}"
        else:
            rows.append(row)
        shared = not note
    return "\n".join(rows)


def tile(name: str, value: str) -> str:
    """A fact as a small name over its value."""
    return f"{colored('grey', line(name, SHORT))}\n{bold(line(value, SHORT))}".strip()


def fact(name: str, value: str, text: int) -> str:
    """A fact as one line, or as a heading over its lines."""
    said = prose(value, text)
    between = "\n" if "\n" in said else " "
    return f"{colored('grey', line(name, SHORT))}{between}{said}".strip()


def findings(found: Sequence[Finding], text: int) -> str:
    """One line per piece of evidence: what changed, from where to where, since when, how sure."""
    return "\n".join(_finding(item, min(text, SHORT)) for item in found)


def _finding(item: Finding, longest: int) -> str:
    sign = colored("red", "▲") if item.abnormal else colored("grey", "·")
    sides = [line(side, longest) for side in (item.before, item.after) if side]
    change = bold(" → ".join(side for side in sides if side))
    kind = line(item.kind, 30)
    parts = (
        sign,
        code(item.id, 60),
        f"<text_tag color='neutral'>{kind}</text_tag>" if kind else "",
        line(item.text, longest),
        change,
        colored("grey", line(item.since, 60)),
        colored("grey", line(item.sure, SHORT)),
    )
    return " ".join(part for part in parts if part)


def queries(found: Sequence[Finding], href: Callable[[str], str]) -> str:
    """What each piece of evidence was asked with, and where a person can ask it again."""
    rows = []
    for item in found:
        opened = link("↗", href(item.link)) if href(item.link) else ""
        rows.append(" ".join(part for part in (code(item.id, 60), code(item.query, SHORT), opened) if part))
    return "\n".join(row for row in rows if row)


def log(told: Log, most: int, text: int) -> str:
    """Lines as they were written, the first ones where there are too many."""
    kept = [*told.lines[:most], *(["…"] if len(told.lines) > most else [])]
    return block("\n".join(kept), text)


def change(told: Change, text: int) -> str:
    """What would be or was applied, under its title."""
    title = bold(line(told.title, SHORT))
    return "\n".join(part for part in (title, block(told.text, text)) if part)


def table(told: Table) -> str:
    """A table of markdown; rows get as many cells as there are columns."""
    count = len(told.columns)
    head = _row(told.columns)
    rule = "|" + "---|" * count
    return "\n".join([head, rule, *(_row((*row, *[""] * count)[:count]) for row in told.rows)])


def _row(cells: Sequence[str]) -> str:
    return "|" + "|".join(f" {line(cell, CELL) or ' '} " for cell in cells) + "|"


def listed(told: Table, text: int) -> str:
    """The rows as lines, where no further table may stand."""
    longest = min(text, SHORT)
    rows = []
    for row in told.rows:
        named = zip(told.columns, row, strict=False)
        cells = (f"{colored('grey', line(name, longest))} {line(cell, longest)}" for name, cell in named if cell)
        rows.append(f"• {' · '.join(cells)}")
    return "\n".join(rows)
