"""Checks what becomes of a message when answers get lost, Slack is busy, away or says no, and what charts become."""

import asyncio
from collections.abc import Callable

import pytest

from bot.platforms.slack.platform import SlackPlatform
from cards.model import Card, Chart, Prose
from cards.words import Words
from engine.errors import PlatformBusy, PlatformError
from tests.bot.platforms.slack.conftest import OTHER, ROOM, Lent, settings
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_workspace import BOT

CHART = Chart("error ratio", tuple((1_700_000_000.0 + at * 15, at % 7 / 10) for at in range(40)), "%")


def card(title: str, *more: Chart) -> Card:
    return Card(title=title, summary=title, blocks=(Prose(title), *more), incident="inc_1")


def titles(slack: SlackServer, room: str = ROOM) -> list[str]:
    return [message.title for message in slack.shown(room)]


async def test_an_answer_that_got_lost_doubles_nothing(slack: SlackServer, platform: SlackPlatform) -> None:
    slack.lose = 1
    with pytest.raises(PlatformBusy):
        await platform.post(ROOM, "", card("header"), "inc_1/header")
    root = await platform.post(ROOM, "", card("header, later"), "inc_1/header")
    slack.lose = 1
    with pytest.raises(PlatformBusy):
        await platform.post(ROOM, root, card("plan"), "inc_1/plan")
    await platform.post(ROOM, root, card("plan, later"), "inc_1/plan")
    assert titles(slack) == ["header, later", "plan, later"]


async def test_after_a_restart_a_message_is_recognised(slack: SlackServer, platform: SlackPlatform, lent: Lent) -> None:
    root = await platform.post(ROOM, "", card("header"), "inc_1/header")
    plan = await platform.post(ROOM, root, card("plan"), "inc_1/plan")
    again = SlackPlatform(settings(slack), lent.kit)
    assert await again.post(ROOM, root, card("plan, later"), "inc_1/plan") == plan
    assert await again.post(ROOM, "", card("header, later"), "inc_1/header") == root
    assert titles(slack) == ["header, later", "plan, later"]


async def test_a_cancelled_post_is_recognised(slack: SlackServer, platform: SlackPlatform) -> None:
    await platform.post(ROOM, "", card("other"), "inc_2/header")
    slack.delay = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        posting = group.create_task(platform.post(ROOM, "", card("header"), "inc_1/header"))
        await slack.until(lambda: len(slack.shown(ROOM)) == 2)
        posting.cancel()
    slack.delay.set()
    slack.delay = None
    await platform.post(ROOM, "", card("header"), "inc_1/header")
    assert titles(slack) == ["other", "header"]


async def test_a_message_costs_one_call(slack: SlackServer, platform: SlackPlatform) -> None:
    root = await platform.post(ROOM, "", card("header"), "inc_1/header")
    slack.workspace.calls.clear()
    await platform.post(ROOM, root, card("evidence"), "inc_1/evidence")
    await platform.post(ROOM, root, card("plan"), "inc_1/plan")
    await platform.post(ROOM, "", card("another"), "inc_2/header")
    assert [method for method, _ in slack.workspace.calls] == ["chat.postMessage"] * 3


async def test_somebody_elses_message_is_no_thread_of_ours_to_mistake(
    slack: SlackServer, platform: SlackPlatform
) -> None:
    """A person may quote our metadata's look, but only what the bot posted carries it."""
    lin = slack.workspace.human("U1LIN")
    talk = slack.workspace.said(ROOM, lin.id, "talk")
    assert await platform.post(ROOM, talk.ts, card("answer"), "inc_1/answer") != talk.ts
    with pytest.raises(PlatformError):
        await platform.edit(ROOM, talk.ts, card("not mine"))


async def test_a_message_with_our_metadata_from_another_app_is_not_taken_for_ours(
    slack: SlackServer, platform: SlackPlatform
) -> None:
    metadata = {"event_type": "tocsin_card", "event_payload": {"key": "inc_1/header"}}
    forged = slack.workspace.said(ROOM, "U0EVIL", "forged", metadata=metadata)
    posted = await platform.post(ROOM, "", card("header"), "inc_1/header")
    assert posted != forged.ts
    assert [message.user for message in slack.shown(ROOM)] == ["U0EVIL", BOT]


async def test_a_card_somebody_deleted_comes_again_in_its_thread(
    slack: SlackServer, platform: SlackPlatform, lent: Lent
) -> None:
    root = await platform.post(ROOM, "", card("header"), "inc_1/header")
    plan = await platform.post(ROOM, root, card("plan"), "inc_1/plan")
    lent.threads |= {(ROOM, root): "inc_1", (ROOM, plan): "inc_1"}
    slack.workspace.find(ROOM, plan).deleted = True
    again = await platform.edit(ROOM, plan, card("plan, later"))
    assert again != plan
    assert await platform.edit(ROOM, again, card("plan, at last")) == again
    assert [message.title for message in slack.shown(ROOM, root)] == ["header", "plan, at last"]
    assert await platform.post(ROOM, root, card("plan, the same"), "inc_1/plan") == again


async def test_a_deleted_card_nobody_remembers_holds_nothing_up(
    slack: SlackServer, platform: SlackPlatform, lent: Lent
) -> None:
    root = await platform.post(ROOM, "", card("header"), "inc_1/header")
    lent.threads[(ROOM, root)] = "inc_1"
    slack.workspace.find(ROOM, root).deleted = True
    restarted = SlackPlatform(settings(slack), lent.kit)
    assert await restarted.edit(ROOM, root, card("later")) == root
    assert titles(slack) == []


async def test_slack_says_how_long_to_wait(slack: SlackServer, platform: SlackPlatform) -> None:
    for number in range(10):
        await platform.post(ROOM, "", card("header"), f"inc_{number}/header")
    with pytest.raises(PlatformBusy) as busy:
        await platform.post(ROOM, "", card("header"), "inc_10/header")
    assert 1 <= busy.value.retry_after <= 10
    assert await platform.post(OTHER, "", card("header"), "inc_10/header")


@pytest.mark.parametrize(
    "scope, doing",
    [("chat:write", "chat.postMessage"), ("users:read", ""), ("channels:history", ""), ("files:write", "")],
)
async def test_a_missing_scope_is_named_or_lived_without(
    slack: SlackServer, platform: SlackPlatform, scope: str, doing: str, caplog: pytest.LogCaptureFixture
) -> None:
    slack.workspace.scopes.remove(scope)
    if not doing:
        assert await platform.post(ROOM, "", card("header", CHART), "inc_1/header")
        assert scope in caplog.text or scope == "users:read"
        return
    with pytest.raises(PlatformError) as refused:
        await platform.post(ROOM, "", card("header"), "inc_1/header")
    for language in ("en", "zh"):
        words = Words(language).say(refused.value.phrase)
        assert scope in words
        assert doing in words


async def test_a_public_channel_nobody_invited_it_to_takes_cards(slack: SlackServer, platform: SlackPlatform) -> None:
    slack.workspace.channels[ROOM].remove(BOT)
    slack.workspace.scopes.add("chat:write.public")
    root = await platform.post(ROOM, "", card("header"), "inc_1/header")
    await platform.post(ROOM, root, card("plan"), "inc_1/plan")
    assert titles(slack) == ["header", "plan"]


def away(slack: SlackServer) -> None:
    slack.away = True


def revoked(slack: SlackServer) -> None:
    slack.workspace.token = "xoxb-new"


def removed(slack: SlackServer) -> None:
    slack.workspace.channels[ROOM].remove(BOT)


@pytest.mark.parametrize(
    "trouble, kind, said",
    [
        (away, PlatformBusy, "does not answer"),
        (revoked, PlatformError, "TOCSIN_SLACK__BOT_TOKEN"),
        (removed, PlatformError, "/invite"),
    ],
)
async def test_what_is_wrong_is_said_in_words(
    slack: SlackServer,
    platform: SlackPlatform,
    trouble: Callable[[SlackServer], None],
    kind: type[PlatformError],
    said: str,
) -> None:
    root = await platform.post(ROOM, "", card("header"), "inc_1/header")
    trouble(slack)
    for attempt in (
        platform.edit(ROOM, root, card("later")),
        platform.post(ROOM, root, card("plan"), "inc_1/plan"),
    ):
        with pytest.raises(kind) as error:
            await attempt
        assert said in Words("en").say(error.value.phrase)
        assert isinstance(error.value, PlatformBusy) == (kind is PlatformBusy)


async def test_nobody_at_the_address(lent: Lent) -> None:
    platform = SlackPlatform(settings(SlackServer(), api_url="http://127.0.0.1:9/api/"), lent.kit)
    with pytest.raises(PlatformBusy):
        await platform.post(ROOM, "", card("header"), "inc_1/header")


async def test_a_chart_is_a_picture_inside_the_message(slack: SlackServer, platform: SlackPlatform) -> None:
    root = await platform.post(ROOM, "", card("header", CHART), "inc_1/header")
    (message,) = slack.shown(ROOM)
    images = [b for a in message.payload["attachments"] for b in a["blocks"] if b["type"] == "image"]
    (file,) = (image["slack_file"]["id"] for image in images)
    content = slack.workspace.files[file]
    assert content is not None
    assert content.startswith(b"\x89PNG")
    await platform.edit(ROOM, root, card("later", CHART))
    assert len(slack.workspace.files) == 1, "the same picture is lent once"


async def test_a_picture_slack_cannot_show_yet_leaves_its_bars(slack: SlackServer, platform: SlackPlatform) -> None:
    slack.workspace.unready = True
    await platform.post(ROOM, "", card("header", CHART), "inc_1/header")
    (message,) = slack.shown(ROOM)
    assert "error ratio" in message.words
    assert not [b for a in message.payload["attachments"] for b in a["blocks"] if b["type"] == "image"]
