"""Holds the Socket Mode connection: opened with a fresh address, watched, and opened anew once it is dead.

Slack's client goes on for ever with an address that has died, and does not wait for its own tasks when it is closed.
So a connection that is not alive for some seconds is given up with its client and all its tasks, and a new one made.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import Any

from aiohttp import ClientError
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.platforms.slack.api import Api
from bot.platforms.slack.patience import Patience
from bot.platforms.slack.quiet import sdk_logger
from engine.errors import PlatformBusy, PlatformError
from engine.ports import Clock

log = logging.getLogger("tocsin.slack")

GOODBYE = 1.0
"""Seconds the other end has to close a connection."""


class Socket(SocketModeClient):
    """Slack's client, with its tasks known by name so that none outlives it."""

    def __init__(self, app: AsyncApp, app_token: str, ping_interval: float) -> None:
        super().__init__(app_token, logger=sdk_logger(), web_client=app.client, ping_interval=ping_interval)
        self._app = app
        self._busy: set[asyncio.Task[Any]] = set()
        self.socket_mode_request_listeners.append(self._heard)

    async def run_message_listeners(self, message: dict[str, Any], raw_message: str) -> None:
        """Work on one frame, in a task the client starts and forgets."""
        task = asyncio.current_task()
        assert task is not None
        self._busy.add(task)
        try:
            await super().run_message_listeners(message, raw_message)
        finally:
            self._busy.discard(task)

    async def end(self) -> None:
        """Close, and wait until nothing of it runs any more."""
        with suppress(TimeoutError):
            # Whoever is silent does not say goodbye either.
            async with asyncio.timeout(GOODBYE):
                await self.close()  # type: ignore[no-untyped-call]
        own = (self.message_processor, self.current_session_monitor, self.message_receiver)
        left = {*self._busy, *(task for task in own if task is not None)}
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)
        if not self.aiohttp_client_session.closed:
            await self.aiohttp_client_session.close()

    async def _heard(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        began = monotonic()
        await send_async_response(client, request, await run_async_bolt_app(self._app, request), began)


class Line:
    """The connection over all its lives. `alive` tells whether it stands now."""

    def __init__(self, app: AsyncApp, api: Api, app_token: str, clock: Clock, patience: Patience) -> None:
        self._app = app
        self._api = api
        self._app_token = app_token
        self._clock = clock
        self._patience = patience
        self.alive = False

    async def hold(self) -> None:
        """Be connected until cancelled."""
        pause = self._patience.first_retry
        while True:
            try:
                async with self._socket() as socket:
                    log.info("connected to Slack")
                    pause = self._patience.first_retry
                    await self._watch(socket)
                log.warning("the connection to Slack died; opening another one")
            except PlatformBusy as busy:
                log.warning("Slack gives no connection, trying again in %.0f s: %s", busy.retry_after, busy)
                pause = max(pause, busy.retry_after)
            except (PlatformError, TimeoutError, ClientError, OSError) as error:
                log.warning(
                    "Slack gives no connection: %s", error if isinstance(error, PlatformError) else type(error).__name__
                )
            self.alive = False
            await self._clock.sleep(pause)
            pause = min(pause * 2, self._patience.longest_retry)

    @asynccontextmanager
    async def _socket(self) -> AsyncIterator[Socket]:
        """An open connection. PlatformError, TimeoutError."""
        address = await self._api.socket()
        socket = Socket(self._app, self._app_token, self._patience.ping)
        try:
            socket.wss_uri = address
            async with asyncio.timeout(self._patience.opening):
                await socket.connect()  # type: ignore[no-untyped-call]
            yield socket
        finally:
            await socket.end()

    async def _watch(self, socket: Socket) -> None:
        """Return once the connection has been dead for too long."""
        dead_for = 0.0
        while dead_for < self._patience.dead:
            self.alive = await socket.is_connected()
            dead_for = 0.0 if self.alive else dead_for + self._patience.look
            await asyncio.sleep(self._patience.look)
