"""Keeps the one long connection of a WeCom AI bot: subscribe, heartbeat, answers by request id, and coming back."""

import asyncio
import json
import logging
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from aiohttp import ClientError, ClientSession, ClientWebSocketResponse, ClientWSTimeout, WSMsgType

from bot.platforms.wecom.errors import TAKEN_OVER, busy, refusal
from engine.errors import PlatformBusy, PlatformError
from engine.ports import Clock

log = logging.getLogger("tocsin.wecom")

Frame = dict[str, Any]
Heard = Callable[[Frame], None]
"""Takes a callback frame and returns at once: work behind it must not hold up the connection."""

PING_EVERY = 30.0
"""Seconds between heartbeats (official Node client)."""
CONNECT_WITHIN = 10.0
ANSWER_WITHIN = 5.0
FIRST_RETRY = 1.0
LONGEST_RETRY = 60.0
STEADY = timedelta(seconds=30)
"""A connection that lived this long was a good one: the next try is at once again."""
LARGEST_FRAME = 4 * 1024 * 1024
CALLBACKS = ("aibot_msg_callback", "aibot_event_callback")


class Line:
    """The connection. One per bot: WeCom drops the old one when a new one subscribes, so being dropped for another is
    final. Two processes that both came back would throw each other out for ever."""

    def __init__(
        self, url: str, bot_id: str, secret: str, session: ClientSession, clock: Clock, heard: Heard, *,
        patience: float = ANSWER_WITHIN,
    ) -> None:  # fmt: skip
        self._url = url
        self._bot_id = bot_id
        self._secret = secret
        self._session = session
        self._clock = clock
        self._heard = heard
        self._patience = patience
        self._socket: ClientWebSocketResponse | None = None
        self._waiting: dict[str, asyncio.Future[Frame]] = {}
        self.open = asyncio.Event()
        self.taken_over = False
        self.trouble = "not connected yet"

    async def run(self) -> None:
        """Stay connected until somebody else takes the bot over."""
        retry = FIRST_RETRY
        while True:
            began = self._clock.now()
            await self._connect()
            if self.taken_over:
                return
            retry = FIRST_RETRY if self._clock.now() - began >= STEADY else retry
            log.warning("WeCom connection is down (%s), trying again in %.0f s", self.trouble, retry)
            await self._clock.sleep(retry)
            retry = min(LONGEST_RETRY, retry * 2)

    async def ask(self, command: str, body: object = None, request: str = "") -> Frame:
        """Send a command and wait for its answer; the answer's body. PlatformBusy while offline, when no answer comes,
        and for WeCom's own limits; PlatformError for a refusal. `request` is the id of the callback answered."""
        self.must_be_open()
        return await self._exchange(command, body, request)

    def must_be_open(self) -> None:
        """PlatformBusy while nothing can be sent."""
        if self.taken_over:
            raise busy("wecom.taken_over", TAKEN_OVER)
        if not self.open.is_set():
            raise busy("wecom.offline")

    async def _connect(self) -> None:
        try:
            async with asyncio.timeout(CONNECT_WITHIN):
                socket = await self._session.ws_connect(
                    self._url, timeout=ClientWSTimeout(ws_close=2.0), max_msg_size=LARGEST_FRAME
                )
        except (ClientError, OSError, TimeoutError) as error:
            self.trouble = type(error).__name__
            return
        self._socket = socket
        try:
            await self._serve(socket)
        finally:
            self.open.clear()
            self._socket = None
            await socket.close()
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(busy("wecom.offline"))

    async def _serve(self, socket: ClientWebSocketResponse) -> None:
        async with asyncio.TaskGroup() as group:
            beating = group.create_task(self._beat(socket))
            await self._read(socket)
            beating.cancel()

    async def _beat(self, socket: ClientWebSocketResponse) -> None:
        """Subscribe, then show every half minute that we live; a heartbeat nobody answers ends the connection."""
        try:
            await self._exchange("aibot_subscribe", {"bot_id": self._bot_id, "secret": self._secret})
            self.trouble = ""
            self.open.set()
            log.info("WeCom connection is up")
            while True:
                await self._clock.sleep(PING_EVERY)
                await self._exchange("ping")
        except PlatformError as error:
            self.trouble = str(error)
            if not isinstance(error, PlatformBusy):
                log.error("WeCom refuses this bot; look at bot_id and bot_secret: %s", error)  # noqa: TRY400
            await socket.close()

    async def _read(self, socket: ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                self._take(message.data)
            if self.taken_over:
                break
        self.trouble = self.trouble or f"closed with {socket.close_code}"

    def _take(self, text: str) -> None:
        try:
            frame = json.loads(text)
        except ValueError:
            log.warning("WeCom sent a frame that is no JSON, %d characters", len(text))
            return
        if not isinstance(frame, dict) or not isinstance(frame.get("headers"), dict):
            log.warning("WeCom sent a frame without headers")
            return
        if frame.get("cmd") in CALLBACKS:
            self._hear(frame)
            return
        waiting = self._waiting.get(str(frame["headers"].get("req_id")))
        if waiting is not None and not waiting.done():
            waiting.set_result(frame)

    def _hear(self, frame: Frame) -> None:
        body = frame.get("body")
        event = body.get("event") if isinstance(body, dict) else None
        if isinstance(event, dict) and event.get("eventtype") == "disconnected_event":
            self.taken_over = True
            self.trouble = "another process subscribed with this bot; only one may: stop it, then restart this one"
            log.error("WeCom gave this bot to another connection and none comes here any more: %s", self.trouble)
        elif isinstance(body, dict):
            self._heard(frame)

    async def _exchange(self, command: str, body: object = None, request: str = "") -> Frame:
        socket = self._socket
        if socket is None or socket.closed:
            raise busy("wecom.offline")
        request = request or f"{command}_{secrets.token_hex(8)}"
        frame: Frame = {"cmd": command, "headers": {"req_id": request}}
        waiting: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._waiting[request] = waiting
        try:
            async with asyncio.timeout(self._patience):
                await socket.send_str(json.dumps(frame if body is None else frame | {"body": body}))
                answer = await waiting
        except TimeoutError:
            raise busy("wecom.no_answer", command=command) from None
        except (ClientError, OSError) as error:
            raise busy("wecom.offline") from error
        finally:
            if self._waiting.get(request) is waiting:
                del self._waiting[request]
        if (refused := refusal(answer)) is not None:
            raise refused
        found = answer.get("body")
        return found if isinstance(found, dict) else {}
