"""Puts slack-bolt before the reception: it reads both ways in, answers Slack's own checks and drops our echo."""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.slack.arrival import Reply
from bot.platforms.slack.payload import Json, text
from bot.platforms.slack.quiet import bolt_logger

Take = Callable[[Json], Awaitable[Reply]]


def bolt(client: AsyncWebClient, take: Take, itself: Json) -> AsyncApp:
    """An app all of whose deliveries go to `take`; `itself` is what auth.test said of the bot.

    Signatures are judged before (bot/platforms/slack/callback.py): bolt would read the body first. Nothing is left to
    bolt's listeners either, which run in tasks nobody holds."""

    async def authorize(**about: Any) -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=text(itself, "enterprise_id") or None,
            team_id=text(itself, "team_id"),
            bot_user_id=text(itself, "user_id"),
            bot_id=text(itself, "bot_id"),
            bot_token=client.token,
        )

    app = AsyncApp(logger=bolt_logger(), client=client, authorize=authorize, request_verification_enabled=False)
    app.use(_Door(take))
    return app


class _Door(AsyncMiddleware):
    """Where bolt's way ends: there is no listener that could be missing."""

    def __init__(self, take: Take) -> None:
        self._take = take

    async def async_process(
        self, *, req: AsyncBoltRequest, resp: BoltResponse, next: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse:
        reply = await self._take(req.body)
        return BoltResponse(status=reply.status, body=reply.body or "")
