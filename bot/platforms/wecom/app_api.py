"""Calls WeCom's REST interface for a self-built app: one token for all, messages to members, pictures, new cards."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

from aiohttp import ClientError, ClientSession, FormData

from bot.platforms.wecom.carrier import Body
from bot.platforms.wecom.errors import STALE_TOKEN, busy, refusal
from bot.platforms.wecom.pace import Windows
from engine.errors import PlatformError
from engine.ports import Clock

WITHIN = 8.0
LARGEST_ANSWER = 64 * 1024
EARLY = timedelta(minutes=5)
"""A token is fetched anew this long before it ends."""
LONGEST_TEXT = 2_048
"""Bytes of a markdown message of an app."""


class AppApi:
    """The interface. Answers are HTTP 200 whatever happened: the errcode counts."""

    def __init__(self, url: str, corp_id: str, secret: str, session: ClientSession, clock: Clock) -> None:
        self._url = url.rstrip("/")
        self._corp_id = corp_id
        self._secret = secret
        self._session = session
        self._clock = clock
        self._turn = asyncio.Lock()
        self._token = ""
        self._until: datetime | None = None

    async def post(self, path: str, body: Body) -> Body:
        """Post JSON; the answer. PlatformError, PlatformBusy."""
        return await self._called("POST", path, {}, lambda: json.dumps(body).encode())

    async def get(self, path: str, query: dict[str, str]) -> Body:
        """Ask; the answer. PlatformError, PlatformBusy."""
        return await self._called("GET", path, query, lambda: None)

    async def upload(self, content: bytes, name: str) -> str:
        """Hand a picture over; its media id, good for three days."""

        def form() -> FormData:
            data = FormData()
            data.add_field("media", content, filename=name, content_type="image/png")
            return data

        return str((await self._called("POST", "media/upload", {"type": "image"}, form)).get("media_id", ""))

    async def _called(self, method: str, path: str, query: dict[str, str], data: Any) -> Body:
        token = await self._fresh("")
        answer = await self._call(method, path, query | {"access_token": token}, data())
        if answer.get("errcode") in STALE_TOKEN:
            token = await self._fresh(token)
            answer = await self._call(method, path, query | {"access_token": token}, data())
        if (refused := refusal(answer)) is not None:
            raise refused
        return answer

    async def _fresh(self, stale: str) -> str:
        """The token all calls share; fetched once, however many wait for it."""
        async with self._turn:
            good = self._until is not None and self._clock.now() < self._until
            if self._token and good and self._token != stale:
                return self._token
            query = {"corpid": self._corp_id, "corpsecret": self._secret}
            answer = await self._call("GET", "gettoken", query, None)
            if (refused := refusal(answer)) is not None:
                raise refused
            seconds = answer.get("expires_in", 7200)
            lasts = timedelta(seconds=seconds if isinstance(seconds, int) else 7200)
            self._token = str(answer.get("access_token", ""))
            self._until = self._clock.now() + max(lasts - EARLY, timedelta(seconds=30))
            return self._token

    async def _call(self, method: str, path: str, query: dict[str, str], data: Any) -> Body:
        """One request. The address holds token and secret, so nothing of what went wrong is told but its kind."""
        try:
            async with (
                asyncio.timeout(WITHIN),
                self._session.request(method, f"{self._url}/cgi-bin/{path}", params=query, data=data) as response,
            ):
                text = bytearray()
                async for piece in response.content.iter_any():
                    text += piece
                    if len(text) > LARGEST_ANSWER:
                        raise busy("wecom.no_answer", command=path)
                answer = json.loads(text)
        except TimeoutError:
            raise busy("wecom.no_answer", command=path) from None
        except (ClientError, OSError):
            raise busy("wecom.no_answer", command=path) from None
        except ValueError:
            raise busy("wecom.no_answer", command=path) from None
        return answer if isinstance(answer, dict) else {}


class AppCarrier:
    """Carries to members, each alone with the app: an app hears and reaches no group."""

    longest = LONGEST_TEXT
    mentions = False

    def __init__(self, api: AppApi, agent: str, windows: Windows) -> None:
        self._api = api
        self._agent = agent
        self._windows = windows

    async def send(self, room: str, body: Body, *, answer: bool = False) -> None:
        self._windows.take(f"app:{room}", answer=answer)
        told = await self._api.post("message/send", {"touser": room, "agentid": _number(self._agent), **body})
        if told.get("invaliduser"):
            raise PlatformError(f"WeCom knows no member {room[:40]} who may see the app")

    async def picture(self, room: str, content: bytes, name: str) -> None:
        media = await self._api.upload(content, name)
        await self.send(room, {"msgtype": "image", "image": {"media_id": media}})


class AppReply:
    """Answers what a member did with the app; a press within 72 hours, by its response code, once."""

    grows = False

    def __init__(self, carrier: AppCarrier, api: AppApi, agent: str, user: str, response_code: str = "") -> None:
        self._carrier = carrier
        self._api = api
        self._agent = agent
        self._user = user
        self._response_code = response_code

    async def say(self, body: Body) -> None:
        content = body["stream"]["content"] if body["msgtype"] == "stream" else body["markdown"]["content"]
        for part in _parts(content):
            await self._carrier.send(self._user, {"msgtype": "markdown", "markdown": {"content": part}}, answer=True)

    async def redraw(self, card: Body, users: tuple[str, ...]) -> None:
        code, self._response_code = self._response_code, ""
        if not code:
            raise PlatformError("this press came without a response code")
        about: Body = {"userids": [self._user], "agentid": _number(self._agent), "response_code": code}
        await self._api.post("message/update_template_card", about | {"template_card": card})


def _parts(content: str) -> list[str]:
    """A text in messages of at most 2048 bytes, cut between lines; a line longer than that is cut itself."""
    parts: list[str] = []
    for whole in content.split("\n"):
        row = whole.encode()[:LONGEST_TEXT].decode(errors="ignore")
        if parts and len(f"{parts[-1]}\n{row}".encode()) <= LONGEST_TEXT:
            parts[-1] += f"\n{row}"
        elif row:
            parts.append(row)
    return parts


def _number(agent: str) -> int | str:
    return int(agent) if agent.isdigit() else agent
