"""Makes Slack's text objects of hostile text: secrets masked, tricks shown, nothing parsed, everything cut to size."""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from cards import moments
from cards.model import Addressee
from cards.render.drawing import is_web, visible
from cards.render.slack import limits
from engine.masking import mask

Json = dict[str, Any]

NOTHING = "—"
"""Slack refuses empty text, so what says nothing says this."""
SUMMONS = re.compile(r"<(?=[!@#]|[a-z]{2,8}:)", re.IGNORECASE)
"""How a mention or a link of Slack's markup begins. Rich and plain text are not parsed; should anybody copy them into
what is, they still call nobody."""
MARKUP = re.compile(
    r"(?<![A-Za-z0-9])[*_~]|[*_~](?![A-Za-z0-9])|`|^\s*>|:(?!\d\d:)[\w+'’-]+:",
    re.IGNORECASE | re.MULTILINE,
)
"""What Slack's markup would take for bold, italic, struck out, code, a quotation or an emoji."""
HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")
"""A host Slack takes for one: a wrong address has the whole message refused. No user, as in user@host: it misleads."""
ACCOUNT = re.compile(r"[UW][A-Z0-9]{1,30}")
"""A member id; nothing that is one can be markup."""
MOST_CALLED = 5
ON_A_CLOCK = "{date_short_pretty} {time_secs}"
"""How Slack shows a moment in a reader's own zone: today 18:03:05."""
LOOKALIKES = str.maketrans({"*": "∗", "_": "ˍ", "~": "∼", "`": "ˋ", ":": "∶", ">": "›"})


def shown(text: str) -> str:
    """The text as a person may see it anywhere: without secrets, controls and invisible characters."""
    return visible(mask(text)).strip("\n")


def size(text: str) -> int:
    """How long Slack finds this text, in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "replace")) // 2


def cut(text: str, most: int) -> str:
    """The text in at most `most` UTF-16 units, with an ellipsis where something is missing."""
    if size(text) <= most:
        return text
    kept = text[: most - 1]
    while size(kept) > most - 1:
        kept = kept[: len(kept) - max((size(kept) - most + 2) // 2, 1)]
    return kept.rstrip() + "…"


def literal(text: str, most: int) -> str:
    """Text for where Slack parses nothing: rich text and plain text. Never empty."""
    said = cut(SUMMONS.sub("‹", shown(text)), most)
    return said if said.strip() else NOTHING


def one_line(text: str, most: int) -> str:
    """The same, in one line."""
    return literal(" ".join(shown(text).split()), most)


def plain(text: str, most: int) -> Json:
    """A plain text object: no markup, no mentions, no emoji."""
    return {"type": "plain_text", "text": literal(text, most), "emoji": False}


def label(text: str, most: int) -> Json:
    """A plain text object of one line."""
    return {"type": "plain_text", "text": one_line(text, most), "emoji": False}


def markup(text: str) -> Json:
    """A mrkdwn object of text that is ours or went through `escaped`; Slack finds no links or mentions of its own."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def escaped(text: str) -> str:
    """Text in which Slack's markup finds no mention and no link. What would be bold or code is left as it is."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def fallback(text: str) -> str:
    """What notifications show. Slack parses it, so signs of markup give way to ones that only look like them."""
    said = cut(" ".join(shown(text).split()), limits.TEXT // 6)
    return escaped(MARKUP.sub(lambda found: found[0].translate(LOOKALIKES), said)) or NOTHING


def dated(text: str) -> list[tuple[str, int]]:
    """A text in its parts: words, each with 0, and full moments, each with its unix seconds."""
    parts: list[tuple[str, int]] = []
    rest = text
    for written, at in moments.found(text):
        before, _, rest = rest.partition(written)
        parts += [(before, 0)] if before else []
        parts.append((written, max(0, int(at.timestamp()))))
    return [*parts, (rest, 0)] if rest or not parts else parts


def on_clocks(text: str) -> str:
    """Escaped text for markup, in which every reader sees full moments in a time zone of their own."""
    return "".join(f"<!date^{at}^{ON_A_CLOCK}|{escaped(words)}>" if at else escaped(words) for words, at in dated(text))


def account_of(person: Addressee) -> str:
    """The Slack id of somebody a card calls; "" where nobody knows it, or it is none."""
    account = person.accounts.get("slack", "")
    return account if ACCOUNT.fullmatch(account) else ""


def mentions(to: Sequence[Addressee]) -> list[str]:
    """Whom a card calls, as parsed text mentions them; those without an account by name."""
    accounts = ((account_of(person), person.name) for person in to[:MOST_CALLED])
    return [f"<@{account}>" if account else f"@{fallback(name)}" for account, name in accounts]


def fact(name: str, value: str) -> Json:
    """One field: the name in bold above the value; where either holds signs of markup, both plain, unaltered."""
    name, value = one_line(name, limits.LABEL), literal(value, limits.FIELD // 6)
    if MARKUP.search(name) or MARKUP.search(value):
        return {"type": "plain_text", "text": f"{name}\n{value}", "emoji": False}
    return markup(f"*{escaped(name)}*\n{on_clocks(value)}")


def aside(text: str, most: int) -> Json:
    """Quiet words: plain, or where a moment stands in them and no sign of markup, with that on each reader's clock."""
    said = literal(text, most)
    if moments.found(said) and not MARKUP.search(said):
        return markup(on_clocks(said))
    return {"type": "plain_text", "text": said, "emoji": False}


def address(href: str, public_url: str) -> str:
    """The full address behind a link, "" where nobody should follow it or Slack would refuse it."""
    if not href or not is_web(href):
        return ""
    full = public_url.rstrip("/") + href if href.startswith("/") else href
    full = quote(full, safe="%/:=&?~#+!$,;'@()*[]", errors="replace")
    try:
        parts = urlsplit(full)
        known = parts.scheme.lower() in ("http", "https") and parts.port != 0 and bool(HOST.fullmatch(parts.netloc))
    except ValueError:
        return ""
    return full if known and size(full) <= limits.URL else ""
