"""Tells what a log says, apart from how each line puts it: lines that say the same, and lines about the same."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from engine.diagnosis.coverage import Coverage
from engine.diagnosis.levels import LAST_WORDS, WARNING
from engine.diagnosis.templates import raised, topics
from engine.model import LogLine

FEWEST_NEW = 3
FEWEST_SURGING = 5
FEWEST_WARNINGS = 5
SURGE = 3.0
MOST_MENTIONS = 3
MOST_ASKED = 20
GOOD_PART = 0.25
BY_CHANCE = 0.01
GOES_ON = 0.75
"""Share of the time looked at up to which something must be said to be of the trouble and not a thing of the past."""
BEGUN_LATE = 0.4
"""Share of the time looked at after which something first said may have begun with the trouble."""

TELLS_AN_ALERT = re.compile(
    r"\bALERTS?\b|\bFIRING\b|(?i:\balert(ing)?\b.{0,30}\b(fired|firing|triggered|resolved)\b|\bthreshold exceeded\b)"
    r"|告警.{0,4}(触发|通知|恢复)"
)
"""A monitoring system that says in a log what it alerts on: that is the alert again, and no evidence."""


@dataclass(frozen=True)
class Saying:
    """All lines of one service that say the same, or are about the same. `silence` and `until` are the
    shares of the time looked at that had passed when the first and the last was said; `alike`: one wording."""

    service: str
    lines: tuple[LogLine, ...]
    before: int
    after: int
    surge: float
    loud: bool
    silence: float = 0.0
    until: float = 1.0
    alike: bool = True
    names: Collection[str] = ()

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """What it is about: the newest line, and of lines that put it in many ways whatever a good part is about."""
        asked = self.lines[-1:] if self.alike else self.lines[-MOST_ASKED:]
        told = Counter(topic for line in asked for topic in topics(raised(line.message), self.names))
        return tuple(topic for topic, times in told.items() if times >= GOOD_PART * len(asked))

    @property
    def levelled(self) -> bool:
        """Whether any of the lines says how bad it is."""
        return any(line.level for line in self.lines)

    @property
    def is_new(self) -> bool:
        """Said after and never before; last words of a process count from the first one. Where the alert came late it
        was said before too: then it is new if so many lines would hardly all have fallen so late by chance."""
        final = any(line.level in LAST_WORDS for line in self.lines)
        fewest = 1 if final else FEWEST_NEW if self.loud else FEWEST_WARNINGS
        if self.before == 0:
            return self.after >= fewest
        goes_on = len(self.lines) >= fewest and self.until >= GOES_ON
        return goes_on and (1.0 - self.silence) ** len(self.lines) <= BY_CHANCE

    @property
    def surges(self) -> bool:
        """Said before too, but at least three times as often after."""
        return self.before > 0 and self.after >= FEWEST_SURGING and self.surge >= SURGE

    @property
    def strange(self) -> bool:
        """Whether it is unusual."""
        return self.is_new or self.surges

    @property
    def told(self) -> tuple[LogLine, ...]:
        """The lines that belong to the trouble: all of what is new, else those said after."""
        return self.lines if self.is_new or not self.after else self.lines[self.before :]

    @property
    def usual(self) -> int:
        """How many lines were as usual."""
        return len(self.lines) - len(self.told)

    @property
    def rank(self) -> tuple[bool, bool, int]:
        """Louder, with a known subject, and more frequent comes first."""
        return (not self.loud, not self.subjects, -len(self.told))


def saying(service: str, lines: Sequence[LogLine], covered: Coverage, names: Collection[str]) -> Saying:
    """These lines as one saying, with how often it was said before and after."""
    ordered = tuple(sorted(lines, key=lambda line: (line.at, line.message)))
    before = sum(line.at.timestamp() < covered.split for line in ordered)
    after = len(ordered) - before
    return Saying(
        service=service,
        lines=ordered,
        before=before,
        after=after,
        surge=covered.surge(before, after),
        silence=covered.share(ordered[0].at.timestamp()),
        until=covered.share(ordered[-1].at.timestamp()),
        loud=any(line.level not in WARNING for line in ordered),
        names=names,
    )


def gathered(sayings: Sequence[Saying], covered: Coverage) -> list[Saying]:
    """The sayings, where several that are each too rare to be unusual but about one subject count as one.

    One trouble is put in many ways: "timed out", "pool exhausted", "cannot get a connection". Lines of the same
    loudness alone go together, and only what began late.
    """
    rare: dict[tuple[str, str, bool], list[Saying]] = defaultdict(list)
    for each in sayings:
        if not each.strange and each.levelled and (each.before == 0 or each.silence >= BEGUN_LATE):
            for subject in each.subjects:
                rare[each.service, subject, each.loud].append(each)
    taken: set[int] = set()
    found = []
    for (service, _, _), group in sorted(rare.items(), key=lambda item: (-sum(s.after for s in item[1]), item[0])):
        left = [each for each in group if id(each) not in taken]
        whole = (
            saying(service, [line for each in left for line in each.lines], covered, left[0].names) if left else None
        )
        if whole is not None and len(left) > 1 and whole.strange:
            taken |= {id(each) for each in left}
            found.append(replace(whole, alike=False))
    return [*(each for each in sayings if id(each) not in taken), *found]


def mentions_of(sayings: Sequence[Saying]) -> list[Saying]:
    """What was said too seldom to be unusual, never before, and about a known subject nothing strange is about: an
    engineer would cite it. The loudest first."""
    told = {subject for each in sayings if each.strange for subject in each.subjects}
    rare = [
        each
        for each in sayings
        if not each.strange and each.levelled and each.silence >= BEGUN_LATE and not told.issuperset(each.subjects)
    ]
    return sorted(rare, key=lambda each: (each.rank, each.lines[0].at))[:MOST_MENTIONS]
