"""Checks that what people do in Feishu comes in as what it was, over the long connection."""

from collections.abc import AsyncIterator

import pytest

from cards.model import Ask, Button, Buttons, Card, Field
from engine.model import Phrase
from handlers.inbound import Answer, ButtonPressed, CommandTyped, FormSent, ImageShared, MessageSaid, ReactionAdded
from tests.bot.platforms.feishu.stand import CHEN, EVE, LIN, Stand, standing
from tests.fakes.feishu_rest import BOT
from tests.fakes.feishu_server import FeishuServer, labels, reads

CHAT = "oc_trade"
INCIDENT = "inc_0000beef"
YES = Answer(phrase=Phrase(word="command.kept"))
ASK = Ask(
    question="Execute?",
    who="approvers",
    until=None,
    action="approve",
    submit="Go",
    value={"incident": INCIDENT, "approval": "approval_00000001"},
    fields=(Field("word", "Type it"), Field("reason", "Why", required=False)),
)


def header(*buttons: Button) -> Card:
    blocks = (Buttons(buttons),) if buttons else ()
    return Card(title="P1 · PaymentHigh503", summary="payments fail", incident=INCIDENT, blocks=blocks)


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    server = FeishuServer()
    server.chat(CHAT, LIN, CHEN)
    async with server.serving(), standing(server) as stand, stand.listening():
        yield stand


async def thread(stand: Stand, *buttons: Button) -> str:
    """The header of an incident's thread, known to the house."""
    root = await stand.platform.post(CHAT, "", header(*buttons), f"{INCIDENT}/header")
    stand.incidents[CHAT, root] = INCIDENT
    return root


async def test_a_message_in_a_thread_belongs_to_its_incident(stand: Stand) -> None:
    root = await thread(stand)
    said = await stand.server.types(LIN, CHAT, "why", under=root)
    (event,) = stand.inbox.events
    assert isinstance(event, MessageSaid)
    assert (event.id, event.text, event.mentions_bot) == (said.id, "why", True)
    assert (event.at.room, event.at.thread, event.at.incident) == (CHAT, root, INCIDENT)
    assert (event.account.platform, event.account.id) == ("feishu", LIN)
    assert not event.edited
    assert not event.forwarded
    assert event.quoted == ""


async def test_what_a_chat_may_not_read_goes_to_the_person_alone(stand: Stand) -> None:
    secret = Card(title="payments fail", summary="payments fail", incident=INCIDENT)
    stand.inbox.answers["incidents"] = Answer(card=secret, phrase=Phrase(word="command.kept"), alone=True)
    stand.inbox.answers["approve"] = Answer(form=ASK, alone=True)
    before = len(stand.server.tenant.messages)
    for text in ("incidents", "approve"):
        await stand.server.types(LIN, CHAT, text)
    await answered(stand, 2, CHAT)
    in_chat = [reads(message.card, "en_us") for message in stand.server.cards(CHAT)]
    assert len(in_chat) == 2
    assert all("answered you directly" in text for text in in_chat)
    assert INCIDENT not in str([message.card for message in stand.server.cards(CHAT)])
    ours = [message for message in list(stand.server.tenant.messages.values())[before:] if message.card]
    alone = [reads(message.card, "en_us") for message in ours if message.chat != CHAT]
    assert any("payments fail" in text for text in alone)
    assert any("Execute?" in text for text in alone)


async def test_what_is_said_beside_a_thread_belongs_to_none(stand: Stand) -> None:
    await stand.server.types(LIN, CHAT, "lunch?", to_bot=False)
    (event,) = stand.inbox.events
    assert isinstance(event, MessageSaid)
    assert (event.text, event.mentions_bot, event.at.incident) == ("lunch?", False, "")


async def test_only_a_leading_mention_of_the_bot_is_taken_off(stand: Stand) -> None:
    root = await thread(stand)
    message = stand.server._written(LIN, CHAT, root, "text", {"text": "@_user_1 approve @_user_1 @_user_2 now"})
    mentions = [
        {"key": "@_user_1", "id": {"open_id": BOT}, "name": "Tocsin"},
        {"key": "@_user_2", "id": {"open_id": CHEN}, "name": r"Chen \1"},
    ]
    await stand.server.deliver(stand.server.message_event(message, mentions))
    (event,) = stand.inbox.events
    assert isinstance(event, MessageSaid)
    assert event.text == r"approve @Tocsin @Chen \1 now"


async def test_rich_text_is_read_line_by_line(stand: Stand) -> None:
    rows = [[{"tag": "text", "text": "do not "}, {"tag": "a", "text": "roll back", "href": "x"}], [{"tag": "img"}]]
    message = stand.server._written(LIN, CHAT, "", "post", {"title": "Stop", "content": rows})
    await stand.server.deliver(stand.server.message_event(message, []))
    (event,) = stand.inbox.events
    assert isinstance(event, MessageSaid)
    assert event.text == "Stop\ndo not roll back"


async def test_a_changed_message_and_a_quote_are_told(stand: Stand) -> None:
    root = await thread(stand)
    quoted = await stand.server.types(CHEN, CHAT, "approve it", under=root)
    message = stand.server._written(LIN, CHAT, root, "text", {"text": "+1"})
    event = stand.server.message_event(message, [], update_time=str(message.at + 5), parent_id=quoted.id)
    await stand.server.deliver(event)
    said = stand.inbox.events[-1]
    assert isinstance(said, MessageSaid)
    assert said.edited
    assert "approve it" in said.quoted


async def test_slash_incident_is_a_command(stand: Stand) -> None:
    root = await thread(stand)
    await stand.server.types(LIN, CHAT, "/incident ack", under=root)
    (event,) = stand.inbox.events
    assert isinstance(event, CommandTyped)
    assert (event.text, event.at.incident) == ("ack", INCIDENT)


async def test_the_menu_is_a_command_answered_to_the_person(stand: Stand) -> None:
    stand.inbox.answers["false alarm"] = YES
    await stand.server.chooses(LIN, "false_alarm")
    (event,) = stand.inbox.events
    assert isinstance(event, CommandTyped)
    assert (event.text, event.account.id) == ("false alarm", LIN)
    await stand.server.until(lambda: LIN in stand.server.tenant.direct)
    await answered(stand, 1, stand.server.tenant.direct[LIN])


async def test_a_press_brings_back_what_was_sealed(stand: Stand) -> None:
    root = await thread(stand, Button("ack", "I have it", {"incident": INCIDENT}))
    stand.inbox.answers["ack"] = YES
    seen = await stand.server.presses(LIN, root, "I have it")
    (event,) = stand.inbox.events
    assert isinstance(event, ButtonPressed)
    assert (event.action, event.value, event.account.id) == ("ack", {"incident": INCIDENT}, LIN)
    assert (event.at.room, event.at.incident) == (CHAT, INCIDENT)
    assert seen.toast["type"] == "success"
    assert seen.text("en_us") == "Kept for the team."
    assert seen.text("zh_cn") != seen.text("en_us")
    assert len(stand.server.cards(CHAT)) == 1


async def test_a_value_that_nobody_here_sealed_opens_nothing(stand: Stand) -> None:
    root = await thread(stand, Button("ack", "I have it", {"incident": INCIDENT}))
    body = stand.server.click_event(EVE, root, "I have it")
    for value in ({"t": "bm9ib2R5"}, {"t": 7}, {}, {"action": "approve"}):
        body["event"]["action"]["value"] = value
        body["header"]["event_id"] += "x"
        assert (await stand.server.sees(body)).toast["type"] == "error"
    assert stand.inbox.events == []


async def test_a_form_follows_in_the_thread_and_comes_back_untouched(stand: Stand) -> None:
    root = await thread(stand, Button("approve", "Approve", {"incident": INCIDENT}))
    stand.inbox.answers["ButtonPressed:approve"] = Answer(form=ASK)
    seen = await stand.server.presses(LIN, root, "Approve")
    assert seen.toast["type"] == "success"
    await answered(stand, 2)
    form = stand.server.newest(CHAT)
    assert form.root == root
    assert f"<at id={LIN}></at>" in form.content
    stand.inbox.answers["FormSent:approve"] = Answer(tone="refused", phrase=Phrase(word="command.kept"))
    seen = await stand.server.presses(LIN, form.id, "Go", word=" confirm_execute ")
    assert seen.toast["type"] == "error"
    event = stand.inbox.events[-1]
    assert isinstance(event, FormSent)
    assert (event.action, event.value) == ("approve", ASK.value)
    assert event.fields == {"word": " confirm_execute ", "reason": ""}
    assert labels(form.card) == ["Go"], "a refused form can be tried again"
    stand.inbox.answers["FormSent:approve"] = YES
    seen = await stand.server.presses(LIN, form.id, "Go", word="CONFIRM_EXECUTE")
    assert seen.toast["type"] == "success"
    assert labels(form.card) == []
    assert "Kept for the team." in reads(form.card, "en_us")


async def test_a_reaction_names_message_and_incident(stand: Stand) -> None:
    root = await thread(stand)
    answer = await stand.platform.post(CHAT, root, header(), f"{INCIDENT}/evidence")
    await stand.server.reacts(LIN, answer.partition("#")[0], "THUMBSUP")
    (event,) = stand.inbox.events
    assert isinstance(event, ReactionAdded)
    assert (event.name, event.message, event.at.incident) == ("THUMBSUP", answer.partition("#")[0], INCIDENT)
    assert not event.taken_back


async def test_a_thumb_names_the_card_it_is_under_and_may_be_taken_back(stand: Stand) -> None:
    root = await thread(stand)
    answer = await stand.platform.post(CHAT, root, header(), f"{INCIDENT}/evidence")
    stand.incidents[(CHAT, answer)] = INCIDENT
    await stand.server.reacts(LIN, answer.partition("#")[0], "ThumbsDown")
    await stand.server.takes_back(LIN, answer.partition("#")[0], "ThumbsDown")
    given, back = stand.inbox.events
    assert isinstance(given, ReactionAdded)
    assert isinstance(back, ReactionAdded)
    assert (given.message, back.message, given.message.partition("#")[2]) == (answer, answer, "evidence")
    assert (given.taken_back, back.taken_back) == (False, True)
    assert 0 < given.moment <= back.moment


async def test_a_picture_in_a_thread_comes_with_its_bytes(stand: Stand) -> None:
    root = await thread(stand)
    await stand.server.shares(LIN, CHAT, b"\x89PNG...", under=root)
    await stand.server.shares(LIN, CHAT, b"\x89PNG...")
    (event,) = stand.inbox.events
    assert isinstance(event, ImageShared)
    assert (event.content, event.at.incident) == (b"\x89PNG...", INCIDENT)


async def test_words_are_answered_under_them_in_both_languages(stand: Stand) -> None:
    root = await thread(stand)
    stand.inbox.answers["keep"] = YES
    await stand.server.types(LIN, CHAT, "keep", under=root)
    await answered(stand, 2)
    answer = stand.server.newest(CHAT)
    assert answer.root == root
    assert "Kept for the team." in reads(answer.card, "en_us")
    assert "Kept for the team." not in reads(answer.card, "zh_cn")


async def test_its_own_words_and_those_of_other_bots_are_not_heard(stand: Stand) -> None:
    message = stand.server._written(BOT, CHAT, "", "text", {"text": "help"})
    event = stand.server.message_event(message, [])
    event["event"]["sender"]["sender_type"] = "app"
    await stand.server.deliver(event)
    body = stand.server.event("im.message.reaction.created_v1", {"message_id": message.id, "operator_type": "app"})
    await stand.server.deliver(body)
    assert stand.inbox.events == []


async def test_being_removed_from_a_chat_is_said_in_the_log(stand: Stand, caplog: pytest.LogCaptureFixture) -> None:
    await stand.server.deliver(stand.server.event("im.chat.member.bot.deleted_v1", {"chat_id": CHAT}))
    assert f"the bot is no longer in the Feishu chat {CHAT}" in caplog.text
    assert stand.server.codes == [200]


async def test_events_nobody_knows_are_taken(stand: Stand) -> None:
    for kind in ("im.chat.disbanded_v1", "im.message.message_read_v1", "never.heard_of_v9"):
        assert await stand.server.deliver(stand.server.event(kind, {"any": "thing"}), retries=0) == {}
    assert stand.server.codes == [200, 200, 200]
    assert stand.inbox.events == []


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"message": None, "sender": []},
        {"message": {"content": "{", "message_type": "text"}, "sender": {"sender_type": "user"}},
        {"sender": {"sender_type": "user", "sender_id": {"open_id": "ou_x"}}, "message": {"content": "[" * 5000}},
    ],
)
async def test_malformed_events_are_taken_and_say_nothing(stand: Stand, event: dict[str, object]) -> None:
    await stand.server.deliver(stand.server.event("im.message.receive_v1", event), retries=0)
    assert stand.server.codes == [200]
    assert stand.inbox.events == []


async def answered(stand: Stand, messages: int, chat: str = CHAT) -> None:
    """Wait until the bot has said so much in a chat."""
    await stand.server.until(lambda: len(stand.server.cards(chat)) >= messages)


async def test_what_is_taken_from_the_bot_is_told_to_the_house(stand: Stand) -> None:
    deliver, event = stand.server.deliver, stand.server.event
    await deliver(event("im.chat.member.bot.deleted_v1", {"chat_id": CHAT, "operator_id": {"open_id": LIN}}))
    await deliver(event("im.chat.disbanded_v1", {"chat_id": CHAT}))
    await deliver(event("im.chat.disbanded_v1", {}))
    await deliver(event("contact.user.deleted_v3", {"object": {"open_id": LIN}}))
    assert stand.news == [(CHAT, "feishu.lost.removed"), (CHAT, "feishu.lost.disbanded"), ("regrouped", "")]
    assert stand.inbox.events == []
