"""Reads what people write: plain and rich text without the mention of the bot, and where a command begins."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.platforms.feishu.envelope import text

COMMAND = re.compile(r"\s*/(?:incidents?|tocsin|oncall)(?=\s|$)\s*", re.IGNORECASE)
LONGEST = 20_000
"""Characters of one message that are read."""


def parsed(content: str) -> Mapping[str, Any]:
    """The content of a message, which is JSON in a string; an empty mapping where it is not."""
    try:
        tree = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return tree if isinstance(tree, dict) else {}


def written(kind: str, content: str) -> str:
    """The words of a text or post message, mentions as `@_user_1`; "" for any other kind."""
    tree = parsed(content)
    if kind == "text":
        return text(tree, "text")[:LONGEST]
    if kind != "post":
        return ""
    lines = [text(tree, "title"), *("".join(_runs(line)) for line in _lines(tree))]
    return "\n".join(line for line in lines if line)[:LONGEST]


def _lines(tree: Mapping[str, Any]) -> Sequence[Any]:
    lines = tree.get("content")
    return lines if isinstance(lines, list) else []


def _runs(line: Any) -> Iterator[str]:
    for run in line if isinstance(line, list) else []:
        if not isinstance(run, Mapping):
            continue
        if run.get("tag") == "at":
            yield text(run, "user_id")
        elif run.get("tag") in ("text", "a", "code_block", "md"):
            yield text(run, "text")


def without_bot(said: str, mentions: Any, bot: str) -> tuple[str, bool]:
    """The words with mentions as names and a leading mention of the bot removed, and whether it was mentioned at all.
    A mention of the bot further inside stays: without it, words that never stood together would."""
    mentioned = False
    for mention in mentions if isinstance(mentions, list) else []:
        if not isinstance(mention, Mapping) or not (key := text(mention, "key")):
            continue
        if bot and text(mention, "id", "open_id") == bot:
            mentioned = True
            said = re.sub(rf"^\s*{re.escape(key)}(?!\d)\s*", "", said)
        # "@_user_1" must not be found in "@_user_10".
        said = re.sub(rf"{re.escape(key)}(?!\d)", _plain(f"@{text(mention, 'name')}"), said)
    return said, mentioned


def _plain(name: str) -> str:
    """The text as a replacement that means nothing but itself."""
    return name.replace("\\", r"\\")


def command(said: str) -> str | None:
    """What follows `/incident`; None where the text is no such command."""
    match = COMMAND.match(said)
    return said[match.end() :].strip() if match else None


def everything(content: str, deepest: int = 20) -> str:
    """All words of a message of any kind, for looking something up in them."""
    return " ".join(_texts(parsed(content), deepest))[:LONGEST]


def _texts(tree: Any, deepest: int) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif deepest and isinstance(tree, Mapping):
        for value in tree.values():
            yield from _texts(value, deepest - 1)
    elif deepest and isinstance(tree, list):
        for value in tree:
            yield from _texts(value, deepest - 1)
