"""Plays the wire to Slack on 127.0.0.1: the Web API, Socket Mode, signed HTTP deliveries; with faults on demand."""

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Self
from urllib.parse import urlencode

from aiohttp import ClientSession, WSMsgType, web

from tests.fakes.slack_workspace import APP, APP_TOKEN, BOT, SIGNING_SECRET, TEAM, No, Workspace

log = logging.getLogger("tests.slack")

DEADLINE = 3.0
SOCKETS = 10
Json = dict[str, Any]


class Failed(AssertionError):
    """What a person did was not taken: Slack shows them that it failed."""


class Wire:
    """A workspace, and the wire to it. `away` answers nothing; `lose` does what is asked and loses the answer;
    `dead` gives out addresses at which nobody opens. Frames go to one socket at a time, the newest first."""

    def __init__(self) -> None:
        self.workspace = Workspace()
        self.away = False
        self.lose = 0
        self.delay: asyncio.Event | None = None
        self.dead = 0
        self.deadline = DEADLINE
        self.callback = ""
        self.secret = SIGNING_SECRET
        self.sockets: list[web.WebSocketResponse] = []
        self.opened = 0
        self.refused = 0
        self.late: list[str] = []
        self.wrong: list[str] = []
        self.delivered: list[tuple[str, Json]] = []
        self.tickets: dict[str, bool] = {}
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._changed = asyncio.Event()
        self._session: ClientSession | None = None

    # --- the wire ---

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Self]:
        """Listen on a free port of 127.0.0.1 until the block ends."""
        app = web.Application(client_max_size=20 * 1024 * 1024)
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_post("/upload/{file}", self._upload)
        app.router.add_get("/files/{file}", self._download)
        app.router.add_post("/respond/{id}", self._respond)
        app.router.add_get("/socket", self._socket)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.workspace.base = f"http://{host}:{port}"
        async with ClientSession() as session:
            self._session = session
            try:
                yield self
            finally:
                await self.hang_up()
                await runner.cleanup()

    @property
    def api_url(self) -> str:
        return f"{self.workspace.base}/api/"

    async def _api(self, request: web.Request) -> web.StreamResponse:
        if self.away:
            self.refused += 1
            self._ring()
            return web.Response(status=503, text="<html>Service Unavailable</html>", content_type="text/html")
        method = request.match_info["method"]
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        arguments: Json = dict(request.query)
        if request.method == "POST" and request.can_read_body:
            arguments |= await request.json() if "json" in request.content_type else dict(await request.post())
        try:
            if method == "apps.connections.open":
                return web.json_response(self._connection(token))
            answered = self.workspace.answer(method, token, arguments)
        except No as no:
            return web.json_response(no.body, status=no.status, headers=no.headers)
        finally:
            self._ring()
        if self.delay is not None:
            await self.delay.wait()
        if self.lose and method.startswith("chat."):
            self.lose -= 1
            assert request.transport is not None
            request.transport.close()
        scopes = ",".join(sorted(self.workspace.scopes))
        return web.json_response(answered, headers={"x-oauth-scopes": scopes})

    def _connection(self, token: str) -> Json:
        if token != APP_TOKEN:
            raise No("invalid_auth")
        ticket = f"ticket-{self.workspace.number()}-of-tests"
        self.tickets[ticket] = self.dead <= 0
        self.dead = max(0, self.dead - 1)
        return {"ok": True, "url": f"{self.workspace.base.replace('http', 'ws')}/socket?ticket={ticket}&app_id={APP}"}

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if not self.tickets.pop(request.query.get("ticket", ""), False) or self.away:
            return web.Response(status=403)
        if len(self.sockets) >= SOCKETS:
            return web.Response(status=429)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        info = {"app_id": APP}
        await socket.send_json({"type": "hello", "num_connections": len(self.sockets) + 1, "connection_info": info})
        self.sockets.append(socket)
        self.opened += 1
        self._ring()
        try:
            async for frame in socket:
                if frame.type == WSMsgType.TEXT:
                    self._acknowledged(frame.data)
        finally:
            if socket in self.sockets:
                self.sockets.remove(socket)
            self._ring()
        return socket

    def _acknowledged(self, frame: str) -> None:
        told = json.loads(frame)
        waiting = self._waiting.pop(told.get("envelope_id", ""), None)
        if unknown := set(told) - {"envelope_id", "payload"}:
            self.wrong.append(f"unknown part of an acknowledgement: {sorted(unknown)}")
        if waiting is None or waiting.done():
            self.wrong.append("an acknowledgement of nothing that waits")
        else:
            waiting.set_result(told.get("payload") or {})
        self._ring()

    async def _upload(self, request: web.Request) -> web.Response:
        self.workspace.files[request.match_info["file"]] = await request.read()
        return web.Response(text="OK")

    async def _download(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.workspace.token}":
            return web.Response(status=302, headers={"Location": "https://slack.invalid/sign-in"})
        return web.Response(body=self.workspace.files.get(request.match_info["file"]) or b"")

    async def _respond(self, request: web.Request) -> web.Response:
        until, left, person, channel, thread = self.workspace.responders.get(
            request.match_info["id"], (0, 0, "", "", "")
        )
        if not left or self.workspace.tick() > until:
            return web.json_response({"ok": False, "error": "used_url"}, status=404)
        self.workspace.responders[request.match_info["id"]] = (until, left - 1, person, channel, thread)
        body = await request.json()
        self._show_alone(person, channel, thread, body)
        return web.Response(text="ok")

    def _show_alone(self, person: str, channel: str, thread: str, body: Json) -> None:
        payload: Json = {name: body[name] for name in ("text", "blocks", "attachments") if name in body}
        self.workspace._judged(payload)
        more: Json = {"payload": payload, "thread_ts": thread, "alone": person}
        self.workspace.said(channel, BOT, payload.get("text", ""), **more)
        self._ring()

    # --- delivering ---

    async def deliver(self, kind: str, payload: Json, *, retry: int = 0) -> Json | None:
        """Bring a payload to the app and wait for its acknowledgement; None where there was none in time."""
        self.delivered.append((kind, payload))
        if self.callback:
            return await self._by_http(kind, payload, retry)
        await self.until(lambda: self.sockets)
        id = f"envelope-{self.workspace.number()}"
        frame = {"type": kind, "envelope_id": id, "payload": payload, "accepts_response_payload": kind != "events_api"}
        if retry:
            frame |= {"retry_attempt": retry, "retry_reason": "timeout"}
        waiting: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[id] = waiting
        await self.sockets[-1].send_json(frame)
        await asyncio.wait({waiting}, timeout=self.deadline)
        if waiting.done():
            return waiting.result()
        self.late.append(kind)
        waiting.cancel()
        return None

    async def _by_http(self, kind: str, payload: Json, retry: int) -> Json | None:
        assert self._session is not None
        form = {"slash_commands": payload, "interactive": {"payload": json.dumps(payload)}}.get(kind)
        body = urlencode(form).encode() if form is not None else json.dumps(payload).encode()
        headers = signed(body, int(self.workspace.now()), self.secret)
        headers["Content-Type"] = "application/json" if form is None else "application/x-www-form-urlencoded"
        if retry:
            headers |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": "http_timeout"}
        async with self._session.post(self.callback, data=body, headers=headers) as answer:
            told = await answer.text()
            if answer.status != 200:
                self.late.append(kind)
                return None
            return json.loads(told) if told.startswith("{") else {"text": told} if told else {}

    async def event(self, event: Json) -> None:
        """Bring an event, and bring it again where it is not taken, as Slack does."""
        payload = event_callback(event, self.workspace.number())
        for retry in range(4):
            if await self.deliver("events_api", payload, retry=retry) is not None:
                return
        raise Failed(f"nobody took {event['type']}")

    async def again(self, kind: str, payload: Json) -> Json | None:
        """Bring the same delivery once more."""
        return await self.deliver(kind, payload, retry=1)

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask for a fresh connection, as Slack does every few hours."""
        for socket in tuple(self.sockets):
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {}})

    def mute(self) -> None:
        """Let all connections stand, and say nothing on them any more: not even a pong."""
        for socket in tuple(self.sockets):
            socket._autoping = False
            self.sockets.remove(socket)

    async def hang_up(self) -> None:
        """Cut all connections."""
        for socket in tuple(self.sockets):
            await socket.close()

    async def until(self, true: Callable[[], object], seconds: float = 10.0) -> None:
        """Wait until this holds; looked at whenever anything changes here."""
        async with asyncio.timeout(seconds):
            while not true():
                self._changed.clear()
                await self._changed.wait()

    def _ring(self) -> None:
        self._changed.set()


def event_callback(event: Json, number: int) -> Json:
    """The envelope of the Events API."""
    auth = {"enterprise_id": None, "team_id": TEAM, "user_id": BOT, "is_bot": True}
    outer = {"token": "old-verification-token", "team_id": TEAM, "api_app_id": APP, "type": "event_callback"}
    return {**outer, "event": event, "event_id": f"Ev{number:08d}", "event_time": 1, "authorizations": [auth]}


def signed(body: bytes, at: int, secret: str) -> dict[str, str]:
    """The headers of a signed delivery."""
    digest = hmac.new(secret.encode(), f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(at), "X-Slack-Signature": f"v0={digest}"}
