"""Masks secrets and personal numbers in text that came from outside, before it is kept and before it is shown."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

MASK = "••••"
LONGEST = 4000
"""Characters of one text on a card; what is longer is cut and says so."""

PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
USERINFO = re.compile(r"(\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s/:@]{0,200}):[^\s/@]{1,200}@")
BEARER = re.compile(r"\b(bearer|basic)(\s+)(?=[A-Za-z0-9+/_.~=-]*[0-9+/_.~=-])[A-Za-z0-9+/_.~=-]{8,}", re.IGNORECASE)
NAMED = re.compile(
    r"""((?:passw(?:or)?d|pwd|secret(?:[_-]?key(?:[_-]?base)?)?|token|"""
    r"""api[_-]?key|(?:access|account)[_-]?key|credential|口令|密码)\\{0,3}["']?\s{0,3}[=:：]\s{0,3})"""
    r"""(\\{1,3}"[^"\\\n]{1,500}\\{0,3}"|"[^"\n]{1,500}"|'[^'\n]{1,500}'|[^\s,;&"'<>)}\]]{1,500})""",
    re.IGNORECASE,
)
COOKIE = re.compile(r"\b((?:set-)?cookie\s{0,3}[:=]\s{0,3})[^\n]{1,4000}", re.IGNORECASE)
OPTION = re.compile(r"((?:^|\s)--?(?:password|passwd|token|secret|api-?key)\s{1,3})[^\s-]\S{0,500}", re.IGNORECASE)
JWT = re.compile(
    r"(?<![\w-])(?=[\w-]{11,}+\.[\w-]{8,}+\.)([\w-]*?\b)eyJ[\w-]{8,}+\.[\w-]{8,}+\.[\w-]*",
    re.ASCII,
)
"""Begun once for each run of letters: begun anew at every eyJ within, a long run would be read once for each."""
PHONE = re.compile(r"(?<![0-9A-Za-z_.-])(1[3-9]\d)\d{4}(\d{4})(?![0-9A-Za-z_.-])")
CITIZEN = re.compile(
    r"(?<![0-9A-Za-z])([1-9]\d{5})(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[0-9Xx](?![0-9A-Za-z])"
)

PERSONAL = (re.compile(r"1[3-9]\d{9}"), re.compile(r"20\d{9}"))
"""What every personal number holds: a phone number, or a year of birth (19… is there already) and what follows it. A
pattern that begins with a letter of its own is found twenty times faster than one that begins with any digit."""


class Rule(NamedTuple):
    """What to look for and what to put there. A text that holds none of the clues (in lower case) holds no such secret:
    looking for those first costs a hundredth, and most texts hold none."""

    clues: tuple[str, ...]
    pattern: re.Pattern[str]
    instead: str = MASK

    def may_find(self, lower: str) -> bool:
        """Whether a clue stands in this text, which went through `folded`."""
        return any(clue in lower for clue in self.clues)


NAMES = ("passw", "pwd", "secret", "token", "credential", "口令", "密码")
KEYS = tuple(f"{what}{between}key" for what in ("api", "access", "account") for between in ("", "_", "-"))
"""Never the word alone: every receiver call has some harmless key."""

RULES = (
    Rule(("-----begin",), PRIVATE_KEY),
    Rule(("@",), USERINFO, rf"\1:{MASK}@"),
    Rule(("bearer", "basic"), BEARER, rf"\1\2{MASK}"),
    Rule(("cookie",), COOKIE, rf"\1{MASK}"),
    Rule(("-passw", "-token", "-secret", "-api"), OPTION, rf"\1{MASK}"),
    Rule((*NAMES, *KEYS), NAMED, rf"\1{MASK}"),
    Rule(("aiza",), re.compile(r"\bAIza[0-9A-Za-z_-]{30,}")),
    Rule(("akia", "asia"), re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    Rule(("eyj",), JWT, rf"\1{MASK}"),
    Rule(("sk-",), re.compile(r"\bsk-[A-Za-z0-9_-]{16,}")),
    Rule(("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), re.compile(r"\bgh[pousr]_[A-Za-z0-9]{20,}\b")),
    Rule(("github_pat_",), re.compile(r"\bgithub_pat_[A-Za-z0-9_]{20,}\b")),
    Rule(("glpat-",), re.compile(r"\bglpat-[A-Za-z0-9_-]{16,}")),
    Rule(("xox", "xapp-"), re.compile(r"\bx(?:ox[abposr]|app)-[A-Za-z0-9-]{10,}")),
)


def _by_first_letter(clues: Iterable[str]) -> Iterator[re.Pattern[str]]:
    """One pattern per first letter: found in a quarter of the time of one clue after the other, or of one pattern."""
    for letter, same in groupby(sorted(set(clues)), key=lambda clue: clue[0]):
        yield re.compile(re.escape(letter) + "(?:" + "|".join(re.escape(clue[1:]) for clue in same) + ")")


CLUES = tuple(_by_first_letter(clue for rule in RULES for clue in rule.clues))
"""This stands on the way of every alert."""

DOTS = {0x130: "i", 0x131: "i"}
"""Letters that patterns take for an i and lower case does not."""

SHORT = 200
"""Characters up to which a text is taken to be one that comes again: a label, a button, a fact."""


def mask(text: str) -> str:
    """The text without its secrets; the words around them stay, so that a person still knows what stood there."""
    return _known(text) if len(text) <= SHORT else _masked(text)


@lru_cache(1)
def is_plain(text: str) -> bool:
    """Whether neither this text nor any part of it can be masked. Remembers the last one: whoever takes in a call asks
    once for what it holds and once for the call as it came."""
    return not _holds_clue(folded(text)) and not any(number.search(text) for number in PERSONAL)


def folded(text: str) -> str:
    """The text in lower case, with every letter that patterns take for another one as that other one."""
    return text.lower() if text.isascii() else text.translate(DOTS).casefold()


def _masked(text: str) -> str:
    lower = folded(text)
    if _holds_clue(lower):
        for rule in RULES:
            if rule.may_find(lower):
                text = rule.pattern.sub(rule.instead, text)
    for number in PERSONAL:
        if number.search(text):
            return CITIZEN.sub(rf"\1{MASK}", PHONE.sub(r"\1••••\2", text))
    return text


def _holds_clue(lower: str) -> bool:
    return any(clue.search(lower) for clue in CLUES)


@lru_cache(2048)
def _known(text: str) -> str:
    return _masked(text)


def masked(text: str, longest: int) -> str:
    """The text without its secrets, cut to `longest` characters: of a secret that is cut first nobody sees that it is
    one."""
    return mask(text[: 2 * longest])[:longest]


def bounded(text: str, longest: int = LONGEST) -> str:
    """The text cut to `longest` characters, with an ellipsis where something is missing."""
    return text if len(text) <= longest else text[: longest - 1] + "…"
