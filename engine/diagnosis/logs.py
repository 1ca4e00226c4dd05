"""Turns log lines into evidence: what is said that was not said before, or far more often than before."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from engine.diagnosis.coverage import Coverage, coverage
from engine.diagnosis.silences import nothing
from engine.diagnosis.templates import mentions, plain, template, topics
from engine.model import Evidence, LogLine, Observation, Phrase, Quantity, Window

LOUD = frozenset({"error", "err", "fatal", "critical", "crit", "panic", "emergency", "emerg", "alert", "severe"})
LAST_WORDS = frozenset({"fatal", "panic", "emergency", "emerg"})
WARNING = frozenset({"warn", "warning"})
FEWEST_NEW = 3
FEWEST_SURGING = 5
FEWEST_WARNINGS = 5
SURGE = 3.0
MOST_TEMPLATES = 4
MOST_UNLEVELLED = 200
LONGEST_EXCERPT = 300


@dataclass(frozen=True)
class Saying:
    """All lines of one service that say the same."""

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
    def rank(self) -> tuple[bool, bool, int]:
        """Louder, with a known subject, and more frequent comes first."""
        return (not self.loud, not self.subjects, -self.after)


def read(observation: Observation, window: Window, names: Collection[str]) -> list[Evidence]:
    """Evidence of one log answer; `names` are services and versions, which prove nothing by how they are called."""
    if not observation.lines:
        return [nothing(observation, "new_error_log")]
    covered = coverage([line.at.timestamp() for line in observation.lines], [observation], window)
    sayings = _sayings(observation, covered, names)
    strange = sorted((each for each in sayings if each.is_new or each.surges), key=lambda each: each.rank)
    if not strange:
        return [_quiet(observation, sayings)]
    return [_evidence(observation, each, covered, names) for each in strange[:MOST_TEMPLATES]]


def _may_matter(line: LogLine) -> bool:
    return not line.level or line.level in LOUD or line.level in WARNING


def _sayings(observation: Observation, covered: Coverage, names: Collection[str]) -> list[Saying]:
    groups: dict[tuple[str, str], list[LogLine]] = defaultdict(list)
    for line in observation.lines:
        if covered.start <= line.at.timestamp() <= covered.end and _may_matter(line):
            groups[line.service or observation.service, template(line.message)].append(line)
    sayings = [_saying(service, lines, covered, names) for (service, _), lines in sorted(groups.items())]
    # Lines without a level matter by what they are about, which is dear to find out: the most frequent are asked first.
    silent = sorted((each for each in sayings if not each.levelled), key=lambda each: -each.after)
    idle = {id(each) for place, each in enumerate(silent) if place >= MOST_UNLEVELLED or not each.subjects}
    return [each for each in sayings if id(each) not in idle]


def _saying(service: str, lines: list[LogLine], covered: Coverage, names: Collection[str]) -> Saying:
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


def _quiet(observation: Observation, sayings: Sequence[Saying]) -> Evidence:
    before, after = sum(each.before for each in sayings), sum(each.after for each in sayings)
    empty = nothing(observation, "new_error_log")
    return empty.model_copy(
        update={
            "count": after,
            "before": Quantity(value=before, unit="count"),
            "after": Quantity(value=after, unit="count"),
            "summary": Phrase(
                word="evidence.log.usual",
                values={
                    "service": observation.service,
                    "before": before,
                    "after": after,
                    "lines": len(observation.lines),
                },
            ),
        }
    )


def _started(saying: Saying, covered: Coverage) -> datetime | None:
    """When it began: the first line after for a new saying; for a surging one the first of the densest stretch."""
    late = [line.at for line in saying.lines if line.at.timestamp() >= covered.split]
    if saying.is_new:
        return late[0]
    usual_gap = (covered.split - covered.start) / max(saying.before, 1)
    for first, third in zip(late, late[2:], strict=False):
        if (third - first).total_seconds() < usual_gap:
            return first
    return late[0]


def _evidence(observation: Observation, saying: Saying, covered: Coverage, names: Collection[str]) -> Evidence:
    late = [line for line in saying.lines if line.at.timestamp() >= covered.split]
    versions = Counter(line.version for line in late if line.version)
    text = plain(late[0].message)
    word = "evidence.log.new" if saying.is_new else "evidence.log.surging"
    return Evidence(
        id="",
        kind="log",
        source=observation.source,
        service=saying.service,
        signal="new_error_log" if saying.is_new else "surging_error_log",
        query=observation.query,
        window=observation.window,
        summary=Phrase(
            word=word,
            values={"service": saying.service, "count": saying.after, "before": saying.before, "text": text[:120]},
        ),
        abnormal=True,
        before=Quantity(value=saying.before, unit="count"),
        after=Quantity(value=saying.after, unit="count"),
        onset=_started(saying, covered),
        unusual=round(min(saying.surge, 100.0), 2),
        count=saying.after,
        link=observation.link,
        excerpt=tuple(plain(line.message)[:LONGEST_EXCERPT] for line in late[:3]),
        details={
            "template": template(late[0].message),
            "topics": list(saying.subjects),
            "mentions": [name for name in mentions(text, names) if name != saying.service],
            "level": "error" if saying.loud else "warning",
            "versions": dict(versions.most_common(5)),
            "before_since": covered.start,
            "split": covered.split,
        },
    )
