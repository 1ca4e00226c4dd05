"""Takes HTTP deliveries: size, age and signature are judged before a byte of the content is read."""

import hashlib
import hmac
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from types import NoneType
from urllib.parse import parse_qsl

from aiohttp import web

from bot.platforms.body import Rejected, body_of
from bot.settings import Slack
from engine.ports import Clock

log = logging.getLogger("tocsin.slack")

PATH = "/chat/slack/events"
LARGEST = 1024 * 1024
"""Bytes of one delivery; a view with everything in it is 250 kB."""
READ_WITHIN = 3.0
"""Seconds a body may take; Slack waits no longer for the whole answer."""
SKEW = 300.0
"""Seconds a signed request may be old, or ahead."""

OBJECTS = ("event", "user", "team", "channel", "view", "message", "container", "enterprise")

Dispatch = Callable[[str, dict[str, str]], Awaitable[web.Response]]
"""A verified body with its headers → the response."""


class Callback:
    """The one address for events, commands and interactivity. `dispatch` is None until the platform runs."""

    def __init__(self, settings: Slack, clock: Clock) -> None:
        self._secret = settings.signing_secret.get_secret_value().encode()
        self._clock = clock
        self.dispatch: Dispatch | None = None

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one delivery."""
        try:
            body = await body_of(request, LARGEST, READ_WITHIN)
            self._verify(request.headers.get("X-Slack-Request-Timestamp", ""), body, _signature(request))
            if self.dispatch is None:
                raise Rejected(503, "Not ready yet.")
            return await self.dispatch(_readable(body, request.content_type), dict(request.headers))
        except Rejected as rejected:
            log.warning("a delivery of Slack was refused: %s", rejected)
            answer = web.json_response({"error": str(rejected)}, status=rejected.status)
            answer.force_close()  # what is left of the body is nobody's next request
            return answer

    def _verify(self, at: str, body: bytes, signature: bytes) -> None:
        if not _fresh(at, self._clock.now()):
            raise Rejected(401, "The request is older than five minutes, or from the future; compare the clocks.")
        wanted = hmac.new(self._secret, b"v0:" + at.encode("ascii") + b":" + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(f"v0={wanted}".encode("ascii"), signature):
            raise Rejected(401, "The signature is wrong; compare TOCSIN_SLACK__SIGNING_SECRET with the app's.")


def _signature(request: web.Request) -> bytes:
    return request.headers.get("X-Slack-Signature", "").encode("utf-8", "replace")


def _readable(body: bytes, kind: str) -> str:
    """The body as text that holds what Slack sends: an object, in a form or by itself. Rejected for anything else:
    bolt takes the shape for granted."""
    try:
        written = body.decode("utf-8")
        if kind == "application/x-www-form-urlencoded":
            form = dict(parse_qsl(written, keep_blank_values=True, max_num_fields=100))
            tree = json.loads(form["payload"]) if "payload" in form else form
        else:
            tree = json.loads(written)
    except (ValueError, RecursionError):
        raise Rejected(400, "The request is signed but cannot be read.") from None
    if not isinstance(tree, dict) or not all(isinstance(tree.get(name, {}), dict | NoneType) for name in OBJECTS):
        raise Rejected(400, "The request is signed but holds no object where Slack sends one.")
    return written


def _fresh(at: str, now: datetime) -> bool:
    return at.isascii() and at.isdigit() and len(at) <= 12 and abs(now.timestamp() - int(at)) <= SKEW
