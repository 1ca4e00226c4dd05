"""Reads a log line, whatever wrote it: JSON, logfmt or plain text becomes level, message and version."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from engine.masking import mask
from engine.model import LogLine
from engine.ports import Level
from engine.sources.http import first_label

LONGEST_MESSAGE = 1_000
LONGEST_STACK = 4_000
MOST_STACK_LINES = 80
LONGEST_STATEMENT = 300

LEVEL_FIELDS = ("level", "severity", "severity_text", "lvl", "levelname", "log.level", "loglevel", "detected_level")
MESSAGE_FIELDS = ("message", "msg", "event", "log", "error", "err", "body")
STACK_FIELDS = (
    "stack_trace",
    "stacktrace",
    "exception.stacktrace",
    "exception_stacktrace",
    "error.stack_trace",
    "stack",
    "exc_info",
    "traceback",
)
"""Fields with the stack of an error, which belongs to what is said."""
STATEMENT_FIELDS = ("db.statement", "db.query.text", "db_statement", "db_query_text", "sql")
"""Fields with the statement a line is about."""
TRACE_FIELDS = ("trace_id", "traceid", "traceId", "traceID", "trace.id", "otelTraceID", "dd.trace_id")
VERSION_FIELDS = ("version", "service.version", "service_version", "app_version", "release", "build")

SPELLINGS = {
    "warning": "warn",
    "err": "error",
    "severe": "error",
    "crit": "critical",
    "emerg": "fatal",
    "emergency": "fatal",
    "alert": "critical",
    "information": "info",
}
CALM = frozenset({"trace", "debug", "info", "notice"})
WEIGHT = {"trace": 0, "debug": 0, "warn": 2, "error": 3, "critical": 3, "fatal": 3}
"""How bad a level is; any other counts as information."""
FROM: dict[Level, int] = {"all": 0, "info": 1, "warn": 2, "error": 3}

IS_STACK = re.compile(
    r"^\s+at \S|^Caused by: |^\s*File \"|^Traceback |^goroutine \d|^\s+\S+\.go:\d|^\s*#\d+ \S|^\s*(from )?\S+\.rb:\d",
    re.MULTILINE,
)
_LOGFMT = re.compile(r'(?:^|\s)([A-Za-z_][\w.]*)=("(?:\\.|[^"\\])*"|\S*)')
_FIRST = re.compile(r'(?:"(?:\\.|[^"\\])*"|[^"\n])*')
"""The first line; a value in quotes may go over several."""
_WORDS = (
    ("fatal", re.compile(r"\b(fatal|panic|emerg)", re.IGNORECASE)),
    ("critical", re.compile(r"\b(critical|crit)\b", re.IGNORECASE)),
    (
        "error",
        re.compile(r"\b(err|failed|failure)\b|(error|exception|traceback)\b|错误|异常|失败", re.IGNORECASE),
    ),
    ("warn", re.compile(r"\b(warn|warning|timeout|timed out|refused)\b|超时", re.IGNORECASE)),
)
_PREFIX = re.compile(r"\b(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL)\b")


def read_line(nanoseconds: str, text: str, labels: Mapping[str, str], service: str) -> LogLine | None:
    """A line with its stream's labels; None where its time cannot be read."""
    try:
        at = datetime.fromtimestamp(int(nanoseconds) / 1e9, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    fields, below = _fields(text)
    level = first_label(fields, LEVEL_FIELDS) or _known(first_label(labels, LEVEL_FIELDS)) or _guessed(text)
    message = first_label(fields, MESSAGE_FIELDS) or text
    statement = first_label(fields, STATEMENT_FIELDS) or first_label(labels, STATEMENT_FIELDS)
    stack = first_label(fields, STACK_FIELDS) or first_label(labels, STACK_FIELDS) or below
    version = first_label(fields, VERSION_FIELDS) or first_label(labels, VERSION_FIELDS)
    return LogLine(
        at=at,
        service=service,
        level=_spelled(level),
        message=mask(_whole(message, statement, stack)),
        version=version[:60],
        trace_id=(first_label(fields, TRACE_FIELDS) or first_label(labels, TRACE_FIELDS))[:64],
    )


def is_from(level: Level, line: LogLine) -> bool:
    """Whether a line is of this level or worse."""
    return WEIGHT.get(line.level, 1) >= FROM[level]


def _whole(message: str, statement: str, stack: str) -> str:
    """What is said in one line, and below it the stack, line by line: blanks are kept only where they indent."""
    said, _, below = message.strip().partition("\n")
    if not IS_STACK.search(below):
        said, below = message, ""
    first = " ".join(said.split())[:LONGEST_MESSAGE]
    if statement and statement not in first:
        first = f"{first} ({' '.join(statement.split())[:LONGEST_STATEMENT]})"
    rows = [row.rstrip() for row in f"{below}\n{stack}".splitlines()[:MOST_STACK_LINES] if row.strip()]
    told = [(" " if row[0].isspace() else "") + " ".join(row.split()) for row in rows]
    return "\n".join((first, *told))[: LONGEST_MESSAGE + LONGEST_STACK]


def _spelled(level: str) -> str:
    plain = level.strip().lower()[:20]
    return SPELLINGS.get(plain, plain)


def _known(level: str) -> str:
    """Loki says `unknown` where it found no level."""
    return "" if level == "unknown" else level


def _fields(text: str) -> tuple[dict[str, str], str]:
    """The fields of a structured line, and the stack that was printed below it; none for any other."""
    stripped = text.strip()
    begins = _FIRST.match(stripped)
    end = stripped.find("\n", begins.end() if begins else 0)
    head, below = (stripped[:end], stripped[end + 1 :]) if end >= 0 else (stripped, "")
    if head.startswith("{"):
        if whole := _members(text):
            return whole, ""
        fields = _members(head)
    else:
        fields = _pairs(head)
    return (fields, below) if fields and IS_STACK.search(below) else (fields, "")


def _pairs(line: str) -> dict[str, str]:
    pairs = dict(_LOGFMT.findall(line))
    structured = len(pairs) >= 2 and any(name in pairs for name in LEVEL_FIELDS)
    return {key: value.strip('"').replace('\\"', '"') for key, value in pairs.items()} if structured else {}


def _members(text: str) -> dict[str, str]:
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return {str(k): _text(v) for k, v in found.items()} if isinstance(found, dict) else {}


def _text(value: Any) -> str:
    """A field as text; OpenTelemetry and Elastic nest the words of an error one level down."""
    if isinstance(value, dict):
        return next((str(value[name]) for name in ("message", "stringValue", "name") if name in value), "")
    return "" if value is None else str(value)


def _guessed(text: str) -> str:
    """The level a plain line seems to have: written out in capitals near its start, else by what it says."""
    if written := _PREFIX.search(text[:120]):
        return written[1]
    return next((level for level, words in _WORDS if words.search(text[:400])), "info")
