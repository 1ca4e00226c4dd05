"""Plays Feishu's REST API over the state of one pretended tenant; whatever it would refuse is refused with its code."""

import asyncio
import json
import re
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiohttp import web

from tests.cards.feishu_rules import mentioned

APP_ID, APP_SECRET = "cli_tocsin0001", "made-up-secret-of-the-app"
BOT = "ou_bot00001"
TENANT = "tenant-1"
PER_SECOND = 5
"""Messages into one chat, and edits of one message, in any one second."""
EDITABLE_MS = 14 * 24 * 3600 * 1000
CONTENT_BYTES = 30 * 1024
SCOPES = (
    "contact:group:readonly",
    "application:application:self_manage",
    "im:message.group_at_msg:readonly",
    "im:message.p2p_msg:readonly",
    "im:message.reactions:read",
    "im:message:readonly",
    "im:message:send_as_bot",
    "im:message:update",
    "im:resource",
)
UUID_LASTS_MS = 3600 * 1000

Judge = Callable[[Mapping[str, Any]], list[str]]
"""What is wrong with a card, in words; nothing for a good one."""


class No(Exception):
    """A refusal: HTTP status, Feishu's code, its message, and headers."""

    def __init__(self, status: int, code: int, msg: str, **headers: str) -> None:
        super().__init__(msg)
        self.status, self.code, self.msg, self.headers = status, code, msg, headers


@dataclass
class Message:
    """A message as Feishu keeps it; times in milliseconds. `told` are whom it mentioned when it was sent: an edit tells
    nobody."""

    id: str
    chat: str
    root: str
    sender: str
    kind: str
    content: str
    at: int
    edits: int = 0
    recalled: bool = False
    reactions: list[tuple[str, str]] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    told: set[str] = field(default_factory=set)

    @property
    def card(self) -> Any:
        return json.loads(self.content)

    @property
    def thread(self) -> str:
        return f"omt_{(self.root or self.id)[3:]}"


@dataclass
class Tenant:
    """Everything that is kept. `now` gives milliseconds; `broken` answers this many calls with 502, `lost` does the
    work of so many and drops the answer. A card that holds a text of `refuses` is refused with its code."""

    now: Callable[[], int]
    judge: Judge
    chats: dict[str, set[str]] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)
    urgent: list[tuple[str, str]] = field(default_factory=list)
    groups: dict[str, list[str]] = field(default_factory=dict)
    uuids: dict[str, tuple[str, int]] = field(default_factory=dict)
    scopes: set[str] = field(default_factory=lambda: set(SCOPES))
    calls: list[str] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    refuses: dict[str, int] = field(default_factory=dict)
    direct: dict[str, str] = field(default_factory=dict)
    broken: int = 0
    lost: int = 0
    token_delay: float = 0.0
    numbers: Any = field(default_factory=lambda: count(1))
    recent: defaultdict[str, deque[int]] = field(default_factory=lambda: defaultdict(deque))

    def pace(self, about: str) -> None:
        """Count one call; No when it is the sixth within a second."""
        times, now = self.recent[about], self.now()
        while times and now - times[0] >= 1000:
            times.popleft()
        if len(times) >= PER_SECOND:
            wait = (1000 - (now - times[0])) / 1000
            raise No(400, 230020, "message frequency limit", **{"x-ogw-ratelimit-reset": f"{max(wait, 0.05):.3f}"})
        times.append(now)

    def told(self, message: Message) -> dict[str, Any]:
        """A message as the API shows it."""
        sender = {"id": APP_ID, "id_type": "app_id", "sender_type": "app", "tenant_key": TENANT}
        if message.sender != APP_ID:
            sender = {"id": message.sender, "id_type": "open_id", "sender_type": "user", "tenant_key": TENANT}
        shown: dict[str, Any] = {
            "message_id": message.id,
            "msg_type": message.kind,
            "create_time": str(message.at),
            "update_time": str(message.at),
            "deleted": message.recalled,
            "updated": message.edits > 0,
            "chat_id": message.chat,
            "sender": sender,
            "body": {"content": message.content},
        }
        if message.root:
            shown |= {"root_id": message.root, "parent_id": message.root}
        if message.root or any(each.root == message.id for each in self.messages.values()):
            shown["thread_id"] = message.thread
        return shown


class Rest:
    """The routes, as open.feishu.cn documents them."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant

    def routes(self) -> list[web.RouteDef]:
        at = "/open-apis"
        return [
            web.post(f"{at}/auth/v3/tenant_access_token/internal", self._wrapped(self.token, free=True)),
            web.get(f"{at}/bot/v3/info", self._wrapped(self.bot)),
            web.post(f"{at}/im/v1/messages", self._wrapped(self.create)),
            web.post(f"{at}/im/v1/messages/{{id}}/reply", self._wrapped(self.reply)),
            web.patch(f"{at}/im/v1/messages/{{id}}", self._wrapped(self.patch)),
            web.get(f"{at}/im/v1/messages/{{id}}", self._wrapped(self.look)),
            web.post(f"{at}/im/v1/messages/{{id}}/reactions", self._wrapped(self.react)),
            web.get(f"{at}/im/v1/messages/{{id}}/resources/{{key}}", self._wrapped(self.resource)),
            web.get(f"{at}/application/v6/scopes", self._wrapped(self.granted)),
            web.get(f"{at}/im/v1/chats/{{id}}/members/is_in_chat", self._wrapped(self.inside)),
            web.post(f"{at}/im/v1/images", self._wrapped(self.upload)),
            web.patch(f"{at}/im/v1/messages/{{id}}/urgent_app", self._wrapped(self.insist)),
            web.get(f"{at}/contact/v3/group/{{id}}/member/simplelist", self._wrapped(self.grouped)),
        ]

    def _wrapped(self, do: Any, free: bool = False) -> Any:
        async def handle(request: web.Request) -> web.StreamResponse:
            tenant = self.tenant
            tenant.calls.append(f"{request.method} {request.path}")
            if tenant.broken:
                tenant.broken -= 1
                return web.Response(status=502, text="<html>bad gateway</html>")
            try:
                if not free:
                    self._bearer(request)
                answer = await do(request)
            except No as no:
                tenant.refused.append(no.code)
                return web.json_response({"code": no.code, "msg": no.msg}, status=no.status, headers=no.headers)
            if tenant.lost and request.method != "GET" and not free:
                tenant.lost -= 1
                assert request.transport is not None
                request.transport.abort()
            return answer if isinstance(answer, web.StreamResponse) else web.json_response(answer)

        return handle

    def _bearer(self, request: web.Request) -> None:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer" or not token:
            raise No(400, 99991661, "Missing access token for authorization")
        if self.tenant.tokens.get(token, 0) <= self.tenant.now():
            raise No(400, 99991663, "Invalid access token for authorization")

    async def token(self, request: web.Request) -> dict[str, Any]:
        body = await _json(request, {"app_id", "app_secret"})
        await asyncio.sleep(self.tenant.token_delay)
        if body.get("app_id") != APP_ID:
            raise No(200, 10003, "invalid param")
        if body.get("app_secret") != APP_SECRET:
            raise No(200, 10014, "app secret invalid")
        token = f"t-made-up-{next(self.tenant.numbers)}"
        self.tenant.tokens[token] = self.tenant.now() + 7200 * 1000
        return {"code": 0, "msg": "ok", "tenant_access_token": token, "expire": 7200}

    async def bot(self, request: web.Request) -> dict[str, Any]:
        return {"code": 0, "msg": "ok", "bot": {"activate_status": 2, "app_name": "Tocsin", "open_id": BOT}}

    async def create(self, request: web.Request) -> dict[str, Any]:
        if set(request.query) != {"receive_id_type"}:
            raise No(400, 99992402, "field validation failed")
        kind = request.query["receive_id_type"]
        body = await _json(request, {"receive_id", "msg_type", "content", "uuid"})
        to = body.get("receive_id")
        if kind == "open_id" and isinstance(to, str) and to.startswith("ou_"):
            chat = self.tenant.direct.setdefault(to, f"oc_direct{next(self.tenant.numbers)}")
            self.tenant.chats.setdefault(chat, {to})
        elif kind == "chat_id" and to in self.tenant.chats:
            chat = str(to)
        else:
            raise No(400, 230001, "Your request contains an invalid request parameter, ext=invalid receive_id")
        return self._sent(chat, "", body)

    async def reply(self, request: web.Request) -> dict[str, Any]:
        body = await _json(request, {"msg_type", "content", "reply_in_thread", "uuid"})
        if not isinstance(body.get("reply_in_thread", False), bool):
            raise No(400, 99992402, "field validation failed")
        to = self._message(request.match_info["id"])
        if to.recalled:
            raise No(400, 230011, "The message has been recalled")
        if body.get("reply_in_thread") is not True and not to.root:
            raise No(400, 1, "this pretended tenant wants answers in threads")
        return self._sent(to.chat, to.root or to.id, body)

    async def patch(self, request: web.Request) -> dict[str, Any]:
        body = await _json(request, {"content"})
        message = self._message(request.match_info["id"])
        self._allowed("im:message:update")
        if message.sender != APP_ID:
            raise No(400, 230026, "No permission to edit this message")
        if message.recalled:
            raise No(400, 230011, "The message has been recalled")
        if self.tenant.now() - message.at > EDITABLE_MS:
            raise No(400, 230031, "The message is sent over 14 days ago")
        self.tenant.pace(f"message {message.id}")
        message.content = self._card(body.get("content"))
        message.edits += 1
        message.shown.append(message.content)
        return {"code": 0, "msg": "success", "data": {}}

    async def look(self, request: web.Request) -> dict[str, Any]:
        message = self._message(request.match_info["id"])
        return {"code": 0, "msg": "success", "data": {"items": [self.tenant.told(message)]}}

    async def react(self, request: web.Request) -> dict[str, Any]:
        body = await _json(request, {"reaction_type"})
        message = self._message(request.match_info["id"])
        name = (body.get("reaction_type") or {}).get("emoji_type")
        if not isinstance(name, str):
            raise No(400, 231001, "reaction type is invalid")
        message.reactions.append((APP_ID, name))
        return {"code": 0, "msg": "success", "data": {"reaction_id": f"re_{next(self.tenant.numbers)}"}}

    async def resource(self, request: web.Request) -> web.Response:
        if request.query.get("type") not in ("image", "file"):
            raise No(400, 234001, "Invalid request param")
        message, key = self._message(request.match_info["id"]), request.match_info["key"]
        if key not in message.content or key not in self.tenant.pictures:
            raise No(400, 234003, "File not in msg")
        return web.Response(body=self.tenant.pictures[key], content_type="image/png")

    async def granted(self, request: web.Request) -> dict[str, Any]:
        self._allowed("application:application:self_manage")
        scopes = [{"scope_name": name, "grant_status": 1, "scope_type": "tenant"} for name in self.tenant.scopes]
        scopes.append({"scope_name": "im:chat", "grant_status": 2, "scope_type": "tenant"})
        return {"code": 0, "msg": "success", "data": {"scopes": scopes}}

    async def inside(self, request: web.Request) -> dict[str, Any]:
        chat = self.tenant.chats.get(request.match_info["id"])
        if chat is None:
            raise No(400, 232006, "Your request specifies a chat which is invalid.")
        return {"code": 0, "msg": "success", "data": {"is_in_chat": BOT in chat}}

    async def insist(self, request: web.Request) -> dict[str, Any]:
        """Mark a message as urgent for people who are in its chat."""
        self._allowed("im:message.urgent")
        body = await _json(request, {"user_id_list"})
        people = body.get("user_id_list")
        if dict(request.query) != {"user_id_type": "open_id"} or not isinstance(people, list) or not people:
            raise No(400, 99992402, "field validation failed")
        message = self._message(request.match_info["id"])
        if message.sender != APP_ID:
            raise No(400, 230012, "The operator is not the sender of the message")
        if message.recalled:
            raise No(400, 230011, "The message has been recalled")
        there = self.tenant.chats[message.chat]
        self.tenant.urgent += [(message.id, person) for person in people if person in there]
        gone = [person for person in people if person not in there]
        return {"code": 0, "msg": "success", "data": {"invalid_user_id_list": gone}}

    async def grouped(self, request: web.Request) -> dict[str, Any]:
        """Who is in a user group, at most a hundred at once."""
        self._allowed("contact:group:readonly")
        if set(request.query) - {"member_id_type", "member_type", "page_size", "page_token"}:
            raise No(400, 99992402, "field validation failed")
        if not 1 <= int(request.query.get("page_size", "50")) <= 100:
            raise No(400, 99992402, "field validation failed")
        people = self.tenant.groups.get(request.match_info["id"])
        if people is None:
            raise No(400, 42001, "invalid group_id")
        start, most = int(request.query.get("page_token") or 0), int(request.query.get("page_size", "50"))
        page = [{"member_id": id, "member_type": "user", "member_id_type": "open_id"} for id in people[start:][:most]]
        more = start + most < len(people)
        told = {"memberlist": page, "has_more": more} | ({"page_token": str(start + most)} if more else {})
        return {"code": 0, "msg": "success", "data": told}

    async def upload(self, request: web.Request) -> dict[str, Any]:
        if not request.content_type.startswith("multipart/"):
            raise No(400, 234001, "Invalid request param")
        form = await request.post()
        image = form.get("image")
        if form.get("image_type") != "message" or not isinstance(image, web.FileField):
            raise No(400, 234001, "Invalid request param")
        key = f"img_v3_{next(self.tenant.numbers)}"
        self.tenant.pictures[key] = image.file.read()
        return {"code": 0, "msg": "success", "data": {"image_key": key}}

    def _sent(self, chat: str, root: str, body: Mapping[str, Any]) -> dict[str, Any]:
        self._allowed("im:message:send_as_bot")
        if body.get("msg_type") != "interactive":
            raise No(400, 230001, "Your request contains an invalid request parameter, ext=invalid msg_type")
        uuid = body.get("uuid", "")
        if not isinstance(uuid, str) or len(uuid) > 50:
            raise No(400, 99992402, "field validation failed")
        known, at = self.tenant.uuids.get(uuid, ("", 0))
        if known and self.tenant.now() - at < UUID_LASTS_MS:
            return {"code": 0, "msg": "success", "data": self.tenant.told(self.tenant.messages[known])}
        content = self._card(body.get("content"))
        if BOT not in self.tenant.chats[chat] and chat not in self.tenant.direct.values():
            raise No(400, 230002, "Bot/User can NOT be out of the chat.")
        self.tenant.pace(f"chat {chat}")
        message = self.put(chat, root, APP_ID, "interactive", content)
        message.told = mentioned(message.card) & self.tenant.chats[chat]
        if uuid:
            self.tenant.uuids[uuid] = message.id, self.tenant.now()
        return {"code": 0, "msg": "success", "data": self.tenant.told(message)}

    def put(self, chat: str, root: str, sender: str, kind: str, content: str) -> Message:
        """Keep a new message."""
        id = f"om_{next(self.tenant.numbers):06d}"
        message = Message(id, chat, root, sender, kind, content, self.tenant.now(), shown=[content])
        self.tenant.messages[id] = message
        return message

    def _message(self, id: str) -> Message:
        message = self.tenant.messages.get(id) if re.fullmatch(r"om_\w+", id) else None
        if message is None:
            raise No(400, 230001, "Your request contains an invalid request parameter, ext=invalid message_id")
        return message

    def _allowed(self, scope: str) -> None:
        if scope not in self.tenant.scopes:
            raise No(400, 99991672, f"Access denied. One of the following scopes is required: [{scope}]")

    def _card(self, content: Any) -> str:
        if not isinstance(content, str):
            raise No(400, 99992402, "field validation failed")
        if len(content.encode()) > CONTENT_BYTES:
            raise No(400, 230025, "The length of the message content reaches its limit.")
        try:
            card = json.loads(content)
        except ValueError:
            raise No(400, 230099, "Failed to create card content, ext=ErrCode: 11246; ErrMsg: not json") from None
        if not isinstance(card, dict) or card.get("schema") != "2.0":
            raise No(400, 230099, "Failed to create card content, ext=ErrCode: 11310; ErrMsg: schema")
        if (card.get("config") or {}).get("update_multi", True) is not True:
            raise No(400, 230099, "Failed to create card content, ext=ErrCode: 200340; ErrMsg: update_multi")
        for text, code in self.tenant.refuses.items():
            if text in content:
                raise No(400, code, "as the test wants it")
        if wrong := self.tenant.judge(card):
            raise No(400, 230099, f"Failed to create card content, ext=ErrCode: 200621; ErrMsg: {wrong[0]}")
        return content


async def _json(request: web.Request, known: set[str]) -> dict[str, Any]:
    """The body; No for anything but a JSON object, or one with a property nobody knows."""
    # lark-oapi names no content type for its token; aiohttp then calls it a stream of octets.
    if request.content_type not in ("application/json", "application/octet-stream"):
        raise No(400, 9499, "Bad Request: Content-Type")
    try:
        body = json.loads(await request.read())
    except ValueError:
        raise No(400, 9499, "Bad Request: body") from None
    if not isinstance(body, dict) or set(body) - known:
        raise No(400, 99992402, "field validation failed")
    return body
