"""Translates what Feishu delivers into what the house takes in; decides nothing, trusts ids alone."""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from bot.platforms.contract import Kit
from bot.platforms.feishu import groups
from bot.platforms.feishu.chats import Chats
from bot.platforms.feishu.envelope import Envelope, part, text
from bot.platforms.feishu.references import Reference, first_messages
from bot.platforms.feishu.spoken import command, everything, parsed, without_bot, written
from cards.render.feishu import answers
from engine.errors import PlatformError
from engine.feedback import RATED
from engine.model import Phrase
from engine.team import Account
from handlers.inbound import (
    ButtonPressed,
    CommandTyped,
    FormSent,
    ImageShared,
    Inbound,
    MessageSaid,
    Place,
    ReactionAdded,
)

log = logging.getLogger("tocsin.feishu")

NAME = "feishu"
INCIDENT = re.compile(r"\binc_[0-9a-f]{8}\b")
CLICK = "card.action.trigger"
TAKEN_BACK = "im.message.reaction.deleted_v1"


class Unsealed(Exception):
    """A button whose value this house did not seal, or a card of no message."""


class Translator:
    """One method per kind of event; None for what is none of our business."""

    def __init__(self, kit: Kit, chats: Chats, app: str, bot: Callable[[], Awaitable[str]]) -> None:
        self._kit = kit
        self._chats = chats
        self._app = app
        self._bot = bot
        self._kinds: dict[str, Callable[[Envelope], Awaitable[Inbound | None]]] = {
            "im.message.receive_v1": self._said,
            CLICK: self._clicked,
            "im.message.reaction.created_v1": self._reacted,
            TAKEN_BACK: self._reacted,
            "application.bot.menu_v6": self._chosen,
            "im.chat.member.bot.deleted_v1": self._removed,
            "im.chat.disbanded_v1": self._removed,
            **dict.fromkeys(groups.EVENTS, self._regrouped),
        }

    async def event(self, envelope: Envelope) -> Inbound | None:
        """What happened, for the inbox. Unsealed, PlatformError (Feishu was asked for something and did not answer)."""
        translate = self._kinds.get(envelope.kind)
        return await translate(envelope) if translate is not None else None

    async def _said(self, envelope: Envelope) -> Inbound | None:
        message, sender = part(envelope.event, "message"), part(envelope.event, "sender")
        person = text(sender, "sender_id", "open_id")
        if text(sender, "sender_type") != "user" or not person:
            return None
        id, room = text(message, "message_id"), text(message, "chat_id")
        account = Account(platform=NAME, id=person)
        direct = text(message, "chat_type") == "p2p"
        place = replace(await self._place(room, text(message, "root_id")), direct=direct)
        kind = text(message, "message_type")
        # The same message may come under two event ids; its own id is the one that never changes.
        if kind == "image":
            return await self._shared(id, place, account, text(parsed(text(message, "content")), "image_key"))
        said = written(kind, text(message, "content"))
        said, mentioned = without_bot(said, message.get("mentions"), await self._bot())
        if not said.strip() and not mentioned:
            return None
        if (rest := command(said)) is not None:
            return CommandTyped(id, place, account, rest)
        return MessageSaid(
            id,
            place,
            account,
            said,
            quoted=await self._quoted(message),
            edited=_later(message.get("update_time"), message.get("create_time")),
            mentions_bot=mentioned or direct,
        )

    async def _shared(self, id: str, place: Place, account: Account, key: str) -> Inbound | None:
        if not place.incident:
            return None
        return ImageShared(id, place, account, key, await self._chats.picture(id, key))

    async def _clicked(self, envelope: Envelope) -> Inbound | None:
        event = envelope.event
        room, message = text(event, "context", "open_chat_id"), text(event, "context", "open_message_id")
        person = text(event, "operator", "open_id")
        opened = self._kit.seal.open(text(event, "action", "value", "t"))
        if opened is None or not person or not room or not message:
            raise Unsealed
        action, value = opened
        account = Account(platform=NAME, id=person)
        known = self._chats.known(message)
        thread = (known.root if known else "") or message
        place = Place(NAME, room, thread=thread, incident=await self._shown_by(room, message))
        typed = part(event, "action").get("form_value")
        if isinstance(typed, Mapping):
            return FormSent(envelope.id, place, account, action, value, answers(typed))
        return ButtonPressed(envelope.id, place, account, action, value)

    async def _reacted(self, envelope: Envelope) -> Inbound | None:
        event = envelope.event
        person = text(event, "user_id", "open_id")
        if text(event, "operator_type") != "user" or not person:
            return None
        message = await self._chats.find(text(event, "message_id"))
        place = await self._place(message.room, message.root or message.id)
        if not place.incident:
            return None
        name, moment = text(event, "reaction_type", "emoji_type"), _seconds(event.get("action_time"))
        card = await self._rated(message.room, message.id)
        account = Account(platform=NAME, id=person)
        return ReactionAdded(envelope.id, place, account, card, name, envelope.kind == TAKEN_BACK, moment)

    async def _rated(self, room: str, message: str) -> str:
        """The reference of a message, where it shows a card that people judge; else its id."""
        for slot in RATED:
            reference = str(Reference(message, slot=slot, first=False))
            if await self._kit.incident_at(room, reference):
                return reference
        return message

    async def _chosen(self, envelope: Envelope) -> Inbound | None:
        """An entry of the bot's menu: its key is the command, with _ for spaces. It belongs to no chat."""
        person = text(envelope.event, "operator", "operator_id", "open_id")
        if not person:
            return None
        account = Account(platform=NAME, id=person, name=text(envelope.event, "operator", "operator_name"))
        said = text(envelope.event, "event_key").replace("_", " ").strip()
        return CommandTyped(envelope.id, Place(NAME, person, direct=True), account, said)

    async def _removed(self, envelope: Envelope) -> Inbound | None:
        """Somebody took the bot out of a chat, or dissolved the chat; what goes there from now on goes elsewhere."""
        chat = text(envelope.event, "chat_id")
        log.warning("the bot is no longer in the Feishu chat %s", chat[:80])
        if chat:
            word = "disbanded" if envelope.kind == "im.chat.disbanded_v1" else "removed"
            self._kit.news.lost(chat, Phrase(word=f"feishu.lost.{word}"))
        return None

    async def _regrouped(self, envelope: Envelope) -> Inbound | None:
        """Any user group may have other members now."""
        self._kit.news.regrouped("")
        return None

    async def _place(self, room: str, root: str) -> Place:
        incident = await self._of_thread(room, root) if root else ""
        return Place(NAME, room, thread=root, incident=incident)

    async def _of_thread(self, room: str, root: str) -> str:
        """The incident whose thread hangs on this message. After 14 days the header is another message inside the
        thread, and the first one says only in its text which incident it was."""
        if incident := await self._shown_by(room, root):
            return incident
        try:
            first = await self._chats.find(root)
            if first.sender != f"app:{self._app}" or first.room != room:
                return ""
            named = set(INCIDENT.findall(everything((await self._chats.look(root)).content)))
        except PlatformError:
            return ""
        return named.pop() if len(named) == 1 else ""

    async def _shown_by(self, room: str, message: str) -> str:
        for reference in first_messages(message):
            if incident := await self._kit.incident_at(room, reference):
                return incident
        return ""

    async def _quoted(self, message: Mapping[str, Any]) -> str:
        """The words of the message that was answered, where that is not simply the first of the thread."""
        parent = text(message, "parent_id")
        if not parent or parent == text(message, "root_id"):
            return ""
        try:
            return everything((await self._chats.look(parent)).content)
        except PlatformError:
            return ""


def _seconds(milliseconds: Any) -> float:
    """Unix seconds of Feishu's own time; 0 for what is none."""
    try:
        return int(milliseconds) / 1000
    except (TypeError, ValueError):
        return 0.0


def _later(updated: Any, created: Any) -> bool:
    """Whether a message was changed after it was sent; both in milliseconds, as text or numbers."""
    try:
        return int(updated or 0) > int(created or 0)
    except (TypeError, ValueError):
        return False
