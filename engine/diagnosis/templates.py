"""Groups log lines by what they say, and names the subjects a text is about."""

import json
import re
from collections.abc import Collection

from engine.diagnosis.topics import subjects

LONGEST = 400
LONGEST_STACK = 8000
RAISED = re.compile(
    r"(?<=\n)\s*(?:Caused by: )?[A-Za-z_][\w.$]{2,200}(?:Error|Exception|Throwable|Failure)\b[^\n]{0,300}"
)

MOST_HOSTS = 3
HOST = re.compile(
    r"(?<![\w.@/-])(?:[a-z][a-z0-9+]{1,9}://)?((?!(?:com|org|net|io|java|www)\.)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,6}"
    r"(?:com|net|org|io|cn|dev|app|cloud|internal|local|svc|corp|lan|biz|info|co|eu|de|uk|us))(?![\w-]|\.[a-z])",
    re.IGNORECASE,
)
"""A host by its last part; what a class or a file is called looks like one and is none."""

_MASKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r'"[^"]*"|(?<!\w)\'[^\']*\'(?!\w)|“[^”]*”|「[^」]*」|《[^》]*》'), "<…>"),
    (re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"), "<id>"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b|\b(?=[a-fA-F]*\d)[0-9a-fA-F]{8,}\b"), "<id>"),
    (re.compile(r"\d+(?:[.,:]\d+)*"), "<#>"),
    (re.compile(r"\s+"), " "),
)

_LEVEL = r"(?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL)"
_BEFORE: tuple[re.Pattern[str], ...] = (
    re.compile(r"^\[?(?:\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d(?:[.,]\d{1,9})?Z?\]?\s+"),
    re.compile(rf"(?:(?:^|(?<=\s))<#>\s+)?\b{_LEVEL}\s+\S{{1,80}}\s+(?=trace[_-]?id\b)", re.IGNORECASE),
    re.compile(r"^.*\b(?:nested exception is|Caused by:)\s+"),
    re.compile(r"\]? with root cause$"),
    re.compile(rf"^\[?{_LEVEL}\b\]?[:\s]\s*"),
    re.compile(r"\b(?:trace|span|request)[_-]?id[=:]\s{0,2}(?:<id>|<#>|[0-9a-f-]{8,40})[,;]?(?:\s+|$)", re.IGNORECASE),
)
"""What libraries put before a sentence: time, level, logger, ids of the request, and errors around the first one."""


def plain(message: str) -> str:
    """The sentence of a line: of JSON its message field, of a stack trace what was raised; at most 400 characters."""
    text = message.strip()
    if text.startswith("{"):
        try:
            fields = json.loads(text)
        except ValueError:
            fields = {}
        for name in ("message", "msg", "error", "log"):
            said = fields.get(name) if isinstance(fields, dict) else None
            if isinstance(said, str) and said.strip():
                text = said.strip()
                break
    first, _, rest = text.partition("\n")
    if first.startswith("Traceback (most recent call last)"):
        told = [line for line in rest.split("\n") if line.strip() and not line[0].isspace()]
        first = told[-1] if told else first
    return first[:LONGEST]


def raised(message: str) -> str:
    """The sentence of a line, and the errors that a stack below it names: what it is about may stand there alone."""
    return " | ".join((plain(message), *errors(message)))[: 2 * LONGEST] if "\n" in message else plain(message)


def errors(message: str) -> tuple[str, ...]:
    """The errors that the stack below a line names."""
    return tuple(found[0].strip()[:LONGEST] for found in RAISED.finditer(message[:LONGEST_STACK]))


def readable(text: str) -> str:
    """What a line says, without what stands before it and which request it is of: the excerpt has all of that."""
    left = text
    for pattern in _BEFORE:
        left = pattern.sub("", left)
    return " ".join(left.split()) or text


def template(message: str) -> str:
    """A line with everything masked that differs from case to case: numbers, ids, quoted text."""
    text = plain(message)
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    return text.strip()


def mentions(text: str, names: Collection[str]) -> tuple[str, ...]:
    """Which of the names stand in the text as whole words, sorted."""
    lowered = text.lower()
    return tuple(sorted(name for name in names if name and name.lower() in lowered and _word(name).search(text)))


def hosts(text: str) -> tuple[str, ...]:
    """The hosts a text names, in lower case: whoever a call went to that has no name of ours."""
    return tuple(dict.fromkeys(found.group(1).lower() for found in HOST.finditer(text[:LONGEST])))[:MOST_HOSTS]


def topics(text: str, names: Collection[str] = ()) -> tuple[str, ...]:
    """What a text is about. Names are taken out first: what something is called proves nothing."""
    for name in sorted(mentions(text, names), key=len, reverse=True):
        text = _word(name).sub(" ", text)
    return subjects(text)


def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9_-]){re.escape(name)}(?![A-Za-z0-9_-])", re.IGNORECASE)
