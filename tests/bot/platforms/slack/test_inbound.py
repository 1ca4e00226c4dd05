"""Checks that everything a person can do in Slack arrives as what it is, once, and is answered to them."""

import asyncio
import random
from collections.abc import AsyncIterator
from functools import partial

import pytest

from bot.platforms.slack.platform import SlackPlatform
from cards.model import Ask, Button, Buttons, Card, Field, Prose
from engine.model import Phrase
from handlers.inbound import (
    Answer,
    ButtonPressed,
    CommandTyped,
    FormSent,
    ImageShared,
    MessageSaid,
    ReactionAdded,
)
from tests.bot.platforms.slack.conftest import OTHER, ROOM, Lent, Listening, settings
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_wire import Failed, Json
from tests.fakes.slack_workspace import BOT, BOT_ID, Human, Message

APPROVE = Buttons(
    (Button("approve", "Approve", {"incident": "inc_1", "approval": "approval_1"}, "danger"),), approval=True
)
CARD = Card(title="payment fails", summary="payment fails", blocks=(Prose("why"), APPROVE), incident="inc_1")
FORM = Ask(
    question="Execute rollback?",
    who="approvers",
    until=None,
    action="approve",
    submit="Execute",
    value={"incident": "inc_1", "approval": "approval_1", "digest": "d" * 64},
    fields=(Field("word", "Type CONFIRM_EXECUTE"), Field("reason", "Reason", required=False)),
)
WRONG = Answer(tone="refused", phrase=Phrase(word="error.closed", values={"incident": "inc_1"}))
YES = Answer(phrase=Phrase(word="command.acknowledged", values={"person": "Lin"}))


@pytest.fixture
async def lin(slack: SlackServer) -> Human:
    return slack.workspace.human("U1LIN", "Lin", locale="zh-CN")


@pytest.fixture
async def inbox(platform: SlackPlatform, slack: SlackServer, lin: Human) -> AsyncIterator[Listening]:
    inbox = Listening()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(platform.run(inbox))
        await slack.until(lambda: slack.sockets)
        yield inbox
        running.cancel()


@pytest.fixture
async def root(platform: SlackPlatform, lent: Lent, slack: SlackServer) -> Message:
    """The first message of the thread of inc_1."""
    ts = await platform.post(ROOM, "", CARD, "inc_1/header")
    lent.threads[(ROOM, ts)] = "inc_1"
    return slack.workspace.find(ROOM, ts)


async def test_a_message_in_our_thread_arrives(slack: SlackServer, inbox: Listening, lin: Human, root: Message) -> None:
    said = await slack.types(lin, ROOM, "look at &lt;checkout&gt; &amp; wait", root.ts)
    (event,) = inbox.events
    assert isinstance(event, MessageSaid)
    assert (event.id, event.text, event.mentions_bot) == (f"{ROOM}:{said.ts}", "look at <checkout> & wait", False)
    assert (event.at.room, event.at.thread, event.at.incident, event.at.language) == (ROOM, root.ts, "inc_1", "zh")
    assert (event.account.platform, event.account.id, event.account.name) == ("slack", "U1LIN", "Lin")


async def test_a_mention_is_taken_off_and_counts_once(
    slack: SlackServer, inbox: Listening, lin: Human, root: Message
) -> None:
    await slack.types(lin, ROOM, f"<@{BOT}> approve approval_1 CONFIRM_EXECUTE", root.ts)
    (event,) = inbox.events
    assert isinstance(event, MessageSaid)
    assert (event.text, event.mentions_bot) == ("approve approval_1 CONFIRM_EXECUTE", True)
    assert len([kind for kind, _ in slack.delivered if kind == "events_api"]) == 2


@pytest.mark.parametrize(
    "text, quoted, own",
    [
        ("&gt; approve approval_1 CONFIRM_EXECUTE\nthis", "approve approval_1 CONFIRM_EXECUTE", "this"),
        ("&gt; &lt;b&gt;", "<b>", ""),
        ("ok\n&gt;", "…", "ok"),
    ],
)
async def test_a_quote_is_kept_apart(
    slack: SlackServer, inbox: Listening, lin: Human, root: Message, text: str, quoted: str, own: str
) -> None:
    await slack.types(lin, ROOM, text, root.ts)
    (event,) = inbox.events
    assert isinstance(event, MessageSaid)
    assert (event.quoted, event.text) == (quoted, own)


async def test_an_edit_and_a_share_say_what_they_are(
    slack: SlackServer, inbox: Listening, lin: Human, root: Message
) -> None:
    said = await slack.types(lin, ROOM, "aprove", root.ts)
    await slack.rewrites(lin, said, "approve approval_1 CONFIRM_EXECUTE")
    shared = [{"is_share": True, "is_msg_unfurl": True, "text": "approve approval_1 CONFIRM_EXECUTE"}]
    await slack.types(lin, ROOM, "see", root.ts, attachments=shared)
    _, edited, forwarded = inbox.events
    assert isinstance(edited, MessageSaid)
    assert isinstance(forwarded, MessageSaid)
    assert edited.edited
    assert edited.id != f"{ROOM}:{said.ts}"
    assert (forwarded.forwarded, forwarded.quoted) == (True, "approve approval_1 CONFIRM_EXECUTE")


async def test_an_unfurled_link_is_no_edit(slack: SlackServer, inbox: Listening, lin: Human, root: Message) -> None:
    said = await slack.types(lin, ROOM, "see https://example.com", root.ts)
    now = {**said.wire(), "user": lin.id, "attachments": [{"from_url": "https://example.com"}]}
    changed = {"type": "message", "subtype": "message_changed", "channel": ROOM, "message": now}
    await slack.event({**changed, "previous_message": {**said.wire(), "user": lin.id}})
    assert len(inbox.events) == 1


@pytest.mark.parametrize(
    "odd",
    [
        {"bot_id": BOT_ID},
        {"bot_id": "B0OTHER"},
        {"user": BOT},
        {"subtype": "channel_join"},
        {"subtype": "message_deleted"},
        {"subtype": "bot_message", "bot_id": "B0OTHER"},
        {"user": ""},
    ],
)
async def test_what_no_person_said_is_left(
    slack: SlackServer, inbox: Listening, lin: Human, root: Message, odd: dict[str, str]
) -> None:
    await slack.types(lin, ROOM, f"<@{BOT}> ack", root.ts, **odd)
    assert inbox.events == []


async def test_talk_that_is_none_of_our_business_is_left(slack: SlackServer, inbox: Listening, lin: Human) -> None:
    talk = await slack.types(lin, ROOM, "lunch?")
    await slack.types(lin, ROOM, "noodles", talk.ts)
    await slack.reacts(lin, talk, "eyes")
    assert inbox.events == []


async def test_who_speaks_to_us_elsewhere_is_heard(slack: SlackServer, inbox: Listening, lin: Human) -> None:
    await slack.types(lin, ROOM, f"<@{BOT}> incidents")
    await slack.types(lin, f"D{lin.id}", "incidents")
    spoken = [(event.text, event.mentions_bot) for event in inbox.events if isinstance(event, MessageSaid)]
    assert spoken == [("incidents", True), ("incidents", True)]
    assert [event.at.incident for event in inbox.events if isinstance(event, MessageSaid)] == ["", ""]


async def test_a_command_is_answered_at_once(slack: SlackServer, inbox: Listening, lin: Human) -> None:
    inbox.answers["ack inc_1"] = YES
    await slack.commands(lin, ROOM, "ack inc_1")
    (event,) = inbox.events
    assert isinstance(event, CommandTyped)
    assert (event.text, event.at.room) == ("ack inc_1", ROOM)
    assert [message.words for message in slack.told(lin)] == ["Lin 已认领。"]


async def test_an_empty_command_asks_for_help(slack: SlackServer, inbox: Listening, lin: Human) -> None:
    await slack.commands(lin, ROOM, "  ")
    (event,) = inbox.events
    assert isinstance(event, CommandTyped)
    assert event.text == "help"


async def test_a_press_arrives_with_what_the_button_stands_for(
    slack: SlackServer, inbox: Listening, lin: Human, root: Message
) -> None:
    inbox.answers["approve"] = YES
    await slack.presses(lin, root, "Approve")
    await inbox.had(1)
    (event,) = inbox.events
    assert isinstance(event, ButtonPressed)
    assert (event.action, event.value) == ("approve", {"incident": "inc_1", "approval": "approval_1"})
    assert (event.at.thread, event.at.incident) == (root.ts, "inc_1")
    await slack.until(lambda: slack.told(lin))
    (told,) = slack.told(lin)
    assert (told.words, told.thread_ts, told.alone) == ("Lin 已认领。", root.ts, lin.id)


async def test_a_forged_or_foreign_value_is_refused(
    slack: SlackServer, inbox: Listening, lin: Human, root: Message
) -> None:
    button = root.payload["attachments"][0]["blocks"][-1]["elements"][0]
    for value in ("", "approve", button["value"][:-4] + "AAAA", "é" * 40):
        button["value"] = value
        seen = len(slack.told(lin))
        await slack.presses(lin, root, "Approve")
        await slack.until(partial(_more_than, slack, lin, seen))
    assert inbox.events == []
    assert {message.words for message in slack.told(lin)} == {"这个按钮已不再属于我。请使用该话题里最新的卡片。"}


async def test_a_form_opens_and_the_wrong_word_is_said_in_it(
    slack: SlackServer, inbox: Listening, lin: Human, root: Message
) -> None:
    inbox.answers["ButtonPressed:approve"] = Answer(form=FORM)
    inbox.answers["FormSent:approve"] = WRONG
    await slack.presses(lin, root, "Approve")
    await slack.until(lambda: lin.view)
    below = await slack.submits(lin, word="confirm_execute ")
    assert list(below) == ["word"]
    assert "inc_1" in below["word"]
    inbox.answers["FormSent:approve"] = YES
    assert await slack.submits(lin, word="CONFIRM_EXECUTE", reason="now") == {}
    assert lin.view is None
    _, first, second = inbox.events
    assert isinstance(first, FormSent)
    assert isinstance(second, FormSent)
    assert first.id != second.id, "a second try is not a repetition of the first"
    assert first.fields == {"word": "confirm_execute ", "reason": ""}
    assert (second.fields, second.value) == ({"word": "CONFIRM_EXECUTE", "reason": "now"}, FORM.value)
    assert (second.at.room, second.at.thread, second.at.incident) == (ROOM, root.ts, "inc_1")
    await slack.until(lambda: slack.told(lin))
    assert [(message.words, message.thread_ts) for message in slack.told(lin)] == [("Lin 已认领。", root.ts)]


async def test_a_form_nobody_of_ours_opened_is_refused(slack: SlackServer, inbox: Listening, lin: Human, root: Message):
    inbox.answers["ButtonPressed:approve"] = Answer(form=FORM)
    await slack.presses(lin, root, "Approve")
    await slack.until(lambda: lin.view)
    assert lin.view is not None
    for metadata in ("", "a b", lin.view["private_metadata"].partition(" ")[0]):
        lin.view["private_metadata"] = metadata
        assert "word" in await slack.submits(lin, word="CONFIRM_EXECUTE")
    assert len(inbox.events) == 1


async def test_a_form_asked_for_in_words_comes_as_an_invitation(
    slack: SlackServer, inbox: Listening, lin: Human, root: Message
) -> None:
    inbox.answers["MessageSaid:approve"] = Answer(form=FORM)
    inbox.answers["ButtonPressed:approve"] = Answer(form=FORM)
    await slack.types(lin, ROOM, "approve", root.ts)
    await slack.until(lambda: slack.told(lin))
    (invitation,) = slack.told(lin)
    assert invitation.alone == lin.id
    await slack.presses(lin, invitation, "Execute")
    await slack.until(lambda: lin.view)


async def test_a_trigger_that_has_gone_leaves_an_invitation(
    slack: SlackServer, inbox: Listening, lin: Human, root: Message
) -> None:
    inbox.answers["ButtonPressed:approve"] = Answer(form=FORM)
    slack.workspace.trigger = lambda person: "1.gone"  # type: ignore[method-assign]
    slack.workspace.triggers["1.gone"] = (slack.workspace.tick() - 1, False, lin.id)
    await slack.presses(lin, root, "Approve")
    await slack.until(lambda: slack.told(lin))
    assert "[Execute]" in slack.told(lin)[0].words


async def test_an_emoji_that_was_taken_away_again_arrives_as_that(
    slack: SlackServer, inbox: Listening, lin: Human, root: Message
) -> None:
    await slack.reacts(lin, root, "+1")
    await slack.reacts(lin, root, "+1", taken_back=True)
    given, back = inbox.events
    assert isinstance(given, ReactionAdded)
    assert isinstance(back, ReactionAdded)
    assert (given.taken_back, back.taken_back, back.name) == (False, True, "+1")
    assert 0 < given.moment < back.moment
    assert given.id != back.id


async def test_a_reaction_and_a_picture_arrive(slack: SlackServer, inbox: Listening, lin: Human, root: Message) -> None:
    await slack.reacts(lin, root, "eyes::skin-tone-3")
    await slack.drops_image(lin, ROOM, root.ts, b"\x89PNG")
    await inbox.had(2)
    reaction, image = inbox.events
    assert isinstance(reaction, ReactionAdded)
    assert (reaction.name, reaction.message, reaction.at.incident) == ("eyes", root.ts, "inc_1")
    assert not reaction.taken_back
    assert isinstance(image, ImageShared)
    assert (image.name, image.content, image.at.incident) == ("graph.png", b"\x89PNG", "inc_1")


async def test_shortcuts_acknowledge_and_declare(
    slack: SlackServer, inbox: Listening, lin: Human, root: Message
) -> None:
    await slack.chooses(lin, root, "tocsin_ack")
    await inbox.had(1)
    talk = await slack.types(lin, OTHER, "checkout is   down\nagain")
    await slack.chooses(lin, talk, "tocsin_declare")
    await slack.until(lambda: lin.view)
    assert lin.view is not None
    await slack.submits(lin, service="checkout", what="is down again")
    acknowledged, declared = inbox.events
    assert isinstance(acknowledged, CommandTyped)
    assert isinstance(declared, CommandTyped)
    assert (acknowledged.text, acknowledged.at.incident) == ("ack", "inc_1")
    assert (declared.text, declared.at.room, declared.at.incident) == ("open: checkout is down again", OTHER, "")


async def test_home_shows_what_the_house_answers(slack: SlackServer, inbox: Listening, lin: Human) -> None:
    inbox.answers["CommandTyped:home"] = Answer(card=CARD)
    await slack.opens_home(lin)
    await slack.until(lambda: lin.home)
    assert lin.home is not None
    assert lin.home["blocks"][0]["text"]["text"] == "payment fails"
    assert slack.told(lin) == []


async def test_what_breaks_inside_is_said_or_comes_again(
    slack: SlackServer, inbox: Listening, lin: Human, root: Message
) -> None:
    inbox.failure, slack.deadline = RuntimeError("broken"), 0.2
    with pytest.raises(Failed):
        await slack.types(lin, ROOM, "hello", root.ts)
    assert len([kind for kind, _ in slack.delivered if kind == "events_api"]) == 4
    inbox.failure, slack.deadline = None, 3.0
    await slack.again(*slack.delivered[-1])
    assert len(inbox.events) == 1


async def test_a_press_that_breaks_inside_is_said(
    slack: SlackServer, inbox: Listening, lin: Human, root: Message
) -> None:
    inbox.failure = RuntimeError("broken")
    pressed = await slack.presses(lin, root, "Approve")
    await slack.until(lambda: slack.told(lin))
    assert "Press once more" in slack.told(lin)[0].words
    inbox.failure = None
    await slack.again("interactive", pressed)
    await inbox.had(1)


async def test_a_workspace_that_is_not_allowed_is_left_quietly(
    slack: SlackServer, lent: Lent, lin: Human, caplog: pytest.LogCaptureFixture
) -> None:
    platform = SlackPlatform(settings(slack, workspaces=frozenset({"T0ELSE"})), lent.kit)
    inbox = Listening()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(platform.run(inbox))
        await slack.types(lin, f"D{lin.id}", "incidents")
        await slack.commands(lin, ROOM, "incidents")
        running.cancel()
    assert inbox.events == []
    assert slack.told(lin) == [message for message in slack.told(lin) if message.user == lin.id]
    assert caplog.text.count("T0HOUSE") == 1, "said once, not for each delivery"


async def test_a_hundred_repetitions_in_any_order_are_one_each(
    slack: SlackServer, inbox: Listening, lin: Human, root: Message
) -> None:
    """Every inbound kind, each delivered a hundred times, shuffled and at once."""
    slack.deadline = 30.0  # what is counted here are effects; how fast they come is proven elsewhere
    inbox.answers["ButtonPressed:approve"] = Answer(form=FORM)
    await slack.presses(lin, root, "Approve")
    await slack.until(lambda: lin.view)
    await slack.submits(lin, word="CONFIRM_EXECUTE")
    said = await slack.types(lin, ROOM, f"<@{BOT}> hello", root.ts)
    await slack.rewrites(lin, said, f"<@{BOT}> hello there")
    await slack.reacts(lin, root, "eyes")
    await slack.reacts(lin, root, "eyes", taken_back=True)
    await slack.commands(lin, ROOM, "incidents")
    await slack.chooses(lin, root, "tocsin_ack")
    await slack.chooses(lin, said, "tocsin_declare")
    await slack.until(lambda: lin.view)
    await slack.submits(lin, service="checkout", what="is down")
    await slack.opens_home(lin)
    await slack.drops_image(lin, ROOM, root.ts, b"\x89PNG")
    await slack.regroups("S1", "U1")
    await slack.event({"type": "channel_left", "channel": OTHER})
    await inbox.had(11)
    assert {type(event) for event in inbox.events} == {
        *(ButtonPressed, CommandTyped, FormSent, ImageShared, MessageSaid, ReactionAdded)
    }
    before, told, homes = list(inbox.events), len(slack.told(lin)), _homes(slack)
    deliveries = [each for each in slack.delivered for _ in range(100)]
    random.Random(7).shuffle(deliveries)
    for start in range(0, len(deliveries), 50):
        async with asyncio.TaskGroup() as group:
            for kind, payload in deliveries[start : start + 50]:
                group.create_task(slack.again(kind, payload))
    assert inbox.events == before
    assert len(slack.told(lin)) == told
    assert _homes(slack) == homes
    assert lin.view is None
    assert slack.late == []
    assert slack.wrong == []


def _homes(slack: SlackServer) -> int:
    """How often a home tab was drawn."""
    return sum(method == "views.publish" for method, _ in slack.workspace.calls)


def _more_than(slack: SlackServer, who: Human, many: int) -> bool:
    return len(slack.told(who)) > many


@pytest.mark.parametrize(
    "event, room, word",
    [
        ({"type": "channel_left", "channel": ROOM}, ROOM, "left"),
        ({"type": "group_left", "channel": ROOM}, ROOM, "left"),
        ({"type": "channel_archive", "channel": ROOM, "user": "U1"}, ROOM, "archived"),
        ({"type": "group_deleted", "channel": ROOM}, ROOM, "deleted"),
        ({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [BOT]}}, "", "revoked"),
        ({"type": "app_uninstalled"}, "", "uninstalled"),
    ],
)
async def test_what_is_taken_from_the_bot_is_told_to_the_house(
    slack: SlackServer, inbox: Listening, lent: Lent, event: Json, room: str, word: str
) -> None:
    await slack.event(event)
    assert (lent.losses, inbox.events) == ([(room, f"slack.lost.{word}")], [])


async def test_what_is_taken_from_others_is_none_of_our_business(
    slack: SlackServer, inbox: Listening, lent: Lent
) -> None:
    await slack.event({"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": ["UOTHER"]}})
    await slack.event({"type": "tokens_revoked", "tokens": {"oauth": ["U1"]}})
    await slack.event({"type": "channel_rename", "channel": {"id": ROOM}})
    assert (lent.losses, inbox.events) == ([], [])


async def test_a_group_that_changed_is_told_to_the_house(slack: SlackServer, inbox: Listening, lent: Lent) -> None:
    await slack.regroups("S1", "U1")
    await slack.event({"type": "subteam_updated", "subteam": {"id": "S2"}})
    assert lent.regrouped == ["S1", "S2"]
