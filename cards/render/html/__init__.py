"""Draws a card as HTML that needs no script and no inline style: headings, lists, tables, forms, and charts as SVG."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import assert_never

import htpy as h
from markupsafe import Markup

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
    Step,
    Steps,
    StepState,
    Table,
)
from cards.render.columns import columns
from cards.render.drawing import Drawing, called, is_web, visible
from cards.render.html.chart import chart

MARKS: dict[StepState, str] = {"pending": "○", "running": "◔", "done": "✓", "failed": "✗", "skipped": "–"}
SHORT = 36
"""Columns of a fact that may share a row with others."""
LANGUAGES = {"zh": "zh-CN", "en": "en"}


@dataclass(frozen=True)
class Posting:
    """How forms are posted: where to, with which hidden fields, and whether this person may act at all."""

    url: str = "/act"
    hidden: Mapping[str, str] = field(default_factory=dict)
    can_act: bool = True


def render(
    card: Card,
    *,
    csrf: str = "",
    action_url: str = "/act",
    can_act: bool = True,
    hidden: Mapping[str, str] | None = None,
) -> Drawing:
    """The card as one `<article>`; the body is Markup and nothing is shed.

    A button posts `csrf`, `event=button`, `action` and one `value.<name>` per id; a form posts `event=form` and one
    `field.<name>` per field besides. `hidden` adds fields to every form. Without `can_act` buttons are disabled.
    """
    posting = Posting(action_url, ({"csrf": csrf} if csrf else {}) | dict(hidden or {}), can_act)
    body = h.article(class_=f"card tone-{card.tone}", lang=LANGUAGES.get(card.language, card.language))[
        h.header(class_="card-head")[h.h2(class_="card-title")[_text(card.title)]],
        h.div(class_="card-body")[
            h.p(class_="prose called")[_text(called(card.to))] if card.to else None,
            _blocks(card.blocks, posting),
        ],
    ]
    return Drawing(Markup(body))  # noqa: S704  made of htpy elements alone, which escape their text


def form(ask: Ask, *, csrf: str = "", action_url: str = "/act", hidden: Mapping[str, str] | None = None) -> Drawing:
    """One question with its form, alone, as an answer to a pressed button."""
    posting = Posting(action_url, ({"csrf": csrf} if csrf else {}) | dict(hidden or {}))
    return Drawing(Markup(_ask(ask, posting)))  # noqa: S704  made of htpy elements alone, which escape their text


Told = Prose | Facts | Steps | Findings | Log | Change
Built = Table | Chart | Buttons | Ask | Fold


def _blocks(blocks: Iterable[Block], posting: Posting) -> list[h.Element]:
    return [_block(block, posting) for block in blocks]


def _block(block: Block, posting: Posting) -> h.Element:
    match block:
        case Prose() | Facts() | Steps() | Findings() | Log() | Change():
            return _told(block)
        case Table() | Chart() | Buttons() | Ask() | Fold():
            return _built(block, posting)
        case _:
            assert_never(block)


def _told(block: Told) -> h.Element:
    match block:
        case Prose():
            return h.p(class_=["prose", {"quiet": block.quiet, "strong": block.strong}])[_text(block.text)]
        case Facts():
            return h.dl(class_="facts")[(_fact(name, value) for name, value in block.pairs)]
        case Steps():
            return h.ol(class_="steps")[(_step(step) for step in block.steps)]
        case Findings():
            return h.ul(class_="findings")[(_finding(item) for item in block.findings)]
        case Log():
            return h.pre(class_="log", tabindex="0")[h.code[visible("\n".join(block.lines))]]
        case Change():
            title = h.figcaption[_text(block.title)] if block.title else None
            return h.figure(class_="change")[title, h.pre(tabindex="0")[h.code[visible(block.text)]]]
        case _:
            assert_never(block)


def _built(block: Built, posting: Posting) -> h.Element:
    match block:
        case Table():
            return _table(block)
        case Chart():
            return chart(block)
        case Buttons():
            row = "buttons approval" if block.approval else "buttons"
            return h.div(class_=row, role="group")[(_choice(choice, posting) for choice in block.buttons)]
        case Ask():
            return _ask(block, posting)
        case Fold():
            inside = h.div(class_="fold-body")[_blocks(block.blocks, posting)]
            return h.details(class_="fold", open=block.open)[h.summary[_text(block.title)], inside]
        case _:
            assert_never(block)


def _text(text: str) -> list[h.Node]:
    """Text with its line breaks."""
    nodes: list[h.Node] = []
    for line in visible(text).split("\n"):
        nodes += [h.br, line] if nodes else [line]
    return nodes


def _fact(name: str, value: str) -> h.Element:
    long = "\n" in value or columns(value) > SHORT
    return h.div(class_=["fact", {"fact-long": long}])[h.dt[_text(name)], h.dd[_text(value)]]


def _step(step: Step) -> h.Element:
    note = h.span(class_="step-note")[_text(step.note)] if step.note else None
    current = "step" if step.state == "running" else None
    return h.li(class_=f"step step-{step.state}", aria_current=current)[
        h.span(class_="step-mark")[MARKS[step.state]], " ", h.span(class_="step-text")[_text(step.text)], " ", note
    ]


def _query(item: Finding) -> h.Node:
    """The query, which opens the place a person can ask it again."""
    code = h.code[visible(item.query)]
    return h.a(href=item.link, rel="noopener noreferrer", target="_blank")[code, " ↗"] if is_web(item.link) else code


def _finding(item: Finding) -> h.Element:
    return h.li(class_=["finding", {"abnormal": item.abnormal}], data_evidence=visible(item.id))[
        h.p(class_="finding-line")[
            h.span(class_="finding-mark")["▲" if item.abnormal else "·"],
            " ",
            h.code(class_="finding-id")[visible(item.id)],
            " ",
            h.span(class_="finding-kind")[visible(item.kind)],
            " ",
            h.span(class_="finding-text")[_text(item.text)],
            " ",
            _sides(item),
            [" ", h.span(class_="finding-since")[visible(item.since)]] if item.since else None,
            [" ", h.span(class_="finding-sure")[visible(item.sure)]] if item.sure else None,
        ],
        h.p(class_="finding-query")[_query(item)] if item.query else None,
    ]


def _sides(item: Finding) -> h.Node:
    after = h.span(class_="after")[visible(item.after or item.before)]
    if item.before and item.after:
        return h.span(class_="finding-change")[h.span(class_="before")[visible(item.before)], " → ", after]
    return h.span(class_="finding-change")[after] if item.before or item.after else None


def _anchor(href: str, label: str, style: str = "") -> h.Element:
    """A link where a person may follow it, else its text."""
    if not is_web(href):
        return h.span(class_=style or None)[visible(label)]
    outside = not href.startswith("/")
    return h.a(class_=style or None, href=href, rel="noopener noreferrer" if outside else None)[visible(label)]


def _table(block: Table) -> h.Element:
    head = h.thead[h.tr[(h.th(scope="col")[_text(name)] for name in block.columns)]]
    rows = (h.tr[_cells(row)] for row in block.rows)
    return h.div(class_="table", role="region", tabindex="0", aria_label=visible(" · ".join(block.columns)))[
        h.table[head, h.tbody[rows]]
    ]


def _cells(row: tuple[str, ...]) -> list[h.Element]:
    return [h.th(scope="row")[_text(cell)] if not at else h.td[_text(cell)] for at, cell in enumerate(row)]


def _choice(choice: Button | Link, posting: Posting) -> h.Element:
    match choice:
        case Button():
            style = f"button button-{choice.style}"
            pressed = h.button(type="submit", class_=style, disabled=not posting.can_act)[visible(choice.label)]
            hidden = _hidden(posting, "button", choice.action, choice.value)
            return h.form(class_="button-form", method="post", action=posting.url)[hidden, pressed]
        case Link():
            return _anchor(choice.href, choice.label, "button button-link")
        case _:
            assert_never(choice)


def _ask(block: Ask, posting: Posting) -> h.Element:
    until = moments.moment(block.until, block.zone) if block.until else ""
    deadline = h.time(datetime=block.until.isoformat())[until] if block.until else None
    return h.form(class_="ask", method="post", action=posting.url)[
        _hidden(posting, "form", block.action, block.value),
        h.p(class_="ask-question")[_text(block.question)],
        h.p(class_="ask-who")[_text(block.who), " · ⏱ " if deadline else None, deadline],
        (_field(item) for item in block.fields),
        h.button(type="submit", class_="button button-primary", disabled=not posting.can_act)[visible(block.submit)],
    ]


def _field(item: Field) -> h.Element:
    named: dict[str, str | bool] = {"name": f"field.{item.name}", "required": item.required}
    typed = named | {"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}
    entry: h.Node
    if item.choices:
        options = (h.option(value=value, selected=value == item.value)[visible(text)] for value, text in item.choices)
        entry = h.select(named)[options]
    elif item.multiline:
        # A parser drops the first line break of a textarea, so one is given to it.
        entry = h.textarea(typed, rows="8")["\n", item.value]
    else:
        entry = h.input(typed, type="text", value=item.value)
    hint = h.span(class_="field-hint")[_text(item.hint)] if item.hint else None
    return h.label(class_="field")[h.span(class_="field-label")[_text(item.label)], entry, hint]


def _hidden(posting: Posting, event: str, action: str, value: Mapping[str, str]) -> list[h.VoidElement]:
    named = dict(posting.hidden) | {"event": event, "action": action}
    named |= {f"value.{name}": kept for name, kept in value.items()}
    return [h.input(type="hidden", name=name, value=kept) for name, kept in named.items()]
