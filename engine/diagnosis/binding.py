"""Binds a suspicion to what a pattern asks for: one of the service's changes, or one of its peers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from engine.diagnosis.clues import Suspicion
from engine.diagnosis.families import family
from engine.diagnosis.witnesses import versions
from engine.model import Change, Evidence

MOST_CHANGES = 3
ONE_EVENT = timedelta(minutes=5)
"""Changes so near to each other are one: two platforms tell of one deploy."""
AS_NEAR, AND_SECONDS = 3.0, 120.0
"""How many times further before the trouble another change may lie and still be as near."""
AS_GOOD = 0.5


@dataclass(frozen=True)
class Candidate:
    """A change of the service before its trouble, with what its evidence says of it."""

    change: Change
    fails: bool
    details: Mapping[str, Any]
    score: float

    @property
    def implicated(self) -> bool:
        """Whether more than its moment points to it."""
        return self.fails or bool(self.details.get("implicated"))


def bound(suspicion: Suspicion, scope: Sequence[str], evidence: Sequence[Evidence]) -> Iterator[Suspicion]:
    """A suspicion with everything bound that a pattern asks for, once per choice; without a change to bind the
    pattern is not tried at all, and one that needs no change gets the nearest, which may speak against it."""
    found = candidates(suspicion, evidence)
    if "change" in scope:
        for each in found[:MOST_CHANGES]:
            yield _with(suspicion, each, found)
        return
    nearest = _with(suspicion, found[0], found) if found else suspicion
    if "peer" not in scope:
        yield nearest
        return
    for peer in sorted(suspicion.peers):
        yield replace(nearest, peer=peer)


def _with(suspicion: Suspicion, each: Candidate, found: Sequence[Candidate]) -> Suspicion:
    doubts = tuple(other.change for other in found if other is not each and _as_likely(suspicion, other, each))
    return replace(suspicion, change=each.change, implicated=each.implicated, doubts=doubts)


def _as_likely(suspicion: Suspicion, other: Candidate, each: Candidate) -> bool:
    """Whether another change fits as well: it stands out as much, and is about as near to the trouble."""
    if other.change.version == each.change.version or abs(other.change.at - each.change.at) <= ONE_EVENT:
        return False
    if other.implicated or each.implicated:
        return other.implicated and other.score >= each.score - AS_GOOD and other.fails >= each.fails
    return _gap(suspicion, other.change) <= AS_NEAR * _gap(suspicion, each.change) + AND_SECONDS


def _gap(suspicion: Suspicion, change: Change) -> float:
    return max((suspicion.onset - change.at).total_seconds(), 0.0) if suspicion.onset else 0.0


def candidates(suspicion: Suspicion, evidence: Sequence[Evidence]) -> list[Candidate]:
    """Changes of the service before its trouble that alter anything; the one whose version fails first, then the one
    that fits best what is seen, then the latest.

    One that brought back what ran before all of them is left out, and with it what it took back: taking the first back
    in turn would bring what people had just got rid of, and the second is not live any more."""
    failing = {
        version
        for each in evidence
        if each.service == suspicion.service and each.abnormal
        for version in each.details.get("versions", {})
    }
    found = {
        each.change.id: Candidate(
            each.change, not failing.isdisjoint(versions(each.change)), each.details, each.unusual
        )
        for each in evidence
        if each.change is not None and each.service == suspicion.service and suspicion.precedes(each.change)
        if not _repeats(each.change)
    }
    first = min((each.change for each in found.values()), key=lambda change: (change.at, change.id), default=None)
    back = max((each.change.at for each in found.values() if first and _restores(each.change, first)), default=None)
    return sorted(
        (
            each
            for each in found.values()
            if (back is None or each.change.at > back) and (each.fails or not each.details.get("idle"))
        ),
        key=lambda each: (each.fails, each.implicated, each.score, each.change.at, each.change.id),
        reverse=True,
    )


def _repeats(change: Change) -> bool:
    """Whether a change put the same version there again: a restart releases nothing."""
    return family(change) == "release" and bool(change.version) and change.version == change.previous_version


def _restores(change: Change, first: Change) -> bool:
    """Whether a change brought back the version that ran before the first one (a mere restart brings nothing back)."""
    moved = change.version not in ("", change.previous_version)
    return change is not first and moved and change.version == first.previous_version
