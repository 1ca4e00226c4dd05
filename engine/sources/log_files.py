"""Turns the end of a log file, or what systemd's journal gives out, into log lines with their times."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.model import LogLine
from engine.sources.lines import LONGEST_MESSAGE, read_line
from engine.sources.stamps import Stamp, stamp

LONGEST_LINE = 16_000
MOST_FOLLOWING = 60
"""Lines without a time that belong to the one before them: the rest of a stack trace."""
QUARTER = 900.0
"""Seconds; zones differ by quarters of an hour."""
FARTHEST = 14 * 3_600.0
SLACK = 120.0
PRIORITIES = ("fatal", "critical", "critical", "error", "warn")
"""What journald's priorities 0 to 4 are called; 5 to 7 is what everything on standard output gets, whatever it says."""


def file_lines(text: str, service: str, *, written: datetime, now: datetime, whole: bool) -> list[LogLine]:
    """The lines of a file that say when they were written, oldest first; what follows one without a time is part of it.

    `written` is when the file was last written to: a clock without a zone is read off against it. `whole` False: the
    text begins in the middle of a line."""
    lines = text.splitlines() if whole else text.splitlines()[1:]
    entries = list(_entries(lines, now))
    shift = _shift(entries[-1][0], written) if entries else timedelta(0)
    found = []
    for when, words in entries:
        at = when.at if when.zoned else when.at - shift
        line = _line(at, words, {}, service)
        if line is not None:
            found.append(line)
    return sorted(found, key=lambda line: line.at)


def last_stamp(text: str, now: datetime) -> Stamp | None:
    """The time of the newest line that has one."""
    lines = reversed(text.splitlines())
    return next((found for line in lines if (found := stamp(line.strip()[:LONGEST_LINE], now)) is not None), None)


def journal_lines(text: str, service: str) -> list[LogLine]:
    """The lines of `journalctl -o json`; what cannot be read is left out."""
    found = []
    for row in text.splitlines():
        try:
            entry: Any = json.loads(row)
        except (ValueError, RecursionError):
            continue
        line = _journal_line(entry, service) if isinstance(entry, dict) else None
        if line is not None:
            found.append(line)
    return sorted(found, key=lambda line: line.at)


def _journal_line(entry: dict[str, Any], service: str) -> LogLine | None:
    message = entry.get("MESSAGE")
    if isinstance(message, list):
        # What is no UTF-8 comes as numbers.
        message = bytes(byte for byte in message if isinstance(byte, int) and 0 <= byte < 256).decode(
            "utf-8", "replace"
        )
    priority = str(entry.get("PRIORITY", ""))
    loud = priority in ("0", "1", "2", "3", "4")
    try:
        at = datetime.fromtimestamp(int(entry["__REALTIME_TIMESTAMP"]) / 1e6, UTC)
    except (KeyError, ValueError, TypeError, OverflowError, OSError):
        return None
    labels = {"level": PRIORITIES[int(priority)]} if loud else {}
    return _line(at, message, labels, service) if isinstance(message, str) else None


def _line(at: datetime, text: str, labels: dict[str, str], service: str) -> LogLine | None:
    return read_line(f"{int(at.timestamp() * 1e6)}000", text[:LONGEST_LINE], labels, service)


def _entries(lines: Iterable[str], now: datetime) -> Iterator[tuple[Stamp, str]]:
    current: Stamp | None = None
    words: list[str] = []
    for line in lines:
        found = stamp(line.strip()[:LONGEST_LINE], now)
        if found is None:
            if current is not None and len(words) < MOST_FOLLOWING and line.strip():
                # How far it is indented tells a frame from what the error says.
                words.append(line.rstrip()[:LONGEST_MESSAGE])
            continue
        if current is not None:
            yield current, "\n".join(words)
        current, words = found, [found.rest]
    if current is not None:
        yield current, "\n".join(words)


def _shift(last: Stamp, written: datetime) -> timedelta:
    """By how much the clock of the lines is ahead of UTC: the newest was written when the file was.

    Only whole quarters of an hour are believed; anything else is a file whose newest line is old: it stays as it is."""
    if last.zoned:
        return timedelta(0)
    ahead = (last.at - written).total_seconds()
    quarters = round(ahead / QUARTER) * QUARTER
    if abs(quarters) > FARTHEST or abs(ahead - quarters) > SLACK:
        return timedelta(0)
    return timedelta(seconds=quarters)
