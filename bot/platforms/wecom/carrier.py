"""Says how messages reach a chat, whichever of WeCom's surfaces carries them, and carries them for the AI bot."""

import secrets
from typing import Any, Protocol

from bot.platforms.wecom import pictures
from bot.platforms.wecom.pace import Windows
from bot.platforms.wecom.socket import Line
from cards.render.wecom import LONGEST_MARKDOWN, safe

Body = dict[str, Any]


class Carrier(Protocol):
    """One way into chats. Everything raises PlatformError and PlatformBusy. A text has at most `longest` bytes;
    `mentions` says whether it may name people so that they are told."""

    @property
    def longest(self) -> int: ...

    @property
    def mentions(self) -> bool: ...

    async def send(self, room: str, body: Body, *, answer: bool = False) -> None:
        """Send one message; `answer` where a person waits for it."""
        ...

    async def picture(self, room: str, content: bytes, name: str) -> None:
        """Send a picture."""
        ...


class Reply(Protocol):
    """The way back to a person who just did something, good for a short while. `grows` says whether an answer may be
    said again, longer, under the same stream."""

    @property
    def grows(self) -> bool: ...

    async def say(self, body: Body) -> None:
        """Answer a message."""
        ...

    async def redraw(self, card: Body, users: tuple[str, ...]) -> None:
        """Put another card in the place of the one that was pressed: for these people, for all where there are none."""
        ...


class BotCarrier:
    """Carries through the AI bot's connection: into groups it is in, and to people who spoke with it before."""

    longest = LONGEST_MARKDOWN
    mentions = True

    def __init__(self, line: Line, windows: Windows) -> None:
        self._line = line
        self._windows = windows

    async def send(self, room: str, body: Body, *, answer: bool = False) -> None:
        # What never left does not count against the limit: after an outage cards go out at once.
        self._line.must_be_open()
        self._windows.take(room, answer=answer)
        await self._line.ask("aibot_send_msg", {"chatid": room, **body})

    async def picture(self, room: str, content: bytes, name: str) -> None:
        media = await pictures.upload(self._line.ask, content, name)
        await self.send(room, {"msgtype": "image", "image": {"media_id": media}})


class BotReply:
    """Answers one callback of the AI bot, by its request id."""

    grows = True

    def __init__(self, line: Line, windows: Windows, room: str, request: str, *, entered: bool = False) -> None:
        self._line = line
        self._windows = windows
        self._room = room
        self._request = request
        self._entered = entered
        self._said = False

    async def say(self, body: Body) -> None:
        if self._entered:
            greeting = {"msgtype": "text", "text": {"content": body["stream"]["content"]}}
            await self._line.ask("aibot_respond_welcome_msg", greeting, self._request)
            return
        if not self._said:
            self._windows.take(self._room, answer=True)
        self._said = True
        await self._line.ask("aibot_respond_msg", body, self._request)

    async def redraw(self, card: Body, users: tuple[str, ...]) -> None:
        body: Body = {"response_type": "update_template_card", "template_card": card}
        await self._line.ask(
            "aibot_respond_update_msg", body | ({"userids": list(users)} if users else {}), self._request
        )


def text(content: str) -> Body:
    """A markdown message."""
    return {"msgtype": "markdown", "markdown": {"content": content}}


def streamed(content: str, id: str = "", *, finish: bool = True) -> Body:
    """The answer to a message: a stream that ends with this piece, or goes on under its id."""
    return {"msgtype": "stream", "stream": {"id": id or secrets.token_hex(8), "finish": finish, "content": content}}


def mention(user: str) -> str:
    """Names a person before what they are told; nothing for an id that could be more than that."""
    return f"{named} " if (named := safe.mention(user)) else ""


def card(template: Body) -> Body:
    """A message with a template card."""
    return {"msgtype": "template_card", "template_card": template}
