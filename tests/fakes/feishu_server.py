"""Plays Feishu for the adapter: REST, the long connection with its protobuf frames, encrypted callbacks, and people."""

import asyncio
import base64
import hashlib
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module
from itertools import count
from typing import Any

from aiohttp import ClientSession, WSMsgType, web
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.cards.feishu_rules import refusals
from tests.fakes.feishu_rest import APP_ID, APP_SECRET, BOT, TENANT, Judge, Message, Rest, Tenant

DEADLINE = 3.0
"""Seconds Feishu waits for the answer to a delivery."""
RETRIES = 4


@dataclass
class Socket:
    """One long connection, and who waits for answers on it."""

    socket: web.WebSocketResponse
    waiting: dict[str, "asyncio.Future[dict[str, Any]]"] = field(default_factory=dict)
    pings: int = 0


@dataclass
class Shown:
    """What a person got to see on pressing something: a toast, or that it failed."""

    toast: dict[str, Any]
    failed: bool = False
    card: dict[str, Any] | None = None

    def text(self, language: str = "zh_cn") -> str:
        i18n = self.toast.get("i18n") or {}
        return str(i18n.get(language) or self.toast.get("content") or "")


class FeishuServer:
    """A pretended tenant on 127.0.0.1. People press, type, react and submit; deliveries go to whoever is connected."""

    def __init__(self, judge: Judge = refusals, now: Callable[[], int] | None = None) -> None:
        self.shift = 0
        self._now = now or (lambda: int(time.monotonic() * 1000) + 1_760_000_000_000)
        self.tenant = Tenant(now=self.now, judge=judge)
        self.rest = Rest(self.tenant)
        self.sockets: list[Socket] = []
        self.tickets: set[str] = set()
        self.handshakes = 0
        self.late: list[str] = []
        self.deadline = DEADLINE
        self.codes: list[int] = []
        self.ping_interval = 120
        self.fragments = 1
        self.answer_pings = True
        self.endpoint_code = 0
        self.callback: tuple[str, str, str] | None = None
        self.domain = ""
        self._codec: Any = None
        self._numbers = count(1)
        self._met = asyncio.Event()
        self._session: ClientSession | None = None

    def now(self) -> int:
        """Milliseconds of the tenant's own time."""
        return self._now() + self.shift

    def age(self, days: float) -> None:
        """Let this much time pass at once."""
        self.shift += int(days * 24 * 3600 * 1000)

    def chat(self, id: str, *people: str) -> None:
        """A group with the bot in it."""
        self.tenant.chats[id] = {BOT, *people}

    # --- serving ---

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["FeishuServer"]:
        app = web.Application()
        app.add_routes(self.rest.routes())
        app.add_routes([web.post("/callback/ws/endpoint", self._endpoint), web.get("/ws", self._connected)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.domain = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            async with ClientSession() as self._session:
                yield self
        finally:
            for each in tuple(self.sockets):
                await each.socket.close()
            await runner.cleanup()

    async def _endpoint(self, request: web.Request) -> web.Response:
        body = await request.json()
        if self.endpoint_code:
            return web.json_response({"code": self.endpoint_code, "msg": "no"})
        if set(body) != {"AppID", "AppSecret"} or (body["AppID"], body["AppSecret"]) != (APP_ID, APP_SECRET):
            return web.json_response({"code": 1000040344, "msg": "app_id or app_secret is invalid"})
        if self._codec is None:
            self._codec = await asyncio.to_thread(frame_codec)
        ticket = f"ticket-{secrets.token_hex(8)}"
        self.tickets.add(ticket)
        query = f"device_id=d1&service_id=7&ticket={ticket}&access_key=key-{secrets.token_hex(4)}"
        url = f"ws{self.domain.removeprefix('http')}/ws?{query}"
        return web.json_response({"code": 0, "msg": "ok", "data": {"URL": url, "ClientConfig": self._config()}})

    def _config(self) -> dict[str, int]:
        return {
            "ReconnectCount": -1,
            "ReconnectInterval": 120,
            "ReconnectNonce": 30,
            "PingInterval": self.ping_interval,
        }

    async def _connected(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self.tickets:
            headers = {"handshake-status": "514", "handshake-msg": "auth failed", "handshake-autherrcode": "1000040341"}
            return web.Response(status=403, headers=headers)
        self.tickets.remove(ticket)
        self.handshakes += 1
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        here = Socket(socket)
        self.sockets.append(here)
        self._met.set()
        try:
            async for message in socket:
                if message.type is WSMsgType.BINARY:
                    await self._frame(here, message.data)
        finally:
            self.sockets.remove(here)
        return socket

    async def _frame(self, here: Socket, data: bytes) -> None:
        frame = self._codec()
        frame.ParseFromString(data)
        headers = {header.key: header.value for header in frame.headers}
        if frame.method == 0 and headers.get("type") == "ping":
            here.pings += 1
            if self.answer_pings:
                pong = self._codec()
                pong.SeqID, pong.LogID, pong.service, pong.method = 0, 0, frame.service, 0
                _header(pong, "type", "pong")
                pong.payload = json.dumps(self._config()).encode()
                await here.socket.send_bytes(pong.SerializeToString())
            return
        waiter = here.waiting.get(headers.get("message_id", ""))
        if waiter is not None and not waiter.done():
            waiter.set_result(json.loads(frame.payload))

    async def drop(self) -> None:
        """Close every long connection."""
        for each in tuple(self.sockets):
            await each.socket.close()

    async def connected(self, times: int = 1) -> None:
        """Wait until so many handshakes were made and somebody is connected."""
        async with asyncio.timeout(60):
            while self.handshakes < times or not self.sockets:
                self._met.clear()
                await self._met.wait()

    async def until(self, true: Callable[[], object], seconds: float = 15.0) -> None:
        """Wait until this holds; it is looked at every 20 ms."""
        async with asyncio.timeout(seconds):
            while not true():  # noqa: ASYNC110  what holds is somebody else's doing, who knows of no event
                await asyncio.sleep(0.02)

    # --- delivering ---

    def event(self, kind: str, event: Mapping[str, Any], **header: str) -> dict[str, Any]:
        """A version 2 event as Feishu writes it."""
        about = {
            "event_id": f"ev{next(self._numbers):08d}{secrets.token_hex(8)}",
            "event_type": kind,
            "create_time": str(self.now()),
            "token": self.callback[2] if self.callback else "",
            "app_id": APP_ID,
            "tenant_key": TENANT,
        }
        return {"schema": "2.0", "header": about | header, "event": dict(event)}

    async def deliver(self, body: Mapping[str, Any], retries: int = RETRIES) -> Any:
        """Deliver, again after each answer but 200 and each silence; what was answered to a click, None for failure."""
        for _ in range(1 + retries):
            try:
                async with asyncio.timeout(self.deadline):
                    code, answer = await (self._by_callback(body) if self.callback else self._by_socket(body))
            except TimeoutError:
                self.late.append(body["header"]["event_id"])
                continue
            self.codes.append(code)
            if code == 200:
                return answer
        return None

    async def _by_socket(self, body: Mapping[str, Any]) -> tuple[int, Any]:
        here = secrets.choice(self.sockets)
        id = secrets.token_hex(8)
        waiter: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        here.waiting[id] = waiter
        payload = json.dumps(body, ensure_ascii=False).encode()
        size = -(-len(payload) // self.fragments)
        for number in range(self.fragments):
            frame = self._codec()
            frame.SeqID, frame.LogID, frame.service, frame.method = 1, 1, 7, 1
            about = {"type": "event", "message_id": id, "trace_id": "t", "sum": self.fragments, "seq": number}
            for name, value in about.items():
                _header(frame, name, str(value))
            frame.payload = payload[number * size : (number + 1) * size]
            await here.socket.send_bytes(frame.SerializeToString())
        answer = await waiter
        data = answer.get("data")
        return answer["code"], json.loads(base64.b64decode(data)) if data else {}

    async def _by_callback(self, body: Mapping[str, Any]) -> tuple[int, Any]:
        assert self.callback is not None
        assert self._session is not None
        url, key, _ = self.callback
        raw, headers = sealed(body, key, self.now() / 1000)
        async with self._session.post(url, data=raw, headers=headers) as response:
            return response.status, await response.json()

    # --- people ---

    async def types(
        self, person: str, chat: str, text: str, *, under: str = "", to_bot: bool = True, **more: Any
    ) -> Message:
        """Write a message, in the thread of `under` where that is given; with the bot mentioned in front."""
        said = f"@_user_1 {text}" if to_bot else text
        message = self._written(person, chat, under, "text", {"text": said})
        mention = {"key": "@_user_1", "id": {"open_id": BOT}, "name": "Tocsin", "tenant_key": TENANT}
        await self.deliver(self.message_event(message, [mention] if to_bot else [], **more))
        return message

    async def shares(self, person: str, chat: str, picture: bytes, *, under: str = "") -> Message:
        """Drop a picture."""
        key = f"img_v3_{next(self._numbers)}"
        self.tenant.pictures[key] = picture
        message = self._written(person, chat, under, "image", {"image_key": key})
        await self.deliver(self.message_event(message, []))
        return message

    async def reacts(self, person: str, message: str, emoji: str = "THUMBSUP") -> None:
        """Put an emoji under a message."""
        self.tenant.messages[message].reactions.append((person, emoji))
        about = reaction(message, person, emoji) | {"action_time": str(self.now())}
        await self.deliver(self.event("im.message.reaction.created_v1", about))

    async def takes_back(self, person: str, message: str, emoji: str = "THUMBSUP") -> None:
        """Take the emoji away again."""
        self.tenant.messages[message].reactions.remove((person, emoji))
        about = reaction(message, person, emoji) | {"action_time": str(self.now())}
        await self.deliver(self.event("im.message.reaction.deleted_v1", about))

    async def chooses(self, person: str, key: str) -> None:
        """Choose an entry of the bot's menu."""
        operator = {"operator_name": "Somebody", "operator_id": {"open_id": person}}
        await self.deliver(self.event("application.bot.menu_v6", {"operator": operator, "event_key": key}))

    async def presses(self, person: str, message: str, label: str, **fields: str) -> Shown:
        """Press the button that shows this label, with what was typed into the form it stands in."""
        return await self.sees(self.click_event(person, message, label, **fields))

    async def sees(self, body: Mapping[str, Any]) -> Shown:
        answer = await self.deliver(body, retries=0)
        if answer is None:
            return Shown({}, failed=True)
        wrong = set(answer) - {"toast", "card"} or set(answer.get("toast") or {}) - {"type", "content", "i18n"}
        assert not wrong, f"Feishu shows no such answer: {answer}"
        if card := answer.get("card"):
            assert (set(card), card["type"]) == ({"type", "data"}, "raw"), card
            assert not refusals(card["data"]), refusals(card["data"])
            message = self.tenant.messages[body["event"]["context"]["open_message_id"]]
            message.content = json.dumps(card["data"], ensure_ascii=False)
            message.edits += 1
        return Shown(answer.get("toast") or {}, card=card)

    def click_event(self, person: str, message: str, label: str, **fields: str) -> dict[str, Any]:
        """What pressing this button delivers."""
        shown = self.tenant.messages[message]
        button, form = pressable(shown.card, label)
        (behavior,) = [each for each in button["behaviors"] if each["type"] == "callback"]
        assert isinstance(behavior["value"], dict), "the SDKs know objects as values alone"
        action: dict[str, Any] = {"tag": "button", "value": behavior["value"], "timezone": "Asia/Shanghai"}
        if form is not None and button.get("form_action_type") == "submit":
            names = {each["name"]: each for each in walk(form) if each.get("tag") in ("input", "select_static")}
            assert set(fields) <= set(names), f"no such field: {set(fields) - set(names)}, only {sorted(names)}"
            missing = [name for name, each in names.items() if each.get("required") and not fields.get(name)]
            assert not missing, f"Feishu does not send a form without {missing}"
            action |= {"form_value": {name: fields.get(name, "") for name in names}, "name": button.get("name", "")}
        return self.event("card.action.trigger", click(person, shown.chat, message, action))

    def message_event(self, message: Message, mentions: list[Any], **more: Any) -> dict[str, Any]:
        """What writing this message delivers."""
        about = {
            "message_id": message.id,
            "create_time": str(message.at),
            "update_time": str(message.at),
            "chat_id": message.chat,
            "chat_type": "group",
            "message_type": message.kind,
            "content": message.content,
            "mentions": mentions,
        }
        if message.root:
            about |= {"root_id": message.root, "parent_id": message.root, "thread_id": message.thread}
        sender = {"sender_id": {"open_id": message.sender}, "sender_type": "user", "tenant_key": TENANT}
        return self.event("im.message.receive_v1", {"sender": sender, "message": about | more})

    def _written(self, person: str, chat: str, under: str, kind: str, content: Mapping[str, Any]) -> Message:
        root = self.tenant.messages[under].root or under if under else ""
        return self.rest.put(chat, root, person, kind, json.dumps(content, ensure_ascii=False))

    # --- looking ---

    def cards(self, chat: str) -> list[Message]:
        """The bot's messages in a chat, in order."""
        return [each for each in self.tenant.messages.values() if each.chat == chat and each.sender == APP_ID]

    def newest(self, chat: str) -> Message:
        return self.cards(chat)[-1]


def click(person: str, chat: str, message: str, action: Mapping[str, Any]) -> dict[str, Any]:
    """The event of a press."""
    return {
        "operator": {"tenant_key": TENANT, "open_id": person, "union_id": f"on_{person[3:]}"},
        "token": f"c-{secrets.token_hex(8)}",
        "action": dict(action),
        "host": "im_message",
        "context": {"open_message_id": message, "open_chat_id": chat},
    }


def reaction(message: str, person: str, emoji: str) -> dict[str, Any]:
    """The event of a reaction."""
    about = {"emoji_type": emoji}
    return {"message_id": message, "reaction_type": about, "operator_type": "user", "user_id": {"open_id": person}}


def walk(tree: Any) -> list[dict[str, Any]]:
    """Every object of a card."""
    found: list[dict[str, Any]] = []
    if isinstance(tree, dict):
        found.append(tree)
        tree = list(tree.values())
    if isinstance(tree, list):
        for each in tree:
            found += walk(each)
    return found


def wording(text: Any, language: str = "") -> str:
    """What a text of a card says to a viewer of this language (zh_cn, en_us)."""
    if not isinstance(text, dict):
        return str(text or "")
    return str((text.get("i18n_content") or {}).get(language) or text.get("content") or "")


def pressable(card: Any, label: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The button that says this in any language, and the form it stands in."""
    forms = [each for each in walk(card) if each.get("tag") == "form"]
    for button in (each for each in walk(card) if each.get("tag") == "button"):
        says = {wording(button.get("text"), language) for language in ("", "zh_cn", "en_us")}
        if label in says:
            return button, next((form for form in forms if any(each is button for each in walk(form))), None)
    raise AssertionError(f"no button says {label!r}; there are {labels(card)}")


def labels(card: Any) -> list[str]:
    return [wording(each.get("text")) for each in walk(card) if each.get("tag") == "button"]


def reads(card: Any, language: str) -> str:
    """Everything a viewer of this language (zh_cn, en_us) reads on a card."""
    return "\n".join(_reads(card, language))


def _reads(tree: Any, language: str) -> list[str]:
    if isinstance(tree, list):
        return [line for each in tree for line in _reads(each, language)]
    if not isinstance(tree, dict):
        return []
    own = [wording(tree, language)] if "content" in tree else []
    rest = [value for name, value in tree.items() if name not in ("content", "i18n_content", "value", "summary")]
    return own + _reads(rest, language)


def sealed(body: Mapping[str, Any], key: str, at: float) -> tuple[bytes, dict[str, str]]:
    """A callback as Feishu sends it: encrypted, and signed at this moment (unix seconds)."""
    padder = padding.PKCS7(128).padder()
    plain = padder.update(json.dumps(body, ensure_ascii=False).encode()) + padder.finalize()
    start = secrets.token_bytes(16)
    cipher = Cipher(algorithms.AES(hashlib.sha256(key.encode()).digest()), modes.CBC(start)).encryptor()
    secret = base64.b64encode(start + cipher.update(plain) + cipher.finalize()).decode()
    raw = json.dumps({"encrypt": secret}).encode()
    return raw, signed(raw, key, at)


def signed(raw: bytes, key: str, at: float) -> dict[str, str]:
    """The headers of a signed callback."""
    stamp, nonce = str(int(at)), secrets.token_hex(8)
    signature = hashlib.sha256(f"{stamp}{nonce}{key}".encode() + raw).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-Lark-Request-Timestamp": stamp,
        "X-Lark-Request-Nonce": nonce,
        "X-Lark-Signature": signature,
    }


def frame_codec() -> Any:
    """The SDK's own frame, imported in a thread that has a loop: the SDK keeps the loop it finds."""

    async def load() -> Any:
        return import_module("lark_oapi.ws.pb.pbbp2_pb2").Frame

    return asyncio.run(load())


def _header(frame: Any, name: str, value: str) -> None:
    header = frame.headers.add()
    header.key, header.value = name, value
