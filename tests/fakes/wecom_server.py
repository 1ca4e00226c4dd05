"""Fakes WeCom's side of the AI bot's long connection: its frames, limits and refusals, and the people in its chats.

What it refuses it refuses as WeCom does, by an errcode in the answer, and keeps in `refused`. What it takes it keeps as
the messages people see; `say`, `press` and `enter` are what people do.
"""

import asyncio
import base64
import hashlib
import json
import re
import ssl
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from aiohttp import WSMsgType, web

from tests.cards.wecom_rules import MENTION, faults, template

Body = dict[str, Any]
BOT, SECRET = "aib-tocsin", "bot-secret-7f3a"

SUBSCRIBE_FIRST, BAD_SECRET, BAD_FRAME, BAD_BODY, BAD_REQUEST, STREAM_OVER = 846600, 40001, 40008, 40058, 846605, 846608
NO_CHAT, NO_MEDIA, TOO_OFTEN, TASK_TWICE, TOO_LATE = 93006, 40007, 45009, 43012, 846606
A_MINUTE, AN_HOUR = 30, 1_000
IN_TIME = timedelta(seconds=5)
STREAM_LASTS = timedelta(minutes=6)
LOOK_EVERY = 0.005
TITLE = re.compile(r"### (?:<font[^>]*>■</font> )?(.+)")


class Refused(Exception):
    """WeCom does not take a frame."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


@dataclass
class Message:
    """A message as people see it: a text, a card (maybe another one for some), or a picture."""

    id: int
    chat: str
    at: datetime
    text: str = ""
    card: Body | None = None
    own: dict[str, Body] = field(default_factory=dict)
    picture: bytes = b""

    @property
    def told(self) -> set[str]:
        """Whom it mentions."""
        return set(MENTION.findall(self.text))

    def card_for(self, user: str) -> Body | None:
        return self.own.get(user, self.card)

    @property
    def title(self) -> str:
        if self.card is not None:
            return str(self.card["main_title"]["title"])
        found = TITLE.match(self.text)
        return found[1] if found else ""


@dataclass
class Callback:
    """Something people did, which may be answered under its request id."""

    request: str
    kind: str
    chat: str
    user: str
    at: datetime
    task: str = ""
    stream: str = ""
    message: Message | None = None
    over: bool = False


@dataclass
class Upload:
    about: Body
    parts: dict[int, bytes] = field(default_factory=dict)


class WeComServer:
    """The server; `chats` says who is in which group. With `silent` it reads and answers nothing, `away`
    lets nobody in. A message that holds a text of `refuses` is refused with its code."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._numbers = count(1)
        self._socket: web.WebSocketResponse | None = None
        self._uploads: dict[str, Upload] = {}
        self._media: dict[str, bytes] = {}
        self._tasks: set[str] = set()
        self._taken: defaultdict[str, list[datetime]] = defaultdict(list)
        self._changed = asyncio.Event()
        self.chats: dict[str, set[str]] = {}
        self.messages: list[Message] = []
        self.callbacks: dict[str, Callback] = {}
        self.refused: list[tuple[int, str]] = []
        self.commands: Counter[str] = Counter()
        self.subscriptions = 0
        self.silent = False
        self.away = False
        self.fail_next: list[int] = []
        self.refuses: dict[str, int] = {}
        self.url = ""

    @property
    def connected(self) -> bool:
        """Whether a bot is there."""
        return self._socket is not None

    # --- the connection ---

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        """One connection: the newest that subscribes is the only one."""
        if self.away:
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.TEXT and not self.silent:
                await self._answer(socket, message.data)
        if self._socket is socket:
            self._socket = None
        self._ring()
        return socket

    async def _answer(self, socket: web.WebSocketResponse, text: str) -> None:
        request, answer = "", Body()
        try:
            frame = json.loads(text)
            request = frame["headers"]["req_id"]
            answer = await self._take(socket, frame)
            code, why = 0, "ok"
        except Refused as error:
            code, why = error.code, error.why
        except (ValueError, KeyError, TypeError) as error:
            code, why = BAD_FRAME, f"invalid frame {error!r}"
        if code:
            self.refused.append((code, why))
        about = {"headers": {"req_id": request}, "errcode": code, "errmsg": why}
        await socket.send_str(json.dumps(about | ({"body": answer} if answer else {})))
        self._ring()

    async def _take(self, socket: web.WebSocketResponse, frame: Body) -> Body:
        command = frame["cmd"]
        if unknown := set(frame) - {"cmd", "headers", "body"}:
            raise Refused(BAD_FRAME, f"unknown {unknown}")
        if not isinstance(frame["headers"]["req_id"], str) or not frame["headers"]["req_id"]:
            raise Refused(BAD_REQUEST, "req_id")
        self.commands[command] += 1
        if command == "aibot_subscribe":
            await self._subscribe(socket, frame["body"])
            return {}
        if socket is not self._socket:
            raise Refused(SUBSCRIBE_FIRST, "not subscribed")
        if command == "ping":
            return {}
        if self.fail_next:
            raise Refused(self.fail_next.pop(0), "as the test wants it")
        return self._commanded(command, frame["headers"]["req_id"], frame["body"])

    async def _subscribe(self, socket: web.WebSocketResponse, body: Body) -> None:
        if set(body) != {"bot_id", "secret"} or (body["bot_id"], body["secret"]) != (BOT, SECRET):
            raise Refused(BAD_SECRET, "invalid bot_id or secret")
        old, self._socket = self._socket, socket
        self.subscriptions += 1
        if old is not None and old is not socket and not old.closed:
            await self._send(old, "aibot_event_callback", self._about("event") | _event("disconnected_event"))
            await old.close(code=1000)

    def _commanded(self, command: str, request: str, body: Body) -> Body:
        match command:
            case "aibot_send_msg":
                return self._sent(body)
            case "aibot_respond_msg":
                return self._responded(request, body)
            case "aibot_respond_update_msg":
                return self._updated(request, body)
            case "aibot_respond_welcome_msg":
                return self._welcomed(request, body)
            case "aibot_upload_media_init":
                return self._began(body)
            case "aibot_upload_media_chunk":
                return self._part(body)
            case "aibot_upload_media_finish":
                return self._finished(body)
            case _:
                raise Refused(BAD_FRAME, f"unknown cmd {command}")

    # --- what the bot sends ---

    def _sent(self, body: Body) -> Body:
        chat = body.get("chatid")
        if chat not in self.chats and not any(chat in people for people in self.chats.values()):
            raise Refused(NO_CHAT, "invalid chatid")
        rest = {name: value for name, value in body.items() if name != "chatid"}
        if rest.get("msgtype") in ("stream", "stream_with_template_card"):
            raise Refused(BAD_BODY, "a stream only answers")
        self._checked(rest)
        self._paced(str(chat))
        self._kept(str(chat), rest)
        return {}

    def _responded(self, request: str, body: Body) -> Body:
        callback = self._open(request, "message")
        self._checked(body)
        stream = body.get("stream", {})
        if callback.stream and callback.stream != stream.get("id"):
            raise Refused(BAD_REQUEST, "already answered")
        if self._now() - callback.at > STREAM_LASTS:
            raise Refused(STREAM_OVER, "stream expired")
        if callback.message is None:
            self._paced(callback.chat)
            callback.message = self._kept(callback.chat, body)
        else:
            callback.message.text = stream["content"]
        callback.stream = str(stream.get("id", "answered"))
        callback.over = bool(stream.get("finish", True))
        return {}

    def _updated(self, request: str, body: Body) -> Body:
        callback = self._open(request, "press")
        if self._now() - callback.at > IN_TIME:
            raise Refused(TOO_LATE, "over five seconds")
        if set(body) - {"response_type", "template_card", "userids"} or body["response_type"] != "update_template_card":
            raise Refused(BAD_BODY, "response_type")
        card = body["template_card"]
        if wrong := list(template(card)):
            raise Refused(BAD_BODY, "; ".join(wrong))
        if card["task_id"] != callback.task:
            raise Refused(BAD_BODY, "another task_id")
        shown = next(m for m in self.messages if m.card and m.card["task_id"] == callback.task)
        if users := body.get("userids"):
            shown.own |= dict.fromkeys(users, card)
        else:
            shown.card, shown.own = card, {}
        callback.over = True
        return {}

    def _welcomed(self, request: str, body: Body) -> Body:
        callback = self._open(request, "enter")
        if self._now() - callback.at > IN_TIME:
            raise Refused(TOO_LATE, "over five seconds")
        if set(body) != {"msgtype", "text"} or body["msgtype"] != "text" or not body["text"]["content"]:
            raise Refused(BAD_BODY, "text")
        callback.message = Message(next(self._numbers), callback.user, self._now(), body["text"]["content"])
        self.messages.append(callback.message)
        callback.over = True
        return {}

    def _open(self, request: str, kind: str) -> Callback:
        callback = self.callbacks.get(request)
        if callback is None or callback.kind != kind or callback.over:
            raise Refused(BAD_REQUEST, "invalid req_id")
        return callback

    def _checked(self, body: Body) -> None:
        for text, code in self.refuses.items():
            if text in json.dumps(body, ensure_ascii=False):
                raise Refused(code, "as the test wants it")
        named = frozenset().union(*self.chats.values()) if self.chats else frozenset()
        if wrong := faults(body, named):
            raise Refused(BAD_BODY, "; ".join(wrong))
        if (media := body.get("image", {}).get("media_id")) is not None and media not in self._media:
            raise Refused(NO_MEDIA, "invalid media_id")
        task = body.get("template_card", {}).get("task_id")
        if task in self._tasks:
            raise Refused(TASK_TWICE, "task_id was used")
        self._tasks |= {task} if task else set()

    def _paced(self, chat: str) -> None:
        now = self._now()
        taken = self._taken[chat]
        for most, span in ((A_MINUTE, timedelta(minutes=1)), (AN_HOUR, timedelta(hours=1))):
            if sum(at > now - span for at in taken) >= most:
                raise Refused(TOO_OFTEN, "api freq out of limit")
        taken.append(now)

    def _kept(self, chat: str, body: Body) -> Message:
        said: Body = body.get("markdown") or body.get("stream") or {}
        content = said.get("content", "")
        message = Message(next(self._numbers), chat, self._now(), content, body.get("template_card"))
        if "image" in body:
            message.picture = self._media[body["image"]["media_id"]]
        self.messages.append(message)
        return message

    def _began(self, body: Body) -> Body:
        if set(body) != {"type", "filename", "total_size", "total_chunks", "md5"} or body["type"] != "image":
            raise Refused(BAD_BODY, "upload")
        if not 1 <= body["total_chunks"] <= 100 or not body["filename"]:
            raise Refused(BAD_BODY, "total_chunks")
        handle = f"upload-{next(self._numbers)}"
        self._uploads[handle] = Upload(body)
        return {"upload_id": handle}

    def _part(self, body: Body) -> Body:
        upload = self._uploads.get(body["upload_id"])
        content = base64.b64decode(body["base64_data"], validate=True)
        if upload is None or len(content) > 512 * 1024 or not 0 <= body["chunk_index"] < upload.about["total_chunks"]:
            raise Refused(BAD_BODY, "chunk")
        upload.parts[body["chunk_index"]] = content
        return {}

    def _finished(self, body: Body) -> Body:
        upload = self._uploads.pop(body["upload_id"], None)
        if upload is None:
            raise Refused(BAD_BODY, "upload_id")
        content = b"".join(upload.parts[number] for number in sorted(upload.parts))
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if (len(content), digest) != (upload.about["total_size"], upload.about["md5"]):
            raise Refused(BAD_BODY, "the parts are not the whole")
        media = f"media-{next(self._numbers)}"
        self._media[media] = content
        return {"type": "image", "media_id": media, "created_at": str(int(self._now().timestamp()))}

    # --- what people do ---

    async def say(self, user: str, chat: str, text: str, *, quote: str = "", msgid: str = "") -> Callback:
        """Write a message to the bot: in a group with a mention, alone with it without one (chat "")."""
        body = self._about("text", user, chat, msgid)
        body["text"] = {"content": f"@Tocsin {text}" if chat else text}
        if quote:
            body["quote"] = {"msgtype": "text", "text": {"content": quote}}
        return await self.deliver("aibot_msg_callback", body, "message")

    async def press(
        self, user: str, chat: str, label: str, *, nested: bool = False, msgid: str = "", at: int = -1
    ) -> Callback:
        """Press the newest button of this label that this person sees (or the one before, with `at` -2)."""
        found = [
            (message, row["key"])
            for message in self.messages
            if message.chat == (chat or user) and (card := message.card_for(user))
            for row in card.get("button_list", ())
            if row["text"] == label
        ]
        assert found, f"{user} sees no button {label} in {chat}: {self.seen(chat or user, user)}"
        message, key = found[at]
        assert message.card is not None
        return await self.press_key(user, chat, key, message.card["task_id"], nested=nested, msgid=msgid)

    async def press_key(
        self, user: str, chat: str, key: str, task: str, *, nested: bool = False, msgid: str = ""
    ) -> Callback:
        """Press a button by its key."""
        about = {"card_type": "button_interaction", "event_key": key, "task_id": task, "selected_items": {}}
        flat = {"event_key": key, "task_id": task}
        body = self._about("event", user, chat, msgid)
        body |= _event("template_card_event", {"template_card_event": about} if nested else flat)
        return await self.deliver("aibot_event_callback", body, "press", task)

    async def enter(self, user: str) -> Callback:
        """Open the chat with the bot for the first time today."""
        return await self.deliver("aibot_event_callback", self._about("event", user) | _event("enter_chat"), "enter")

    async def deliver(self, command: str, body: Body, kind: str, task: str = "") -> Callback:
        """Hand a callback over; the same body again is a repeated delivery, under a request id of its own."""
        await self.until(lambda: self._socket is not None)
        request = f"callback-{next(self._numbers)}"
        user = body["from"]["userid"]
        callback = Callback(request, kind, body.get("chatid") or user, user, self._now(), task)
        self.callbacks[request] = callback
        assert self._socket is not None
        await self._send(self._socket, command, body, request)
        return callback

    async def close(self, code: int = 1000) -> None:
        """End the connection from this side, as WeCom does now and then."""
        assert self._socket is not None
        socket, self._socket = self._socket, None
        await socket.close(code=code)

    # --- what people see ---

    def seen(self, chat: str, user: str = "") -> list[str]:
        """What a person reads in a chat, in order: texts, and cards as title, subtitle and buttons."""
        return [_as_read(message, user) for message in self.messages if message.chat == chat]

    def titles(self, chat: str) -> list[str]:
        return [message.title for message in self.messages if message.chat == chat]

    async def until(self, true: Callable[[], object], seconds: float = 10.0) -> None:
        """Wait until this holds; whatever comes in lets it be looked at again."""
        async with asyncio.timeout(seconds):
            while not true():
                self._changed.clear()
                # What the other side does with it is not seen from here, so it is looked at now and then besides.
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY):
                        await self._changed.wait()

    async def answered(self, callback: Callback) -> Message | None:
        """Wait until a callback was answered; the message that did, which may still grow."""
        await self.until(lambda: callback.over or callback.message)
        return callback.message

    def _ring(self) -> None:
        self._changed.set()

    def _about(self, kind: str, user: str = "system", chat: str = "", msgid: str = "") -> Body:
        about: Body = {
            "msgid": msgid or f"msg-{next(self._numbers)}",
            "create_time": int(self._now().timestamp()),
            "aibotid": BOT,
            "chattype": "group" if chat else "single",
            "from": {"userid": user},
            "msgtype": kind,
        }
        return about | ({"chatid": chat} if chat else {})

    async def _send(self, socket: web.WebSocketResponse, command: str, body: Body, request: str = "") -> None:
        frame = {"cmd": command, "headers": {"req_id": request or f"event-{next(self._numbers)}"}, "body": body}
        await socket.send_str(json.dumps(frame))


def _event(kind: str, more: Mapping[str, Any] | None = None) -> Body:
    return {"event": {"eventtype": kind, **(more or {})}}


def _as_read(message: Message, user: str) -> str:
    card = message.card_for(user)
    if message.picture:
        return f"[picture {len(message.picture)}]"
    if card is None:
        return message.text
    buttons = " ".join(f"[{row['text']}]" for row in card.get("button_list", ()))
    words = (card["source"]["desc"], *card["main_title"].values(), card.get("sub_title_text", ""), buttons)
    return " | ".join(word for word in words if word)


@asynccontextmanager
async def wecom_server(now: Callable[[], datetime], *, tls: ssl.SSLContext | None = None) -> AsyncIterator[WeComServer]:
    """A running server on the loopback; `url` is where the bot connects."""
    server = WeComServer(now)
    app = web.Application()
    app.router.add_get("/", server.connect)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    port = runner.addresses[0][1]
    server.url = f"{'wss' if tls else 'ws'}://127.0.0.1:{port}/"
    try:
        yield server
    finally:
        await runner.cleanup()
