"""Lets the first suspect's marks stand as evidence, so that people see and a diagnosis cites what it rests on."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from engine.diagnosis.marks import Mark
from engine.diagnosis.measures import what
from engine.diagnosis.ranking import Lineup, speaking
from engine.model import Evidence, Observation, Suspect, Window

BELIEVED = 0.5
"""How sure the ranking must be of its first suspect before its marks are shown as evidence."""
TELLING = 0.3
"""What a mark must add to the score."""
STRONG = 1.5
MOST = 5
ATTESTS = {"came_by": "steps", "long_way": "gap"}
"""Features that add nothing to a score but show in another kind of evidence what one that does rests on."""
SAID_ALREADY = frozenset({"complaints", "complaints_of_others", "failing", "own_time", "error_origin"})
"""Features that any unusual evidence of the same kind from the same place shows as well."""
TESTIFIES = "testifies"
"""The detail that tells such evidence from what was judged without a look at others."""

Testified = tuple[tuple[Evidence, ...], tuple[Suspect, ...]]


def testify(
    lineup: Lineup,
    suspects: Sequence[Suspect],
    weights: Mapping[str, float],
    evidence: Sequence[Evidence],
    observations: Sequence[Observation],
    window: Window,
) -> Testified:
    """The evidence with what is new added, and the suspects, the first with the ids of what speaks for it."""
    if not suspects or suspects[0].confidence < BELIEVED:
        return tuple(evidence), tuple(suspects)
    telling = _telling(lineup, suspects[0].service, weights)
    numbers = Counter(each.kind for each in evidence)
    more: list[Evidence] = []
    cited: list[str] = []
    for mark in telling:
        known = next((each.id for each in evidence if _tells(each, mark)), "")
        if not known:
            numbers[mark.kind] += 1
            known = f"ev_{mark.kind}_{numbers[mark.kind]}"
            more.append(_evidence(mark, known, observations, window))
        cited.append(known)
    first = suspects[0].model_copy(update={"evidence_ids": tuple(dict.fromkeys(cited))})
    return (*evidence, *more), (first, *suspects[1:])


def _telling(lineup: Lineup, name: str, weights: Mapping[str, float]) -> list[Mark]:
    """What is worth showing of a suspect, at most a few; and what attests it in another kind of evidence."""
    said = speaking(lineup, name, weights)
    telling = [mark for added, mark in said if added >= TELLING and mark.strength >= STRONG][:MOST]
    told = {(mark.feature, mark.kind) for mark in telling}
    attests = [
        mark
        for (who, what, kind), mark in lineup.marks.items()
        if who == name and mark.strength >= STRONG
        if any(feature == ATTESTS.get(what) and other != kind for feature, other in told)
    ]
    return [*telling, *attests]


def judged_alone(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """The evidence without what only the ranking made one."""
    return tuple(each for each in evidence if not each.details.get(TESTIFIES))


def _tells(each: Evidence, mark: Mark) -> bool:
    """Whether a piece of evidence says the same as a mark, or says by itself what the mark says of more."""
    alike = each.kind == mark.kind and each.service == mark.service and each.abnormal
    return alike and (each.signal == mark.signal or each.summary == mark.phrase or mark.feature in SAID_ALREADY)


def _evidence(mark: Mark, name: str, observations: Sequence[Observation], window: Window) -> Evidence:
    asked = _asked(mark, observations)
    return Evidence(
        id=name,
        kind=mark.kind,
        source=asked.source if asked else "",
        service=mark.service,
        signal=mark.signal,
        query=asked.query if asked else "",
        window=window,
        summary=mark.phrase,
        abnormal=True,
        before=mark.before,
        after=mark.after,
        onset=None if mark.onset is None else datetime.fromtimestamp(mark.onset, UTC),
        unusual=round(min(mark.strength, 1000.0), 2),
        count=1,
        link=asked.link if asked else "",
        details={TESTIFIES: True},
    )


def _asked(mark: Mark, observations: Sequence[Observation]) -> Observation | None:
    """The answer a mark was read from, for its query and link: the series it names, else what its speaker said, which
    may be about somebody else, else what was asked of the suspect."""
    said, speaker = mark.phrase.values.get("what"), mark.phrase.values.get("service")

    def fitting(each: Observation) -> tuple[bool, bool, bool]:
        series = said is not None and bool(each.points) and what(each) == said
        return series, each.service == speaker, each.service == mark.service

    return max((each for each in observations if each.kind == mark.kind), key=fitting, default=None)
