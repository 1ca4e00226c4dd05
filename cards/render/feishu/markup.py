"""Writes outside text into Feishu's markdown so that it stays text: no markup, link or mention comes out of it."""

import re
from urllib.parse import quote, urlsplit

from cards.render.drawing import is_web, visible
from engine.masking import bounded, mask

# Feishu's own page on the rich text component says: a character of its syntax is shown when it is written as a numeric
# HTML entity. Backslashes are not documented to work, so none is used.
SPECIAL = str.maketrans({character: f"&#{ord(character)};" for character in "<>&*_~`[]\\|#$"})
WORD_INSIDE = re.compile(r"(?<=[0-9A-Za-z])&#95;(?=[0-9A-Za-z])")
"""An underscore between letters is no markup; ids are full of them, and an entity takes five bytes."""
LINE_START = re.compile(r"^([-+=]|\d{1,9}[.)])(?=[-+=\s]|$)", re.MULTILINE)
"""What would begin a list, or rule a line."""
EMOJI = re.compile(r":(?=[A-Za-z_]{2,32}:)")
TAGS = re.compile(
    r"<(?=\s*/?\s*(?:at|person|link|font|text_tag|number_tag|local_datetime|raw|a|img|audio)\b)", re.IGNORECASE
)
"""Tags Feishu knows. Their bracket becomes a full-width one even where entities are not read: in code and plain text,
which the server might search for mentions before anybody renders them."""
COLORS = frozenset({"grey", "red", "orange", "green", "blue"})

PERSON = re.compile(r"ou_[A-Za-z0-9_-]{1,100}")
LONGEST_LINK = 1_000
"""Characters of an address; Feishu names no limit, and the whole card has 30 KB."""


def clean(text: str) -> str:
    """Text with its secrets masked and its invisible characters shown; line breaks stay."""
    # Most texts are printable, and then there is nothing to show: U+FFFC is the one trick Python takes for printable.
    shown = text if text.isprintable() and "\ufffc" not in text else visible(text)
    return TAGS.sub("＜", mask(shown).replace("\t", "    "))


def plain(text: str, longest: int) -> str:
    """One line for a `plain_text` element, which reads no markup."""
    return bounded(" ".join(clean(text).split()), longest)


def prose(text: str, longest: int) -> str:
    """Sentences for markdown, line by line, without markup of their own."""
    lines = (line.strip() for line in bounded(clean(text), longest).split("\n"))
    return escaped("\n".join(lines).strip("\n"))


def line(text: str, longest: int) -> str:
    """One line for markdown."""
    return escaped(plain(text, longest))


def escaped(text: str) -> str:
    """Clean text, with everything Feishu's markdown would read written as entities."""
    text = LINE_START.sub(lambda found: found[1][:-1] + f"&#{ord(found[1][-1])};", text.translate(SPECIAL))
    # Every "://", also one without a scheme: what stands before it in the card may end in one.
    return EMOJI.sub("&#58;", WORD_INSIDE.sub("_", text).replace("://", "&#58;//"))


def code(text: str, longest: int) -> str:
    """One line as inline code; "" for nothing."""
    shown = plain(text, longest).replace("`", "'").replace("|", "¦")
    return f"`{shown}`" if shown else ""


def block(text: str, longest: int) -> str:
    """Lines as they were written, as a block of code; "" for nothing."""
    shown = bounded(clean(text), longest).strip("\n").replace("```", "'''").replace("~~~", "'''")
    return f"```\n{shown}\n```" if shown.strip() else ""


def bold(marked: str) -> str:
    """Marked text in bold, line by line."""
    return "\n".join(f"**{line.strip()}**" if line.strip() else "" for line in marked.split("\n"))


def colored(color: str, marked: str) -> str:
    """Marked text in one of the colours of Feishu's enumeration; "" for nothing."""
    assert color in COLORS
    return f"<font color='{color}'>{marked}</font>" if marked else ""


def address(href: str, public_url: str) -> str:
    """A full web address without a character that ends markdown's; paths are below the public address; else ""."""
    if not is_web(href) or visible(href) != href:
        return ""
    whole = public_url.rstrip("/") + href if href.startswith("/") else mask(href)
    found = quote(whole, safe=":/?#@!&+,;=%~-._", errors="replace")
    try:
        host = urlsplit(whole).hostname
    except ValueError:
        return ""
    return found if host and found.lower().startswith(("http://", "https://")) and len(found) <= LONGEST_LINK else ""


def mention(account: str) -> str:
    """Names a person so that they are told; "" for what is no account."""
    return f"<at id={account}></at>" if PERSON.fullmatch(account) else ""


def link(label: str, href: str) -> str:
    """A link in markdown; `label` is marked text, `href` what `address` gave; the label alone where that is ""."""
    return f"[{label}]({href})" if label and href else label
