"""Tells what a log says, apart from how each line puts it: lines that say the same, and lines about the same."""

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from engine.diagnosis.coverage import Coverage
from engine.diagnosis.templates import plain, topics
from engine.model import LogLine

LAST_WORDS = frozenset({"fatal", "panic", "emergency", "emerg"})
WARNING = frozenset({"warn", "warning"})
FEWEST_NEW = 3
FEWEST_SURGING = 5
FEWEST_WARNINGS = 5
SURGE = 3.0
MOST_MENTIONS = 3

TELLS_AN_ALERT = re.compile(
    r"\bALERTS?\b|\bFIRING\b|(?i:\balert(ing)?\b.{0,30}\b(fired|firing|triggered|resolved)\b|\bthreshold exceeded\b)"
    r"|告警.{0,4}(触发|通知|恢复)"
)
"""A monitoring system that says in a log what it alerts on: that is the alert again, and no evidence."""


@dataclass(frozen=True)
class Saying:
    """All lines of one service that say the same, or are about the same."""

    service: str
    lines: tuple[LogLine, ...]
    before: int
    after: int
    surge: float
    loud: bool
    names: Collection[str] = ()

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """What the newest of the lines is about."""
        return topics(plain(self.lines[-1].message), self.names)

    @property
    def levelled(self) -> bool:
        """Whether any of the lines says how bad it is."""
        return any(line.level for line in self.lines)

    @property
    def is_new(self) -> bool:
        """Said after and never before; last words of a process count from the first one."""
        final = any(line.level in LAST_WORDS for line in self.lines)
        fewest = 1 if final else FEWEST_NEW if self.loud else FEWEST_WARNINGS
        return self.before == 0 and self.after >= fewest

    @property
    def surges(self) -> bool:
        """Said before too, but at least three times as often after."""
        return self.before > 0 and self.after >= FEWEST_SURGING and self.surge >= SURGE

    @property
    def strange(self) -> bool:
        """Whether it is unusual."""
        return self.is_new or self.surges

    @property
    def rank(self) -> tuple[bool, bool, int]:
        """Louder, with a known subject, and more frequent comes first."""
        return (not self.loud, not self.subjects, -self.after)


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
        loud=any(line.level not in WARNING for line in ordered),
        names=names,
    )


def gathered(sayings: Sequence[Saying], covered: Coverage) -> list[Saying]:
    """The sayings, where several that are each too rare to be unusual but about one subject count as one.

    One trouble is put in many ways: "timed out", "pool exhausted", "cannot get a connection". Lines of the same
    loudness alone go together, and only what was never said before.
    """
    rare: dict[tuple[str, str, bool], list[Saying]] = defaultdict(list)
    for each in sayings:
        if not each.strange and each.before == 0 and each.levelled:
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
            found.append(whole)
    return [*(each for each in sayings if id(each) not in taken), *found]


def mentions_of(sayings: Sequence[Saying]) -> list[Saying]:
    """What was said too seldom to be unusual, never before, and about a known subject nothing strange is about: an
    engineer would cite it. The loudest first."""
    told = {subject for each in sayings if each.strange for subject in each.subjects}
    rare = [
        each
        for each in sayings
        if not each.strange and each.levelled and each.before == 0 and each.after and not told.issuperset(each.subjects)
    ]
    return sorted(rare, key=lambda each: (each.rank, each.lines[0].at))[:MOST_MENTIONS]
