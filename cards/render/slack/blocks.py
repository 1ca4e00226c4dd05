"""Draws the blocks of a card as blocks of Slack, each under the name by which it may be shed."""

from collections.abc import Iterable, Sequence
from itertools import chain, groupby
from typing import assert_never

from cards.model import (
    Ask,
    Block,
    Buttons,
    Change,
    Chart,
    Facts,
    Finding,
    Findings,
    Fold,
    Log,
    Prose,
    Step,
    Steps,
    StepState,
    Table,
)
from cards.render.columns import columns, fitted
from cards.render.drawing import visible
from cards.render.slack import limits, rich, rows
from cards.render.slack.gist import gist
from cards.render.slack.stage import (
    BACKGROUND,
    CHANGES,
    CHARTS,
    FACTS,
    FINDINGS,
    FOLDS,
    LOGS,
    PROSE,
    STEPS,
    TABLES,
    Piece,
    Scene,
)
from cards.render.slack.wording import Json, address, aside, fact, label, one_line, shown, size
from cards.render.spark import spark
from cards.words import Words

MARKS: dict[StepState, str] = {
    "pending": "white_small_square",
    "running": "hourglass_flowing_sand",
    "done": "white_check_mark",
    "failed": "x",
    "skipped": "heavy_minus_sign",
}
SHORT = 44
"""Columns of a fact that fits beside another one."""
NOTE = 300
QUERY = 160
LOG = 1_500
CHANGE = 6_000
TEXT_TABLE = 3_000
SHARED = 6
"""Sentences or findings that share one block."""
SPARK = 56
CELL = 32
"""Columns of a cell where a table is drawn as text."""


def pieces(scene: Scene, found: Iterable[Block], charts: "Counter | None" = None) -> list[Piece]:
    """Every block, in order; sentences that follow each other share one block."""
    counter = charts or Counter()
    drawn: list[Piece] = []
    for spoken, some in groupby(found, lambda block: isinstance(block, Prose) and not block.quiet):
        if spoken:
            drawn += _sentences([block for block in some if isinstance(block, Prose)])
        else:
            drawn += chain.from_iterable(_block(scene, block, counter) for block in some)
    return drawn


class Counter:
    """Counts what a message counts through: its charts, in the order they are drawn, and whether its table is taken."""

    def __init__(self) -> None:
        self.charts = 0
        self.table = False


def charts(found: Iterable[Block]) -> list[Chart]:
    """The charts that stand open, in the order in which `pictures` numbers them."""
    open_ones: list[Chart] = []
    for block in found:
        if isinstance(block, Chart):
            open_ones.append(block)
        elif isinstance(block, Fold) and block.open:
            open_ones += charts(block.blocks)
    return open_ones


Told = Prose | Facts | Steps | Findings | Log | Change
Built = Table | Chart | Buttons | Ask | Fold


def _block(scene: Scene, block: Block, counter: Counter) -> list[Piece]:
    match block:
        case Prose() | Facts() | Steps() | Findings() | Log() | Change():
            return _told(scene, block)
        case Table() | Chart() | Buttons() | Ask() | Fold():
            return _built(scene, block, counter)
        case _:
            assert_never(block)


def _told(scene: Scene, block: Told) -> list[Piece]:
    match block:
        case Prose():
            return _quiet(block) if block.quiet else _sentences([block])
        case Facts():
            return _facts(block)
        case Steps():
            return [Piece(rich.block(*_steps(block)), STEPS)] if block.steps else []
        case Findings():
            lines = [_finding(scene, item) for item in block.findings]
            return [Piece(rich.block(*some), FINDINGS) for some in _some(lines)]
        case Log():
            text = "\n".join(block.lines)
            drawn = Piece(rich.block(rich.preformatted(text, LOG)), LOGS, _cut(text, LOG, LOGS))
            return [drawn] if text.strip() else []
        case Change():
            return _change(block)
        case _:
            assert_never(block)


def _built(scene: Scene, block: Built, counter: Counter) -> list[Piece]:
    match block:
        case Table():
            return _table(scene, block, counter)
        case Chart():
            return _chart(scene, block, counter)
        case Buttons():
            return rows.row(scene, block)
        case Ask():
            return rows.question(scene, block)
        case Fold():
            return _fold(scene, block, counter)
        case _:
            assert_never(block)


def _sentences(found: Sequence[Prose]) -> list[Piece]:
    """Sentences, a line each, in blocks of a few, so that where not all fit the first of them do."""
    lines = [rich.line(rich.run(block.text, bold=block.strong)) for block in found]
    lost = PROSE if any(_cut(block.text, rich.RUN, PROSE) for block in found) else ""
    return [Piece(rich.block(*some), PROSE, lost) for some in _some(lines)]


def _some(lines: Sequence[Json]) -> list[Sequence[Json]]:
    return [lines[at : at + SHARED] for at in range(0, len(lines), SHARED)]


def _cut(text: str, most: int, kind: str) -> str:
    """The name of what is lost where a text is longer than its block; "" where all of it shows."""
    return kind if size(shown(text)) > most else ""


def _quiet(block: Prose) -> list[Piece]:
    context = {"type": "context", "elements": [aside(block.text, limits.CONTEXT_TEXT)]}
    return [Piece(context, BACKGROUND, _cut(block.text, limits.CONTEXT_TEXT, BACKGROUND))]


def _facts(block: Facts) -> list[Piece]:
    """Short ones side by side, then the long ones, a line each; all as lines where most are long."""
    long = [pair for pair in block.pairs if "\n" in pair[1] or columns(pair[1]) > SHORT]
    short = [pair for pair in block.pairs if pair not in long]
    if len(long) >= len(short):
        long, short = list(block.pairs), []
    fields = [fact(name, value) for name, value in short]
    drawn = [
        Piece({"type": "section", "fields": fields[at : at + limits.FIELDS]}, FACTS)
        for at in range(0, len(fields), limits.FIELDS)
    ]
    lines = [_long_fact(name, value) for name, value in long]
    return drawn + ([Piece(rich.block(*lines), FACTS)] if lines else [])


def _long_fact(name: str, value: str) -> Json:
    between = "\n" if "\n" in shown(value) else "  "
    return rich.line(rich.run(one_line(name, limits.LABEL), bold=True), rich.gap(between), rich.run(value))


def _steps(block: Steps) -> list[Json]:
    """A line for each step that has a note; neighbours without one share a line."""
    lines: list[Json] = []
    for noted, some in groupby(block.steps, lambda step: bool(step.note.strip())):
        steps = list(some)
        if noted:
            lines += [rich.line(*_step(step), rich.gap("  "), rich.run(step.note, NOTE, italic=True)) for step in steps]
        else:
            runs = [run for step in steps for run in (rich.gap("   "), *_step(step))]
            lines.append(rich.line(*runs[1:]))
    return lines


def _step(step: Step) -> tuple[Json, ...]:
    name = rich.run(one_line(step.text, NOTE), bold=step.state == "running")
    return rich.emoji(MARKS[step.state]), rich.gap(" "), name


def _finding(scene: Scene, item: Finding) -> Json:
    """Its id, what it says, before → after, since when, how sure; below, the query with its link."""
    runs = [rich.gap("▲ " if item.abnormal else "· "), rich.run(one_line(item.id, limits.LABEL), code=True)]
    runs += [rich.gap("  "), rich.run(one_line(item.kind, limits.LABEL), italic=True)] if item.kind else []
    runs += [rich.gap("  "), rich.run(item.text, 1_000, bold=item.abnormal)]
    if item.before and item.after:
        runs += [rich.gap("  "), rich.run(item.before, NOTE), rich.gap(" → "), rich.run(item.after, NOTE, bold=True)]
    elif item.before or item.after:
        runs += [rich.gap("  "), rich.run(item.before or item.after, NOTE, bold=True)]
    runs += [rich.gap("  "), rich.run(item.since, limits.LABEL, italic=True)] if item.since else []
    runs += [rich.gap(" · "), rich.run(item.sure, NOTE, italic=True)] if item.sure else []
    url = address(item.link, scene.stage.public_url)
    if item.query:
        asked = one_line(item.query, QUERY)
        runs += [rich.gap("\n     "), rich.link(url, asked, QUERY) if url else rich.run(asked, QUERY, code=True)]
    return rich.line(*runs)


def _change(block: Change) -> list[Piece]:
    """The whole text where it can be: whoever approves must see all of it."""
    title = [rich.line(rich.run(block.title, NOTE, bold=True))] if block.title else []
    body = rich.preformatted(block.text, CHANGE)
    return [Piece(rich.block(*title, body), CHANGES, _cut(block.text, CHANGE, CHANGES))]


def _table(scene: Scene, block: Table, counter: Counter) -> list[Piece]:
    """A table of Slack's where one may stand, else the same as text."""
    count = len(block.columns)
    if not count:
        return []
    cells = [[one_line(cell, limits.FIELD) for cell in (*row, *[""] * count)[:count]] for row in _all_rows(block)]
    small = count <= limits.TABLE_CELLS and len(cells) <= limits.TABLE_ROWS
    small = small and sum(size(cell) for row in cells for cell in row) <= limits.TABLE_TEXT // 2
    if scene.in_view or counter.table or not small:
        text = _as_text(cells)
        return [Piece(rich.block(rich.preformatted(text, TEXT_TABLE)), TABLES, _cut(text, TEXT_TABLE, TABLES))]
    counter.table = True
    raw = [[{"type": "raw_text", "text": cell} for cell in row] for row in cells]
    settings = [{"is_wrapped": True} for _ in range(count)]
    return [Piece({"type": "table", "rows": raw, "column_settings": settings}, TABLES)]


def _all_rows(block: Table) -> Sequence[tuple[str, ...]]:
    return (block.columns, *block.rows)


def _as_text(cells: Sequence[Sequence[str]]) -> str:
    sizes = [min(max(columns(cell) for cell in column), CELL) for column in zip(*cells, strict=True)]
    lines = ["  ".join(fitted(cell, width) for cell, width in zip(row, sizes, strict=True)).rstrip() for row in cells]
    rule = "  ".join("─" * width for width in sizes)
    return "\n".join((lines[0], rule, *lines[1:]))


def _chart(scene: Scene, block: Chart, counter: Counter) -> list[Piece]:
    number = counter.charts
    counter.charts += 1
    drawn = spark(block, SPARK)
    file = scene.stage.pictures.get(number)
    if file:
        # A picture says nothing to who cannot see it: its numbers stand in the text behind it.
        spoken = one_line(" · ".join((block.title, *drawn.notes)), limits.ALT)
        image = {"type": "image", "slack_file": {"id": file}, "alt_text": spoken, "title": label(block.title, NOTE)}
        return [Piece(image, CHARTS)]
    title = rich.line(rich.run(block.title, NOTE, bold=True))
    rows = [*drawn.picture, *(visible(note) for note in drawn.notes)]
    body = [rich.preformatted("\n".join(rows), LOG)] if rows else []
    return [Piece(rich.block(title, *body), CHARTS)]


def _fold(scene: Scene, block: Fold, counter: Counter) -> list[Piece]:
    """An open one as it is below its title; a closed one as its title, what it comes to and where the rest stands.
    What can be pressed is never folded away."""
    heading = rich.run(one_line(block.title, NOTE), bold=True)
    if block.open:
        return [Piece(rich.block(rich.line(rich.gap("▾ "), heading)), FOLDS), *pieces(scene, block.blocks, counter)]
    said, whole = gist(block.blocks)
    runs = [rich.gap("▸ "), heading]
    runs += [rich.gap("\n"), rich.run(said)] if said else []
    if not whole:
        runs += [rich.gap("  "), rich.link(scene.page, Words(scene.language).text("slack_card.all"))]
    return [Piece(rich.block(rich.line(*runs)), FOLDS), *_pressable(scene, block.blocks)]


def _pressable(scene: Scene, found: Iterable[Block]) -> list[Piece]:
    drawn: list[Piece] = []
    for block in found:
        match block:
            case Buttons():
                drawn += rows.row(scene, block)
            case Ask():
                drawn += rows.question(scene, block)
            case Fold():
                drawn += _pressable(scene, block.blocks)
            case _:
                pass
    return drawn
