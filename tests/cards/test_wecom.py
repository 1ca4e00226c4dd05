"""Checks that any card fits WeCom: within its field rules, with every approval to press, and with nothing unescaped."""

import copy
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.platforms.seal import Seal
from cards.model import Addressee, Block, Button, Buttons, Card, Chart, Fold, Link, Prose
from cards.render.wecom import Drawn, Stage, render, task_id
from cards.render.wecom.safe import address, line, plain
from tests.cards import strategies
from tests.cards.draw_golden import card as drawn_card
from tests.cards.wecom_rules import faults

ANY = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
SEAL = Seal(b"k" * 32)
HERE = "https://tocsin.example"
WECOM_HOSTILE = (
    "<@all>",
    "<@lin><font color='warning'>",
    '</font><font color="warning">paid</font>',
    "[click](https://evil.example)",
    "![x](http://evil.example/x.png)",
    "[a][b]\n[b]: http://evil.example",
    "https://evil.example/steal?x=1",
    "&lt;@all&gt; &#60;@all&#62;",
    "# heading\n> quote\n| a | b |\n---\n```\ncode",
    "**bold** __bold__ ~~gone~~ `code",
    "ends with \\",
    "token=abcdefgh12345678",
)
hostile = st.sampled_from(WECOM_HOSTILE)


def stage(notice: str = "") -> Stage:
    return Stage(SEAL.close, HERE, "n0nce", notice)


def bodies(drawn: Drawn) -> list[dict[str, Any]]:
    cards = (*drawn.templates, *drawn.compact)
    return [
        {"msgtype": "markdown", "markdown": {"content": drawn.markdown}},
        *({"msgtype": "template_card", "template_card": each} for each in cards),
    ]


def approvals(blocks: Iterable[Block]) -> list[Button]:
    found: list[Button] = []
    for block in blocks:
        match block:
            case Buttons(approval=True):
                found += [button for button in block.buttons if isinstance(button, Button)]
            case Fold():
                found += approvals(block.blocks)
            case _:
                pass
    return found


def check(card: Card, notice: str = "") -> Drawn:
    drawn = render(card, stage(notice))
    called = frozenset(each.accounts.get("wecom", "") for each in card.to)
    for body in bodies(drawn):
        assert faults(body, called) == [], body
        json.dumps(body).encode()
    assert len(drawn.charts) <= 2
    keys = {row["key"] for each in drawn.templates for row in each["button_list"]}
    for button in approvals(card.blocks):
        assert SEAL.close(button.action, button.value) in keys or f"`{button.action}" in drawn.markdown
    if drawn.shed and card.incident and address(f"/incidents/{card.incident}", HERE):
        assert address(f"/incidents/{card.incident}", HERE) in drawn.markdown
    if card.incident and line(card.incident):
        assert line(card.incident[:200]) in drawn.markdown
    tasks = [each["task_id"] for each in drawn.templates]
    assert len(tasks) == len(set(tasks))
    return drawn


@ANY
@given(strategies.cards, strategies.text)
def test_any_card_fits(card: Card, notice: str) -> None:
    check(card, notice)


@ANY
@given(strategies.cards)
def test_any_card_fits_the_shorter_texts_of_an_app(card: Card) -> None:
    drawn = render(card, Stage(SEAL.close, HERE, "n0nce", longest=2_048, mentions=False))
    assert faults({"msgtype": "markdown", "markdown": {"content": drawn.markdown}}) == []
    assert len(drawn.markdown.encode()) <= 2_048


@ANY
@given(st.lists(hostile, min_size=6, max_size=6), strategies.blocks, st.sampled_from(("zh", "en")))
def test_nothing_of_a_hostile_text_is_markup(texts: list[str], block: Block, language: str) -> None:
    said = tuple(Prose(text, quiet=bool(at % 2), strong=at == 4) for at, text in enumerate(texts[2:]))
    drawn = check(Card(texts[0], texts[1], "bad", (*said, block), "inc_5f0a1c22", language))
    assert "](http://evil" not in drawn.markdown
    assert "](https://evil" not in drawn.markdown
    assert "abcdefgh12345678" not in json.dumps(bodies(drawn))


@ANY
@given(st.lists(st.builds(Buttons, st.lists(strategies.buttons, max_size=9).map(tuple), st.just(True)), max_size=3))
def test_approvals_spill_to_further_cards(rows: list[Buttons]) -> None:
    drawn = check(Card("t", "s", "bad", tuple(rows), "inc_5f0a1c22", "en"))
    assert all(len(each["button_list"]) <= 6 for each in drawn.templates)


def test_whom_a_card_calls_is_mentioned_and_nobody_else() -> None:
    to = (Addressee("Lin", {"wecom": "lin"}), Addressee("<@all>", {"wecom": "all"}), Addressee("Wang"))
    card = Card("t", "s", "warning", (Prose("please <@wang>"),), "inc_5f0a1c22", "en", to)
    drawn = check(card)
    assert drawn.markdown.split("\n")[2] == "<@lin> @＜@all> @Wang"
    alone = render(card, replace(stage(), mentions=False)).markdown
    assert alone.split("\n")[2] == "@Lin @＜@all> @Wang"


def test_a_card_far_too_long_keeps_its_approval_and_says_where_the_rest_is() -> None:
    button = Button("approve", "Approve…", {"approval": "approval_1a2b3c4d"}, "danger")
    blocks: tuple[Block, ...] = (*(Prose("连接池耗尽" * 700) for _ in range(9)), Buttons((button,), approval=True))
    drawn = check(Card("P1", "P1", "bad", blocks, "inc_5f0a1c22", "en"))
    assert drawn.shed
    assert drawn.markdown.endswith(f"({HERE}/incidents/inc_5f0a1c22)")
    assert [row["text"] for each in drawn.templates for row in each["button_list"]] == ["Approve…"]


@pytest.mark.parametrize(
    "kept", ["CONFIRM_EXECUTE", "approval_1a2b3c4d", "ev_metric_1", "v2.3.1", "a_b_c", "p95 = 2.4 s"]
)
def test_what_people_type_or_compare_stays_as_it_is(kept: str) -> None:
    assert plain(f"批准 {kept} 即可") == f"批准 {kept} 即可"


def test_only_addresses_of_the_web_are_links() -> None:
    assert address("/incidents/inc_1", HERE) == f"{HERE}/incidents/inc_1"
    assert address("https://a.example/x?q=(1)", HERE) == "https://a.example/x?q=%281%29"
    for bad in ("javascript:alert(1)", "//evil", "data:x", "https://a\nb", "http://x y", "https://" + "a" * 2000):
        assert address(bad, HERE) == ""


def test_a_task_id_carries_the_incident_and_fits() -> None:
    assert task_id("inc_5f0a1c22", "ab12", 2) == "inc_5f0a1c22@ab12-2"
    assert len(task_id("x" * 500, "ab12")) == 128
    assert task_id("坏 <id>", "é") == "id@"


def test_rows_that_look_alike_get_numbers() -> None:
    rows = tuple(Buttons((Button("keep", "Keep", {"lesson": name}),)) for name in ("les_1", "les_2"))
    drawn = check(Card("t", "s", "good", (*rows, Buttons((Button("keep_all", "Keep all"),))), "inc_1", "en"))
    assert [row["text"] for row in drawn.templates[0]["button_list"]] == ["Keep all", "Keep①", "Keep②"]
    assert "① Keep" in drawn.markdown


def test_more_than_two_charts_are_on_the_page() -> None:
    charts = tuple(Chart(f"c{at}", ((0.0, 1.0), (1.0, 2.0)), "s") for at in range(4))
    drawn = check(Card("t", "s", "bad", charts, "inc_1", "en"))
    assert [chart.title for chart in drawn.charts] == ["c0", "c1"]
    assert drawn.shed == ("picture: c2", "picture: c3")


# --- the rules themselves catch what they are there for --------------------------------------------------------------

GOOD = bodies(render(drawn_card("zh", "plan:plan_77aa01bc", "constraint.lifted"), stage()))[:2]


def test_the_good_ones_are_good() -> None:
    assert [faults(body) for body in GOOD] == [[], []]
    assert faults({"msgtype": "markdown", "markdown": {"content": "<@lin> ok"}}, frozenset({"lin"})) == []


Change = Callable[[dict[str, Any]], None]


def put(path: str, value: Any) -> Change:
    def change(body: dict[str, Any]) -> None:
        here: Any = body
        *way, last = path.split(".")
        for name in way:
            here = here[int(name)] if name.isdigit() else here[name]
        if value is None:
            del here[last]
        elif callable(value):
            here[last] = value(here.get(last) if isinstance(here, Mapping) else here[int(last)])
        else:
            here[int(last) if last.isdigit() else last] = value

    return change


TEXT_MUTANTS: dict[str, Change] = {
    "over 20480 bytes": put("markdown.content", "长" * 6_827),
    "empty": put("markdown.content", ""),
    "an unknown property": put("markdown.mentioned_list", ["@all"]),
    "an unknown type": put("msgtype", "html"),
    "a mention": put("markdown.content", "<@all> look"),
    "a colour there is none of": put("markdown.content", '<font color="red">x</font>'),
    "a tag": put("markdown.content", "a < b"),
    "a font never closed": put("markdown.content", '<font color="info">x'),
    "a link to a script": put("markdown.content", "[x](javascript:alert)"),
    "a bare address": put("markdown.content", "see https://evil.example"),
    "an entity": put("markdown.content", "&lt;@all&gt;"),
    "hidden text": put("markdown.content", "a\u202eb"),
    "half a character": put("markdown.content", "a\ud800"),
    "code never closed": put("markdown.content", "`x"),
}
CARD_MUTANTS: dict[str, Change] = {
    "an unknown card type": put("template_card.card_type", "vote"),
    "an unknown card property": put("template_card.title", "x"),
    "no main title": put("template_card.main_title", None),
    "a long title": put("template_card.main_title.title", "x" * 27),
    "a long description": put("template_card.main_title.desc", "x" * 31),
    "a long source": put("template_card.source.desc", "x" * 14),
    "a colour over 3": put("template_card.source.desc_color", 4),
    "a long subtitle": put("template_card.sub_title_text", "x" * 113),
    "seven pairs": put("template_card.horizontal_content_list", lambda rows: (rows * 7)[:7]),
    "a long key name": put("template_card.horizontal_content_list.0.keyname", "x" * 6),
    "a long value": put("template_card.horizontal_content_list.0.value", "x" * 27),
    "four jumps": put("template_card.jump_list", lambda rows: (rows * 4)[:4]),
    "a jump to nowhere": put("template_card.jump_list.0.url", "javascript:x"),
    "a long jump title": put("template_card.jump_list.0.title", "x" * 14),
    "seven buttons": put("template_card.button_list", lambda rows: [{"text": "x", "key": str(at)} for at in range(7)]),
    "no buttons": put("template_card.button_list", None),
    "a key twice": put("template_card.button_list", lambda rows: [rows[0], rows[0]]),
    "a key over 1024 bytes": put("template_card.button_list.0.key", "k" * 1025),
    "a long label": put("template_card.button_list.0.text", "x" * 11),
    "a style there is none of": put("template_card.button_list.0.style", 5),
    "no task id": put("template_card.task_id", None),
    "a task id with a space": put("template_card.task_id", "inc 1"),
    "a long task id": put("template_card.task_id", "x" * 129),
    "buttons on a notice": put("template_card.card_type", "text_notice"),
    "a mention in a title": put("template_card.main_title.title", "<@all>"),
}


@pytest.mark.parametrize("name", TEXT_MUTANTS)
def test_a_broken_text_is_refused(name: str) -> None:
    body = copy.deepcopy(GOOD[0])
    TEXT_MUTANTS[name](body)
    assert faults(body)


@pytest.mark.parametrize("name", CARD_MUTANTS)
def test_a_broken_card_is_refused(name: str) -> None:
    body = copy.deepcopy(GOOD[1])
    CARD_MUTANTS[name](body)
    assert faults(body)


def test_a_notice_without_a_target_is_refused() -> None:
    body = {"msgtype": "template_card", "template_card": dict(render(Card("t", "s"), stage()).compact[0])}
    assert faults(body) == []
    del body["template_card"]["card_action"]  # type: ignore[attr-defined]
    assert faults(body)


def test_links_are_told_even_where_nothing_is_pressed() -> None:
    drawn = check(Card("t", "s", blocks=(Buttons((Link("View", "/incidents/inc_9"),)),), incident="inc_1"))
    assert drawn.templates == ()
    assert f"[View]({HERE}/incidents/inc_9)" in drawn.markdown
