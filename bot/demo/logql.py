"""Reads the part of LogQL the keeper answers: selectors, line filters, and counts over time."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from bot.demo.logs import LogLine

_TOKEN = re.compile(
    r'\s*(?:(?P<string>"(?:[^"\\]|\\.)*"|`[^`]*`)|(?P<word>[a-zA-Z_][a-zA-Z0-9_]*)|(?P<span>\d+(?:ms|[smhd]))'
    r"|(?P<sign>=~|!~|!=|\|=|\|~|[{}=,()\[\]|]))"
)
_SPANS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_COUNTERS = ("count_over_time", "rate")

Labels = tuple[tuple[str, str], ...]
Test = Callable[[str], bool]


class BadLogql(Exception):
    """A query that cannot be read, in Loki's words."""


@dataclass(frozen=True)
class LogQuery:
    """Which lines are wanted."""

    labels: tuple[tuple[str, Test], ...]
    filters: tuple[Test, ...]

    def accepts_stream(self, labels: dict[str, str]) -> bool:
        """Whether lines of this stream are wanted."""
        return all(test(labels.get(name, "")) for name, test in self.labels)

    def accepts(self, line: LogLine) -> bool:
        """Whether this line is wanted."""
        return self.accepts_stream(shown_labels(line)) and all(test(line.text) for test in self.filters)


@dataclass(frozen=True)
class CountQuery:
    """How many lines there were in each window; `by` None keeps every stream apart, () sums all."""

    lines: LogQuery
    window_s: float
    per_second: bool
    by: tuple[str, ...] | None

    def group(self, labels: dict[str, str]) -> Labels:
        """The label set under which lines of a stream are counted."""
        names = sorted(labels) if self.by is None else self.by
        return tuple((name, labels[name]) for name in sorted(names) if name in labels)


def shown_labels(line: LogLine) -> dict[str, str]:
    """The labels of a line with the `service_name` that Loki adds by itself."""
    labels = dict(line.labels)
    return {**labels, "service_name": labels["service"]}


def _regex(text: str, whole: bool, sign: str) -> Test:
    try:
        pattern = re.compile(text)
    except re.error as problem:
        raise BadLogql(f"parse error : stage '{sign} \"{text}\"' : error parsing regexp: {problem}") from problem
    return lambda value: (pattern.fullmatch(value) if whole else pattern.search(value)) is not None


def _negated(test: Test) -> Test:
    return lambda value: not test(value)


class _Reader:
    def __init__(self, query: str) -> None:
        self.tokens: list[tuple[str, str, int]] = []
        self.place = 0
        self._end = len(query) + 1
        at = 0
        stripped = query.rstrip()
        while at < len(stripped):
            found = _TOKEN.match(stripped, at)
            if found is None:
                raise BadLogql(f"parse error at line 1, col {at + 1}: syntax error: unexpected character")
            kind = str(found.lastgroup)
            self.tokens.append((kind, found.group(kind), found.start(kind) + 1))
            at = found.end()

    def peek(self) -> str:
        return self.tokens[self.place][1] if self.place < len(self.tokens) else "$end"

    def fail(self, expecting: str = "") -> BadLogql:
        column = self.tokens[self.place][2] if self.place < len(self.tokens) else self._end
        tail = f", expecting {expecting}" if expecting else ""
        return BadLogql(f"parse error at line 1, col {column}: syntax error: unexpected {self.peek()}{tail}")

    def take(self, kind: str, *texts: str) -> str:
        if self.place >= len(self.tokens):
            raise self.fail(" or ".join(texts))
        found, text, _ = self.tokens[self.place]
        if found != kind or (texts and text not in texts):
            raise self.fail(" or ".join(texts))
        self.place += 1
        return text

    def string(self) -> str:
        text = self.take("string")
        if text.startswith("`"):
            return text[1:-1]
        return re.sub(r"\\(.)", lambda hit: {"n": "\n", "t": "\t"}.get(hit.group(1), hit.group(1)), text[1:-1])


def _matcher(reader: _Reader) -> tuple[str, Test, bool]:
    name, sign, value = reader.take("word"), reader.take("sign", "=", "!=", "=~", "!~"), reader.string()
    if sign in ("=", "!="):

        def equal(text: str) -> bool:
            return text == value

        test: Test = equal
    else:
        test = _regex(value, True, sign)
    test = _negated(test) if sign.startswith("!") else test
    return name, test, sign in ("=", "=~") and not test("")


def _selector(reader: _Reader) -> tuple[tuple[str, Test], ...]:
    reader.take("sign", "{")
    matchers: list[tuple[str, Test]] = []
    firm = False
    while reader.peek() != "}":
        name, test, selects = _matcher(reader)
        matchers.append((name, test))
        firm = firm or selects
        if reader.peek() not in ("}", ","):
            raise reader.fail("} or ,")
        if reader.peek() == ",":
            reader.take("sign", ",")
    reader.take("sign", "}")
    if not firm:
        raise BadLogql(
            "parse error : queries require at least one regexp or equality matcher that does not have an "
            'empty-compatible value. For instance, app=~".*" does not meet this requirement, but app=~".+" will'
        )
    return tuple(matchers)


def _filter(reader: _Reader) -> Test:
    sign = reader.take("sign", "|=", "!=", "|~", "!~")
    wanted = reader.string()
    if sign.endswith("~"):
        test = _regex(wanted, False, sign)
    else:

        def contains(text: str) -> bool:
            return wanted in text

        test = contains
    return _negated(test) if sign.startswith("!") else test


def _lines(reader: _Reader) -> LogQuery:
    labels = _selector(reader)
    filters: list[Test] = []
    while reader.peek() in ("|=", "!=", "|~", "!~"):
        filters.append(_filter(reader))
    return LogQuery(labels, tuple(filters))


def _grouping(reader: _Reader) -> tuple[str, ...] | None:
    if reader.peek() != "by":
        return None
    reader.take("word", "by")
    reader.take("sign", "(")
    names: list[str] = []
    while reader.peek() != ")":
        names.append(reader.take("word"))
        if reader.peek() == ",":
            reader.take("sign", ",")
    reader.take("sign", ")")
    return tuple(names)


def _count(reader: _Reader, by: tuple[str, ...] | None) -> CountQuery:
    function = reader.take("word", *_COUNTERS)
    reader.take("sign", "(")
    lines = _lines(reader)
    reader.take("sign", "[")
    text = reader.take("span")
    unit = text.lstrip("0123456789")
    window_s = float(text[: len(text) - len(unit)]) * _SPANS[unit]
    reader.take("sign", "]")
    reader.take("sign", ")")
    return CountQuery(lines, window_s, function == "rate", by)


def _sum(reader: _Reader) -> CountQuery:
    reader.take("word", "sum")
    before = _grouping(reader)
    reader.take("sign", "(")
    inner = _count(reader, None)
    reader.take("sign", ")")
    after = _grouping(reader)
    return CountQuery(inner.lines, inner.window_s, inner.per_second, before or after or ())


def parse_logql(query: str) -> LogQuery | CountQuery:
    """Read a query; raises BadLogql with Loki's kind of words."""
    if not query.strip():
        raise BadLogql("parse error : syntax error: unexpected $end")
    reader = _Reader(query)
    first = reader.peek()
    parsed: LogQuery | CountQuery
    if first == "sum":
        parsed = _sum(reader)
    elif first in _COUNTERS:
        parsed = _count(reader, None)
    else:
        parsed = _lines(reader)
    if reader.place < len(reader.tokens):
        raise reader.fail()
    return parsed
