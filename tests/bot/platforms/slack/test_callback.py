"""Checks the HTTP door: what is not signed, fresh, small and readable never reaches anybody, whatever is in it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from io import BytesIO
from urllib.parse import urlencode

import pytest
from aiohttp import ClientSession, web

from bot.platforms.slack.callback import LARGEST, PATH, READ_WITHIN
from bot.platforms.slack.platform import SlackPlatform
from engine.errors import SettingsError
from handlers.inbound import Answer, ButtonPressed, CommandTyped, FormSent, MessageSaid
from tests.bot.platforms.slack.conftest import ROOM, Lent, Listening, lending, settings
from tests.bot.platforms.slack.test_inbound import CARD, FORM, WRONG
from tests.fakes.clock import START, FakeClock
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_wire import event_callback, signed
from tests.fakes.slack_workspace import SIGNING_SECRET

NOW = int(START.timestamp())
HELLO = json.dumps(event_callback({"type": "message", "user": "U1", "channel": "D1", "text": "help", "ts": "1.1"}, 1))


@pytest.fixture
async def lent() -> AsyncIterator[Lent]:
    async with lending(FakeClock()) as lent:
        yield lent


@pytest.fixture
async def inbox(slack: SlackServer, lent: Lent, platform: SlackPlatform) -> AsyncIterator[Listening]:
    inbox = Listening()
    runner = web.AppRunner(lent.kit.app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.callback = f"http://127.0.0.1:{runner.addresses[0][1]}{PATH}"
    lent.crew.start("platform slack", lambda: platform.run(inbox))
    await slack.until(lambda: "auth.test" in [method for method, _ in slack.workspace.calls])
    yield inbox
    lent.crew.stop("platform slack")
    await runner.cleanup()


@pytest.fixture
def platform(slack: SlackServer, lent: Lent) -> SlackPlatform:
    slack.workspace.now = lambda: float(NOW)
    slack.workspace.human("U1", "Lin")
    return SlackPlatform(settings(slack, app_token="", signing_secret=SIGNING_SECRET), lent.kit)


async def test_everything_comes_in_signed(
    slack: SlackServer, platform: SlackPlatform, lent: Lent, inbox: Listening
) -> None:
    assert platform.alive
    lin = slack.workspace.people["U1"]
    ts = await platform.post(ROOM, "", CARD, "inc_1/header")
    lent.threads[(ROOM, ts)] = "inc_1"
    inbox.answers["ButtonPressed:approve"] = Answer(form=FORM)
    inbox.answers["FormSent:approve"] = WRONG
    await slack.types(lin, ROOM, "hello", ts)
    await slack.commands(lin, ROOM, "incidents")
    await slack.presses(lin, slack.workspace.find(ROOM, ts), "Approve")
    await slack.until(lambda: lin.view)
    assert "word" in await slack.submits(lin, word="yes")
    assert [type(event) for event in inbox.events] == [MessageSaid, CommandTyped, ButtonPressed, FormSent]


async def test_slack_may_check_the_address(slack: SlackServer, inbox: Listening) -> None:
    challenge = json.dumps({"type": "url_verification", "challenge": "abc", "token": "x"}).encode()
    status, told = await send(slack, challenge, signed(challenge, NOW, SIGNING_SECRET))
    assert (status, json.loads(told)) == (200, {"challenge": "abc"})


@pytest.mark.parametrize(
    "body, at, secret, odd, status",
    [
        (HELLO, NOW, "another secret", {}, 401),
        (HELLO, NOW, SIGNING_SECRET, {"X-Slack-Signature": ""}, 401),
        (HELLO, NOW, SIGNING_SECRET, {"X-Slack-Signature": "v0=é"}, 401),
        (HELLO, NOW, SIGNING_SECRET, {"X-Slack-Request-Timestamp": ""}, 401),
        (HELLO, NOW, SIGNING_SECRET, {"X-Slack-Request-Timestamp": "soon"}, 401),
        (HELLO, NOW, SIGNING_SECRET, {"X-Slack-Request-Timestamp": str(NOW + 1)}, 401),
        (HELLO, NOW, SIGNING_SECRET, {"X-Slack-Request-Timestamp": "9" * 40}, 401),
        (HELLO, NOW - 301, SIGNING_SECRET, {}, 401),
        (HELLO, NOW + 301, SIGNING_SECRET, {}, 401),
        ("{not json", NOW, "another secret", {}, 401),
        ("{not json", NOW, SIGNING_SECRET, {}, 400),
        ("[1, 2]", NOW, SIGNING_SECRET, {}, 400),
        ('"text"', NOW, SIGNING_SECRET, {}, 400),
        ("payload=%7Bnot+json", NOW, SIGNING_SECRET, {"Content-Type": "application/x-www-form-urlencoded"}, 400),
        ("payload=%5B1%5D", NOW, SIGNING_SECRET, {"Content-Type": "application/x-www-form-urlencoded"}, 400),
        ('{"type": "event_callback", "event": []}', NOW, SIGNING_SECRET, {}, 400),
        ("x" * (LARGEST + 1), NOW, SIGNING_SECRET, {}, 413),
    ],
)
async def test_what_is_wrong_is_refused_with_one_sentence(
    slack: SlackServer, inbox: Listening, body: str, at: int, secret: str, odd: dict[str, str], status: int
) -> None:
    raw = body.encode()
    got, told = await send(slack, raw, signed(raw, at, secret) | odd)
    assert (got, inbox.events) == (status, [])
    assert json.loads(told)["error"].endswith(".")


async def test_a_body_without_end_is_cut_off(slack: SlackServer, inbox: Listening) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"x" * 64 * 1024

    async with ClientSession() as session, session.post(slack.callback, data=endless()) as answer:
        assert answer.status == 413


async def test_a_body_that_never_comes_holds_no_door_open(slack: SlackServer, inbox: Listening) -> None:
    host, _, port = slack.callback.split("/")[2].partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(f"POST {PATH} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\n{{".encode())
        async with asyncio.timeout(READ_WITHIN + 5):
            assert b"408" in await reader.readline()
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def test_a_wrong_signature_is_found_before_the_body_is_read(
    slack: SlackServer, inbox: Listening, caplog: pytest.LogCaptureFixture
) -> None:
    raw = urlencode({"payload": "[" * 100_000}).encode()
    status, _ = await send(slack, raw, signed(raw, NOW, "another"))
    assert status == 401
    assert "TOCSIN_SLACK__SIGNING_SECRET" in caplog.text


async def test_deeply_nested_is_refused_and_not_fatal(slack: SlackServer, inbox: Listening) -> None:
    raw = ("[" * 200_000).encode()
    status, _ = await send(slack, raw, signed(raw, NOW, SIGNING_SECRET))
    assert status == 400


async def test_without_any_way_in_the_settings_say_so(slack: SlackServer, lent: Lent) -> None:
    with pytest.raises(SettingsError) as error:
        SlackPlatform(settings(slack, app_token=""), lent.kit)
    assert error.value.phrase.word == "slack.error.no_way_in"


async def send(slack: SlackServer, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    """Post to the callback as anybody could."""
    headers = {"Content-Type": "application/json", **headers}
    async with ClientSession() as session, session.post(slack.callback, data=BytesIO(body), headers=headers) as answer:
        return answer.status, await answer.text()
