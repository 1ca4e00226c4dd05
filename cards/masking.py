"""Masks secrets and personal numbers in text that came from outside, once, before a card leaves the views."""

import re

MASK = "••••"
LONGEST = 4000
"""Characters of one text on a card; what is longer is cut and says so."""

PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
USERINFO = re.compile(r"(\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s/:@]{0,200}):[^\s/@]{1,200}@")
BEARER = re.compile(r"\b(bearer|basic)(\s+)(?=[A-Za-z0-9+/_.~=-]*[0-9+/_.~=-])[A-Za-z0-9+/_.~=-]{8,}", re.IGNORECASE)
NAMED = re.compile(
    r"""(["']?\b[\w.-]{0,40}(?:passw(?:or)?d|pwd|secret|token|api[_-]?key|access[_-]?key|credential|口令|密码)"""
    r"""["']?\s{0,3}[=:：]\s{0,3})("[^"\n]{1,500}"|'[^'\n]{1,500}'|[^\s,;&"'<>)}\]]{1,500})""",
    re.IGNORECASE,
)
WHOLE = (
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


def mask(text: str) -> str:
    """The text without its secrets; the words around them stay, so that a person still knows what stood there."""
    text = PRIVATE_KEY.sub(MASK, text)
    text = USERINFO.sub(rf"\1:{MASK}@", text)
    text = BEARER.sub(rf"\1\2{MASK}", text)
    text = NAMED.sub(rf"\1{MASK}", text)
    for pattern in WHOLE:
        text = pattern.sub(MASK, text)
    return CITIZEN.sub(rf"\1{MASK}", PHONE.sub(r"\1••••\2", text))


def bounded(text: str, longest: int = LONGEST) -> str:
    """The text cut to `longest` characters, with an ellipsis where something is missing."""
    return text if len(text) <= longest else text[: longest - 1] + "…"
