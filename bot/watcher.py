"""Watches services where no monitoring does: asks their health addresses, looks through their log files, and raises the
alert itself after several failures in a row, and ends it after several successes."""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from aiohttp import ClientSession

from bot.settings import Settings
from bot.sources import open_hosts
from cards.words import Words
from engine.diagnosis.levels import LOUD
from engine.diagnosis.templates import plain, template
from engine.errors import SourceSilent, TocsinError
from engine.model import Alert, LogLine, Phrase, Severity, Window
from engine.ports import Clock, Ids, Sighting, Teams
from engine.sources.host_logs import HostLogsSource, Place, places
from engine.sources.probes import ProbesSource, Try
from engine.team import Service, Team

log = logging.getLogger("tocsin.watcher")

WATCHER = "watcher"
"""The source of the alerts it raises."""

HEALTH, ERRORS = "HealthCheckFailing", "NewErrorInLog"
OVERLAP = timedelta(seconds=5)
"""By how much a look at logs reaches back behind the one before: lines are written a little late."""
MOST_KINDS = 200
"""Kinds of errors of one place that are kept apart."""
MOST_FIRING = 3
"""Kinds of errors of one place that are alerts at the same time."""
PATIENCE = 10.0
"""Seconds for three tries of a health address; here it is tried once, within a third of it."""
END_OF_FILE = 200_000
"""Bytes of a log file that are looked through each time; more than most write in a minute."""
NOBODY_KNOWS = frozenset({"untrusted"})

Look = Callable[[str], Awaitable[Try]]
ReadLines = Callable[[Place, Window], Awaitable[Sequence[LogLine]]]
Raise = Callable[[Sequence[Sighting]], Awaitable[object]]


@dataclass(frozen=True)
class Habits:
    """How it watches: seconds between two looks at everything, looks at a time, and how many failures in a row make an
    alert and how many successes end it."""

    every: float = 60.0
    at_once: int = 2
    failures: int = 3
    successes: int = 2


@dataclass
class Course:
    """How something did lately. `since`: when the failures began that count now; `told`: what was said of it last."""

    failed: int = 0
    well: int = 0
    since: datetime | None = None
    told: str = ""

    def takes(self, failing: bool, at: datetime, habits: Habits) -> str:
        """Take in one look: "firing" or "resolved" where that is to be said now, else ""."""
        if failing:
            self.failed, self.well = self.failed + 1, 0
            self.since = self.since or at
            return self._says("firing" if self.failed >= habits.failures else "")
        self.failed, self.well = 0, self.well + 1
        if self.well < habits.successes:
            return ""
        # A process before this one may have raised it: that it is over is said once, whoever raised it.
        return self._says("resolved")

    def is_over(self, habits: Habits) -> bool:
        """Whether nothing is left to be told of it."""
        return self.told == "resolved" and self.well >= habits.successes

    def _says(self, what: str) -> str:
        if not what or what == self.told:
            return ""
        self.told = what
        return what


@dataclass
class Reading:
    """How a log file or a unit did: when it was looked at last, which errors were there before anybody watched, the
    lines of the last seconds, which will be met again, and the course of each new error with its first line."""

    until: datetime
    usual: frozenset[str]
    newest: frozenset[tuple[datetime, str]]
    courses: dict[str, tuple[Course, str]] = field(default_factory=dict)


class Trouble(NamedTuple):
    """What an alert of the watcher is about. `kind` tells several of one service apart."""

    name: str
    severity: Severity
    why: Phrase
    kind: str = ""


class News(NamedTuple):
    """An alert to be told, and the course it tells of."""

    sighting: Sighting
    course: Course


class Watcher:
    """Looks at everything the teams' catalogues name, again and again."""

    def __init__(
        self, teams: Teams, look: Look, read: ReadLines, tell: Raise, clock: Clock, ids: Ids, habits: Habits
    ) -> None:
        self._teams, self._look, self._read, self._tell = teams, look, read, tell
        self._clock, self._ids, self._habits = clock, ids, habits
        self._gate = asyncio.Semaphore(habits.at_once)
        self._health: dict[tuple[str, str, str], Course] = {}
        self._logs: dict[tuple[str, str, str], Reading] = {}

    async def run(self) -> None:
        """For as long as the process lives. No two rounds are equally far apart, so that watchers which were started
        together do not go on asking together."""
        while True:
            await self._clock.sleep(self._habits.every * (0.9 + 0.2 * self._chance()))
            try:
                await self.round()
            except TocsinError as error:
                log.warning("what was seen could not be told: %s", error)

    async def round(self) -> None:
        """Look at everything once, and tell what became worse or better. StoreError: it is told the next time."""
        async with asyncio.TaskGroup() as group:
            looks = [group.create_task(work) for work in self._works()]
        self._forget_gone()
        found = [news for look in looks for news in look.result()]
        if not found:
            return
        try:
            await self._tell([news.sighting for news in found])
        except TocsinError:
            for news in found:
                news.course.told = ""
            raise

    def _works(self) -> Iterator[Coroutine[Any, Any, list[News]]]:
        for team in self._teams.all():
            for service in team.services.values():
                if service.health_url:
                    yield self._ask(team, service)
                for place in places(service):
                    yield self._scan(team, place)

    def _chance(self) -> float:
        return int(self._ids.draw("jitter").rpartition("_")[2], 16) / 16**8

    def _forget_gone(self) -> None:
        """What a catalogue names no longer is not remembered."""
        there = {
            (team.id, service.name, name)
            for team in self._teams.all()
            for service in team.services.values()
            for name in (service.health_url, *(place.said for place in places(service)))
        }
        self._health = {key: course for key, course in self._health.items() if key in there}
        self._logs = {key: reading for key, reading in self._logs.items() if key in there}

    # --- health ---

    async def _ask(self, team: Team, service: Service) -> list[News]:
        async with self._gate:
            found = await self._look(service.health_url)
        nobody = not found.status and found.reason in NOBODY_KNOWS
        if nobody or (found.status and found.said.well is None):
            return []
        failing = not found.status or found.said.well is False
        course = self._health.setdefault((team.id, service.name, service.health_url), Course())
        trouble = Trouble(HEALTH, "P2", _why(service, found))
        news = _news(
            team, service, trouble, course, course.takes(failing, self._clock.now(), self._habits), self._clock
        )
        if not failing and course.told != "firing":
            course.since = None
        return news

    # --- logs ---

    async def _scan(self, team: Team, place: Place) -> list[News]:
        now = self._clock.now()
        key = (team.id, place.service.name, place.said)
        reading = self._logs.get(key)
        since = reading.until - OVERLAP if reading else now - timedelta(days=7)
        try:
            async with self._gate:
                lines = await self._read(place, Window(start=since, split=since, end=now))
        except SourceSilent as silent:
            log.info("%s is not watched: %s", place.said, silent)
            return []
        newest = frozenset((line.at, line.message) for line in lines if line.at >= now - OVERLAP)
        if reading is None:
            self._logs[key] = Reading(now, frozenset(list(_kinds(lines))[:MOST_KINDS]), newest)
            return []
        kinds = _kinds(line for line in lines if (line.at, line.message) not in reading.newest)
        reading.until, reading.newest = now, newest
        return self._judged(team, place, reading, kinds, now)

    def _judged(self, team: Team, place: Place, reading: Reading, kinds: dict[str, str], now: datetime) -> list[News]:
        over = [kind for kind, (course, _) in reading.courses.items() if course.is_over(self._habits)]
        for kind in over:
            del reading.courses[kind]
        for kind, line in kinds.items():
            if kind not in reading.usual and len(reading.courses) < MOST_KINDS:
                reading.courses.setdefault(kind, (Course(told="resolved"), line))
        found: list[News] = []
        firing = sum(course.told == "firing" for course, _ in reading.courses.values())
        for kind, (course, line) in reading.courses.items():
            said = course.takes(kind in kinds, now, self._habits)
            if said == "firing" and firing >= MOST_FIRING:
                # The others of this place are in the thread already that the first ones opened.
                course.told = "resolved"
                continue
            firing += {"firing": 1, "resolved": -1}.get(said, 0)
            why = Phrase(word="watcher.log", values={"where": place.said, "text": line})
            found += _news(team, place.service, Trouble(ERRORS, "P3", why, kind), course, said, self._clock)
        return found


def _kinds(lines: Iterable[LogLine]) -> dict[str, str]:
    """The kinds of errors among these lines, each with its first line."""
    found: dict[str, str] = {}
    for line in lines:
        if line.level in LOUD:
            found.setdefault(template(line.message), plain(line.message)[:300])
    return found


def _why(service: Service, found: Try) -> Phrase:
    if found.status:
        return Phrase(word="watcher.unwell", values={"service": service.name, "status": found.status})
    reason = Phrase(word=f"evidence.probe.reason.{found.reason or 'unreachable'}")
    return Phrase(word="watcher.gone", values={"service": service.name, "reason": reason})


def _news(team: Team, service: Service, trouble: Trouble, course: Course, said: str, clock: Clock) -> list[News]:
    """What is to be told of a course: an alert that fires or one that is over; nothing where `said` is nothing."""
    if not said:
        return []
    identity = hashlib.sha256(f"{trouble.name}\n{service.name}\n{trouble.kind}".encode()).hexdigest()[:16]
    labels = {"alertname": trouble.name, "service": service.name, "environment": service.environment}
    over = said == "resolved"
    alert = Alert(
        fingerprint=f"{WATCHER}:{identity}",
        status="resolved" if over else "firing",
        name=trouble.name,
        service=service.name,
        severity=trouble.severity,
        environment=service.environment,
        summary="" if over else Words(team.language).say(trouble.why),
        labels={key: value for key, value in labels.items() if value},
        starts_at=course.since or clock.now(),
        ends_at=clock.now() if over else None,
        source=WATCHER,
        group_key=WATCHER,
    )
    return [News(Sighting(team=team.id, alert=alert), course)]


def watcher_of(
    settings: Settings, session: ClientSession, teams: Teams, tell: Raise, clock: Clock, ids: Ids
) -> Watcher:
    """The watcher as the settings want it."""
    wanted = settings.watcher
    probes = ProbesSource(session, patience=PATIENCE)
    hosts, roots = open_hosts(settings), settings.hosts.roots
    logs = HostLogsSource(hosts, roots=roots, now=clock.now, patience=PATIENCE, end=END_OF_FILE)
    habits = Habits(wanted.every, wanted.at_once, wanted.failures, wanted.successes)
    return Watcher(teams, probes.look, logs.read_lines, tell, clock, ids, habits)
