"""Reads the time a log line of a file begins with, in the ways programs write it."""

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, NamedTuple

HEAD = 120
"""Characters of a line within which its time stands."""

NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTHS = {name: n for n, name in enumerate(NAMES, 1)}
FIELDS = ("time", "timestamp", "@timestamp", "ts", "asctime", "datetime", "t", "date")

ISO = re.compile(
    r"(\d{4})[-/](\d\d)[-/](\d\d)[T _](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?:\s?(Z|UTC|[+-]\d\d:?\d\d)(?!\d))?"
)
ACCESS = re.compile(r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d)()(?:\s([+-]\d{4}))?")
"""As web servers write it: 20/Nov/2026:09:30:00 +0000."""
SYSLOG = re.compile(r"^(?:<\d{1,3}>)?([A-Z][a-z]{2})\s+(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?")
KLOG = re.compile(r"^[IWEF](\d\d)(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?")
EPOCH = re.compile(r"^\[?(1\d{9})(?:\.(\d{1,9}))?\]?\s")


class Stamp(NamedTuple):
    """When a line was written. `zoned`: it says so itself; else `at` is what a clock there showed, read as UTC. `rest`
    is the line behind its time."""

    at: datetime
    zoned: bool
    rest: str


def stamp(line: str, now: datetime) -> Stamp | None:
    """The time of a line; None where it begins with none. `now` says which year a line means that names none."""
    try:
        return _structured(line, now) if line.startswith("{") else _plain(line, now)
    except (ValueError, OverflowError):
        return None


def _structured(line: str, now: datetime) -> Stamp | None:
    try:
        found: Any = json.loads(line)
    except (ValueError, RecursionError):
        return None
    value = next((found[name] for name in FIELDS if name in found), None) if isinstance(found, dict) else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Stamp(_since_1970(float(value)), True, line)
    read = _plain(value, now) if isinstance(value, str) else None
    return read._replace(rest=line) if read else None


def _since_1970(value: float) -> datetime:
    """Seconds, or what is a thousand, a million or a thousand million times as much."""
    for _ in range(3):
        value = value / 1_000 if value > 1e11 else value
    if not value < 1e11:
        raise ValueError("no time")
    return datetime.fromtimestamp(value, UTC)


def _plain(line: str, now: datetime) -> Stamp | None:
    head = line[:HEAD]
    if found := ISO.search(head):
        year, month, day = (int(part) for part in found.group(1, 2, 3))
        return _made(line, found, (year, month, day), found.group(4, 5, 6, 7), found[8] or "")
    if (found := ACCESS.search(head)) and found[2] in MONTHS:
        date = int(found[3]), MONTHS[found[2]], int(found[1])
        return _made(line, found, date, found.group(4, 5, 6, 7), found[8] or "")
    if (found := SYSLOG.search(head)) and found[1] in MONTHS:
        return _in_year(line, found, MONTHS[found[1]], int(found[2]), now)
    if found := KLOG.search(head):
        return _in_year(line, found, int(found[1]), int(found[2]), now)
    if found := EPOCH.search(head):
        at = datetime.fromtimestamp(int(found[1]), UTC) + _fraction(found[2])
        return Stamp(at, True, line[found.end() :].strip())
    return None


def _in_year(line: str, found: re.Match[str], month: int, day: int, now: datetime) -> Stamp:
    """A line without a year is of the last twelve months; a day ahead is somebody's other zone."""
    read = _made(line, found, (now.year, month, day), found.group(3, 4, 5, 6), "")
    if read.at - now > timedelta(days=1):
        read = _made(line, found, (now.year - 1, month, day), found.group(3, 4, 5, 6), "")
    return read


def _made(
    line: str, found: re.Match[str], date: tuple[int, int, int], time: tuple[str | None, ...], zone: str
) -> Stamp:
    hour, minute, second, fraction = time
    at = datetime(*date, int(hour or 0), int(minute or 0), min(int(second or 0), 59), tzinfo=_zone(zone))
    rest = line[found.end() :].lstrip(" ]\t|-:") if found.start() < 3 else line
    return Stamp(at.astimezone(UTC) + _fraction(fraction), bool(zone), rest or line)


def _fraction(digits: str | None) -> timedelta:
    return timedelta(seconds=float(f"0.{digits or 0}"))


def _zone(text: str) -> timezone:
    if text in ("", "Z", "UTC"):
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))
