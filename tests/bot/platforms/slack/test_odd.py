"""Throws odd things at what reads Slack's deliveries: any text comes through as it was typed, any shape is survived."""

import asyncio
import logging
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.platforms.slack.platform import SlackPlatform
from bot.platforms.slack.quiet import Quiet
from bot.platforms.slack.refusals import refusal
from bot.platforms.slack.spoken import LONGEST, plain, spoken
from cards.words import Words
from engine.errors import PlatformBusy
from handlers.inbound import Answer
from tests.bot.platforms.slack.conftest import ROOM, Lent, Listening
from tests.bot.platforms.slack.test_inbound import CARD, FORM, inbox, lin, root  # noqa: F401
from tests.fakes.clock import settle
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_workspace import BOT, Human, Message

ODD: tuple[Any, ...] = (None, 0, -1, True, "", "x" * 5_000, "\x00", "é", [], {}, [None], {"id": []}, {"value": None})


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@given(st.text())
def test_what_was_typed_arrives_as_it_was(text: str) -> None:
    assert plain(escaped(text), keep=True) == text


@given(st.text(alphabet="<@U0TOCSIN>!|#&;gtlmp \n:*`"))
def test_any_markup_is_survived(text: str) -> None:
    said = spoken({"text": text, "attachments": [{"is_share": True, "text": text}]}, BOT)
    assert len(said.text) <= LONGEST
    assert said.forwarded


@given(st.text(max_size=60).filter(lambda text: "\n" not in text))
def test_a_leading_mention_goes_and_nothing_else(text: str) -> None:
    said = spoken({"text": f"<@{BOT}> {escaped(text)}"}, BOT)
    assert said.mentions_bot
    assert said.text.strip() == text.strip(" ").removeprefix(":").strip() or text.lstrip(" ") in said.text


@pytest.mark.parametrize(
    "written, read",
    [
        ("<https://example.com|example.com> is down", "example.com is down"),
        ("<https://example.com?a=1&amp;b=2>", "https://example.com?a=1&b=2"),
        ("<#C0123|payments> <!channel> <!subteam^S01|@oncall>", "#payments @channel @oncall"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("assign <@U0CHEN|chen>", "assign <@U0CHEN|chen>"),
    ],
)
def test_markup_reads_as_it_looks(written: str, read: str) -> None:
    assert plain(written, keep=True) == read


def test_somebody_elses_mention_stays_apart_from_the_bots() -> None:
    said = spoken({"text": f"<@U0CHEN> <@{BOT}> ack"}, BOT)
    assert said.mentions_bot
    assert said.text.startswith("<@U0CHEN>")


async def test_any_shape_is_survived(
    slack: SlackServer,
    platform: SlackPlatform,
    lent: Lent,
    inbox: Listening,  # noqa: F811
    lin: Human,  # noqa: F811
    root: Message,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Real deliveries with any part of them missing or replaced: none breaks off, none becomes another person's."""
    inbox.answers["ButtonPressed:approve"] = Answer(form=FORM)
    await slack.types(lin, ROOM, f"<@{BOT}> hello", root.ts)
    await slack.presses(lin, root, "Approve")
    await slack.until(lambda: lin.view)
    await slack.submits(lin, word="CONFIRM_EXECUTE")
    await slack.reacts(lin, root, "eyes")
    await slack.commands(lin, ROOM, "incidents")
    await slack.chooses(lin, root, "tocsin_ack")
    await slack.drops_image(lin, ROOM, root.ts, b"\x89PNG")
    await slack.opens_home(lin)
    await inbox.had(8)
    caplog.clear()
    chance = random.Random(11)
    take = platform._reception.take
    for _, payload in slack.delivered:
        for _ in range(150):
            async with asyncio.TaskGroup() as group:
                group.create_task(take(spoilt(payload, chance)))
    async with asyncio.timeout(20):
        while any(name.startswith("slack delivery") for name in lent.crew.names):
            await settle()
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert {event.account.id for event in inbox.events} <= {lin.id, *(odd for odd in ODD if isinstance(odd, str))}  # type: ignore[union-attr]


def spoilt(tree: Any, chance: random.Random) -> Any:
    """The same tree with one part, somewhere, missing or replaced."""
    if not isinstance(tree, dict) or not tree:
        return chance.choice(ODD)
    name = chance.choice(sorted(tree))
    copy = dict(tree)
    match chance.random():
        case dice if dice < 0.2:
            del copy[name]
        case dice if dice < 0.5:
            copy[name] = chance.choice(ODD)
        case _:
            copy[name] = spoilt(copy[name], chance)
    return copy


@pytest.mark.parametrize(
    "code", ["", "ratelimited", "missing_scope", "invalid_auth", "nobody_knows_this", "is_archived"]
)
def test_every_refusal_has_words(code: str) -> None:
    for status in (200, 400, 429, 500):
        error = refusal("chat.update", status, {"Retry-After": "7"}, {"error": code, "needed": "chat:write"})
        for language in ("en", "zh"):
            assert "[" not in Words(language).say(error.phrase)
        if status == 429:
            assert isinstance(error, PlatformBusy)
            assert error.retry_after == 7.0


@pytest.mark.parametrize("after", ["", "soon", "-1", "1e9", "99999999999999999999", "٣"])
def test_any_time_to_wait_is_bounded(after: str) -> None:
    error = refusal("chat.update", 429, {"Retry-After": after}, {})
    assert isinstance(error, PlatformBusy)
    assert 1.0 <= error.retry_after <= 600.0


@pytest.mark.parametrize(
    "line, secret",
    [
        ("Failed to connect (error: url='wss://wss.slack.com/link/?ticket=abc-123&app_id=x')", "abc-123"),
        ("token xoxb-12-34-abcdef used", "12-34-abcdef"),
        ("token xapp-1-A-2-abcdef used", "abcdef"),
        ("posting to https://hooks.slack.com/actions/T1/2/xyzzy", "xyzzy"),
        ("posting to https://hooks.slack.com/commands/T1/2/xyzzy", "xyzzy"),
    ],
)
def test_the_log_keeps_no_secret(line: str, secret: str) -> None:
    record = logging.LogRecord("x", logging.INFO, "x", 1, "%s", (line,), None)
    assert Quiet().filter(record)
    assert secret not in record.getMessage()
