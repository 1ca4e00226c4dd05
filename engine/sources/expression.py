"""Reads the expression an alert watches out of its link, and takes the threshold off it.

An alert's own expression is true only while it fires: `errors / all > 0.02` has no points before. Without the
comparison the same expression shows how it came to that. Where the reading is unsure, the expression stays as it is.
"""

import re
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from engine.model import Unit

LONGEST = 4_000
COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})
SETS = frozenset({"and", "or", "unless"})
OPENING, CLOSING = "([{", ")]}"

_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
      | (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)
      | (?P<number>0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![A-Za-z_:0-9.]))
      | (?P<word>[A-Za-z_:0-9][A-Za-z0-9_:.]*)
      | (?P<operator>==|!=|>=|<=|=~|!~|[-+*/%^<>=!@,])
      | (?P<bracket>[()\[\]{}])""",
    re.VERBOSE,
)


class Token(NamedTuple):
    """A piece of an expression; `depth` counts the brackets around it, a bracket itself stands outside."""

    kind: str
    text: str
    start: int
    end: int
    depth: int


def expression_of(generator_url: str) -> str:
    """The expression a Prometheus alert links to (`g0.expr`), in query or fragment; "" where there is none."""
    try:
        parts = urlsplit(generator_url)
        found = [
            *parse_qs(parts.query).get("g0.expr", ()),
            *parse_qs(parts.fragment.partition("?")[2]).get("g0.expr", ()),
        ]
    except ValueError:
        return ""
    return found[0].strip() if found and len(found[0]) <= LONGEST else ""


def without_threshold(expression: str) -> str:
    """The expression without its comparison with a scalar; as it stands where that is not plainly one."""
    text = expression.strip()
    for _ in range(8):
        shorter = _shortened(text)
        if shorter is None:
            break
        text = shorter
    return text or expression


class Threshold(NamedTuple):
    """The plain number an alert holds its values against, and how: `sign` is one of > >= < <=."""

    sign: str
    value: float


def threshold_of(expression: str) -> Threshold | None:
    """What an alert fires from; None where its expression is not plainly one comparison with one number."""
    tokens = _tokens(expression.strip()) or []
    top = [token for token in tokens if token.depth == 0 and token.text != "bool"]
    signs = [token for token in top if token.kind == "operator" and token.text in COMPARISONS]
    sets = any(token.kind == "word" and token.text.lower() in SETS for token in top)
    if len(signs) != 1 or sets or signs[0].text in ("==", "!=") or top[-1].kind != "number" or top[-2] != signs[0]:
        return None
    return Threshold(signs[0].text, float(top[-1].text)) if not top[-1].text.lower().startswith("0x") else None


def unit_of(expression: str) -> Unit:
    """What an expression plainly counts in: a quotient of alike things is a ratio, a quantile of seconds is seconds."""
    tokens = _tokens(expression) or []
    top = [token for token in tokens if token.depth == 0]
    if top and top[0].text == "histogram_quantile" and "_seconds" in expression:
        return "seconds"
    cuts = [token for token in top if token.kind == "operator"]
    if top and not cuts and top[0].text.endswith("_bytes"):
        return "bytes"
    if len(cuts) == 1 and cuts[0].text == "/":
        left, right = expression[: cuts[0].start], expression[cuts[0].end :]
        return "ratio" if _measured(left) & _measured(right) else "none"
    rates = any(token.text in ("rate", "irate") for token in tokens)
    return "per_second" if rates and not cuts else "none"


def _measured(side: str) -> frozenset[str]:
    """Metric names of one side, without the endings that tell a quantity's parts apart."""
    words = {token.text for token in _tokens(side) or [] if token.kind == "word" and "_" in token.text}
    return frozenset(re.sub(r"_(total|count|sum|bucket)$", "", word) for word in words)


def _tokens(text: str) -> list[Token] | None:
    """All tokens; None where the text cannot be cut or its brackets do not pair."""
    tokens: list[Token] = []
    open_brackets: list[str] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            return None
        kind, piece, place = str(match.lastgroup), match[0], match.end()
        if kind == "space":
            continue
        closes = kind == "bracket" and piece in CLOSING
        if closes and (not open_brackets or OPENING.index(open_brackets.pop()) != CLOSING.index(piece)):
            return None
        tokens.append(Token(kind, piece, match.start(), match.end(), len(open_brackets)))
        if kind == "bracket" and piece in OPENING:
            open_brackets.append(piece)
    return tokens if not open_brackets else None


def _shortened(text: str) -> str | None:
    """One step shorter: brackets around the whole, a guard, or a comparison taken off; None where nothing can be."""
    tokens = _tokens(text)
    if not tokens:
        return None
    top = [token for token in tokens if token.depth == 0]
    if _is_bracketed(top):
        return text[tokens[0].end : tokens[-1].start].strip()
    sets = [token for token in top if token.kind == "word" and token.text.lower() in SETS]
    if sets:
        return _without_guard(text, sets)
    comparisons = [token for token in top if token.kind == "operator" and token.text in COMPARISONS]
    if not comparisons:
        return None
    last = comparisons[-1]
    right = re.sub(r"^\s*bool\b", "", text[last.end :])
    if _is_scalar(right):
        return text[: last.start].strip()
    left = text[: last.start]
    if len(comparisons) == 1 and _is_scalar(left):
        return right.strip()
    return None


def _is_bracketed(top: list[Token]) -> bool:
    return len(top) == 2 and top[0].text == "(" and top[1].text == ")"


def _without_guard(text: str, sets: list[Token]) -> str | None:
    """`watched > 1 and enough_traffic > 5` has the values of its left side; an `or` mixes two things and stays."""
    if any(token.text.lower() == "or" for token in sets):
        return None
    left = text[: sets[0].start].strip()
    return left if _shortened(left) is not None else None


def _is_scalar(text: str) -> bool:
    """Whether this is a number, or arithmetic of numbers, or `scalar(…)`."""
    tokens = _tokens(text)
    if not tokens:
        return False
    if tokens[0].text == "scalar" and tokens[-1].text == ")":
        return sum(token.depth == 0 for token in tokens) == 3
    plain = all(
        token.kind == "number"
        or token.text in ("(", ")", "+", "-", "*", "/", "%", "^")
        or token.text.lower() in ("inf", "nan")
        for token in tokens
    )
    return plain and any(token.kind == "number" or token.text.lower() in ("inf", "nan") for token in tokens)
