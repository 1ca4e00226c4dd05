"""Checks pictures people send: fetched once, opened with their own key, bounded, and their addresses told nobody."""

import base64
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.platforms.wecom import pictures, reading
from engine.model import Phrase
from handlers.inbound import Answer, ImageShared, MessageSaid
from tests.bot.platforms.wecom.desk import INCIDENT, ROOM, Desk, desk
from tests.fakes.wecom_app_server import serving

KEY = base64.b64encode(bytes(range(32))).decode().rstrip("=")
PNG = b"\x89PNG\r\n" + bytes(1_000)


def closed(content: bytes) -> bytes:
    key = base64.b64decode(f"{KEY}=")
    missing = 32 - len(content) % 32
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return encryptor.update(content + bytes([missing]) * missing) + encryptor.finalize()


@pytest.fixture
async def files() -> AsyncIterator[str]:
    async with lending_files() as url:
        yield url


@asynccontextmanager
async def lending_files() -> AsyncIterator[str]:
    """Where WeCom keeps what people sent."""

    async def give(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name == "gone":
            return web.Response(status=404, body=b"gone")
        if name == "elsewhere":
            raise web.HTTPFound("/picture")
        return web.Response(body={"picture": closed(PNG), "broken": b"x" * 33}.get(name, bytes(pictures.LARGEST + 1)))

    app = web.Application()
    app.router.add_get("/{name}", give)
    async with serving(app) as url:
        yield url


def image(url: str, key: str = KEY) -> dict[str, Any]:
    return {"msgtype": "image", "image": {"url": url, "aeskey": key}}


async def send(here: Desk, body: dict[str, Any], msgid: str = "pic-1") -> None:
    about = here.server._about("image", "lin", ROOM, msgid)
    await here.server.deliver("aibot_msg_callback", about | body, "message")


async def test_a_picture_is_fetched_and_opened(files: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "tocsin")
    async with desk() as here:
        await send(
            here,
            image(f"{files}/picture?ticket=s3cret") | {"quote": {"msgtype": "text", "text": {"content": INCIDENT}}},
        )
        await here.handed(1)
        (event,) = here.inbox.events
        assert isinstance(event, ImageShared)
        assert (event.id, event.content, event.at.incident) == ("pic-1", PNG, INCIDENT)
        assert "s3cret" not in caplog.text


@pytest.mark.parametrize("name", ["gone", "elsewhere", "broken", "large"])
async def test_one_that_cannot_be_had_is_said(files: str, name: str) -> None:
    async with desk() as here:
        await send(here, image(f"{files}/{name}"))
        await here.server.until(lambda: here.server.seen(ROOM))
        assert here.server.seen(ROOM)[0].startswith("<@lin> 这张图片没能取到")
        assert here.inbox.events == []


@pytest.mark.parametrize(
    "url,key", [("ftp://127.0.0.1/x", KEY), ("", KEY), ("http://127.0.0.1:9/x", KEY), ("http://127.0.0.1:9/x", "é")]
)
async def test_addresses_that_are_none(url: str, key: str) -> None:
    async with desk() as here:
        await send(here, image(url, key))
        await here.server.say("lin", ROOM, "hello")
        await here.handed(1)
        assert isinstance(here.inbox.events[0], MessageSaid)


async def test_words_and_pictures_in_one_message_are_both_heard(files: str) -> None:
    async with desk() as here:
        here.inbox.answers["看"] = Answer(phrase=Phrase(word="error.plain", values={"text": "看到了"}))
        items = [{"msgtype": "text", "text": {"content": "@Tocsin 看"}}, image(f"{files}/picture")]
        await send(here, {"msgtype": "mixed", "mixed": {"msg_item": items}})
        await here.handed(2)
        assert {event.id for event in here.inbox.events} == {"pic-1", "pic-1/0"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"msgid": "1"},
        {"msgid": 7, "from": {"userid": "lin"}},
        {"msgid": "1", "from": "lin"},
        {"msgid": "1", "from": {"userid": "lin"}, "msgtype": "text", "text": "hello"},
        {"msgid": "1", "from": {"userid": "lin"}, "msgtype": "mixed", "mixed": {"msg_item": "x"}},
        {"msgid": "1", "from": {"userid": "lin"}, "msgtype": "event", "event": "x"},
        {"msgid": "1", "from": {"userid": "lin"}, "msgtype": "event", "event": {"eventtype": "template_card_event"}},
        {"msgid": "1", "from": {"userid": "lin"}, "msgtype": "hologram"},
    ],
)
def test_bodies_that_are_not_as_promised_say_nothing(body: dict[str, Any]) -> None:
    assert reading.delivered(body) == ()


def test_a_voice_is_read_as_words() -> None:
    body = {"msgid": "1", "from": {"userid": "lin"}, "chattype": "single", "msgtype": "voice"}
    (said,) = reading.delivered(body | {"voice": {"content": "看看"}})
    assert isinstance(said, reading.Said)
    assert said.text == "看看"


@pytest.mark.parametrize(
    "text,bare",
    [
        ("@Tocsin ack", "ack"),
        ("@Tocsin\u2005ack", "ack"),
        ("@值班机器人 认领", "认领"),
        ("ack", "ack"),
        ("@Tocsin", ""),
        ("  @Tocsin   批准 approval_1 ", "批准 approval_1"),
        ("mail a@b.example", "mail a@b.example"),
    ],
)
def test_the_mention_is_taken_off(text: str, bare: str) -> None:
    assert reading.without_mention(text) == bare
