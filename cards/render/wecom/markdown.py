"""Draws blocks in WeCom's markdown: headings, bold, quotes, inline code, three colours and links are all it knows."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import assert_never

from cards import moments
from cards.model import (
    Ask,
    Block,
    Button,
    Buttons,
    Change,
    Chart,
    Facts,
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
from cards.render.course import Course, course
from cards.render.course import told as beside
from cards.render.scale import figure
from cards.render.text import TYPED, command
from cards.render.wecom.buttons import Sorted, is_typed, number_of, rows, spelled
from cards.render.wecom.safe import address, code, line, plain
from engine.masking import bounded

MARKS: dict[StepState, str] = {"pending": "·", "running": "…", "done": "✓", "failed": "✗", "skipped": "–"}
COLORS: dict[Tone, str] = {"neutral": "comment", "info": "info", "good": "info", "warning": "warning", "bad": "warning"}
"""WeCom's markdown has three colours: info is green, comment grey, warning orange."""

MOST_LOG_LINES = 12
MOST_ROWS = 12
MOST_FINDINGS = 10
MOST_MARKS = 4
QUERY = 160
LEAST_FACT = 120
"""Bytes below which a fact says nothing: its name in colour alone takes half of them."""
LONGEST_NAME = 40
SEPARATOR = " · "


@dataclass(frozen=True)
class Pen:
    """What drawing needs besides the block: the address links stand below, the tone of the card, and what becomes of
    its buttons."""

    public_url: str
    tone: Tone
    buttons: Sorted


@dataclass(frozen=True)
class Piece:
    """The lines of one block, and what had to be left out of them."""

    lines: tuple[str, ...]
    shed: tuple[str, ...] = ()


def colored(text: str, color: str) -> str:
    """Text in one of the three colours; "" stays ""."""
    return f'<font color="{color}">{text}</font>' if text else ""


def bold(text: str) -> str:
    """Strong text; "" stays ""."""
    return f"**{text}**" if text else ""


def link(label: str, href: str, pen: Pen) -> str:
    """A link where the address is one a person may follow, else its words alone."""
    target, shown = address(href, pen.public_url), line(label).replace("[", "［").replace("]", "］") or "→"
    return f"[{shown}]({target})" if target else shown


Told = Prose | Facts | Steps | Findings | Log | Change
Built = Table | Chart | Buttons | Ask | Fold


def piece(block: Block, pen: Pen) -> Piece:
    """One block as lines."""
    match block:
        case Prose() | Facts() | Steps() | Findings() | Log() | Change():
            return _told(block, pen)
        case Table() | Chart() | Buttons() | Ask() | Fold():
            return _built(block, pen)
        case _:
            assert_never(block)


def _told(block: Told, pen: Pen) -> Piece:
    match block:
        case Prose():
            return Piece(tuple(_prose(block, pen)))
        case Facts():
            return Piece(tuple(chain.from_iterable(_fact(name, value) for name, value in block.pairs)))
        case Steps():
            return Piece(tuple(_steps(block)))
        case Findings():
            drawn = chain.from_iterable(_finding(item, pen) for item in block.findings[:MOST_FINDINGS])
            return Piece(tuple(drawn), _more("findings", len(block.findings), MOST_FINDINGS))
        case Log():
            rows = tuple(f"> {shown}" for row in block.lines[:MOST_LOG_LINES] if (shown := code(row)))
            return Piece(rows, _more("log", len(block.lines), MOST_LOG_LINES))
        case Change():
            title = (bold(line(block.title)),) if line(block.title) else ()
            return Piece((*title, *(f"> {shown}" for row in block.text.split("\n") if (shown := code(row, 2_000)))))
        case _:
            assert_never(block)


def _built(block: Built, pen: Pen) -> Piece:
    match block:
        case Table():
            return Piece(tuple(_table(block)), _more("rows", len(block.rows), MOST_ROWS))
        case Chart():
            return Piece((_chart(block),))
        case Buttons():
            return Piece(tuple(_buttons(block, pen)))
        case Ask():
            return Piece(tuple(_ask(block)))
        case Fold():
            return _fold(block, pen)
        case _:
            assert_never(block)


def _more(name: str, there: int, shown: int) -> tuple[str, ...]:
    return (f"{name}: {there - shown}",) if there > shown else ()


def _prose(block: Prose, pen: Pen) -> Iterable[str]:
    for row in plain(block.text).split("\n"):
        if not row:
            continue
        if block.strong:
            yield bold(colored(row, COLORS[pen.tone]))
        else:
            yield colored(row, "comment") if block.quiet else row


def _fact(name: str, value: str) -> Iterable[str]:
    rows = [row for row in plain(value).split("\n") if row] or ["—"]
    head = colored(line(name), "comment")
    if len(rows) == 1:
        return (f"> {head} {rows[0]}".rstrip(),)
    return (f"> {head}", *(f"> {row}" for row in rows))


def squeezed(block: Facts, room: int) -> tuple[str, ...]:
    """All facts in so many bytes, long ones cut so that none of the others is lost; nothing where that would leave
    shreds of them."""
    if room < LEAST_FACT * len(block.pairs):
        return ()
    kept: dict[int, tuple[str, ...]] = {}
    by_size = sorted(range(len(block.pairs)), key=lambda at: size(tuple(_fact(*block.pairs[at]))))
    for done, at in enumerate(by_size):
        kept[at] = _cut_fact(*block.pairs[at], room // (len(by_size) - done))
        room -= size(kept[at])
    return tuple(chain.from_iterable(kept[at] for at in range(len(by_size))))


def _cut_fact(name: str, value: str, room: int) -> tuple[str, ...]:
    drawn = tuple(_fact(name, value))
    while (needs := size(drawn)) > room and value:
        value = value[: min(len(value) - 1, len(value) * room // needs)]
        drawn = tuple(_fact(bounded(name, LONGEST_NAME), f"{value.rstrip()}…"))
    return drawn if size(drawn) <= room else ()


def size(lines: tuple[str, ...]) -> int:
    """Bytes of these lines in a message."""
    return sum(len(text.encode("utf-8", "replace")) + 1 for text in lines)


def _steps(block: Steps) -> Iterable[str]:
    """One line per step that has something to add; neighbours that have nothing share a line."""
    shared: list[str] = []
    for step in block.steps:
        told, note = f"{MARKS[step.state]} {line(step.text)}", line(step.note)
        if note:
            if shared:
                yield "　".join(shared)
            shared = []
            yield f"{told}　{colored(note, 'comment')}"
        else:
            shared.append(told)
    if shared:
        yield "　".join(shared)


def _finding(item: Finding, pen: Pen) -> Iterable[str]:
    name = link(item.id, item.link, pen) if item.link else line(item.id)
    change = (
        f"{line(item.before)} → {line(item.after)}" if item.before and item.after else line(item.after or item.before)
    )
    since = f"({line(item.since)})" if item.since else ""
    sure = colored(line(item.sure), "comment") if item.sure else ""
    mark = colored("▲", "warning") if item.abnormal else "·"
    parts = (mark, name, f"［{line(item.kind)}］" if item.kind else "", line(item.text), bold(change), since, sure)
    yield " ".join(part for part in parts if part)
    if item.query:
        yield f"> {code(item.query, QUERY)}"


def _table(block: Table) -> Iterable[str]:
    """Each row a line: WeCom's markdown has no tables."""
    columns = [line(column) for column in block.columns]
    for row in block.rows[:MOST_ROWS]:
        cells = [(name, line(cell)) for name, cell in zip(columns, row, strict=False) if line(cell)]
        if cells:
            told = [bold(cells[0][1]), *(f"{colored(name, 'comment')} {cell}".strip() for name, cell in cells[1:])]
            yield f"> {SEPARATOR.join(told)}"


def _chart(block: Chart) -> str:
    """What the picture shows, in one line: it is sent beside the text, and may not arrive."""
    seen = course(block)
    if seen is None:
        return f"> {line(block.title)}：—"
    first, low, high, last = (figure(value, line(block.unit)) for value in _values(seen))
    marks = SEPARATOR.join(f"{line(mark.text)} {seen.moment(mark.at.timestamp())}" for mark in seen.marks[:MOST_MARKS])
    more = SEPARATOR.join(line(text) for text in beside(block, seen))
    parts = (f"{line(block.title)}：{first} → {last}, {low} … {high}", more, colored(marks, "comment"))
    return f"> {SEPARATOR.join(part for part in parts if part)}"


def _values(seen: Course) -> tuple[float, float, float, float]:
    values = [value for _, value in seen.points]
    return values[0], min(values), max(values), values[-1]


def told(button: Button) -> str:
    """A button as words to type. A typed word is left off: on WeCom it only counts after a one-time code or an id."""
    words = command(spelled(button)).removesuffix(f" {TYPED}")
    return f"{bold(line(button.label))} {code(words, 300)}".strip()


def _buttons(block: Buttons, pen: Pen) -> Iterable[str]:
    """Links, and what the card with the buttons cannot hold or could not tell apart."""
    pressed = [item for item in block.buttons if isinstance(item, Button) and not is_typed(item, pen.buttons.typed)]
    if pressed and (number := number_of(pen.buttons, block)):
        yield f"{number} {' / '.join(line(button.label) for button in pressed)}"
    for item in block.buttons:
        if isinstance(item, Button) and not block.approval and is_typed(item, pen.buttons.typed):
            yield told(item)
    links = SEPARATOR.join(link(item.label, item.href, pen) for item in block.buttons if isinstance(item, Link))
    if links:
        yield links


def _ask(block: Ask) -> Iterable[str]:
    until = f"⏱ {moments.moment(block.until, block.zone)}" if block.until else ""
    yield bold(line(block.question)) or "?"
    about = SEPARATOR.join(part for part in (line(block.who), until) if part)
    if about:
        yield f"> {about}"
    for field in block.fields:
        yield f"> {colored(line(field.label), 'comment')} {line(field.value or field.hint)}".rstrip()


def _fold(block: Fold, pen: Pen) -> Piece:
    """An open fold is drawn; of a closed one the title stands, and the page has the rest: WeCom cannot open one."""
    title = line(block.title)
    if not block.open:
        inside = chain.from_iterable(_buttons(row, pen) for row in rows(block.blocks) if not row.approval)
        return Piece((*((f"▸ {title}",) if title else ()), *inside), (f"fold: {block.title[:40]}",))
    inner = [piece(item, pen) for item in block.blocks]
    lines = tuple(chain.from_iterable(item.lines for item in inner))
    return Piece(((bold(f"▾ {title}"),) if title else ()) + lines, tuple(chain.from_iterable(i.shed for i in inner)))
