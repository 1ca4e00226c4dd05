"""Checks the Feishu renderer on any card: Feishu takes it, nothing hostile gets through, no decision is lost."""

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cards.model import (
    Addressee,
    Ask,
    Band,
    Block,
    Button,
    Buttons,
    Card,
    Chart,
    Facts,
    Field,
    Finding,
    Findings,
    Fold,
    Limit,
    Link,
    Log,
    Mark,
    Prose,
    Step,
    Steps,
    Table,
)
from cards.render import feishu
from cards.render.drawing import TRICKS, visible
from cards.render.feishu.chart import thinned
from cards.render.feishu.elements import elements_in, size
from cards.render.feishu.inquiry import split
from cards.render.feishu.markup import TAGS, address, clean, prose
from engine.masking import mask
from tests.cards import strategies
from tests.cards.draw_golden import LANGUAGES, MOMENTS
from tests.cards.draw_golden import card as moment
from tests.cards.feishu_properties import MENTION
from tests.cards.feishu_rules import mentioned, refusals

ANY = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
PUBLIC = "https://tocsin.example"
START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
SEALED = 160
"""Characters of a sealed value of the usual ids."""


def sealed(action: str, value: Mapping[str, str]) -> str:
    """As long as a real one, and another for every button."""
    return f"{hash((action, *sorted(value.items()))) & (1 << 62):x}".ljust(SEALED, "A")


STAGE = feishu.Stage(PUBLIC, sealed)
ASKS = st.builds(
    Ask,
    strategies.text,
    strategies.text,
    st.none() | strategies.moments,
    strategies.names,
    strategies.text,
    strategies.ids,
    st.lists(strategies.fields, max_size=4).map(tuple),
)


def drawn(*blocks: Block, **more: Any) -> dict[str, Any]:
    return feishu.card({"en": Card("Title", "Summary", blocks=blocks, **more)}, STAGE).document


def parts(tree: object) -> Iterator[dict[str, Any]]:
    """Every object of a document."""
    if isinstance(tree, dict):
        yield tree
        for part in tree.values():
            yield from parts(part)
    elif isinstance(tree, list):
        for part in tree:
            yield from parts(part)


def tagged(tree: object, tag: str) -> list[dict[str, Any]]:
    return [part for part in parts(tree) if part.get("tag") == tag]


def strings(tree: object) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict | list):
        for part in tree.values() if isinstance(tree, dict) else tree:
            yield from strings(part)


def markdown(tree: object) -> Iterator[str]:
    """Every rich text in every language."""
    for part in tagged(tree, "markdown"):
        yield part["content"]
        yield from part.get("i18n_content", {}).values()


def flat(blocks: tuple[Block, ...]) -> Iterator[Block]:
    for block in blocks:
        yield block
        if isinstance(block, Fold):
            yield from flat(block.blocks)


def approvals(card: Card) -> list[Button]:
    rows = [block for block in flat(card.blocks) if isinstance(block, Buttons) and block.approval]
    return [button for row in rows for button in row.buttons if isinstance(button, Button)]


def callbacks(document: dict[str, Any]) -> list[str]:
    return [part["value"]["t"] for part in parts(document) if part.get("type") == "callback"]


def in_english(value: Any) -> Any:
    """The same card said in other words: every text a person reads is changed, ids and structure are not."""
    if isinstance(value, tuple):
        return tuple(in_english(part) for part in value)
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    read = {"text", "title", "summary", "label", "question", "who", "submit", "note", "since", "hint"}
    changed: dict[str, Any] = {}
    for each in dataclasses.fields(value):
        old = getattr(value, each.name)
        if each.name in read and isinstance(old, str):
            changed[each.name] = f"In English: {old}"
        elif each.name in ("blocks", "steps", "findings", "buttons", "fields", "marks"):
            changed[each.name] = in_english(old)
        elif each.name in ("pairs", "rows", "columns"):
            changed[each.name] = tuple(tuple(f"e {x}" for x in row) if isinstance(row, tuple) else row for row in old)
    return dataclasses.replace(value, **changed)


OURS = re.compile(
    r"```\n.*?\n```|`[^`\n]*`|<font color='[a-z]+'>|</font>|<text_tag color='neutral'>|</text_tag>"
    r"|\*\*|&#\d+;|&nbsp;",
    re.DOTALL,
)
"""What we write ourselves: code, colours, bold, and characters as entities."""
LINK = re.compile(r"\[([^\[\]\n]+)\]\(https?://[^\s()<>\[\]]+\)")
TABLE = re.compile(r"^\|.*\|$", re.MULTILINE)


def loose(text: str) -> str:
    """What is left of a rich text once everything is taken away that we write ourselves and is no data."""
    rest = LINK.sub(r"\1", OURS.sub("", text))
    return TABLE.sub(lambda row: row[0].replace("|", ""), rest)


def check(document: dict[str, Any], to: tuple[Addressee, ...] = ()) -> None:
    """Feishu takes it, and no text of it does anything: nobody is mentioned but who is meant."""
    assert refusals(document) == []
    called = {each.accounts.get("feishu", "") for each in to}
    assert mentioned(document) <= called
    for text in (MENTION.sub("", text) for text in markdown(document)):
        assert not set(loose(text)) & set("<>*_~`[]\\|#$") - {"_"}, text
        assert "://" not in loose(text), text
    filled = {part["default_value"] for part in tagged(document, "input") if "default_value" in part}
    for text in strings(document):
        assert not set(text) & TRICKS
        bare = MENTION.sub("", text)
        assert text in filled or not re.search(r"<\s*/?\s*(at|person|link|img|raw|a)\b", bare, re.IGNORECASE)


@ANY
@given(strategies.cards)
def test_feishu_takes_any_card(card: Card) -> None:
    assume(len(approvals(card)) <= 40)
    result = feishu.card({card.language: card}, STAGE)
    check(result.document, card.to)
    pressed = callbacks(result.document)
    for button in approvals(card):
        assert sealed(button.action, button.value) in pressed
    if result.shed:
        assert f"]({PUBLIC}/" in feishu.wire(result.document)


@ANY
@given(strategies.cards)
def test_feishu_takes_any_card_in_two_languages(card: Card) -> None:
    assume(len(approvals(card)) <= 20)
    result = feishu.card({"zh": card, "en": in_english(card)}, STAGE)
    check(result.document, card.to)
    assert result.document["config"]["locales"] == ["zh_cn", "en_us"]
    assert "In English" in feishu.wire(result.document)
    pressed = callbacks(result.document)
    assert not [button for button in approvals(card) if sealed(button.action, button.value) not in pressed]


@ANY
@given(strategies.cards)
def test_an_old_card_has_nothing_to_press(card: Card) -> None:
    document = feishu.outdated({"zh": card, "en": in_english(card)}, STAGE).document
    check(document)
    assert callbacks(document) == []
    assert document["header"]["template"] == "grey"


@ANY
@given(ASKS)
def test_feishu_takes_any_form(ask: Ask) -> None:
    document = feishu.form(ask, STAGE)
    check(document)
    assert callbacks(document) == [sealed(ask.action, ask.value)]
    typed = {each["name"] for tag in ("input", "select_static") for each in tagged(document, tag)}
    assert set(feishu.answers(dict.fromkeys(typed, "x"))) == {each.name for each in ask.fields}


@pytest.mark.parametrize("name, slot, upto", MOMENTS)
def test_main_cards_lose_nothing_in_two_languages(name: str, slot: str, upto: str) -> None:
    result = feishu.card({language: moment(language, slot, upto) for language in LANGUAGES}, STAGE)
    assert result.shed == ()
    assert result.document["config"]["locales"] == ["zh_cn", "en_us"]
    check(result.document, moment("zh", slot, upto).to)


def test_whom_a_card_calls_is_mentioned_and_nobody_else() -> None:
    to = (Addressee("Lin", {"feishu": "ou_lin00001"}), Addressee("<at id=all></at>", {"feishu": "all"}), Addressee("W"))
    cards = {name: Card("T", "please look", blocks=(Prose("<at id=ou_x></at>"),), to=to) for name in LANGUAGES}
    document = feishu.card(cards, STAGE).document
    check(document, to)
    assert document["body"]["elements"][0]["content"] == "<at id=ou_lin00001></at> @＜at id=all&#62;＜/at&#62; @W"
    assert mentioned(document) == {"ou_lin00001"}
    assert document["config"]["summary"]["content"].startswith("@Lin ")
    assert not mentioned(feishu.outdated(cards, STAGE).document)


def test_a_button_carries_what_it_means_sealed() -> None:
    row = Buttons((Button("approve", "Approve", {"approval": "a"}, "danger"), Button("ack", "Ack", style="primary")))
    approve, ack = tagged(drawn(row), "button")
    assert approve["type"] == "danger_filled"
    assert ack["type"] == "primary_filled"
    assert approve["behaviors"] == [{"type": "callback", "value": {"t": sealed("approve", {"approval": "a"})}}]


def test_a_link_opens_our_page_or_the_web_and_nothing_else() -> None:
    links = [
        Link("a", "/x"),
        Link("b", "https://grafana.example/d"),
        Link("c", "javascript:alert(1)"),
        Link("d", "//e"),
    ]
    opened = [button["behaviors"][0]["default_url"] for button in tagged(drawn(Buttons(tuple(links))), "button")]
    assert opened == [f"{PUBLIC}/x", "https://grafana.example/d"]


def test_each_reader_sees_their_own_language() -> None:
    cards = {
        "zh": Card("标题", "摘要", blocks=(Prose("你好"), Log(("same",))), language="zh"),
        "en": Card("Title", "Summary", blocks=(Prose("Hello"), Log(("same",)))),
    }
    document = feishu.card(cards, STAGE).document
    assert document["header"]["title"]["i18n_content"] == {"zh_cn": "标题", "en_us": "Title"}
    prosed, log = document["body"]["elements"]
    assert prosed["i18n_content"] == {"zh_cn": "你好", "en_us": "Hello"}
    assert "i18n_content" not in log
    assert document["config"]["summary"] == {"content": "摘要 / Summary"}


@pytest.mark.parametrize(
    "other",
    [
        (Prose("a"), Prose("b")),
        (Log(("a",)),),
        (Fold("f", (Prose("a"),)),),
    ],
)
def test_cards_not_made_alike_are_shown_in_the_first_language(other: tuple[Block, ...]) -> None:
    chinese = Card("标题", "摘要", blocks=(Prose("一"),), language="zh")
    result = feishu.card({"zh": chinese, "en": Card("Title", "Summary", blocks=other)}, STAGE)
    assert result.document == feishu.card({"zh": chinese}, STAGE).document


def test_the_title_has_the_colour_of_its_tone_and_at_most_three_tags() -> None:
    steps = Steps((Step("Alert", "done"), Step("Approval", "running")))
    card = Card("P1 · payment 503", "s", "bad", (steps,), "inc_5f0a1c22")
    header = feishu.card({"en": card}, STAGE).document["header"]
    assert header["template"] == "red"
    assert header["title"]["content"] == "payment 503"
    assert [tag["text"]["content"] for tag in header["text_tag_list"]] == ["P1", "Approval", "inc_5f0a1c22"]


def test_short_facts_are_tiles_and_long_ones_are_lines() -> None:
    document = drawn(Facts((("Severity", "P1"), ("Service", "payment"), ("Why", "because\nof this"))))
    (tiles,) = tagged(document, "column_set")
    assert len(tiles["columns"]) == 3
    assert "**P1**" in tiles["columns"][0]["elements"][0]["content"]
    assert any(text.endswith("because\nof this") for text in markdown(document))


def test_evidence_keeps_its_query_in_a_panel() -> None:
    found = Finding("ev_1", "metric", "503 up", "0.2 %", "18 %", "08:00", True, "https://p.example/g", "rate(x[2m])")
    (panel,) = tagged(drawn(Findings((found,))), "collapsible_panel")
    assert not panel["expanded"]
    assert panel["elements"][0]["content"] == "`ev_1` `rate(x[2m])` [↗](https://p.example/g)"


def series(count: int) -> tuple[tuple[float, float], ...]:
    return tuple((START.timestamp() + 15 * at, float(at)) for at in range(count))


def chart_of(*charts: Chart) -> dict[str, Any]:
    names = ("zh", "en")
    cards = {name: Card("t", "s", blocks=(each,)) for name, each in zip(names, charts, strict=False)}
    (element,) = tagged(feishu.card(cards, STAGE).document, "chart")
    spec: dict[str, Any] = element["chart_spec"]
    return spec


def test_a_chart_is_feishus_own() -> None:
    marks = (Mark(START + timedelta(seconds=62), "deploy", "warning"),)
    spec = chart_of(Chart("errors", series(10), "%", marks, START + timedelta(seconds=60)))
    assert spec["type"] == "line"
    assert spec["axes"][0]["title"]["text"] == "%"
    assert [mark["x"] for mark in spec["markLine"]] == ["08:01:15"]
    assert spec["markLine"][0]["label"]["text"] == "1"
    sides = [value["s"] for value in spec["data"]["values"]]
    assert sides == ["0", "0", "0", "0", "1", "1", "1", "1", "1", "1", "1"]
    joint = [value["t"] for value in spec["data"]["values"]][3:5]
    assert joint == ["08:00:45", "08:00:45"]


def test_the_numbers_on_a_chart_are_told_below_it_to_each_in_their_language() -> None:
    each = [Chart("x", series(10), "s", (Mark(START + timedelta(seconds=60), text),)) for text in ("发布", "deploy")]
    cards = {name: Card("t", "s", blocks=(chart,)) for name, chart in zip(("zh", "en"), each, strict=True)}
    said = json.dumps(feishu.card(cards, STAGE).document, ensure_ascii=False)
    assert "1 deploy 08:01:00" in said
    assert "1 发布 08:01:00" in said


def test_numbers_near_each_other_stand_at_other_heights() -> None:
    at = START + timedelta(seconds=60)
    marks = tuple(Mark(at + timedelta(seconds=n), "deploy") for n in (0, 1, 70))
    places = [mark["label"]["position"] for mark in chart_of(Chart("x", series(10), "s", marks))["markLine"]]
    assert places == ["insideEndTop", "insideMiddleTop", "insideEndTop"]


def test_a_chart_shows_what_is_usual_and_what_was_promised_on_an_axis_that_holds_both() -> None:
    told = Chart("x", series(10), "%", band=Band(0.0, 3.0, "usually 0 to 3 %"), limit=Limit(20.0, "at most 20 %"))
    spec = chart_of(told)
    assert [(area["y"], area["y1"]) for area in spec["markArea"]] == [(0, 3)]
    assert [line["y"] for line in spec["markLine"]] == [20]
    assert spec["axes"][0]["max"] >= 20
    text = markdown(feishu.card({"en": Card("t", "s", blocks=(told,))}, STAGE).document)
    assert any("usually 0 to 3 % · at most 20 %" in said for said in text)


def test_huge_figures_are_shortened_and_the_axis_says_so() -> None:
    points = tuple((at, value * 1e6) for at, value in series(10))
    spec = chart_of(Chart("x", points, "/s"))
    assert spec["axes"][0]["title"]["text"] == "M/s"
    assert max(value["v"] for value in spec["data"]["values"]) < 1_000


def test_a_long_series_keeps_its_peak() -> None:
    points = [(at, 100.0 if at == 777 else 1.0) for at, _ in enumerate(series(2000))]
    kept = thinned(points, 200)
    assert len(kept) == 200
    assert (777, 100.0) in kept
    assert (kept[0], kept[-1]) == (points[0], points[-1])


def test_a_fourth_table_is_told_as_a_list() -> None:
    tables = tuple(Table(("a", "b"), ((f"x{at}", "y"),)) for at in range(5))
    document = drawn(*tables)
    assert refusals(document) == []
    assert sum("|---|" in text for text in markdown(document)) == 3
    assert all(any(f"x{at}" in text for text in markdown(document)) for at in range(5))


def test_a_form_asks_for_the_word() -> None:
    word = Field("word", "Type the word", hint="CONFIRM_EXECUTE")
    reason = Field("reason", "Reason", required=False, multiline=True)
    where = Field("where", "Where", value="b", choices=(("a", "A"), ("b", "B"), ("", "none")))
    ask = Ask("Really?", "approvers", START, "approve", "Approve", {"approval": "a1"}, (word, reason, where))
    (form,) = feishu.form(ask, STAGE)["body"]["elements"]
    typed, why = tagged(form, "input")
    assert (typed["name"], typed["required"], typed["max_length"]) == ("word", True, 64)
    assert "default_value" not in typed
    assert (why["input_type"], why["required"]) == ("multiline_text", False)
    (pick,) = tagged(form, "select_static")
    assert [option["value"] for option in pick["options"]] == ["a", "b"]
    assert pick["initial_option"] == "b"
    (submit,) = tagged(form, "button")
    assert submit["form_action_type"] == "submit"
    assert submit["behaviors"][0]["value"] == {"t": sealed("approve", {"approval": "a1"})}


def test_what_was_typed_comes_back_untouched() -> None:
    assert feishu.answers({"word": " CONFIRM_EXECUTE\u200b", "n": 3}) == {"word": " CONFIRM_EXECUTE\u200b"}


def test_a_long_text_is_edited_in_parts_and_comes_back_whole() -> None:
    text = "\n".join(f"line {at} of a lesson that goes on" for at in range(100))
    ask = Ask("Edit", "you", None, "edit", "Save", {}, (Field("text", "Text", value=text, multiline=True),))
    document = feishu.form(ask, STAGE)
    assert refusals(document) == []
    inputs = tagged(document, "input")
    assert len(inputs) > 1
    assert feishu.answers({each["name"]: each["default_value"] for each in inputs}) == {"text": text}


def test_two_questions_in_a_card_do_not_share_names() -> None:
    ask = Ask("Edit", "you", None, "edit", "Save", {}, (Field("text", "Text"),))
    document = drawn(ask, Fold("more", (ask,)))
    assert refusals(document) == []
    assert [feishu.answers({each["name"]: "x"}) for each in tagged(document, "input")] == [{"text": "x"}] * 2


def test_a_toast_speaks_to_each_reader() -> None:
    both = feishu.toast("refused", {"zh": "不行", "en": "No <at id=all></at>"})["toast"]
    assert (both["type"], both["content"]) == ("error", "不行")
    assert both["i18n"] == {"zh_cn": "不行", "en_us": "No ＜at id=all>＜/at>"}
    assert feishu.toast("ok", {"en": "Done"}) == {"toast": {"type": "success", "content": "Done"}}


def heavy(lines: int) -> Card:
    """A card of an incident with far too much in it."""
    charts = tuple(Chart(f"series {at}", series(400), "s") for at in range(8))
    found = tuple(Finding(f"ev_{at}", "log", "连接池" * 30, query="q" * 200) for at in range(lines))
    rows = tuple((f"x{at}", "y" * 100) for at in range(lines))
    decision = Buttons((Button("approve", "Approve", {"approval": "a"}, "danger"),), approval=True)
    log = Fold("log", (Log(tuple("l" * 200 for _ in range(lines))), Fold("deeper", (decision,))))
    blocks: tuple[Block, ...] = (Findings(found), *charts, Table(("a", "b"), rows), log, Prose("why " * 900))
    return Card("Too much", "s", "bad", blocks, "inc_5f0a1c22")


@pytest.mark.parametrize("lines", [5, 40, 400])
def test_what_does_not_fit_is_shed_in_order_and_said(lines: int) -> None:
    card = heavy(lines)
    result = feishu.card({"zh": card, "en": in_english(card)}, STAGE)
    assert refusals(result.document) == []
    assert result.shed
    assert "charts" in result.shed
    assert sealed("approve", {"approval": "a"}) in callbacks(result.document)
    footer = result.document["body"]["elements"][-1]
    assert f"]({PUBLIC}/incidents/inc_5f0a1c22)" in footer["content"]
    assert "放不下" in footer["content"]


def test_many_small_blocks_stay_below_the_count_of_elements() -> None:
    blocks = tuple(Prose(f"sentence {at}") for at in range(300))
    decision = Buttons((Button("approve", "Approve", {}),), approval=True)
    result = feishu.card({"en": Card("t", "s", blocks=(*blocks, decision), incident="inc_1")}, STAGE)
    assert elements_in(result.document) <= 200
    assert callbacks(result.document) == [sealed("approve", {})]


@pytest.mark.parametrize(
    "hostile, shown",
    [
        ("<at id=all></at>", "＜at id=all&#62;＜/at&#62;"),
        ("< AT user_id='x'>", "＜ AT user&#95;id='x'&#62;".replace("user&#95;id", "user_id")),
        ("<font color='red'>x</font>", "＜font color='red'&#62;x＜/font&#62;"),
        ("a < b & c", "a &#60; b &#38; c"),
        ("&#60;at id=all&#62;", "&#38;&#35;60;at id=all&#38;&#35;62;"),
        ("://evil.example", "&#58;//evil.example"),
        ("[click](http://evil)", "&#91;click&#93;(http&#58;//evil)"),
        ("**bold** _it_ ~~no~~ `x`", "&#42;&#42;bold&#42;&#42; &#95;it&#95; &#126;&#126;no&#126;&#126; &#96;x&#96;"),
        ("# head\n- item\n1. one\n---\n> quote", "&#35; head\n&#45; item\n1&#46; one\n&#45;--\n&#62; quote"),
        ("ev_metric_1 is 0.2 %", "ev_metric_1 is 0.2 %"),
        ("-1 % and 0.5 s", "-1 % and 0.5 s"),
        (":OK: at 07:30:00", "&#58;OK: at 07:30:00"),
        ("a\u202eb\u200bc", "a⟨U+202E⟩b⟨U+200B⟩c"),
        ("    indented", "indented"),
        ("password=hunter2", "password=••••"),
        ("$urlVal |a|", "&#36;urlVal &#124;a&#124;"),
        ("<\u200bat id=all>", "&#60;⟨U+200B⟩at id=all&#62;"),
    ],
)
def test_data_is_text(hostile: str, shown: str) -> None:
    assert prose(hostile, 1000) == shown


def test_code_cannot_be_left() -> None:
    document = drawn(Log(("ok", "```", "<at id=all></at>", "[x](http://evil)")))
    (text,) = markdown(document)
    assert text == "```\nok\n'''\n＜at id=all>＜/at>\n[x](http://evil)\n```"


@pytest.mark.parametrize(
    "href, full",
    [
        ("/incidents/inc_1", f"{PUBLIC}/incidents/inc_1"),
        ("https://g.example/d?x=1&y=(a)", "https://g.example/d?x=1&y=%28a%29"),
        ("https://g.example/<at id=all>", "https://g.example/%3Cat%20id=all%3E"),
        ("http://[bad", ""),
        ("http://", ""),
        ("javascript:alert(1)", ""),
        ("//evil.example", ""),
        ("https://e.example/\u202e", ""),
        ("https://e.example/" + "x" * 2000, ""),
    ],
)
def test_addresses(href: str, full: str) -> None:
    assert address(href, PUBLIC + "/") == full


@given(strategies.text | st.text(st.sampled_from("a\ufffc\u00ad\u200b\u202e\x1b[m\x9b \u2028\U000e0041é连")))
def test_every_trick_is_shown(text: str) -> None:
    assert clean(text) == TAGS.sub("＜", mask(visible(text)).replace("\t", "    "))


@pytest.mark.parametrize("row", ["short", "l" * 500, "l" * 2500, "", "连" * 801])
def test_parts_of_a_text_make_the_whole(row: str) -> None:
    text = "\n".join([row] * 4)
    parts = split(text)
    assert all(len(part) <= 800 for _, part in parts)
    assert "".join(joint + part for joint, part in parts) == f"\n{text}"
    ask = Ask("Edit", "you", None, "edit", "Save", {}, (Field("text", "Text", value=text[:4000], multiline=True),))
    document = feishu.form(ask, STAGE)
    assert refusals(document) == []
    sent = {each["name"]: each.get("default_value", "") for each in tagged(document, "input")}
    assert feishu.answers(sent) == {"text": text[:4000]}


def test_the_highest_numbers_are_drawn() -> None:
    points = ((START.timestamp(), 1.7976931348623157e308), (START.timestamp() + 1, -1.7976931348623157e308))
    assert [value["v"] for value in chart_of(Chart("x", points, "s"))["data"]["values"]] == [1e300, -1e300]


def test_the_size_is_counted_as_it_is_sent() -> None:
    document = drawn(Prose("连接池"))
    assert size(document) == len(feishu.wire(document).encode())
    assert json.loads(feishu.wire(document)) == document
