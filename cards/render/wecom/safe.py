"""Takes from outside text whatever WeCom would read as markup, a mention or a link; the words stay readable."""

import re
from urllib.parse import quote

from cards.render.drawing import is_web, visible
from engine.masking import bounded, mask

# WeCom's markdown knows no escape character, so what could be markup is shown as its full-width twin. Ids, versions,
# durations and CONFIRM_EXECUTE pass unchanged: an underscore between letters means nothing there.
TWINS = str.maketrans({"<": "＜", "`": "ˋ", "*": "∗", "\\": "＼"})
CODE_TWINS = str.maketrans({"<": "＜", "`": "ˋ"})
ENTITY = re.compile(r"&(?=#?\w{1,31};)")
LINK = re.compile(r"\](?=[(\[])")
SCHEME = re.compile(r"(?<=\w)://")
LOOSE_UNDERSCORE = re.compile(r"(?<![0-9A-Za-z_])_+|_+(?![0-9A-Za-z_])")
LINE_STARTS = str.maketrans({"#": "＃", ">": "＞", "|": "｜"})
RULER = re.compile(r"[-=+_—\s]{2,}")

USER = re.compile(r"[0-9A-Za-z_.@-]{1,64}")
"""What a user id may hold; "all" is no person."""

LONGEST_LINK = 1_024
"""Bytes of an address; WeCom names no limit, and ours are a tenth of this."""


def plain(text: str) -> str:
    """Sentences for markdown: masked, and inert line by line."""
    return "\n".join(_line(row) for row in _clean(text).split("\n"))


def line(text: str) -> str:
    """The same in one line."""
    return _line(" ".join(_clean(text).split()))


def code(text: str, longest: int = 400) -> str:
    """One line as inline code, to be copied as it stands; "" for nothing."""
    shown = bounded(" ".join(_clean(text).split()), longest)
    shown = ENTITY.sub("＆", SCHEME.sub("：//", shown.translate(CODE_TWINS)))
    return f"`{shown}`" if shown else ""


def bare(text: str, longest: int) -> str:
    """One line for a field of a template card, which reads no markup but may find links and mentions."""
    shown = SCHEME.sub("：//", " ".join(_clean(text).split()).replace("<", "＜"))
    return bounded(shown, longest)


def address(href: str, public_url: str) -> str:
    """A web address that stands in markdown and cards; paths are below the public address; "" for anything else."""
    if not is_web(href) or any(ord(character) < 33 for character in href):
        return ""
    whole = public_url + href if href.startswith("/") else href
    quoted = quote(whole, safe=":/?#@!$&',;=%~-._+", errors="replace").replace("'", "%27")
    return quoted if len(quoted) <= LONGEST_LINK else ""


def mention(user: str) -> str:
    """Names a person so that they are told; nothing for an id that could be more than that."""
    return f"<@{user}>" if USER.fullmatch(user) and user.casefold() != "all" else ""


def _clean(text: str) -> str:
    return mask(visible(text)).replace("\t", " ")


def _line(row: str) -> str:
    row = row.strip().translate(TWINS)
    row = LINK.sub("] ", ENTITY.sub("＆", SCHEME.sub("：//", row))).replace("~~", "～～")
    row = LOOSE_UNDERSCORE.sub(lambda found: "＿" * len(found[0]), row)
    if RULER.fullmatch(row):
        return "—"
    return row[:1].translate(LINE_STARTS) + row[1:]
