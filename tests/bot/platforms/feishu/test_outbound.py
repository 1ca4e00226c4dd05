"""Checks what Feishu is sent: one card for all readers, posted once, edited while it can be, every refusal named."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from cards.model import Button, Buttons, Card, Prose
from cards.words import Words
from engine.errors import PlatformBusy, PlatformError
from handlers.inbound import MessageSaid
from tests.bot.platforms.feishu.stand import Stand, standing
from tests.fakes.feishu_server import FeishuServer, labels, reads

CHAT, OTHER = "oc_trade", "oc_supply"
INCIDENT = "inc_0000beef"


def card(title: str, text: str = "", language: str = "en") -> Card:
    blocks = (Prose(text or title), Buttons((Button("ack", "OK", {"incident": INCIDENT}),)))
    return Card(title=title, summary=title, incident=INCIDENT, language=language, blocks=blocks)


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    server = FeishuServer()
    server.chat(CHAT)
    server.chat(OTHER)
    async with server.serving(), standing(server) as stand:
        yield stand


async def test_one_card_holds_both_languages(stand: Stand) -> None:
    stand.drawn[INCIDENT, "header", "zh"] = card("支付告警", "支付失败", "zh")
    root = await stand.platform.post(CHAT, "", card("Payments", "payments fail"), f"{INCIDENT}/header")
    (message,) = stand.server.cards(CHAT)
    assert message.id == root
    assert "payments fail" in reads(message.card, "en_us")
    assert "支付失败" in reads(message.card, "zh_cn")
    assert "支付失败" not in reads(message.card, "en_us")
    stand.drawn[INCIDENT, "header", "zh"] = card("支付告警", "已恢复", "zh")
    assert await stand.platform.edit(CHAT, root, card("Payments", "recovered")) == root
    assert "已恢复" in reads(message.card, "zh_cn")


async def test_an_answer_can_be_drawn_in_both_languages_after_a_restart(stand: Stand) -> None:
    root = await stand.platform.post(CHAT, "", card("Payments"), f"{INCIDENT}/header")
    plan = await stand.platform.post(CHAT, root, card("Plan"), f"{INCIDENT}/plan:plan_00000001")
    async with standing(stand.server) as later:
        later.drawn[INCIDENT, "plan:plan_00000001", "zh"] = card("方案", "", "zh")
        assert await later.platform.edit(CHAT, plan, card("Plan, changed")) == plan
    assert "方案" in reads(stand.server.newest(CHAT).card, "zh_cn")


async def test_an_answer_lost_on_the_way_is_no_second_message(stand: Stand) -> None:
    stand.server.tenant.lost = 1
    with pytest.raises(PlatformBusy):
        await stand.platform.post(CHAT, "", card("Payments"), f"{INCIDENT}/header")
    root = await stand.platform.post(CHAT, "", card("Payments"), f"{INCIDENT}/header")
    assert [message.id for message in stand.server.cards(CHAT)] == [root]


async def test_the_token_is_asked_for_once_however_many_wait(stand: Stand) -> None:
    stand.server.tenant.token_delay = 0.2
    async with asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(stand.platform.post(CHAT, "", card(f"{number}"), f"{INCIDENT}/{number}"))
    assert len(stand.server.cards(CHAT)) == 5
    assert len(stand.server.tenant.tokens) == 1


async def test_a_token_revoked_before_its_time_is_renewed(stand: Stand) -> None:
    await stand.platform.post(CHAT, "", card("one"), f"{INCIDENT}/one")
    stand.server.tenant.tokens.clear()
    await stand.platform.post(CHAT, "", card("two"), f"{INCIDENT}/two")
    assert len(stand.server.cards(CHAT)) == 2
    assert 99991663 in stand.server.tenant.refused


async def test_a_token_is_renewed_before_it_ends(stand: Stand) -> None:
    await stand.platform.post(CHAT, "", card("one"), f"{INCIDENT}/one")
    stand.server.age(110 / (24 * 60))
    await stand.platform.post(CHAT, "", card("two"), f"{INCIDENT}/two")
    assert len(stand.server.tenant.tokens) == 2
    assert stand.server.tenant.refused == []


async def test_too_fast_says_when_to_come_back(stand: Stand) -> None:
    for number in range(5):
        await stand.platform.post(CHAT, "", card(f"{number}"), f"{INCIDENT}/{number}")
    with pytest.raises(PlatformBusy) as busy:
        await stand.platform.post(CHAT, "", card("6"), f"{INCIDENT}/6")
    assert 0.0 < busy.value.retry_after <= 1.0
    await stand.platform.post(OTHER, "", card("elsewhere"), f"{INCIDENT}/header")
    await asyncio.sleep(busy.value.retry_after)
    await stand.platform.post(CHAT, "", card("again"), f"{INCIDENT}/again")


async def test_an_outage_is_waited_out(stand: Stand) -> None:
    stand.server.tenant.broken = 1
    with pytest.raises(PlatformBusy):
        await stand.platform.post(CHAT, "", card("one"), f"{INCIDENT}/one")
    await stand.platform.post(CHAT, "", card("one"), f"{INCIDENT}/one")


async def test_a_missing_permission_is_called_by_feishus_name(stand: Stand) -> None:
    stand.server.tenant.scopes.discard("im:message:send_as_bot")
    with pytest.raises(PlatformError) as refused:
        await stand.platform.post(CHAT, "", card("one"), f"{INCIDENT}/one")
    assert not isinstance(refused.value, PlatformBusy)
    for language in ("zh", "en"):
        assert "im:message:send_as_bot" in Words(language).say(refused.value.phrase)


async def test_a_wrong_secret_and_a_lost_chat_are_named(stand: Stand) -> None:
    async with standing(stand.server, app_id="cli_other") as other:
        with pytest.raises(PlatformError) as refused:
            await other.platform.post(CHAT, "", card("one"), f"{INCIDENT}/one")
    assert "TOCSIN_FEISHU__APP_SECRET" in Words("en").say(refused.value.phrase)
    stand.server.tenant.chats[CHAT] = set()
    with pytest.raises(PlatformError) as refused:
        await stand.platform.post(CHAT, "", card("one"), f"{INCIDENT}/one")
    assert "Add it to the chat" in Words("en").say(refused.value.phrase)


@pytest.mark.parametrize("days", [13.6, 15.0, 400.0])
async def test_a_card_near_its_end_is_posted_again_in_its_thread(stand: Stand, days: float) -> None:
    root = await stand.platform.post(CHAT, "", card("Payments"), f"{INCIDENT}/header")
    plan = await stand.platform.post(CHAT, root, card("Plan"), f"{INCIDENT}/plan:1")
    stand.server.age(days)
    newer = await stand.platform.edit(CHAT, plan, card("Plan, changed"))
    assert newer != plan
    old, new = (stand.server.tenant.messages[each.partition("#")[0]] for each in (plan, newer))
    assert new.root == root
    assert "Plan, changed" in new.content
    assert labels(new.card) == ["OK"]
    if days < 14:
        assert labels(old.card) == []
        assert "Replaced" in old.content
    assert await stand.platform.edit(CHAT, newer, card("Plan, done")) == newer
    assert "Plan, done" in new.content


async def test_a_thread_whose_header_was_posted_again_goes_on(stand: Stand) -> None:
    root = await stand.platform.post(CHAT, "", card("Payments"), f"{INCIDENT}/header")
    stand.server.age(20)
    newer = await stand.platform.edit(CHAT, root, card("Payments, later"))
    answer = await stand.platform.post(CHAT, newer, card("Closing"), f"{INCIDENT}/closing")
    threads = {message.root for message in stand.server.cards(CHAT)}
    assert threads == {"", root}
    with pytest.raises(PlatformError):
        await stand.platform.post(CHAT, answer, card("nested"), f"{INCIDENT}/nested")
    # The store knows the newer message alone; people still speak under the old one.
    stand.incidents[CHAT, newer] = INCIDENT
    async with stand.listening():
        await stand.server.types("ou_lin", CHAT, "why", under=root)
    (said,) = stand.inbox.events
    assert isinstance(said, MessageSaid)
    assert said.at.incident == INCIDENT


async def test_a_recalled_card_is_posted_again(stand: Stand) -> None:
    root = await stand.platform.post(CHAT, "", card("Payments"), f"{INCIDENT}/header")
    plan = await stand.platform.post(CHAT, root, card("Plan"), f"{INCIDENT}/plan:1")
    stand.server.tenant.messages[plan.partition("#")[0]].recalled = True
    newer = await stand.platform.edit(CHAT, plan, card("Plan, changed"))
    assert stand.server.tenant.messages[newer.partition("#")[0]].root == root
    stand.server.tenant.messages[root].recalled = True
    begun = await stand.platform.edit(CHAT, root, card("Payments, later"))
    assert stand.server.tenant.messages[begun].root == ""
    await stand.platform.post(CHAT, begun, card("Closing"), f"{INCIDENT}/closing")


async def test_hostile_text_reaches_feishu_as_text(stand: Stand) -> None:
    hostile = "<at id=all></at> [x](http://evil) **b** password=hunter2 \u202e"
    await stand.platform.post(CHAT, "", card("Payments", hostile), f"{INCIDENT}/header")
    (message,) = stand.server.cards(CHAT)
    assert "<at id=all>" not in json.dumps(message.card, ensure_ascii=False)
    assert "hunter2" not in message.content
    assert "\u202e" not in message.content
