"""Judges what the sources answered: every observation becomes evidence, decisive first, bounded, with stable ids."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from engine.diagnosis.blame import symptoms
from engine.diagnosis.changes import Scrutiny, changed, stands
from engine.diagnosis.cluster.evidence import has_cluster, look
from engine.diagnosis.diffs import frequent
from engine.diagnosis.logs import read
from engine.diagnosis.measures import measure
from engine.diagnosis.notes import is_note, noted
from engine.diagnosis.probing import probed
from engine.diagnosis.roles import HARM
from engine.diagnosis.traces import trace
from engine.diagnosis.witnesses import united
from engine.model import Evidence, Observation, Window

CRIES = ("new_error_log", "surging_error_log", "error_span")
"""What dates the trouble where nothing that users feel is measured."""

MOST_ABNORMAL = 12
MOST_NORMAL = 24
"""More than of the abnormal: that nothing a user feels is unusual is only known from all of it."""
MOST_ALIKE = 2
KINDS = ("sli", "metric", "log", "trace", "change", "state", "probe")


def judge(observations: Sequence[Observation], window: Window) -> tuple[Evidence, ...]:
    """Judge all observations of one sweep. Abnormal evidence comes first, the decisive before the rest; of normal
    evidence, which speaks against causes, what users feel of the same services is kept first. At most 12 and 24."""
    return chosen(judged(observations, window))


def chosen(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """What a diagnosis weighs and people see of all evidence, with its ids."""
    return _numbered(_bounded(_distinct(evidence)))


def judged(observations: Sequence[Observation], window: Window) -> list[Evidence]:
    """All observations of one sweep as evidence, unbounded and without ids."""
    measured = measure([each for each in observations if each.kind in ("sli", "metric")], window)
    names = _names(observations)
    said = [
        *(each for one in observations if one.kind == "log" for each in read(one, window, names)),
        *trace([each for each in observations if each.kind == "trace"], window, names),
    ]
    onset, slack = began(measured)
    changing = united(observations)
    every = frequent(change for one in changing for change in one.changes)
    scrutiny = Scrutiny(onset or cried(said), slack, symptoms((*measured, *said), names), every)
    return [
        *measured,
        *said,
        *(each for one in changing for each in changed(one, window, scrutiny)),
        *(each for one in observations if is_plain(one) for each in stands(one)),
        *look(observations),
        *(noted(one) for one in observations if is_note(one)),
        *(each for one in observations if one.kind == "probe" for each in probed(one, names)),
    ]


def is_plain(one: Observation) -> bool:
    """Whether this is a platform's state in a few fields of its own."""
    return one.kind == "state" and not is_note(one) and not has_cluster(one)


def began(evidence: Iterable[Evidence]) -> tuple[datetime | None, float]:
    """When the trouble began, and the sampling step in seconds by which that may be off. None: no harm was measured."""
    harmful = [each for each in evidence if each.abnormal and each.signal in HARM and each.onset is not None]
    if not harmful:
        return None, 0.0
    first = min(harmful, key=lambda each: (each.onset is None, each.onset))
    return first.onset, float(first.details.get("step", 0.0))


def cried(evidence: Iterable[Evidence]) -> datetime | None:
    """When errors were first told of, for where nobody measures what users feel."""
    loud = [
        each for each in evidence if each.abnormal and each.signal in CRIES and each.details.get("level") != "warning"
    ]
    return min((each.onset for each in loud if each.onset), default=None)


def _names(observations: Iterable[Observation]) -> frozenset[str]:
    """Everything that is only a name: services, peers, versions."""
    found: set[str] = set()
    for each in observations:
        found |= {each.service, each.peer}
        found |= {name for line in each.lines for name in (line.service, line.version)}
        found |= {name for span in each.spans for name in (span.service, span.peer)}
        found |= {name for one in each.changes for name in (one.service, one.version, one.previous_version)}
    return frozenset(found - {""})


def _distinct(evidence: Iterable[Evidence]) -> list[Evidence]:
    """The same change reported by two answers is one piece of evidence."""
    seen: set[tuple[str, str, str]] = set()
    kept = []
    for each in evidence:
        if each.change is not None:
            if (each.source, each.service, each.change.id) in seen:
                continue
            seen.add((each.source, each.service, each.change.id))
        kept.append(each)
    return kept


def _rank(each: Evidence) -> tuple[bool, bool, bool, int, bool, float, str, str, str, str]:
    warning = each.details.get("level") == "warning"
    return (
        not each.abnormal,
        each.count == 0,
        warning,
        KINDS.index(each.kind),
        each.kind == "metric" and bool(each.details.get("versions")),
        -each.unusual,
        each.signal,
        each.service,
        each.peer,
        each.query,
    )


def _bounded(evidence: Sequence[Evidence]) -> list[Evidence]:
    """The decisive ones; where there are too many, at most two alike, so that no kind crowds out the others."""
    ordered = sorted(evidence, key=_rank)
    abnormal = _varied([each for each in ordered if each.abnormal], MOST_ABNORMAL)
    alerted = {each.service for each in ordered if each.kind == "sli"}
    spoken_of = alerted | {each.service for each in abnormal} | {each.peer for each in abnormal}
    normal = [each for each in ordered if not each.abnormal]
    normal.sort(
        key=lambda each: (
            each.kind != "change",
            bool(spoken_of) and each.service not in spoken_of,
            each.count == 0 or each.signal not in HARM,
        )
    )
    return sorted([*abnormal, *_varied(normal, MOST_NORMAL)], key=_rank)


def _varied(ordered: Sequence[Evidence], most: int) -> list[Evidence]:
    if len(ordered) <= most:
        return list(ordered)
    alike: Counter[tuple[str, str, str]] = Counter()
    first: list[Evidence] = []
    rest: list[Evidence] = []
    for each in ordered:
        alike[each.kind, each.signal, each.service] += 1
        (first if alike[each.kind, each.signal, each.service] <= MOST_ALIKE else rest).append(each)
    first = _by_turns(first)
    return [*first, *rest][:most]


def _by_turns(ordered: Sequence[Evidence]) -> list[Evidence]:
    """The best of each kind, then the second best of each kind, and so on."""
    turn: Counter[str] = Counter()
    placed = []
    for place, each in enumerate(ordered):
        turn[each.kind] += 1
        placed.append((turn[each.kind], place, each))
    return [each for _, _, each in sorted(placed, key=lambda item: item[:2])]


def _numbered(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    numbers: Counter[str] = Counter()
    named = []
    for each in evidence:
        numbers[each.kind] += 1
        named.append(each.model_copy(update={"id": f"ev_{each.kind}_{numbers[each.kind]}"}))
    return tuple(named)
