"""Draws the blocks of a card, each block in all of the card's languages at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar, assert_never

from cards.model import (
    Ask,
    Block,
    Button,
    Buttons,
    Card,
    Change,
    Chart,
    Facts,
    Findings,
    Fold,
    Link,
    Log,
    Prose,
    Steps,
    Table,
    Tone,
)
from cards.render.columns import columns
from cards.render.feishu import chart, passages
from cards.render.feishu.elements import Element, Tongues, opened, panel, pressed, side_by_side
from cards.render.feishu.inquiry import asked
from cards.render.feishu.markup import address, bold, escaped, line, plain, prose
from cards.render.feishu.thrift import MOST_TABLES, Thrift
from cards.words import Words

B = TypeVar("B")
TINTS: dict[Tone, str] = {
    "neutral": "grey-50",
    "info": "blue-50",
    "good": "green-50",
    "warning": "orange-50",
    "bad": "red-50",
}
TILES = 3
"""Facts side by side."""
NAME, VALUE = 18, 26
"""Columns of text a fact may have to be a tile."""
DEEPEST = 2
"""Panels within panels. Feishu takes five levels of elements in each other; a panel of facts takes three."""
LABEL = 40
TITLE = 120


@dataclass(frozen=True)
class Stage:
    """Where a card is drawn for. `public_url` is where the incident pages are; `close` seals what a button carries."""

    public_url: str
    close: Callable[[str, Mapping[str, str]], str]


class Unlike(Exception):
    """The cards of two languages are not made alike, so they cannot stand in one."""


class Pen:
    """Draws one card at one level of thrift and notes what it leaves out, in the order in which it happens."""

    def __init__(self, stage: Stage, cards: Mapping[str, Card], thrift: Thrift) -> None:
        first = next(iter(cards.values()))
        self.tongues = Tongues(list(cards))
        self.words = tuple(Words(language) for language in cards)
        self.page = f"/incidents/{first.incident}" if first.incident else ""
        self.thrift = thrift
        self.shed: dict[str, None] = {}
        self._stage = stage
        self._tone = first.tone
        self._charts = 0
        self._tables = 0
        self._asks = 0
        self._root: list[Element] = []

    def elements(self, versions: Sequence[tuple[Block, ...]]) -> list[Element]:
        """The elements of the card's body; `versions` holds the same blocks once per language."""
        drawn: list[Element] = []
        for each in _aligned(versions):
            drawn += self._block(each, 0)
            # What may stand at the root alone follows the panel it came from.
            drawn += self._root
            self._root = []
        return drawn

    def href(self, href: str) -> str:
        """A full address, or "" where nobody may follow it."""
        return address(href, self._stage.public_url)

    def _block(self, each: Sequence[Block], depth: int) -> list[Element]:
        first = each[0]
        if self.thrift.only_decisions and not isinstance(first, Buttons | Fold | Ask):
            self.shed["blocks"] = None
            return []
        match first:
            case Prose() | Steps() | Findings() | Log() | Change() | Table():
                return self._passage(each, depth)
            case Facts():
                return self._facts(_all(each, Facts))
            case Chart():
                return self._chart(_all(each, Chart))
            case Buttons():
                return self._buttons(_all(each, Buttons))
            case Ask():
                return self._ask(_all(each, Ask))
            case Fold():
                return self._fold(_all(each, Fold), depth)
            case _:
                assert_never(first)

    def _passage(self, each: Sequence[Block], depth: int) -> list[Element]:
        """Blocks that are text in the end: told in each language by itself."""
        text, first = self.thrift.text, each[0]
        match first:
            case Prose():
                return self._prose(_all(each, Prose))
            case Steps():
                return self.tongues.markdown([passages.steps(block, text) for block in _all(each, Steps)])
            case Findings():
                return self._findings(_all(each, Findings), depth)
            case Log():
                self._note("log lines", len(first.lines) > self.thrift.log_lines)
                return self.tongues.markdown(
                    [passages.log(block, self.thrift.log_lines, text) for block in _all(each, Log)]
                )
            case Change():
                return self.tongues.markdown([passages.change(block, text) for block in _all(each, Change)])
            case Table():
                return self._table(_all(each, Table))
            case _:
                raise Unlike(type(first).__name__)

    def _prose(self, each: Sequence[Prose]) -> list[Element]:
        if each[0].quiet:
            self._note("background", not self.thrift.quiet)
            quiet = self.thrift.quiet
            return self.tongues.notation([prose(block.text, self.thrift.text) for block in each]) if quiet else []
        self._note("text", any(len(block.text) > self.thrift.text for block in each))
        said = [prose(block.text, self.thrift.text) for block in each]
        return self.tongues.markdown([bold(words) if each[0].strong else words for words in said])

    def _facts(self, each: Sequence[Facts]) -> list[Element]:
        """Short facts side by side as tiles, then the long ones one below the other."""
        pairs = list(_aligned([block.pairs for block in each]))
        self._note("facts", len(pairs) > self.thrift.pairs)
        pairs = pairs[: self.thrift.pairs]
        short = [pair for pair in pairs if all(_is_short(name, value) for name, value in pair)]
        # One tile in a row of its own looks lost: it is told as a line.
        alone = len(short) % TILES == 1
        tiles = (short[:-1] if alone else short) if self.thrift.tiles else []
        lines = [pair for pair in pairs if not any(pair is tile for tile in tiles)]
        rows = [tiles[at : at + TILES] for at in range(0, len(tiles), TILES)]
        told = [
            "\n".join(passages.fact(*pair[at], self.thrift.text) for pair in lines) for at in range(len(self.words))
        ]
        return [*(self._tiles(row) for row in rows), *self.tongues.markdown(told)]

    def _tiles(self, row: Sequence[Sequence[tuple[str, str]]]) -> Element:
        """A row of tiles, each as wide as the others."""
        padding: list[Element] = [{"tag": "markdown", "content": "&nbsp;"}]
        held = [self.tongues.markdown([passages.tile(*said) for said in pair]) or padding for pair in row]
        return side_by_side([*held, *[padding] * (TILES - len(row))], tint=TINTS[self._tone], weighted=True)

    def _findings(self, each: Sequence[Findings], depth: int) -> list[Element]:
        self._same([len(block.findings) for block in each])
        most, found = self.thrift.findings, each[0].findings
        self._note("findings", len(found) > most)
        asked = any(item.query or item.link for item in found)
        self._note("queries", asked and not self.thrift.queries)
        drawn = self.tongues.markdown([passages.findings(block.findings[:most], self.thrift.text) for block in each])
        if not asked or not self.thrift.queries:
            return drawn
        queries = [passages.queries(block.findings[:most], self.href) for block in each]
        if depth:
            return drawn + self.tongues.notation(queries)
        title = self.tongues.plain([words.text("feishu.queries") for words in self.words])
        inside = self.tongues.markdown(queries)
        return [*drawn, panel(title, inside, expanded=False)] if inside else drawn

    def _table(self, each: Sequence[Table]) -> list[Element]:
        most = self.thrift.rows
        self._note("table rows", len(each[0].rows) > most)
        shown = [Table(block.columns, block.rows[:most]) for block in each]
        if not most:
            return []
        tables = [passages.table(block) for block in shown]
        # Error 11310 counts tables, not elements; every language's version is taken to count, and the one all others
        # read as well.
        cost = len(set(tables)) + (len(set(tables)) > 1)
        if not shown[0].columns or not shown[0].rows:
            return []
        if self._tables + cost > MOST_TABLES:
            return self.tongues.markdown([passages.listed(block, self.thrift.text) for block in shown])
        self._tables += cost
        return self.tongues.markdown(tables)

    def _chart(self, each: Sequence[Chart]) -> list[Element]:
        title = self.tongues.markdown([bold(line(block.title, TITLE)) for block in each], text_size="notation")
        if self._charts >= self.thrift.charts:
            self._note("charts", True)
            return title
        self._note("points", len(each[0].points) > self.thrift.points)
        drawn = chart.element(each, self.thrift.points)
        if drawn is None:
            return title
        self._charts += 1
        return [*title, drawn, *self.tongues.notation([escaped(said) for said in chart.legend(each)])]

    def _buttons(self, each: Sequence[Buttons]) -> list[Element]:
        choices = list(_aligned([block.buttons for block in each]))
        if self.thrift.only_decisions and not each[0].approval:
            self._note("buttons", True)
            return []
        drawn: list[Element] = []
        for choice in choices:
            drawn += self._choice(choice)
        if not self.thrift.tiles or not drawn:
            return drawn
        return [side_by_side([item] for item in drawn)]

    def _choice(self, each: Sequence[Button | Link]) -> list[Element]:
        first = each[0]
        said = [plain(choice.label, LABEL) for choice in each]
        match first:
            case Button():
                sealed = self._stage.close(first.action, first.value)
                return [self.tongues.button(said, first.style, pressed(sealed))]
            case Link():
                # The incident's own page is in the footer of every card.
                href = self.href(first.href) if first.href != self.page else ""
                return [self.tongues.button(said, "plain", opened(href))] if href else []
            case _:
                assert_never(first)

    def _ask(self, each: Sequence[Ask]) -> list[Element]:
        """A form stands at the root alone, wherever its question does."""
        if self.thrift.only_decisions:
            self._note("forms", True)
            return []
        for block in each[1:]:
            if len(block.fields) != len(each[0].fields):
                raise Unlike("Ask")
        self._root += asked(each, self.tongues, self._stage.close, self._asks)
        self._asks += 1
        return []

    def _fold(self, each: Sequence[Fold], depth: int) -> list[Element]:
        title = [line(block.title, TITLE) for block in each]
        closed = not each[0].open
        if closed and not self.thrift.folds:
            self._note("folds", True)
            kept = self._decisions([block.blocks for block in each], depth)
            return kept if self.thrift.only_decisions else self.tongues.notation([f"▸ {said}" for said in title]) + kept
        flat = depth >= DEEPEST or self.thrift.only_decisions
        inside: list[Element] = []
        for blocks in _aligned([block.blocks for block in each]):
            inside += self._block(blocks, depth if flat else depth + 1)
        if flat or not inside:
            named = [] if self.thrift.only_decisions else self.tongues.markdown([bold(said) for said in title])
            return named + inside
        heading = self.tongues.text("markdown", [said or "–" for said in title])
        return [panel(heading, inside, expanded=not closed)]

    def _decisions(self, versions: Sequence[tuple[Block, ...]], depth: int) -> list[Element]:
        """The approval rows within folds that are not drawn."""
        drawn: list[Element] = []
        for each in _aligned(versions):
            first = each[0]
            if isinstance(first, Fold):
                drawn += self._decisions([block.blocks for block in _all(each, Fold)], depth)
            elif isinstance(first, Buttons) and first.approval:
                drawn += self._block(each, depth)
        return drawn

    def _note(self, what: str, happened: bool) -> None:
        if happened:
            self.shed[what] = None

    def _same(self, counts: Sequence[int]) -> None:
        if len(set(counts)) > 1:
            raise Unlike(str(counts))


T = TypeVar("T")


def _aligned(versions: Sequence[Sequence[T]]) -> list[tuple[T, ...]]:
    """The first of each, the second of each, …; Unlike where one language has more than another."""
    if len({len(version) for version in versions}) > 1:
        raise Unlike("a different number of parts")
    return list(zip(*versions, strict=True))


def _all(each: Sequence[Block], kind: type[B]) -> list[B]:
    """The blocks, all of this kind; Unlike where they are not."""
    found: list[B] = [block for block in each if isinstance(block, kind)]
    if len(found) != len(each):
        raise Unlike(kind.__name__)
    return found


def _is_short(name: str, value: str) -> bool:
    return "\n" not in name + value and columns(name) <= NAME and columns(value) <= VALUE and bool(value.strip())
