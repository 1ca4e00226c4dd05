"""Turns log lines into evidence: what is said that was not said before, or far more often than before."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from engine.diagnosis.coverage import Coverage, coverage
from engine.diagnosis.innermost import words
from engine.diagnosis.levels import LOUD, WARNING
from engine.diagnosis.sayings import TELLS_AN_ALERT, Saying, gathered, mentions_of, saying
from engine.diagnosis.silences import nothing
from engine.diagnosis.stacks import Frame, joined, origin
from engine.diagnosis.templates import errors, hosts, mentions, plain, readable, template, topics
from engine.model import Evidence, Gaps, LogLine, Observation, Phrase, Quantity, Window

MOST_TEMPLATES = 4
MOST_UNLEVELLED = 200
LONGEST_EXCERPT = 300
MOST_SEARCHED = 5
"""Lines of one saying that are searched for a stack."""

OF_CALLS = frozenset({"timeout", "unreachable", "peer_failed", "limited", "dns", "network", "certificate", "circuit"})
"""Subjects of lines in which a host is one that was called."""

WORDS = {"new_error_log": "new", "surging_error_log": "surging", "log_mention": "seldom"}


def read(observation: Observation, window: Window, names: Collection[str]) -> list[Evidence]:
    """Evidence of one log answer; `names` are services and versions, which prove nothing by how they are called."""
    if not observation.lines:
        return [nothing(observation, "new_error_log")]
    covered = coverage([line.at.timestamp() for line in observation.lines], [observation], window)
    sayings = gathered(_sayings(observation, covered, names), covered)
    strange = sorted((each for each in sayings if each.strange), key=lambda each: each.rank)
    seldom = [_evidence(observation, each, covered, names) for each in mentions_of(sayings)]
    if not strange:
        return [_quiet(observation, sayings), *seldom]
    return [*(_evidence(observation, each, covered, names) for each in strange[:MOST_TEMPLATES]), *seldom]


def _may_matter(line: LogLine) -> bool:
    told = not line.level or line.level in LOUD or line.level in WARNING
    return told and not TELLS_AN_ALERT.search(line.message[:LONGEST_EXCERPT])


def _sayings(observation: Observation, covered: Coverage, names: Collection[str]) -> list[Saying]:
    groups: dict[tuple[str, str], list[LogLine]] = defaultdict(list)
    for line in joined(observation.lines):
        if covered.start <= line.at.timestamp() <= covered.end and _may_matter(line):
            groups[line.service or observation.service, template(line.message)].append(line)
    sayings = [saying(service, lines, covered, names) for (service, _), lines in sorted(groups.items())]
    # Lines without a level matter by what they are about, which is dear to find out: the most frequent are asked first.
    silent = sorted((each for each in sayings if not each.levelled), key=lambda each: -each.after)
    idle = {id(each) for place, each in enumerate(silent) if place >= MOST_UNLEVELLED or not each.subjects}
    return [each for each in sayings if id(each) not in idle]


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
    late = [line.at for line in saying.told]
    if not saying.surges or saying.is_new:
        return late[0]
    usual_gap = (covered.split - covered.start) / max(saying.before, 1)
    for first, third in zip(late, late[2:], strict=False):
        if (third - first).total_seconds() < usual_gap:
            return first
    return late[0]


def _telling(lines: Sequence[LogLine], saying: Saying) -> str:
    """Of lines that say the same or are about the same, the first sentence that says what they are about; it may stand
    in the stack below a line. People must find in it what is concluded from it."""
    about = set(saying.subjects)
    for line in lines[:MOST_SEARCHED]:
        for sentence in (plain(line.message), *errors(line.message)):
            if not about or about & set(topics(sentence, saying.names)):
                return sentence
    return plain(lines[0].message)


def _evidence(observation: Observation, saying: Saying, covered: Coverage, names: Collection[str]) -> Evidence:
    late = saying.told
    versions = Counter(line.version for line in late if line.version)
    text = plain(late[0].message)
    searched = ((line.message, origin(line.message)) for line in late[:MOST_SEARCHED])
    stack, frame = next(((text, found) for text, found in searched if found), ("", None))
    signal = "new_error_log" if saying.is_new else "surging_error_log" if saying.surges else "log_mention"
    values: Gaps = {
        "service": saying.service,
        "count": len(late),
        "before": saying.usual,
        "text": readable(_telling(late, saying))[:120],
    }
    if frame:
        values["place"] = frame.place
    return Evidence(
        id="",
        kind="log",
        source=observation.source,
        service=saying.service,
        signal=signal,
        query=observation.query,
        window=observation.window,
        summary=Phrase(word=f"evidence.log.{WORDS[signal]}{'_at' if frame else ''}", values=values),
        abnormal=saying.strange,
        before=Quantity(value=saying.usual, unit="count"),
        after=Quantity(value=len(late), unit="count"),
        onset=_started(saying, covered),
        unusual=round(min(saying.surge, 100.0), 2),
        count=len(late),
        link=observation.link,
        excerpt=(
            *(plain(line.message)[:LONGEST_EXCERPT] for line in late[:3]),
            *((f"{frame.place} {frame.function}".strip(),) if frame else ()),
        ),
        details={
            "template": template(late[0].message),
            "topics": list(saying.subjects),
            "mentions": [name for name in mentions(text, names) if name != saying.service],
            "hosts": list(hosts(text)) if OF_CALLS & set(saying.subjects) and "code" not in saying.subjects else [],
            "level": "error" if saying.loud and saying.strange else "warning",
            "versions": dict(versions.most_common(5)),
            "before_since": covered.start,
            "split": covered.split,
            **({"origin": _origin(frame, stack)} if frame else {}),
        },
    )


def _origin(frame: Frame, stack: str) -> dict[str, str | int]:
    return {"file": frame.file, "line": frame.line, "function": frame.function, "error": words(stack)}
