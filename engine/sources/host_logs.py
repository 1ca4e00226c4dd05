"""Reads log files and units of systemd on the hosts the catalogue names, and how full these hosts are.

Only what the catalogue names is read, below the folders the settings allow, with a fixed argument vector.
"""

import shlex
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import PurePosixPath
from typing import NamedTuple

from engine.errors import SourceSilent
from engine.model import LogLine, Observation, Phrase, Window
from engine.ports import Query, Question, Remark, Tells
from engine.sources.families import services_of
from engine.sources.hosts import LOCAL, Hosts, Output, silent
from engine.sources.http import harvest
from engine.sources.lines import CALM, is_from
from engine.sources.log_files import file_lines, journal_lines, last_stamp
from engine.sources.resources import PAUSE, readings
from engine.team import Service

END_OF_FILE = 1_000_000
"""Bytes of a file that are read, from its end."""
JOURNAL_LINES = 4_000
MOST_BYTES = 4_000_000
SECONDS = 15.0
MOST_PLACES = 16
"""Files and units looked at in one round."""
MOST_BEFORE, MOST_FIRST, MOST_NEWEST = 150, 60, 240
CONTEXT = 2
"""Lines on each side of one that was looked for."""
MOST_HOSTS = 4
MOST_EXAMINED = 50


class Place(NamedTuple):
    """A log file or a unit of a service on a host."""

    service: Service
    host: str
    path: str = ""
    unit: str = ""

    @property
    def said(self) -> str:
        """For people: where it is."""
        return f"{self.host}:{self.path}" if self.path else f"{self.host}: journalctl -u {self.unit}"


class Read(NamedTuple):
    """All lines of a place in the order of time; `since`: how far back they are complete, None for all the way."""

    lines: list[LogLine]
    since: datetime | None


class HostLogsSource:
    """Evidence from hosts. `roots` are the folders below which files may be read, `end` is how many bytes of a file
    are, from its end; `patience` is for one round."""

    tells: Tells = "log"

    def __init__(
        self,
        hosts: Hosts,
        *,
        roots: frozenset[str],
        now: Callable[[], datetime],
        name: str = "hosts",
        patience: float = 8.0,
        pause: float = PAUSE,
        end: int = END_OF_FILE,
    ) -> None:
        self._hosts, self._roots, self._now, self._name = hosts, roots, now, name
        self._patience, self._pause, self._end = patience, pause, end

    @property
    def name(self) -> str:
        """How people tell this source from others."""
        return self._name

    def concerns(self, question: Question) -> bool:
        """Whether the catalogue names anything to read or a host to look at."""
        return any(places(service) or service.hosts for service in services_of(question))

    async def ask(self, question: Question) -> Sequence[Observation]:
        """The complaints of each file and unit, and what of each host of the service is used. SourceSilent."""
        wanted = [place for service in services_of(question) for place in places(service)][:MOST_PLACES]
        jobs: list[Callable[[], Awaitable[list[Observation]]]] = [
            partial(self._complaints, place, question.window) for place in wanted
        ]
        hosts = _hosts_of(question)
        jobs += [partial(self._used, service, host, question.window) for service, host in hosts]
        answers = await harvest(jobs, self._patience)
        heard = [answer for answer in answers if isinstance(answer, list)]
        if jobs and not heard:
            late = silent("late", seconds=self._patience)
            raise next((answer for answer in answers if isinstance(answer, SourceSilent)), late)
        return [each for answer in heard for each in answer]

    async def look_up(self, query: Query) -> Sequence[Observation]:
        """The newest lines of a service that hold the words, each with what stands around it. SourceSilent."""
        service = query.service or Service(name="")
        wanted = places(service)[:MOST_PLACES]
        if not wanted:
            raise silent("host_nothing", service=service.name)
        answers = await harvest([partial(self._read, place, query.window) for place in wanted], self._patience)
        heard = [(place, each) for place, each in zip(wanted, answers, strict=True) if isinstance(each, Read)]
        if not heard:
            late = silent("late", seconds=self._patience)
            raise next((answer for answer in answers if isinstance(answer, SourceSilent)), late)
        return [self._found(place, read, query) for place, read in heard]

    async def examine(self, services: Sequence[Service]) -> Sequence[Remark]:
        """Whether each host that services name answers, and whether their files may be read."""
        named = sorted({host for service in services for host in _where(service) if places(service) or service.hosts})
        answers = await harvest([partial(self._hosts.run, host, ("uname", "-n"), seconds=5.0) for host in named], 6.0)
        remarks = []
        for host, answer in zip(named, answers, strict=True):
            if isinstance(answer, Output):
                remarks.append(Remark(True, Phrase(word="check.host", values={"host": host})))
            else:
                reason = answer or silent("host_late", host=host, command="uname -n", seconds=5.0)
                remarks.append(Remark(False, reason.phrase))
        reached = {host for host, answer in zip(named, answers, strict=True) if isinstance(answer, Output)}
        wanted = [place for service in services for place in places(service) if place.path and place.host in reached]
        tried = await harvest([partial(self._file, place) for place in wanted[:MOST_EXAMINED]], 6.0)
        return [*remarks, *(Remark(False, answer.phrase) for answer in tried if isinstance(answer, SourceSilent))]

    # --- logs ---

    async def read_lines(self, place: Place, window: Window) -> list[LogLine]:
        """All lines of one place in a time, of any level. SourceSilent."""
        read = await self._read(place, window)
        return [line for line in read.lines if window.start <= line.at <= window.end]

    async def _complaints(self, place: Place, window: Window) -> list[Observation]:
        read = await self._read(place, window)
        inside = [line for line in read.lines if window.start <= line.at <= window.end and line.level not in CALM]
        kept = _thinned(inside, window)
        since = max(read.since or window.start, window.start)
        early = [line for line in kept if line.at < window.split]
        if len(early) == MOST_BEFORE and len(early) < sum(line.at < window.split for line in inside):
            since = max(since, early[0].at)
        return [
            Observation(
                source=self.name,
                kind="log",
                service=place.service.name,
                query=place.said,
                window=window,
                labels={"host": place.host},
                lines=tuple(kept),
                count=len(kept),
                truncated=len(kept) < len(inside) or since > window.start,
                complete_since=since,
            )
        ]

    async def _read(self, place: Place, window: Window) -> Read:
        return await (self._file(place) if place.path else self._journal(place, window))

    async def _file(self, place: Place) -> Read:
        if not self._below_a_root(place.path):
            raise self._not_allowed(place.path)
        end = await self._run(place, ("tail", "-c", str(self._end), place.path))
        now = self._now()
        last = last_stamp(end.text, now)
        if last is None:
            if end.text.strip():
                raise silent("host_no_times", host=place.host, path=place.path)
            return Read([], None)
        written = now if last.zoned else await self._written(place)
        whole = len(end.text.encode()) < self._end
        lines = file_lines(end.text, place.service.name, written=written, now=now, whole=whole)
        return Read(lines, lines[0].at if lines and not whole else None)

    async def _written(self, place: Place) -> datetime:
        """When a file was last written to."""
        age = await self._run(place, ("stat", "-c", "%Y", place.path))
        try:
            return datetime.fromtimestamp(int(age.text), UTC)
        except (ValueError, OverflowError, OSError):
            return self._now()

    async def _journal(self, place: Place, window: Window) -> Read:
        since, until = (f"@{int(at.timestamp())}" for at in (window.start, window.end))
        output = await self._run(
            place,
            (
                "journalctl",
                f"--unit={place.unit}",
                f"--since={since}",
                f"--until={until}",
                "--output=json",
                "--output-fields=MESSAGE,PRIORITY",
                f"--lines={JOURNAL_LINES}",
                "--no-pager",
                "--quiet",
            ),
        )
        lines = journal_lines(output.text, place.service.name)
        cut = output.cut or len(lines) >= JOURNAL_LINES
        return Read(lines, lines[0].at if cut and lines else None)

    async def _run(self, place: Place, argv: Sequence[str]) -> Output:
        output = await self._hosts.run(place.host, argv, seconds=SECONDS, most=MOST_BYTES)
        if output.code:
            detail = " ".join(output.complaint.split())[:200] or f"exit {output.code}"
            raise silent("host_command", host=place.host, command=shlex.join(argv[:2]), detail=detail)
        return output

    def _found(self, place: Place, read: Read, query: Query) -> Observation:
        window, words = query.window, query.text.casefold()
        inside = [line for line in read.lines if window.start <= line.at <= window.end]
        inside = [line for line in inside if is_from(query.level, line)]
        hits = [n for n, line in enumerate(inside) if words in line.message.casefold()]
        around = CONTEXT if words else 0
        shown = sorted({m for n in hits for m in range(max(n - around, 0), min(n + around + 1, len(inside)))})
        kept = [inside[n] for n in shown][-query.limit :]
        level = "" if query.level == "all" else f", {query.level} or worse"
        holding = f" holding {query.text!r}" if words else ""
        return Observation(
            source=self.name,
            kind="log",
            service=place.service.name,
            query=f"{place.said}{holding}{level}",
            window=window,
            lines=tuple(kept),
            count=len(kept),
            truncated=len(kept) < len(shown),
        )

    # --- hosts ---

    async def _used(self, service: Service, host: str, window: Window) -> list[Observation]:
        """What of a host is used up now, as single points: before, nobody looked."""
        at = self._now()
        found = await readings(partial(self._hosts.run, host, seconds=SECONDS), self._pause)
        return [
            Observation(
                source=self.name,
                kind="metric",
                service=service.name,
                query=f"{host}: {one.command}",
                window=window,
                role=one.role,
                unit="ratio",
                labels={"host": host, "of": one.of} if one.of else {"host": host},
                points=((min(at, window.end).timestamp(), one.value),),
                count=1,
            )
            for one in found.used
        ]

    def _below_a_root(self, path: str) -> bool:
        parts = PurePosixPath(path)
        return ".." not in parts.parts and any(parts.is_relative_to(root) for root in self._roots)

    def _not_allowed(self, path: str) -> SourceSilent:
        return silent("host_root", path=path, roots=", ".join(sorted(self._roots)))


def places(service: Service) -> list[Place]:
    """The files and units of a service, on each of its hosts."""
    found = [Place(service, host, path=path) for host in _where(service) for path in service.log_paths]
    return found + [Place(service, host, unit=unit) for host in _where(service) for unit in service.units]


def _where(service: Service) -> tuple[str, ...]:
    return service.hosts or (LOCAL,)


def _hosts_of(question: Question) -> list[tuple[Service, str]]:
    """Each host once, under the first service that names it."""
    owners: dict[str, Service] = {}
    for service in services_of(question):
        for host in service.hosts:
            owners.setdefault(host, service)
    return [(service, host) for host, service in list(owners.items())[:MOST_HOSTS]]


def _thinned(lines: Sequence[LogLine], window: Window) -> list[LogLine]:
    """The newest before the split; after it the first ones, which show when it began, and the newest."""
    before = [line for line in lines if line.at < window.split]
    after = [line for line in lines if line.at >= window.split]
    if len(after) > MOST_FIRST + MOST_NEWEST:
        after = [*after[:MOST_FIRST], *after[-MOST_NEWEST:]]
    return [*before[-MOST_BEFORE:], *after]


def log_files(services: Iterator[Service] | Sequence[Service], host: str) -> frozenset[str]:
    """The log files these services have on a host."""
    return frozenset(path for service in services if host in _where(service) for path in service.log_paths)
