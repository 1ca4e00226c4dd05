"""Fakes WeCom's side of a self-built app: its REST interface, its encrypted callbacks, and members who speak to it."""

import asyncio
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientSession, web

from bot.platforms.wecom.crypto import Crypto
from tests.cards.wecom_rules import faults, template

Body = dict[str, Any]
CORP, AGENT, SECRET, TOKEN = "ww5823bf96d3bd56c7", "1000002", "app-secret-55e1", "QDG6eK"
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
LONGEST = 2_048
RETRIES = 3
BAD_TOKEN, BAD_SECRET, EXPIRED, BAD_BODY, BAD_CODE, TOO_OFTEN, NO_MEDIA, BAD_AGENT, NO_AGENT, UNTRUSTED = (
    *(40014, 40001, 42001, 40058, 41051),
    *(45009, 40007, 40056, 301002, 60020),
)


@dataclass
class Shown:
    """What a member sees of one message."""

    user: str
    text: str = ""
    card: Body | None = None
    picture: bytes = b""


@dataclass
class Press:
    """A response code that was given out with a press."""

    shown: Shown
    at: datetime
    used: bool = False


class Refused(Exception):
    """WeCom answers with an errcode."""


@dataclass
class WeComAppServer:
    """The interface under `url`; callbacks go to `callback`, which has `patience` seconds to answer. What is `late`
    is brought again. A message that holds a text of `refuses` is refused with its code."""

    now: Callable[[], datetime]
    session: ClientSession
    members: set[str] = field(default_factory=lambda: {"lin", "chen"})
    messages: list[Shown] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    url: str = ""
    callback: str = ""
    revoked: bool = False
    patience: float = 5.0
    late: int = 0
    untrusted: bool = False
    pieces: int = 1
    refuses: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.crypto = Crypto(TOKEN, AES_KEY, CORP)
        self._numbers = count(1)
        self._tokens: dict[str, datetime] = {}
        self._media: dict[str, bytes] = {}
        self._codes: dict[str, Press] = {}
        self._taken: defaultdict[str, list[datetime]] = defaultdict(list)

    # --- the interface ---

    async def call(self, request: web.Request) -> web.Response:
        """One call: always HTTP 200, with an errcode."""
        path = request.match_info["path"]
        self.calls[path] += 1
        try:
            answer = await self._called(path, request)
        except Refused as error:
            code, why = error.args
            self.refused.append((code, why))
            answer = {"errcode": code, "errmsg": f"{why}, hint: [1]"}
        answer = {"errcode": 0, "errmsg": "ok"} | answer
        if self.pieces == 1:
            return web.json_response(answer)
        return web.Response(body=_in_pieces(json.dumps(answer).encode(), self.pieces))

    def _token_for(self, request: web.Request) -> Body:
        if (request.query.get("corpid"), request.query.get("corpsecret")) != (CORP, SECRET):
            raise Refused(BAD_SECRET, "invalid credential")
        token = f"token-{next(self._numbers)}"
        self._tokens[token] = self.now() + timedelta(seconds=7200)
        return {"access_token": token, "expires_in": 7200}

    async def _called(self, path: str, request: web.Request) -> Body:
        if path == "gettoken":
            return self._token_for(request)
        until = self._tokens.get(request.query.get("access_token", ""))
        if until is None or self.revoked:
            self.revoked = False
            raise Refused(BAD_TOKEN, "invalid access_token")
        if self.now() >= until:
            raise Refused(EXPIRED, "access_token expired")
        if self.untrusted:
            raise Refused(UNTRUSTED, "not allow to access from your ip")
        match path:
            case "agent/get":
                if request.query.get("agentid") != AGENT:
                    raise Refused(NO_AGENT, "app is not exist")
                return {"agentid": int(AGENT), "name": "Tocsin", "close": 0}
            case "message/send":
                return self._sent(json.loads(await request.text()))
            case "message/update_template_card":
                return self._updated(json.loads(await request.text()))
            case "media/upload":
                return await self._uploaded(request)
            case _:
                raise Refused(-1, "no such call")

    def _sent(self, body: Body) -> Body:
        rest = {name: value for name, value in body.items() if name not in ("touser", "agentid")}
        if body.get("agentid") != int(AGENT):
            raise Refused(BAD_AGENT, "invalid agentid")
        for text, code in self.refuses.items():
            if text in json.dumps(rest, ensure_ascii=False):
                raise Refused(code, "as the test wants it")
        named = frozenset(self.members)
        wrong = faults(rest, named)
        if wrong or rest["msgtype"] not in ("markdown", "template_card", "image"):
            raise Refused(BAD_BODY, "; ".join(wrong) or "msgtype")
        content = rest.get("markdown", {}).get("content", "")
        if len(content.encode()) > LONGEST:
            raise Refused(BAD_BODY, "content over 2048 bytes")
        media = rest.get("image", {}).get("media_id")
        if media is not None and media not in self._media:
            raise Refused(NO_MEDIA, "invalid media_id")
        user = str(body.get("touser"))
        if user not in self.members:
            return {"invaliduser": user}
        now = self.now()
        if sum(at > now - timedelta(minutes=1) for at in self._taken[user]) >= 30:
            raise Refused(TOO_OFTEN, "api freq out of limit")
        self._taken[user].append(now)
        self.messages.append(Shown(user, content, rest.get("template_card"), self._media.get(str(media), b"")))
        return {"msgid": f"sent-{next(self._numbers)}"}

    def _updated(self, body: Body) -> Body:
        if set(body) != {"userids", "agentid", "response_code", "template_card"} or body["agentid"] != int(AGENT):
            raise Refused(BAD_BODY, "update")
        press = self._codes.get(body["response_code"])
        if press is None or press.used or self.now() - press.at > timedelta(hours=72):
            raise Refused(BAD_CODE, "invalid response_code")
        card = body["template_card"]
        if (wrong := list(template(card))) or card["task_id"] != (press.shown.card or {}).get("task_id"):
            raise Refused(BAD_BODY, "; ".join(wrong) or "task_id")
        press.used = True
        press.shown.card = card
        return {}

    async def _uploaded(self, request: web.Request) -> Body:
        form = await request.post()
        file = form.get("media")
        if request.query.get("type") != "image" or not isinstance(file, web.FileField):
            raise Refused(BAD_BODY, "media")
        media = f"media-{next(self._numbers)}"
        self._media[media] = file.file.read()
        return {"type": "image", "media_id": media, "created_at": str(int(self.now().timestamp()))}

    # --- what members do ---

    def seen(self, user: str) -> list[str]:
        """What a member reads, in order."""
        return [_as_read(shown) for shown in self.messages if shown.user == user]

    async def say(self, user: str, text: str, *, msgid: str = "") -> int:
        """Write to the app; the status of the callback."""
        about = {"MsgType": "text", "Content": text, "MsgId": msgid or str(next(self._numbers))}
        return await self.deliver(self.message(user, about))

    async def press(self, user: str, label: str) -> int:
        """Press the newest button of this label."""
        shown, key = next(
            (shown, row["key"])
            for shown in reversed(self.messages)
            if shown.user == user and shown.card
            for row in shown.card.get("button_list", ())
            if row["text"] == label
        )
        assert shown.card is not None
        code = f"code-{next(self._numbers)}"
        self._codes[code] = Press(shown, self.now())
        about = {"MsgType": "event", "Event": "template_card_event", "EventKey": key, "CardType": "button_interaction"}
        return await self.deliver(self.message(user, about | {"TaskId": shown.card["task_id"], "ResponseCode": code}))

    def message(self, user: str, about: dict[str, str]) -> bytes:
        """A message as the app gets it, before it is encrypted."""
        head = {"ToUserName": CORP, "FromUserName": user, "AgentID": AGENT} | about
        fields = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in head.items())
        return f"<xml>{fields}<CreateTime>{int(self.now().timestamp())}</CreateTime></xml>".encode()

    async def deliver(self, message: bytes, **wrong: str) -> int:
        """Encrypt, sign and post; the status. `wrong` puts something else into the query."""
        encrypted = self.crypto.close(message)
        body = f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
        return await self.post(body, self.query(encrypted) | wrong)

    async def delivered(self, message: bytes) -> int:
        """Deliver, and three times more where there is no answer in time; the status, 0 for none."""
        for _ in range(1 + RETRIES):
            try:
                async with asyncio.timeout(self.patience):
                    return await self.deliver(message)
            except TimeoutError:
                self.late += 1
        return 0

    def query(self, encrypted: str) -> dict[str, str]:
        """The signed query beside an encrypted text."""
        timestamp, nonce = str(int(self.now().timestamp())), hashlib.sha256(encrypted.encode()).hexdigest()[:10]
        return {
            "msg_signature": self.crypto.signature(timestamp, nonce, encrypted),
            "timestamp": timestamp,
            "nonce": nonce,
        }

    async def post(self, body: str, query: dict[str, str], *, pieces: int = 1) -> int:
        """Post a body, in so many pieces with time between them; the status."""
        data = body if pieces == 1 else _in_pieces(body.encode(), pieces)
        async with self.session.post(f"{self.callback}?{urlencode(query)}", data=data) as response:
            text = await response.text()
            assert response.status != 200 or text == "", "an empty answer means: no reply"
            return response.status

    async def verify(self, echo: str, **wrong: str) -> tuple[int, str]:
        """Try the address out, as WeCom does when it is entered."""
        encrypted = self.crypto.close(echo.encode())
        query = self.query(encrypted) | {"echostr": encrypted} | wrong
        async with self.session.get(f"{self.callback}?{urlencode(query)}") as response:
            return response.status, await response.text()


async def _in_pieces(content: bytes, pieces: int) -> AsyncIterator[bytes]:
    size = -(-len(content) // pieces)
    for begin in range(0, len(content), size):
        yield content[begin : begin + size]
        for _ in range(20):
            await asyncio.sleep(0)


def _as_read(shown: Shown) -> str:
    if shown.picture:
        return f"[picture {len(shown.picture)}]"
    if shown.card is None:
        return shown.text
    buttons = " ".join(f"[{row['text']}]" for row in shown.card.get("button_list", ()))
    words = (
        shown.card["source"]["desc"],
        *shown.card["main_title"].values(),
        shown.card.get("sub_title_text", ""),
        buttons,
    )
    return " | ".join(word for word in words if word)


@asynccontextmanager
async def wecom_app_server(now: Callable[[], datetime]) -> AsyncIterator[WeComAppServer]:
    """A running interface on the loopback."""
    app = web.Application()
    async with ClientSession() as session:
        server = WeComAppServer(now, session)
        app.router.add_route("*", "/cgi-bin/{path:.+}", server.call)
        async with serving(app) as url:
            server.url = url
            yield server


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    """An application on the loopback; its address."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
