"""Keeps the log lines of the services, stream by stream, for as long as Loki would be asked about them."""

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from bot.demo.clock import Clock

KEEP_LINES = 40_000
KEEP_S = 15 * 60


@dataclass(frozen=True)
class LogLine:
    """One line: nanoseconds since 1970, its stream labels, and its text."""

    at_ns: int
    labels: tuple[tuple[str, str], ...]
    text: str


class LogStore:
    """All lines of the last fifteen minutes, oldest first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lines: deque[LogLine] = deque(maxlen=KEEP_LINES)

    def write(self, service: str, version: str, level: str, message: str, **details: object) -> None:
        """Keep one structured line of a service; `details` become fields of the JSON line."""
        now = self._clock.now()
        at_ns = round(now * 1e9)
        if self._lines and at_ns <= self._lines[-1].at_ns:
            at_ns = self._lines[-1].at_ns + 1
        labels = tuple(sorted({"service": service, "level": level, "version": version, "env": "prod"}.items()))
        fields = {"level": level, "service": service, "version": version, **details, "message": message}
        self._lines.append(LogLine(at_ns, labels, json.dumps(fields, ensure_ascii=False)))
        while self._lines[0].at_ns < at_ns - KEEP_S * 10**9:
            self._lines.popleft()

    def between(self, start_ns: int, end_ns: int) -> Iterator[LogLine]:
        """Lines with start <= time < end, oldest first."""
        for line in self._lines:
            if line.at_ns >= end_ns:
                return
            if line.at_ns >= start_ns:
                yield line
