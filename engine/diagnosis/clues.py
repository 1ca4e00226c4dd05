"""Says what a clue is and finds it in evidence; patterns are made of clues and of nothing else."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from engine.diagnosis.families import Family, family
from engine.diagnosis.witnesses import versions
from engine.model import Change, Evidence, Value

Where = Literal["self", "own", "to_peer", "peer", "others"]
State = Literal[
    "up",
    "down",
    "used_up",
    "abnormal",
    "normal",
    "told",
    "before_onset",
    "none_before_onset",
    "implicated",
    "new_version",
    "other_version",
]

LONGEST_SAID = 2000
ONE_VERSION = 0.8
"""Share of failing lines that one version must own before they are called its own."""


class Sign(Value):
    """One way a clue may show in evidence.

    where: `self` the suspected service alone, no call of its involved · `own` the suspected service, calls included ·
    `to_peer` its calls to the peer · `peer` what was seen at the peer itself · `others` what others met with when they
    called the peer. With no peer bound any neighbour counts.
    `topics`: at least one must be a subject of the text; `loud`: said as an error, not as a warning. `text`: a
    regular expression that must fit what is said. `families`: of
    changes, only these kinds. States beyond the plain ones: `used_up` at its limit · `told` measured or said at all,
    unusual or not · `implicated` a change before the trouble that more than its moment points to.
    """

    signals: tuple[str, ...]
    where: Where = "self"
    state: State = "abnormal"
    topics: tuple[str, ...] = ()
    loud: bool = False
    text: str = ""
    families: tuple[Family, ...] = ()


class Clue(Value):
    """Something that is so or not: one of its signs is found. `vague`: it shows in nearly every fault, so it tells of
    none in particular. `unless` is what answers it as a contradiction, `told` how a team wrote it down."""

    name: str
    any: tuple[Sign, ...]
    vague: bool = False
    unless: "Clue | None" = None
    told: str = ""


@dataclass(frozen=True)
class Suspicion:
    """Who is suspected: a service, maybe one of its peers, maybe a change; and since when its trouble shows.

    `onset` is when the first harmful signal of the service turned, `settled` when the last of them did.

    `peers` are all neighbours that the service calls; `slack` is how many seconds the onset may be dated too early.
    `linked`: evidence leads from the service of the alert to this one; `late`: its trouble began clearly after theirs;
    `calls_it`: suspected because it calls the service of the alert; `implicated`: more than its moment points to the
    change; `doubts`: other changes that fit as well.
    """

    service: str
    peer: str = ""
    change: Change | None = None
    onset: datetime | None = None
    settled: datetime | None = None
    slack: float = 0.0
    peers: frozenset[str] = frozenset()
    depth: int = 0
    linked: bool = True
    late: bool = False
    calls_it: bool = False
    implicated: bool = False
    doubts: tuple[Change, ...] = ()

    def precedes(self, change: Change) -> bool:
        """Whether a change came before the trouble; never where no trouble is dated."""
        return self.onset is not None and (self.onset - change.at).total_seconds() >= -self.slack

    def follows(self, change: Change) -> bool:
        """Whether a change came after all of the trouble; one in the middle of it neither precedes nor follows."""
        return self.settled is not None and change.at > self.settled


BySignal = Mapping[str, Sequence[Evidence]]
"""All evidence of a sweep, by its signal: a clue looks only at what it could show in."""


def by_signal(evidence: Iterable[Evidence]) -> BySignal:
    """The evidence, each kind of signal in the order it came."""
    sorted_out: dict[str, list[Evidence]] = defaultdict(list)
    for each in evidence:
        sorted_out[each.signal].append(each)
    return sorted_out


def found(clue: Clue, suspicion: Suspicion, evidence: BySignal) -> tuple[Evidence, ...]:
    """The evidence in which a clue shows, that of its first sign first; empty where it does not."""
    hits = {each.id: each for sign in clue.any for each in _of(sign, evidence) if _shows(sign, suspicion, each)}
    if not hits:
        return ()
    if any(sign.state == "normal" for sign in clue.any) and _disturbed(clue, suspicion, evidence):
        return ()
    if any(sign.state == "none_before_onset" for sign in clue.any) and _may_precede(suspicion, evidence):
        return ()
    return tuple(hits.values())


def _of(sign: Sign, evidence: BySignal) -> Iterator[Evidence]:
    for signal in sign.signals:
        yield from evidence.get(signal, ())


def _disturbed(clue: Clue, suspicion: Suspicion, evidence: BySignal) -> bool:
    """Whether anything that ought to be normal is not: then the normal rest says nothing."""
    signs = [sign.model_copy(update={"state": "abnormal"}) for sign in clue.any]
    return any(_shows(sign, suspicion, each) for sign in signs for each in _of(sign, evidence))


def _may_precede(suspicion: Suspicion, evidence: BySignal) -> bool:
    return any(
        each.change is not None and each.service == suspicion.service and not suspicion.follows(each.change)
        for each in evidence.get("change", ())
    )


def _shows(sign: Sign, suspicion: Suspicion, each: Evidence) -> bool:
    if not _is_there(sign.where, suspicion, each):
        return False
    if sign.topics and not set(sign.topics) & set(each.details.get("topics", ())):
        return False
    if sign.loud and each.details.get("level") == "warning":
        return False
    if sign.text and not _says(sign.text, each):
        return False
    if sign.families and (each.change is None or family(each.change) not in sign.families):
        return False
    return _has_state(sign.state, suspicion, each)


def _says(text: str, each: Evidence) -> bool:
    said = " ".join((*each.excerpt, str(each.details.get("template", ""))))
    return re.search(text, said[:LONGEST_SAID], re.IGNORECASE) is not None


def called(each: Evidence) -> frozenset[str]:
    """The services an error was met with while calling them, by peer or by name in the text."""
    met = (each.peer, *each.details.get("mentions", ()), *each.details.get("hosts", ()))
    return frozenset(met) - {"", each.service}


def _is_there(where: Where, suspicion: Suspicion, each: Evidence) -> bool:
    peers = frozenset({suspicion.peer}) if suspicion.peer else suspicion.peers
    match where:
        case "own":
            return each.service == suspicion.service
        case "self":
            return each.service == suspicion.service and not called(each) & suspicion.peers
        case "peer":
            return each.service in peers and each.service != suspicion.service
        case "to_peer":
            through = suspicion.service in each.details.get("path", ()) and each.service in peers
            return through or (each.service == suspicion.service and bool(called(each) & peers))
        case "others":
            return each.service != suspicion.service and bool(called(each) & (peers - {suspicion.service}))


def _has_state(state: State, suspicion: Suspicion, each: Evidence) -> bool:
    match state:
        case "abnormal":
            return each.abnormal
        case "up" | "down":
            return each.abnormal and each.details.get("direction") == state
        case "used_up":
            return bool(each.details.get("used_up"))
        case "normal":
            return not each.abnormal and each.count > 0
        case "told":
            return each.count > 0
        case "before_onset":
            return each.change is not None and suspicion.change == each.change
        case "implicated":
            return each.change is not None and suspicion.change == each.change and suspicion.implicated
        case "none_before_onset":
            return each.change is None or suspicion.follows(each.change)
        case "new_version" | "other_version":
            return each.abnormal and _by_version(state == "new_version", suspicion.change, each)


def _by_version(new: bool, change: Change | None, each: Evidence) -> bool:
    """Whether the failing lines are nearly all of the version a change brought (or nearly none of them are)."""
    counted: Mapping[str, int] = each.details.get("versions", {})
    total = sum(counted.values())
    if change is None or not change.version or change.version == change.previous_version or not total:
        return False
    share = sum(counted.get(name, 0) for name in versions(change)) / total
    return share >= ONE_VERSION if new else share <= 1 - ONE_VERSION
