"""Masks secrets and personal numbers in text that came from outside, before it is kept and before it is shown."""

import re
from functools import lru_cache

MASK = "••••"
LONGEST = 4000
"""Characters of one text on a card; what is longer is cut and says so."""

PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
USERINFO = re.compile(r"(\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s/:@]{0,200}):[^\s/@]{1,200}@")
BEARER = re.compile(r"\b(bearer|basic)(\s+)(?=[A-Za-z0-9+/_.~=-]*[0-9+/_.~=-])[A-Za-z0-9+/_.~=-]{8,}", re.IGNORECASE)
NAMED = re.compile(
    r"""(["']?\b[\w.-]{0,40}(?:passw(?:or)?d|pwd|secret(?:[_-]?key(?:[_-]?base)?)?|token|"""
    r"""api[_-]?key|(?:access|account)[_-]?key|credential|口令|密码)\\{0,3}["']?\s{0,3}[=:：]\s{0,3})"""
    r"""(\\{1,3}"[^"\\\n]{1,500}\\{0,3}"|"[^"\n]{1,500}"|'[^'\n]{1,500}'|[^\s,;&"'<>)}\]]{1,500})""",
    re.IGNORECASE,
)
COOKIE = re.compile(r"\b((?:set-)?cookie\s{0,3}[:=]\s{0,3})[^\n]{1,4000}", re.IGNORECASE)
OPTION = re.compile(r"((?:^|\s)--?(?:password|passwd|token|secret|api-?key)\s{1,3})[^\s-]\S{0,500}", re.IGNORECASE)
WHOLE = (
    re.compile(r"\bAIza[0-9A-Za-z_-]{30,}"),
    re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),
    re.compile(r"\bsk-[A-Za-z0-9_-]{16,}"),
    re.compile(r"\bgh[pousr]_[A-Za-z0-9]{20,}\b"),
    re.compile(r"\bgithub_pat_[A-Za-z0-9_]{20,}\b"),
    re.compile(r"\bglpat-[A-Za-z0-9_-]{16,}"),
    re.compile(r"\bx(?:ox[abposr]|app)-[A-Za-z0-9-]{10,}"),
)
PHONE = re.compile(r"(?<![0-9A-Za-z_.-])(1[3-9]\d)\d{4}(\d{4})(?![0-9A-Za-z_.-])")
CITIZEN = re.compile(
    r"(?<![0-9A-Za-z])([1-9]\d{5})(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[0-9Xx](?![0-9A-Za-z])"
)


MANY_DIGITS = re.compile(r"\d{11}")
"""What every personal number holds."""

SHORT = 200
"""Characters up to which a text is taken to be one that comes again: a label, a button, a fact."""


def mask(text: str) -> str:
    """The text without its secrets; the words around them stay, so that a person still knows what stood there."""
    return _known(text) if len(text) <= SHORT else _masked(text)


def _masked(text: str) -> str:
    text = PRIVATE_KEY.sub(MASK, text)
    text = USERINFO.sub(rf"\1:{MASK}@", text)
    text = BEARER.sub(rf"\1\2{MASK}", text)
    for pattern in (COOKIE, OPTION, NAMED):
        text = pattern.sub(rf"\1{MASK}", text)
    for pattern in WHOLE:
        text = pattern.sub(MASK, text)
    if not MANY_DIGITS.search(text):
        return text
    return CITIZEN.sub(rf"\1{MASK}", PHONE.sub(r"\1••••\2", text))


@lru_cache(2048)
def _known(text: str) -> str:
    return _masked(text)


def bounded(text: str, longest: int = LONGEST) -> str:
    """The text cut to `longest` characters, with an ellipsis where something is missing."""
    return text if len(text) <= longest else text[: longest - 1] + "…"
