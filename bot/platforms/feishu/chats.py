"""Sends, edits and looks up messages, and remembers each one's chat, thread and age."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bot.platforms.feishu.api import Api
from bot.platforms.feishu.envelope import part, text
from bot.platforms.feishu.references import MESSAGE
from bot.platforms.feishu.refusals import GONE, Refused
from engine.errors import PlatformError
from engine.model import Phrase

MESSAGES = "/open-apis/im/v1/messages"
REMEMBERED = 5_000
"""Messages whose chat and age are kept in memory; of any other Feishu is asked."""


@dataclass(frozen=True)
class Sent:
    """One message: its chat, the first message of its thread ("" where it is that itself), when it was sent, who sent
    it ("user", "app"; with the app's id) and its content as Feishu tells it, "" where it was not asked."""

    id: str
    room: str
    root: str
    at: datetime
    sender: str = ""
    content: str = ""


class Chats:
    """The messages of im/v1, by their ids. A card is its JSON as text."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: OrderedDict[str, Sent] = OrderedDict()

    async def send(self, to: str, card: str, uuid: str) -> str:
        """Post a card as a new message to a chat (oc_…) or a person (ou_…); its id."""
        kind = "open_id" if to.startswith("ou_") else "chat_id"
        body = {"receive_id": to, "msg_type": "interactive", "content": card, "uuid": uuid}
        return self._keep(await self._api.call("POST", MESSAGES, query={"receive_id_type": kind}, body=body)).id

    async def reply(self, message: str, card: str, uuid: str) -> str:
        """Post a card into the thread of a message, which begins there where there was none; its id."""
        body = {"msg_type": "interactive", "content": card, "reply_in_thread": True, "uuid": uuid}
        return self._keep(await self._api.call("POST", f"{MESSAGES}/{_id(message)}/reply", body=body)).id

    async def edit(self, message: str, card: str) -> None:
        """Replace a card of ours as a whole."""
        await self._api.call("PATCH", f"{MESSAGES}/{_id(message)}", body={"content": card})

    async def insist(self, message: str, people: Sequence[str]) -> frozenset[str]:
        """Mark a message of ours as urgent (加急) for these people (ou_…); those Feishu does not reach by it."""
        body = {"user_id_list": list(people)}
        path = f"{MESSAGES}/{_id(message)}/urgent_app"
        told = (await self._api.call("PATCH", path, query={"user_id_type": "open_id"}, body=body)).get(
            "invalid_user_id_list"
        )
        return frozenset(str(each) for each in told) if isinstance(told, list) else frozenset()

    def known(self, message: str) -> Sent | None:
        """What is remembered of a message."""
        return self._known.get(message)

    async def find(self, message: str) -> Sent:
        """What is known of a message. PlatformError where there is none."""
        known = self._known.get(message)
        return known if known is not None else await self.look(message)

    async def look(self, message: str) -> Sent:
        """A message as Feishu tells it now, with its content. PlatformError where there is none, or no longer."""
        data = await self._api.call("GET", f"{MESSAGES}/{_id(message)}")
        items = data.get("items")
        item = items[0] if isinstance(items, list) and items and isinstance(items[0], Mapping) else {}
        if text(item, "message_id") != message:
            raise PlatformError(Phrase(word="error.no_message", values={"message": message[:40]}))
        if item.get("deleted") is True:
            raise Refused(Phrase(word="feishu.error.gone", values={"code": min(GONE)}), min(GONE))
        return self._keep(item)

    async def picture(self, message: str, key: str) -> bytes:
        """The bytes of an image somebody sent."""
        if not key or not key.isascii() or "/" in key:
            raise PlatformError(Phrase(word="error.no_message", values={"message": key[:40]}))
        return await self._api.fetch(f"{MESSAGES}/{_id(message)}/resources/{key}", {"type": "image"})

    def _keep(self, item: Mapping[str, Any]) -> Sent:
        id = text(item, "message_id")
        if not MESSAGE.fullmatch(id):
            raise PlatformError(Phrase(word="error.no_message", values={"message": id[:40]}))
        root = text(item, "root_id")
        sender = part(item, "sender")
        sent = Sent(
            id=id,
            room=text(item, "chat_id"),
            root="" if root == id else root,
            at=_moment(item.get("create_time")),
            sender=f"{text(sender, 'sender_type')}:{text(sender, 'id')}",
            content=text(item, "body", "content"),
        )
        self._known[id] = replace(sent, content="")  # contents are large, and asked for again when they matter
        self._known.move_to_end(id)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return sent


def _id(message: str) -> str:
    if not MESSAGE.fullmatch(message):
        raise PlatformError(Phrase(word="error.no_message", values={"message": message[:40]}))
    return message


def _moment(milliseconds: Any) -> datetime:
    try:
        return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
