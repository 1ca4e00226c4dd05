"""Takes the callbacks of a self-built app: verified, opened, handed in, and answered within WeCom's five seconds."""

import asyncio
import hashlib
import html
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from aiohttp import web

from bot.platforms.body import Rejected, body_of
from bot.platforms.wecom.crypto import Crypto
from bot.platforms.wecom.reading import LONGEST, Delivered, Pressed, Said
from engine.ports import Clock

log = logging.getLogger("tocsin.wecom")

PATH = "/chat/wecom/callback"
LARGEST = 64 * 1024
FRESH = timedelta(minutes=5)
ANSWER_WITHIN = 4.0
READ_WITHIN = 4.0
"""Seconds until the answer, at the latest; WeCom waits five, then delivers again."""
PREFIX = "app:"
"""What the rooms of the app begin with: the member's id follows."""

ENCRYPTED = re.compile(r"<Encrypt>\s*(?:<!\[CDATA\[([^\]]*)\]\]>|([^<]*))\s*</Encrypt>")
FIELD = re.compile(r"<([A-Za-z]{1,40})>(?:<!\[CDATA\[(.*?)\]\]>|([^<]*))</\1>", re.DOTALL)

PRESS = ("CreateTime", "Event", "TaskId", "EventKey", "ResponseCode")
"""What tells one press from another."""

Deliver = Callable[[Delivered, str], Awaitable[bool]]
"""Takes what was delivered and its response code; True once it is safely written down."""


class Callback:
    """The two routes. A repetition gets through to the inbox, which knows every event by its id across restarts: so a
    first delivery that was lost is not lost for good, and one that is played back changes nothing."""

    def __init__(self, crypto: Crypto, agent: str, clock: Clock, deliver: Deliver) -> None:
        self._crypto = crypto
        self._agent = agent
        self._clock = clock
        self._deliver = deliver

    def add_to(self, app: web.Application) -> None:
        """Put the routes in."""
        app.router.add_get(PATH, self.verify)
        app.router.add_post(PATH, self.take)

    async def verify(self, request: web.Request) -> web.Response:
        """WeCom tries the address out when it is entered: the opened text, bare."""
        opened = self._opened(request, request.query.get("echostr", ""))
        if opened is None:
            return web.Response(status=403)
        return web.Response(body=opened, content_type="text/plain")

    async def take(self, request: web.Request) -> web.Response:
        """A message or an event. 403 for what WeCom did not sign, 503 where it could not be written down: WeCom then
        delivers again."""
        try:
            body = await body_of(request, LARGEST, READ_WITHIN)
        except Rejected as rejected:
            return web.Response(status=rejected.status)
        found = ENCRYPTED.search(body.decode("utf-8", "replace"))
        opened = self._opened(request, (found[1] or found[2] or "").strip()) if found else None
        if opened is None:
            return web.Response(status=403)
        fields = read(opened.decode("utf-8", "replace"))
        what = delivered(fields)
        if what is None or (self._agent and fields.get("AgentID") not in (self._agent, None, "")):
            return web.Response(text="")
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                written = await self._deliver(what, fields.get("ResponseCode", ""))
        except TimeoutError:
            written = True
        return web.Response(text="") if written else web.Response(status=503)

    def _opened(self, request: web.Request, encrypted: str) -> bytes | None:
        """The text, where it is signed, recent and for us."""
        query = request.query
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if not encrypted or not self._crypto.is_signed(query.get("msg_signature", ""), timestamp, nonce, encrypted):
            log.warning("a WeCom callback was not signed as it should be; look at the token of the callback")
            return None
        if not self._is_fresh(timestamp):
            log.warning("a WeCom callback is older than five minutes, or this machine's clock is off")
            return None
        opened = self._crypto.open(encrypted)
        if opened is None:
            log.warning("a WeCom callback could not be opened; look at the AES key and the corporation id")
        return opened

    def _is_fresh(self, timestamp: str) -> bool:
        if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
            return False
        return abs(self._clock.now().timestamp() - int(timestamp)) <= FRESH.total_seconds()


def read(xml: str) -> dict[str, str]:
    """The plain fields of a message, the first of each name. No XML parser: what WeCom sends is flat, and a parser is
    one more thing to attack."""
    fields: dict[str, str] = {}
    for name, quoted, bare in FIELD.findall(xml):
        fields.setdefault(name, quoted or html.unescape(bare))
    return fields


def delivered(fields: Mapping[str, str]) -> Delivered | None:
    """What the app was told; None for kinds nobody here listens to."""
    user = fields.get("FromUserName", "")
    if not user:
        return None
    room = f"{PREFIX}{user}"
    if fields.get("MsgType") == "text" and fields.get("MsgId"):
        return Said(f"app/{fields['MsgId']}", user, room, fields.get("Content", "")[:LONGEST].strip(" "), "", False)
    if fields.get("Event") == "template_card_event" and fields.get("EventKey"):
        # Two buttons can be pressed within one second, so the second and the person alone are no id.
        parts = (
            user,
            *(fields.get(name, "") for name in ("CreateTime", "Event", "TaskId", "EventKey", "ResponseCode")),
        )
        id = hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:32]
        return Pressed(f"app/{id}", user, room, fields["EventKey"], fields.get("TaskId", ""))
    return None
