"""Checks payloads as Slack would: by the models of its own SDK, and by the rules those leave out.

`faults` and `view_faults` return what is wrong, `seen` what a person reads, `parsed` what Slack looks for markup in."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.attachments import BlockAttachment
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

MESSAGE_PARTS = {"text", "blocks", "attachments"}
MESSAGE_BLOCKS, VIEW_BLOCKS, ATTACHMENT_BLOCKS = 50, 100, 20
TEXT, FIELD, OPTION, VALUE, ADDRESS = 40_000, 2_000, 150, 2_000, 3_000
TABLE_ROWS, TABLE_CELLS, TABLE_TEXT = 100, 20, 10_000
ALL_TEXT = 11_300
"""Characters of a message's text that Slack was still seen to take."""
PLAIN_ALONE = {("header", "text"), ("button", "text"), ("image", "title"), ("input", "label"), ("input", "hint")}
ELEMENTS = {
    "actions": {"button", "overflow", "static_select"},
    "context": {"plain_text", "mrkdwn", "image"},
    "rich_text": {"rich_text_section", "rich_text_preformatted", "rich_text_list", "rich_text_quote"},
    "rich_text_section": {"text", "link", "emoji", "date", "user"},
    "rich_text_preformatted": {"text", "link"},
}
"""What of ours may stand in what: of the mentions rich text could hold, people alone."""
CALLED = re.compile(r"<@([UW][A-Z0-9]+)>")
MOMENT = re.compile(r"<!date\^\d{1,12}\^\{[a-z_]+\} \{[a-z_]+\}\|[-0-9 :]{19} [A-Za-z0-9_/+-]+>")
SIGNS = re.compile(r"(?<![A-Za-z0-9])[*_~]|[*_~](?![A-Za-z0-9])|`|^\s*(?:>|&gt;)|:(?!\d\d:)[\w+'’-]+:", re.MULTILINE)
OURS = re.compile(r"\A\*(?=\S)(?P<name>[^\n]*?\S)\*\n")
"""The one thing we set in markup: the name of a fact, in bold."""


def faults(payload: Mapping[str, Any]) -> list[str]:
    """What is wrong with the parts of a chat.postMessage; nothing for a good one."""
    found = [f"unknown part {name}" for name in payload.keys() - MESSAGE_PARTS]
    text = payload.get("text")
    if not isinstance(text, str) or not text.strip() or _size(text) > TEXT:
        found.append("text: missing, empty or too long")
    blocks = list(payload.get("blocks", ()))
    for attachment in payload.get("attachments", ()):
        found += _attachment(attachment)
        blocks += attachment.get("blocks", ())
    if len(blocks) > MESSAGE_BLOCKS:
        found.append(f"{len(blocks)} blocks")
    if sum(block.get("type") == "table" for block in blocks) > 1:
        found.append("more than one table")
    if sum(_size(text) for text in _texts(blocks)) > ALL_TEXT:
        found.append("msg_blocks_too_long")
    return found + _blocks(blocks)


def view_faults(view: Mapping[str, Any]) -> list[str]:
    """What is wrong with a modal or a home tab."""
    blocks = list(view.get("blocks", ()))
    found = _blocks(blocks)
    found += [f"{block['type']} in a view" for block in blocks if block.get("type") == "table"]
    if not 1 <= len(blocks) <= VIEW_BLOCKS:
        found.append(f"{len(blocks)} blocks")
    for name in ("title", "submit", "close"):
        if name in view and view[name].get("type") != "plain_text":
            found.append(f"{name}: not plain_text")
    if view.get("type") == "modal" and "title" not in view:
        found.append("a modal needs a title")
    if any(block.get("type") == "input" for block in blocks) and "submit" not in view:
        found.append("inputs without submit")
    try:
        again = View(**view).to_dict()
    except (SlackObjectFormationError, TypeError, ValueError, AttributeError, KeyError) as wrong:
        return [*found, f"view: {wrong}"]
    return found + _differences(dict(view), again, "view")


def seen(payload: Mapping[str, Any]) -> str:
    """What a person reads of a message or view, block by block, one line of text each."""
    blocks = [*payload.get("blocks", ())]
    for attachment in payload.get("attachments", ()):
        blocks += attachment.get("blocks", ())
    return "\n".join(_read(block) for block in blocks)


def pressable(payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The buttons and lines of menus of a message or view."""
    return [
        item
        for item in _objects(payload)
        if item.get("type") == "button" or (isinstance(item.get("text"), dict) and "value" in item)
    ]


def parsed(payload: Mapping[str, Any]) -> list[str]:
    """Every text in which Slack looks for markup: that of mrkdwn objects, and the fallbacks."""
    texts = [item["text"] for item in _objects(payload) if item.get("type") == "mrkdwn"]
    texts += [item["fallback"] for item in payload.get("attachments", ())]
    return [*texts, payload["text"]] if isinstance(payload.get("text"), str) else texts


def mentioned(payload: Mapping[str, Any]) -> set[str]:
    """The people who are told of a message: those mentioned in its text or its blocks, and not in an attachment."""
    above = {"text": payload.get("text", ""), "blocks": payload.get("blocks", ())}
    named = {str(item["user_id"]) for item in _objects(above) if item.get("type") == "user"}
    texts = [item["text"] for item in _objects(above) if item.get("type") == "mrkdwn"]
    return named | {account for text in (above["text"], *texts) for account in CALLED.findall(text)}


def signs(text: str, called: frozenset[str] = frozenset()) -> list[str]:
    """What Slack would take for markup, mentions or links in parsed text, besides what we set ourselves and the people
    who are `called`."""
    text = CALLED.sub(lambda found: "" if found[1] in called else found[0], text)
    rest = MOMENT.sub("", OURS.sub(lambda name: f"{name['name']}\n", text))
    found = [sign[0] for sign in SIGNS.finditer(rest)]
    found += [sign for sign in "<>" if sign in rest]
    return found + [tail[:8] for tail in rest.split("&")[1:] if not tail.startswith(("amp;", "lt;", "gt;"))]


def _attachment(attachment: Mapping[str, Any]) -> list[str]:
    found = [
        f"{item['user_id']} is mentioned in an attachment, where nobody is told"
        for item in _objects(attachment)
        if item.get("type") == "user"
    ]
    if len(attachment.get("blocks", ())) > ATTACHMENT_BLOCKS:
        found.append(f"{len(attachment['blocks'])} blocks in one attachment")
    if not attachment.get("fallback"):
        found.append("attachment without fallback")
    try:
        again = BlockAttachment(**attachment).to_dict()
    except (SlackObjectFormationError, TypeError, ValueError, AttributeError, KeyError) as wrong:
        return [*found, f"attachment: {wrong}"]
    # The model says both `blocks` and `fields`; the second is empty and stays away.
    return found + _differences(dict(attachment), again, "attachment")


def _blocks(blocks: list[Any]) -> list[str]:
    """Every block by the SDK's model and by our rules; ids over all of them."""
    found = []
    for block in blocks:
        found += _modelled(block)
        found += [fault for item in _objects(block) for fault in _rules(item)]
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    actions = [item["action_id"] for item in _objects(blocks) if "action_id" in item]
    found += [f"block_id {name} twice" for name in set(ids) if ids.count(name) > 1]
    return found + [f"action_id {name} twice" for name in set(actions) if actions.count(name) > 1]


def _modelled(block: Any) -> list[str]:
    try:
        model = Block.parse_all([block])[0]
        again = model.to_dict() if model is not None else {}
    except (SlackObjectFormationError, TypeError, ValueError, AttributeError, KeyError) as wrong:
        return [f"{block.get('type') if isinstance(block, dict) else block}: {wrong}"]
    return _differences(block, again, str(block.get("type")))


def _differences(ours: Any, theirs: Any, path: str) -> list[str]:
    """Where the SDK read something else than we wrote: it drops in silence what it does not know."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        names = [f"{path}.{name}: unknown or empty" for name in ours.keys() ^ theirs.keys()]
        both = ours.keys() & theirs.keys()
        return names + [fault for name in both for fault in _differences(ours[name], theirs[name], f"{path}.{name}")]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = zip(ours, theirs, strict=True)
        return [fault for at, pair in enumerate(pairs) for fault in _differences(*pair, f"{path}[{at}]")]
    return [] if ours == theirs else [f"{path}: {ours!r} is read as {theirs!r}"]


def _rules(item: Mapping[str, Any]) -> Iterator[str]:
    """What the models let through, one object at a time."""
    kind = item.get("type")
    for name in ("text", "title", "label", "hint"):
        if (kind, name) in PLAIN_ALONE and name in item and item[name].get("type") != "plain_text":
            yield f"{kind}.{name}: not plain_text"
    yield from _said(item)
    yield from _sized(item)
    if kind == "image" and ("image_url" in item) == ("slack_file" in item):
        yield "image: needs one of image_url and slack_file"
    if kind == "table":
        yield from _tabled(item)
    for element in item.get("elements", ()) if kind in ELEMENTS else ():
        if element.get("type") not in ELEMENTS[str(kind)]:
            yield f"{kind} holds {element.get('type')}"
    if kind in ("actions", "context", "rich_text", "rich_text_section") and not item.get("elements"):
        yield f"{kind}: empty"
    yield from _pointed(item)
    if kind == "button" and ("value" in item) == ("url" in item):
        yield "button: needs one of value and url"


def _pointed(item: Mapping[str, Any]) -> Iterator[str]:
    """People and moments: what Slack looks up itself."""
    kind = item.get("type")
    if kind == "date" and not (0 < item.get("timestamp", 0) < 10**12 and item.get("fallback") and item.get("format")):
        yield f"date: {item.get('timestamp')}"
    if kind == "user" and not CALLED.fullmatch(f"<@{item.get('user_id')}>"):
        yield f"user: {item.get('user_id')}"


def _said(item: Mapping[str, Any]) -> Iterator[str]:
    kind = item.get("type")
    if kind in ("plain_text", "mrkdwn", "text", "link", "raw_text") and not str(item.get("text", "")).strip("\r"):
        yield f"{kind}: no text"
    if kind in ("plain_text", "mrkdwn") and not str(item.get("text", "")).strip():
        yield f"{kind}: blank"
    if kind == "mrkdwn" and "emoji" in item:
        yield "mrkdwn: emoji belongs to plain_text"
    for field in item.get("fields", ()):
        if _size(field.get("text", "")) > FIELD:
            yield "field: too long"


def _sized(item: Mapping[str, Any]) -> Iterator[str]:
    if "url" in item:
        parts = urlsplit(item["url"])
        if parts.scheme not in ("http", "https") or not parts.hostname or _size(item["url"]) > ADDRESS:
            yield f"url: {item['url'][:60]}"
    if item.get("type") == "button" and _size(item.get("value", "")) > VALUE:
        yield "button: value too long"
    for option in item.get("options", ()):
        if option.get("text", {}).get("type") != "plain_text":
            yield "option: not plain_text"
        if not 1 <= _size(option.get("value", "")) <= OPTION:
            yield "option: value empty or too long"


def _tabled(item: Mapping[str, Any]) -> Iterator[str]:
    rows = item.get("rows", [])
    if not 1 <= len(rows) <= TABLE_ROWS or any(not 1 <= len(row) <= TABLE_CELLS for row in rows):
        yield "table: too many rows or cells"
    if len({len(row) for row in rows}) > 1:
        yield "table: rows of different lengths"
    if any(cell.get("type") not in ("raw_text", "rich_text") for row in rows for cell in row):
        yield "table: unknown cell"
    if sum(_size(cell.get("text", "")) for row in rows for cell in row) > TABLE_TEXT:
        yield "table: too long"


def _read(item: Any) -> str:
    match item:
        case {"type": "header" | "section" | "plain_text" | "mrkdwn" | "raw_text" | "text" | "link", "text": text}:
            return text if isinstance(text, str) else _read(text)
        case {"type": "section", "fields": fields}:
            return "\n".join(_read(field) for field in fields)
        case {"type": "rich_text", "elements": lines}:
            return "\n".join(_read(line) for line in lines)
        case {"type": "user", "user_id": account}:
            return f"<@{account}>"
        case {"type": "date", "fallback": text}:
            return str(text)
        case {"type": "emoji", "name": name}:
            return f":{name}:"
        case {"type": "table", "rows": rows}:
            return "\n".join(" | ".join(_read(cell) for cell in row) for row in rows)
        case {"type": "image", "alt_text": text}:
            return f"[{text}]"
        case {"type": kind, "elements": elements}:
            return (" " if kind in ("actions", "context") else "").join(_read(element) for element in elements)
        case _:
            return _read_control(item)


def _read_control(item: Any) -> str:
    match item:
        case {"type": "button", "text": text}:
            return f"[{_read(text)}]"
        case {"type": "overflow", "options": options}:
            return "[… " + " / ".join(_read(option["text"]) for option in options) + "]"
        case {"type": "input", "label": label}:
            return _read(label)
        case _:
            return ""


def _objects(item: Any) -> Iterator[dict[str, Any]]:
    """Every object in it, itself first."""
    if isinstance(item, Mapping):
        yield dict(item)
        item = list(item.values())
    if isinstance(item, list | tuple):
        for inner in item:
            yield from _objects(inner)


def _texts(blocks: list[Any]) -> list[str]:
    found = []
    for item in _objects(blocks):
        found += [item[name] for name in ("text", "alt_text", "fallback") if isinstance(item.get(name), str)]
    return found


def _size(text: object) -> int:
    return len(str(text).encode("utf-16-le", "surrogatepass")) // 2
