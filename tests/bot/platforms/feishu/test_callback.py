"""Checks HTTP callbacks: what is signed, fresh, encrypted and knows the token comes in; nothing else does."""

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from aiohttp import ClientSession

from bot.platforms.body import Rejected
from bot.platforms.feishu.callback import LARGEST, READ_WITHIN
from bot.platforms.feishu.cipher import decrypted
from bot.platforms.feishu.platform import PATH, FeishuPlatform, needs
from cards.model import Button, Buttons, Card
from cards.words import Words
from engine.errors import SettingsError
from engine.model import Phrase
from handlers.inbound import Answer, ButtonPressed, MessageSaid
from tests.bot.platforms.feishu.stand import KEY, LIN, TOKEN, Stand, called_back
from tests.fakes.feishu_server import FeishuServer, sealed, signed

CHAT = "oc_trade"


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    server = FeishuServer()
    server.chat(CHAT, LIN)
    async with server.serving(), called_back(server) as stand, stand.listening():
        yield stand


async def post(stand: Stand, raw: bytes, headers: dict[str, str]) -> tuple[int, Any]:
    assert stand.server.callback is not None
    async with ClientSession() as session, session.post(stand.server.callback[0], data=raw, headers=headers) as answer:
        return answer.status, json.loads(await answer.read())


def event(stand: Stand, **header: str) -> dict[str, Any]:
    message = stand.server._written(LIN, CHAT, "", "text", {"text": "hello"})
    body = stand.server.message_event(message, [])
    body["header"] |= header
    return body


def now(stand: Stand) -> float:
    return stand.server.now() / 1000


async def test_a_signed_and_encrypted_message_comes_in(stand: Stand) -> None:
    await stand.server.types(LIN, CHAT, "why")
    (said,) = stand.inbox.events
    assert isinstance(said, MessageSaid)
    assert (said.text, said.mentions_bot) == ("why", True)
    assert stand.server.codes == [200]
    assert not stand.server.handshakes


async def test_a_press_gets_its_toast_over_http(stand: Stand) -> None:
    buttons = Buttons((Button("ack", "I have it", {"incident": "inc_1"}),))
    shown = Card(title="P1", summary="s", blocks=(buttons,), incident="inc_1")
    root = await stand.platform.post(CHAT, "", shown, "inc_1/header")
    stand.inbox.answers["ack"] = Answer(phrase=Phrase(word="command.kept"))
    seen = await stand.server.presses(LIN, root, "I have it")
    assert seen.text("en_us") == "Kept for the team."
    assert isinstance(stand.inbox.events[0], ButtonPressed)


async def test_the_address_is_verified_with_the_token_alone(stand: Stand) -> None:
    body = {"type": "url_verification", "token": TOKEN, "challenge": "ajls384k"}
    for headers in ({"Content-Type": "application/json"}, None):
        raw, signature = sealed(body, KEY, now(stand))
        assert await post(stand, raw, headers or signature) == (200, {"challenge": "ajls384k"})
    raw, _ = sealed(body | {"token": "guessed"}, KEY, now(stand))
    assert (await post(stand, raw, {}))[0] == 401
    raw, _ = sealed(body | {"challenge": "x" * 5000}, KEY, now(stand))
    assert (await post(stand, raw, {}))[0] == 400


async def test_what_is_not_believed_is_refused_and_says_why(stand: Stand) -> None:
    at = now(stand)
    raw, headers = sealed(event(stand), KEY, at)
    old, ahead = sealed(event(stand), KEY, at - 301), sealed(event(stand), KEY, at + 301)
    other_key, no_token = sealed(event(stand), "another key", at), sealed(event(stand, token="guessed"), KEY, at)
    plain = json.dumps(event(stand)).encode()
    tampered = raw[:-10] + b"AAAA" + raw[-6:]
    day_old = {**headers, "X-Lark-Request-Timestamp": str(int(at) - 86400)}
    refused: dict[str, tuple[bytes, dict[str, str], int]] = {
        "unsigned": (raw, {}, 401),
        "signature of another body": (tampered, headers, 401),
        "no timestamp": (raw, {k: v for k, v in headers.items() if "Timestamp" not in k}, 401),
        "timestamp of letters": (raw, {**headers, "X-Lark-Request-Timestamp": "soon"}, 401),
        "timestamp not signed": (raw, day_old, 401),
        "signature not ASCII": (raw, {**headers, "X-Lark-Signature": "ü"}, 401),
        "a day old": (*sealed(event(stand), KEY, at - 86400), 401),
        "five minutes old": (*old, 401),
        "from the future": (*ahead, 401),
        "another key": (*other_key, 401),
        "another token": (*no_token, 401),
        "not encrypted": (plain, signed(plain, KEY, at), 401),
        "no JSON": (b"{", signed(b"{", KEY, at), 400),
        "a list": (b"[]", signed(b"[]", KEY, at), 400),
        "nested without end": (b"[" * 100_000, signed(b"[" * 100_000, KEY, at), 400),
        "not base64": (b'{"encrypt": "?"}', signed(b'{"encrypt": "?"}', KEY, at), 400),
        "half a block": (b'{"encrypt": "YWJj"}', signed(b'{"encrypt": "YWJj"}', KEY, at), 400),
        "empty": (b"", signed(b"", KEY, at), 400),
    }
    for name, (body, about, status) in refused.items():
        answered, said = await post(stand, body, about)
        assert answered == status, name
        assert said["error"].endswith("."), name
    assert stand.inbox.events == []


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_too_large_is_not_read_to_its_end(stand: Stand, chunked: bool) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(LARGEST // 65536 + 2):
            yield b"x" * 65536

    assert stand.server.callback is not None
    data: Any = pieces() if chunked else io.BytesIO(b"x" * (LARGEST + 1))
    async with ClientSession() as session, session.post(stand.server.callback[0], data=data) as answer:
        assert answer.status == 413


async def test_what_comes_before_anybody_listens_comes_again() -> None:
    server = FeishuServer()
    server.chat(CHAT, LIN)
    async with server.serving(), called_back(server) as stand:
        body = event(stand)
        assert await server.deliver(body, retries=0) is None
        assert server.codes == [500]
        async with stand.listening():
            await server.deliver(body)
        assert len(stand.inbox.events) == 1


async def test_a_body_that_never_comes_holds_no_door_open(stand: Stand) -> None:
    assert stand.server.callback is not None
    host, _, port = stand.server.callback[0].split("/")[2].partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(f"POST {PATH} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\n{{".encode())
        async with asyncio.timeout(READ_WITHIN + 5):
            assert b"408" in await reader.readline()
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def test_a_replayed_callback_has_no_second_effect(stand: Stand) -> None:
    raw, headers = sealed(event(stand), KEY, now(stand))
    for _ in range(3):
        assert (await post(stand, raw, headers))[0] == 200
    assert len(stand.inbox.events) == 1
    assert stand.inbox.again == 2


async def test_events_of_version_one_and_of_unknown_kinds_are_taken(stand: Stand) -> None:
    for body in ({"uuid": "u1", "token": TOKEN, "type": "event_callback", "header": {"token": TOKEN}, "event": {}},):
        assert (await post(stand, *sealed(body, KEY, now(stand))))[0] == 200
    await stand.server.deliver(stand.server.event("never.heard_of_v9", {}))
    assert stand.server.codes == [200]
    assert stand.inbox.events == []


async def test_padding_is_judged_whole(stand: Stand) -> None:
    raw = base64.b64encode(bytes(48)).decode()
    with pytest.raises(Rejected):
        decrypted(raw, KEY)


async def test_a_tenant_nobody_listed_is_not_heard(stand: Stand) -> None:
    async with called_back(stand.server, tenants=frozenset({"tenant-2"})) as strict, strict.listening():
        await strict.server.types(LIN, CHAT, "hello")
        guest = strict.server.event("im.message.receive_v1", event(strict)["event"], tenant_key="tenant-2")
        await strict.server.deliver(guest)  # a stranger in a shared chat: the app's tenant, not the person's
        assert strict.server.codes == [200, 200]
        assert strict.inbox.events == []
        guest["header"]["event_id"] += "x"
        guest["event"]["sender"]["tenant_key"] = "tenant-2"
        await strict.server.deliver(guest)
        assert len(strict.inbox.events) == 1


async def test_another_apps_event_is_left(stand: Stand) -> None:
    await stand.server.deliver(event(stand, app_id="cli_somebody_else"))
    assert stand.inbox.events == []


def test_a_package_that_is_missing_is_named_in_one_sentence() -> None:
    with pytest.raises(SettingsError) as refused:
        needs("lark_oapi_that_nobody_installed")
    assert "pip install 'tocsin[feishu]'" in Words("en").say(refused.value.phrase)


@pytest.mark.parametrize("half", ["encrypt_key", "verification_token"])
async def test_half_of_what_callbacks_need_is_refused_at_the_start(stand: Stand, half: str) -> None:
    with pytest.raises(SettingsError) as refused:
        FeishuPlatform(stand.settings.model_copy(update={half: type(stand.settings.app_secret)("")}), stand.kit)
    assert "TOCSIN_FEISHU__ENCRYPT_KEY" in Words("en").say(refused.value.phrase)
