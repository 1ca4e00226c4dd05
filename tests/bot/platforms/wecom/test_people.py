"""Checks what people do in WeCom: talk, commands, presses, and forms answered by a one-time code."""

import asyncio
from datetime import timedelta

import pytest

from bot.platforms.wecom.codes import CODE
from cards.model import Ask, Button, Buttons, Card, Field, Prose
from engine.errors import PlatformError, StoreFull
from engine.model import Phrase
from handlers.inbound import Answer, ButtonPressed, CommandTyped, FormSent, MessageSaid
from tests.bot.platforms.wecom.desk import APPROVAL, INCIDENT, PLAN, ROOM, Desk, desk, plan_card, word_form
from tests.fakes.clock import settle
from tests.fakes.wecom_server import TOO_LATE

SLOT = f"plan:{PLAN}"
KEY = f"{INCIDENT}/{SLOT}"


def said(text: str) -> Phrase:
    return Phrase(word="error.plain", values={"text": text})


async def with_plan(here: Desk) -> str:
    """Post the plan that waits; its reference."""
    here.cards[SLOT] = plan_card()
    root = await here.platform.post(ROOM, "", Card("P1", "P1", "bad", (), INCIDENT, "zh"), f"{INCIDENT}/header")
    return await here.platform.post(ROOM, root, here.cards[SLOT], KEY)


async def asked(here: Desk, user: str = "lin", *, nested: bool = False) -> str:
    """Press approve; the code this person is given."""
    here.inbox.answers["ButtonPressed:approve"] = Answer(form=word_form())
    here.inbox.answers["FormSent:approve"] = Answer(phrase=said("已批准"))
    press = await here.server.press(user, ROOM, "批准…", nested=nested)
    await here.server.answered(press)
    card = next(seen for seen in reversed(here.server.seen(ROOM, user)) if "请回复" in seen)
    found = CODE.search(card.partition("批准 ")[2])
    assert found, card
    assert f"批准 {found[0]} CONFIRM_EXECUTE" in card
    return found[0]


# --- talk ---


async def test_talk_reaches_the_inbox_without_the_mention() -> None:
    async with desk() as here:
        here.inbox.answers["先不要回滚"] = Answer(phrase=said("明白 <@all>"))
        await with_plan(here)
        callback = await here.server.say("lin", ROOM, "先不要回滚", msgid="m-1")
        message = await here.server.answered(callback)
        (event,) = here.inbox.events
        assert isinstance(event, MessageSaid)
        assert (event.id, event.text, event.mentions_bot) == ("m-1", "先不要回滚", True)
        assert (event.account.platform, event.account.id) == ("wecom", "lin")
        assert (event.at.platform, event.at.room, event.at.incident) == ("wecom", ROOM, INCIDENT)
        assert message is not None
        assert "明白 ＜@all>" in message.text
        assert INCIDENT in message.text, "every message carries the incident"


async def test_what_a_group_may_not_read_goes_to_the_person_alone() -> None:
    async with desk() as here:
        here.server.chats["lin"] = {"lin"}
        secret = Card("支付告警", "支付告警", "bad", (Prose("支付失败"),), INCIDENT, "zh")
        here.inbox.answers["列表"] = Answer(card=secret, phrase=said("共一个"), alone=True)
        here.inbox.answers["批准"] = Answer(form=word_form(), alone=True)
        for text in ("列表", "批准"):
            await here.server.answered(await here.server.say("lin", "trade", text))
        overheard = "\n".join(here.server.seen("trade"))
        assert "单独回复" in overheard
        assert "支付" not in overheard
        assert INCIDENT not in overheard
        alone = "\n".join(here.server.seen("lin"))
        assert "支付失败" in alone
        code = CODE.search(alone.partition("批准 ")[2])
        assert code is not None
        here.inbox.answers["FormSent:approve"] = Answer(phrase=said("已批准"))
        await here.server.say("lin", "", f"批准 {code[0]} CONFIRM_EXECUTE")
        await here.handed(3)
        assert isinstance(here.inbox.events[2], FormSent)
        assert here.inbox.events[2].at.room == "lin"


async def test_who_cannot_be_written_to_is_told_to_speak_first() -> None:
    async with desk() as here:
        here.inbox.answers["列表"] = Answer(phrase=said("支付失败"), alone=True)
        message = await here.server.answered(await here.server.say("zed", "trade", "列表"))
        assert message is not None
        assert "单聊" in message.text
        assert "支付" not in "\n".join(here.server.seen("trade"))


async def test_a_slash_is_a_command_and_silence_stays_silence() -> None:
    async with desk() as here:
        here.inbox.answers["/incident ack"] = Answer(tone="quiet")
        await here.server.say("lin", ROOM, "/incident ack")
        await here.handed(1)
        await settle()
        (event,) = here.inbox.events
        assert isinstance(event, CommandTyped)
        assert event.text == "/incident ack"
        assert here.server.seen(ROOM) == []


@pytest.mark.parametrize(
    "text,quote,incident",
    [
        ("show inc_0000beef", "", "inc_0000beef"),
        ("为什么?", "### 根因\ninc_0000beef", "inc_0000beef"),
        ("inc_0000aaaa 呢?", "inc_0000beef", "inc_0000beef"),
        (f"批准 {APPROVAL} CONFIRM_EXECUTE", "", INCIDENT),
        ("inc_0000aaaa and inc_0000beef", "", ""),
        ("hello", "", INCIDENT),
        ("xinc_0000beefy", "", INCIDENT),
    ],
)
async def test_a_message_is_about_what_it_quotes_names_or_else_the_only_one(
    text: str, quote: str, incident: str
) -> None:
    async with desk() as here:
        await with_plan(here)
        await here.server.say("lin", ROOM, text, quote=quote)
        await here.handed(1)
        event = here.inbox.events[0]
        assert isinstance(event, MessageSaid)
        assert event.at.incident == incident
        assert event.quoted == quote


async def test_with_two_incidents_of_late_nothing_is_guessed() -> None:
    async with desk() as here:
        await with_plan(here)
        other = Card("P2", "P2", "bad", (), "inc_0000beef", "zh")
        await here.platform.post(ROOM, "", other, "inc_0000beef/header")
        await here.server.say("lin", ROOM, "认领")
        await here.clock.advance(3_700.0)
        await here.platform.post(ROOM, "", other, "inc_0000beef/closing")
        await here.server.say("lin", ROOM, "关闭")
        await here.handed(2)
        assert [event.at.incident for event in here.inbox.events] == ["", "inc_0000beef"]  # type: ignore[union-attr]


async def test_alone_with_the_bot_the_room_is_the_person() -> None:
    async with desk() as here:
        here.inbox.answers["帮助"] = Answer(phrase=said("可以说…"))
        callback = await here.server.say("lin", "", "帮助")
        await here.server.answered(callback)
        assert here.inbox.events[0].at.room == "lin"  # type: ignore[union-attr]
        assert here.server.seen("lin") == ["可以说…"]


async def test_who_opens_the_chat_is_greeted_once() -> None:
    async with desk() as here:
        message = await here.server.answered(await here.server.enter("chen"))
        assert message is not None
        assert message.text.startswith("我是 Tocsin")


async def test_an_answer_with_a_card_shows_the_card() -> None:
    async with desk() as here:
        row = Buttons((Button("ack", "认领", {"incident": INCIDENT}),))
        shown = Card("事件列表", "2 个", blocks=(Prose("inc_0000beef"), row), language="zh")
        here.inbox.answers["列表"] = Answer(card=shown)
        callback = await here.server.say("lin", ROOM, "列表")
        await here.server.answered(callback)
        await here.server.until(lambda: len(here.server.seen(ROOM)) == 2)
        text, card = here.server.seen(ROOM)
        assert "inc_0000beef" in text
        assert "[认领]" in card


# --- presses ---


@pytest.mark.parametrize("nested", [False, True], ids=["flat", "nested"])
async def test_a_press_is_read_in_both_shapes(nested: bool) -> None:
    async with desk() as here:
        await with_plan(here)
        await here.server.press("lin", ROOM, "驳回", nested=nested, msgid="p-1")
        await here.handed(1)
        (event,) = here.inbox.events
        assert isinstance(event, ButtonPressed)
        assert (event.id, event.action) == ("p-1", "reject")
        assert event.value == {"incident": INCIDENT, "approval": APPROVAL}, "nothing of ours stays in the value"
        assert event.at.incident == INCIDENT


async def test_a_press_redraws_the_card_for_all_and_the_edit_that_follows_adds_nothing() -> None:
    async with desk() as here:
        reference = await with_plan(here)
        before = len(here.server.messages)
        here.inbox.answers["reject"] = Answer(phrase=said("已驳回"))
        here.cards[SLOT] = plan_card("已驳回", "neutral", waits=False)
        press = await here.server.press("lin", ROOM, "驳回")
        await here.server.answered(press)
        for person in ("lin", "chen"):
            assert "已驳回" in here.server.seen(ROOM, person)[-1]
            assert "[批准…]" not in here.server.seen(ROOM, person)[-1]
        newer = await here.platform.edit(ROOM, reference, here.cards[SLOT])
        assert len(here.server.messages) == before
        assert await here.platform.edit(ROOM, newer, here.cards[SLOT]) == newer
        assert here.server.refused == []


async def test_an_edit_waits_for_the_press_that_is_being_answered() -> None:
    async with desk() as here:
        reference = await with_plan(here)
        here.cards[SLOT] = plan_card("已驳回", "neutral", waits=False)
        before = len(here.server.messages)
        settled = here.platform._board.pressing(ROOM, KEY)
        async with asyncio.TaskGroup() as group:
            editing = group.create_task(here.platform.edit(ROOM, reference, here.cards[SLOT]))
            await settle()
            assert not editing.done()
            here.platform._board.replaced(ROOM, KEY, here.cards[SLOT])
            settled()
        assert len(here.server.messages) == before


async def test_a_refusal_is_shown_to_the_person_alone() -> None:
    async with desk() as here:
        await with_plan(here)
        here.inbox.answers["reject"] = Answer(tone="refused", phrase=said("你不能驳回"))
        await here.server.answered(await here.server.press("wang", ROOM, "驳回"))
        assert "你不能驳回" in here.server.seen(ROOM, "wang")[-1]
        assert "你不能驳回" not in here.server.seen(ROOM, "lin")[-1]
        assert "[驳回]" in here.server.seen(ROOM, "wang")[-1]


async def test_an_answer_that_comes_too_late_is_a_message() -> None:
    async with desk() as here:
        await with_plan(here)

        class Slow:
            async def receive(self, event: object) -> Answer:
                await here.clock.advance(6.0)
                return Answer(tone="refused", phrase=said("太晚"))

        here.platform._inbox = Slow()
        await here.server.press("lin", ROOM, "驳回")
        await here.server.until(lambda: "太晚" in here.server.seen(ROOM)[-1])
        assert here.server.seen(ROOM)[-1] == "<@lin> 太晚"
        assert TOO_LATE not in [code for code, _ in here.server.refused], "it does not even try"


async def test_a_value_nobody_here_sealed_goes_nowhere() -> None:
    async with desk() as here:
        await with_plan(here)
        await here.server.press_key("wang", ROOM, "approve", f"{INCIDENT}@x")
        await here.server.until(lambda: "<@wang>" in here.server.seen(ROOM)[-1])
        assert here.inbox.events == []


async def test_what_could_not_be_written_down_is_said() -> None:
    async with desk() as here:
        here.inbox.failure = StoreFull(said("磁盘已满，请再试一次"))
        await here.server.say("lin", ROOM, "认领")
        await here.server.until(lambda: here.server.seen(ROOM))
        assert here.server.seen(ROOM) == ["<@lin> 磁盘已满，请再试一次"]


# --- forms, by a code ---


@pytest.mark.parametrize("nested", [False, True], ids=["flat", "nested"])
async def test_the_word_is_typed_after_a_one_time_code(nested: bool) -> None:
    async with desk() as here:
        await with_plan(here)
        code = await asked(here, nested=nested)
        assert not any(code in seen for seen in here.server.seen(ROOM, "chen")), "the code is shown to one person"
        callback = await here.server.say("lin", ROOM, f"批准 {code} CONFIRM_EXECUTE", msgid="m-9")
        message = await here.server.answered(callback)
        event = here.inbox.events[-1]
        assert isinstance(event, FormSent)
        assert (event.id, event.action, event.value) == ("m-9", "approve", word_form().value)
        assert event.fields == {"word": "CONFIRM_EXECUTE", "reason": ""}
        assert message is not None
        assert "已批准" in message.text


@pytest.mark.parametrize(
    "typed", [" CONFIRM_EXECUTE", "confirm_execute", "CONFIRM_EXECUTE!!", "ＣＯＮＦＩＲＭ_EXECUTE", ""]
)
async def test_what_stands_after_the_code_is_handed_on_untouched(typed: str) -> None:
    async with desk() as here:
        await with_plan(here)
        code = await asked(here)
        await here.server.say("lin", ROOM, f"approve {code.lower()} {typed}")
        await here.handed(2)
        event = here.inbox.events[-1]
        assert isinstance(event, FormSent)
        # What a message ends with in blanks never arrives: WeCom's clients and the mention take them off.
        assert event.fields["word"] == typed


async def test_the_wish_for_another_dry_run_is_handed_on_as_the_sentence_it_is() -> None:
    async with desk() as here:
        await with_plan(here)
        code = await asked(here)
        await here.server.say("lin", ROOM, f"批准 {code} CONFIRM_EXECUTE。先 dry-run。")
        await here.handed(2)
        event = here.inbox.events[-1]
        assert isinstance(event, MessageSaid)
        assert event.text == f"approve {APPROVAL} CONFIRM_EXECUTE。先 dry-run。"
        assert event.at.incident == INCIDENT


async def refused(here: Desk, user: str, room: str, text: str) -> str:
    before = len(here.inbox.events)
    message = await here.server.answered(await here.server.say(user, room, text))
    assert not any(isinstance(event, FormSent) for event in here.inbox.events[before:])
    assert message is not None
    return message.text


async def test_a_code_counts_for_one_person_in_one_chat_once_and_for_five_minutes() -> None:
    async with desk() as here:
        await with_plan(here)
        code = await asked(here)
        sentence = f"批准 {code} CONFIRM_EXECUTE"
        assert "另一位同事" in await refused(here, "chen", ROOM, sentence)
        tried = here.inbox.events[-1]
        assert isinstance(tried, MessageSaid), "that somebody tried is in the timeline"
        assert (tried.account.id, tried.text, tried.at.incident) == ("chen", sentence, INCIDENT)
        assert "会话" in await refused(here, "lin", "trade", sentence)
        assert "批准" in await refused(here, "lin", ROOM, f"驳回 {code} 不行")
        assert "不存在" in await refused(here, "lin", ROOM, "批准 ZZ3ZZ CONFIRM_EXECUTE".replace("Z", "A"))
        await here.server.answered(await here.server.say("lin", ROOM, sentence))
        assert isinstance(here.inbox.events[-1], FormSent)
        assert "已用过" in await refused(here, "lin", ROOM, sentence)
        code = await asked(here)
        await here.clock.advance(timedelta(minutes=5).total_seconds())
        assert "已过期" in await refused(here, "lin", ROOM, f"批准 {code} CONFIRM_EXECUTE")
        newest = await asked(here)
        again = await asked(here)
        assert newest != again
        assert "不存在" in await refused(here, "lin", ROOM, f"批准 {newest} CONFIRM_EXECUTE")


async def test_the_same_message_delivered_twice_is_the_same_form_again() -> None:
    async with desk() as here:
        await with_plan(here)
        code = await asked(here)
        sentence = f"批准 {code} CONFIRM_EXECUTE"
        for _ in range(3):
            await here.server.say("lin", ROOM, sentence, msgid="m-once")
        await here.server.until(lambda: here.inbox.again == 2)
        assert [type(event) for event in here.inbox.events] == [ButtonPressed, FormSent]


@pytest.mark.parametrize(
    "action,verb,typed,field",
    [
        ("reject", "驳回", "风险太大", "reason"),
        ("undo", "undo", "worse than before", "reason"),
        ("edit", "修改", "先限流\n再回滚", "text"),
    ],
)
async def test_other_forms_take_free_text_the_same_way(action: str, verb: str, typed: str, field: str) -> None:
    async with desk() as here:
        form = Ask("为什么？", "", None, action, "好", {"incident": INCIDENT}, (Field(field, "理由", required=False),))
        here.inbox.answers[action] = Answer(form=form)
        callback = await here.server.say("lin", ROOM, action)
        message = await here.server.answered(callback)
        assert message is not None
        found = CODE.search(message.text)
        assert found, message.text
        await here.server.say("lin", ROOM, f"{verb} {found[0]} {typed}")
        await here.handed(2)
        event = here.inbox.events[-1]
        assert isinstance(event, FormSent)
        assert (event.action, event.fields) == (action, {field: typed})


async def test_talk_that_only_looks_like_a_code_is_talk() -> None:
    async with desk() as here:
        for number, text in enumerate(
            ("approve this please", "批准 123456 CONFIRM_EXECUTE", "approve v2.3.1 it", "批准"), 1
        ):
            await here.server.say("lin", ROOM, text)
            await here.handed(number)
            assert isinstance(here.inbox.events[-1], MessageSaid), text


# --- delivered twice, and the other way round ---


async def test_a_repeated_delivery_is_answered_once_and_leaves_the_code_that_was_given() -> None:
    async with desk() as here:
        await with_plan(here)

        class Repeats:
            async def receive(self, event: object) -> Answer:
                return Answer(form=word_form()) if isinstance(event, ButtonPressed) else Answer(phrase=said("好"))

        here.platform._inbox = Repeats()
        first = await here.server.press("lin", ROOM, "批准…", msgid="p-1")
        await here.server.answered(first)
        shown = here.server.seen(ROOM, "lin")[-1]
        await here.server.press("lin", ROOM, "批准…", msgid="p-1")
        for _ in range(3):
            await here.server.say("lin", ROOM, "hi", msgid="m-1")
        await here.server.until(lambda: "好" in here.server.seen(ROOM)[-1])
        await settle()
        assert shown in here.server.seen(ROOM, "lin")
        assert len([text for text in here.server.seen(ROOM) if "好" in text]) == 1


async def test_pace_is_kept_and_people_are_answered_all_the_same() -> None:
    async with desk() as here:
        here.inbox.answers["hi"] = Answer(phrase=said("hello"))
        for number in range(24):
            await here.platform.post(ROOM, "", Card(str(number), "s", incident="inc_1"), f"inc_1/{number}")
        with pytest.raises(PlatformError) as told:
            await here.platform.post(ROOM, "", Card("more", "s", incident="inc_1"), "inc_1/more")
        wait = told.value.retry_after  # type: ignore[attr-defined]
        assert 0 < wait <= 60
        await here.server.answered(await here.server.say("lin", ROOM, "hi"))
        await here.clock.advance(wait)
        await here.platform.post(ROOM, "", Card("more", "s", incident="inc_1"), "inc_1/more")
        assert here.server.refused == []


async def test_a_card_whose_second_message_was_not_taken_goes_on_with_that_one() -> None:
    async with desk() as here:
        root = await here.platform.post(ROOM, "", Card("P1", "P1", incident=INCIDENT), f"{INCIDENT}/header")
        take = here.platform._bot.send
        sent = 0

        async def fails_once(room: str, body: dict[str, object], *, answer: bool = False) -> None:
            nonlocal sent
            sent += 1
            if sent == 2:
                here.server.fail_next = [45009]
            await take(room, body, answer=answer)

        here.platform._bot.send = fails_once  # type: ignore[method-assign]
        with pytest.raises(PlatformError):
            await here.platform.post(ROOM, root, plan_card(), KEY)
        await here.platform.post(ROOM, root, plan_card(), KEY)
        assert here.server.titles(ROOM) == ["P1", "方案：回滚", "方案：回滚"], "one text, one card"
