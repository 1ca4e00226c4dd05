"""Holds messages to WeCom's field rules, as the types of its official Node client state them; the fake uses it too.

`faults(body)` tells everything that is wrong with the body of a message: nothing, where WeCom would take it as it is.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cards.render.drawing import TRICKS

LONGEST_CONTENT = 20_480
TAGS = re.compile(r"<[^\n]*?>|<")
FONT = re.compile(r'<font color="(?:info|comment|warning)">|</font>')
MENTION = re.compile(r"<@([^<>\s]{1,64})>")
LINK = re.compile(r"\]\(([^)\n]*)\)")
WEB = re.compile(r"https?://[^\s()<>\"*\[\]\\]+")
BARE_WEB = re.compile(r"\w://")
TASK = re.compile(r"[0-9A-Za-z_@-]{1,128}")

Fault = Iterator[str]
Body = Mapping[str, Any]

STRINGS: dict[str, dict[str, int]] = {
    "source": {"desc": 13, "icon_url": 1024},
    "main_title": {"title": 26, "desc": 30},
    "emphasis_content": {"title": 10, "desc": 15},
    "quote_area": {"title": 26, "quote_text": 112, "url": 1024},
}
"""The texts in the objects of a card, and how many characters each may have."""
NUMBERS = {"source": {"desc_color": range(4)}, "quote_area": {"type": range(3)}}
CARD = {
    *("card_type", "source", "main_title", "emphasis_content", "quote_area", "sub_title_text", "jump_list"),
    *("horizontal_content_list", "card_action", "button_list", "task_id"),
}
STREAM = {"id", "finish", "content", "msg_item", "feedback"}


def faults(body: Body, mentions: frozenset[str] = frozenset()) -> list[str]:
    """What is wrong with a message body; `mentions` are the people it may name on purpose."""
    return list(_body(body, mentions))


def _body(body: Body, mentions: frozenset[str]) -> Fault:
    kind = body.get("msgtype")
    if kind not in ("markdown", "template_card", "image", "stream", "stream_with_template_card"):
        yield f"msgtype {kind}"
        return
    parts = {"stream", "template_card"} if kind == "stream_with_template_card" else {kind}
    yield from _keys("message", body, parts | {"msgtype"}, parts)
    if "markdown" in parts and isinstance(markdown := body.get("markdown"), Mapping):
        yield from _keys("markdown", markdown, {"content"}, {"content"})
        yield from content(markdown.get("content"), mentions)
    if "stream" in parts and isinstance(stream := body.get("stream"), Mapping):
        yield from _keys("stream", stream, STREAM, {"id"})
        yield from () if isinstance(stream.get("finish", False), bool) else ("finish is no yes or no",)
        yield from content(stream.get("content"), mentions)
    if "template_card" in parts and isinstance(card := body.get("template_card"), Mapping):
        yield from template(card)
    if "image" in parts and isinstance(image := body.get("image"), Mapping):
        yield from _keys("image", image, {"media_id"}, {"media_id"})


def _keys(where: str, found: Body, known: set[str], needed: set[str]) -> Fault:
    if unknown := sorted(set(found) - known):
        yield f"{where}: unknown {unknown}"
    if missing := sorted(name for name in needed if not found.get(name)):
        yield f"{where}: missing {missing}"


def content(text: object, mentions: frozenset[str] = frozenset()) -> Fault:
    """Markdown: its size, and that it holds no markup but the three colours, links of the web, and wanted mentions."""
    if not isinstance(text, str) or not text:
        yield "content is empty"
        return
    if len(text.encode("utf-8", "replace")) > LONGEST_CONTENT:
        yield "content is over 20480 bytes"
    yield from _characters("content", text)
    yield from _markup(text, mentions)
    for target in LINK.findall(text):
        if not WEB.fullmatch(target):
            yield f"link to {target[:40]}"
    if text.count("](") != len(LINK.findall(text)):
        yield "half a link"


def _markup(text: str, mentions: frozenset[str]) -> Fault:
    for tag in TAGS.findall(text):
        named = MENTION.fullmatch(tag)
        if not FONT.fullmatch(tag) and not (named and named[1] in mentions):
            yield f"tag {tag[:40]}"
    if text.count("<font") != text.count("</font>"):
        yield "font is not closed"
    if BARE_WEB.search(LINK.sub("]", text)):
        yield "an address outside a link"
    if re.search(r"&#?\w{1,31};", text):
        yield "an entity"
    for row in text.split("\n"):
        if row.count("`") % 2 or row.count("**") % 2:
            yield "code or bold is not closed"


def _characters(where: str, text: str) -> Fault:
    if any(character in TRICKS or (ord(character) < 32 and character != "\n") for character in text):
        yield f"{where}: an invisible character"
    if any(0xD800 <= ord(character) <= 0xDFFF or 0x7F <= ord(character) < 0xA0 for character in text):
        yield f"{where}: no character"


def template(card: Body) -> Fault:
    """One template card of the two types that are sent."""
    yield from _keys("card", card, CARD, {"card_type", "main_title"})
    kind = card.get("card_type")
    if kind not in ("text_notice", "button_interaction"):
        yield f"card_type {kind}"
    for name, limits in STRINGS.items():
        yield from _object(name, card.get(name), limits, NUMBERS.get(name, {}))
    yield from _text("sub_title_text", card.get("sub_title_text", "…"), 112)
    yield from _each(card, "horizontal_content_list", 6, _pair)
    yield from _each(card, "jump_list", 3, _jump)
    yield from _buttons(card)
    task = card.get("task_id")
    if (kind == "button_interaction" or task is not None) and not (isinstance(task, str) and TASK.fullmatch(task)):
        yield "task_id"
    action = card.get("card_action")
    if kind == "text_notice" or action is not None:
        yield from _target("card_action", action, {"type", "url"})


def _object(name: str, found: object, limits: Mapping[str, int], numbers: Mapping[str, range]) -> Fault:
    if found is None:
        return
    if not isinstance(found, Mapping):
        yield f"{name} is no object"
        return
    yield from _keys(name, found, {*limits, *numbers}, set())
    for field, longest in limits.items():
        if field in found:
            yield from _text(f"{name}.{field}", found[field], longest)
    for field, allowed in numbers.items():
        if field in found and found[field] not in allowed:
            yield f"{name}.{field}"


def _text(name: str, text: object, longest: int) -> Fault:
    if not isinstance(text, str) or not text:
        yield f"{name} is no text"
        return
    if len(text) > longest:
        yield f"{name} is over {longest} characters"
    yield from _characters(name, text)
    if "\n" in text or "<" in text or (name != "url" and BARE_WEB.search(text)):
        yield f"{name} is not plain"


def _each(card: Body, name: str, most: int, rule: Callable[[Body], Fault]) -> Fault:
    rows = card.get(name)
    if rows is None:
        return
    if not isinstance(rows, list) or not 1 <= len(rows) <= most:
        yield f"{name} has not 1 to {most}"
        return
    for row in rows:
        yield from rule(row)


def _pair(row: Body) -> Fault:
    yield from _keys("pair", row, {"keyname", "value"}, {"keyname"})
    yield from _text("keyname", row.get("keyname"), 5)
    yield from _text("value", row.get("value"), 26)


def _jump(row: Body) -> Fault:
    yield from _target("jump", row, {"type", "title", "url"})
    yield from _text("jump title", row.get("title"), 13)


def _target(name: str, found: object, known: set[str]) -> Fault:
    if not isinstance(found, Mapping):
        yield f"{name} is missing"
        return
    yield from _keys(name, found, known, known)
    if found.get("type") != 1 or not WEB.fullmatch(str(found.get("url"))):
        yield f"{name} leads nowhere"


def _buttons(card: Body) -> Fault:
    rows = card.get("button_list")
    if (card.get("card_type") == "button_interaction") != (rows is not None):
        yield "buttons and card_type differ"
    yield from _each(card, "button_list", 6, _button)
    keys = [row.get("key") for row in rows] if isinstance(rows, list) else []
    if len(keys) != len(set(keys)):
        yield "a key twice"


def _button(row: Body) -> Fault:
    yield from _keys("button", row, {"text", "style", "key"}, {"text", "key"})
    yield from _text("button text", row.get("text"), 10)
    if len(str(row.get("key")).encode()) > 1024:
        yield "button key is over 1024 bytes"
    if row.get("style", 1) not in range(1, 5):
        yield "button style"
