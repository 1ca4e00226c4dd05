"""Reads what WeCom delivers into a few plain values; whatever is not as promised is nothing."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MENTION = re.compile(r"@[^\s\u2005]{1,64}(?:[\s\u2005]+|$)")
LONGEST = 8_000
"""Characters of a message that are read."""


@dataclass(frozen=True)
class Said:
    """Words in a chat. `room` is the group, or the person where they speak with the bot alone."""

    id: str
    user: str
    room: str
    text: str
    quoted: str = ""
    in_group: bool = True


@dataclass(frozen=True)
class Pressed:
    """A button of a card: its key and the card's task id."""

    id: str
    user: str
    room: str
    key: str
    task: str


@dataclass(frozen=True)
class Shared:
    """A picture to be fetched: where from, and the key it is encrypted with."""

    id: str
    user: str
    room: str
    url: str
    aes_key: str
    quoted: str = ""


@dataclass(frozen=True)
class Entered:
    """A person opened the chat with the bot for the first time that day."""

    id: str
    user: str
    room: str


Delivered = Said | Pressed | Shared | Entered


def delivered(body: Mapping[str, Any]) -> tuple[Delivered, ...]:
    """What a callback of the AI bot says; nothing for kinds nobody here listens to."""
    id, user = _text(body, "msgid"), _text(body, "from", "userid")
    group = _text(body, "chattype") != "single" and bool(_text(body, "chatid"))
    room = _text(body, "chatid") if group else user
    if not id or not user or not room:
        return ()
    if _text(body, "msgtype") == "event":
        return _event(body, id, user, room)
    text = without_mention(_words(body)) if group else _words(body).strip(" ")
    pictures = tuple(
        Shared(f"{id}/{number}" if number or text else id, user, room, url, key, _quoted(body))
        for number, (url, key) in enumerate(_pictures(body))
    )
    said = (Said(id, user, room, text[:LONGEST], _quoted(body), group),) if text else ()
    return (*said, *pictures)


def without_mention(text: str) -> str:
    """A group message without the mention that brought it here."""
    stripped = text.strip(" \u2005")
    found = MENTION.match(stripped)
    return stripped[found.end() :].strip(" ") if found else stripped


def _event(body: Mapping[str, Any], id: str, user: str, room: str) -> tuple[Delivered, ...]:
    event = body.get("event")
    match event.get("eventtype") if isinstance(event, dict) else None:
        case "template_card_event":
            # Tencent's types say flat; deployments send it nested as well.
            nested = event.get("template_card_event") if isinstance(event, dict) else None
            inner = nested if isinstance(nested, dict) else event
            key, task = _text(inner, "event_key"), _text(inner, "task_id")
            return (Pressed(id, user, room, key, task),) if key else ()
        case "enter_chat":
            return (Entered(id, user, room),)
        case _:
            return ()


def _words(body: Mapping[str, Any]) -> str:
    match _text(body, "msgtype"):
        case "text":
            return _text(body, "text", "content")
        case "voice":
            return _text(body, "voice", "content")
        case "mixed":
            return " ".join(said for item in _items(body) if (said := _text(item, "text", "content")))
        case _:
            return ""


def _pictures(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    held: Sequence[Mapping[str, Any]] = [body] if _text(body, "msgtype") == "image" else _items(body)
    found = [(_text(item, "image", "url"), _text(item, "image", "aeskey")) for item in held]
    return [(url, key) for url, key in found if url]


def _items(body: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    mixed = body.get("mixed")
    items = mixed.get("msg_item") if isinstance(mixed, dict) else None
    listed = items if isinstance(items, list) else []
    return [item for item in listed if isinstance(item, dict)][:20]


def _quoted(body: Mapping[str, Any]) -> str:
    quote = body.get("quote")
    if not isinstance(quote, dict):
        return ""
    return (_words(quote) or str(quote.get(_text(quote, "msgtype"), "")))[:LONGEST]


def _text(found: Any, *way: str) -> str:
    for name in way:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else ""
