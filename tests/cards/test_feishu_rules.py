"""Checks that our list of Feishu's rules refuses what Feishu refuses: every way to break a good card is seen."""

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from cards.model import Ask, Button, Buttons, Card, Chart, Facts, Field, Fold, Link, Mark, Prose, Table
from cards.render import feishu
from tests.cards.feishu_rules import refusals

Document = dict[str, Any]
START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


def good() -> Document:
    """A card with one of everything. Its elements: prose, tiles, title and chart, panel, table, buttons, form."""
    points = tuple((START.timestamp() + at, float(at)) for at in range(5))
    fields = (Field("word", "Word"), Field("why", "Why", multiline=True), Field("at", "At", choices=(("a", "A"),)))
    blocks = (
        Prose("Hello", strong=True),
        Facts((("a", "1"), ("b", "2"))),
        Chart("c", points, "s", (Mark(START, "deploy"),)),
        Fold("more", (Prose("inside"),)),
        Table(("a", "b"), (("1", "2"),)),
        Buttons((Button("ack", "Ack"), Link("Docs", "https://docs.example"))),
        Ask("Sure?", "approvers", None, "approve", "Go", {}, fields),
    )
    cards = {"zh": Card("标题", "s", "bad", blocks, "inc_1"), "en": Card("Title", "s", "bad", blocks, "inc_1")}
    return feishu.card(cards, feishu.Stage("https://tocsin.example", lambda action, _: action)).document


def body(document: Document) -> list[Document]:
    elements: list[Document] = document["body"]["elements"]
    return elements


def first(document: Document, tag: str) -> Document:
    """The first element with this tag, at any depth."""

    def search(tree: object) -> Document | None:
        if isinstance(tree, dict) and tree.get("tag") == tag:
            return tree
        inside = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
        return next((found for part in inside if (found := search(part)) is not None), None)

    found = search(document["body"])
    assert found is not None
    return found


def deep(levels: int) -> Document:
    element: Document = {"tag": "markdown", "content": "x"}
    for _ in range(levels):
        header = {"title": {"tag": "plain_text", "content": "t"}}
        element = {"tag": "collapsible_panel", "header": header, "elements": [element]}
    return element


MUTANTS: dict[str, Callable[[Document], object]] = {
    "an older schema": lambda card: card.update(schema="1.0"),
    "elements at the root, as in 1.0": lambda card: card.update(elements=[]),
    "languages for the whole card, as in 1.0": lambda card: card.update(i18n_elements={}),
    "a body without elements": lambda card: card["body"].update(elements=[]),
    "wide screen mode": lambda card: card["config"].update(wide_screen_mode=True),
    "a card of one's own": lambda card: card["config"].update(update_multi=False),
    "an unknown width": lambda card: card["config"].update(width_mode="wide"),
    "an unknown locale": lambda card: card["config"].update(locales=["zh"]),
    "languages in the summary": lambda card: card["config"]["summary"].update(i18n_content={"en_us": "s"}),
    "a header without a title": lambda card: card["header"].pop("title"),
    "a title of full markdown": lambda card: card["header"]["title"].update(tag="markdown"),
    "an unknown template": lambda card: card["header"].update(template="pink"),
    "a template of hex": lambda card: card["header"].update(template="#ff0000"),
    "four tags": lambda card: card["header"].update(text_tag_list=card["header"]["text_tag_list"][:1] * 4),
    "a tag of an unknown colour": lambda card: card["header"]["text_tag_list"][0].update(color="pink"),
    "a note, as in 1.0": lambda card: body(card).append({"tag": "note", "elements": []}),
    "an action, as in 1.0": lambda card: body(card).append({"tag": "action", "actions": []}),
    "an unknown property of a text": lambda card: first(card, "markdown").update(color="red"),
    "a text without content": lambda card: first(card, "markdown").pop("content"),
    "an empty text": lambda card: first(card, "markdown").update(content=""),
    "an unknown size": lambda card: first(card, "markdown").update(text_size="huge"),
    "a colour of hex in markdown": lambda card: first(card, "markdown").update(content="<font color='#f00'>x</font>"),
    "a font that is not closed": lambda card: first(card, "markdown").update(content="<font color='red'>x"),
    "an empty text in a language": lambda card: first(card, "markdown").update(i18n_content={"en_us": ""}),
    "an unknown language of a text": lambda card: first(card, "markdown").update(i18n_content={"english": "x"}),
    "a colour of hex behind tiles": lambda card: first(card, "column_set").update(background_style="#fff"),
    "an unknown flow of tiles": lambda card: first(card, "column_set").update(flex_mode="wrap"),
    "a width of a row": lambda card: first(card, "column_set").update(width="fill"),
    "a heavy column": lambda card: first(card, "column").update(weight=9),
    "a corner radius of a column": lambda card: first(card, "column").update(corner_radius="4px"),
    "a column by itself": lambda card: body(card).append({"tag": "column", "elements": []}),
    "an unknown type of button": lambda card: first(card, "button").update(type="warning"),
    "a button without words": lambda card: first(card, "button").pop("text"),
    "a button of markdown": lambda card: first(card, "button")["text"].update(tag="markdown"),
    "a button that does nothing": lambda card: first(card, "button").pop("behaviors"),
    "a value that is a string": lambda card: first(card, "button")["behaviors"][0].update(value="approve"),
    "a value beside the behaviors, as in 1.0": lambda card: first(card, "button").update(value={"a": "b"}),
    "a link to a script": lambda card: first(card, "button").update(
        behaviors=[{"type": "open_url", "default_url": "javascript:alert(1)"}]
    ),
    "a link to nowhere": lambda card: first(card, "button").update(behaviors=[{"type": "open_url"}]),
    "an unknown behavior": lambda card: first(card, "button")["behaviors"][0].update(type="jump"),
    "sending outside a form": lambda card: first(card, "button").update(form_action_type="submit"),
    "a panel with two paddings": lambda card: first(card, "collapsible_panel")["header"].update(padding="4px 8px"),
    "a panel titled by lark_md": lambda card: first(card, "collapsible_panel")["header"]["title"].update(tag="lark_md"),
    "a panel without a title": lambda card: first(card, "collapsible_panel")["header"].pop("title"),
    "an empty panel": lambda card: first(card, "collapsible_panel").update(elements=[]),
    "a form in a panel": lambda card: first(card, "collapsible_panel").update(elements=[first(card, "form")]),
    "a table in a panel": lambda card: first(card, "collapsible_panel").update(
        elements=[{"tag": "table", "columns": [{"name": "a"}], "rows": []}]
    ),
    "a chart in a form": lambda card: first(card, "form")["elements"].append(first(card, "chart")),
    "six levels": lambda card: body(card).append(deep(5)),
    "a form that cannot be sent": lambda card: first(card, "form")["elements"].pop(),
    "an input without a name": lambda card: first(card, "input").pop("name"),
    "two inputs of one name": lambda card: first(card, "form")["elements"].append(dict(first(card, "input"))),
    "too long an input": lambda card: first(card, "input").update(max_length=1001),
    "an input filled beyond its length": lambda card: first(card, "input").update(max_length=2, default_value="abc"),
    "rows of one line": lambda card: first(card, "input").update(rows=3),
    "a text area": lambda card: first(card, "input").update(tag="textarea"),
    "a choice without a value": lambda card: first(card, "select_static")["options"][0].update(value=""),
    "a choice twice": lambda card: first(card, "select_static").update(
        options=first(card, "select_static")["options"] * 2
    ),
    "a choice of what is not offered": lambda card: first(card, "select_static").update(initial_option="z"),
    "a chart without data": lambda card: first(card, "chart")["chart_spec"].update(data={"values": []}),
    "a chart of another field": lambda card: first(card, "chart")["chart_spec"].update(yField="value"),
    "a chart of an unknown shape": lambda card: first(card, "chart").update(aspect_ratio="3:2"),
    "a chart's mark beside its points": lambda card: first(card, "chart")["chart_spec"]["markLine"][0].update(x="9"),
    "a number JSON does not know": lambda card: first(card, "chart")["chart_spec"]["data"]["values"][0].update(
        v=float("nan")
    ),
    "six charts": lambda card: body(card).extend(first(card, "chart") for _ in range(5)),
    "four tables": lambda card: body(card).extend({"tag": "markdown", "content": "|a|\n|---|\n|1|"} for _ in range(4)),
    "201 elements": lambda card: body(card).extend({"tag": "hr"} for _ in range(201)),
    "more than 30 KB": lambda card: first(card, "markdown").update(content="连" * 10_000),
    "an image by its address": lambda card: body(card).append(
        {"tag": "img", "img_key": "https://x.example/a.png", "alt": {"tag": "plain_text", "content": "x"}}
    ),
    "a bad element id": lambda card: first(card, "markdown").update(element_id="1st"),
}


def test_a_good_card_is_taken() -> None:
    assert refusals(good()) == []


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_card_is_refused(name: str) -> None:
    card = copy.deepcopy(good())
    MUTANTS[name](card)
    assert refusals(card), name


@pytest.mark.parametrize("nothing", [None, [], "", {}, {"schema": "2.0"}])
def test_what_is_no_card_is_refused(nothing: object) -> None:
    assert refusals(nothing)
