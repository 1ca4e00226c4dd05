"""Checks the checker: a good payload passes, and each of many small mistakes in it is seen."""

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from cards.model import Ask, Button, Buttons, Card, Chart, Facts, Field, Link, Prose, Step, Steps, Table
from cards.render import slack
from tests.cards.slack_rules import faults, seen, signs, view_faults

Json = dict[str, Any]
STAGE = slack.Stage("https://tocsin.example", lambda action, value: f"{action} {sorted(value)}", {0: "F0AAA"})
CARD = Card(
    "P1 · 503",
    "P1 503 open",
    "bad",
    (
        Prose("Investigating", strong=True),
        Prose("read-only", quiet=True),
        Steps((Step("Alert", "done"),)),
        Facts((("Service", "payment"), ("Severity", "P1"))),
        Chart("503", ((0.0, 1.0), (60.0, 9.0)), "%"),
        Table(("a", "b"), (("1", "2"),)),
        Ask("Sure?", "approvers", datetime(2026, 11, 20, tzinfo=UTC), "approve", "Approve"),
        Buttons((*(Button("lift", f"Lift {n}") for n in range(6)), Link("View", "/incidents/inc_1"))),
    ),
    "inc_1",
)
ASK = Ask("Sure?", "approvers", None, "approve", "Approve", {}, (Field("word", "Word", "exactly"),))


def good() -> Json:
    return deepcopy(slack.message(CARD, STAGE).payload)


def of(payload: Json, kind: str) -> Json:
    """The first block of a kind."""
    blocks = [*payload["blocks"], *(block for item in payload.get("attachments", ()) for block in item["blocks"])]
    return next(block for block in blocks if block["type"] == kind)


def below(payload: Json) -> list[Json]:
    blocks: list[Json] = payload["attachments"][0]["blocks"]
    return blocks


def last_row(payload: Json) -> list[Json]:
    elements: list[Json] = [block for block in below(payload) if block["type"] == "actions"][-1]["elements"]
    return elements


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def divider(count: int) -> list[Json]:
    return [{"type": "divider"} for _ in range(count)]


MESSAGES: dict[str, Callable[[Json], object]] = {
    "a part Slack does not know": lambda p: p.update(color="red"),
    "no text": lambda p: p.update(text=" "),
    "an unknown block": lambda p: below(p).append({"type": "fancy"}),
    "an unknown property of a block": lambda p: of(p, "header").update(color="#fff"),
    "an unknown property of an element": lambda p: last_row(p)[0].update(tooltip="x"),
    "an unknown property of an attachment": lambda p: p["attachments"][0].update(colour="#fff"),
    "a colour that is none": lambda p: p["attachments"][0].update(color="reddish"),
    "markup in a header": lambda p: of(p, "header")["text"].update(type="mrkdwn"),
    "a header too long": lambda p: of(p, "header")["text"].update(text="x" * 151),
    "an empty header": lambda p: of(p, "header")["text"].update(text=""),
    "a section of nothing": lambda p: of(p, "section").pop("fields"),
    "eleven fields": lambda p: of(p, "section").update(fields=[plain("x")] * 11),
    "a field too long": lambda p: of(p, "section")["fields"][0].update(text="x" * 2001),
    "section text too long": lambda p: below(p).append({"type": "section", "text": plain("x" * 3001)}),
    "eleven elements of a context": lambda p: of(p, "context").update(elements=[plain("x")] * 11),
    "a button in a context": lambda p: of(p, "context")["elements"].append(last_row(p)[0]),
    "too many buttons": lambda p: last_row(p).extend(
        {"type": "button", "text": plain("x"), "value": "v", "action_id": f"x{n}"} for n in range(25)
    ),
    "a label too long": lambda p: last_row(p)[0]["text"].update(text="x" * 76),
    "markup in a button": lambda p: last_row(p)[0].update(text={"type": "mrkdwn", "text": "*x*"}),
    "a value too long": lambda p: last_row(p)[0].update(value="x" * 2001),
    "a style that is none": lambda p: last_row(p)[0].update(style="warning"),
    "a button that does nothing": lambda p: last_row(p)[0].pop("value"),
    "an action id twice": lambda p: last_row(p)[0].update(action_id=last_row(p)[1]["action_id"]),
    "an action id too long": lambda p: last_row(p)[0].update(action_id="x" * 256),
    "a block id twice": lambda p: below(p)[0].update(block_id=below(p)[1]["block_id"]),
    "a block id too long": lambda p: below(p)[0].update(block_id="x" * 256),
    "six lines in a menu": lambda p: last_row(p)[-1].update(options=[{"text": plain("x"), "value": "v"}] * 6),
    "a menu's value too long": lambda p: last_row(p)[-1]["options"][0].update(value="x" * 151),
    "markup in a menu": lambda p: last_row(p)[-1]["options"][0]["text"].update(type="mrkdwn", emoji=None),
    "a script behind a button": lambda p: last_row(p)[0].update(value=None, url="javascript:alert(1)"),
    "a picture of two sources": lambda p: of(p, "image").update(image_url="https://tocsin.example/x.png"),
    "a picture of no source": lambda p: of(p, "image").pop("slack_file"),
    "a picture without words": lambda p: of(p, "image").pop("alt_text"),
    "words of a picture too long": lambda p: of(p, "image").update(alt_text="x" * 2001),
    "too many rows": lambda p: of(p, "table").update(rows=[[{"type": "raw_text", "text": "x"}]] * 101),
    "too many cells": lambda p: of(p, "table").update(rows=[[{"type": "raw_text", "text": "x"}] * 21]),
    "an empty cell": lambda p: of(p, "table")["rows"][0][0].update(text=""),
    "rows of different lengths": lambda p: of(p, "table")["rows"][0].pop(),
    "a second table": lambda p: below(p).append({**of(p, "table"), "block_id": "second"}),
    "everybody called": lambda p: of(p, "rich_text")["elements"][0]["elements"].append(
        {"type": "broadcast", "range": "channel"}
    ),
    "somebody called": lambda p: of(p, "rich_text")["elements"][0]["elements"].append(
        {"type": "user", "user_id": "U024BE7LH"}
    ),
    "an empty run": lambda p: of(p, "rich_text")["elements"][0]["elements"][0].update(text=""),
    "a style of rich text that is none": lambda p: of(p, "rich_text")["elements"][0].update(style="bullet"),
    "a line in no block": lambda p: of(p, "rich_text")["elements"].append({"type": "text", "text": "x"}),
    "more than fifty blocks": lambda p: p["blocks"].extend(divider(50)),
    "more than twenty beside one colour": lambda p: below(p).extend(divider(20)),
    "more text than a message holds": lambda p: p["blocks"].extend(
        {"type": "section", "text": plain("x" * 2900)} for _ in range(4)
    ),
}
VIEWS: dict[str, Callable[[Json], object]] = {
    "a title too long": lambda v: v["title"].update(text="x" * 25),
    "a title in markup": lambda v: v["title"].update(type="mrkdwn"),
    "no title": lambda v: v.pop("title"),
    "nothing to send it with": lambda v: v.pop("submit"),
    "metadata too long": lambda v: v.update(private_metadata="x" * 3001),
    "a callback id too long": lambda v: v.update(callback_id="x" * 256),
    "an unknown property": lambda v: v.update(width="wide"),
    "no block": lambda v: v.update(blocks=[]),
    "a hundred and one blocks": lambda v: v["blocks"].extend(divider(101 - len(v["blocks"]))),
    "a table": lambda v: v["blocks"].append({"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}),
    "a label in markup": lambda v: of(v, "input")["label"].update(type="mrkdwn"),
    "an input of no kind": lambda v: of(v, "input").update(element={"type": "button", "text": plain("x")}),
    "home with a button to send": lambda v: v.update(type="home"),
    "a kind that is none": lambda v: v.update(type="sheet"),
}


def test_a_good_message_has_no_fault() -> None:
    assert faults(good()) == []
    assert {block["type"] for block in below(good())} >= {
        "rich_text",
        "context",
        "section",
        "image",
        "table",
        "actions",
    }


def test_a_good_form_has_no_fault() -> None:
    assert view_faults(slack.modal(ASK, STAGE, "sealed")) == []


@pytest.mark.parametrize("name", MESSAGES)
def test_a_mistake_in_a_message_is_seen(name: str) -> None:
    payload = good()
    MESSAGES[name](payload)
    assert faults(payload), name


@pytest.mark.parametrize("name", VIEWS)
def test_a_mistake_in_a_view_is_seen(name: str) -> None:
    view = deepcopy(slack.modal(ASK, STAGE, "sealed"))
    VIEWS[name](view)
    assert view_faults(view), name


@pytest.mark.parametrize(
    "text",
    [
        "<!channel>",
        "<@U024BE7LH>",
        "<#C1>",
        "<https://evil.example|x>",
        "*x*",
        "(_x_)",
        "~x~",
        "`x`",
        "> x",
        "&gt; x",
        ":tada:",
        "a & b",
        "*a*\n*b*",
        "<!date^0^{date}|<!channel>>",
    ],
)
def test_what_would_be_parsed_is_seen(text: str) -> None:
    assert signs(text)


@pytest.mark.parametrize(
    "text",
    ["payment_service_prod", "08:00:04 UTC", "*Name*\nvalue", "a &amp; b &lt; c", "2*3*4", "v2.3.1 → v2.3.0 · 10 %"],
)
def test_what_is_harmless_is_let_be(text: str) -> None:
    assert not signs(text)


def test_a_person_reads_all_of_it() -> None:
    read = seen(good())
    for words in ("P1 · 503", "Investigating", ":white_check_mark: Alert", "payment", "a | b", "[Approve]", "View"):
        assert words in read
