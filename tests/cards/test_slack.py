"""Checks that any card fits Slack, that nothing hostile is parsed there, and that what decides is never left out."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.platforms.seal import Seal
from cards.model import (
    Addressee,
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
    Table,
)
from cards.render import slack
from tests.cards import strategies
from tests.cards.slack_rules import faults, mentioned, parsed, pressable, seen, signs, view_faults

ANY = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
SEAL = Seal(b"k" * 32)
STAGE = slack.Stage("https://tocsin.example", SEAL.close, {0: "F0AAA", 2: "F0CCC"})
HOSTILE = (
    "<!channel>",
    "<!here|here>",
    "<@U024BE7LH>",
    "<#C024BE7LR>",
    "<!subteam^S012>",
    "<https://evil.example|the runbook>",
    "<mailto:a@evil.example|mail>",
    "*bold*",
    "_italic_",
    "~gone~",
    "`code`",
    "```\nblock\n```",
    "> quoted",
    ":tada:",
    "&lt;!channel&gt;",
    "a *b _c ~d",
    "\u202egnp.exe",
    "CONFIRM\u200b_EXECUTE",
    "<!date^0^{date}|now>",
    "连接*池*耗尽",
)
said = st.one_of(strategies.text, st.sampled_from(HOSTILE), st.lists(st.sampled_from(HOSTILE)).map(" ".join))
hostile = st.builds(
    lambda card, text: replace(
        card,
        title=text,
        summary=text,
        blocks=(
            Prose(text),
            Prose(text, quiet=True),
            Facts(((text, text), ("name", text), (text, "value"))),
            Steps((Step(text, "running", text),)),
            Findings((Finding(text, text, text, text, text, text, True, text, text),)),
            Table((text,), ((text,),)),
            Log((text,)),
            Change(text, text),
            Buttons((Button("ack", text), Link(text, text))),
            Ask(text, text, datetime(2026, 11, 20, tzinfo=UTC), "approve", text),
            Fold(text, (Prose(text), Facts(((text, text),)))),
            *card.blocks,
        ),
    ),
    strategies.cards,
    said,
)
picture = Chart("503", ((0.0, 1.0), (60.0, 9.0)), "%")


def approvals(blocks: tuple[Block, ...]) -> list[Button]:
    found: list[Button] = []
    for block in blocks:
        match block:
            case Buttons(approval=True):
                found += [button for button in block.buttons if isinstance(button, Button)]
            case Ask():
                found.append(Button(block.action, block.submit, block.value))
            case Fold():
                found += approvals(block.blocks)
            case _:
                pass
    return found


def carried(payload: Mapping[str, object]) -> list[tuple[str, dict[str, str]] | None]:
    return [SEAL.open(item["value"]) for item in pressable(payload) if "value" in item]


def message(*blocks: Block, stage: slack.Stage = STAGE) -> slack.Drawn:
    drawn = slack.message(Card("Plan", "A plan", "warning", blocks, "inc_1", "en"), stage)
    assert faults(drawn.payload) == []
    return drawn


@ANY
@given(strategies.cards)
def test_any_card_fits(card: Card) -> None:
    drawn = slack.message(card, STAGE)
    assert faults(drawn.payload) == []
    json.dumps(drawn.payload, ensure_ascii=False).encode("utf-8")


@ANY
@given(hostile)
def test_nothing_hostile_is_parsed(card: Card) -> None:
    payload = slack.message(card, STAGE).payload
    assert faults(payload) == []
    called = frozenset(each.accounts.get("slack", "") for each in card.to)
    assert mentioned(payload) <= called
    for text in parsed(payload):
        assert signs(text, called) == [], text
    whole = json.dumps(payload, ensure_ascii=False)
    for trick in ("<!c", "<!h", "<!s", "<@", "<#", "<http", "<mailto", "\u202e", "\u200b", "\u2066"):
        assert trick not in whole


@ANY
@given(strategies.cards, st.integers(0, 120), st.sampled_from(("x", "连", "🔥")))
def test_no_approval_is_shed(card: Card, filler: int, sign: str) -> None:
    full = replace(card, blocks=(*(Fold(sign * 200, (Log((sign * 900,)),), open=True),) * filler, *card.blocks))
    drawn = slack.message(full, STAGE)
    assert faults(drawn.payload) == []
    there = carried(drawn.payload)
    for button in approvals(full.blocks):
        if len(SEAL.close(button.action, button.value)) <= 2000:
            assert (button.action, button.value) in there
    if drawn.shed:
        assert STAGE.page(card.incident) in json.dumps(drawn.payload)


@ANY
@given(st.lists(strategies.cards, max_size=5))
def test_any_home_fits(cards: list[Card]) -> None:
    view = slack.home(cards, STAGE)
    assert view_faults(view) == []
    assert not [sign for text in parsed(view) for sign in signs(text)]


@ANY
@given(
    st.builds(
        Ask,
        said,
        said,
        st.none() | strategies.moments,
        strategies.names,
        said,
        strategies.ids,
        strategies.many(strategies.fields, 6),
    ),
    st.sampled_from(("zh", "en")),
)
def test_any_form_fits(ask: Ask, language: str) -> None:
    view = slack.modal(ask, replace(STAGE, language=language), "sealed")
    assert view_faults(view) == []
    assert not [sign for text in parsed(view) for sign in signs(text)]


@ANY
@given(said)
def test_any_word_to_one_person_fits(words: str) -> None:
    payload = slack.ephemeral(words)
    assert faults(payload) == []
    assert not [sign for text in parsed(payload) for sign in signs(text)]


def test_whom_a_card_calls_is_mentioned_and_nobody_else() -> None:
    to = (Addressee("Lin", {"slack": "U0LIN"}), Addressee("<!here>", {"slack": "<!here>"}), Addressee("Wang"))
    payload = slack.message(Card("T", "please look", blocks=(Prose("<@U0EVIL>"),), to=to), STAGE).payload
    assert faults(payload) == []
    assert mentioned(payload) == {"U0LIN"}
    assert payload["text"] == "<@U0LIN> @&lt;!here&gt; @Wang please look"
    assert [block["type"] for block in payload["blocks"]] == ["header", "rich_text"]
    assert "U0LIN" not in json.dumps(payload["attachments"])


def test_what_a_button_carries_comes_back() -> None:
    button = Button("approve", "Approve…", {"incident": "inc_1", "approval": "approval_1a2b3c4d"}, "danger")
    payload = message(Buttons((button, Link("View", "/incidents/inc_1")), approval=True)).payload
    press, view = pressable(payload)
    assert SEAL.open(press["value"]) == ("approve", {"incident": "inc_1", "approval": "approval_1a2b3c4d"})
    assert press["style"] == "danger"
    assert press["action_id"].split(".")[0] == slack.PRESS
    assert (view["url"], view["action_id"].split(".")[0]) == ("https://tocsin.example/incidents/inc_1", slack.OPEN)


def test_a_button_that_cannot_be_carried_leads_to_the_page() -> None:
    drawn = message(Buttons((Button("ack", "Ack", {"id": "连" * 900}),), approval=True))
    (only,) = pressable(drawn.payload)
    assert only["url"] == "https://tocsin.example/incidents/inc_1"
    assert drawn.shed == ("buttons",)


def test_many_choices_share_a_menu_but_an_approval_stands_in_the_open() -> None:
    many = tuple(Button("lift", f"Lift {n}", {"n": str(n)}) for n in range(8))
    row = message(Buttons(many)).payload["attachments"][0]["blocks"][0]["elements"]
    assert [element["type"] for element in row] == ["button"] * 4 + ["overflow"]
    assert [option["text"]["text"] for option in row[-1]["options"]] == [f"Lift {n}" for n in range(4, 8)]
    approval = message(Buttons(many, approval=True)).payload["attachments"][0]["blocks"][0]["elements"]
    assert {element["type"] for element in approval} == {"button"}


def test_sixty_choices_are_all_there() -> None:
    payload = message(Buttons(tuple(Button("lift", f"Lift {n}", {"n": str(n)}) for n in range(60)))).payload
    assert sorted(value["n"] for _, value in filter(None, carried(payload))) == sorted(str(n) for n in range(60))


def test_what_decides_stands_above_what_is_long() -> None:
    approve = Buttons((Button("approve", "Approve…"),), approval=True)
    drawn = message(
        Prose("why"), Fold("Checkpoint", (Log(("x",)),), open=True), Change("kubectl rollout undo"), approve
    )
    read = seen(drawn.payload)
    assert read.index("why") < read.index("kubectl") < read.index("[Approve…]") < read.index("Checkpoint")


def test_buttons_stay_with_what_they_are_about() -> None:
    offered = [(Fold(f"Lesson {n}", (Prose("x"),)), Buttons((Button("keep", f"Keep {n}"),))) for n in range(3)]
    read = seen(message(*(block for pair in offered for block in pair), Buttons((Link("All", "/"),))).payload)
    assert read.index("[All]") < read.index("Lesson 0") < read.index("[Keep 0]") < read.index("Lesson 1")


def test_a_question_opens_its_form_and_each_reader_sees_their_own_time() -> None:
    ask = Ask("Roll back?", "approvers", datetime(2026, 11, 20, 8, 30, tzinfo=UTC), "approve", "Approve…", {"a": "1"})
    payload = message(ask).payload
    whole = json.dumps(payload)
    assert "<!date^1795163400^{date_short_pretty} {time_secs}|2026-11-20 08:30:00 UTC>" in whole
    assert "approvers" in seen(payload)
    assert carried(payload) == [("approve", {"a": "1"})]


MOMENT = "2026-11-20 16:30:00 Asia/Shanghai"


def test_every_reader_sees_a_moment_on_a_clock_of_their_own() -> None:
    said = f"opened {MOMENT}, again 2026-11-20 08:30:00 UTC."
    drawn = message(
        Prose(said),
        Prose(said, quiet=True),
        Facts((("Opened", MOMENT), ("Long", f"{MOMENT}\nand more"), ("Odd", f"*{MOMENT}*"))),
        Steps((Step("asked", "done", said),)),
        Findings((Finding("ev_1", "log", f"at {MOMENT}", query=f"since {MOMENT}"),)),
        Log((said,)),
        Change(said),
    )
    assert MOMENT in seen(drawn.payload)
    whole = json.dumps(drawn.payload)
    element = {"type": "date", "timestamp": 1795163400, "format": "{date_short_pretty} {time_secs}"}
    sections = [item for block in drawn.attachments[0]["blocks"] for item in block.get("elements", ())]
    dates = [part for item in sections for part in item.get("elements", ()) if part.get("type") == "date"]
    assert {(each["timestamp"], each["format"]) for each in dates} == {(element["timestamp"], element["format"])}
    assert len(dates) == 6, "two in the words, one in the long fact, two in the step, one in the finding"
    assert whole.count("<!date^1795163400^{date_short_pretty} {time_secs}|") == 3, "the short fact, the quiet words"
    assert f"*{MOMENT}*" in seen(drawn.payload), "what has signs of markup stays plain"
    preformatted = [item for item in sections if item.get("type") == "rich_text_preformatted"]
    assert [item["elements"][0]["text"] for item in preformatted] == [said, said]


@pytest.mark.parametrize("text", ["2026-02-31 10:00:00 UTC", "0001-01-01 00:00:00 UTC", "1960-01-01 00:00:00 UTC"])
def test_what_no_clock_shows_stays_as_it_is_written(text: str) -> None:
    drawn = message(Prose(text), Facts((("At", text),)))
    assert "date" not in json.dumps(drawn.payload).replace("updated", "")
    assert text in seen(drawn.payload)


def test_a_picture_stands_where_there_is_one_and_bars_where_not() -> None:
    blocks = message(picture, replace(picture, title="p95")).payload["attachments"][0]["blocks"]
    assert blocks[0]["slack_file"] == {"id": "F0AAA"}
    assert "1 % … 9 %" in blocks[0]["alt_text"]
    assert "█" in seen({"blocks": blocks[1:]})


def test_pictures_are_numbered_as_they_are_drawn() -> None:
    card = Card(
        "t",
        "s",
        blocks=(
            Fold("closed", (replace(picture, title="hidden"),)),
            Fold(
                "open",
                (replace(picture, title="first"), Fold("deeper", (replace(picture, title="second"),), True)),
                True,
            ),
            replace(picture, title="third"),
        ),
    )
    assert [chart.title for chart in slack.charts(card)] == ["first", "second", "third"]
    read = seen(slack.message(card, STAGE).payload)
    assert [read.index(f"[{name} ") > 0 for name in ("first", "third")] == [True, True]
    assert "[second" not in read


def test_a_second_table_is_text_as_a_message_holds_one() -> None:
    table = Table(("信号", "before"), (("503 占比", "18 %"), ("p95", "2.4 s")))
    kinds = [block["type"] for block in message(table, table).payload["attachments"][0]["blocks"]]
    assert kinds == ["table", "rich_text"]
    home = slack.home([Card("t", "s", blocks=(table,))], STAGE)
    assert "table" not in [block["type"] for block in home["blocks"]]
    assert "503 占比" in seen(home)


def test_a_closed_fold_says_what_it_holds_and_where_the_rest_is() -> None:
    short = seen(message(Fold("Notes", (Prose("all of it"),))).payload)
    assert "all of it" in short
    assert "See all of it" not in short
    long = message(Fold("Lines", (Log(("pool exhausted " * 40,)),))).payload
    assert "See all of it" in seen(long)
    assert "https://tocsin.example/incidents/inc_1" in json.dumps(long)


def test_what_is_pressed_is_never_folded_away() -> None:
    inside = Buttons((Button("approve", "Approve…", {"a": "1"}),), approval=True)
    assert carried(message(Fold("a", (Fold("b", (inside,)),))).payload) == [("approve", {"a": "1"})]


def heavy(kind: str) -> Block:
    text = "x" * 1_900
    match kind:
        case "background":
            return Prose(text, quiet=True)
        case "logs":
            return Log((text,))
        case "tables":
            return Table(("a",), ((text,),))
        case "folds":
            return Fold(text, (), open=True)
        case "charts":
            return Chart(text, ((0.0, 1.0), (60.0, 2.0)), "%")
        case _:
            return Prose(text, strong=True)


ORDER = ("background", "logs", "tables", "folds", "charts")


@pytest.mark.parametrize("count", range(1, 6))
def test_sheds_in_a_fixed_order(count: int) -> None:
    """As more must stay, more goes: background first, pictures last."""
    known = [heavy(kind) for kind in ("charts", "folds", "tables", "logs", "background")]
    stay = [Change("y" * 5_900), Change("z" * 900 * count)]
    drawn = message(*known, *stay, Buttons((Button("approve", "Approve…"),), approval=True))
    gone = [kind for kind in drawn.shed if kind in ORDER]
    assert gone == list(ORDER[: len(gone)])
    assert gone
    assert seen(drawn.payload).startswith("Plan\n")
    assert carried(drawn.payload) == [("approve", {})]


def test_who_approves_is_told_first_that_the_change_is_longer() -> None:
    drawn = message(Change("a" * 20_000), Buttons((Button("approve", "Approve…"),), approval=True))
    assert drawn.shed == ("changes",)
    read = seen(drawn.payload)
    assert read.index("Left out here: part of the change.") < read.index("[Approve…]")


def test_ids_change_with_the_card_and_with_nothing_else() -> None:
    def ids(text: str) -> list[str]:
        return [block["block_id"] for block in message(Prose(text), picture).payload["attachments"][0]["blocks"]]

    assert ids("a") == ids("a")
    assert not set(ids("a")) & set(ids("b"))


def test_a_long_message_has_its_colour_beside_all_of_it() -> None:
    payload = message(*(Prose("x", quiet=True) for _ in range(30))).payload
    assert [len(item["blocks"]) for item in payload["attachments"]] == [20, 10]
    assert len({item["color"] for item in payload["attachments"]}) == 1


def test_of_more_blocks_than_a_message_has_the_first_stay() -> None:
    drawn = message(*(Prose(f"line {n}", quiet=True) for n in range(90)), Prose("end"))
    assert drawn.shed == ("background",)
    read = seen(drawn.payload)
    assert "line 0" in read
    assert "line 89" not in read
    assert read.endswith("Left out here: background.  See all of it")


def test_of_more_findings_than_fit_the_first_stay() -> None:
    found = Findings(tuple(Finding(f"ev_{n}", "metric", "up " * 90, "1", "2", abnormal=True) for n in range(60)))
    drawn = message(Prose("why"), found)
    assert drawn.shed == ("findings",)
    assert "ev_0" in seen(drawn.payload)
    assert "ev_59" not in seen(drawn.payload)


@pytest.mark.parametrize("block", [Log(("x" * 3000,)), Prose("x" * 3500), Prose("x" * 3000, quiet=True)])
def test_what_is_cut_says_where_the_rest_is(block: Block) -> None:
    drawn = message(block)
    assert len(drawn.shed) == 1
    assert "See all of it" in seen(drawn.payload)


@pytest.mark.parametrize(
    "href, url",
    [
        ("/incidents/inc_2", "https://tocsin.example/incidents/inc_2"),
        ('http://prometheus:9090/graph?g0.expr=up{a="b"}', "http://prometheus:9090/graph?g0.expr=up%7Ba=%22b%22%7D"),
        ("http://[::1]:9090/", "http://[::1]:9090/"),
    ],
)
def test_a_link_leads_there(href: str, url: str) -> None:
    (button,) = pressable(message(Buttons((Link("View", href),))).payload)
    assert button["url"] == url


@pytest.mark.parametrize(
    "href",
    [
        *("javascript:alert(1)", "//evil.example", "http://", "https://a b/", "http://pay@evil.example/", "ftp://x/"),
        *("http://x:99999999/", "https://evil.example\\@x/", "https://x/" + "y" * 3000, ""),
    ],
)
def test_a_link_nobody_should_follow_is_none(href: str) -> None:
    assert pressable(message(Prose("x"), Buttons((Link("View", href),))).payload) == []


def test_the_title_stands_above_and_the_colour_beside() -> None:
    payload = slack.message(Card("P1 · 503", "P1 503 open", "bad", (Prose("x"),)), STAGE).payload
    assert payload["text"] == "P1 503 open"
    assert [block["type"] for block in payload["blocks"]] == ["header"]
    assert payload["attachments"][0]["color"] == "#D72B3F"


def test_secrets_do_not_pass() -> None:
    drawn = message(Log(("connect password=hunter2secret",)), Facts((("Token", "xoxb-123456789012-abcdef"),)))
    whole = json.dumps(drawn.payload)
    assert "hunter2secret" not in whole
    assert "xoxb-" not in whole


def test_copied_text_is_what_it_was() -> None:
    """No invisible sign is put into an id or a command that somebody will copy."""
    command = "kubectl rollout undo deploy/payment_service --to-revision=2 *_~`x` && a < b"
    drawn = message(Change(command), Facts((("Approval", "approval_1a2b"), ("Query", "rate(x[5m]) * 100"))))
    whole = json.dumps(drawn.payload, ensure_ascii=False)
    assert json.dumps(command)[1:-1] in whole
    assert "rate(x[5m]) * 100" in whole
    assert "approval_1a2b" in whole


ASK = Ask(
    "Sure?",
    "approvers",
    None,
    "approve",
    "Approve",
    {"approval": "a"},
    (
        Field("word", "Type CONFIRM_EXECUTE", "exactly"),
        Field("reason", "Reason", required=False, multiline=True),
        Field("target", "Target", value="b", choices=(("a", "A"), ("b", "B"))),
    ),
)


def submitted(view: Mapping[str, object], **fields: str) -> dict[str, object]:
    """The view as Slack sends it back: its blocks, and beside them what was entered."""
    values: dict[str, dict[str, object]] = {}
    for block in view["blocks"]:  # type: ignore[attr-defined]
        if block["type"] == "input":
            action = block["element"]["action_id"]
            text = fields.get(action.partition(".")[2])
            chosen = None if text is None else {"text": {"type": "plain_text", "text": "B"}, "value": text}
            entered = {"type": block["element"]["type"]}
            entered |= {"selected_option": chosen} if "select" in entered["type"] else {"value": text}
            values[block["block_id"]] = {action: entered}
    return {**view, "state": {"values": values}}


def test_what_is_typed_comes_back_untouched() -> None:
    view = slack.modal(ASK, STAGE, "sealed")
    typed = slack.typed(submitted(view, word="  confirm_execute\u200b ", target="b"))
    assert typed == {"word": "  confirm_execute\u200b ", "reason": "", "target": "b"}


@pytest.mark.parametrize(
    "view",
    [
        {},
        {"state": None},
        {"state": {"values": []}},
        {"state": {"values": {"b": []}}},
        {"state": {"values": {"b": {}}}},
    ],
)
def test_what_is_no_form_holds_nothing(view: dict[str, object]) -> None:
    assert slack.typed(view) == {}


def test_an_error_stands_below_its_input() -> None:
    view = submitted(slack.modal(ASK, STAGE, "sealed"))
    assert slack.errors(view, "Wrong word") == {"response_action": "errors", "errors": {"input.0": "Wrong word"}}
    assert slack.errors(view, "Why?", "reason")["errors"] == {"input.1": "Why?"}
    bare = slack.modal(replace(ASK, fields=()), STAGE, "sealed")
    answer = slack.errors(bare, "Too late")
    assert answer["response_action"] == "update"
    assert view_faults(answer["view"]) == []
    assert "Too late" in seen(answer["view"])


def test_a_form_carries_what_it_is_about_or_refuses() -> None:
    assert slack.modal(ASK, STAGE, "x" * 3000)["private_metadata"] == "x" * 3000
    with pytest.raises(ValueError, match="3001"):
        slack.modal(ASK, STAGE, "x" * 3001)


def test_who_edits_a_long_text_is_told_that_it_is_cut() -> None:
    ask = replace(ASK, fields=(Field("text", "Text", value="x" * 4000, multiline=True),))
    entry = slack.modal(ask, STAGE, "")["blocks"][-1]
    assert len(entry["element"]["initial_value"]) <= 3000
    assert "3000" in entry["hint"]["text"]


def test_a_home_without_incidents_says_so_in_its_language() -> None:
    assert seen(slack.home([], STAGE)).startswith("No incident yet.")
    assert seen(slack.home([], replace(STAGE, language="zh"))).startswith("还没有事件")


def test_a_home_of_many_incidents_shows_the_first_and_where_the_others_are() -> None:
    cards = [Card(f"P{n}", "s", blocks=tuple(Prose("x" * 900, quiet=n > 9) for n in range(20))) for n in range(60)]
    view = slack.home(cards, STAGE)
    assert view_faults(view) == []
    assert "P19" in seen(view)
    assert "P20" not in seen(view)
    assert view["blocks"][-1]["elements"][0]["elements"][0]["url"] == "https://tocsin.example/"
