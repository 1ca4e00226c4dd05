"""Checks that the fake server refuses what WeCom would refuse: broken frames and messages, late and repeated ones."""

import base64
import copy
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from cards.render.wecom import Stage, render
from tests.bot.platforms.wecom.desk import INCIDENT, ROOM, plan_card
from tests.fakes import wecom_server as fake
from tests.fakes.clock import FakeClock
from tests.fakes.wecom_server import BOT, SECRET, WeComServer, wecom_server

Frame = dict[str, Any]
PICTURE = b"\x89PNG" + bytes(600)


class Bare:
    """A client that sends exactly what it is given."""

    def __init__(self, socket: ClientWebSocketResponse, server: WeComServer, clock: FakeClock) -> None:
        self.socket = socket
        self.server = server
        self.clock = clock
        self.heard: list[Frame] = []

    async def send(self, frame: Frame | str) -> Frame:
        """Send a frame; its answer."""
        await self.socket.send_str(frame if isinstance(frame, str) else json.dumps(frame))
        while True:
            message = await self.socket.receive(timeout=5)
            assert message.type is WSMsgType.TEXT, message
            answer: Frame = json.loads(message.data)
            if "cmd" not in answer:
                return answer
            self.heard.append(answer)

    async def ok(self, frame: Frame) -> Frame:
        answer = await self.send(frame)
        assert answer["errcode"] == 0, answer
        return answer.get("body", {})


def frame(command: str, body: Any = None, request: str = "r-1") -> Frame:
    return {"cmd": command, "headers": {"req_id": request}} | ({} if body is None else {"body": body})


def subscribe() -> Frame:
    return frame("aibot_subscribe", {"bot_id": BOT, "secret": SECRET})


def text(content: str = "### P1\ninc_1") -> Frame:
    return frame("aibot_send_msg", {"chatid": ROOM, "msgtype": "markdown", "markdown": {"content": content}})


def card(task: str = "n0nce") -> Frame:
    drawn = render(plan_card(), Stage(lambda action, value: action, "https://tocsin.example", task))
    return frame("aibot_send_msg", {"chatid": ROOM, "msgtype": "template_card", "template_card": drawn.templates[0]})


def stream(request: str, id: str = "s-1", *, finish: bool = True, content: str = "ok") -> Frame:
    body = {"msgtype": "stream", "stream": {"id": id, "finish": finish, "content": content}}
    return frame("aibot_respond_msg", body, request)


def update(request: str, **more: Any) -> Frame:
    body = card()["body"]
    return frame(
        "aibot_respond_update_msg",
        {"response_type": "update_template_card", "template_card": body["template_card"], **more},
        request,
    )


@asynccontextmanager
async def bare(*, subscribed: bool = True) -> AsyncIterator[Bare]:
    clock = FakeClock()
    async with wecom_server(clock.now) as server, ClientSession() as session:
        server.chats = {ROOM: {"lin", "chen"}}
        async with session.ws_connect(server.url) as socket:
            client = Bare(socket, server, clock)
            if subscribed:
                await client.ok(subscribe())
            yield client


async def test_what_the_bot_sends_is_taken_and_seen() -> None:
    async with bare() as client:
        await client.ok(frame("ping"))
        await client.ok(text())
        await client.ok(card())
        await client.ok(stream((await client.server.say("lin", ROOM, "hi")).request, finish=False))
        await client.ok(update((await client.server.press("lin", ROOM, "批准…")).request, userids=["lin"]))
        await client.ok(frame("aibot_send_msg", {"chatid": ROOM, **await picture(client)}))
        assert client.server.refused == []
        assert [len(client.server.seen(ROOM)), client.server.titles(ROOM)[0]] == [4, "P1"]


async def picture(client: Bare, **about: Any) -> Frame:
    """Hand a picture over; the message that shows it."""
    digest = hashlib.md5(PICTURE, usedforsecurity=False).hexdigest()
    init = {"type": "image", "filename": "a.png", "total_size": len(PICTURE), "total_chunks": 2, "md5": digest} | about
    handle = await client.ok(frame("aibot_upload_media_init", init))
    for number, part in enumerate((PICTURE[:300], PICTURE[300:])):
        data = base64.b64encode(part).decode()
        await client.ok(frame("aibot_upload_media_chunk", handle | {"chunk_index": number, "base64_data": data}))
    media = await client.ok(frame("aibot_upload_media_finish", handle))
    return {"msgtype": "image", "image": {"media_id": media["media_id"]}}


def set_(*path: str, to: Any) -> Callable[[Frame], None]:
    def change(frame: Frame) -> None:
        here: Any = frame
        for name in path[:-1]:
            here = here[name] if not name.isdigit() else here[int(name)]
        if to is DELETED:
            del here[path[-1]]
        else:
            here[path[-1]] = to

    return change


DELETED = object()
CARD = ("body", "template_card")
MUTANTS: dict[str, tuple[Frame, Callable[[Frame], None], int]] = {
    "no command": (text(), set_("cmd", to=DELETED), fake.BAD_FRAME),
    "a command there is none of": (text(), set_("cmd", to="aibot_edit_msg"), fake.BAD_FRAME),
    "no headers": (text(), set_("headers", to=DELETED), fake.BAD_FRAME),
    "no request id": (text(), set_("headers", "req_id", to=""), fake.BAD_REQUEST),
    "a request id that is a number": (text(), set_("headers", "req_id", to=7), fake.BAD_REQUEST),
    "an unknown property of the frame": (text(), set_("version", to=2), fake.BAD_FRAME),
    "a chat the bot is not in": (text(), set_("body", "chatid", to="elsewhere"), fake.NO_CHAT),
    "no chat": (text(), set_("body", "chatid", to=DELETED), fake.NO_CHAT),
    "an unknown property of the message": (text(), set_("body", "mentioned_list", to=["@all"]), fake.BAD_BODY),
    "a text over 20480 bytes": (text(), set_("body", "markdown", "content", to="长" * 6_827), fake.BAD_BODY),
    "an empty text": (text(), set_("body", "markdown", "content", to=""), fake.BAD_BODY),
    "a mention of nobody here": (text(), set_("body", "markdown", "content", to="<@all>"), fake.BAD_BODY),
    "a stream that answers nothing": (text(), set_("body", "msgtype", to="stream"), fake.BAD_BODY),
    "a picture nobody handed over": (
        text(),
        set_("body", to={"chatid": ROOM, "msgtype": "image", "image": {"media_id": "media-99"}}),
        fake.NO_MEDIA,
    ),
    "seven buttons": (
        card(),
        set_(*CARD, "button_list", to=[{"text": "x", "key": str(number)} for number in range(7)]),
        fake.BAD_BODY,
    ),
    "a long title": (card(), set_(*CARD, "main_title", "title", to="x" * 27), fake.BAD_BODY),
    "a key over 1024 bytes": (card(), set_(*CARD, "button_list", "0", "key", to="k" * 1_025), fake.BAD_BODY),
    "a task id with a dot": (card(), set_(*CARD, "task_id", to="inc.1"), fake.BAD_BODY),
    "no task id": (card(), set_(*CARD, "task_id", to=DELETED), fake.BAD_BODY),
    "an unknown property of the card": (card(), set_(*CARD, "color", to="red"), fake.BAD_BODY),
    "an answer to nothing": (stream("callback-99"), set_("cmd", to="aibot_respond_msg"), fake.BAD_REQUEST),
}


@pytest.mark.parametrize("name", MUTANTS)
async def test_a_mutant_is_refused(name: str) -> None:
    good, change, code = MUTANTS[name]
    broken = copy.deepcopy(good)
    change(broken)
    async with bare() as client:
        assert (await client.send(broken))["errcode"] == code
        assert client.server.messages == []


@pytest.mark.parametrize("secret", ["", "wrong", SECRET.upper()])
async def test_a_wrong_secret_is_refused(secret: str) -> None:
    async with bare(subscribed=False) as client:
        wrong = frame("aibot_subscribe", {"bot_id": BOT, "secret": secret})
        assert (await client.send(wrong))["errcode"] == fake.BAD_SECRET
        assert (await client.send(text()))["errcode"] == fake.SUBSCRIBE_FIRST
        assert client.server.subscriptions == 0


async def test_broken_json_is_refused() -> None:
    async with bare() as client:
        assert (await client.send("{"))["errcode"] == fake.BAD_FRAME


async def test_a_task_id_counts_once() -> None:
    async with bare() as client:
        await client.ok(card())
        assert (await client.send(card()))["errcode"] == fake.TASK_TWICE
        await client.ok(card("other"))


async def test_a_press_is_answered_once_in_time_and_for_its_own_card() -> None:
    async with bare() as client:
        await client.ok(card())
        first = (await client.server.press("lin", ROOM, "批准…")).request
        await client.ok(update(first))
        assert (await client.send(update(first)))["errcode"] == fake.BAD_REQUEST, "a response code counts once"
        second = (await client.server.press("lin", ROOM, "批准…")).request
        other = update(second)
        other["body"]["template_card"] = card("other")["body"]["template_card"]
        assert (await client.send(other))["errcode"] == fake.BAD_BODY
        assert (await client.send(stream(second)))["errcode"] == fake.BAD_REQUEST
        await client.clock.advance(5.1)
        assert (await client.send(update(second)))["errcode"] == fake.TOO_LATE


async def test_a_stream_goes_on_under_its_id_until_it_is_finished_or_over() -> None:
    async with bare() as client:
        request = (await client.server.say("lin", ROOM, "why?")).request
        await client.ok(stream(request, finish=False, content="looking"))
        await client.ok(stream(request, finish=False, content="looking, 2 of 4"))
        assert client.server.seen(ROOM) == ["looking, 2 of 4"]
        assert (await client.send(stream(request, "s-2")))["errcode"] == fake.BAD_REQUEST
        await client.ok(stream(request))
        assert (await client.send(stream(request)))["errcode"] == fake.BAD_REQUEST
        late = (await client.server.say("lin", ROOM, "why?")).request
        await client.clock.advance(timedelta(minutes=6).total_seconds() + 1)
        assert (await client.send(stream(late)))["errcode"] == fake.STREAM_OVER


async def test_thirty_a_minute_into_one_chat_and_no_more() -> None:
    async with bare() as client:
        client.server.chats["trade"] = {"lin"}
        for _ in range(30):
            await client.ok(text())
        assert (await client.send(text()))["errcode"] == fake.TOO_OFTEN
        elsewhere = text()
        elsewhere["body"]["chatid"] = "trade"
        await client.ok(elsewhere)
        await client.clock.advance(60.0)
        await client.ok(text())


async def test_a_second_subscription_ends_the_first() -> None:
    async with bare() as client, ClientSession() as session, session.ws_connect(client.server.url) as socket:
        other = Bare(socket, client.server, client.clock)
        await other.ok(subscribe())
        message = json.loads((await client.socket.receive(timeout=5)).data)
        assert message["body"]["event"]["eventtype"] == "disconnected_event"
        assert (await client.socket.receive(timeout=5)).type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED)
        await other.ok(text())


@pytest.mark.parametrize("wrong", [{"md5": "0" * 32}, {"total_size": 1}])
async def test_a_picture_must_arrive_whole(wrong: Frame) -> None:
    async with bare() as client:
        with pytest.raises(AssertionError, match="parts"):
            await picture(client, **wrong)


@pytest.mark.parametrize("wrong", [{"type": "gif"}, {"total_chunks": 101}, {"total_chunks": 0}, {"size": 1}])
async def test_a_picture_is_announced_as_it_is(wrong: Frame) -> None:
    async with bare() as client:
        with pytest.raises(AssertionError, match="errcode"):
            await picture(client, **wrong)


async def test_a_part_is_half_a_megabyte_at_most() -> None:
    async with bare() as client:
        init = {"type": "image", "filename": "a.png", "total_size": 1, "total_chunks": 1, "md5": "0" * 32}
        handle = await client.ok(frame("aibot_upload_media_init", init))
        data = base64.b64encode(bytes(512 * 1024 + 1)).decode()
        large = frame("aibot_upload_media_chunk", handle | {"chunk_index": 0, "base64_data": data})
        assert (await client.send(large))["errcode"] == fake.BAD_BODY


async def test_a_greeting_is_for_who_came_in() -> None:
    async with bare() as client:
        request = (await client.server.enter("lin")).request
        greeting = frame("aibot_respond_welcome_msg", {"msgtype": "text", "text": {"content": "hello"}}, request)
        await client.ok(greeting)
        assert (await client.send(greeting))["errcode"] == fake.BAD_REQUEST
        assert client.server.seen("lin") == ["hello"]
        assert INCIDENT not in client.server.seen("lin")[0]
