"""Keeps a long connection alive on lark-oapi's own client; imported in the thread that holds it, and nowhere else."""

import asyncio
import base64
import logging
import random
import re
from collections.abc import Coroutine
from functools import partial
from types import SimpleNamespace
from typing import Any

from lark_oapi.core.enum import LogLevel
from lark_oapi.core.json import JSON
from lark_oapi.core.log import logger as sdk_logger
from lark_oapi.event.custom import CustomizedEvent
from lark_oapi.ws import client as sdk
from lark_oapi.ws.const import HEADER_BIZ_RT, HEADER_MESSAGE_ID, HEADER_SEQ, HEADER_SUM, HEADER_TYPE
from lark_oapi.ws.enum import MessageType
from lark_oapi.ws.exception import ClientException, ConnectionClosedException, ServerException
from lark_oapi.ws.model import Response

from bot.platforms.feishu.envelope import AGAIN, TAKEN, Envelope, Reply, Take, envelope
from bot.settings import Feishu

log = logging.getLogger("tocsin.feishu")

ENDPOINT_TIMEOUT = 10.0
"""Seconds for asking where to connect; the SDK itself would wait for ever."""
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
ANSWER_WITHIN = 2.8
"""Seconds; Feishu waits 3 for the answer to a click, and our loop gives its own after 2.5."""
PING_EVERY = 120.0
QUIET_FOR = 2.5
"""Ping intervals without a sign of life after which a connection counts as dead."""
LONGEST_FRAGMENTS = 256

FAILURES = (
    ClientException,
    ServerException,
    ConnectionClosedException,
    sdk.websockets.exceptions.WebSocketException,
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
)
"""What a connection can end with: refused, unreachable, lost, or an answer nobody expected."""

ADDRESS = re.compile(r"wss?://\S+|\b(?:ticket|access_key)=[^\s&]+")


class Discreet(logging.Handler):
    """Passes on what the SDK complains about, without the address of the connection: that holds a ticket."""

    def emit(self, record: logging.LogRecord) -> None:
        log.log(record.levelno, "lark-oapi: %s", ADDRESS.sub("…", record.getMessage())[:500])


def hush() -> None:
    """Take the SDK off standard output, and keep addresses with tickets out of every log."""
    for handler in tuple(sdk_logger.handlers):
        sdk_logger.removeHandler(handler)
    sdk_logger.addHandler(Discreet(logging.WARNING))
    sdk_logger.propagate = False
    logging.getLogger("websockets.client").setLevel(logging.INFO)  # its DEBUG lines hold the request with the ticket


async def stay_connected(settings: Feishu, take: Take, home: asyncio.AbstractEventLoop) -> None:
    """Connect, and again after each loss, until cancelled."""
    hush()
    sdk.loop = asyncio.get_running_loop()
    # As it stands the SDK asks for the address without a timeout; a lost answer would end all listening silently.
    sdk.requests = SimpleNamespace(post=partial(sdk.requests.post, timeout=ENDPOINT_TIMEOUT))
    pause = FIRST_PAUSE
    while True:
        connection = Connection(settings, take, home)
        try:
            await connection.live()
        except FAILURES as error:
            log.warning("no long connection to Feishu, trying again in %.0f s: %s", pause, _told(error))
        if connection.was_up:
            pause = FIRST_PAUSE
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(LONGEST_PAUSE, pause * 2)


def _told(error: BaseException) -> str:
    return f"{type(error).__name__} {ADDRESS.sub('…', str(error))[:300]}"


class Connection(sdk.Client):  # type: ignore[misc]  # the SDK has no types
    """One connection. The SDK finds the address, connects, pings, and speaks the frames; receiving, answering and
    noticing the loss are ours: its own handlers block the loop they run on, and its reconnecting cannot be stopped."""

    def __init__(self, settings: Feishu, take: Take, home: asyncio.AbstractEventLoop) -> None:
        secret = settings.app_secret.get_secret_value()
        domain = settings.domain.rstrip("/")
        super().__init__(settings.app_id, secret, LogLevel.WARNING, domain=domain, auto_reconnect=False)
        self._take = take
        self._home = home
        self.was_up = False
        self._heard = 0.0

    async def live(self) -> None:
        """Connect and take what comes until the connection is lost. One of FAILURES where it could not be made."""
        try:
            await self._connect()
            self.was_up = True
            self._heard = sdk.loop.time()
            log.info("long connection to Feishu is up")
            await self._serve()
        finally:
            self._cache._cron.cancel()
            async with asyncio.timeout(2.0):
                await self._disconnect()

    async def _serve(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                helpers = [group.create_task(self._ping()), group.create_task(self._watch())]
                try:
                    while True:
                        frame = await self._conn.recv()
                        self._heard = sdk.loop.time()
                        group.create_task(self._handle_message(frame))
                finally:
                    for helper in helpers:
                        helper.cancel()
        except* FAILURES as lost:
            log.warning("the long connection to Feishu was lost: %s", _told(lost.exceptions[0]))

    async def _ping(self) -> None:
        """Ping as often as Feishu asks. The SDK's own loop, told to stop while it writes, first sleeps two minutes."""
        while True:
            await self._write_message(sdk._new_ping_frame(int(self._service_id)).SerializeToString())
            await asyncio.sleep(self._every())

    def _every(self) -> float:
        """Seconds between two pings, as Feishu said last, and never none."""
        return max(float(self._ping_interval or PING_EVERY), 1.0)

    async def _receive_message_loop(self) -> None:
        """Nothing: `live` receives. The SDK starts this when it has connected."""

    async def _watch(self) -> None:
        """Close a connection that gives no sign of life; the SDK does not look whether its pings are answered."""
        while True:
            limit = self._every() * QUIET_FOR
            await asyncio.sleep(limit / 5)
            if sdk.loop.time() - self._heard > limit:
                log.warning("the long connection to Feishu has been silent for %.0f s; it is made anew", limit)
                await self._conn.close()
                return

    async def _handle_data_frame(self, frame: Any) -> None:
        headers = {header.key: header.value for header in frame.headers}
        payload = self._whole(headers, frame.payload)
        if payload is None or headers.get(HEADER_TYPE) != MessageType.EVENT.value:
            return
        began = sdk.loop.time()
        reply = await self._reply(payload)
        header = frame.headers.add()
        header.key, header.value = HEADER_BIZ_RT, str(round((sdk.loop.time() - began) * 1000))
        answer = Response(code=reply.code)
        if reply.body is not None:
            answer.data = base64.b64encode(JSON.marshal(dict(reply.body)).encode())
        frame.payload = JSON.marshal(answer).encode()
        await self._write_message(frame.SerializeToString())

    def _whole(self, headers: dict[str, str], payload: bytes) -> bytes | None:
        """The payload once all its fragments are here."""
        parts, number = int(headers.get(HEADER_SUM, "1")), int(headers.get(HEADER_SEQ, "0"))
        if parts <= 1:
            return payload
        if not (parts <= LONGEST_FRAGMENTS and 0 <= number < parts):
            return None
        whole: bytes | None = self._combine(headers.get(HEADER_MESSAGE_ID, ""), parts, number, payload)
        return whole

    async def _reply(self, payload: bytes) -> Reply:
        delivery = decoded(payload)
        if delivery is None:
            log.warning("Feishu delivered something that is no event of version 2; it is left")
            return TAKEN
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                return await asyncio.wrap_future(
                    asyncio.run_coroutine_threadsafe(_taken(self._take, delivery), self._home)
                )
        except TimeoutError:
            return AGAIN


def decoded(payload: bytes) -> Envelope | None:
    """A delivery as the SDK reads it; None for anything but an event of version 2."""
    try:
        event = JSON.unmarshal(payload.decode(), CustomizedEvent)
    except FAILURES:
        return None
    if event.schema != "2.0" or event.header is None or not isinstance(event.event, dict):
        return None
    return envelope({name: value for name, value in vars(event.header).items() if value is not None}, event.event)


def _taken(take: Take, delivery: Envelope) -> Coroutine[Any, Any, Reply]:
    async def taking() -> Reply:
        return await take(delivery)

    return taking()
