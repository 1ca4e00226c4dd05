"""Reads what people wrote: mentions of the bot off, quotes apart, Slack's escapes undone."""

import re
from dataclasses import dataclass
from html import unescape

from bot.platforms.slack.payload import Json, parts, text

LINK = re.compile(r"<(https?://[^|>\s]+|mailto:[^|>\s]+)(?:\|([^>]*))?>")
CHANNEL = re.compile(r"<#[A-Z0-9]+\|([^>]*)>")
SPECIAL = re.compile(r"<!([a-z]+)(?:\^[^|>]*)*(?:\|([^>]*))?>")
LONGEST = 40_000
"""Characters of the longest message Slack takes."""


@dataclass(frozen=True)
class Spoken:
    """What a message says by itself, what it quotes, whether it speaks to the bot, whether it hands on another."""

    text: str
    quoted: str = ""
    mentions_bot: bool = False
    forwarded: bool = False


def spoken(message: Json, bot: str) -> Spoken:
    """Read a message event. `bot` is the bot's own user id; a mention of somebody else stays as Slack writes it."""
    raw = text(message, "text")[:LONGEST]
    mention = re.compile(rf"<@{re.escape(bot)}(?:\|[^>]*)?>") if bot else None
    mentions_bot = bool(mention and mention.search(raw))
    lines = raw.split("\n")
    quotes = [line for line in lines if line.startswith("&gt;")]
    own = "\n".join(line for line in lines if not line.startswith("&gt;")) if quotes else raw
    if mention and (leading := mention.match(own.lstrip(" "))):
        own = own.lstrip(" ")[leading.end() :].removeprefix(":").lstrip(" ")
    handed_on = [each for each in parts(message, "attachments") if each.get("is_share") or each.get("is_msg_unfurl")]
    quoted = [line.removeprefix("&gt;").strip() for line in quotes]
    quoted += [text(each, "text") or text(each, "fallback") for each in handed_on]
    return Spoken(
        plain(own, keep=True),
        plain("\n".join(quoted)) or ("…" if quoted else ""),
        mentions_bot,
        any(each.get("is_share") for each in handed_on),
    )


def plain(written: str, *, keep: bool = False) -> str:
    """Text as the person saw it. `keep` leaves mentions of people in Slack's own form, which names them exactly."""
    shown = LINK.sub(lambda link: link[2] or link[1], written)
    shown = CHANNEL.sub(r"#\1", shown)
    shown = SPECIAL.sub(lambda word: f"@{word[2] or word[1]}".replace("@@", "@"), shown)
    return unescape_once(shown if keep else re.sub(r"<@([A-Z0-9]+)(?:\|([^>]*))?>", r"@\1", shown))


def unescape_once(shown: str) -> str:
    """Slack escapes three signs and nothing else."""
    return re.sub(r"&(?:amp|lt|gt);", lambda sign: unescape(sign[0]), shown)
