"""Speaks to Feishu's REST API: one cached token, refreshed once for all who wait, and every answer sorted.

These calls are our own and not lark-oapi's. Its asynchronous ones refresh the token with a blocking request; its
synchronous ones open a connection per call, keep the token in a global, do not notice that it was revoked, and a thread
that waits in one outlives the timeout it was given. None of that holds the loop up here, and a card can be posted
before those 11,000 modules are loaded.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from bot.platforms.feishu.refusals import TOKEN_ENDED, Refused, busy, refusal
from bot.settings import Feishu
from engine.errors import PlatformError
from engine.model import Phrase
from engine.ports import Clock

CALL_TIMEOUT = 8.0
TOKENS_AT = "/open-apis/auth/v3/tenant_access_token/internal"
TOKEN_MARGIN = timedelta(minutes=10)
"""A token is renewed this long before it ends: Feishu hands out a new one once less than 30 minutes are left."""
LARGEST_ANSWER = 4 * 1024 * 1024
LARGEST_FILE = 10 * 1024 * 1024
"""Bytes of an image; Feishu takes no larger ones either."""


@dataclass(frozen=True)
class Token:
    """A tenant access token, and until when it is used."""

    value: str
    until: datetime


class Api:
    """Calls under one app's name. PlatformBusy: come back later. PlatformError: somebody has to mend something."""

    def __init__(self, settings: Feishu, session: ClientSession, clock: Clock) -> None:
        self._settings = settings
        self._session = session
        self._clock = clock
        self._domain = settings.domain.rstrip("/")
        self._token: Token | None = None
        self._one_at_a_time = asyncio.Lock()

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Any]:
        """The answer's data. A token that ended before its time is renewed, once."""
        for attempt in (1, 2):
            token = await self._bearer()
            headers = {"Authorization": f"Bearer {token}"}
            status, said, answer = await self._send(method, path, headers=headers, params=query, json=body)
            if answer.get("code") in TOKEN_ENDED and attempt == 1:
                self._forget(token)
                continue
            if status != 200 or answer.get("code") != 0:
                raise refusal(status, said, answer) if answer else busy(f"HTTP {status}")
            data = answer.get("data")
            return data if isinstance(data, Mapping) else answer
        raise Refused(Phrase(word="feishu.error.credentials", values={"code": 99991663}), 99991663)

    async def fetch(self, path: str, query: Mapping[str, str]) -> bytes:
        """The bytes of a file of a message, at most 10 MB."""
        headers = {"Authorization": f"Bearer {await self._bearer()}"}
        try:
            async with self._session.get(
                self._domain + path, params=query, headers=headers, timeout=ClientTimeout(total=CALL_TIMEOUT)
            ) as response:
                content = await response.content.read(LARGEST_FILE + 1)
                while not response.content.at_eof() and len(content) <= LARGEST_FILE:
                    content += await response.content.readany()
                if response.status != 200:
                    raise refusal(response.status, response.headers, _parsed(content))
        except (ClientError, TimeoutError) as error:
            raise busy(type(error).__name__) from error
        if len(content) > LARGEST_FILE:
            raise PlatformError(Phrase(word="feishu.error.file_too_large", values={"megabytes": 10}))
        return content

    async def _bearer(self) -> str:
        """The token; whoever finds it ended renews it, and all others wait for that one call."""
        async with self._one_at_a_time:
            if self._token is None or self._token.until <= self._clock.now():
                self._token = await self._fresh()
            return self._token.value

    async def _fresh(self) -> Token:
        secret = self._settings.app_secret.get_secret_value()
        began = self._clock.now()
        status, said, answer = await self._send(
            "POST", TOKENS_AT, json={"app_id": self._settings.app_id, "app_secret": secret}
        )
        value, lasts = answer.get("tenant_access_token"), answer.get("expire")
        if status != 200 or answer.get("code") != 0 or not isinstance(value, str):
            raise refusal(status, said, answer) if answer else busy(f"HTTP {status}")
        seconds = timedelta(seconds=float(lasts) if isinstance(lasts, int | float) else 0.0)
        return Token(value, began + max(seconds - TOKEN_MARGIN, seconds / 2))

    def _forget(self, token: str) -> None:
        if self._token is not None and self._token.value == token:
            self._token = None

    async def _send(self, method: str, path: str, **what: Any) -> tuple[int, Mapping[str, str], Mapping[str, Any]]:
        try:
            async with self._session.request(
                method, self._domain + path, timeout=ClientTimeout(total=CALL_TIMEOUT), allow_redirects=False, **what
            ) as response:
                content = await response.content.read(LARGEST_ANSWER)
                while not response.content.at_eof() and len(content) < LARGEST_ANSWER:
                    content += await response.content.readany()
                return response.status, response.headers, _parsed(content)
        except (ClientError, TimeoutError) as error:
            raise busy(type(error).__name__) from error


def _parsed(content: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(content)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
