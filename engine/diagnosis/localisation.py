"""Says who may be to blame: the service itself, and whoever it calls, as deep as the evidence reaches."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from engine.diagnosis.clues import Suspicion, called
from engine.diagnosis.signals import HARM, began, cried
from engine.model import Change, Evidence, Window
from engine.team import Service

DEEPEST = 3
MOST_CHANGES = 3
LATE_STEPS, LATE_SHARE = 3.0, 0.1
"""Trouble that began later than so many steps, or this share of the time after the split, is no cause of the first."""

Graph = Mapping[str, frozenset[str]]


def graph(evidence: Sequence[Evidence], services: Mapping[str, Service]) -> Graph:
    """Who calls whom: the catalogue, and what evidence shows beyond it."""
    calls: dict[str, set[str]] = {name: set(service.dependencies) for name, service in services.items()}
    known = {each.service for each in evidence} | set(services)
    for each in evidence:
        calls.setdefault(each.service, set()).update({each.peer} - {"", each.service})
        if each.signal in ("error_span", "slow_span"):
            for caller in each.details.get("path", ()):
                if caller != each.service and len(each.details["path"]) == 1:
                    calls.setdefault(caller, set()).add(each.service)
        else:
            calls[each.service].update(called(each) & known)
    return {name: frozenset(found) for name, found in calls.items()}


def suspicions(
    evidence: Sequence[Evidence], services: Mapping[str, Service], service: str, window: Window
) -> Iterator[Suspicion]:
    """Everybody who may be to blame, nearest first, each with its own onset, changes and peers not yet bound."""
    calls = graph(evidence, services)
    first = _suspicion(service, calls.get(service, frozenset()), evidence)
    patience = max(LATE_STEPS * first.slack, LATE_SHARE * (window.end - window.split).total_seconds())
    reached, edge = {service: first}, [service]
    while edge:
        here = reached[edge.pop(0)]
        yield here
        for peer in sorted(here.peers - reached.keys()):
            if here.depth < DEEPEST:
                there = _suspicion(peer, calls.get(peer, frozenset()), evidence)
                linked = here.linked and any(_leads(each, here.service, peer) for each in evidence)
                late = _seconds(first.onset, there.onset) > patience
                reached[peer] = replace(there, depth=here.depth + 1, linked=linked, late=late)
                edge.append(peer)


def _leads(each: Evidence, caller: str, peer: str) -> bool:
    """Whether unusual evidence shows calls from one service to the other going wrong."""
    through = each.service == peer and caller in each.details.get("path", ())
    return each.abnormal and (through or (each.service == caller and peer in called(each)))


def _seconds(earlier: datetime | None, later: datetime | None) -> float:
    return (later - earlier).total_seconds() if earlier is not None and later is not None else 0.0


def _suspicion(name: str, peers: frozenset[str], evidence: Sequence[Evidence]) -> Suspicion:
    own = [each for each in evidence if each.service == name]
    onset, slack = began(own)
    settled = max((each.onset for each in own if each.abnormal and each.signal in HARM and each.onset), default=None)
    if onset is None:
        told = [each for each in own if each.kind == "state" and each.abnormal and each.onset]
        watched = [each for each in own if each.kind == "sli" and each.abnormal] or told
        onset = min((each.onset for each in watched if each.onset), default=None)
        settled = max((each.onset for each in watched if each.onset), default=None)
        slack = max((float(each.details.get("step", 0.0)) for each in watched), default=0.0)
    if onset is None:
        onset = settled = cried(own)
    return Suspicion(service=name, onset=onset, settled=settled, slack=slack, peers=peers)


def bound(suspicion: Suspicion, scope: Sequence[str], evidence: Sequence[Evidence]) -> Iterator[Suspicion]:
    """A suspicion with everything bound that a pattern asks for, once per choice; without a change to bind the
    pattern is not tried at all, and one that needs no change gets the nearest, which may speak against it."""
    changes = _changes(suspicion, evidence)
    if "change" in scope:
        for change in changes[:MOST_CHANGES]:
            yield replace(suspicion, change=change)
        return
    nearest = replace(suspicion, change=changes[0] if changes else None)
    if "peer" not in scope:
        yield nearest
        return
    for peer in sorted(suspicion.peers):
        yield replace(nearest, peer=peer)


def _changes(suspicion: Suspicion, evidence: Sequence[Evidence]) -> list[Change]:
    """Changes of the service before its trouble; the one whose version fails first, then the latest.

    One that brought back what ran before all of them is left out, and with it what it took back: taking the first back
    in turn would bring what people had just got rid of, and the second is not live any more."""
    failing = {
        version
        for each in evidence
        if each.service == suspicion.service and each.abnormal
        for version in each.details.get("versions", {})
    }
    found = {
        each.change.id: each.change
        for each in evidence
        if each.change is not None and each.service == suspicion.service and suspicion.precedes(each.change)
    }
    first = min(found.values(), key=lambda change: (change.at, change.id), default=None)
    back = max((each.at for each in found.values() if first is not None and _restores(each, first)), default=None)
    return sorted(
        (each for each in found.values() if back is None or each.at > back),
        key=lambda change: (change.version in failing, change.at, change.id),
        reverse=True,
    )


def _restores(change: Change, first: Change) -> bool:
    """Whether a change brought back the version that ran before the first one (a mere restart brings nothing back)."""
    moved = change.version not in ("", change.previous_version)
    return change is not first and moved and change.version == first.previous_version
