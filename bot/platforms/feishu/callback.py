"""Takes HTTP callbacks: size, signature, age and token are judged before a byte of the content is believed."""

import hashlib
import hmac
import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aiohttp import web

from bot.platforms.body import Rejected, body_of
from bot.platforms.feishu.cipher import decrypted
from bot.platforms.feishu.envelope import Take, envelope, part, text
from bot.settings import Feishu
from engine.ports import Clock

log = logging.getLogger("tocsin.feishu")

LARGEST = 1024 * 1024
"""Bytes of one callback; the largest events Feishu documents are a message of 150 KB."""
READ_WITHIN = 5.0
SKEW = 300.0
"""Seconds a signed request may be old, or ahead."""
LONGEST_CHALLENGE = 256


class Callback:
    """The address that events and clicks come to, instead of the long connection."""

    def __init__(self, settings: Feishu, take: Take, clock: Clock) -> None:
        self._key = settings.encrypt_key.get_secret_value()
        self._token = settings.verification_token.get_secret_value()
        self._take = take
        self._clock = clock

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one callback."""
        try:
            body = await body_of(request, LARGEST, READ_WITHIN)
            signed = self._signed(request.headers, body)
            content = self._content(body)
            if challenge := self._challenge(content):
                return web.json_response({"challenge": challenge})
            if not signed:
                raise Rejected(401, "The request is not signed; set the Encrypt Key in Feishu and here.")
            self._known(text(content, "header", "token"))
        except Rejected as rejected:
            log.warning("a callback of Feishu was refused: %s", rejected)
            answer = web.json_response({"error": str(rejected)}, status=rejected.status)
            answer.force_close()  # what is left of the body is nobody's next request
            return answer
        if content.get("schema") != "2.0":
            return web.json_response({})
        reply = await self._take(envelope(part(content, "header"), part(content, "event")))
        return web.json_response(dict(reply.body or {}), status=reply.code)

    def _signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether the raw body is signed, and freshly. False where there is no signature at all; Rejected for a wrong
        or an old one."""
        signature = headers.get("X-Lark-Signature", "")
        if not signature:
            return False
        at, nonce = headers.get("X-Lark-Request-Timestamp", ""), headers.get("X-Lark-Request-Nonce", "")
        wanted = hashlib.sha256(f"{at}{nonce}{self._key}".encode() + body).hexdigest()
        if not hmac.compare_digest(wanted.encode(), signature.encode("utf-8", "replace")):
            raise Rejected(
                401, "The signature is wrong; compare TOCSIN_FEISHU__ENCRYPT_KEY with the app's Encrypt Key."
            )
        if not _fresh(at, self._clock.now()):
            raise Rejected(401, "The request is older than five minutes, or from the future; compare the clocks.")
        return True

    def _content(self, body: bytes) -> Mapping[str, Any]:
        outer = _object(body)
        sealed = outer.get("encrypt")
        if not isinstance(sealed, str):
            raise Rejected(401, "The request is not encrypted; set the Encrypt Key in Feishu and here.")
        return _object(decrypted(sealed, self._key))

    def _challenge(self, content: Mapping[str, Any]) -> str:
        """The text Feishu wants back when the address is entered; "" for anything else. It proves itself by token."""
        if content.get("type") != "url_verification":
            return ""
        self._known(text(content, "token"))
        challenge = text(content, "challenge")
        if not challenge or len(challenge) > LONGEST_CHALLENGE:
            raise Rejected(400, "The challenge is missing or too long.")
        return challenge

    def _known(self, token: str) -> None:
        if not hmac.compare_digest(token.encode("utf-8", "replace"), self._token.encode()):
            raise Rejected(401, "The token is wrong; compare TOCSIN_FEISHU__VERIFICATION_TOKEN with the app's.")


def _object(content: bytes) -> Mapping[str, Any]:
    try:
        tree = json.loads(content)
    except (ValueError, RecursionError):
        raise Rejected(400, "The request is not JSON.") from None
    if not isinstance(tree, dict):
        raise Rejected(400, "The request is no JSON object.")
    return tree


def _fresh(at: str, now: datetime) -> bool:
    return at.isascii() and at.isdigit() and len(at) <= 12 and abs(now.timestamp() - int(at)) <= SKEW
