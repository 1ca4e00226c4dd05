"""Calls Slack's Web API: one timeout, no silent repetition, and every no as an error of ours."""

import asyncio
from collections.abc import Mapping
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession

from bot.platforms.slack.payload import Json, text
from bot.platforms.slack.quiet import sdk_logger
from bot.platforms.slack.refusals import Refused, Unanswered, refusal
from bot.platforms.slack.tiers import Tiers
from bot.settings import Slack
from engine.errors import PlatformError
from engine.model import Phrase
from engine.ports import Clock

PATIENCE = 10.0
"""Seconds one call may take; the outbox waits 20 for a whole message."""
LARGEST_FILE = 10 * 1024 * 1024
"""Bytes of a picture somebody shares."""


class Api:
    """The Web API with the bot's token. Slack's client is imported at the first call, in a thread. `granted` are the
    scopes of the token, as the last answer named them."""

    def __init__(self, settings: Slack, session: ClientSession, clock: Clock) -> None:
        self._settings = settings
        self._session = session
        self._tiers = Tiers(clock)
        self._client: Any = None
        self._making = asyncio.Lock()
        self._itself: Json = {}
        self.granted: frozenset[str] = frozenset()

    async def call(self, method: str, **arguments: Any) -> Json:
        """Call a method that does something, with JSON. Refused, PlatformBusy, Unanswered."""
        return await self._answered(method, http_verb="POST", json=arguments)

    async def ask(self, method: str, **arguments: Any) -> Json:
        """Call a method that only reads. Refused, PlatformBusy, Unanswered."""
        return await self._answered(method, http_verb="GET", params=arguments)

    async def itself(self) -> Json:
        """What auth.test says of the bot: user_id, bot_id, team_id. Asked until it was answered once."""
        if not self._itself:
            self._itself = await self.call("auth.test")
        return self._itself

    async def socket(self) -> str:
        """A fresh address for Socket Mode, good for one connection. It holds a ticket: never log it."""
        token = self._settings.app_token.get_secret_value()
        headers = {"Authorization": f"Bearer {token}"}
        return text(await self._answered("apps.connections.open", http_verb="POST", headers=headers), "url")

    async def upload(self, name: str, content: bytes) -> str:
        """Hand a file over; its id. It belongs to the app until a message shows it."""
        given = await self.ask("files.getUploadURLExternal", filename=name, length=len(content))
        try:
            async with asyncio.timeout(PATIENCE):
                async with self._session.post(text(given, "upload_url"), data=content) as answer:
                    if answer.status != 200:
                        raise refusal("upload", answer.status, answer.headers, {})
        except (ClientError, TimeoutError) as error:
            raise Unanswered(type(error).__name__) from None
        file = text(given, "file_id")
        await self.call("files.completeUploadExternal", files=[{"id": file, "title": name}])
        return file

    async def download(self, url: str) -> bytes:
        """A file somebody shared. The token goes to Slack's own hosts alone."""
        if not self._is_slack(url):
            raise Refused(Phrase(word="slack.error.foreign_file"), "foreign_file")
        token = self._settings.bot_token.get_secret_value()
        try:
            async with asyncio.timeout(PATIENCE):
                headers = {"Authorization": f"Bearer {token}"}
                async with self._session.get(url, headers=headers, allow_redirects=False) as answer:
                    if answer.status != 200:
                        raise refusal("download", answer.status, answer.headers, {})
                    content = b""
                    async for piece in answer.content.iter_chunked(64 * 1024):
                        content += piece
                        if len(content) > LARGEST_FILE:
                            raise _too_large()
                    return content
        except (ClientError, TimeoutError) as error:
            raise Unanswered(type(error).__name__) from None

    async def respond(self, url: str, body: Mapping[str, Any]) -> None:
        """Answer by the address that came with an interaction (5 times in 30 minutes)."""
        if not self._is_slack(url):
            raise Refused(Phrase(word="slack.error.foreign_file"), "foreign_url")
        try:
            async with asyncio.timeout(PATIENCE):
                async with self._session.post(url, json=dict(body), allow_redirects=False) as answer:
                    if answer.status != 200:
                        raise refusal("response_url", answer.status, answer.headers, {})
        except (ClientError, TimeoutError) as error:
            raise Unanswered(type(error).__name__) from None

    async def client(self) -> Any:
        """Slack's own AsyncWebClient, which repeats nothing by itself."""
        async with self._making:
            if self._client is None:
                web = await asyncio.to_thread(import_module, "slack_sdk.web.async_client")
                self._client = web.AsyncWebClient(
                    token=self._settings.bot_token.get_secret_value(),
                    base_url=self._settings.api_url,
                    session=self._session,
                    logger=sdk_logger(),
                    retry_handlers=[],
                )
        return self._client

    async def _answered(self, method: str, **arguments: Any) -> Json:
        await self._tiers.turn(method)
        client = await self.client()
        errors = import_module("slack_sdk.errors")
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await client.api_call(method, **arguments)
        except errors.SlackApiError as error:
            raise _refusal(method, error.response) from None
        except (ClientError, TimeoutError, errors.SlackClientError) as error:
            raise Unanswered(type(error).__name__) from None
        if told := answer.headers.get("x-oauth-scopes"):
            self.granted = frozenset(scope.strip() for scope in told.split(","))
        return answer.data if isinstance(answer.data, dict) else {}

    def _is_slack(self, url: str) -> bool:
        """Whether an address is one of Slack's, or of wherever the settings say that Slack is."""
        try:
            there, own = urlsplit(url), urlsplit(self._settings.api_url)
            same = (there.scheme, there.hostname, there.port) == (own.scheme, own.hostname, own.port)
        except ValueError:
            return False
        host = there.hostname or ""
        return same or (there.scheme == "https" and (host == "slack.com" or host.endswith(".slack.com")))


def _refusal(method: str, answer: Any) -> PlatformError:
    """The error behind an exception of Slack's client, which holds its own kind of answer, or the plain HTTP one."""
    status = int(getattr(answer, "status_code", 0) or getattr(answer, "status", 500))
    body = getattr(answer, "data", None)
    return refusal(method, status, answer.headers, body if isinstance(body, dict) else {})


def _too_large() -> PlatformError:
    megabytes = LARGEST_FILE // 1024 // 1024
    return Refused(Phrase(word="slack.error.file_too_large", values={"megabytes": megabytes}), "too_large")
